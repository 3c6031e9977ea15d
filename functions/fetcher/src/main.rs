//! The fetcher as a Lambda function.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use boot::metrics::Metrics;
use boot::settings::{Settings, Vars};
use boot::{Stopped, aws::Aws, clock, key, logs};
use fetcher::Context;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tokio::sync::OnceCell;

/// What the platform needs to hear the answer in time.
const MARGIN: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    let vars = Vars::of_process();
    logs::start(logs::Format::Json, &vars);
    let metrics = &Metrics::stdout(&vars);
    let start = &(Settings::from_vars(&vars)?, Aws::from_vars(&vars)?, key::Home::from_vars(&vars)?);
    let ctx = &OnceCell::new();
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let ctx = ctx.get_or_try_init(|| first(start, metrics)).await.map_err(logs::failed)?;
        let stopped = clock::deadline(event.context.deadline, clock::now(), start.0.lane.function_timeout());
        Ok::<_, Error>(fetcher::handle(ctx, event.payload, stopped - MARGIN).await)
    }))
    .await
    .map_err(Stopped::by)
}

/// Before the first batch: the key, and whether the store is for it. What fails is tried again with the next.
async fn first((settings, aws, home): &(Settings, Aws, key::Home), metrics: &Metrics) -> Result<Context, Error> {
    let clock = clock::system();
    let key = home.key(aws, &clock).await?;
    let ctx = Context::of_settings(settings, aws, clock, &key)?;
    ctx.store().admit_with(&key, clock::now()).await?;
    Ok(ctx.with_metrics(metrics.clone()))
}
