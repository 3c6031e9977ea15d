//! The HTTP function on AWS Lambda.

use std::error::Error;
use std::sync::Arc;

use api::{Context, Parts, Rules};
use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::settings::{Settings, Vars};
use boot::{clock, key, logs};
use queue::{Queue, Urls};
use store::{Stamp, Store, Tables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let vars = Vars::of_process();
    logs::start(logs::Format::Json, &vars);
    let (settings, aws, key) = (Settings::from_vars(&vars)?, Aws::from_vars(&vars)?, key::from_vars(&vars)?);
    let rules = Rules::from(&settings);
    let tables = Tables { sources: settings.sources_table, posts: settings.posts_table };
    let urls = Urls { fetch: settings.fetch_queue, fetch_slow: settings.fetch_slow_queue, tasks: settings.tasks_queue };
    let store = Store::new(&aws.config(Service::DynamoDb), tables);
    match store.stamp(&key.fingerprint(), clock::now()).await? {
        Stamp::Ok => {}
        Stamp::WrongKey { stored } => {
            return Err(format!("the store was made under the key {stored}: give this function that key").into());
        }
        Stamp::NewerSchema { version } => {
            return Err(format!("the tables have schema {version}, which is too new: update this function").into());
        }
    }
    let queue = Queue::new(&aws.config(Service::Sqs), urls);
    let bucket = Bucket::new(&aws.config(Service::S3), settings.bucket);
    let context = Context::new(Parts { store, queue, bucket, key, clock: clock::system(), rules });
    lambda_http::run(api::router(Arc::new(context))).await
}
