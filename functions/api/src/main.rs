//! The HTTP function on AWS Lambda.

use std::sync::Arc;

use api::{Context, Cost, Parts, Passwords, Rules};
use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::settings::{Settings, Vars};
use boot::{Stopped, clock, key, logs};
use queue::{Queue, Urls};
use store::{Store, Tables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    let vars = Vars::of_process();
    logs::start(logs::Format::Json, &vars);
    let (settings, aws, key) = (Settings::from_vars(&vars)?, Aws::from_vars(&vars)?, key::from_vars(&vars)?);
    let (rules, clock) = (Rules::from(&settings), clock::system());
    let web = api::way_out(&settings, &clock)?;
    let tables =
        Tables { sources: settings.sources_table, posts: settings.posts_table, readers: settings.readers_table };
    let urls = Urls { fetch: settings.fetch_queue, fetch_slow: settings.fetch_slow_queue, tasks: settings.tasks_queue };
    let store = Store::new(&aws.config(Service::DynamoDb), tables);
    store.admit(Some(&key.fingerprint()), clock()).await?;
    let queue = Queue::new(&aws.config(Service::Sqs), urls);
    let bucket = Bucket::new(&aws.config(Service::S3), settings.bucket);
    let passwords = Arc::new(Passwords::new(Cost::OWASP));
    let context = Context::new(Parts { store, queue, bucket, key, web, clock, passwords, rules });
    lambda_http::run(api::router(Arc::new(context))).await.map_err(Stopped::by)
}
