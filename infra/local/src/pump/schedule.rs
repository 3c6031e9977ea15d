//! What happens by the clock.

use std::time::Duration;

use boot::clock::Clock;
use domain::wheel::Pace;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::stopped;

/// Calls `function` at once and then at the beginning of each minute of the wheel, one call after the other: minutes that pass during
/// a call are not called again, since each run walks all that were missed. A call under way when `stopping` says to stop has `grace`
/// to end. One that panics is logged, and the next comes in its time.
pub async fn each_minute<F, R>(
    pace: Pace,
    clock: Clock,
    function: F,
    mut stopping: watch::Receiver<bool>,
    grace: Duration,
) where
    F: Fn() -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let mut running = JoinSet::new();
    loop {
        running.spawn(function());
        let ended = tokio::select! {
            biased;
            ended = running.join_next() => ended,
            () = stopped(&mut stopping) => break,
        };
        if let Some(Err(crash)) = ended {
            tracing::error!(%crash, "the dispatcher crashed; the next run goes on where it stood");
        }
        let now = clock();
        let next = pace.start_of(pace.minute_of(now).next());
        tokio::select! {
            () = tokio::time::sleep(next.until(now)) => {}
            () = stopped(&mut stopping) => break,
        }
    }
    if tokio::time::timeout(grace, running.join_next()).await.is_err() {
        tracing::info!("the dispatcher did not end in time; its next run goes on there");
    }
}

/// Calls `function` each time that `period` has passed, one call after the other, until told to stop.
pub async fn every<F, R>(period: Duration, function: F, mut stopping: watch::Receiver<bool>)
where
    F: Fn() -> R,
    R: Future<Output = ()>,
{
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick of an interval is now.
    ticks.tick().await;
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stopping) => return,
            _ = ticks.tick() => {}
        }
        function().await;
    }
}
