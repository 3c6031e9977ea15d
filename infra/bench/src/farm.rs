//! The farm: one synthetic feed a host, in three formats, of sizes as they are found in the wild.
//!
//! Feed `n` is at `http://f<n>.localhost:<port>/feed`. Two in three feeds answer 304 to who knows their `ETag`; the others ignore the
//! question, and send the same again. Of a hundred, one answers late, one is always broken, two send on to another path and one to
//! another host. All of them close the connection afterwards: between polls an hour apart none would be left open.
//!
//! It is asked over standard input, line by line, and ends with it: `edition N` (that is what the feeds have from now on) and `count`
//! (what was asked since the last `count`).

use crate::Outcome;
use origin::{Origin, Reply, Seen};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Seconds since the epoch at which the newest entry of the first edition was written: 31 January 2026, 11:00 UTC.
const NEWEST: i64 = 1_769_857_200;
/// Of so many feeds, one brings new posts with an edition.
const ONE_IN: u64 = 20;
/// So many posts.
pub(crate) const NEW_POSTS: u64 = 2;
const NEW_POST_BYTES: usize = 4_000;
const POST_BYTES: usize = 1_200;
/// Of a hundred feeds, so many answer 304.
const CONDITIONAL_PERCENT: u64 = 65;
const WORDS: [&str; 16] = [
    "mill",
    "grain",
    "river",
    "wheel",
    "stone",
    "baker",
    "morning",
    "<em>fine</em>",
    "flour",
    "sack",
    "miller",
    "bread",
    "water",
    "<a href=\"/more\">more</a>",
    "&amp; so on",
    "season",
];

/// How long a slow feed takes.
const SLOW: Duration = Duration::from_millis(400);

/// How a feed behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Plain,
    /// Answers late.
    Slow,
    /// Is always broken.
    Failing,
    /// Sends on to another path.
    Moved,
    /// Sends on to another host.
    MovedAway,
}

/// What was asked since the last count.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// Feeds that gave an answer, broken ones not among them.
    pub(crate) feeds: u64,
    /// Of the requests, without what TLS would add.
    pub(crate) bytes_in: u64,
    /// Of the bodies sent.
    pub(crate) bytes_out: u64,
}

#[derive(Default)]
struct Farm {
    edition: AtomicU64,
    asked: Mutex<HashSet<u64>>,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// Serves until standard input ends.
pub(crate) async fn serve() -> Outcome<()> {
    let origin = Origin::start().await?;
    let farm = Arc::new(Farm::default());
    let asked = Arc::clone(&farm);
    origin.otherwise(move |seen| asked.answer(seen));
    let address = origin.address();
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout();
        writeln!(out, "{address}")?;
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            if let Some(edition) = line.strip_prefix("edition ") {
                farm.edition.store(edition.parse().unwrap_or(0), Ordering::SeqCst);
            }
            writeln!(out, "{}", serde_json::to_string(&farm.count(line == "count"))?)?;
        }
        Ok::<(), std::io::Error>(())
    })
    .await??;
    Ok(())
}

impl Farm {
    fn count(&self, anew: bool) -> Counted {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let take = |counter: &AtomicU64| {
            if anew { counter.swap(0, Ordering::SeqCst) } else { counter.load(Ordering::SeqCst) }
        };
        let counted =
            Counted { feeds: asked.len() as u64, bytes_in: take(&self.bytes_in), bytes_out: take(&self.bytes_out) };
        if anew {
            asked.clear();
        }
        counted
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let head: usize = seen.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let request_line = seen.method.len() + seen.target.len() + " HTTP/1.1".len() + 6;
        self.bytes_in.fetch_add((request_line + head) as u64, Ordering::Relaxed);
        let host = seen.host();
        let number = host.get(1..).and_then(|host| host.split('.').next()).and_then(|n| n.parse().ok());
        let Some(feed) = number else { return Reply::status(404) };
        let sent_on = host.starts_with('r') || seen.path() == "/moved";
        match manner(feed) {
            Manner::Failing => Reply::status(500).close(),
            Manner::Moved if !sent_on => Reply::redirect(302, "/moved").close(),
            Manner::MovedAway if !sent_on => {
                Reply::redirect(302, format!("http://r{}/feed", host.get(1..).unwrap_or_default())).close()
            }
            Manner::Slow => self.feed(seen, feed).after(SLOW),
            Manner::Plain | Manner::Moved | Manner::MovedAway => self.feed(seen, feed),
        }
    }

    fn feed(&self, seen: &Seen, feed: u64) -> Reply {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(feed);
        let editions = if changes(feed) { self.edition.load(Ordering::SeqCst) } else { 0 };
        let etag = format!("\"{feed}-{editions}\"");
        let known = seen.header("if-none-match") == Some(etag.as_bytes());
        let reply = if known && mix(feed ^ 0x304) % 100 < CONDITIONAL_PERCENT {
            Reply::not_modified()
        } else {
            let (kind, body) = write(feed, editions);
            self.bytes_out.fetch_add(body.len() as u64, Ordering::Relaxed);
            Reply::ok(body).header("content-type", kind)
        };
        reply.header("etag", etag).close()
    }
}

fn manner(feed: u64) -> Manner {
    match mix(feed ^ 0x3a44) % 100 {
        0 => Manner::Slow,
        1 => Manner::Failing,
        2 | 3 => Manner::Moved,
        4 => Manner::MovedAway,
        _ => Manner::Plain,
    }
}

/// Whether a feed ever gives an answer.
pub(crate) fn works(feed: u64) -> bool {
    manner(feed) != Manner::Failing
}

/// Whether a feed brings something with each edition.
pub(crate) fn changes(feed: u64) -> bool {
    mix(feed).is_multiple_of(ONE_IN)
}

/// Spreads a number over 64 bits (SplitMix64).
pub(crate) fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Lognormal about 30 KB, from 3 to 400.
fn size(feed: u64) -> usize {
    // Twelve even numbers of 0 to 1 add up to a normal one of mean 6 and deviation 1.
    let normal = (0..12).map(|n| mix(feed * 12 + n) as f64 / u64::MAX as f64).sum::<f64>() - 6.0;
    (30_000.0 * (0.7 * normal).exp()).clamp(3_000.0, 400_000.0) as usize
}

struct Entry {
    /// Counted from the oldest: it stays when newer ones come.
    n: u64,
    id: String,
    at: jiff::Timestamp,
    html: String,
}

fn entries(feed: u64, editions: u64) -> Vec<Entry> {
    let old = u64::try_from(size(feed) / (POST_BYTES + 300)).unwrap_or(0).max(1);
    let new = editions * NEW_POSTS;
    let entry = |k: u64| {
        let is_new = k >= old;
        let bytes = if is_new { NEW_POST_BYTES } else { POST_BYTES };
        let hours = if is_new { 0 } else { i64::try_from(old - k).unwrap_or(0) };
        Entry {
            n: k,
            id: format!("tag:f{feed}.localhost,2026:{k}"),
            at: jiff::Timestamp::from_second(NEWEST - hours * 7 * 3_600).unwrap_or_default(),
            html: html(mix(feed) ^ k, bytes),
        }
    };
    (0..old + new).rev().map(entry).collect()
}

fn html(seed: u64, bytes: usize) -> String {
    let mut html = String::with_capacity(bytes + 64);
    let mut n = seed;
    while html.len() < bytes {
        html.push_str("<p>");
        for _ in 0..40 {
            n = mix(n);
            html.push_str(WORDS[(n >> 60) as usize]);
            html.push(' ');
        }
        html.push_str("</p>\n");
    }
    html
}

fn write(feed: u64, editions: u64) -> (&'static str, String) {
    let entries = entries(feed, editions);
    match feed % 10 {
        0..=5 => ("application/rss+xml; charset=utf-8", rss(feed, &entries)),
        6..=8 => ("application/atom+xml", atom(feed, &entries)),
        _ => ("application/feed+json", json(feed, &entries)),
    }
}

fn rss(feed: u64, entries: &[Entry]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>Feed {feed}</title>\
         <link>http://f{feed}.localhost/</link><description>Synthetic</description>\n"
    );
    for Entry { n, id, at, html } in entries {
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT");
        let put = writeln!(
            out,
            "<item><title>Post {n} of {feed}</title><link>http://f{feed}.localhost/{id}</link>\
             <guid isPermaLink=\"false\">{id}</guid><pubDate>{date}</pubDate><category>mills</category>\
             <content:encoded><![CDATA[{html}]]></content:encoded></item>"
        );
        // Writing to a string cannot fail.
        put.unwrap_or_default();
    }
    out.push_str("</channel></rss>\n");
    out
}

fn atom(feed: u64, entries: &[Entry]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Feed {feed}</title>\
         <id>tag:f{feed}.localhost,2026:feed</id><updated>2026-01-31T11:00:00Z</updated>\
         <link href=\"http://f{feed}.localhost/\"/>\n"
    );
    for Entry { n, id, at, html } in entries {
        let html = html.replace('&', "&amp;").replace('<', "&lt;");
        let put = writeln!(
            out,
            "<entry><title>Post {n} of {feed}</title><id>{id}</id><updated>{at}</updated>\
             <link href=\"http://f{feed}.localhost/{id}\"/><author><name>Miller</name></author>\
             <content type=\"html\">{html}</content></entry>"
        );
        put.unwrap_or_default();
    }
    out.push_str("</feed>\n");
    out
}

fn json(feed: u64, entries: &[Entry]) -> String {
    let items: Vec<_> = entries
        .iter()
        .map(|Entry { n, id, at, html }| {
            serde_json::json!({
                "id": id,
                "url": format!("http://f{feed}.localhost/{id}"),
                "title": format!("Post {n} of {feed}"),
                "date_published": at.to_string(),
                "content_html": html,
            })
        })
        .collect();
    serde_json::json!({ "version": "https://jsonfeed.org/version/1.1", "title": format!("Feed {feed}"), "items": items })
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_about_thirty_kilobytes_and_formats_are_mixed() {
        let mut sorted: Vec<usize> = (0..2_000).map(|feed| write(feed, 0).1.len()).collect();
        sorted.sort_unstable();
        assert!((24_000..45_000).contains(&sorted[1_000]), "median {}", sorted[1_000]);
        assert!(sorted[100] < 15_000 && sorted[1_900] > 60_000, "{} {}", sorted[100], sorted[1_900]);
    }

    #[test]
    fn an_edition_brings_two_posts_to_one_feed_in_twenty() {
        let changed = (0..2_000).filter(|feed| changes(*feed)).count();
        assert!((60..140).contains(&changed), "{changed}");
        assert_eq!(entries(7, 1).len(), entries(7, 0).len() + 2);
        let (now, before) = (write(3, 1).1, write(3, 0).1);
        assert_eq!(entries(7, 1)[2].id, entries(7, 0)[0].id, "new ones come first");
        let there = before.split("<item>").nth(1).unwrap();
        assert!(now.contains(there), "and what was there stays as it was: {there}");
    }
}
