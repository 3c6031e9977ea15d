//! The fetcher as a Lambda function.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use boot::settings::{Settings, Vars};
use boot::{Stopped, aws::Aws, clock, key, logs};
use fetcher::Context;
use lambda_runtime::{Error, LambdaEvent, service_fn};

/// What the platform needs to hear the answer in time.
const MARGIN: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Stopped> {
    let vars = Vars::of_process();
    logs::start(logs::Format::Json, &vars);
    let settings = Settings::from_vars(&vars)?;
    let lane = settings.lane;
    let key = key::from_vars(&vars)?;
    let ctx = &Context::of_settings(&settings, &Aws::from_vars(&vars)?, clock::system(), &key)?;
    ctx.store().admit(Some(&key.fingerprint()), clock::now()).await?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        let stopped = clock::deadline(event.context.deadline, clock::now(), lane.function_timeout());
        Ok::<_, Error>(fetcher::handle(ctx, event.payload, stopped - MARGIN).await)
    }))
    .await
    .map_err(Stopped::by)
}
