//! Tokens written down, so that HTML that is looked at twice (for its hash, and to be cleaned) is cut into tokens once.

use std::ops::Range;

use super::Tokens;
use crate::tags::Element;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Start,
    End,
}

/// A token, by where it stands in the HTML.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    at: u32,
    /// Of the text, or of the name.
    len: u32,
    attributes: u8,
    pub(super) kind: Kind,
    pub(super) element: Option<Element>,
    pub(super) is_plain: bool,
}

impl Piece {
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at as usize
    }

    /// Where the text or the name is.
    #[inline]
    pub(super) fn text(&self) -> Range<usize> {
        let before = match self.kind {
            Kind::Text => "",
            Kind::Start => "<",
            Kind::End => "</",
        };
        let begin = self.at() + before.len();
        begin..begin + self.len as usize
    }
}

/// An attribute: where its name and its value begin, and how long they are.
#[derive(Clone, Copy, Debug)]
struct Attribute {
    name: (u32, u32),
    value: (u32, u32),
}

/// All tokens of some HTML; none of HTML in which they are so dense that they would take more than twice its memory.
#[derive(Debug)]
pub(crate) struct Tape {
    pieces: Vec<Piece>,
    attributes: Vec<Attribute>,
    /// How many pieces and attributes it may still take; 0 for a tape that is given up.
    room: usize,
}

impl Tape {
    /// For HTML of `len` bytes; an empty one for HTML that is so long that its places have no numbers.
    pub(crate) fn new(len: usize) -> Self {
        let room = if u32::try_from(len).is_ok() { len / 8 + 4 } else { 0 };
        Self { pieces: Vec::with_capacity(room / 2), attributes: Vec::new(), room }
    }

    /// Of all of `html`.
    pub(crate) fn of(html: &str) -> Self {
        let mut tape = Self::new(html.len());
        let mut tokens = Tokens::new(html);
        while let Some(token) = tokens.next() {
            tokens.record(token, &mut tape);
        }
        tape
    }

    #[inline]
    pub(super) fn note(&mut self, kind: Kind, at: usize, len: usize, element: Option<Element>, is_plain: bool) {
        if self.take_room() {
            self.pieces.push(Piece { at: at as u32, len: len as u32, attributes: 0, kind, element, is_plain });
        }
    }

    /// Notes an attribute of the latest piece.
    pub(super) fn note_attribute(&mut self, html: &str, name: &str, value: &str) {
        // What is empty may stand anywhere.
        let begin =
            |part: &str| if part.is_empty() { 0 } else { part.as_ptr().addr().wrapping_sub(html.as_ptr().addr()) };
        let place = |part: &str| (begin(part) as u32, part.len() as u32);
        if self.take_room()
            && let Some(piece) = self.pieces.last_mut()
        {
            piece.attributes += 1;
            self.attributes.push(Attribute { name: place(name), value: place(value) });
        }
    }

    #[inline]
    fn take_room(&mut self) -> bool {
        self.room = self.room.saturating_sub(1);
        if self.room == 0 {
            (self.pieces, self.attributes) = (Vec::new(), Vec::new());
        }
        self.room > 0
    }

    /// What is on it, if nothing is missing.
    pub(super) fn replay(&self) -> Option<Replay<'_>> {
        (self.room > 0).then(|| Replay { pieces: self.pieces.iter(), attributes: &self.attributes })
    }
}

/// What is left of a tape.
#[derive(Clone, Debug)]
pub(super) struct Replay<'a> {
    pieces: std::slice::Iter<'a, Piece>,
    attributes: &'a [Attribute],
}

impl<'a> Replay<'a> {
    #[inline]
    pub(super) fn next_piece(&mut self) -> Option<&'a Piece> {
        self.pieces.next()
    }

    /// Where the names and the values of the attributes of the latest piece are.
    #[inline]
    pub(super) fn attributes_of(
        &mut self,
        piece: &Piece,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<'a> {
        let (now, later) = self.attributes.split_at_checked(usize::from(piece.attributes)).unwrap_or_default();
        self.attributes = later;
        let range = |(at, len): (u32, u32)| at as usize..at as usize + len as usize;
        now.iter().map(move |attribute| (range(attribute.name), range(attribute.value)))
    }
}
