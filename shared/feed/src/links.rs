//! Links: made absolute, http and https only; and their normal form, by which two spellings of one place are told to be one.

use url::Url;

use crate::text;

/// A longer link is dropped: cut, it would lead elsewhere.
const MAX_LINK: usize = 4 * 1024;

/// `link` as an absolute http(s) URL; `None` for every other kind, and for what is no link.
pub(crate) fn resolve(link: &str, base: Option<&Url>) -> Option<String> {
    absolute(link, base).filter(|url| matches!(url.scheme(), "http" | "https")).map(String::from)
}

/// As [`resolve`], but an address to write mail to is fine too.
pub(crate) fn resolve_href(link: &str, base: Option<&Url>) -> Option<String> {
    absolute(link, base).filter(|url| matches!(url.scheme(), "http" | "https" | "mailto")).map(String::from)
}

fn absolute(link: &str, base: Option<&Url>) -> Option<Url> {
    let link = link.trim();
    if link.is_empty() || link.len() > MAX_LINK {
        return None;
    }
    let url = Url::options().base_url(base).parse(link).ok()?;
    (url.as_str().len() <= MAX_LINK).then_some(url)
}

/// The base that links are resolved against: absolute, http(s), of sane length.
pub(crate) fn base(url: &str) -> Option<Url> {
    absolute(url, None).filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Query parameters that tell where a reader came from, not where they go.
const TRACKING: &[&str] = &[
    "_hsenc",
    "_hsmi",
    "dclid",
    "fbclid",
    "gbraid",
    "gclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mibextid",
    "mkt_tok",
    "msclkid",
    "oly_anon_id",
    "oly_enc_id",
    "ttclid",
    "twclid",
    "vero_id",
    "wbraid",
    "xtor",
    "yclid",
];

fn is_tracking(parameter: &str) -> bool {
    let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
    let utm = name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("utm_"));
    utm || TRACKING.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Appends the form in which links are compared: without http or https, tracking parameters, default port, and a last slash.
pub(crate) fn push_normal(link: &str, out: &mut String) {
    let link = text::unescape(link.trim());
    let (link, fragment) = link.split_once('#').map_or((&*link, ""), |(link, fragment)| (link, fragment));
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let path = match strip_scheme(path) {
        Some(place) => {
            let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
            let host = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host);
            out.push_str("//");
            out.extend(host.chars().map(|c| c.to_ascii_lowercase()));
            path
        }
        None => path,
    };
    out.push_str(path.strip_suffix('/').unwrap_or(path));
    let mut mark = '?';
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty() && !is_tracking(parameter)) {
        out.push(mark);
        out.push_str(parameter);
        mark = '&';
    }
    if !fragment.is_empty() && !fragment.split('&').all(is_tracking) {
        out.push('#');
        out.push_str(fragment);
    }
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
        ];
        for (link, expected) in cases {
            assert_eq!(resolve(link, Some(&base)).as_deref(), expected, "{link}");
        }
        assert_eq!(resolve_href("mailto:a@example.org", None).as_deref(), Some("mailto:a@example.org"));
        assert_eq!(resolve(&"a".repeat(5_000), Some(&base)), None);
    }

    #[test]
    fn spellings_of_one_place_have_one_normal_form() {
        let cases = [
            ("https://Example.org/A?id=1&utm_source=rss", "//example.org/A?id=1"),
            ("http://example.org:80/A/?UTM_medium=x&amp;id=1&fbclid=2", "//example.org/A?id=1"),
            ("//example.org/A?id=1#utm_source=feed", "//example.org/A?id=1"),
            ("https://example.org/", "//example.org"),
            ("https://example.org/log#v1", "//example.org/log#v1"),
            ("urn:uuid:1", "urn:uuid:1"),
        ];
        for (link, expected) in cases {
            let mut normal = String::new();
            push_normal(link, &mut normal);
            assert_eq!(normal, expected, "{link}");
        }
    }
}
