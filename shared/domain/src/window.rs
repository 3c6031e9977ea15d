//! The entry window: what a source's document held when it was last landed, so that known entries cost nothing.

use std::collections::HashMap;

use crate::parsed::{ContentHash, NaturalKey};

/// An entry that changed at more polls in a row than this is saved again only when it stops.
pub const RESTLESS_AFTER: u8 = 3;

/// One entry that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The content as last seen (landed, or held back while restless).
    pub content: ContentHash,
    /// At how many polls in a row it changed.
    pub changes: u8,
}

impl Seen {
    /// Whether its last form is held back until it stops changing.
    pub fn is_restless(self) -> bool {
        self.changes > RESTLESS_AFTER
    }
}

/// The first 64 bits of a natural key: enough to tell 2,000 entries apart.
type ShortKey = [u8; 8];

fn short(key: NaturalKey) -> ShortKey {
    let mut short = [0; 8];
    short.copy_from_slice(&key.0[..8]);
    short
}

/// Entries last seen, newest first; at most 2,000.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window(Vec<(ShortKey, Seen)>);

/// Bytes an entry takes when stored: key, content hash, changes.
const ENTRY: usize = 17;

impl Window {
    /// Of a longer feed the newest 2,000 count.
    pub const CAPACITY: usize = 2_000;

    /// A window of `entries`, the surplus cut.
    pub fn new(entries: impl IntoIterator<Item = (NaturalKey, Seen)>) -> Self {
        Self(entries.into_iter().take(Self::CAPACITY).map(|(key, seen)| (short(key), seen)).collect())
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was ever landed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For many look-ups at once.
    pub fn index(&self) -> WindowIndex {
        WindowIndex(self.0.iter().copied().collect())
    }

    /// 17 bytes an entry.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() * ENTRY);
        for (key, seen) in &self.0 {
            out.extend_from_slice(key);
            out.extend_from_slice(&seen.content.0);
            out.push(seen.changes);
        }
        out
    }

    /// The inverse of [`Window::to_bytes`]; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !bytes.len().is_multiple_of(ENTRY) || bytes.len() > Self::CAPACITY * ENTRY {
            return None;
        }
        let entry = |chunk: &[u8]| {
            let key: ShortKey = chunk[..8].try_into().ok()?;
            let content = ContentHash(chunk[8..16].try_into().ok()?);
            Some((key, Seen { content, changes: chunk[16] }))
        };
        bytes.chunks_exact(ENTRY).map(entry).collect::<Option<_>>().map(Self)
    }
}

/// A window, ready to be asked.
#[derive(Debug)]
pub struct WindowIndex(HashMap<ShortKey, Seen>);

impl WindowIndex {
    /// What was seen of `key`.
    pub fn get(&self, key: NaturalKey) -> Option<Seen> {
        self.0.get(&short(key)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_window_comes_back_as_it_was_stored(entries in prop::collection::vec(any::<([u8; 16], [u8; 8], u8)>(), 0..50)) {
            let window = Window::new(
                entries.iter().map(|(k, c, n)| (NaturalKey(*k), Seen { content: ContentHash(*c), changes: *n })),
            );
            prop_assert_eq!(Window::from_bytes(&window.to_bytes()), Some(window));
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Some(window) = Window::from_bytes(&bytes) {
                prop_assert_eq!(window.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn of_a_longer_feed_the_first_two_thousand_count() {
        let seen = Seen { content: ContentHash([0; 8]), changes: 0 };
        let many = (0..3_000u128).map(|n| (NaturalKey(n.to_be_bytes()), seen));
        assert_eq!(Window::new(many).len(), Window::CAPACITY);
    }
}
