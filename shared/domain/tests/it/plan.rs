//! Which entries land, which are edits, and which are known, against every history of a feed.

use std::collections::HashMap;

use domain::id::{Ordinal, PostNumber};
use domain::parsed::{ContentHash, NaturalKey};
use domain::plan::{Known, Plan, Sighting, order, plan, unsure};
use domain::time::Timestamp;
use domain::window::Window;
use proptest::prelude::*;

fn sighting(key: u8, content: u8, published: Option<i64>) -> Sighting {
    Sighting {
        key: NaturalKey([key; 16]),
        content: ContentHash([content; 8]),
        published: published.map(Timestamp::from_secs),
    }
}

/// A source as the store keeps it: posts by key, and the window.
#[derive(Default)]
struct Shelf {
    posts: HashMap<NaturalKey, Known>,
    window: Window,
}

impl Shelf {
    /// One poll that brings `sightings`, landed at once.
    fn poll(&mut self, sightings: &[Sighting], quiet: bool) -> Plan {
        let order = order(sightings, Timestamp::from_secs(1_000_000));
        let unsure = unsure(sightings, &order, &self.window);
        let found = unsure.iter().filter_map(|i| Some((sightings[*i].key, *self.posts.get(&sightings[*i].key)?)));
        let plan = plan(sightings, &order, &self.window, quiet, &found.collect());
        for index in &plan.new {
            let count = self.posts.len() as u64 + 1;
            let number = PostNumber::new(count).unwrap();
            let known = Known { number, ordinal: Ordinal::new(count), content: Some(sightings[*index].content) };
            assert_eq!(self.posts.insert(sightings[*index].key, known), None, "no post twice");
        }
        for edit in &plan.edits {
            let post = self.posts.get_mut(&sightings[edit.index].key).unwrap();
            assert_eq!(post.number, edit.post.number);
            post.content = Some(sightings[edit.index].content);
        }
        self.window = plan.window.clone();
        plan
    }
}

#[test]
fn new_entries_land_oldest_first_whatever_the_order_of_the_document() {
    let dated = [sighting(1, 0, Some(30)), sighting(2, 0, Some(10)), sighting(3, 0, Some(20))];
    assert_eq!(Shelf::default().poll(&dated, false).new, [1, 2, 0]);
    let undated = [sighting(1, 0, None), sighting(2, 0, None), sighting(3, 0, None)];
    assert_eq!(Shelf::default().poll(&undated, false).new, [2, 1, 0]);
}

#[test]
fn a_future_date_counts_as_now() {
    let items = [sighting(1, 0, Some(999_999)), sighting(2, 0, Some(99_999_999))];
    assert_eq!(order(&items, Timestamp::from_secs(500_000)), [1, 0], "both now: the document's order decides");
}

#[test]
fn an_entry_that_is_in_the_document_twice_lands_once() {
    let items = [sighting(1, 0, None), sighting(1, 1, None)];
    assert_eq!(Shelf::default().poll(&items, false).new, [0]);
}

#[test]
fn an_edit_is_saved_at_once_and_a_restless_entry_only_when_it_stops() {
    let mut shelf = Shelf::default();
    shelf.poll(&[sighting(1, 0, None)], false);
    let mut told = Vec::new();
    for content in [1, 2, 3, 4, 5, 5, 5] {
        let plan = shelf.poll(&[sighting(1, content, None)], false);
        told.push((plan.edits.len(), plan.held_back));
    }
    assert_eq!(told, [(1, false), (1, false), (1, false), (0, true), (0, true), (1, false), (0, false)]);
    assert_eq!(shelf.posts[&NaturalKey([1; 16])].content, Some(ContentHash([5; 8])));
}

#[test]
fn changes_with_quiet_polls_between_are_not_in_a_row() {
    let mut shelf = Shelf::default();
    shelf.poll(&[sighting(1, 0, None)], false);
    for content in 1..9 {
        assert_eq!(shelf.poll(&[sighting(1, content, None)], true).edits.len(), 1);
    }
}

#[test]
fn an_old_post_come_back_is_neither_new_nor_an_edit_unless_it_changed() {
    let mut shelf = Shelf::default();
    shelf.poll(&[sighting(1, 0, None)], false);
    shelf.poll(&[sighting(2, 0, None)], false);
    let back = shelf.poll(&[sighting(1, 0, None), sighting(2, 0, None)], false);
    assert!(back.new.is_empty() && back.edits.is_empty() && back.window_matters);
    shelf.poll(&[sighting(2, 0, None), sighting(3, 0, None)], false);
    assert_eq!(shelf.poll(&[sighting(1, 7, None), sighting(2, 0, None)], false).edits.len(), 1);
}

#[test]
fn an_unchanged_document_asks_nothing_and_writes_nothing() {
    let mut shelf = Shelf::default();
    let items = [sighting(1, 0, None), sighting(2, 0, None)];
    shelf.poll(&items, false);
    let order = order(&items, Timestamp::EPOCH);
    assert!(unsure(&items, &order, &shelf.window).is_empty());
    assert!(!shelf.poll(&items, false).window_matters);
}

proptest! {
    #[test]
    fn over_any_history_every_key_lands_once_and_its_last_form_is_kept_in_the_end(
        polls in prop::collection::vec(prop::collection::vec((0u8..12, 0u8..3), 0..10), 1..20), quiet in any::<bool>()
    ) {
        let mut shelf = Shelf::default();
        let mut last: HashMap<u8, u8> = HashMap::new();
        let mut document = Vec::new();
        for poll in &polls {
            document = poll.iter().map(|&(key, content)| sighting(key, content, None)).collect::<Vec<_>>();
            shelf.poll(&document, quiet);
            let mut met = std::collections::HashSet::new();
            for &(key, content) in poll {
                if met.insert(key) {
                    last.insert(key, content);
                }
            }
        }
        // Once the document stops changing, what was held back is saved.
        shelf.poll(&document, quiet);
        shelf.poll(&document, quiet);
        prop_assert_eq!(shelf.posts.len(), last.len());
        for item in &document {
            let key = item.key.0[0];
            prop_assert_eq!(shelf.posts[&item.key].content, Some(ContentHash([last[&key]; 8])));
        }
    }
}
