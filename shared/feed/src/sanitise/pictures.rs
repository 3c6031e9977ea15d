//! Pictures: which of an image's many addresses is meant, and which images are there to count readers.

use std::borrow::Cow;

use url::Url;

use super::{attributes, link};
use crate::html::Tokens;
use crate::links;

/// Where pages that load late keep what they mean.
const LATE: &[&str] = &[
    "data-src",
    "data-lazy-src",
    "data-original",
    "data-lazyload",
    "data-cfsrc",
    "data-actualsrc",
    "data-litespeed-src",
];
const LATE_SETS: &[&str] = &["data-srcset", "data-lazy-srcset", "data-original-set"];
/// Pictures to choose from; the rest is left out.
const MAX_CANDIDATES: usize = 16;

/// Hosts (or what a host ends with after a dot) and how the path begins, of pictures that nobody is meant to look at.
///
/// Those that feeds had most over the years: counters of feed services and blog hosts, advertising and share buttons of feed services, and the big
/// counters of the web.
const BEACONS: &[(&str, &str)] = &[
    ("feeds.feedburner.com", "/~"),
    ("feedproxy.google.com", "/~"),
    ("feedads.g.doubleclick.net", "/"),
    ("doubleclick.net", "/"),
    ("googlesyndication.com", "/"),
    ("google-analytics.com", "/"),
    ("googletagmanager.com", "/"),
    ("pixel.wp.com", "/"),
    ("stats.wordpress.com", "/"),
    ("feeds.wordpress.com", "/1.0/"),
    ("blogger.com", "/tracker/"),
    ("blogger.googleusercontent.com", "/tracker/"),
    ("feedsportal.com", "/"),
    ("feeds.feedblitz.com", "/~/"),
    ("medium.com", "/_/stat"),
    ("list-manage.com", "/track/"),
    ("counter.theconversation.com", "/"),
    ("amazon-adsystem.com", "/"),
    ("facebook.com", "/tr"),
    ("scorecardresearch.com", "/"),
    ("quantserve.com", "/"),
    ("statcounter.com", "/"),
    ("px.ads.linkedin.com", "/"),
    ("vgwort.de", "/"),
];

/// The addresses of an image.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    pub(super) src: Cow<'a, str>,
    pub(super) srcset: Option<String>,
}

/// The picture that the latest start tag means; `None` if there is none, or none to look at.
pub(super) fn find<'a>(tokens: &Tokens<'a>, base: Option<&Url>) -> Option<Picture<'a>> {
    let late = late(tokens, LATE).and_then(|raw| link::web(raw, base));
    if is_tiny(tokens) || (late.is_none() && is_hidden(tokens)) {
        return None;
    }
    let srcset = srcset(tokens, base);
    let src = late.or_else(|| link::image(tokens.attribute("src")?, base)).or_else(|| {
        let first = srcset.as_deref()?.split(' ').next()?;
        Some(Cow::Owned(first.trim_end_matches(',').to_owned()))
    })?;
    (!is_beacon(&src)).then_some(Picture { src, srcset })
}

/// The address of a frame, a video or the like that is meant.
pub(super) fn source<'a>(tokens: &Tokens<'a>, name: &str, base: Option<&Url>) -> Option<Cow<'a, str>> {
    let late = late(tokens, LATE).and_then(|raw| link::web(raw, base));
    late.or_else(|| link::web(tokens.attribute(name)?, base))
}

/// The pictures to choose from that the latest start tag means.
pub(super) fn srcset(tokens: &Tokens<'_>, base: Option<&Url>) -> Option<String> {
    let raw = late(tokens, LATE_SETS).or_else(|| tokens.attribute("srcset"))?;
    candidates(&crate::text::unescape(raw), base)
}

fn late<'a>(tokens: &Tokens<'a>, names: &[&str]) -> Option<&'a str> {
    // Scripts keep flags there too.
    let is_address = |value: &&str| value.contains(['/', '.']) && !value.trim_start().starts_with("data:");
    names.iter().filter_map(|name| tokens.attribute(name)).find(is_address)
}

/// Whether it is too small to be seen: every size that its attributes have, or that they and its style have, is at most two pixels.
fn is_tiny(tokens: &Tokens<'_>) -> bool {
    let attributes =
        ["width", "height"].map(|name| tokens.attribute(name).and_then(attributes::length).and_then(pixels));
    let is_tiny = |sizes: [Option<u32>; 2]| sizes != [None, None] && sizes.iter().flatten().all(|size| *size <= 2);
    // The style goes: what the attributes alone make of it counts as well.
    is_tiny(attributes) || {
        let [width, height] = attributes;
        let of_style = |name| style(tokens, name).and_then(pixels);
        is_tiny([width.or_else(|| of_style("width")), height.or_else(|| of_style("height"))])
    }
}

/// Whether its style says not to show it.
fn is_hidden(tokens: &Tokens<'_>) -> bool {
    style(tokens, "display").is_some_and(|value| value.eq_ignore_ascii_case("none"))
        || style(tokens, "visibility").is_some_and(|value| value.eq_ignore_ascii_case("hidden"))
}

/// A property of the style attribute.
fn style<'a>(tokens: &Tokens<'a>, property: &str) -> Option<&'a str> {
    tokens.attribute("style")?.split(';').find_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let value = value.trim();
        let value = value.strip_suffix("!important").map_or(value, str::trim_end);
        name.trim().eq_ignore_ascii_case(property).then_some(value)
    })
}

/// A size in pixels; `None` if it is relative to something or no size.
fn pixels(size: &str) -> Option<u32> {
    let size = size.trim();
    let digits = size.bytes().take_while(u8::is_ascii_digit).count();
    matches!(size[digits..].trim(), "" | "px" | "PX").then(|| size[..digits].parse().ok())?
}

/// Whether a picture is there to be fetched, not to be seen. `url` is absolute.
fn is_beacon(url: &str) -> bool {
    let Some(place) = links::strip_scheme(url) else { return false };
    let (host, path) = place.split_at(memchr::memchr(b'/', place.as_bytes()).unwrap_or(place.len()));
    BEACONS.iter().any(|(name, begin)| {
        let is_host = host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'));
        is_host && path.starts_with(begin)
    })
}

/// A `srcset`, entities resolved, with absolute links: `url`, or `url descriptor`, separated by `, `.
pub(super) fn candidates(set: &str, base: Option<&Url>) -> Option<String> {
    let mut out = String::with_capacity((set.len() + set.len() / 2).min(1024));
    for (url, descriptor) in split(set).take(MAX_CANDIDATES) {
        let Some(url) = link::absolute(Cow::Borrowed(url), base).filter(|url| !url.ends_with(',')) else { continue };
        if !is_descriptor(descriptor) {
            continue;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&url);
        if !descriptor.is_empty() {
            out.push(' ');
            out.push_str(descriptor);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Whether `set` is what [`candidates`] gives.
pub(super) fn are_candidates(set: &str) -> bool {
    let is_candidate = |candidate: &str| {
        let (url, descriptor) = candidate.split_once(' ').unwrap_or((candidate, ""));
        link::is_web(url) && !url.ends_with(',') && is_descriptor(descriptor)
    };
    set.split(", ").count() <= MAX_CANDIDATES && set.split(", ").all(is_candidate)
}

/// Cuts a `srcset` as browsers do (HTML standard §4.8.4.3.7): an address may hold commas, but not end with one.
fn split(mut set: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        set = set.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if set.is_empty() {
            return None;
        }
        let (url, rest) = set.split_at(set.find(|c: char| c.is_ascii_whitespace()).unwrap_or(set.len()));
        if url.ends_with(',') {
            set = rest;
            return Some((url.trim_end_matches(','), ""));
        }
        let (descriptor, rest) = rest.split_once(',').unwrap_or((rest, ""));
        set = rest;
        Some((url, descriptor.trim_ascii()))
    })
}

/// None, `640w` or `1.5x`.
fn is_descriptor(descriptor: &str) -> bool {
    let number = descriptor.strip_suffix(['w', 'x']).unwrap_or("?");
    descriptor.is_empty()
        || ((1..=8).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            && number.parse::<f32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_set_is_made_absolute() {
        let base = links::base("https://example.org/blog/");
        let cases = [
            ("a.jpg", Some("https://example.org/blog/a.jpg")),
            ("/a.jpg 1x, b.jpg 2x", Some("https://example.org/a.jpg 1x, https://example.org/blog/b.jpg 2x")),
            ("a,b.jpg 640w,c.jpg", Some("https://example.org/blog/a,b.jpg 640w, https://example.org/blog/c.jpg")),
            ("a.jpg,, ,b.jpg 1.5x", Some("https://example.org/blog/a.jpg, https://example.org/blog/b.jpg 1.5x")),
            ("javascript:x 1x, a.jpg 2x, b.jpg onerror=x", Some("https://example.org/blog/a.jpg 2x")),
            (" , ", None),
        ];
        for (set, expected) in cases {
            assert_eq!(candidates(set, base.as_ref()).as_deref(), expected, "{set}");
            assert!(expected.is_none_or(are_candidates), "{set}");
        }
    }

    #[test]
    fn beacons_are_known_by_where_they_are() {
        let beacons = [
            "http://feeds.feedburner.com/~r/blog/~4/x",
            "https://ad.doubleclick.net/x",
            "https://pixel.wp.com/b.gif?x",
            "https://www.facebook.com/tr?id=1",
        ];
        for url in beacons {
            assert!(is_beacon(url), "{url}");
        }
        for url in
            ["https://notdoubleclick.net/x", "https://www.facebook.com/photo.jpg", "https://feeds.feedburner.com/x"]
        {
            assert!(!is_beacon(url), "{url}");
        }
    }
}
