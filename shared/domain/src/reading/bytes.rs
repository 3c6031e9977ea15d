//! How a read state is stored: a version byte, the line, and both bitmaps in Roaring's portable format (RoaringFormatSpec, 64-bit extension).

use roaring::RoaringTreemap;

use super::ReadState;
use crate::id::Ordinal;

/// These bytes are no read state of a version that this code knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a read state of a version that this Feedmill reads")]
pub struct NotReadState;

const VERSION: u8 = 1;

impl ReadState {
    /// As stored.
    ///
    /// # Errors
    /// [`NotReadState`], if the bitmaps cannot be written: memory never refuses that.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NotReadState> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.read_through.get().to_be_bytes());
        for set in [&self.above, &self.below] {
            let mut set = set.clone();
            set.optimize();
            set.serialize_into(&mut bytes).map_err(|_| NotReadState)?;
        }
        Ok(bytes)
    }

    /// The inverse of [`ReadState::to_bytes`].
    ///
    /// # Errors
    /// [`NotReadState`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotReadState> {
        let (version, rest) = bytes.split_first().ok_or(NotReadState)?;
        let (line, mut rest) = rest.split_first_chunk().ok_or(NotReadState)?;
        if *version != VERSION {
            return Err(NotReadState);
        }
        let read_through = Ordinal::new(u64::from_be_bytes(*line));
        let above = RoaringTreemap::deserialize_from(&mut rest).map_err(|_| NotReadState)?;
        let below = RoaringTreemap::deserialize_from(&mut rest).map_err(|_| NotReadState)?;
        let line = read_through.get();
        let sound = above.min().is_none_or(|least| least > line) && below.max().is_none_or(|most| most <= line);
        if rest.is_empty() && sound { Ok(Self { read_through, above, below }) } else { Err(NotReadState) }
    }
}
