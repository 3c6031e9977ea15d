//! Searches for bytes, sixteen at once.
//!
//! Most of what is searched for in a feed is a few bytes away: no search here has a beginning to pay for, as those have that choose at run time what the
//! processor can do.

use wide::u8x16;

/// Sixteen bytes, of which those that are meant have their highest bit set.
pub(crate) type Lane = u8x16;

/// Bytes after which a search is left to memchr, which is faster once it runs.
const NEAR: usize = 128;

/// Marks bytes that are `byte`.
#[inline]
pub(crate) fn are(lane: Lane, byte: u8) -> Lane {
    lane.simd_eq(Lane::splat(byte))
}

/// Marks bytes from `first` to `last`.
#[inline]
pub(crate) fn are_within(lane: Lane, first: u8, last: u8) -> Lane {
    let moved = lane - Lane::splat(first);
    moved.min(Lane::splat(last - first)).simd_eq(moved)
}

/// Where the first `byte` is.
#[inline]
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    let near = &bytes[..bytes.len().min(NEAR)];
    find_where(near, |lane| are(lane, byte)).or_else(|| {
        let far = bytes.get(NEAR..).filter(|far| !far.is_empty())?;
        memchr::memchr(byte, far).map(|at| NEAR + at)
    })
}

/// A bit for each byte, the lowest for the first, that `marks` marks.
#[inline]
pub(crate) fn mask(block: &[u8; 32], marks: impl Fn(Lane) -> Lane) -> u32 {
    let (lanes, _) = block.as_chunks::<16>();
    let of = |number: usize| marks(Lane::new(lanes[number])).to_bitmask();
    of(0) | of(1) << 16
}

/// As [`mask`], of 64 bytes.
#[inline]
fn wide_mask(block: &[u8; 64], marks: impl Fn(Lane) -> Lane) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    let of = |number: usize| u64::from(marks(Lane::new(lanes[number])).to_bitmask());
    of(0) | of(1) << 16 | of(2) << 32 | of(3) << 48
}

/// Finds marked bytes one after the other: however near to each other searches begin, no block is looked at twice.
#[derive(Clone, Debug)]
pub(crate) struct Search<'a> {
    bytes: &'a [u8],
    /// The block of 64 bytes that was looked at last.
    block: usize,
    /// A bit for each of its bytes, the lowest for the first, that is marked.
    marked: u64,
}

impl<'a> Search<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, block: usize::MAX, marked: 0 }
    }

    /// Where, from `from` on, the first byte is that `marks` marks, which are always the same; if none is, where the end is.
    #[inline]
    pub(crate) fn next(&mut self, from: usize, marks: impl Fn(Lane) -> Lane) -> usize {
        let mut block = from / 64;
        let mut marked = self.look_at(block, &marks) & u64::MAX << (from % 64);
        while marked == 0 {
            block += 1;
            if block * 64 >= self.bytes.len() {
                return self.bytes.len();
            }
            marked = self.look_at(block, &marks);
        }
        block * 64 + marked.trailing_zeros() as usize
    }

    #[inline]
    fn look_at(&mut self, block: usize, marks: &impl Fn(Lane) -> Lane) -> u64 {
        if block != self.block {
            self.block = block;
            self.marked = match self.bytes.get(block * 64..).and_then(<[u8]>::first_chunk) {
                Some(block) => wide_mask(block, marks),
                None => self.look_at_end(block, marks),
            };
        }
        self.marked
    }

    /// As [`Self::look_at`], of a block that is not full.
    #[cold]
    #[inline(never)]
    fn look_at_end(&self, block: usize, marks: &impl Fn(Lane) -> Lane) -> u64 {
        let tail = self.bytes.get(block * 64..).unwrap_or_default();
        let mut full = [0; 64];
        full[..tail.len()].copy_from_slice(tail);
        wide_mask(&full, marks) & 1_u64.unbounded_shl(tail.len() as u32).wrapping_sub(1)
    }
}

/// Where the first byte is that `marks` marks.
#[inline]
pub(crate) fn find_where(bytes: &[u8], marks: impl Fn(Lane) -> Lane) -> Option<usize> {
    let first = |block: &[u8; 32]| {
        let marked = mask(block, &marks);
        (marked != 0).then(|| marked.trailing_zeros() as usize)
    };
    let (blocks, tail) = bytes.as_chunks::<32>();
    for (number, block) in blocks.iter().enumerate() {
        if let Some(at) = first(block) {
            return Some(number * 32 + at);
        }
    }
    match bytes.last_chunk() {
        _ if tail.is_empty() => None,
        // Some of it once more, but none of that is marked.
        Some(block) => first(block).map(|at| bytes.len() - 32 + at),
        None => find_in_few(tail, marks),
    }
}

/// As [`find_where`], of fewer than 32 bytes.
#[inline]
fn find_in_few(bytes: &[u8], marks: impl Fn(Lane) -> Lane) -> Option<usize> {
    let marked = match (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        (Some(first), Some(last)) => {
            marks(Lane::new(*first)).to_bitmask() | marks(Lane::new(*last)).to_bitmask() << (bytes.len() - 16)
        }
        _ => {
            let mut lane = [0; 16];
            let halves = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>());
            let all = 1_u32.unbounded_shl(bytes.len() as u32).wrapping_sub(1);
            if let (Some(first), Some(last)) = halves {
                lane[..8].copy_from_slice(first);
                lane[8..].copy_from_slice(last);
                let marked = marks(Lane::new(lane)).to_bitmask();
                (marked & 0xff | marked >> 8 << (bytes.len() - 8)) & all
            } else {
                for (to, from) in lane.iter_mut().zip(bytes) {
                    *to = *from;
                }
                marks(Lane::new(lane)).to_bitmask() & all
            }
        }
    };
    (marked != 0).then(|| marked.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_is_meant_is_found_wherever_it_stands() {
        for before in 0..300 {
            for behind in [0, 1, 7, 8, 15, 16, 31, 100] {
                let others = b"\x00;=\xbc\xff>\x1f\x7c";
                let mut bytes = others.iter().copied().cycle().take(before).collect::<Vec<_>>();
                assert_eq!((find(&bytes, b'<'), find_where(&bytes, |lane| are_within(lane, b'A', b'Z'))), (None, None));
                bytes.push(b'<');
                bytes.extend(std::iter::repeat_n(b'<', behind));
                assert_eq!(find(&bytes, b'<'), Some(before));
                bytes[before] = b'Z';
                assert_eq!(find_where(&bytes, |lane| are_within(lane, b'A', b'Z')), Some(before));
                let mut search = Search::new(&bytes);
                let mut next = |from| search.next(from, |lane| are_within(lane, b'A', b'Z'));
                assert_eq!((next(before / 2), next(0), next(before)), (before, before, before));
                assert_eq!((next(before + 1), next(bytes.len())), (bytes.len(), bytes.len()));
            }
        }
    }
}
