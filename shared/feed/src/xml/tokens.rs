//! XML as a run of tags and text, however broken. quick-xml cuts what is whole; what it would refuse is mended or skipped here, and reading goes on.
//!
//! After a syntax error quick-xml has read to the end of the document. To resume behind each error would take the square of the input, so whether a
//! piece of markup is whole is known before quick-xml sees it: a tag ends at the first `>` outside of quotes, unless a `<` outside of quotes comes first.
//! That look ahead is linear as a whole: a quote changes which of three states (outside, in either kind of quotes) a scan is in by a permutation, so at
//! most three scans ever run over the same byte.

use std::borrow::Cow;

use memchr::{memchr, memchr2};
use quick_xml::Reader;
use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;

use crate::lanes::{self, Lane};

/// Attributes of one element that are read; real ones have fewer than twenty.
pub(super) const MAX_ATTRIBUTES: usize = 256;

/// How a CDATA section begins.
const CDATA: &str = "<![CDATA[";

/// A start tag or the tag of an empty element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// As written, with its prefix.
    pub(super) name: &'a str,
    /// What stands between the name and the end of the tag.
    pub(super) rest: &'a str,
    /// `<name/>`
    pub(super) is_empty: bool,
}

impl<'a> Tag<'a> {
    /// Of what stands between `<` and `>`.
    fn of(inside: &'a str) -> Self {
        let is_empty = inside.ends_with('/');
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let (name, rest) =
            inside.split_at(inside.bytes().position(|byte| is_space(byte.into())).unwrap_or(inside.len()));
        Self { name, rest, is_empty }
    }

    /// Names and raw values, the first [`MAX_ATTRIBUTES`].
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut attributes = Attributes::html(self.rest, 0);
        attributes.with_checks(false);
        attributes.take(MAX_ATTRIBUTES).filter_map(|attribute| match attribute {
            Ok(attribute) => match attribute.value {
                Cow::Borrowed(value) => Some((attribute.key.into_inner(), value)),
                Cow::Owned(_) => None,
            },
            Err(_) => None,
        })
    }

    /// The raw value of the attribute of this local name, in any case.
    pub(super) fn attribute(&self, local: &str) -> Option<&'a str> {
        self.attributes()
            .find(|(name, _)| super::names::local(name).eq_ignore_ascii_case(local))
            .map(|(_, value)| value)
    }
}

/// A piece of XML. Comments, processing instructions and declarations are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name …>` or `<name …/>`
    Start(Tag<'a>),
    /// `</name>`
    End(&'a str),
    /// With its entities unresolved. A `<` in it begins no tag.
    Text(&'a str),
    /// The inside of a CDATA section.
    CData(&'a str),
}

/// Cuts XML into tokens.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    reader: Reader<&'a [u8]>,
    /// Kinds of markup whose end comes nowhere in the rest.
    endless: Vec<&'static str>,
    /// Whether something was not well-formed.
    pub(super) is_malformed: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, reader: reader(text), endless: Vec::new(), is_malformed: false }
    }

    fn advance(&mut self, len: usize) {
        self.at += len;
        *self.reader.get_mut() = &self.text.as_bytes()[self.at..];
    }

    /// Reads the markup that `rest` begins with.
    fn markup(&mut self, rest: &'a str) -> Option<Token<'a>> {
        match rest.as_bytes().get(1) {
            Some(b'!') if rest.starts_with("<!--") => self.bounded("<!--"),
            Some(b'!') if rest.starts_with(CDATA) => self.cdata(rest),
            Some(b'?') if !rest.starts_with("<?xml") => self.bounded("<?"),
            // A declaration has no business here, and an XML declaration may lack its second `?`.
            Some(b'!' | b'?') => {
                self.is_malformed |= !rest.starts_with("<?");
                let end = memchr2(b'<', b'>', &rest.as_bytes()[2..]).map_or(rest.len(), |end| end + 2);
                self.advance(end + usize::from(rest[end..].starts_with('>')));
                None
            }
            Some(b'/') => Some(self.end(rest)),
            Some(first) if first.is_ascii_alphabetic() || matches!(first, b'_' | b':' | 0x80..) => {
                Some(self.start(rest))
            }
            _ => Some(self.bare(rest)),
        }
    }

    /// Reads markup that has an end of its own. Where that never comes, its beginning is skipped: what follows may be whole.
    fn bounded(&mut self, start: &'static str) -> Option<Token<'a>> {
        if !self.endless.contains(&start) {
            if self.read().is_some() {
                return None;
            }
            self.endless.push(start);
        }
        self.is_malformed = true;
        self.advance(start.len());
        None
    }

    /// As [`Self::bounded`], of a CDATA section: quick-xml looks at each `>` in it, of which HTML has many.
    fn cdata(&mut self, rest: &'a str) -> Option<Token<'a>> {
        if !self.endless.contains(&CDATA) {
            let inside = &rest[CDATA.len()..];
            if let Some(len) = cdata_end(inside.as_bytes()) {
                self.advance(CDATA.len() + len + "]]>".len());
                return Some(Token::CData(&inside[..len]));
            }
            self.endless.push(CDATA);
        }
        self.is_malformed = true;
        self.advance(CDATA.len());
        None
    }

    /// What quick-xml makes of the markup here; `None` if it refuses it, and nothing is read then.
    fn read(&mut self) -> Option<Event<'a>> {
        match self.reader.read_event() {
            Ok(event) => {
                self.at = self.text.len() - self.reader.get_ref().len();
                Some(event)
            }
            Err(_) => {
                self.reader = reader(&self.text[self.at..]);
                None
            }
        }
    }

    /// The last `len` bytes that were read, but for the `tail` behind them.
    fn inside(&self, len: usize, tail: usize) -> &'a str {
        &self.text[self.at - tail - len..self.at - tail]
    }

    fn start(&mut self, rest: &'a str) -> Token<'a> {
        // Without quotes there is but one way to read it.
        let end = lanes::find_where(&rest.as_bytes()[1..], delimits).map(|end| end + 1);
        if let Some(end) = end.filter(|end| rest.as_bytes()[*end] == b'>') {
            self.advance(end + 1);
            return Token::Start(Tag::of(&rest[1..end]));
        }
        match extent(rest.as_bytes()) {
            Extent::Whole => match self.read() {
                Some(Event::Start(tag)) => self.tag(tag.len(), tag.name().as_ref().len(), false),
                Some(Event::Empty(tag)) => self.tag(tag.len(), tag.name().as_ref().len(), true),
                _ => self.bare(rest),
            },
            Extent::Sloppy(len) => {
                self.is_malformed = true;
                self.advance(len);
                Token::Start(Tag::of(&rest[1..len - 1]))
            }
            Extent::None => self.bare(rest),
        }
    }

    fn tag(&self, len: usize, name: usize, is_empty: bool) -> Token<'a> {
        let (name, rest) = self.inside(len, 1 + usize::from(is_empty)).split_at(name);
        Token::Start(Tag { name, rest, is_empty })
    }

    fn end(&mut self, rest: &'a str) -> Token<'a> {
        let end = lanes::find_where(&rest.as_bytes()[2..], delimits).map(|end| end + 2);
        match end {
            Some(end) if rest.as_bytes()[end] == b'>' => {
                self.advance(end + 1);
                Token::End(rest[2..end].trim())
            }
            _ => {
                self.is_malformed = true;
                let end = memchr2(b'<', b'>', &rest.as_bytes()[2..]).map_or(rest.len(), |end| end + 2);
                self.advance(end + usize::from(rest[end..].starts_with('>')));
                Token::End(rest[2..end].split(is_space).next().unwrap_or_default())
            }
        }
    }

    /// A `<` that begins nothing, and the text behind it.
    fn bare(&mut self, rest: &'a str) -> Token<'a> {
        self.is_malformed = true;
        let len = memchr(b'<', &rest.as_bytes()[1..]).map_or(rest.len(), |next| next + 1);
        self.advance(len);
        Token::Text(&rest[..len])
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.text[self.at..];
            let text = match lanes::find(rest.as_bytes(), b'<') {
                Some(0) => match self.markup(rest) {
                    Some(token) => return Some(token),
                    None => continue,
                },
                Some(markup) => &rest[..markup],
                None if rest.is_empty() => return None,
                None => rest,
            };
            self.advance(text.len());
            return Some(Token::Text(text));
        }
    }
}

fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

/// Marks what ends a tag, or the part of it that has but one reading.
#[inline]
fn delimits(lane: Lane) -> Lane {
    lanes::are(lane, b'<') | lanes::are(lane, b'>') | lanes::are(lane, b'"') | lanes::are(lane, b'\'')
}

/// Where a CDATA section ends.
fn cdata_end(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += lanes::find(&inside[at..], b']')?;
        if inside[at..].starts_with(b"]]>") {
            return Some(at);
        }
        at += 1;
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// How much of the text that begins with `<` is a tag.
enum Extent {
    /// As much as quick-xml takes for one.
    Whole,
    /// So many bytes, whatever its quotes say.
    Sloppy(usize),
    /// Nothing.
    None,
}

fn extent(rest: &[u8]) -> Extent {
    let mut quote = None;
    let (mut before, mut is_stray, mut holds_less) = (b'<', false, false);
    for &byte in &rest[1..] {
        match (quote, byte) {
            // A quote that follows no `=` and holds a tag was not meant.
            (None, b'>') if is_stray && holds_less => break,
            (None, b'>') => return Extent::Whole,
            (None, b'<') => break,
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                is_stray |= before != b'=';
            }
            (Some(open), byte) if open == byte => quote = None,
            (Some(_), b'<') => holds_less = true,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    match memchr2(b'<', b'>', &rest[1..]) {
        Some(end) if rest[end + 1] == b'>' => Extent::Sloppy(end + 2),
        _ => Extent::None,
    }
}

#[cfg(test)]
mod tests {
    use super::Token::{CData, End, Text};
    use super::*;

    fn start<'a>(name: &'a str, rest: &'a str) -> Token<'a> {
        Token::Start(Tag { name, rest, is_empty: false })
    }

    fn check(xml: &str, expected: &[Token<'_>], is_malformed: bool) {
        let mut tokens = Tokens::new(xml);
        assert_eq!(tokens.by_ref().collect::<Vec<_>>(), expected, "{xml}");
        assert_eq!(tokens.is_malformed, is_malformed, "{xml}");
    }

    #[test]
    fn whole_markup_is_cut_as_xml_says() {
        check("<a b='>'>x &amp; y</a >", &[start("a", " b='>'"), Text("x &amp; y"), End("a")], false);
        check("<a/>", &[Token::Start(Tag { name: "a", rest: "", is_empty: true })], false);
        check("a<!-- <b> --><![CDATA[<c>]]><?d <e> ?>f", &[Text("a"), CData("<c>"), Text("f")], false);
        check("<a b='<c>'>", &[start("a", " b='<c>'")], false);
        check("<é:ü>", &[start("é:ü", "")], false);
    }

    #[test]
    fn behind_broken_markup_reading_goes_on() {
        check("a < b <3 c<d>", &[Text("a "), Text("< b "), Text("<3 c"), start("d", "")], true);
        check("a <b c <d>", &[Text("a "), Text("<b c "), start("d", "")], true);
        check("<a b=\"c>d</a><e f=\"g\">", &[start("a", " b=\"c"), Text("d"), End("a"), start("e", " f=\"g\"")], true);
        check(
            "<a b=\"c\" d\">e</a><f g=\"h\">",
            &[start("a", " b=\"c\" d\""), Text("e"), End("a"), start("f", " g=\"h\"")],
            true,
        );
        check("x<!-- y<z>", &[Text("x"), Text(" y"), start("z", "")], true);
        check("x<![CDATA[ y<z>", &[Text("x"), Text(" y"), start("z", "")], true);
        check("<![endif]>x<!ENTITY>y<?xml version='1.0'>z", &[Text("x"), Text("y"), Text("z")], true);
        check("<a></a<b>", &[start("a", ""), End("a"), start("b", "")], true);
        check("<a></a", &[start("a", ""), End("a")], true);
        check("x<", &[Text("x"), Text("<")], true);
    }

    #[test]
    fn attributes_are_read_as_in_html() {
        let tag = Tag { name: "a", rest: " b=c D='e' x:f=\"&lt;\" g b=2", is_empty: false };
        assert_eq!(
            tag.attributes().collect::<Vec<_>>(),
            [("b", "c"), ("D", "e"), ("x:f", "&lt;"), ("g", ""), ("b", "2")]
        );
        assert_eq!((tag.attribute("d"), tag.attribute("f"), tag.attribute("z")), (Some("e"), Some("&lt;"), None));
    }
}
