//! What holds for any input. The fuzz targets of `infra/fuzz` look for one that breaks it; the kept ones are tried again by `tests/corpus.rs`.

use std::collections::HashSet;

use feed::opml::{Opml, Subscription};

const BASE: &str = "https://example.org/blog/post";

/// The first line may be a content type; the rest is the document.
pub(crate) fn parse(data: &[u8]) {
    let (content_type, document) = match data.strip_prefix(b"\x01") {
        Some(rest) => {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            (std::str::from_utf8(&rest[..end]).ok(), &rest[end..])
        }
        None => (None, data),
    };
    let Ok(parsed) = feed::parse(document, content_type, BASE) else { return };
    assert!(parsed.items.len() <= 10_000);
    let keys: HashSet<_> = parsed.items.iter().map(|item| item.key).collect();
    assert_eq!(keys.len(), parsed.items.len(), "two entries have one key");
    let feed_links = [&parsed.link, &parsed.image, &parsed.hub, &parsed.self_link];
    let item_links = parsed.items.iter().flat_map(|item| [&item.link, &item.image, &item.comments]);
    let files = parsed.items.iter().flat_map(|item| &item.enclosures).map(|file| &file.url);
    for link in feed_links.into_iter().chain(item_links).flatten().chain(files) {
        assert_web_link(link);
    }
    for item in &parsed.items {
        for html in [&item.summary, &item.content].into_iter().flatten() {
            assert_harmless(html);
        }
        for at in [item.published, item.updated].into_iter().flatten() {
            assert_sane(at.as_millis());
        }
    }
}

/// The fast way and the slow way of cleaning do not differ, and what comes out is harmless and clean already.
pub(crate) fn clean(data: &[u8]) {
    let html = String::from_utf8_lossy(data);
    let (fast, slow) = feed::clean_both_ways(&html, BASE);
    if fast.is_some() {
        assert_eq!(fast, slow);
    }
    let (is_clean, judged) = feed::prove_and_judge(&html);
    if is_clean {
        assert_eq!(judged, html, "taken for clean");
    }
    let clean = feed::clean_html(&html, BASE);
    assert_eq!(feed::clean_from_tape(&html, BASE), clean, "from a tape");
    let Some(clean) = clean else { return };
    assert_eq!(Some(&clean), slow.as_ref());
    assert_harmless(&clean);
    assert_eq!(feed::clean_html(&clean, BASE).as_ref(), Some(&clean), "cleaned again");
}

/// A date that is read is within sane bounds, and reads the same when it is written as RFC 3339.
pub(crate) fn dates(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(at) = feed::parse_date(text) {
        assert_sane(at.as_millis());
        assert_eq!(feed::parse_date(&at.to_string()), Some(at), "{at}");
    }
}

/// A list that is written says what it said when it was read.
pub(crate) fn opml(data: &[u8]) {
    let Ok(list) = feed::opml::read(data) else { return };
    for feed in &list.feeds {
        assert_web_link(&feed.url);
    }
    let again = feed::opml::read(feed::opml::write(&list).as_bytes());
    assert_eq!(again.as_ref().map(unordered), Ok(unordered(&list)));
    assert!(again.is_ok_and(|again| again.refused.is_empty()));
}

/// Every candidate is a web link, whatever the page or the address.
pub(crate) fn discovery(data: &[u8]) {
    let mut found = feed::discover::links(data, None, BASE);
    if let Ok(url) = std::str::from_utf8(data) {
        found.extend(feed::discover::guess(url));
        found.extend(feed::discover::common_paths(url));
    }
    for candidate in found {
        assert_web_link(&candidate.url);
    }
}

fn assert_web_link(link: &str) {
    assert!(link.starts_with("http://") || link.starts_with("https://"), "{link}");
    assert!(!link.contains(['"', '<', '>', ' ', '\n']), "{link}");
}

/// 1980 to 2100.
fn assert_sane(millis: i64) {
    assert!((315_532_800_000..4_102_444_800_000).contains(&millis), "{millis}");
}

/// Nothing may run, and every link is of an allowed kind. Each `<` of the output begins a tag: text has it escaped.
fn assert_harmless(clean: &str) {
    const BANNED: [&str; 13] = [
        "script", "style", "object", "embed", "form", "input", "svg", "math", "base", "meta", "link", "template",
        "noscript",
    ];
    for tag in clean.split('<').skip(1) {
        let tag = tag.split_once('>').map_or(tag, |(tag, _)| tag);
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        assert!(!BANNED.contains(&name), "{clean}");
        // Names of attributes stand between a closing quote and an opening one.
        let mut parts = tag.split('"');
        while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
            let name = before.trim().rsplit(' ').next().unwrap_or_default();
            assert!(!name.starts_with("on") && !["style=", "srcdoc="].contains(&name), "{clean}");
            if ["href=", "src=", "poster=", "cite="].contains(&name) {
                let is_allowed = ["http://", "https://", "mailto:", "tel:", "data:image/"]
                    .iter()
                    .any(|start| value.starts_with(start));
                assert!(is_allowed, "{value}: {clean}");
            }
        }
    }
}

/// A list in an order of its own: how folders and feeds are ordered is not part of what it says.
pub(crate) fn unordered(list: &Opml) -> (Option<String>, Vec<String>, Vec<String>) {
    let paths = |folders: &[usize]| {
        let mut paths: Vec<_> = folders.iter().map(|folder| list.path(*folder)).collect();
        paths.sort();
        format!("{paths:?}")
    };
    let of_feed = |feed: &Subscription| {
        format!("{} {:?} {:?} {:?} {}", feed.url, feed.title, feed.site, feed.description, paths(&feed.folders))
    };
    let mut folders: Vec<_> = (0..list.folders.len()).map(|folder| paths(&[folder])).collect();
    let mut feeds: Vec<_> = list.feeds.iter().map(of_feed).collect();
    folders.sort();
    feeds.sort();
    (list.title.clone(), folders, feeds)
}
