//! Limits that all notations share.

/// Elements or brackets inside one another. Real feeds stay below 20, with the markup of their entries inside below 50.
pub(crate) const MAX_DEPTH: usize = 128;
/// Entries that are read of one feed, the first of the document; the rest, the oldest as a rule, is cut.
pub(crate) const MAX_ENTRIES: usize = 10_000;
