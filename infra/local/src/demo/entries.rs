//! What the sample feeds publish: the same entries at the same moments of each demo.

use std::time::{Duration, UNIX_EPOCH};

use domain::time::Timestamp;

/// One entry.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Counted from 0, oldest first.
    pub(super) number: u64,
    /// Plain text.
    pub(super) title: String,
    /// HTML.
    pub(super) html: String,
    /// When it was published.
    pub(super) at: Timestamp,
}

impl Entry {
    /// The date as RSS writes it (RFC 822).
    pub(super) fn rfc822(&self) -> String {
        let millis = u64::try_from(self.at.as_millis()).unwrap_or(0);
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(millis))
    }
}

/// How a feed publishes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// Entries that are there from the start, an hour apart.
    pub(super) before: u64,
    /// Seconds between new ones; 0 for none.
    pub(super) every: u64,
    /// How many of the newest the feed shows.
    pub(super) shown: u64,
}

/// A few entries, then a new one now and then.
pub(super) const fn rhythm(before: u64, every: u64) -> Rhythm {
    Rhythm { before, every, shown: 20 }
}

const SUBJECTS: [&str; 12] = [
    "the water wheel",
    "old millstones",
    "spelt and rye",
    "a broken cog",
    "the upper pond",
    "night shifts",
    "flour dust",
    "a letter from the coast",
    "winter repairs",
    "the sluice gate",
    "sharpening stones",
    "bread for a village",
];
const OPENINGS: [&str; 6] =
    ["Notes on", "More about", "A question about", "What we learned from", "In praise of", "The trouble with"];

/// The entries of the feed `name` at `now`, newest first.
pub(super) fn entries(name: &str, rhythm: Rhythm, started: Timestamp, now: Timestamp) -> Vec<Entry> {
    let published = rhythm.before + now.since(started).as_secs().checked_div(rhythm.every).unwrap_or(0);
    (published.saturating_sub(rhythm.shown)..published)
        .rev()
        .map(|number| entry(name, rhythm, number, started))
        .collect()
}

fn entry(name: &str, rhythm: Rhythm, number: u64, started: Timestamp) -> Entry {
    let at = match number.checked_sub(rhythm.before) {
        None => started - Duration::from_secs(3_600 * (rhythm.before - number)),
        Some(new) => started + Duration::from_secs(rhythm.every * (new + 1)),
    };
    // Far apart in the list for neighbours in the feed, and different for each feed.
    let seed = name.bytes().map(u64::from).sum::<u64>() + number * 7;
    let pick = |list: &[&'static str], by: u64| list[usize::try_from(by % list.len() as u64).unwrap_or(0)];
    let (opening, subject) = (pick(&OPENINGS, seed / 5), pick(&SUBJECTS, seed));
    Entry {
        number,
        title: format!("{opening} {subject} (no. {number})"),
        html: format!(
            "<p>{opening} <em>{subject}</em>, written for {name}.</p><p><a href=\"/about\">About</a> this feed.</p>"
        ),
        at,
    }
}
