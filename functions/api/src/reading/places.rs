//! Which number a post of a source has: that never changes, so whoever reads from the oldest on need not ask for it again.
//!
//! Heads know the last few numbers of each source, not the first unread one; without this memory each visit to such a list would ask the index once a subscription.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::id::{Ordinal, PostNumber, SourceId};
use domain::listing::{Ask, Place};
use domain::reading::Order;

/// About 40 bytes each.
const MOST: usize = 100_000;
/// So many are remembered of one answer: the list comes back to where it begins.
const OF_ONE: usize = 8;

/// Numbers that this process has read.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<(SourceId, Ordinal), PostNumber>>);

impl Places {
    /// The first posts that `ask` asks for, without a gap; none in a list from the newest on.
    pub(super) fn recall(&self, ask: &Ask) -> Vec<Place> {
        if ask.order == Order::NewestFirst {
            return Vec::new();
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinals = std::iter::successors(Some(ask.from), |ordinal| Some(ordinal.next())).take(ask.limit);
        ordinals.map_while(|ordinal| known.get(&(ask.source, ordinal)).map(|number| (ordinal, *number))).collect()
    }

    /// Remembers what the index answered.
    pub(super) fn learn(&self, ask: &Ask, places: &[Place]) {
        if ask.order == Order::NewestFirst {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.extend(places.iter().take(OF_ONE).map(|(ordinal, number)| ((ask.source, *ordinal), *number)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::SystemEntropy;

    #[test]
    fn what_was_answered_from_the_oldest_on_is_known_up_to_the_first_gap() {
        let (places, source) = (Places::default(), SourceId::draw(&mut SystemEntropy));
        let ask = |from, limit, order| Ask { source, from: Ordinal::new(from), order, limit };
        let place = |ordinal: u64| (Ordinal::new(ordinal), PostNumber::new(ordinal * 10).unwrap());
        places.learn(&ask(3, 9, Order::OldestFirst), &[place(3), place(4), place(6)]);
        places.learn(&ask(9, 9, Order::NewestFirst), &[place(8), place(7)]);
        let check = |from, limit, ordinals: &[u64]| {
            let expected: Vec<Place> = ordinals.iter().map(|ordinal| place(*ordinal)).collect();
            assert_eq!(places.recall(&ask(from, limit, Order::OldestFirst)), expected, "{from} {limit}");
        };
        check(3, 9, &[3, 4]);
        check(3, 1, &[3]);
        check(4, 9, &[4]);
        check(5, 9, &[]);
        check(6, 9, &[6]);
        check(7, 9, &[]);
        assert!(places.recall(&ask(4, 9, Order::NewestFirst)).is_empty());
    }
}
