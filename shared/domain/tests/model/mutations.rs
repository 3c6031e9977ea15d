//! Each protection of the protocol, and that it is missed when it is left out.

use crate::scenes::{CRASH, MAKING, NOTHING, POLL};
use crate::search::{explore, told};
use crate::state::{Budget, Leave, Rules};

/// What the protocol does against one thing that can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// A job is superseded only if its lease is still the one that was seen.
    SupersedeComparesTheLease,
    /// A job that is ONGOING is taken only when its lease is over.
    MarkRespectsTheHolder,
    /// The end of a job is put only if it has none.
    EndsArePutOnce,
    /// The validators of a body are stored with the last of its posts.
    ValidatorsMoveLast,
    /// A body that could not be read leaves the validators as they were.
    FailuresKeepTheOldValidators,
    /// A minute is left behind only when everything of it is sent.
    CursorMovesLast,
    /// One run walks the wheel at a time.
    CursorIsClaimed,
    /// A message that is sent a second time says so.
    LeftoversSayAgain,
    /// A message that comes a second time is looked up.
    RedeliveredIsSuspect,
    /// Only deaths count.
    TheLivingTakeTheirAttemptBack,
    /// Nothing lands in a source that is not active.
    LandingAsksWhetherTheSourceIsActive,
    /// A landing is done on what it was decided on.
    LandingComparesVersions,
    /// What landed is announced before the message that would bring it back is gone.
    AnnouncingComesFirst,
    /// The last pass of a deletion waits for every fetcher.
    SweepWaits,
    /// A landing that was closed because its source left is open again when it comes back.
    ReturnOpensWhatLeavingClosed,
}

/// `rules` hold, and without `protection` they are broken in a way that begins with `what`.
fn check(protection: Protection, rules: Rules, what: &str) {
    let rules = Rules { without: Some(protection), ends_well: false, ..rules };
    let found = explore(&rules);
    let (broken, way) = found.broken.expect("what is left out is missed");
    println!("{protection:?}: {broken}, after {} states, by\n{}", found.states, told(&rules, &way));
    assert_eq!(broken, what, "{protection:?}");
}

const TWO_NEW: Rules = Rules { script: &[0b1, 0b111], dispatchers: 1, ..POLL };

#[test]
fn superseding_without_a_look_at_the_lease_is_missed() {
    let rules = Rules {
        jobs: 3,
        minutes: 140,
        budget: Budget { errors: 1, crashes: 1, ..NOTHING },
        dispatchers: 1,
        fetchers: 1,
        ..POLL
    };
    check(Protection::SupersedeComparesTheLease, rules, "two jobs asked the origin within less than the interval");
}

#[test]
fn taking_a_job_from_a_living_holder_is_missed() {
    let rules = Rules { budget: Budget { leftovers: 1, crashes: 1, ..NOTHING }, ..POLL };
    check(Protection::MarkRespectsTheHolder, rules, "two fetchers work on one job alone");
}

#[test]
fn ending_a_job_twice_is_missed() {
    check(Protection::EndsArePutOnce, MAKING, "a job that had ended changed");
}

#[test]
fn validators_that_move_with_the_first_chunk_are_missed() {
    check(Protection::ValidatorsMoveLast, TWO_NEW, "window or validators name what has not landed");
}

#[test]
fn validators_of_a_body_that_could_not_be_read_are_missed() {
    let rules = Rules { budget: Budget { unreadable: 1, ..NOTHING }, ..TWO_NEW };
    check(Protection::FailuresKeepTheOldValidators, rules, "window or validators name what has not landed");
}

#[test]
fn a_cursor_that_moves_before_the_message_is_sent_is_missed() {
    let rules = Rules { budget: CRASH, ..POLL };
    check(Protection::CursorMovesLast, rules, "the job in hand is one that nobody will work on");
}

#[test]
fn a_cursor_without_a_claim_is_missed() {
    check(Protection::CursorIsClaimed, POLL, "two runs walk the wheel at once");
}

#[test]
fn leftovers_that_look_fresh_are_missed() {
    let rules = Rules { budget: Budget { crashes: 1, leftovers: 1, ..NOTHING }, dispatchers: 1, ..POLL };
    check(Protection::LeftoversSayAgain, rules, "a job asked the origin again without a look at the store");
}

#[test]
fn a_redelivery_that_looks_fresh_is_missed() {
    let rules = Rules { budget: CRASH, ..POLL };
    check(Protection::RedeliveredIsSuspect, rules, "a job asked the origin again without a look at the store");
}

#[test]
fn an_attempt_that_is_not_taken_back_is_missed() {
    let rules = Rules {
        budget: Budget { errors: 2, crashes: 1, ..NOTHING },
        dispatchers: 1,
        fetchers: 1,
        minutes: 100,
        ..POLL
    };
    check(Protection::TheLivingTakeTheirAttemptBack, rules, "a feed counts as poison that killed nobody");
}

#[test]
fn landing_in_a_source_that_left_is_missed() {
    // While the job is there, its end keeps landings away too; once that is swept, nothing else does.
    let rules = Rules { leave: Some(Leave::Delete), script: &[0b1, 0b11], ..TWO_NEW };
    check(
        Protection::LandingAsksWhetherTheSourceIsActive,
        rules,
        "something was queued or landed though the source was not active",
    );
}

#[test]
fn landing_on_what_has_moved_is_missed() {
    let rules = Rules { budget: Budget { doubles: 1, ..NOTHING }, script: &[0b1, 0b111, 0b1_1001], ..TWO_NEW };
    check(Protection::LandingComparesVersions, rules, "ordinals are not dense");
}

#[test]
fn announcing_after_the_message_is_gone_is_missed() {
    let rules = Rules { budget: CRASH, ..TWO_NEW };
    check(Protection::AnnouncingComesFirst, rules, "an announcement is lost");
}

#[test]
fn a_sweep_that_does_not_wait_is_missed() {
    let rules = Rules { leave: Some(Leave::Delete), ..POLL };
    check(Protection::SweepWaits, rules, "something was written after the sweep");
}

#[test]
fn a_return_that_forgets_what_leaving_closed_is_missed() {
    let rules = Rules { leave: Some(Leave::Rest), returns: true, fetchers: 1, ..TWO_NEW };
    check(Protection::ReturnOpensWhatLeavingClosed, rules, "a post is in no range that is ever announced");
}
