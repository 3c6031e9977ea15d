//! Links as they may stand in cleaned HTML: absolute, and of a kind that runs nothing.

use std::borrow::Cow;

use url::{Position, Url};

use crate::lanes;
use crate::links::{self, is_plain_path, is_settled};
use crate::text::unescape;

/// Bytes of a picture that is part of the page itself: enough for a formula or an icon.
const MAX_DATA_IMAGE: usize = 16 * 1024;

/// An attribute's raw value as an absolute http(s) URL.
pub(super) fn web<'a>(raw: &'a str, base: Option<&Url>) -> Option<Cow<'a, str>> {
    absolute(unescape(raw), base)
}

/// A link without entities as an absolute http(s) URL.
pub(super) fn absolute<'a>(link: Cow<'a, str>, base: Option<&Url>) -> Option<Cow<'a, str>> {
    if is_settled(&link) {
        return Some(link);
    }
    on_host(&link, base).or_else(|| links::resolve_src(&link, base)).map(Cow::Owned)
}

/// What a link is that begins with `/` and is so plain that parsing it is known to put the host of `base` before it, and nothing else.
fn on_host(link: &str, base: Option<&Url>) -> Option<String> {
    let base = base.filter(|base| links::is_web(base))?;
    let is_path = link.starts_with('/') && !link.starts_with("//") && is_plain_path(link);
    let host = &base[..Position::BeforePath];
    (is_path && host.len() + link.len() <= links::MAX_LINK).then(|| [host, link].concat())
}

/// As [`web`]; one may write or call as well.
pub(super) fn href<'a>(raw: &'a str, base: Option<&Url>) -> Option<Cow<'a, str>> {
    let link = unescape(raw);
    if is_settled(&link) {
        return Some(link);
    }
    on_host(&link, base).or_else(|| links::resolve_href(&link, base)).or_else(|| telephone(&link)).map(Cow::Owned)
}

/// As [`web`]; a small picture may be part of the page itself.
pub(super) fn image<'a>(raw: &'a str, base: Option<&Url>) -> Option<Cow<'a, str>> {
    web(raw, base).or_else(|| {
        let data: String = raw.chars().filter(|c| !c.is_ascii_whitespace()).take(MAX_DATA_IMAGE + 1).collect();
        (is_data_image(&data) && !is_placeholder(&data)).then_some(Cow::Owned(data))
    })
}

/// Whether `raw`, which is written as HTML writes it, leads to an absolute http(s) URL: if it says no, it may do so all the same.
pub(super) fn is_written(raw: &str) -> bool {
    is_settled(raw) && has_but_ampersands(raw)
}

/// Whether every `&` is one that is escaped.
fn has_but_ampersands(raw: &str) -> bool {
    let mut rest = raw.as_bytes();
    while let Some(at) = lanes::find(rest, b'&') {
        let Some(after) = rest[at..].strip_prefix(b"&amp;") else { return false };
        rest = after;
    }
    true
}

/// Whether `link` is absolute http(s).
pub(super) fn is_web(link: &str) -> bool {
    is_settled(link) || (has_scheme(link, &["http://", "https://"]) && Url::parse(link).is_ok())
}

/// Whether `link` is what [`href`] gives.
pub(super) fn is_href(link: &str) -> bool {
    is_web(link)
        || (link.starts_with("mailto:") && Url::parse(link).is_ok())
        || telephone(link).is_some_and(|number| number == link)
}

/// Whether `link` is what [`image`] gives.
pub(super) fn is_image(link: &str) -> bool {
    is_web(link) || is_data_image(link)
}

fn has_scheme(link: &str, schemes: &[&str]) -> bool {
    schemes.iter().any(|scheme| link.starts_with(scheme))
}

fn telephone(link: &str) -> Option<String> {
    let (scheme, number) = link.trim().split_once(':')?;
    let is_number = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.()*;=".contains(&byte);
    let fits = scheme.eq_ignore_ascii_case("tel") && (1..=64).contains(&number.len()) && number.bytes().all(is_number);
    fits.then(|| format!("tel:{number}"))
}

/// A picture of the kinds every browser shows and that cannot run: never SVG.
fn is_data_image(link: &str) -> bool {
    let encoded = link.strip_prefix("data:image/").and_then(|image| {
        let (kind, encoded) = image.split_once(";base64,")?;
        matches!(kind, "png" | "gif" | "jpeg" | "jpg" | "webp" | "avif").then_some(encoded)
    });
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    encoded.is_some_and(|encoded| link.len() <= MAX_DATA_IMAGE && !encoded.is_empty() && encoded.bytes().all(is_base64))
}

/// Whether a picture is one of the transparent dots that hold a place: a GIF of 1×1 begins like this.
fn is_placeholder(data: &str) -> bool {
    data.split_once(',')
        .is_some_and(|(_, encoded)| encoded.starts_with("R0lGODlhAQABA") || encoded.starts_with("R0lGODdhAQABA"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_pictures_may_be_in_the_page_but_nothing_that_runs() {
        let png = "data:image/png;base64,iVBORw0KGgo=";
        assert_eq!(image(" data:image/png;base64,iVBO\n Rw0KGgo= ", None).as_deref(), Some(png));
        let refused = [
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:image/svg+xml,<svg>",
            "data:text/html;base64,PHN2Zz4=",
            "data:image/png;base64,\"onerror=x",
            "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
            &format!("data:image/png;base64,{}", "A".repeat(MAX_DATA_IMAGE)),
        ];
        for link in refused {
            assert_eq!(image(link, None), None, "{link}");
        }
    }

    #[test]
    fn a_link_is_copied_only_where_all_its_ampersands_are_escaped() {
        for link in ["https://a.example/", "https://a.example/?a=1&amp;b=2&amp;", "https://a.example/&amp;.x;y"] {
            assert!(is_written(link), "{link}");
        }
        for end in ["&", "&b=2", "&amp", "&amp;b&c", "&lt;", "&quot;", "&copy;", "&#38;", "&AMP;"] {
            let link = format!("https://a.example/?a=1{end}");
            assert!(is_settled(&link) && !is_written(&link), "{link}");
        }
    }

    #[test]
    fn one_may_write_or_call_and_run_nothing() {
        for link in ["mailto:a@b.example", "tel:+49-30-1", "https://a.example/"] {
            assert_eq!(href(link, None).as_deref(), Some(link));
            assert!(is_href(link));
        }
        assert_eq!(href("TEL:112", None).as_deref(), Some("tel:112"));
        for link in ["javascript:1", "tel:javascript:1", "magnet:?xt=1", "xmpp:a@b", "file:///x", "tel:", "blob:x"] {
            assert_eq!(href(link, None), None, "{link}");
            assert!(!is_href(link), "{link}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_plain_path_is_where_parsing_puts_it(path in "/{1,2}[a-z0-9_.~/!$&()*+,;=:@%?# -]{0,12}", base in "https?://([a-z]@)?[a-z0-9.-]{1,8}(:8[01])?/[a-z/?#]{0,6}") {
            let base = links::base(&base);
            if let Some(link) = on_host(&path, base.as_ref()) {
                prop_assert_eq!(Some(link), links::resolve_src(&path, base.as_ref()));
            }
        }
    }
}
