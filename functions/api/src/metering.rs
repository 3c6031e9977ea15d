//! What an environment answers, in numbers: a line of metrics when its first request ends, and then at most one a minute, since a request costs
//! a tenth of what a line about it would.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use boot::clock::Clock;
use boot::metrics::{Metrics, Record, Unit};
use domain::time::Timestamp;

/// From one line to the next.
const MINUTE: Duration = Duration::from_secs(60);
/// Times that a line tells.
const TIMES: usize = 100;

/// Counts since the last line.
#[derive(Default)]
struct Counts {
    last: Option<Timestamp>,
    requests: usize,
    problems: u64,
    errors: u64,
    /// Of the last hundred requests.
    times: Vec<u64>,
}

impl Counts {
    /// Counts an answer that took `time` until `now`; the line to write, when it is time for one.
    fn count(&mut self, status: StatusCode, time: Duration, now: Timestamp) -> Option<Record> {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        match self.times.get_mut(self.requests % TIMES) {
            Some(oldest) => *oldest = time,
            None => self.times.push(time),
        }
        self.requests += 1;
        self.problems += u64::from(status.is_client_error());
        self.errors += u64::from(status.is_server_error());
        if self.last.is_some_and(|last| now < last + MINUTE) {
            return None;
        }
        let Self { requests, problems, errors, times, .. } = std::mem::take(self);
        self.last = Some(now);
        let record = Record::of("api").count("Requests", u64::try_from(requests).unwrap_or(u64::MAX));
        let record = record.count("RequestErrors", errors).values("RequestTime", Unit::Milliseconds, &times);
        Some(record.fact("problems", problems))
    }
}

struct Meter {
    counts: Mutex<Counts>,
    metrics: Metrics,
    clock: Clock,
}

/// The router with lines of metrics.
pub fn metered(router: Router, metrics: Metrics, clock: Clock) -> Router {
    let meter = Arc::new(Meter { counts: Mutex::default(), metrics, clock });
    router.layer(from_fn_with_state(meter, measure))
}

async fn measure(State(meter): State<Arc<Meter>>, request: Request, next: Next) -> Response {
    let began = (meter.clock)();
    let response = next.run(request).await;
    let now = (meter.clock)();
    let record = {
        let mut counts = meter.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.count(response.status(), now.since(began), now)
    };
    if let Some(record) = record {
        meter.metrics.emit(record, now);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_line_for_the_first_request_and_then_one_a_minute_that_counts_all_since() {
        let mut counts = Counts::default();
        let mut lines = Vec::new();
        for second in 0..=150 {
            let status = if second % 10 == 0 { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
            let now = Timestamp::from_secs(1_000 + second);
            lines.extend(counts.count(status, Duration::from_millis(7), now).map(|_| second));
        }
        assert_eq!((lines, counts.requests, counts.errors), (vec![0, 60, 120], 30, 3));
    }

    #[test]
    fn a_busy_minute_tells_its_last_hundred_times() {
        let mut counts = Counts { last: Some(Timestamp::EPOCH), ..Counts::default() };
        for n in 0..250_u64 {
            assert!(counts.count(StatusCode::OK, Duration::from_millis(n), Timestamp::EPOCH).is_none());
        }
        let mut times = counts.times.clone();
        times.sort_unstable();
        assert_eq!((counts.requests, times), (250, (150..250).collect()));
    }
}
