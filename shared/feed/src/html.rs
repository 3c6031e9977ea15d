//! HTML as a run of tags and text, the way browsers cut it (HTML standard §13.2.5), in one linear pass.
//!
//! Borrowed and shallow: it builds no tree and judges nothing.

mod tape;

use crate::lanes;
use crate::sanitise::chars;
use crate::swar;
use crate::tags::{self, Element};

pub(crate) use tape::Tape;
use tape::{Kind, Replay};

/// A piece of HTML.
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
    rest: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    /// How long their names are: a bit for each length.
    lengths: u32,
    /// What the latest tag's name is called among the elements that stay.
    element: Option<Element>,
    /// Whether the latest text is the same when it is written anew.
    is_plain: bool,
    /// Where the latest text or tag begins.
    at: usize,
    /// The element whose raw text comes next.
    raw: Option<&'a str>,
    html: &'a str,
    /// What is left of a tape of all of it.
    tape: Option<Replay<'a>>,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(html: &'a str) -> Self {
        Self {
            rest: html,
            attributes: Vec::new(),
            lengths: 0,
            element: None,
            is_plain: false,
            at: 0,
            raw: None,
            html,
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
        if self.lengths & length_bit(name) == 0 {
            return None;
        }
        self.attributes.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Whether the latest start tag has any attributes.
    #[inline]
    pub(crate) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// The element of the latest tag, if it is one that stays.
    #[inline]
    pub(crate) fn element(&self) -> Option<Element> {
        self.element
    }

    /// Where the latest token begins, if it is the same when it is written anew: text without a [special](chars::special) character, a tag without
    /// attributes in its one form.
    #[inline]
    pub(crate) fn plain_at(&self) -> Option<usize> {
        self.is_plain.then_some(self.at)
    }

    /// All from the latest token on.
    #[inline]
    pub(crate) fn since_latest(&self) -> &'a [u8] {
        &self.html.as_bytes()[self.at..]
    }

    /// Notes the latest token on a tape.
    #[inline]
    pub(crate) fn record(&self, token: Token<'_>, tape: &mut Tape) {
        let (kind, len) = match token {
            Token::Text(text) => (Kind::Text, text.len()),
            Token::Start(name) => (Kind::Start, name.len()),
            Token::End(name) => (Kind::End, name.len()),
        };
        tape.note(kind, self.at, len, self.element, self.is_plain);
        if kind == Kind::Start {
            for (name, value) in &self.attributes {
                tape.note_attribute(self.html, name, value);
            }
        }
    }

    /// Gives what comes next on the tape.
    #[inline]
    fn replay(&mut self, tape: &mut Replay<'a>) -> Option<Token<'a>> {
        let piece = tape.next_piece()?;
        (self.at, self.element, self.is_plain, self.lengths) = (piece.at(), piece.element, piece.is_plain, 0);
        self.attributes.clear();
        for (name, value) in tape.attributes_of(piece) {
            let (name, value) = (self.html.get(name)?, self.html.get(value)?);
            self.lengths |= length_bit(name);
            self.attributes.push((name, value));
        }
        let text = self.html.get(piece.text())?;
        Some(match piece.kind {
            Kind::Text => Token::Text(text),
            Kind::Start => Token::Start(text),
            Kind::End => Token::End(text),
        })
    }

    /// Goes on without the tape, behind the latest start tag, of `name`.
    fn leave_tape(&mut self, name: &str) {
        if self.tape.take().is_some() {
            let behind = self.html.get(self.at + "<".len() + name.len()..).unwrap_or_default();
            self.rest = self.read_attributes(behind).unwrap_or_default();
        }
    }

    /// Skips from the latest start tag, of `name`, to its end tag, or to the end of everything.
    pub(crate) fn skip_past(&mut self, name: &str) {
        self.leave_tape(name);
        self.raw = None;
        let end = end_tag(self.rest, name).unwrap_or(self.rest.len());
        self.rest = &self.rest[end..];
    }

    /// Reads a tag's attributes, up to and including `>`; `None` if the tag never ends.
    fn read_attributes(&mut self, rest: &'a str) -> Option<&'a str> {
        self.attributes.clear();
        self.lengths = 0;
        if let Some(after) = rest.strip_prefix('>') {
            return Some(after);
        }
        let bytes = rest.as_bytes();
        let mut at = 0;
        loop {
            while is_gap(*bytes.get(at)?) {
                at += 1;
            }
            if bytes[at] == b'>' {
                return Some(&rest[at + 1..]);
            }
            let name = at;
            // A name may begin with `=`, and end at one from its second character on.
            at = attribute_end(bytes, at + 1)?;
            let name = &rest[name..at];
            at = skip_space(bytes, at);
            let mut value = "";
            if bytes.get(at) == Some(&b'=') {
                (value, at) = read_value(rest, skip_space(bytes, at + 1))?;
            }
            if self.attributes.len() < MAX_ATTRIBUTES {
                self.attributes.push((name, value));
                self.lengths |= length_bit(name);
            }
        }
    }

    /// Reads text up to the next tag or the like; `None` if nothing is left.
    #[inline]
    fn read_text(&mut self) -> Option<Token<'a>> {
        let bytes = self.rest.as_bytes();
        self.at = self.html.len() - bytes.len();
        let mut next = lanes::find_where(bytes, chars::special);
        self.is_plain = next.is_none_or(|at| begins_markup(&bytes[at..]));
        let end = loop {
            match next {
                Some(at) if begins_markup(&bytes[at..]) => break at,
                Some(at) => next = lanes::find(&bytes[at + 1..], b'<').map(|found| at + 1 + found),
                None => break bytes.len(),
            }
        };
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!text.is_empty()).then_some(Token::Text(text))
    }

    /// Reads the tag or the like that `rest` begins with. `None` if it is text after all.
    fn read_markup(&mut self) -> Option<Option<Token<'a>>> {
        let inner = &self.rest[1..];
        let (closing, name) = match inner.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, inner),
        };
        match name.bytes().next() {
            Some(first) if first.is_ascii_alphabetic() => {}
            Some(_) if closing => return self.skip_bogus(name),
            Some(b'!' | b'?') => return self.skip_bogus(name),
            _ => return None,
        }
        let (len, element, is_lower) = tags::read_name(name);
        let (name, rest) = name.split_at(len);
        self.element = element;
        self.at = self.html.len() - self.rest.len();
        let has_its_form = is_lower && rest.as_bytes().first() == Some(&b'>');
        self.is_plain = has_its_form && element.is_some_and(|element| !(closing && element.is_void()));
        // A tag that never ends is nothing, and nothing follows it.
        let after = self.read_attributes(rest);
        self.rest = after.unwrap_or("");
        if after.is_none() {
            return Some(None);
        }
        if closing {
            return Some(Some(Token::End(name)));
        }
        if self.element.is_none_or(|element| element == Element::Iframe) && tags::is_raw_text(name) {
            self.raw = Some(name);
        }
        Some(Some(Token::Start(name)))
    }

    /// Skips a comment, a declaration or anything else that browsers take for one.
    fn skip_bogus(&mut self, inner: &'a str) -> Option<Option<Token<'a>>> {
        self.rest = match inner.strip_prefix("!--") {
            Some(comment) => comment_end(comment),
            None => inner.split_once('>').map_or("", |(_, after)| after),
        };
        Some(None)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    #[inline]
    fn next(&mut self) -> Option<Token<'a>> {
        match self.tape.take() {
            Some(mut tape) => {
                let token = self.replay(&mut tape);
                self.tape = Some(tape);
                token
            }
            None => self.read(),
        }
    }
}

impl<'a> Tokens<'a> {
    /// Reads what comes next.
    fn read(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some(raw) = self.raw.take() {
                self.skip_past(raw);
            }
            if !begins_markup(self.rest.as_bytes()) {
                return self.read_text();
            }
            if let Some(Some(token)) = self.read_markup() {
                return Some(token);
            }
        }
    }
}

/// The bit of an attribute whose name is as long as this one.
#[inline]
fn length_bit(name: &str) -> u32 {
    1 << name.len().min(31)
}

/// Whether `html` begins with a tag, a comment or the like.
#[inline]
fn begins_markup(html: &[u8]) -> bool {
    match html {
        [b'<', b'!' | b'?', ..] => true,
        [b'<', b'/', _, ..] => true,
        [b'<', first, ..] => first.is_ascii_alphabetic(),
        _ => false,
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

/// An attribute's value that begins at `at`, and where what follows it begins; `None` if it never ends.
fn read_value(rest: &str, at: usize) -> Option<(&str, usize)> {
    let value = &rest[at..];
    match *value.as_bytes().first()? {
        quote @ (b'"' | b'\'') => {
            let len = lanes::find(&value.as_bytes()[1..], quote)?;
            Some((&value[1..=len], at + len + 2))
        }
        b'>' => Some(("", at)),
        _ => {
            let len = value.bytes().position(|byte| is_space(byte) || byte == b'>')?;
            Some((&value[..len], at + len))
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
    fn the_first_of_double_attributes_counts() {
        let mut tokens = Tokens::new("<a HREF=1 href='2' x>");
        assert_eq!(tokens.next(), Some(Start("a")));
        assert_eq!(
            (tokens.attribute("href"), tokens.attribute("x"), tokens.attribute("y")),
            (Some("1"), Some(""), None)
        );
    }
}
