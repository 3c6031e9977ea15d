//! HTML as a run of tags and text, the way browsers cut it (HTML standard §13.2.5), in one linear pass.
//!
//! Borrowed and shallow: it builds no tree and judges nothing.

mod piece;
mod tape;

use std::ops::Range;

use crate::lanes::{self, Search};
use crate::sanitise::chars;
use crate::swar;
use crate::tags::{self, Element};

use piece::Attribute;
pub(crate) use piece::{Kind, Piece};
use tape::Replay;
pub(crate) use tape::Tape;

/// A token of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Text with its entities unresolved; a `<` in it begins no tag.
    Text(&'a str),
    /// A start tag's name as written; its attributes are at [`Tokens::attribute`].
    Start(&'a str),
    /// An end tag's name as written.
    End(&'a str),
}

/// At most so many attributes of one tag are kept: more are never meant, and to tell doubles apart takes their square.
const MAX_ATTRIBUTES: usize = 32;

/// Cuts HTML into tokens. Comments, processing instructions and the content of scripts and the like are left out.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    html: &'a str,
    /// Where what is not read yet begins.
    next: usize,
    special: Search<'a>,
    attributes: Vec<Attribute>,
    /// How long their names are: a bit for each length.
    lengths: u32,
    /// Where the name of the element is whose raw text comes next.
    raw: Option<Range<usize>>,
    /// What is left of a tape of all of it.
    tape: Option<Replay<'a>>,
}

impl<'a> Tokens<'a> {
    /// Of `html`, of which nothing is read beyond 4 GiB.
    pub(crate) fn new(html: &'a str) -> Self {
        let html = &html[..html.floor_char_boundary(u32::MAX as usize)];
        Self {
            html,
            next: 0,
            special: Search::new(html.as_bytes()),
            attributes: Vec::new(),
            lengths: 0,
            raw: None,
            tape: None,
        }
    }

    /// Gives what is on `tape`, if it is whole, instead of reading `html` once more.
    pub(crate) fn of_tape(html: &'a str, tape: &'a Tape) -> Self {
        Self { tape: tape.replay(), ..Self::new(html) }
    }

    /// The raw value of an attribute of the latest start tag; the first counts, as in browsers.
    #[inline]
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        if self.lengths & length_bit(name.len()) == 0 {
            return None;
        }
        let is_it =
            |given: &&Attribute| given.name_len() == name.len() && given.name(self.html).eq_ignore_ascii_case(name);
        let given = self.attributes.iter().find(is_it)?;
        Some(given.value(self.html))
    }

    /// How long the names of the latest start tag's attributes are: a bit for each length.
    #[inline]
    pub(crate) fn lengths(&self) -> u32 {
        self.lengths
    }

    /// The text of a piece, or the name of a tag.
    #[inline]
    pub(crate) fn text_of(&self, piece: Piece) -> &'a str {
        self.html.get(piece.place()).unwrap_or_default()
    }

    /// What comes next.
    #[inline]
    pub(crate) fn next_piece(&mut self) -> Option<Piece> {
        let Some(tape) = &mut self.tape else { return self.read() };
        let piece = tape.next_piece()?;
        self.lengths = 0;
        self.attributes.clear();
        if piece.has_attributes() {
            self.attributes.extend_from_slice(tape.attributes_of(piece));
            self.lengths = self.attributes.iter().fold(0, |bits, given| bits | length_bit(given.name_len()));
        }
        Some(piece)
    }

    /// Skips from a start tag, the latest piece, to its end tag, or to the end of everything.
    pub(crate) fn skip_past(&mut self, start: Piece) {
        let name = start.place();
        if self.tape.take().is_some() {
            // Goes on without the tape, behind the tag.
            self.next = self.read_attributes(name.end).unwrap_or(self.html.len());
        }
        self.raw = None;
        self.skip_raw(name);
    }

    #[cold]
    fn skip_raw_text(&mut self) {
        if let Some(name) = self.raw.take() {
            self.skip_raw(name);
        }
    }

    /// Skips what `name` began, up to its end tag.
    fn skip_raw(&mut self, name: Range<usize>) {
        let (name, rest) = (&self.html[name], &self.html[self.next..]);
        self.next += end_tag(rest, name).unwrap_or(rest.len());
    }

    /// Reads what comes next.
    fn read(&mut self) -> Option<Piece> {
        loop {
            if self.raw.is_some() {
                self.skip_raw_text();
            }
            if !begins_markup(self.html.as_bytes(), self.next) {
                return self.read_text();
            }
            if let Some(piece) = self.read_markup() {
                return Some(piece);
            }
        }
    }

    /// Reads text up to the next tag or the like; `None` if nothing is left.
    #[inline]
    fn read_text(&mut self) -> Option<Piece> {
        let (bytes, at) = (self.html.as_bytes(), self.next);
        let mut end = self.special.next(at, chars::special);
        let is_plain = end == bytes.len() || begins_markup(bytes, end);
        while end < bytes.len() && !begins_markup(bytes, end) {
            end = lanes::find(&bytes[end + 1..], b'<').map_or(bytes.len(), |found| end + 1 + found);
        }
        self.next = end;
        (end > at).then(|| Piece::text(at, end - at, is_plain))
    }

    /// Reads the tag or the like that comes next; `None` if it is none that counts.
    #[inline]
    fn read_markup(&mut self) -> Option<Piece> {
        let (bytes, at) = (self.html.as_bytes(), self.next);
        let closing = bytes.get(at + 1) == Some(&b'/');
        let name_at = at + 1 + usize::from(closing);
        if !bytes.get(name_at).is_some_and(u8::is_ascii_alphabetic) {
            self.skip_bogus(name_at);
            return None;
        }
        let (len, element, is_lower) = tags::read_name(&bytes[name_at..]);
        let end = name_at + len;
        self.attributes.clear();
        self.lengths = 0;
        let is_bare = bytes.get(end) == Some(&b'>');
        if is_bare {
            self.next = end + 1;
        } else {
            // A tag that never ends is nothing, and nothing follows it.
            let after = self.read_attributes(end);
            self.next = after.unwrap_or(bytes.len());
            after?;
        }
        let kind = if closing { Kind::End } else { Kind::Start };
        let is_plain = is_lower && is_bare && element.is_some_and(|element| !(closing && element.is_void()));
        if !closing
            && element.is_none_or(|element| element == Element::Iframe)
            && tags::is_raw_text(&self.html[name_at..end])
        {
            self.raw = Some(name_at..end);
        }
        if closing {
            // Those of an end tag mean nothing.
            self.attributes.clear();
            self.lengths = 0;
        }
        let attributes = self.attributes.len() as u8;
        Some(Piece { at: at as u32, len: len as u32, attributes, kind, element, is_plain })
    }

    /// Reads a tag's attributes, which begin at `at`, up to and including `>`: where what follows begins; `None` if the tag never ends.
    fn read_attributes(&mut self, mut at: usize) -> Option<usize> {
        self.attributes.clear();
        self.lengths = 0;
        let bytes = self.html.as_bytes();
        loop {
            while is_gap(*bytes.get(at)?) {
                at += 1;
            }
            if bytes[at] == b'>' {
                return Some(at + 1);
            }
            let begin = at;
            // A name may begin with `=`, and end at one from its second character on.
            at = attribute_end(bytes, at + 1)?;
            let name = begin..at;
            at = skip_space(bytes, at);
            let mut value = 0..0;
            if bytes.get(at) == Some(&b'=') {
                (value, at) = read_value(bytes, skip_space(bytes, at + 1))?;
            }
            if self.attributes.len() < MAX_ATTRIBUTES {
                self.lengths |= length_bit(name.len());
                self.attributes.push(Attribute::new(name, value));
            }
        }
    }

    /// Skips a comment, a declaration or anything else that browsers take for one, of which the first two characters are read.
    #[cold]
    fn skip_bogus(&mut self, at: usize) {
        let inner = self.html.get(at..).unwrap_or_default();
        let rest = match inner.strip_prefix("!--") {
            Some(comment) => comment_end(comment),
            None => inner.split_once('>').map_or("", |(_, after)| after),
        };
        self.next = self.html.len() - rest.len();
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    #[inline]
    fn next(&mut self) -> Option<Token<'a>> {
        let piece = self.next_piece()?;
        let text = self.text_of(piece);
        Some(match piece.kind {
            Kind::Text => Token::Text(text),
            Kind::Start => Token::Start(text),
            Kind::End => Token::End(text),
        })
    }
}

/// The bit of an attribute whose name is so long.
#[inline]
pub(crate) const fn length_bit(len: usize) -> u32 {
    1 << if len < 31 { len } else { 31 }
}

/// Whether a tag, a comment or the like begins at `at`.
#[inline]
fn begins_markup(html: &[u8], at: usize) -> bool {
    html.get(at) == Some(&b'<')
        && match html.get(at + 1) {
            Some(b'!' | b'?') => true,
            Some(b'/') => html.len() > at + 2,
            Some(first) => first.is_ascii_alphabetic(),
            None => false,
        }
}

/// What follows a comment whose `<!--` is gone.
fn comment_end(comment: &str) -> &str {
    if let Some(after) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
        return after;
    }
    let mut rest = comment;
    while let Some((_, after)) = rest.split_once("--") {
        if let Some(end) = after.strip_prefix('>').or_else(|| after.strip_prefix("!>")) {
            return end;
        }
        // `--->` ends a comment too: the second dash may begin the end.
        rest = &rest[rest.len() - after.len() - 1..];
    }
    ""
}

/// Where the end tag of `name` begins.
fn end_tag(html: &str, name: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = html[at..].find("</") {
        let start = at + found + 2;
        let given = html.as_bytes().get(start..start + name.len());
        let after = html.as_bytes().get(start + name.len());
        if given.is_some_and(|given| given.eq_ignore_ascii_case(name.as_bytes()))
            && after.is_none_or(|after| is_gap(*after) || *after == b'>')
        {
            return Some(start - 2);
        }
        at = start;
    }
    None
}

/// Where the name of an attribute ends that goes on at `at`; `None` if the tag never ends.
#[inline]
fn attribute_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    if let Some(word) = bytes[at..].first_chunk() {
        let word = u64::from_le_bytes(*word);
        let marks = swar::zeros(word ^ swar::all(b'=')) | swar::zeros(word ^ swar::all(b'>'));
        let marks = marks | swar::zeros(word ^ swar::all(b'/')) | swar::below(word, 0x21);
        // What stands before the first mark ends nothing.
        at += ((marks & swar::HIGHEST).trailing_zeros() / 8) as usize;
    }
    while !matches!(*bytes.get(at)?, b'=' | b'>') && !is_gap(bytes[at]) {
        at += 1;
    }
    Some(at)
}

/// Where an attribute's value is that begins at `at`, and where what follows it begins; `None` if it never ends.
#[inline]
fn read_value(bytes: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    match *bytes.get(at)? {
        quote @ (b'"' | b'\'') => {
            let len = lanes::find(&bytes[at + 1..], quote)?;
            Some((at + 1..at + 1 + len, at + len + 2))
        }
        b'>' => Some((0..0, at)),
        _ => {
            let len = bytes[at..].iter().position(|byte| is_space(*byte) || *byte == b'>')?;
            Some((at..at + len, at + len))
        }
    }
}

/// White space of HTML.
#[inline]
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

/// What stands between attributes.
#[inline]
fn is_gap(byte: u8) -> bool {
    is_space(byte) || byte == b'/'
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::Token::{End, Start, Text};
    use super::*;

    fn check(html: &str, expected: &[Token<'_>]) {
        assert_eq!(Tokens::new(html).collect::<Vec<_>>(), expected, "{html}");
    }

    #[test]
    fn tags_are_cut_where_browsers_cut_them() {
        check("a < b <3 c", &[Text("a < b <3 c")]);
        check("<B class=x>y</B >", &[Start("B"), Text("y"), End("B")]);
        check("<i \"><b>z", &[Start("i"), Start("b"), Text("z")]);
        check("<i x=\"><b>\">z", &[Start("i"), Text("z")]);
        check("<i x='\">z", &[]);
        check("<i/x=y/>z", &[Start("i"), Text("z")]);
        check("x<", &[Text("x<")]);
        check("x</", &[Text("x</")]);
        check("</>x</ b>y", &[Text("x"), Text("y")]);
    }

    #[test]
    fn comments_and_scripts_are_left_out() {
        check("a<!-- <b> -->c", &[Text("a"), Text("c")]);
        check("a<!-->c", &[Text("a"), Text("c")]);
        check("a<!--x--!>c<!--y--->d", &[Text("a"), Text("c"), Text("d")]);
        check("a<?php echo 1 ?>c<!DOCTYPE x>", &[Text("a"), Text("c")]);
        check("a<script>1 </b> <</SCRIPT >c", &[Text("a"), Start("script"), End("SCRIPT"), Text("c")]);
        check("a<style>never ended", &[Text("a"), Start("style")]);
    }

    #[test]
    fn attributes_of_an_end_tag_mean_nothing() {
        let mut tokens = Tokens::new("</br title=x>");
        assert_eq!((tokens.next(), tokens.attribute("title")), (Some(End("br")), None));
    }

    #[test]
    fn the_first_of_double_attributes_counts() {
        let mut tokens = Tokens::new("<a HREF=1 href='2' x>");
        assert_eq!(tokens.next(), Some(Start("a")));
        assert_eq!(
            (tokens.attribute("href"), tokens.attribute("x"), tokens.attribute("y")),
            (Some("1"), Some(""), None)
        );
    }
}
