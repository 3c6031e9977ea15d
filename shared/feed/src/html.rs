//! HTML as a run of tags and text, the way browsers cut it (HTML standard §13.2.5), in one linear pass.
//!
//! Borrowed and shallow: it builds no tree and judges nothing.

use crate::swar;
use crate::tags::{self, Element};

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
    /// What the latest tag's name is called among the elements that stay.
    element: Option<Element>,
    /// The element whose raw text comes next.
    raw: Option<&'a str>,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(html: &'a str) -> Self {
        Self { rest: html, attributes: Vec::new(), element: None, raw: None }
    }

    /// The raw value of an attribute of the latest start tag; the first counts, as in browsers.
    #[inline]
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
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

    /// Skips to the end tag of `name`, or to the end of everything.
    pub(crate) fn skip_past(&mut self, name: &str) {
        self.raw = None;
        let end = end_tag(self.rest, name).unwrap_or(self.rest.len());
        self.rest = &self.rest[end..];
    }

    /// Reads a tag's attributes, up to and including `>`; `None` if the tag never ends.
    fn read_attributes(&mut self, rest: &'a str) -> Option<&'a str> {
        self.attributes.clear();
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
            }
        }
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
        let (len, element) = tags::read_name(name);
        let (name, rest) = name.split_at(len);
        self.element = element;
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

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some(raw) = self.raw.take() {
                self.skip_past(raw);
            }
            let whole = self.rest;
            let mut at = 0;
            loop {
                let Some(tag) = memchr::memchr(b'<', &whole.as_bytes()[at..]).map(|found| at + found) else {
                    self.rest = "";
                    return (!whole.is_empty()).then_some(Token::Text(whole));
                };
                self.rest = &whole[tag..];
                if begins_markup(self.rest) {
                    if tag > 0 {
                        return Some(Token::Text(&whole[..tag]));
                    }
                    break;
                }
                at = tag + 1;
            }
            if let Some(Some(token)) = self.read_markup() {
                return Some(token);
            }
        }
    }
}

/// Whether the `<` that `html` begins with begins a tag, a comment or the like.
fn begins_markup(html: &str) -> bool {
    match html.as_bytes() {
        [_, b'!' | b'?', ..] => true,
        [_, b'/', _, ..] => true,
        [_, first, ..] => first.is_ascii_alphabetic(),
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
            let len = memchr::memchr(quote, &value.as_bytes()[1..])?;
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
