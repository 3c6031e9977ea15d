//! What makes an entry an edit: its text and links, in a form that layout and tracking do not change.

use domain::parsed::ContentHash;

use crate::draft::{Draft, Markup};
use crate::html::{Token, Tokens};
use crate::links;

/// Bytes that are hashed at once: enough for the widest instructions there are.
const BLOCK: usize = 16 * 1024;

/// Hashes entries one after the other, all in the same room.
pub(super) struct Hasher {
    block: Box<[u8; BLOCK]>,
    len: usize,
    hasher: blake3::Hasher,
    link: String,
    /// Room to resolve its entities in.
    room: String,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self {
            block: Box::new([0; BLOCK]),
            len: 0,
            hasher: blake3::Hasher::new(),
            link: String::new(),
            room: String::new(),
        }
    }

    /// Over title, summary, content and files.
    pub(super) fn hash(&mut self, draft: &Draft) -> ContentHash {
        self.words(draft.item.title.as_deref().unwrap_or_default());
        for markup in [&draft.summary, &draft.content] {
            self.mark(0);
            if let Some(markup) = markup {
                self.markup(markup);
            }
        }
        for enclosure in &draft.item.enclosures {
            self.mark(0);
            self.link(&enclosure.url);
        }
        self.flush();
        let mut hash = [0; 8];
        hash.copy_from_slice(&self.hasher.finalize().as_bytes()[..8]);
        self.hasher.reset();
        ContentHash(hash)
    }

    fn markup(&mut self, markup: &Markup) {
        if !markup.is_html {
            return self.words(&markup.body);
        }
        let mut tokens = Tokens::new(&markup.body);
        while let Some(token) = tokens.next() {
            match token {
                Token::Text(text) => self.words(text),
                Token::Start(_) if tokens.has_attributes() => {
                    for attribute in ["href", "src"] {
                        if let Some(link) = tokens.attribute(attribute) {
                            self.mark(1);
                            self.link(link);
                            self.mark(2);
                        }
                    }
                }
                Token::Start(_) | Token::End(_) => {}
            }
        }
    }

    /// Text without its white space, which between tags comes and goes with how the page is laid out.
    fn words(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            if self.len == BLOCK {
                self.flush();
            }
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.len));
            let mut len = self.len;
            // Without a branch: where words end cannot be foreseen.
            for byte in now {
                self.block[len % BLOCK] = *byte;
                len += usize::from(*byte > b' ');
            }
            (self.len, rest) = (len, later);
        }
    }

    fn link(&mut self, link: &str) {
        let mut normal = std::mem::take(&mut self.link);
        links::push_normal_in(link, &mut self.room, &mut normal);
        self.words(&normal);
        normal.clear();
        self.link = normal;
    }

    /// What no text holds, between parts.
    fn mark(&mut self, mark: u8) {
        if self.len == BLOCK {
            self.flush();
        }
        self.block[self.len % BLOCK] = mark;
        self.len += 1;
    }

    fn flush(&mut self) {
        self.hasher.update(&self.block[..self.len]);
        self.len = 0;
    }
}
