//! What makes an entry an edit: its text and links, in a form that layout and tracking do not change.
//!
//! The hash is XXH3, no cryptographic one: who can make two texts of one hash writes both of them, and only hides edits of their own.

use domain::parsed::ContentHash;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::draft::{Draft, Markup};
use crate::html::{Kind, Tape, Tokens};
use crate::{lanes, links};

/// Bytes that are hashed at once; most entries have fewer.
const BLOCK: usize = 16 * 1024;
/// Bytes that are read and written at once, at least, for 32 of them that count.
const OVER: usize = 48;

/// Hashes entries one after the other, all in the same room.
pub(super) struct Hasher {
    /// With room for what is written over the end.
    block: Box<[u8; BLOCK + OVER]>,
    len: usize,
    /// The hash of the blocks before this one.
    hash: u64,
    link: String,
    /// Room to resolve its entities in.
    room: String,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { block: Box::new([0; BLOCK + OVER]), len: 0, hash: 0, link: String::new(), room: String::new() }
    }

    /// Over title, summary, content and files.
    ///
    /// What HTML is cut into on the way is noted there, for who cleans it.
    pub(super) fn hash(&mut self, draft: &mut Draft) -> ContentHash {
        self.words(draft.item.title.as_deref().unwrap_or_default());
        for markup in [&mut draft.summary, &mut draft.content] {
            self.mark(0);
            if let Some(markup) = markup {
                self.markup(markup);
            }
        }
        for enclosure in &draft.item.enclosures {
            self.mark(0);
            self.link(&enclosure.url);
        }
        self.finish()
    }

    fn finish(&mut self) -> ContentHash {
        self.flush();
        if self.len > 0 {
            self.flush();
        }
        ContentHash(std::mem::take(&mut self.hash).to_be_bytes())
    }

    fn markup(&mut self, markup: &mut Markup) {
        if !markup.is_html {
            return self.words(&markup.body);
        }
        let mut tape = Tape::new(markup.body.len());
        let mut tokens = Tokens::new(&markup.body);
        while let Some(piece) = tokens.next_piece() {
            tape.note(piece, &tokens);
            match piece.kind {
                Kind::Text => self.words_within(&markup.body.as_bytes()[piece.at()..], piece.len()),
                Kind::Start if piece.has_attributes() => {
                    for attribute in ["href", "src"] {
                        if let Some(link) = tokens.attribute(attribute) {
                            self.mark(1);
                            self.link(link);
                            self.mark(2);
                        }
                    }
                }
                Kind::Start | Kind::End => {}
            }
        }
        markup.tape = Some(tape);
    }

    /// Text without its white space, which between tags comes and goes with how the page is laid out.
    fn words(&mut self, text: &str) {
        self.words_within(text.as_bytes(), text.len());
    }

    /// As [`Self::words`], of the first `len` bytes of `text`: that there are more makes it faster.
    fn words_within(&mut self, text: &[u8], len: usize) {
        let mut at = 0;
        while at < len {
            match text.get(at..).and_then(<[u8]>::first_chunk) {
                Some(chunk) => self.chunk(chunk, len - at),
                None => self.last_chunk(&text[at..], len - at),
            }
            at += 32;
        }
    }

    /// What is no white space of the first `len` bytes of `chunk`, at most 32.
    #[inline]
    fn chunk(&mut self, chunk: &[u8; OVER], len: usize) {
        if self.len >= BLOCK {
            self.flush();
        }
        let (Some(first), Some(room)) = (chunk.first_chunk(), self.block[self.len..].first_chunk_mut()) else { return };
        let blanks = lanes::mask(first, |lane| lanes::are_within(lane, 0, b' '));
        let mut words = !blanks & u32::MAX.unbounded_shr(32_u32.saturating_sub(len as u32));
        let mut to = 0;
        while words != 0 {
            let begin = words.trailing_zeros() as usize;
            let word = (!(words >> begin)).trailing_zeros() as usize;
            copy(chunk, begin, room, to);
            if word > 16 {
                copy(chunk, begin + 16, room, to + 16);
            }
            to += word;
            // The sum carries over the word.
            words &= words.wrapping_add(1 << begin);
        }
        self.len += to;
    }

    /// As [`Self::chunk`], of a text that is no longer than that.
    #[cold]
    #[inline(never)]
    fn last_chunk(&mut self, text: &[u8], len: usize) {
        let mut chunk = [0; OVER];
        chunk[..text.len()].copy_from_slice(text);
        self.chunk(&chunk, len);
    }

    fn link(&mut self, link: &str) {
        let mut normal = std::mem::take(&mut self.link);
        links::push_normal_in(link, &mut self.room, &mut normal);
        let len = normal.len();
        normal.push_str(BLANKS);
        self.words_within(normal.as_bytes(), len);
        normal.clear();
        self.link = normal;
    }

    /// What no text holds, between parts.
    fn mark(&mut self, mark: u8) {
        if self.len >= BLOCK {
            self.flush();
        }
        self.block[self.len] = mark;
        self.len += 1;
    }

    /// Each block is hashed with the hash of those before it for a seed.
    fn flush(&mut self) {
        let len = self.len.min(BLOCK);
        self.hash = xxh3_64_with_seed(&self.block[..len], self.hash);
        // What was written over the end.
        self.block.copy_within(len..self.len, 0);
        self.len -= len;
    }
}

/// Behind a text, so that it is read at once up to its end.
const BLANKS: &str = match std::str::from_utf8(&[b' '; OVER]) {
    Ok(blanks) => blanks,
    Err(_) => "",
};

/// Copies 16 bytes, however many of them count: a copy of a length that is known takes no time, and what is too much of it is written over.
#[inline]
fn copy(from: &[u8; OVER], at: usize, into: &mut [u8; OVER], to: usize) {
    // Both are less than 32: with that known nothing is left to check.
    let (at, to) = (at & 31, to & 31);
    into[to..to + 16].copy_from_slice(&from[at..at + 16]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes into the hash of a text, piece by piece.
    fn block(pieces: &[&str]) -> Vec<u8> {
        let mut hasher = Hasher::new();
        pieces.iter().for_each(|piece| hasher.words(piece));
        hasher.block[..hasher.len].to_vec()
    }

    #[test]
    fn of_a_text_all_counts_but_white_space() {
        for text in [
            "",
            "a",
            " ",
            "a b",
            "one two  three\n\tfour é \u{a0}\u{1}x",
            "        ",
            "abcdefgh ijklmnop",
            "more-than-sixteen-bytes and-more-than-thirty-two-bytes-of-one-word exactly-sixteen! x",
            "\u{ff}\u{7f} \u{7f}!",
        ] {
            for cut in 0..text.len() {
                let pieces = [&text[..text.floor_char_boundary(cut)], &text[text.floor_char_boundary(cut)..]];
                let expected: Vec<u8> = text.bytes().filter(|byte| *byte > b' ').collect();
                assert_eq!(block(&pieces), expected, "{pieces:?}");
            }
        }
    }

    #[test]
    fn where_a_text_is_cut_does_not_count_however_long_it_is() {
        let text = "One two, three; four.\n".repeat(3 * BLOCK / 20);
        let hash = |pieces: &[&str]| {
            let mut hasher = Hasher::new();
            pieces.iter().for_each(|piece| hasher.words(piece));
            hasher.finish()
        };
        let whole = hash(&[&text]);
        for cut in [1, 7, 8, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 3, 2 * BLOCK, 2 * BLOCK + 9] {
            assert_eq!(hash(&[&text[..cut], &text[cut..]]), whole, "{cut}");
        }
        let spaced: Vec<&str> = text.split_inclusive(' ').flat_map(|word| [word, " "]).collect();
        assert_eq!(hash(&spaced), whole);
        assert_ne!(hash(&[&text, "x"]), whole);
        assert_ne!(hash(&["x", &text[1..]]), whole);
    }
}
