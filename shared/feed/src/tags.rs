//! The allow-list: which elements and attributes of HTML a reader gets to see, and how elements nest.

use std::collections::{HashMap, HashSet};

/// Elements that stay, sorted.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "aside",
    "audio",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// Attributes any element may have.
pub(crate) const GENERIC: &[&str] = &["dir", "lang", "title"];

/// Attributes that hold a URL.
pub(crate) const URLS: &[&str] = &["href", "src", "poster"];

/// Attributes of one element, beyond the generic ones.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href", "hreflang"]),
    ("audio", &["src", "controls", "loop"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("del", &["datetime"]),
    ("details", &["open"]),
    ("img", &["src", "alt", "width", "height"]),
    ("ins", &["datetime"]),
    ("li", &["value"]),
    ("ol", &["start", "reversed", "type"]),
    ("source", &["src", "type"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan", "scope"]),
    ("time", &["datetime"]),
    ("video", &["src", "poster", "controls", "loop", "width", "height"]),
];

/// The attributes of `element` that stay, beyond [`GENERIC`].
pub(crate) fn attributes(element: &str) -> &'static [&'static str] {
    ATTRIBUTES.iter().find(|(name, _)| *name == element).map_or(&[], |(_, attributes)| attributes)
}

/// The element that stays under this name, in any case.
pub(crate) fn allowed(name: &str) -> Option<&'static str> {
    let mut lower = [0_u8; 10];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    let found = ELEMENTS.binary_search_by(|element| element.as_bytes().cmp(lower)).ok()?;
    ELEMENTS.get(found).copied()
}

/// Elements that never have an end tag.
pub(crate) fn is_void(element: &str) -> bool {
    matches!(element, "br" | "col" | "hr" | "img" | "source" | "wbr")
}

/// The elements directly inside which alone `element` may stand; none if it may stand anywhere.
pub(crate) fn parents(element: &str) -> &'static [&'static str] {
    match element {
        "caption" | "colgroup" | "tbody" | "tfoot" | "thead" => &["table"],
        "col" => &["colgroup"],
        "tr" => &["tbody", "tfoot", "thead", "table"],
        "td" | "th" => &["tr"],
        _ => &[],
    }
}

/// Whether nothing but table structure may stand directly inside.
pub(crate) fn is_table_frame(element: &str) -> bool {
    matches!(element, "table" | "tbody" | "tfoot" | "thead" | "tr" | "colgroup")
}

/// Whether an element holds its content together: end tags inside do not reach out of it.
pub(crate) fn is_cell(element: &str) -> bool {
    matches!(element, "td" | "th" | "caption" | "table")
}

/// Whether it begins a block, which ends a paragraph.
pub(crate) fn is_block(element: &str) -> bool {
    matches!(
        element,
        "article"
            | "aside"
            | "blockquote"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "header"
            | "hr"
            | "li"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "ul"
    ) || is_heading(element)
}

/// Whether it is one of h1 to h6.
pub(crate) fn is_heading(element: &str) -> bool {
    matches!(element, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// Elements that go together with all they hold.
pub(crate) fn is_dropped_whole(name: &str) -> bool {
    ["svg", "object", "template", "select"].iter().any(|dropped| name.eq_ignore_ascii_case(dropped))
}

/// Elements whose content HTML reads as text rather than as markup.
pub(crate) fn is_raw_text(name: &str) -> bool {
    ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"]
        .iter()
        .any(|raw| name.eq_ignore_ascii_case(raw))
}

/// The judge: what it lets pass is all that anyone is ever shown.
pub(crate) fn judge() -> ammonia::Builder<'static> {
    let mut judge = ammonia::Builder::empty();
    judge
        .tags(ELEMENTS.iter().copied().collect())
        .clean_content_tags(HashSet::from([
            "script", "style", "iframe", "textarea", "title", "xmp", "noembed", "noframes",
        ]))
        .generic_attributes(GENERIC.iter().copied().collect())
        .tag_attributes(
            ATTRIBUTES
                .iter()
                .map(|(name, attributes)| (*name, attributes.iter().copied().collect()))
                .collect::<HashMap<_, _>>(),
        )
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .strip_comments(true);
    judge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted_so_that_each_is_found() {
        assert!(ELEMENTS.is_sorted());
        for element in ELEMENTS {
            assert_eq!(allowed(&element.to_uppercase()), Some(*element));
        }
        assert_eq!(allowed("script"), None);
        assert_eq!(allowed("anelementwithalongname"), None);
    }
}
