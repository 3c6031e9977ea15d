//! Dates, in every shape in which feeds write them: the rows of `tests/cases/dates` show each.
//!
//! What is ambiguous follows a rule, never the text around it: the same text is always the same instant.
//! - Slashes are American (`09/06/2021` is the sixth of September) unless the first number cannot be a month; dots are day first; dashes between
//!   three numbers of two digits are ISO 8601's short year first, and otherwise day first.
//! - Two digits of a year are 2000 to 2049 or 1950 to 1999, three count from 1900 (RFC 5322 §4.3).
//! - Without a zone, and with one that is not in the table, it is UTC. A number as zone is taken before a name.
//! - A time that no clock shows (`25:61`) is left out, a day that no calendar has makes it no date. `24:00` and a leap second are the next instant.

mod clock;
mod day;
mod names;
mod token;
mod zone;

use domain::time::Timestamp;
use jiff::tz::Offset;

use crate::text;
use token::Tokens;

/// 1980 to 2100 in milliseconds: what lies outside is a mistake, not a date.
const SANE: std::ops::Range<i64> = 315_532_800_000..4_102_444_800_000;

/// The instant that `text` tells; `None` if it tells none between 1980 and 2100.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let once = text::unescape(text.trim_start());
    let twice = text::unescape(&once);
    let mut tokens = Tokens::of(&twice);
    let millis = epoch(&tokens).or_else(|| calendar(&mut tokens))?;
    SANE.contains(&millis).then(|| Timestamp::from_millis(millis))
}

/// Seconds, or thousandths, millionths or billionths of them, since 1970: whatever falls into sane years. No compact date does.
fn epoch(tokens: &Tokens<'_>) -> Option<i64> {
    let first = (0..tokens.len()).find(|&at| tokens.number(at).is_some())?;
    // Before it nothing stands but what JSON and programs wrap around such numbers.
    if (0..first).any(|at| tokens.is_mark(at, "-:")) {
        return None;
    }
    let number = i64::try_from(tokens.number(first)?.value).ok()?;
    if SANE.contains(&number.saturating_mul(1_000)) {
        return Some(number * 1_000 + clock::fraction(tokens, first + 1));
    }
    [1, 1_000, 1_000_000].into_iter().map(|unit| number / unit).find(|millis| SANE.contains(millis))
}

fn calendar(tokens: &mut Tokens<'_>) -> Option<i64> {
    let clock = clock::find(tokens);
    let zone = zone::take(tokens, clock.map(|clock| clock.end));
    let date = day::find(tokens)?;
    let clock = clock.or_else(|| clock::find_bare(tokens));
    let zone = zone.or_else(|| zone::take(tokens, clock.map(|clock| clock.end)));
    let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_millisecond() + clock.map_or(0, |clock| clock.millis) - zone.unwrap_or(0) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(at: Timestamp, shape: &str) -> String {
        let instant = jiff::Timestamp::from_second(at.as_secs()).unwrap_or_default();
        instant.strftime(shape).to_string()
    }

    proptest! {
        #[test]
        fn what_programs_print_is_read_back(secs in 315_532_800_i64..4_102_444_800) {
            let at = Timestamp::from_secs(secs);
            let shapes = [
                "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y%m%dT%H%M%SZ", "%Y%m%d%H%M%S", "%Y-%jT%H:%M:%S", "%G-W%V-%uT%H:%M:%SZ",
                "%a, %d %b %Y %H:%M:%S +0000", "%A, %d %B %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y", "%d.%m.%Y %H.%M.%S",
                "%m/%d/%Y %I:%M:%S %p", "%B %d, %Y, %H:%M:%S UTC", "%s", "%s000",
            ];
            for shape in shapes {
                prop_assert_eq!(parse(&printed(at, shape)), Some(at), "{}", printed(at, shape));
            }
        }

        #[test]
        fn no_text_panics_or_gives_an_absurd_instant(
            pieces in prop::collection::vec(
                prop_oneof!["[0-9]{1,20}", "[-+:./,' TZW]", "(Sep|mar|PM|GMT|年|月|日|時|W|T|h|AM|th|&amp;|\u{301}|٣)", "\\PC{0,3}"],
                0..24,
            ),
        ) {
            if let Some(at) = parse(&pieces.concat()) {
                prop_assert!(SANE.contains(&at.as_millis()));
            }
        }
    }
}
