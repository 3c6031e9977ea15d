//! Where a list goes on: as few bytes as a query string has room for.

use crate::id::{Ordinal, PostNumber, SourceId, base62};

/// The most sources whose places a cursor holds: with more of them it would not fit a request's headers. The others are searched for.
const MOST: usize = 400;
const VERSION: u8 = 1;

/// Where a list goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The rank of the last post that was shown.
    pub(super) last: u64,
    /// Sources that are not among `entries`, and whose heads do not say where the list goes on, have nothing up to this rank.
    pub(super) others: u64,
    pub(super) entries: Vec<Entry>,
}

/// A source whose head does not say where the list goes on in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) source: SourceId,
    /// The next post of it.
    pub(super) ordinal: Ordinal,
    /// Its number and rank, where they are known.
    pub(super) number: Option<(PostNumber, u64)>,
}

/// These bytes are no cursor of a version that this code knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of a version that this Feedmill reads")]
pub struct NotACursor;

impl Cursor {
    /// Keeps the places that are needed first.
    pub(super) fn of(last: u64, others: u64, mut entries: Vec<Entry>) -> Self {
        // The list does not come back to a source of which nothing is left: without its place it is searched for in vain, so it goes last.
        entries.sort_by_key(|entry| match entry.number {
            Some((_, rank)) => rank,
            None if entry.ordinal == Ordinal::NONE => u64::MAX,
            None => 0,
        });
        let left_out = entries.get(MOST..).unwrap_or_default().iter().map(|entry| match entry.number {
            Some((_, rank)) => rank - 1,
            None => last,
        });
        let others = left_out.fold(others, u64::min).max(last);
        entries.truncate(MOST);
        Self { last, others, entries }
    }

    /// As sent: about 14 bytes a source.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        for number in [self.last, self.others - self.last.min(self.others)] {
            out.extend(number.to_be_bytes());
        }
        for entry in &self.entries {
            let source = base62::decode(entry.source.as_str().as_bytes()).unwrap_or_default();
            out.extend(&source.to_be_bytes()[2..]);
            varint(&mut out, entry.ordinal.get());
            varint(&mut out, entry.number.map_or(0, |(number, _)| number.get() + 1));
        }
        out
    }

    /// The inverse of [`Cursor::to_bytes`].
    ///
    /// # Errors
    /// [`NotACursor`] for anything else.
    pub fn from_bytes(order: crate::reading::Order, bytes: &[u8]) -> Result<Self, NotACursor> {
        Self::read(order, bytes).ok_or(NotACursor)
    }

    fn read(order: crate::reading::Order, bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (last, rest) = rest.split_first_chunk()?;
        let (others, mut rest) = rest.split_first_chunk()?;
        if *version != VERSION {
            return None;
        }
        let last = u64::from_be_bytes(*last);
        let others = last.checked_add(u64::from_be_bytes(*others))?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (source, after) = rest.split_first_chunk::<6>()?;
            rest = after;
            let mut whole = [0; 8];
            whole[2..].copy_from_slice(source);
            let digits: [u8; 8] = base62::encode(u64::from_be_bytes(whole));
            let source = std::str::from_utf8(&digits).ok()?.parse().ok()?;
            let ordinal = Ordinal::new(read_varint(&mut rest)?);
            let number = match read_varint(&mut rest)?.checked_sub(1) {
                Some(number) => {
                    let number = PostNumber::new(number)?;
                    Some((number, super::rank(order, number)))
                }
                None => None,
            };
            entries.push(Entry { source, ordinal, number });
        }
        Some(Self { last, others, entries })
    }
}

/// LEB128.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
