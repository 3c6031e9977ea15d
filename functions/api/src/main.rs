//! The HTTP function on AWS Lambda.

use std::sync::Arc;

use api::{Context, Cost, Parts, Passwords, Rules};
use axum::Router;
use axum::response::{IntoResponse, Response};
use blob::Bucket;
use boot::aws::{Aws, Service};
use boot::metrics::Metrics;
use boot::settings::{Settings, Vars};
use boot::{Stopped, clock, key, logs};
use lambda_http::{Error, Request, service_fn};
use queue::{Queue, Urls};
use store::{Store, Tables};
use tokio::sync::OnceCell;
use tower::ServiceExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    let vars = Vars::of_process();
    logs::start(logs::Format::Json, &vars);
    let metrics = &Metrics::stdout(&vars);
    let start = &(Settings::from_vars(&vars)?, Aws::from_vars(&vars)?, key::Home::from_vars(&vars)?);
    let router = &OnceCell::new();
    lambda_http::run(service_fn(move |request: Request| async move {
        Ok::<Response, Error>(match router.get_or_try_init(|| first(start, metrics)).await {
            Ok(router) => Router::clone(router).oneshot(api::as_asked(request)).await?,
            Err(error) => api::Problem::not_ready(&*error).into_response(),
        })
    }))
    .await
    .map_err(Stopped::by)
}

/// Before the first request: the key, and whether the store is for it. What fails is tried again with the next.
async fn first((settings, aws, home): &(Settings, Aws, key::Home), metrics: &Metrics) -> Result<Router, Error> {
    let (settings, clock) = (settings.clone(), clock::system());
    let key = home.key(aws, &clock).await?;
    let (rules, web) = (Rules::from(&settings), api::way_out(&settings, &clock)?);
    let tables =
        Tables { sources: settings.sources_table, posts: settings.posts_table, readers: settings.readers_table };
    let urls = Urls { fetch: settings.fetch_queue, fetch_slow: settings.fetch_slow_queue, tasks: settings.tasks_queue };
    let store = Store::new(&aws.config(Service::DynamoDb), tables);
    store.admit_with(&key, clock()).await?;
    let queue = Queue::new(&aws.config(Service::Sqs), urls);
    let bucket = Bucket::new(&aws.config(Service::S3), settings.bucket);
    let passwords = Arc::new(Passwords::new(Cost::OWASP));
    let time = Arc::clone(&clock);
    // Others write too, and nobody tells.
    let parts = Parts { store, journal: None, queue, bucket, key, web, clock: time, passwords, rules };
    Ok(api::metered(api::router(Arc::new(Context::new(parts))), metrics.clone(), clock))
}
