//! Tokens and attributes by where they stand, without what they say: small enough to be passed on and written down.

use std::ops::Range;

use crate::tags::Element;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Start,
    End,
}

/// A token, by where it stands in the HTML.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(super) at: u32,
    /// Of the text, or of the name.
    pub(super) len: u32,
    pub(super) attributes: u8,
    pub(crate) kind: Kind,
    /// What a tag's name is called among the elements that stay.
    pub(crate) element: Option<Element>,
    /// Whether it is the same when it is written anew: text without a [special](crate::sanitise::chars::special) character, a tag without attributes in its one form.
    pub(crate) is_plain: bool,
}

impl Piece {
    /// A text.
    #[inline]
    pub(super) fn text(at: usize, len: usize, is_plain: bool) -> Self {
        Self { at: at as u32, len: len as u32, attributes: 0, kind: Kind::Text, element: None, is_plain }
    }

    /// Where it begins.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at as usize
    }

    /// How long the text or the name is.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are attributes.
    #[inline]
    pub(crate) fn has_attributes(&self) -> bool {
        self.attributes > 0
    }

    /// Where the text or the name is.
    #[inline]
    pub(super) fn place(&self) -> Range<usize> {
        let before = match self.kind {
            Kind::Text => "",
            Kind::Start => "<",
            Kind::End => "</",
        };
        let begin = self.at() + before.len();
        begin..begin + self.len()
    }
}

/// An attribute: where its name and its value begin, and how long they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    name: (u32, u32),
    value: (u32, u32),
}

impl Attribute {
    pub(super) fn new(name: Range<usize>, value: Range<usize>) -> Self {
        let place = |range: Range<usize>| (range.start as u32, range.len() as u32);
        Self { name: place(name), value: place(value) }
    }

    #[inline]
    pub(super) fn name_len(&self) -> usize {
        self.name.1 as usize
    }

    pub(super) fn name<'a>(&self, html: &'a str) -> &'a str {
        part(html, self.name)
    }

    pub(super) fn value<'a>(&self, html: &'a str) -> &'a str {
        part(html, self.value)
    }
}

#[inline]
fn part(html: &str, (at, len): (u32, u32)) -> &str {
    html.get(at as usize..at as usize + len as usize).unwrap_or_default()
}
