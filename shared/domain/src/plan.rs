//! Which entries of a document are new, which are edits, and what the window becomes. Pure.

use std::collections::{HashMap, HashSet};

use crate::id::{Ordinal, PostNumber};
use crate::parsed::{ContentHash, NaturalKey};
use crate::time::Timestamp;
use crate::window::{Seen, Window};

/// What has to be known of an entry to place it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Its identity.
    pub key: NaturalKey,
    /// Its content.
    pub content: ContentHash,
    /// As the feed says.
    pub published: Option<Timestamp>,
}

/// A post that the store knows under a natural key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub number: PostNumber,
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// Its content as stored; `None` if the post itself is gone (retention).
    pub content: Option<ContentHash>,
}

/// An edit: which entry, of which post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Index into the sightings.
    pub index: usize,
    /// The post.
    pub post: Known,
}

/// What is to be done with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Indices of new entries, oldest first.
    pub new: Vec<usize>,
    /// Edits of known posts.
    pub edits: Vec<Edit>,
    /// What was seen, for the next time.
    pub window: Window,
    /// Whether the window must be written even if nothing lands: counts moved, or an old post came back.
    pub window_matters: bool,
    /// A restless entry was held back: the validators must not move.
    pub held_back: bool,
}

/// The entries that count: the newest [`Window::CAPACITY`], oldest first, each key once (its first place in the document).
///
/// The age of an entry is its date, none in the future of `now`; entries without one are as old as their neighbours below them in the document.
pub fn order(sightings: &[Sighting], now: Timestamp) -> Vec<usize> {
    let mut met = HashSet::new();
    let mut order: Vec<usize> = (0..sightings.len()).filter(|i| met.insert(sightings[*i].key)).collect();
    order.reverse();
    // From the bottom up: an entry without a date takes the newest one met so far, so that a sort keeps it in place.
    let mut newest = Timestamp::from_millis(i64::MIN);
    let mut ages = HashMap::with_capacity(order.len());
    for index in &order {
        let age = sightings[*index].published.map_or(newest, |at| at.min(now));
        newest = newest.max(age);
        ages.insert(*index, age);
    }
    order.sort_by_key(|index| ages.get(index).copied());
    let surplus = order.len().saturating_sub(Window::CAPACITY);
    order.drain(..surplus);
    order
}

/// Which of `order` have to be looked up in the store before [`plan`]: those the window does not know, and those that changed.
pub fn unsure(sightings: &[Sighting], order: &[usize], window: &Window) -> Vec<usize> {
    let index = window.index();
    let settled = |sighting: &Sighting| {
        index.get(sighting.key).is_some_and(|seen| seen.content == sighting.content && !seen.is_restless())
    };
    order.iter().copied().filter(|i| !settled(&sightings[*i])).collect()
}

/// Decides on every entry. `found` holds what the store said of those that were [`unsure`]; absence there means that no such post exists.
///
/// `quiet` says that polls without a body lay between: then earlier changes were not in a row.
pub fn plan(
    sightings: &[Sighting],
    order: &[usize],
    window: &Window,
    quiet: bool,
    found: &HashMap<NaturalKey, Known>,
) -> Plan {
    let index = window.index();
    let mut plan =
        Plan { new: Vec::new(), edits: Vec::new(), window: Window::default(), window_matters: false, held_back: false };
    let mut entries = Vec::with_capacity(order.len());
    for &i in order {
        let sighting = &sightings[i];
        let (seen, verdict) = judge(sighting, index.get(sighting.key), quiet, found.get(&sighting.key));
        match verdict {
            Verdict::New => plan.new.push(i),
            Verdict::Edit(post) => plan.edits.push(Edit { index: i, post }),
            Verdict::HeldBack => plan.held_back = true,
            Verdict::Known => {}
        }
        plan.window_matters |= index.get(sighting.key) != Some(seen);
        entries.push((sighting.key, seen));
    }
    entries.reverse();
    plan.window = Window::new(entries);
    plan
}

enum Verdict {
    New,
    Edit(Known),
    HeldBack,
    Known,
}

fn judge(sighting: &Sighting, before: Option<Seen>, quiet: bool, found: Option<&Known>) -> (Seen, Verdict) {
    let now = |changes| Seen { content: sighting.content, changes };
    let Some(before) = before else {
        return match found {
            None => (now(0), Verdict::New),
            // An old post come back; edited meanwhile, unless its content is as stored or gone.
            Some(post) => match post.content {
                Some(content) if content != sighting.content => (now(1), Verdict::Edit(*post)),
                Some(_) | None => (now(0), Verdict::Known),
            },
        };
    };
    let Some(post) = found else {
        // Settled, or its natural key is gone with its post: nothing to edit.
        return (now(0), Verdict::Known);
    };
    if before.content == sighting.content {
        let verdict = if before.is_restless() { Verdict::Edit(*post) } else { Verdict::Known };
        return (now(0), verdict);
    }
    let in_a_row = if quiet && !before.is_restless() { 0 } else { before.changes };
    let seen = now(in_a_row.saturating_add(1));
    if seen.is_restless() { (seen, Verdict::HeldBack) } else { (seen, Verdict::Edit(*post)) }
}
