//! What happens by the clock.

use std::time::Duration;

use boot::clock::Clock;
use domain::wheel::Pace;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::stopped;

/// When a function is called by the clock.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The function, for the log.
    pub function: &'static str,
    /// How long a minute of the wheel lasts.
    pub pace: Pace,
    /// Every how many of them; at least one.
    pub minutes: u64,
    /// How long a call under way may go on once everything stops.
    pub grace: Duration,
}

/// Calls `function` at once and then at the beginning of each of its minutes of the wheel, one call after the other: minutes that pass
/// during a call are not called again, since each run goes on where the last one stood. A call under way when `stopping` says to stop has its grace
/// to end. One that panics is logged, and the next comes in its time.
pub async fn by_minutes<F, R>(schedule: Schedule, clock: Clock, function: F, mut stopping: watch::Receiver<bool>)
where
    F: Fn() -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let Schedule { function: name, pace, minutes, grace } = schedule;
    let mut running = JoinSet::new();
    loop {
        running.spawn(function());
        let ended = tokio::select! {
            biased;
            ended = running.join_next() => ended,
            () = stopped(&mut stopping) => break,
        };
        if let Some(Err(crash)) = ended {
            tracing::error!(function = name, %crash, "a function crashed; its next run goes on where it stood");
        }
        let now = clock();
        let minute = pace.minute_of(now);
        let next = pace.start_of(minute.plus(minutes - minute.0 % minutes));
        tokio::select! {
            () = tokio::time::sleep(next.until(now)) => {}
            () = stopped(&mut stopping) => break,
        }
    }
    if tokio::time::timeout(grace, running.join_next()).await.is_err() {
        tracing::info!(function = name, "a function did not end in time; its next run goes on there");
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
