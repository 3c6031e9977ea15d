//! Eight bytes at once, in a plain number. Of each answer only the highest bit of a byte counts; above the first byte that is marked others may be marked
//! that should not be.

/// The highest bit of each byte.
pub(crate) const HIGHEST: u64 = all(0x80);

/// Eight times `byte`.
pub(crate) const fn all(byte: u8) -> u64 {
    u64::MAX / 255 * byte as u64
}

/// Marks bytes that are 0.
#[inline]
pub(crate) const fn zeros(word: u64) -> u64 {
    below(word, 1)
}

/// Marks bytes that are less than `limit`, which is at most 128.
#[inline]
pub(crate) const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(all(limit)) & !word
}
