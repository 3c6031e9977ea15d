//! Deliveries that are not fresh, and what may have been asked of an origin by whoever is not there any more.

use std::time::Duration;

use domain::carry::Carry;
use domain::failure::ErrorCode;
use domain::id::{JobIdMint, SourceId, SystemEntropy};
use domain::job::{Hand, NewJob, Pointer, Reason};
use domain::message::{FetchMessage, VERSION};
use domain::time::Timestamp;
use domain::timing::{Lane, MAX_DELAY, MAX_WORK_AGE, queued_lease, quiet_after, work_until};
use domain::triage::{Action, possible_get, triage};
use domain::wheel::Minute;

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);
const LANE: Lane = Lane::Fast;

fn queued() -> (Pointer, FetchMessage) {
    let now = Timestamp::from_secs(1_800_000_000);
    let new = NewJob {
        job: JobIdMint::default().next(now),
        tick: Minute(0),
        queued_at: now,
        earliest: now,
        lease_until: queued_lease(now, now, HOUR, LANE),
        reason: Reason::Scheduled,
    };
    let pointer = Pointer::first(new);
    let message = FetchMessage {
        v: VERSION,
        job: pointer.job,
        source: SourceId::draw(&mut SystemEntropy),
        url: None,
        host: "a.example".to_owned(),
        timeout_ms: 20_000,
        interval_ms: 3_600_000,
        subscribers: 1,
        watched: false,
        lane: LANE,
        queued_at: now,
        tick: pointer.tick,
        earliest: now,
        reason: pointer.reason,
        carry: Carry::default(),
        open: false,
        again: false,
        attempts: 0,
        returned: 0,
    };
    (pointer, message)
}

#[test]
fn a_job_expires_once_nobody_who_looked_in_time_can_still_begin() {
    let (pointer, message) = queued();
    let (end, certain) = (message.work_until(), message.work_until() + LANE.function_timeout());
    let cases = [
        (end, Action::Work),
        (end + SECOND, Action::HeldUntil(certain)),
        (certain - SECOND, Action::HeldUntil(certain)),
        (certain, Action::Fail(ErrorCode::Expired)),
    ];
    for (now, action) in cases {
        assert_eq!(triage(&message, Some(&pointer), None, now), action, "{now}");
    }
}

/// Taken at `at`, a while after the work age, as a redelivered one may be; then given back.
fn given_back(pointer: &Pointer, at: Timestamp) -> Pointer {
    let marked = pointer.mark(pointer.job, at, LANE, true).unwrap();
    Pointer { hand: Hand::Queued, lease_until: pointer.lease_until, attempts: 0, ..marked }
}

#[test]
fn a_job_that_was_given_back_may_have_been_fetched_by_whoever_gave_it_back() {
    let (pointer, message) = queued();
    let late = message.work_until() + LANE.visibility();
    let given_back = given_back(&pointer, late);
    assert!(pointer.possible_get(LANE) < late);
    assert_eq!(given_back.possible_get(LANE), late + LANE.function_timeout());
    let next = Pointer { queued_at: late + SECOND, lease_until: late + HOUR, ..given_back };
    assert!(next.possible_get(LANE) < late + HOUR, "the start of a job before says nothing about this one");
}

#[test]
fn nobody_fetched_only_if_nobody_else_saw_the_job() {
    let (pointer, message) = queued();
    let taken = given_back(&pointer, pointer.queued_at);
    let again = FetchMessage { again: true, ..message.clone() };
    let possible = Some(message.work_until() + LANE.function_timeout());
    let cases = [
        (&message, Some(&pointer), 1, None),
        (&message, None, 1, None),
        (&message, Some(&pointer), 2, possible),
        (&message, None, 2, possible),
        (&again, Some(&pointer), 1, possible),
        // A second message of it was worked on, which this one knows nothing of.
        (&message, Some(&taken), 1, possible),
    ];
    for (case, (message, pointer, receives, expected)) in cases.into_iter().enumerate() {
        assert_eq!(possible_get(message, pointer, receives), expected, "case {case}");
    }
}

#[test]
fn a_deletion_waits_for_a_fetcher_that_begins_at_the_last_moment() {
    let since = Timestamp::from_secs(1_800_000_000);
    for lane in [Lane::Fast, Lane::Slow] {
        let last_start = work_until(since, since + MAX_DELAY, MAX_WORK_AGE);
        assert!(quiet_after(since) >= last_start + lane.function_timeout());
    }
}
