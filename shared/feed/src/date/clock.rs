//! The time of day.

use super::token::Tokens;
use super::{names, zone};

/// A time of day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// After midnight; of a time that no clock shows none.
    pub(super) millis: i64,
    /// The token behind it.
    pub(super) end: usize,
}

/// The time whose parts are told apart by colons, letters or ideographs, or that has its half of the day behind it; it is used up.
pub(super) fn find(tokens: &mut Tokens<'_>) -> Option<Time> {
    let from = (0..tokens.len()).find(|&at| is_clock(tokens, at) && !zone::is_offset(tokens, at));
    let Some(from) = from else {
        let compact = (1..tokens.len()).find(|&at| is_compact(tokens, at))?;
        return read_compact(tokens, compact);
    };
    read(tokens, from)
}

/// The time that is nothing but numbers, looked for among those that the date left over: `12.34`, `123456`.
pub(super) fn find_bare(tokens: &mut Tokens<'_>) -> Option<Time> {
    let from = (0..tokens.len()).find(|&at| tokens.number(at).is_some())?;
    if tokens.short(from).is_some() && tokens.is_mark(from + 1, ".") && tokens.short(from + 2).is_some() {
        return read(tokens, from);
    }
    read_compact(tokens, from)
}

/// Whether a time begins there: two numbers with a colon between, or an hour and what it is called.
fn is_clock(tokens: &Tokens<'_>, at: usize) -> bool {
    if tokens.short(at).is_none() {
        return false;
    }
    let followed = tokens.short(at + 2).is_some();
    tokens.is_mark(at + 1, ":") && followed
        || tokens.is_mark(at + 1, "时時시")
        || half(tokens, at + 1).is_some()
        || followed && tokens.word(at + 1).is_some_and(|word| matches!(word, "h" | "H" | "u"))
}

/// `T12`, `T1234`, `T123456`, right behind a date.
fn is_compact(tokens: &Tokens<'_>, at: usize) -> bool {
    let is_t = tokens.word(at - 1).is_some_and(|word| matches!(word, "T" | "t"));
    is_t && at > 1 && tokens.number(at - 2).is_some() && !tokens.is_spaced(at) && tokens.number(at).is_some()
}

fn read_compact(tokens: &mut Tokens<'_>, at: usize) -> Option<Time> {
    let number = tokens.number(at)?;
    let (hour, minute, second) = match number.digits {
        2 => (number.value, 0, 0),
        4 => (number.value / 100, number.value % 100, 0),
        6 => (number.value / 10_000, number.value / 100 % 100, number.value % 100),
        _ => return None,
    };
    if number.digits == 2 && tokens.is_mark(at + 1, ".") {
        return read(tokens, at);
    }
    let mut to = at + 1;
    let fraction = if number.digits == 6 { fraction(tokens, to) } else { 0 };
    if is_fraction(tokens, to) && number.digits == 6 {
        to += 2;
    }
    finish(tokens, at, to, [hour, minute, second], fraction, None)
}

fn read(tokens: &mut Tokens<'_>, from: usize) -> Option<Time> {
    let mut parts = [0; 3];
    let mut to = from;
    let mut count = 0;
    for part in &mut parts {
        let Some(number) = tokens.short(to) else { break };
        *part = number.value;
        (to, count) = (to + 1, count + 1);
        let next = tokens.is_mark(to, ":.时時分秒시분초")
            || tokens
                .word(to)
                .is_some_and(|word| ["h", "u", "m", "min"].iter().any(|unit| word.eq_ignore_ascii_case(unit)));
        // The third may be followed by its fraction.
        if !next || count == 3 || tokens.is_spaced(to + 1) && tokens.is_mark(to, ".") {
            break;
        }
        to += 1;
    }
    let mut thousandths = 0;
    if count == 3 && is_fraction(tokens, to) {
        thousandths = fraction(tokens, to);
        to += 2;
    }
    if tokens.is_mark(to, "分秒분초") {
        to += 1;
    }
    let before = from.checked_sub(1).and_then(|at| tokens.word(at)).and_then(names::half_before);
    let mut half_of_day = before;
    if let Some((half, end)) = half(tokens, to) {
        (half_of_day, to) = (Some(half), end);
    }
    finish(tokens, from, to, parts, thousandths, half_of_day)
}

fn finish(
    tokens: &mut Tokens<'_>,
    from: usize,
    to: usize,
    [hour, minute, second]: [u64; 3],
    thousandths: i64,
    afternoon: Option<bool>,
) -> Option<Time> {
    tokens.mark_used(from, to);
    let hour = match afternoon {
        Some(false) if hour == 12 => 0,
        Some(true) if hour < 12 => hour + 12,
        _ => hour,
    };
    let is_midnight = hour == 24 && minute == 0 && second == 0;
    if !is_midnight && (hour > 23 || minute > 59 || second > 60) {
        return Some(Time { millis: 0, end: to });
    }
    let seconds = i64::try_from(hour * 3_600 + minute * 60 + second).ok()?;
    Some(Time { millis: seconds * 1_000 + thousandths, end: to })
}

fn is_fraction(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.is_mark(at, ".,:") && tokens.number(at + 1).is_some() && !tokens.is_spaced(at) && !tokens.is_spaced(at + 1)
}

/// Milliseconds of the fraction of a second that begins with the mark there; zero if none does.
pub(super) fn fraction(tokens: &Tokens<'_>, at: usize) -> i64 {
    let Some(number) = tokens.number(at + 1).filter(|_| is_fraction(tokens, at)) else { return 0 };
    let millis = match number.digits {
        digits @ 0..=3 => number.value * 10_u64.pow(3 - digits),
        digits @ 4..=19 => number.value / 10_u64.pow(digits - 3),
        _ => 0,
    };
    i64::try_from(millis).unwrap_or_default()
}

/// `AM`, `p.m.`, `下午` there: whether it is the afternoon, and where it ends.
fn half(tokens: &Tokens<'_>, at: usize) -> Option<(bool, usize)> {
    let word = tokens.word(at)?;
    if let Some(afternoon) = names::half_after(word) {
        return Some((afternoon, at + 1));
    }
    let afternoon = match word {
        "a" | "A" => false,
        "p" | "P" => true,
        _ => return None,
    };
    let m = at + 1 + usize::from(tokens.is_mark(at + 1, "."));
    tokens.word(m).filter(|word| word.eq_ignore_ascii_case("m")).map(|_| (afternoon, m + 1))
}
