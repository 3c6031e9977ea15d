//! The farm: one synthetic feed a host, in three formats, of sizes as they are found in the wild.
//!
//! Feed `n` is at `http://f<n>.localhost:<port>/feed`. It is told its edition over standard input, line by line, and ends
//! with it. Two in three feeds answer 304 to who knows their `ETag`; the others ignore the question, and send the same
//! again. All of them close the connection afterwards: between polls an hour apart none would be left open.

use crate::Outcome;
use origin::{Origin, Reply, Seen};
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Serves until standard input ends.
pub(crate) async fn serve() -> Outcome<()> {
    let origin = Origin::start().await?;
    let edition = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&edition);
    origin.otherwise(move |seen| answer(seen, told.load(Ordering::SeqCst)));
    let address = origin.address();
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout();
        writeln!(out, "{address}")?;
        for line in std::io::stdin().lock().lines() {
            edition.store(line?.parse().unwrap_or(0), Ordering::SeqCst);
            writeln!(out, "ok")?;
        }
        Ok::<(), std::io::Error>(())
    })
    .await??;
    Ok(())
}

fn answer(seen: &Seen, edition: u64) -> Reply {
    let host = seen.host();
    let number = host.strip_prefix('f').and_then(|host| host.split('.').next()).and_then(|n| n.parse().ok());
    let Some(feed) = number else { return Reply::status(404) };
    let editions = if changes(feed) { edition } else { 0 };
    let etag = format!("\"{feed}-{editions}\"");
    let known = seen.header("if-none-match") == Some(etag.as_bytes());
    let reply = if known && mix(feed ^ 0x304) % 100 < CONDITIONAL_PERCENT {
        Reply::not_modified()
    } else {
        let (kind, body) = write(feed, editions);
        Reply::ok(body).header("content-type", kind)
    };
    reply.header("etag", etag).close()
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
    for (n, Entry { id, at, html }) in entries.iter().enumerate() {
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
    for (n, Entry { id, at, html }) in entries.iter().enumerate() {
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
        .enumerate()
        .map(|(n, Entry { id, at, html })| {
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
        assert_eq!(entries(7, 1)[2].id, entries(7, 0)[0].id, "new ones come first");
    }
}
