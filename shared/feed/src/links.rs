//! Links: made absolute, http and https only.

mod normal;
mod settled;

use std::borrow::Cow;

use url::Url;

use crate::text;

pub(crate) use normal::{push_normal, push_normal_in};
pub(crate) use settled::{is_plain_path, is_settled};

/// A longer link is dropped: cut, it would lead elsewhere.
pub const MAX_LINK: usize = 4 * 1024;

/// `link`, as a field of a feed has it, as an absolute http(s) URL; `None` for every other kind, and for what is no link.
///
/// As a browser reads it (<https://url.spec.whatwg.org/>), and forgiving what feeds get wrong: entities resolved too little, a scheme with too many
/// or too few slashes, and a scheme that is missing, see [`is_place`].
pub(crate) fn resolve(link: &str, base: Option<&Url>) -> Option<String> {
    if is_settled(link) && !link.contains('&') {
        return Some(link.to_owned());
    }
    let link = plain(trim(link))?;
    let link = trim(&link);
    if runs(link) {
        return None;
    }
    absolute(&with_scheme(link, base), base).filter(is_web).map(String::from)
}

/// How often a link is escaped at most.
const MAX_ESCAPED: usize = 8;

/// `link` without entities, however often they were escaped, and without the line breaks that a browser leaves out; so that what is read is read again as it is.
fn plain(link: &str) -> Option<Cow<'_, str>> {
    let mut link = Cow::Borrowed(link);
    for _ in 0..MAX_ESCAPED {
        if link.contains(['\t', '\n', '\r']) {
            link = Cow::Owned(link.replace(['\t', '\n', '\r'], ""));
        }
        match text::unescape(&link) {
            plain if *plain == *link => return Some(link),
            plain => link = Cow::Owned(plain.into_owned()),
        }
    }
    None
}

/// A link in HTML, which browsers read and nobody repairs, as an absolute http(s) URL.
pub(crate) fn resolve_src(link: &str, base: Option<&Url>) -> Option<String> {
    absolute(link, base).filter(is_web).map(String::from)
}

/// As [`resolve_src`]; an address to write mail to is fine too.
pub(crate) fn resolve_href(link: &str, base: Option<&Url>) -> Option<String> {
    absolute(link, base).filter(|url| is_web(url) || url.scheme() == "mailto").map(String::from)
}

/// The base that links are resolved against: absolute, http(s), of sane length.
pub(crate) fn base(url: &str) -> Option<Url> {
    absolute(url, None).filter(is_web)
}

/// Whether it is http(s), and its host one that can exist: the URL standard allows quotes in one, and names that are too long for DNS (RFC 1035 §2.3.4).
pub(crate) fn is_web(url: &Url) -> bool {
    let is_in_hosts = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let can_be = |host: &str| {
        host.len() <= 253 && host.split('.').all(|label| label.len() <= 63) && host.bytes().all(is_in_hosts)
    };
    matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(can_be)
}

fn absolute(link: &str, base: Option<&Url>) -> Option<Url> {
    let link = trim(link);
    if link.is_empty() || link.len() > MAX_LINK {
        return None;
    }
    let url = Url::options().base_url(base).parse(link).ok()?;
    (url.as_str().len() <= MAX_LINK).then_some(url)
}

/// Without white space around it, that which has no width included.
fn trim(link: &str) -> &str {
    link.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

/// Whether a link runs, opens a file or is its own content, also where something is put into its scheme that a browser might leave out.
fn runs(link: &str) -> bool {
    if strip_scheme(link).is_some() {
        return false;
    }
    let letters = link.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(*c));
    let scheme: String = letters.take_while(|c| *c != ':').take(16).map(|c| c.to_ascii_lowercase()).collect();
    link.contains(':')
        && matches!(scheme.as_str(), "javascript" | "vbscript" | "livescript" | "data" | "file" | "blob" | "about")
}

/// `link` with `http://` or `https://` written right, or put before it where it is missing.
fn with_scheme<'a>(link: &'a str, base: Option<&Url>) -> Cow<'a, str> {
    let scheme = base.map_or("https", Url::scheme);
    if link.starts_with("//") && base.is_none() {
        return Cow::Owned(format!("{scheme}:{link}"));
    }
    let mut rest = link;
    let mut written = None;
    // Some feeds put a scheme before what has one.
    while written.is_none() || strip_scheme(rest).is_some() {
        let Some((scheme, place)) = split_scheme(rest) else { break };
        (written, rest) = (Some(scheme), place);
    }
    match written {
        Some(scheme) if strip_scheme(link).is_none_or(|place| place.len() != rest.len()) => {
            Cow::Owned(format!("{scheme}://{rest}"))
        }
        None if is_place(link, base) => Cow::Owned(format!("{scheme}://{link}")),
        _ => Cow::Borrowed(link),
    }
}

/// `https` and `example.org/x` of `https:/example.org/x`, `http:\\example.org/x`, `http// example.org/x`.
fn split_scheme(link: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = ["https", "http"].iter().find_map(|scheme| {
        let start = link.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| (*scheme, &link[scheme.len()..]))
    })?;
    let has_colon = rest.starts_with(':');
    let place = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '/' | '\\'));
    let is_scheme = has_colon || rest.starts_with("//");
    (is_scheme && !place.is_empty()).then_some((scheme, place))
}

/// Endings of hosts that no file has.
const HOSTS: &[&str] = &["com", "edu", "gov", "info", "net", "org"];

/// Whether a link without a scheme begins with a host and is no relative path: a host is called `www.…`; or, where it could be relative, as the base's,
/// or ends as few files do.
fn is_place(link: &str, base: Option<&Url>) -> bool {
    let host = link.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.split_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(host, _)| host);
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let Some((name, ending)) = host.rsplit_once('.') else { return false };
    let is_host = name.split('.').all(is_label) && is_label(ending) && host.len() <= 253;
    let is_www = name.get(..4).is_some_and(|www| www.eq_ignore_ascii_case("www."));
    let is_known = HOSTS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let is_base = |base: &Url| base.host_str().is_some_and(|base| base.eq_ignore_ascii_case(host));
    is_host && (is_www || base.is_some_and(|base| is_known || is_base(base)))
}

/// What follows `http://`, `https://` or `//`.
pub(crate) fn strip_scheme(link: &str) -> Option<&str> {
    ["https://", "http://", "//"].iter().find_map(|scheme| {
        let start = link.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| &link[scheme.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_links_get_through_whatever_their_spelling() {
        let base = base("https://example.org/blog/post").unwrap();
        let cases = [
            ("other", Some("https://example.org/blog/other")),
            ("//cdn.example.org/x", Some("https://cdn.example.org/x")),
            (" HTTP://Example.org:80/a b ", Some("http://example.org/a%20b")),
            ("javascript:alert(1)", None),
            (" java\nscript:alert(1)", None),
            ("JaVaScRiPt\t:alert(1)", None),
            ("data:text/html,x", None),
            ("file:///etc/passwd", None),
            ("mailto:a@example.org", None),
            ("", None),
            ("http://[", None),
            ("/\\\"/x", None),
            ("http://a'b.example/", None),
            ("http://a_b.example/", Some("http://a_b.example/")),
            ("http://[::1]:8080/", Some("http://[::1]:8080/")),
            ("java\0script:alert(1)", None),
            ("&#106;avascript&colon;alert(1)", None),
            ("\u{feff}vbscript:x", None),
            ("java\u{200b}script:x", None),
            ("about:blank", None),
            ("blob:https://example.org/1", None),
            ("feed:https://example.org/", None),
            ("tag:example.org,2026:1", None),
            ("data/x:y", Some("https://example.org/blog/data/x:y")),
            ("http://a.example/?a=1&amp;b=2", Some("http://a.example/?a=1&b=2")),
            ("http:/a.example/x", Some("http://a.example/x")),
            ("https:\\\\a.example\\x", Some("https://a.example/x")),
            ("http// a.example/x", Some("http://a.example/x")),
            ("http://https://a.example/x", Some("https://a.example/x")),
            ("http:///a.example/x", Some("http://a.example/x")),
            ("www.a.example/x", Some("https://www.a.example/x")),
            ("a.example.com/x", Some("https://a.example.com/x")),
            ("example.org:8080/x", Some("https://example.org:8080/x")),
            ("EXAMPLE.org", Some("https://example.org/")),
            ("a.html", Some("https://example.org/blog/a.html")),
            ("index.html.de", Some("https://example.org/blog/index.html.de")),
            ("example.org/x", Some("https://example.org/x")),
            ("bücher.example/x", Some("https://example.org/blog/b%C3%BCcher.example/x")),
            ("https://bücher.example/ü", Some("https://xn--bcher-kva.example/%C3%BC")),
        ];
        for (link, expected) in cases {
            assert_eq!(resolve(link, Some(&base)).as_deref(), expected, "{link}");
        }
        assert_eq!(resolve_href("mailto:a@example.org", None).as_deref(), Some("mailto:a@example.org"));
        assert_eq!(resolve("www.a.example/1", None).as_deref(), Some("https://www.a.example/1"));
        assert_eq!(resolve("//a.example/1", None).as_deref(), Some("https://a.example/1"));
        assert_eq!(resolve("a.example.com:1", None), None);
        assert_eq!(resolve(&"a".repeat(5_000), Some(&base)), None);
    }
}
