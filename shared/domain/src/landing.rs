//! How a landing is cut into transactions. Pure.

/// The most actions of one chunk: DynamoDB takes 100, four are the landing's own (job, head, poll, pointer).
pub const MAX_ACTIONS: usize = 95;
/// The most bytes of one chunk unless the installation says less; DynamoDB takes 4 MB.
pub const MAX_BYTES: usize = 1 << 20;

/// What one action of a landing weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Actions it needs: two for a new post (post and natural key), one for an edit.
    pub actions: usize,
    /// Bytes it writes.
    pub bytes: usize,
}

/// Cuts `pieces` into consecutive chunks that each fit one transaction; every piece is in exactly one, in order.
///
/// A piece that is too big by itself gets a chunk of its own. An empty landing is one empty chunk: the transaction that closes it.
pub fn chunks(pieces: &[Piece], max_actions: usize, max_bytes: usize) -> Vec<std::ops::Range<usize>> {
    let mut chunks = Vec::new();
    let (mut start, mut actions, mut bytes) = (0, 0, 0usize);
    for (at, piece) in pieces.iter().enumerate() {
        let full = actions + piece.actions > max_actions || bytes.saturating_add(piece.bytes) > max_bytes;
        if full && at > start {
            chunks.push(start..at);
            (start, actions, bytes) = (at, 0, 0);
        }
        actions += piece.actions;
        bytes = bytes.saturating_add(piece.bytes);
    }
    chunks.push(start..pieces.len());
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_piece_lands_once_in_order_in_chunks_that_fit(
            sizes in prop::collection::vec((1usize..3, 0usize..5_000), 0..300), max_actions in 2usize..96, max_bytes in 1usize..20_000
        ) {
            let pieces: Vec<Piece> = sizes.iter().map(|&(actions, bytes)| Piece { actions, bytes }).collect();
            let chunks = chunks(&pieces, max_actions, max_bytes);
            let mut next = 0;
            for chunk in &chunks {
                prop_assert_eq!(chunk.start, next);
                next = chunk.end;
                let inside = &pieces[chunk.clone()];
                let fits = inside.iter().map(|p| p.actions).sum::<usize>() <= max_actions
                    && inside.iter().map(|p| p.bytes).sum::<usize>() <= max_bytes;
                prop_assert!(fits || inside.len() == 1);
            }
            prop_assert_eq!(next, pieces.len());
        }
    }
}
