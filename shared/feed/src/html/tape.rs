//! Tokens written down, so that HTML that is looked at twice (for its hash, and to be cleaned) is cut into tokens once.

use super::Tokens;
use super::piece::{Attribute, Piece};

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
        Self { pieces: Vec::with_capacity(room / 2), attributes: Vec::with_capacity(room / 8), room }
    }

    /// Of all of `html`.
    pub(crate) fn of(html: &str) -> Self {
        let mut tape = Self::new(html.len());
        let mut tokens = Tokens::new(html);
        while let Some(piece) = tokens.next_piece() {
            tape.note(piece, &tokens);
        }
        tape
    }

    /// Notes the latest piece of `tokens`.
    #[inline]
    pub(crate) fn note(&mut self, piece: Piece, tokens: &Tokens<'_>) {
        let takes = 1 + usize::from(piece.attributes);
        if self.room <= takes {
            // Given up.
            (self.pieces, self.attributes, self.room) = (Vec::new(), Vec::new(), 0);
            return;
        }
        self.room -= takes;
        self.pieces.push(piece);
        if piece.has_attributes() {
            self.attributes.extend_from_slice(&tokens.attributes);
        }
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
    pub(super) fn next_piece(&mut self) -> Option<Piece> {
        self.pieces.next().copied()
    }

    /// The attributes of the latest piece.
    #[inline]
    pub(super) fn attributes_of(&mut self, piece: Piece) -> &'a [Attribute] {
        let (now, later) = self.attributes.split_at_checked(usize::from(piece.attributes)).unwrap_or_default();
        self.attributes = later;
        now
    }
}
