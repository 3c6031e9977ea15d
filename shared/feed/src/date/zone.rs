//! The zone: a number of hours and minutes, or a name.

use super::names;
use super::token::Tokens;

/// Minutes east of UTC. What tells them is used up; `time` is the token behind the time of day.
pub(super) fn take(tokens: &mut Tokens<'_>, time: Option<usize>) -> Option<i64> {
    let number = time.and_then(|time| behind(tokens, time)).or_else(|| anywhere(tokens));
    if let Some((at, east)) = number {
        return numeric(tokens, at, east);
    }
    let word = |at: usize| tokens.word(at).and_then(names::zone);
    // Elsewhere than behind the time, `et` and `est` are French.
    let is_upper = |at: &usize| tokens.word(*at).is_some_and(|word| !word.contains(char::is_lowercase));
    time.and_then(|time| word(time + usize::from(tokens.is_mark(time, ",("))))
        .or_else(|| (0..tokens.len()).filter(is_upper).find_map(word))
}

/// Whether what looks like a time is the offset of one. Behind a date alone, `-05:00` is an offset as in XML Schema; with seconds it is a time.
pub(super) fn is_offset(tokens: &Tokens<'_>, at: usize) -> bool {
    let Some(sign) = at.checked_sub(1) else { return false };
    let numbers = (0..sign).filter(|&at| tokens.number(at).is_some()).count();
    let is_behind = numbers >= 3 && !tokens.is_spaced(at) && !tokens.is_mark(at + 3, ":");
    tokens.is_mark(sign, "+") || tokens.is_mark(sign, "-") && (is_behind || is_named(tokens, sign))
}

/// Where the number of the zone right behind the time is, and whether it lies east.
fn behind(tokens: &Tokens<'_>, time: usize) -> Option<(usize, bool)> {
    let mut at = time;
    while tokens.is_mark(at, ",(") || tokens.word(at).is_some_and(|word| names::zone(word).is_some()) {
        at += 1;
    }
    if let Some(signed) = signed(tokens, at) {
        return Some(signed);
    }
    // A `+` is a space in URLs, and some feeds come through one.
    let number = tokens.number(at).filter(|_| tokens.is_spaced(at))?;
    let is_clock = number.digits == 2 && tokens.is_mark(at + 1, ":") && tokens.short(at + 2).is_some();
    let year_before = (0..time).any(|at| tokens.number(at).is_some_and(|number| number.digits == 4));
    (is_clock || number.digits == 4 && year_before).then_some((at, true))
}

fn signed(tokens: &Tokens<'_>, sign: usize) -> Option<(usize, bool)> {
    let number = tokens.number(sign + 1)?;
    let is_tied = !tokens.is_spaced(sign + 1) || number.digits == 4;
    let east = tokens.is_mark(sign, "+");
    (east || tokens.is_mark(sign, "-") && is_tied).then_some((sign + 1, east))
}

/// As [`behind`], wherever no dash of a date can be meant.
fn anywhere(tokens: &Tokens<'_>) -> Option<(usize, bool)> {
    let is_west = |sign: usize| {
        let four = tokens.number(sign + 1).is_some_and(|number| number.digits == 4 && number.value <= 1_500);
        tokens.is_mark(sign, "-")
            && (is_named(tokens, sign)
                || four
                    && sign.checked_sub(1).and_then(|at| tokens.number(at)).is_some_and(|number| number.digits >= 12)
                || four && tokens.is_spaced(sign) && !tokens.is_spaced(sign + 1)
                || tokens.is_mark(sign + 2, ":") && is_offset(tokens, sign + 1))
    };
    (0..tokens.len())
        .find(|&sign| tokens.is_mark(sign, "+") && tokens.number(sign + 1).is_some() || is_west(sign))
        .map(|sign| (sign + 1, tokens.is_mark(sign, "+")))
}

/// Whether a zone's name stands right before the sign, as in `GMT-5`.
fn is_named(tokens: &Tokens<'_>, sign: usize) -> bool {
    sign.checked_sub(1).and_then(|at| tokens.word(at)).is_some_and(|word| names::zone(word).is_some())
}

/// Reads the offset and uses it up; an absurd one is none.
fn numeric(tokens: &mut Tokens<'_>, at: usize, east: bool) -> Option<i64> {
    let number = tokens.number(at)?;
    let minutes = tokens.short(at + 2).filter(|_| number.digits <= 2 && tokens.is_mark(at + 1, ":"));
    let (hours, minutes, end) = match (number.digits, minutes) {
        (_, Some(minutes)) => (number.value, minutes.value, at + 3),
        (1 | 2, None) => (number.value, 0, at + 1),
        (6, None) => (number.value / 10_000, number.value / 100 % 100, at + 1),
        _ => (number.value / 100, number.value % 100, at + 1),
    };
    tokens.mark_used(at, end);
    let all = i64::try_from(hours.saturating_mul(60).saturating_add(minutes)).ok()?;
    (all <= 15 * 60 && minutes < 60).then_some(if east { all } else { -all })
}
