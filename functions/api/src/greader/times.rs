//! Times, as clients count them.

use domain::id::PostNumber;
use domain::time::Timestamp;

use crate::reading::UNDER_WAY;

/// The time that `text` says: microseconds where it has 16 digits or more, else seconds. `None` for anything else.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: i64 = text.parse().ok()?;
    Some(if text.len() >= 16 { Timestamp::from_millis(count / 1000) } else { Timestamp::from_secs(count) })
}

/// The lowest number of a list that begins with `ot`; `None` when nothing is as new as that. Whoever asks for what came after their last visit would miss those that were under way then;
/// clients drop what they have already.
pub(super) fn since(ot: Timestamp) -> Option<PostNumber> {
    PostNumber::first_at(ot - UNDER_WAY)
}

/// Microseconds, as text: what `ts` brings back.
pub(super) fn micros(at: Timestamp) -> String {
    (i128::from(at.as_millis()) * 1000).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sixteen_digits_or_more_are_microseconds_and_fewer_are_seconds() {
        let millis = |text| parse(text).map(Timestamp::as_millis);
        for (text, expected) in [
            ("1800000000", Some(1_800_000_000_000)),
            ("0", Some(0)),
            ("1800000000000000", Some(1_800_000_000_000)),
            ("1800000000123999", Some(1_800_000_000_123)),
            ("01800000000123999", Some(1_800_000_000_123)),
            ("99999999999999999999", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
            ("now", None),
        ] {
            assert_eq!(millis(text), expected, "{text}");
        }
    }

    #[test]
    fn a_time_comes_back_as_it_was_given() {
        let at = Timestamp::from_millis(1_800_000_000_123);
        assert_eq!(micros(at), "1800000000123000");
        assert_eq!(parse(&micros(at)), Some(at));
    }

    #[test]
    fn what_was_under_way_at_the_last_visit_is_listed_at_the_next() {
        let visit = Timestamp::from_secs(1_800_000_000);
        let minted = |seconds: u64| PostNumber::last_at(visit - Duration::from_secs(seconds)).unwrap();
        let since = since(visit).unwrap();
        assert!(since <= minted(10) && minted(11) < since);
        assert_eq!(super::since(Timestamp::EPOCH), PostNumber::new(0));
    }
}
