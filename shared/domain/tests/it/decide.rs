//! What each answer of a server means for the next poll.

use std::time::Duration;

use bytes::Bytes;
use domain::carry::{Carry, Hold};
use domain::decide::{Failed, Policy, Weighed, cut_short, held_back, unlanded, unreadable, weigh};
use domain::failure::{ErrorCode, Failure};
use domain::response::{BodyHash, RawHeader, Redirect, Response, Validators};
use domain::time::Timestamp;
use domain::wheel::Pace;

const HOUR: Duration = Duration::from_secs(3600);

fn noon() -> Timestamp {
    Timestamp::from_secs(1_800_000_000)
}

fn policy() -> Policy {
    Policy { interval: HOUR, timeout: Duration::from_secs(20), pace: Pace::REAL, host: "example.org".to_owned() }
}

fn validators(etag: &str, last_modified: &str) -> Validators {
    let raw = |text: &str| (!text.is_empty()).then(|| RawHeader(text.as_bytes().to_vec()));
    Validators { etag: raw(etag), last_modified: raw(last_modified) }
}

fn before() -> Carry {
    Carry {
        last_get: Some(noon() - HOUR),
        validators: validators("\"a\"", "Mon"),
        body_hash: Some(BodyHash::of(b"old")),
        streak: 3,
        fetch_ms: 100,
        ..Carry::default()
    }
}

fn answer(status: u16, body: &'static [u8]) -> Response {
    Response {
        started_at: noon(),
        ended_at: noon() + Duration::from_secs(1),
        status,
        final_url: "https://example.org/feed".to_owned(),
        redirects: Vec::new(),
        validators: validators("\"b\"", "Tue"),
        fresh_for: None,
        retry_after: None,
        content_type: None,
        body: Bytes::from_static(body),
        wire_bytes: body.len() as u64,
    }
}

fn weighed(response: Response) -> Weighed {
    weigh(&before(), &Ok(response), noon(), &policy())
}

fn failed(response: Response) -> Failed {
    match weighed(response) {
        Weighed::Failed(failed) => failed,
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[test]
fn a_304_keeps_what_it_does_not_mention_and_updates_what_it_does() {
    let response = Response { validators: validators("", "Wed"), ..answer(304, b"") };
    let Weighed::Unchanged(carry) = weighed(response) else { panic!() };
    assert_eq!(carry.validators, validators("\"a\"", "Wed"));
    assert_eq!((carry.streak, carry.quiet, carry.body_hash), (0, true, before().body_hash));
    assert_eq!(carry.last_get, Some(noon()));
}

#[test]
fn a_200_replaces_both_validators_and_clears_the_absent_one() {
    let response = Response { validators: validators("", "Wed"), ..answer(200, b"new") };
    let Weighed::Read(carry) = weighed(response) else { panic!() };
    assert_eq!(carry.validators, validators("", "Wed"));
    assert_eq!(carry.body_hash, Some(BodyHash::of(b"new")));
}

#[test]
fn the_same_body_again_is_unchanged_but_its_validators_move() {
    let Weighed::Unchanged(carry) = weighed(answer(200, b"old")) else { panic!() };
    assert_eq!(carry.validators, validators("\"b\"", "Tue"));
}

#[test]
fn a_304_to_an_unconditional_request_is_no_answer() {
    let bare = Carry { validators: Validators::default(), ..before() };
    let weighed = weigh(&bare, &Ok(answer(304, b"")), noon(), &policy());
    assert!(matches!(weighed, Weighed::Failed(Failed { failure: Failure { code: ErrorCode::ClientError, .. }, .. })));
}

#[test]
fn an_over_long_validator_is_dropped_whole() {
    let long = "x".repeat(201);
    let Weighed::Read(carry) = weighed(Response { validators: validators(&long, "Wed"), ..answer(200, b"new") }) else {
        panic!()
    };
    assert_eq!(carry.validators, validators("", "Wed"));
}

#[test]
fn freshness_counts_on_200_and_304_and_is_capped_at_a_week() {
    for (status, body) in [(200, &b"new"[..]), (304, b"")] {
        for (fresh, held) in [(2 * HOUR, 2 * HOUR), (9999 * HOUR, 7 * 24 * HOUR)] {
            let (Weighed::Read(carry) | Weighed::Unchanged(carry)) =
                weighed(Response { fresh_for: Some(fresh), ..answer(status, body) })
            else {
                panic!()
            };
            let hold = carry.not_before.unwrap();
            assert_eq!((hold.at, hold.why), (noon() + Duration::from_secs(1) + held, Hold::Fresh), "{status}");
        }
    }
}

#[test]
fn a_server_without_validators_is_asked_every_four_hours() {
    let Weighed::Read(carry) = weighed(Response { validators: Validators::default(), ..answer(200, b"new") }) else {
        panic!()
    };
    let hold = carry.not_before.unwrap();
    assert_eq!((hold.at, hold.why), (noon() + 4 * HOUR, Hold::NoValidators));
}

#[test]
fn each_refusal_has_its_code_and_keeps_the_validators_it_was_given() {
    for (status, body, code) in [
        (200, &b""[..], ErrorCode::Empty),
        (204, b"", ErrorCode::Empty),
        (301, b"", ErrorCode::ClientError),
        (401, b"", ErrorCode::Forbidden),
        (403, b"", ErrorCode::Forbidden),
        (404, b"", ErrorCode::NotFound),
        (410, b"", ErrorCode::Gone),
        (418, b"", ErrorCode::ClientError),
        (429, b"", ErrorCode::TooManyRequests),
        (500, b"", ErrorCode::ServerError),
        (599, b"", ErrorCode::ServerError),
    ] {
        let failed = failed(answer(status, body));
        assert_eq!(failed.failure.code, code, "{status}");
        assert_eq!(failed.carry.validators, before().validators, "{status}");
        assert_eq!(failed.carry.body_hash, before().body_hash, "{status}");
        assert_eq!(failed.carry.streak, 4, "{status}");
        assert!(failed.carry.not_before.unwrap().at >= noon() + 4 * HOUR, "{status}");
    }
}

#[test]
fn retry_after_counts_days_on_429_and_503() {
    for status in [429, 503] {
        let wait = 3 * 24 * HOUR;
        let hold = failed(Response { retry_after: Some(wait), ..answer(status, b"") }).carry.not_before.unwrap();
        assert_eq!((hold.at, hold.why), (noon() + Duration::from_secs(1) + wait, Hold::RetryAfter), "{status}");
    }
}

#[test]
fn a_short_retry_after_is_taken_at_its_word_but_never_shortens_the_interval() {
    let first = Carry { streak: 0, ..before() };
    let hold = |minutes: u32| {
        let wait = Some(Duration::from_secs(60) * minutes);
        let weighed = weigh(&first, &Ok(Response { retry_after: wait, ..answer(429, b"") }), noon(), &policy());
        let Weighed::Failed(failed) = weighed else { panic!() };
        failed.carry.not_before.unwrap()
    };
    assert_eq!((hold(90).at.since(noon()).as_secs(), hold(90).why), (90 * 60 + 1, Hold::RetryAfter));
    assert_eq!((hold(5).at.since(noon()), hold(5).why), (HOUR, Hold::Backoff));
}

#[test]
fn a_refusal_without_retry_after_waits_at_least_four_hours() {
    let first = Carry { streak: 0, ..before() };
    for status in [403, 429] {
        let Weighed::Failed(failed) = weigh(&first, &Ok(answer(status, b"")), noon(), &policy()) else { panic!() };
        let hold = failed.carry.not_before.unwrap();
        assert_eq!((hold.at, hold.why), (noon() + 4 * HOUR, Hold::Refused), "{status}");
    }
}

#[test]
fn a_429_pauses_the_host_that_was_asked_and_no_other() {
    let own = failed(answer(429, b""));
    assert_eq!(own.pause_host_until, Some(noon() + Duration::from_secs(3601)));
    let days = failed(Response { retry_after: Some(72 * HOUR), ..answer(429, b"") });
    assert_eq!(days.pause_host_until, Some(noon() + Duration::from_secs(1) + 24 * HOUR));
    let hop = Redirect { status: 302, target: "https://victim.example/".to_owned() };
    assert_eq!(failed(Response { redirects: vec![hop], ..answer(429, b"") }).pause_host_until, None);
    assert_eq!(failed(answer(503, b"")).pause_host_until, None);
}

#[test]
fn a_410_ends_a_source_only_when_the_next_poll_says_so_too() {
    let first = failed(answer(410, b""));
    assert!(!first.gone && first.carry.gone_once);
    let again = |status| weigh(&first.carry, &Ok(answer(status, b"x")), noon() + HOUR, &policy());
    assert!(matches!(again(410), Weighed::Failed(Failed { gone: true, .. })));
    assert!(matches!(again(500), Weighed::Failed(Failed { carry: Carry { gone_once: false, .. }, .. })));
    assert!(matches!(again(200), Weighed::Read(Carry { gone_once: false, .. })));
}

#[test]
fn a_body_that_cannot_be_read_comes_again() {
    let failure = Failure::new(ErrorCode::NotAFeed, "a web page");
    let failed = unreadable(&before(), &answer(200, b"<html>"), failure, &policy());
    assert_eq!(failed.carry.validators, before().validators);
    assert_eq!(failed.carry.body_hash, before().body_hash);
    assert_eq!(failed.carry.streak, 4);
}

#[test]
fn a_held_back_edit_is_not_hidden_behind_a_304() {
    let Weighed::Read(landed) = weighed(answer(200, b"new")) else { panic!() };
    let kept = held_back(&before(), landed);
    assert_eq!((kept.validators, kept.body_hash), (before().validators, before().body_hash));
    assert_eq!(kept.last_get, Some(noon()));
}

#[test]
fn a_get_that_we_cut_short_counts_as_a_get_and_not_as_a_failure() {
    let cut = cut_short(&before(), noon(), Duration::from_secs(4));
    assert_eq!(cut, Carry { last_get: Some(noon()), fetch_ms: 1_075, ..before() });
    let slow = Carry { fetch_ms: 9_000, ..before() };
    assert_eq!(cut_short(&slow, noon(), Duration::from_secs(4)).fetch_ms, 9_000, "it does not look quicker for that");
}

#[test]
fn whatever_keeps_an_answer_from_coming_backs_off_alike() {
    for code in ErrorCode::ALL.iter().copied().filter(|code| !code.is_ours()) {
        for (streak, hours) in [(0, 1), (1, 2), (2, 4), (3, 8)] {
            let carry = Carry { streak, gone_once: false, ..before() };
            let answer = Err(Failure::new(code, "no answer"));
            let Weighed::Failed(failed) = weigh(&carry, &answer, noon(), &policy()) else { panic!("{code}") };
            let hold = failed.carry.not_before.unwrap();
            let least = if matches!(code, ErrorCode::Forbidden | ErrorCode::TooManyRequests) { 4 } else { 1 };
            assert_eq!(hold.at, noon() + HOUR * hours.max(least), "{code} after {streak}");
            assert_eq!((failed.carry.streak, failed.carry.last_get), (streak + 1, Some(noon())), "{code}");
            assert_eq!(failed.carry.validators, before().validators, "{code}");
            assert!(!failed.gone && failed.pause_host_until.is_none(), "{code}");
        }
    }
}

#[test]
fn a_time_out_counts_as_the_time_it_took_and_other_failures_say_nothing_of_speed() {
    for (code, fetch_ms) in [
        (ErrorCode::Timeout, (100 * 3 + 20_000) / 4),
        (ErrorCode::Dns, 100),
        (ErrorCode::Connect, 100),
        (ErrorCode::Tls, 100),
        (ErrorCode::Protocol, 100),
    ] {
        let Weighed::Failed(failed) = weigh(&before(), &Err(Failure::new(code, "x")), noon(), &policy()) else {
            panic!("{code}")
        };
        assert_eq!(failed.carry.fetch_ms, fetch_ms, "{code}");
    }
}

#[test]
fn what_could_not_be_landed_comes_again_and_counts_as_a_failure_only_if_it_is_not_ours() {
    let Weighed::Read(landed) = weighed(Response { fresh_for: Some(2 * HOUR), ..answer(200, b"new") }) else {
        panic!()
    };
    for (code, streak, hours, why) in
        [(ErrorCode::NotStored, 3, 2, Hold::Fresh), (ErrorCode::FeedLimits, 4, 8, Hold::Backoff)]
    {
        let failed = unlanded(&before(), &landed, Failure::new(code, "x"), noon(), &policy());
        let hold = failed.carry.not_before.unwrap();
        assert_eq!((failed.carry.streak, hold.why), (streak, why), "{code}");
        assert!(hold.at >= noon() + hours * HOUR, "{code}");
        assert_eq!(failed.carry.last_get, Some(noon()), "{code}");
        assert_eq!(failed.carry.validators, before().validators, "{code}");
        assert_eq!(failed.carry.body_hash, before().body_hash, "{code}");
    }
}
