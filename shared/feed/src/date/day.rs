//! The day.

use jiff::civil::{Date, ISOWeekDate, Weekday};

use super::names;
use super::token::{Number, Tokens};

/// The day that the text tells. A month or year without a day is its first day. What tells it is used up.
pub(super) fn find(tokens: &mut Tokens<'_>) -> Option<Date> {
    if let Some(date) = counted(tokens) {
        return Some(date);
    }
    if let Some((at, month)) = named_month(tokens) {
        return with_month(tokens, at, month);
    }
    week(tokens).or_else(|| numbers(tokens))
}

/// `2021年9月6日`, `2021년 9월 6일`: each number is followed by what it counts.
fn counted(tokens: &mut Tokens<'_>) -> Option<Date> {
    let part = |marks: &str| (0..tokens.len()).find(|&at| tokens.number(at).is_some() && tokens.is_mark(at + 1, marks));
    let (year, month, day) = (part("年년")?, part("月월")?, part("日号號일"));
    let end = day.unwrap_or(month) + 2;
    let value = |at| tokens.number(at).map(|number: Number| number.value);
    let date = of(value(year)?, value(month)?, day.map_or(Some(1), value)?);
    tokens.mark_used(0, end);
    date
}

/// The month that is told by a name, and where. Some names also shorten a day of the week: any other month is preferred, then the last of them.
fn named_month(tokens: &Tokens<'_>) -> Option<(usize, u64)> {
    let mut maybe = None;
    for at in 0..tokens.len() {
        // `9月` and `tháng 9`.
        let behind = || tokens.is_mark(at + 1, "月월");
        let before = || at.checked_sub(1).and_then(|at| tokens.word(at)).is_some_and(names::is_month_word);
        if let Some(month) = tokens.short(at).filter(|_| behind() || before()) {
            return Some((at, month.value));
        }
        match tokens.word(at).and_then(names::month) {
            Some(month) if month.maybe_weekday => maybe = Some((at, month.number)),
            Some(month) => return Some((at, month.number)),
            None => {}
        }
    }
    maybe
}

/// Day and year around a month, in either order: a year has more than two digits, or an apostrophe, or is more than a month has days.
fn with_month(tokens: &mut Tokens<'_>, at: usize, month: u64) -> Option<Date> {
    tokens.mark_used(at, at + 1);
    let mut places = (0..tokens.len()).filter(|&at| tokens.number(at).is_some());
    let (first, second) = (places.next()?, places.next());
    let (number, next) = (tokens.number(first)?, second.and_then(|at| tokens.number(at)));
    let is_year = number.digits > 2 || number.value > 31 || first > 0 && tokens.is_mark(first - 1, "'");
    let (date, end) = if is_year {
        // `September 2021 12.30` has no day, `2021-Sep-06` has.
        let day = next.filter(|next| next.digits <= 2 && first < at);
        (of(year(number)?, month, day.map_or(1, |day| day.value)), if day.is_some() { second } else { Some(first) })
    } else {
        (of(year(next?)?, month, number.value), second)
    };
    tokens.mark_used(0, end? + 1);
    date
}

/// `2021-W36-1`, `2021W361`, `2021-W36` (ISO 8601 §4.1.4).
fn week(tokens: &mut Tokens<'_>) -> Option<Date> {
    let at = (1..tokens.len()).find(|&at| tokens.word(at).is_some_and(|word| matches!(word, "W" | "w")))?;
    let before = at - 1 - usize::from(at > 1 && tokens.is_mark(at - 1, "-"));
    let (year, number) = (tokens.number(before)?, tokens.number(at + 1)?);
    let day = tokens.number(at + 3).filter(|_| tokens.is_mark(at + 2, "-"));
    let (week, day, end) = match (number.digits, day) {
        (2, Some(day)) => (number.value, day.value, at + 4),
        (2, None) => (number.value, 1, at + 2),
        (3, _) => (number.value / 10, number.value % 10, at + 2),
        _ => return None,
    };
    tokens.mark_used(0, end);
    let weekday = Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok()?;
    let date = ISOWeekDate::new(i16::try_from(year.value).ok()?, i8::try_from(week).ok()?, weekday).ok()?;
    Some(date.date())
}

/// A date of nothing but numbers.
fn numbers(tokens: &mut Tokens<'_>) -> Option<Date> {
    let first = (0..tokens.len()).find(|&at| tokens.number(at).is_some())?;
    let next = |at: usize| {
        let mark = tokens.mark(at + 1).filter(|mark| "-/.:,".contains(*mark));
        let at = at + 1 + usize::from(mark.is_some());
        tokens.number(at).map(|number| (at, number, mark.unwrap_or(' ')))
    };
    let number = tokens.number(first)?;
    let second = next(first);
    let third = second.and_then(|(at, ..)| next(at));
    let (date, end) = match (second, third) {
        _ if number.digits > 4 => return compact(tokens, first),
        (Some((_, month, _)), Some((end, day, _))) if number.digits == 4 && month.digits <= 2 && day.digits <= 2 => {
            (of(number.value, month.value, day.value), end)
        }
        (Some((end, day, _)), _) if number.digits == 4 && day.digits == 3 => (ordinal(number.value, day.value), end),
        (Some((end, month, mark)), None) if number.digits == 4 && month.digits <= 2 && mark != ' ' => {
            (of(number.value, month.value, 1), end)
        }
        (Some((_, second, mark)), Some((end, third, _))) => (ordered([number, second, third], mark), end),
        (Some((end, year, mark)), None) if number.digits <= 2 && year.digits == 4 && mark != ' ' => {
            (of(year.value, number.value, 1), end)
        }
        // A year is a date only if there is nothing else.
        _ if number.digits == 4 && tokens.len() == 1 => (of(number.value, 1, 1), first),
        _ => return None,
    };
    tokens.mark_used(0, end + 1);
    date
}

/// Three numbers of which the first is no year of four digits.
fn ordered([first, second, third]: [Number; 3], mark: char) -> Option<Date> {
    let (a, b) = (first.value, second.value);
    if mark == '-' && third.digits == 2 && first.digits == 2 || a > 31 {
        return of(year(first)?, b, third.value);
    }
    let month_first = if mark == '/' { a <= 12 } else { a <= 12 && b > 12 };
    let (day, month) = if month_first { (b, a) } else { (a, b) };
    of(year(third)?, month, day)
}

/// `20210906`, `2021249`, `202109061234`, `20210906123456`: of the latter, what is behind the day is put back as the time.
fn compact(tokens: &mut Tokens<'_>, at: usize) -> Option<Date> {
    let Number { value, digits } = tokens.number(at)?;
    if digits == 7 {
        tokens.mark_used(0, at + 1);
        return ordinal(value / 1_000, value % 1_000);
    }
    if !matches!(digits, 8 | 12 | 14 | 17) {
        return None;
    }
    let unit = 10_u64.pow(digits - 8);
    tokens.mark_used(0, at + 1);
    let (day, time) = (value / unit, value % unit);
    if digits > 8 {
        let (time, digits) = if digits == 17 { (time / 1_000, 6) } else { (time, digits - 8) };
        tokens.put(at, Number { value: time, digits });
    }
    of(day / 10_000, day / 100 % 100, day % 100)
}

/// RFC 5322 §4.3.
fn year(number: Number) -> Option<u64> {
    match (number.digits, number.value) {
        (2, value @ 0..=49) => Some(2000 + value),
        (2 | 3, value) => Some(1900 + value),
        (4, value) => Some(value),
        _ => None,
    }
}

fn of(year: u64, month: u64, day: u64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn ordinal(year: u64, day: u64) -> Option<Date> {
    let first = of(year, 1, 1)?;
    let day = i16::try_from(day).ok()?;
    first.with().day_of_year(day).build().ok()
}
