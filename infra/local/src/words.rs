//! Instants and states as people say them.

use std::time::Duration;

use anstyle::AnsiColor;
use domain::time::Timestamp;

use crate::shapes::{Job, NextFetch, Post, Source};
use crate::table::{Cell, coloured, dim, plain};

/// `12 s`, `5 min`, `3 h`, `2 d`: the largest unit that says enough.
pub fn span(span: Duration) -> String {
    match span.as_secs() {
        0 => format!("{} ms", span.as_millis()),
        secs @ 1..=99 => format!("{secs} s"),
        secs @ 100..=5_999 => format!("{} min", secs / 60),
        secs @ 6_000..=172_799 => format!("{} h", secs / 3_600),
        secs => format!("{} d", secs / 86_400),
    }
}

/// `5 min ago` or `in 5 min`; the text itself if it is no instant.
pub fn relative(at: &str, now: Timestamp) -> String {
    match at.parse::<Timestamp>() {
        Ok(at) if at.since(now) >= Duration::from_secs(1) => format!("in {}", span(at.since(now))),
        Ok(at) if now.since(at) >= Duration::from_secs(1) => format!("{} ago", span(now.since(at))),
        Ok(_) => "now".to_owned(),
        Err(_) => at.to_owned(),
    }
}

/// The time of day, in UTC: `12:34:56`.
pub fn clock_time(at: &str) -> &str {
    at.split_once('T').and_then(|(_, time)| time.get(..8)).unwrap_or(at)
}

/// How long it was from `start` to `end`.
pub fn between(start: Option<&String>, end: Option<&String>) -> Option<Duration> {
    let read = |text: Option<&String>| text?.parse::<Timestamp>().ok();
    Some(read(end)?.since(read(start)?))
}

/// A job's status, in capitals and in its colour.
pub fn status(job: &Job) -> Cell {
    let word = job.status.to_ascii_uppercase();
    match word.as_str() {
        "COMPLETED" => coloured(AnsiColor::Green, word),
        "FAILED" => coloured(AnsiColor::Red, word),
        "ONGOING" => coloured(AnsiColor::Cyan, word),
        "QUEUED" => coloured(AnsiColor::Yellow, word),
        _ => plain(word),
    }
}

/// What came of a job, in a few words.
pub fn result(job: &Job) -> Cell {
    if let Some(code) = &job.error_code {
        return coloured(AnsiColor::Red, format!("{code}: {}", job.error_message.as_deref().unwrap_or_default()));
    }
    if job.ended_at.is_none() {
        return plain("");
    }
    let count = |n: u64, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<_> = [count(job.posts_count, "new post", "new posts"), count(job.edits_count, "edit", "edits")]
        .into_iter()
        .flatten()
        .collect();
    match parts.is_empty() {
        false => coloured(AnsiColor::Green, parts.join(", ")),
        true => dim(if job.http_status == Some(304) { "unchanged (304)" } else { "unchanged" }),
    }
}

/// A source's state; an active one that fails is trouble too.
pub fn state(state: &str, last_job: Option<&Job>) -> Cell {
    let failing = last_job.and_then(|job| job.error_code.clone());
    match (state, failing) {
        ("active", None) => coloured(AnsiColor::Green, "active"),
        ("active", Some(code)) => coloured(AnsiColor::Red, code),
        (other, _) => coloured(AnsiColor::Yellow, other),
    }
}

/// When a source is fetched next, and why then.
pub fn next(next: Option<&NextFetch>, now: Timestamp) -> Cell {
    match next {
        Some(next) => plain(format!("{}: {}", relative(&next.at, now), next.detail)),
        None => dim("never"),
    }
}

/// What a post is called.
pub fn post_title(post: &Post) -> &str {
    post.title.as_deref().or(post.url.as_deref()).unwrap_or("(untitled)")
}

/// What a source is called.
pub fn title(source: &Source) -> &str {
    source.title.as_deref().or(source.url.as_deref()).unwrap_or("(private)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_from_now() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        for (at, expected) in [
            ("2026-01-31T12:00:00.400Z", "now"),
            ("2026-01-31T11:59:30Z", "30 s ago"),
            ("2026-01-31T12:05:00Z", "in 5 min"),
            ("2026-01-31T16:00:00Z", "in 4 h"),
            ("2026-01-28T12:00:00Z", "3 d ago"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(relative(at, now), expected, "{at}");
        }
        assert_eq!(clock_time("2026-01-31T12:05:09.123Z"), "12:05:09");
    }
}
