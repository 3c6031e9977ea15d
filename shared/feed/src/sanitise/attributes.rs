//! Which attributes each element keeps, and which values they may have.

use std::borrow::Cow;

use url::Url;

use super::{link, pictures, players};
use crate::html::length_bit;
use crate::tags::Element;
use crate::text::unescape;

/// Bytes of an attribute that holds no link.
const MAX_TEXT: usize = 1024;

/// What an attribute may say.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A few digits; units are cut off.
    Digits,
    /// As [`Kind::Digits`], perhaps negative.
    Integer,
    /// As [`Kind::Digits`], perhaps in percent.
    Length,
    /// A language tag.
    Language,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Nothing: that it is there says all.
    Flag,
    /// The language of a program, as highlighters look for it.
    Class,
    /// Where something is: http(s).
    Web,
    /// Where a link leads.
    Href,
    /// Where a picture is, or the picture itself.
    Image,
    /// Pictures to choose from.
    Candidates,
    /// A player of our list.
    Player,
    /// This value, which we give it.
    Only(&'static str),
    /// This value, which we always give it.
    Always(&'static str),
}

use Kind::*;

/// An attribute that stays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// How it is written up to its value: a space, the name, `="`.
    pub(super) begin: &'static str,
    pub(super) kind: Kind,
}

/// What the elements of tables may say about their cells.
const ALIGN: Kind = Choice(&["left", "right", "center", "justify"]);

/// One rule.
macro_rules! rule {
    ($name:literal, $kind:expr) => {
        $crate::sanitise::attributes::Rule { name: $name, begin: concat!(" ", $name, "=\""), kind: $kind }
    };
}
pub(super) use rule;

/// Rules in the order in which the attributes are written, those for any element after those in front of the `;`.
macro_rules! rules {
    ($($name:literal $kind:expr),*; $($last:literal $last_kind:expr),*) => {
        &[
            $(rule!($name, $kind),)*
            rule!("dir", Choice(&["ltr", "rtl", "auto"])),
            rule!("lang", Language),
            rule!("title", Text),
            $(rule!($last, $last_kind),)*
        ]
    };
}

/// The attributes that `element` keeps.
pub(super) fn rules(element: Element) -> &'static [Rule] {
    RULES[element as usize]
}

/// How long the names of the attributes are that `element` keeps: a bit for each length.
#[inline]
pub(super) fn lengths(element: Element) -> u32 {
    LENGTHS[element as usize]
}

/// [`lengths`], by the element's number.
static LENGTHS: [u32; Element::COUNT] = {
    let mut lengths = [0; Element::COUNT];
    let mut number = 0;
    while number < Element::COUNT {
        let rules = rules_of(Element::ALL[number]);
        let mut rule = 0;
        while rule < rules.len() {
            lengths[number] |= length_bit(rules[rule].name.len());
            rule += 1;
        }
        number += 1;
    }
    lengths
};

/// Whether there are attributes that `element` always has.
#[inline]
pub(super) fn needs_any(element: Element) -> bool {
    // A link, and what plays.
    matches!(element, Element::A | Element::Audio | Element::Iframe | Element::Video)
}

/// [`rules`], by the element's number.
static RULES: [&[Rule]; Element::COUNT] = {
    let mut rules: [&[Rule]; Element::COUNT] = [&[]; Element::COUNT];
    let mut number = 0;
    while number < Element::COUNT {
        rules[number] = rules_of(Element::ALL[number]);
        number += 1;
    }
    rules
};

const fn rules_of(element: Element) -> &'static [Rule] {
    use Element::*;
    match element {
        A => rules!["href" Href, "hreflang" Language; "target" Only("_blank"), "rel" Always("noopener noreferrer")],
        Audio => rules!["src" Web, "loop" Flag; "controls" Always("")],
        Blockquote | Q => rules!["cite" Web;],
        Code => rules!["class" Class;],
        Col | Colgroup => rules!["span" Digits, "align" ALIGN;],
        Del | Ins => rules!["cite" Web, "datetime" Text;],
        Details => rules!["open" Flag;],
        Iframe => players::RULES,
        Img => rules!["src" Image, "srcset" Candidates, "sizes" Text, "alt" Text, "width" Length, "height" Length;],
        Li => rules!["value" Integer;],
        Ol => rules!["start" Integer, "reversed" Flag, "type" Choice(&["1", "a", "A", "i", "I"]);],
        Source => rules!["src" Web, "srcset" Candidates, "sizes" Text, "media" Text, "type" Text;],
        Table => rules!["align" ALIGN;],
        Td => rules!["colspan" Digits, "rowspan" Digits, "align" ALIGN;],
        Th => {
            rules!["colspan" Digits, "rowspan" Digits, "align" ALIGN, "scope" Choice(&["row", "col", "rowgroup", "colgroup"]);]
        }
        Time => rules!["datetime" Text;],
        Tr | Tbody | Tfoot | Thead => rules!["align" ALIGN;],
        Track => rules!["src" Web, "kind" Choice(&["subtitles", "captions", "descriptions", "chapters"]),
            "srclang" Language, "label" Text, "default" Flag;],
        Video => {
            rules!["src" Web, "poster" Web, "loop" Flag, "muted" Flag, "width" Length, "height" Length; "controls" Always("")]
        }
        _ => rules![;],
    }
}

/// A raw value as it may stand, entities resolved; `None` if the attribute has to go.
pub(super) fn normal<'a>(kind: Kind, raw: &'a str, base: Option<&Url>) -> Option<Cow<'a, str>> {
    match kind {
        Text => Some(text(raw)),
        Digits => leading(raw, 0, false).map(Cow::Borrowed),
        Integer => leading(raw, usize::from(raw.trim_start().starts_with('-')), false).map(Cow::Borrowed),
        Length => length(raw).map(Cow::Borrowed),
        Language => Some(raw.trim()).filter(|language| is_language(language)).map(Cow::Borrowed),
        Choice(words) => choose(words, raw.trim()).map(Cow::Borrowed),
        Flag => Some(Cow::Borrowed("")),
        Class => class(raw),
        Web => link::web(raw, base),
        Href => link::href(raw, base),
        Image => link::image(raw, base),
        Candidates => pictures::candidates(&unescape(raw), base).map(Cow::Owned),
        Player | Only(_) => None,
        Always(value) => Some(Cow::Borrowed(value)),
    }
}

/// Whether a value, entities resolved, is one that [`normal`] gives or that we give.
pub(super) fn fits(kind: Kind, value: &str) -> bool {
    match kind {
        Text => value.len() <= MAX_TEXT && !value.bytes().any(|byte| byte.is_ascii_control()),
        Digits | Integer | Length | Language | Choice(_) | Class => {
            normal(kind, value, None).is_some_and(|normal| normal == value)
        }
        Flag => value.is_empty(),
        Web => link::is_web(value),
        Href => link::is_href(value),
        Image => link::is_image(value),
        Candidates => pictures::are_candidates(value),
        Player => players::is_player(value),
        Only(only) | Always(only) => value == only,
    }
}

/// Whether a value [fits](fits) that is written with references, if that shows without resolving them.
pub(super) fn fits_as_written(kind: Kind, value: &str) -> bool {
    matches!(kind, Web | Href | Image) && link::is_written(value)
}

/// Any text on one line.
fn text(raw: &str) -> Cow<'_, str> {
    let mut text = unescape(raw);
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        text = Cow::Owned(text.replace(|c: char| c.is_ascii_control(), " "));
    }
    let len = text.floor_char_boundary(MAX_TEXT);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..len]),
        Cow::Owned(mut text) => {
            text.truncate(len);
            Cow::Owned(text)
        }
    }
}

/// A width or height as it stays: digits, perhaps in percent.
pub(super) fn length(raw: &str) -> Option<&str> {
    leading(raw, 0, true)
}

/// The digits that `raw` begins with after `sign` bytes, at most five.
fn leading(raw: &str, sign: usize, percent: bool) -> Option<&str> {
    let raw = raw.trim_start();
    let digits = raw.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    if !(1..=5).contains(&digits) {
        return None;
    }
    let len = sign + digits;
    Some(if percent && raw[len..].starts_with('%') { &raw[..=len] } else { &raw[..len] })
}

fn is_language(tag: &str) -> bool {
    (1..=35).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The word meant, in any case; but if case tells two of them apart, it counts.
fn choose(words: &[&'static str], given: &str) -> Option<&'static str> {
    let exact = words.iter().find(|word| **word == given);
    exact.or_else(|| words.iter().find(|word| word.eq_ignore_ascii_case(given))).copied()
}

/// The class that names the language of a program.
fn class(raw: &str) -> Option<Cow<'_, str>> {
    let (class, language) = raw.split_ascii_whitespace().find_map(|class| {
        let language = class.strip_prefix("language-").or_else(|| class.strip_prefix("lang-"))?;
        Some((class, language))
    })?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+#-._".contains(&byte);
    let fits = (1..=32).contains(&language.len()) && language.bytes().all(is_name);
    fits.then(|| match class.starts_with("language-") {
        true => Cow::Borrowed(class),
        false => Cow::Owned(format!("language-{language}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_elements_always_have_an_attribute() {
        for element in Element::all() {
            let always = rules(element).iter().any(|rule| matches!(rule.kind, Always(_)));
            assert_eq!(needs_any(element), always, "{element:?}");
        }
    }
}
