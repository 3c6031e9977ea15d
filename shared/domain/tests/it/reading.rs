//! The read state against a naive one: a set of the posts that are unread.

use std::collections::BTreeSet;

use domain::id::{Ordinal, SourceId, SystemEntropy, UserId};
use domain::reading::{First, Mark, NotReadState, Operation, Order, ReadState, Shown};
use domain::subscription::Subscription;
use domain::time::Timestamp;
use proptest::prelude::*;

/// The posts of a source, and which of them one person has not read.
#[derive(Clone, Debug)]
struct Naive {
    floor: u64,
    last: u64,
    unread: BTreeSet<u64>,
}

impl Naive {
    fn new(last: u64, unread: u64) -> Self {
        Self { floor: 0, last, unread: (last.saturating_sub(unread) + 1..=last).collect() }
    }

    fn shown(&self) -> Shown {
        Shown { floor: Ordinal::new(self.floor), last: Ordinal::new(self.last) }
    }

    /// Whether a post that was read is not any more.
    fn makes_unread(&self, operation: &Operation) -> bool {
        let mut after = self.clone();
        after.apply(operation);
        matches!(operation, Operation::Posts(..)) && !after.unread.is_subset(&self.unread)
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Posts(mark, ordinals) => {
                for ordinal in ordinals.iter().map(|o| o.get()).filter(|o| *o > self.floor && *o <= self.last) {
                    match mark {
                        Mark::Read => self.unread.remove(&ordinal),
                        Mark::Unread => self.unread.insert(ordinal),
                    };
                }
            }
            Operation::AllThrough(through) => self.unread.retain(|ordinal| *ordinal > through.get()),
        }
    }
}

/// What happens to a source and its reader.
#[derive(Clone, Debug)]
enum Event {
    Arrive(u64),
    Retain(u64),
    Operate(Operation),
    Store,
}

/// What a subscription says that was there before its source had a post.
fn waiting(newest: u64) -> Subscription {
    Subscription {
        user: UserId::draw(&mut SystemEntropy),
        source: SourceId::draw(&mut SystemEntropy),
        added_at: Timestamp::EPOCH,
        title: None,
        folders: Vec::new(),
        read: ReadState::default(),
        newest: Some(newest),
        version: 0,
    }
}

fn operations() -> impl Strategy<Value = Operation> {
    let mark = prop_oneof![Just(Mark::Read), Just(Mark::Unread)];
    let near = |ordinals: Vec<u64>| ordinals.into_iter().map(Ordinal::new).collect();
    let scattered = prop::collection::vec(0u64..160, 1..20).prop_map(near);
    let runs = (0u64..140, 1u64..40).prop_map(|(from, len)| (from..from + len).map(Ordinal::new).collect());
    prop_oneof![
        (mark, prop_oneof![scattered, runs]).prop_map(|(mark, ordinals)| Operation::Posts(mark, ordinals)),
        (0u64..160).prop_map(|through| Operation::AllThrough(Ordinal::new(through))),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => (1u64..20).prop_map(Event::Arrive),
        1 => (0u64..30).prop_map(Event::Retain),
        6 => operations().prop_map(Event::Operate),
        1 => Just(Event::Store),
    ];
    prop::collection::vec(event, 0..40)
}

/// Counts, single posts and both orders of the list agree.
fn check(state: &ReadState, naive: &Naive) {
    let shown = naive.shown();
    assert_eq!(state.unread(shown), naive.unread.len() as u64, "{state:?}");
    for ordinal in naive.floor + 1..=naive.last {
        assert_eq!(state.is_read(Ordinal::new(ordinal)), !naive.unread.contains(&ordinal), "{ordinal} of {state:?}");
        let from = Ordinal::new(ordinal);
        let down = state.next_unread(Order::NewestFirst, from, shown);
        assert_eq!(down, naive.unread.range(..=ordinal).next_back().copied().map(Ordinal::new), "down from {ordinal}");
        let up = state.next_unread(Order::OldestFirst, from, shown);
        assert_eq!(up, naive.unread.range(ordinal..).next().copied().map(Ordinal::new), "up from {ordinal}");
        let is_read = |other: &u64| !naive.unread.contains(other);
        let down = state.next_read(Order::NewestFirst, from, shown);
        assert_eq!(
            down,
            (naive.floor + 1..=ordinal).rev().find(is_read).map(Ordinal::new),
            "read, down from {ordinal}"
        );
        let up = state.next_read(Order::OldestFirst, from, shown);
        assert_eq!(up, (ordinal..=naive.last).find(is_read).map(Ordinal::new), "read, up from {ordinal}");
    }
}

proptest! {
    #[test]
    fn counts_and_lists_agree_with_a_set_of_unread_posts(posts in 0u64..60, unread in 0u64..70, events in events()) {
        let mut naive = Naive::new(posts, unread);
        let mut state = ReadState::fresh(naive.shown(), unread);
        check(&state, &naive);
        for event in events {
            match event {
                Event::Arrive(count) => {
                    naive.unread.extend(naive.last + 1..=naive.last + count);
                    naive.last += count;
                }
                Event::Retain(count) => {
                    naive.floor = (naive.floor + count).min(naive.last);
                    naive.unread = naive.unread.split_off(&(naive.floor + 1));
                }
                Event::Operate(operation) => {
                    naive.apply(&operation);
                    state.apply(&operation, naive.shown());
                }
                Event::Store => state = ReadState::from_bytes(&state.to_bytes().unwrap()).unwrap(),
            }
            check(&state, &naive);
        }
    }

    #[test]
    fn whoever_was_there_first_begins_with_the_newest_of_the_first_landing(
        newest in 0u64..40, chunks in prop::collection::vec((1u64..20, prop::option::of(operations())), 1..8), later in events()
    ) {
        let (mut naive, mut stored, mut waits) = (Naive::new(0, 0), waiting(newest), true);
        for (count, operation) in chunks {
            naive.unread.extend(naive.last + 1..=naive.last + count);
            naive.last += count;
            if waits {
                naive.unread.retain(|ordinal| *ordinal > naive.last.saturating_sub(newest));
            }
            if let Some(operation) = operation {
                waits &= !naive.makes_unread(&operation);
                naive.apply(&operation);
                stored.apply(&operation, naive.shown(), First::Coming(Ordinal::new(naive.last)));
            }
            let mut seen = stored.clone();
            seen.begin(First::Coming(Ordinal::new(naive.last)));
            check(&seen.read, &naive);
        }
        let first = First::Through(Ordinal::new(naive.last));
        for event in later {
            match event {
                Event::Arrive(count) => {
                    naive.unread.extend(naive.last + 1..=naive.last + count);
                    naive.last += count;
                }
                Event::Operate(operation) => {
                    naive.apply(&operation);
                    stored.apply(&operation, naive.shown(), first);
                    prop_assert_eq!(stored.newest, None, "what is stored says it all from now on");
                }
                Event::Retain(_) | Event::Store => {}
            }
            let mut seen = stored.clone();
            seen.begin(first);
            check(&seen.read, &naive);
        }
    }

    #[test]
    fn marks_of_two_devices_on_different_posts_do_not_undo_each_other(
        one in prop::collection::btree_set(1u64..100, 0..30), other in prop::collection::btree_set(1u64..100, 0..30)
    ) {
        let shown = Shown { floor: Ordinal::NONE, last: Ordinal::new(100) };
        let posts = |of: &BTreeSet<u64>, not: &BTreeSet<u64>| of.difference(not).copied().map(Ordinal::new).collect();
        let operations = [
            Operation::Posts(Mark::Read, posts(&one, &BTreeSet::new())),
            Operation::Posts(Mark::Unread, posts(&other, &one)),
        ];
        let mut there = ReadState::fresh(shown, 50);
        let mut back = there.clone();
        operations.iter().for_each(|operation| _ = there.apply(operation, shown));
        operations.iter().rev().for_each(|operation| _ = back.apply(operation, shown));
        prop_assert_eq!(there, back);
    }

    #[test]
    fn the_same_operation_twice_changes_nothing_the_second_time(before in operations(), operation in operations()) {
        let shown = Shown { floor: Ordinal::new(5), last: Ordinal::new(150) };
        let mut state = ReadState::fresh(shown, u64::from(ReadState::FRESH));
        state.apply(&before, shown);
        state.apply(&operation, shown);
        prop_assert!(!state.apply(&operation, shown));
    }

    #[test]
    fn spoilt_bytes_are_refused_or_make_a_sound_state(before in operations(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let shown = Shown { floor: Ordinal::NONE, last: Ordinal::new(150) };
        let mut state = ReadState::fresh(shown, 100);
        state.apply(&before, shown);
        let mut bytes = state.to_bytes().unwrap();
        *at.get_mut(&mut bytes) = byte;
        if let Ok(state) = ReadState::from_bytes(&bytes) {
            prop_assert_eq!(ReadState::from_bytes(&state.to_bytes().unwrap()), Ok(state));
        }
        bytes.truncate(at.index(bytes.len()));
        prop_assert_eq!(ReadState::from_bytes(&bytes), Err(NotReadState));
    }
}

#[test]
fn who_reads_everything_in_order_costs_a_few_bytes() {
    let shown = Shown { floor: Ordinal::NONE, last: Ordinal::new(100_000) };
    let mut state = ReadState::fresh(shown, 100_000);
    for start in (1..=100_000).step_by(1_000) {
        state.apply(&Operation::Posts(Mark::Read, (start..start + 1_000).map(Ordinal::new).collect()), shown);
    }
    assert_eq!(state, ReadState::fresh(shown, 0));
    assert!(state.to_bytes().unwrap().len() < 32);
    assert_eq!(ReadState::from_bytes(&[2]), Err(NotReadState));
}

#[test]
fn a_state_at_its_worst_takes_about_a_bit_a_post() {
    let shown = Shown { floor: Ordinal::NONE, last: Ordinal::new(100_000) };
    let mut state = ReadState::fresh(shown, 100_000);
    let every_other = (1..=100_000).step_by(2).map(Ordinal::new).collect();
    state.apply(&Operation::Posts(Mark::Read, every_other), shown);
    assert_eq!(state.unread(shown), 50_000);
    assert!(state.to_bytes().unwrap().len() < 100_000 / 8 * 2);
}

#[test]
fn a_state_from_elsewhere_has_read_nothing_that_is_yet_to_come_and_costs_no_step_a_post() {
    let huge = Shown { floor: Ordinal::NONE, last: Ordinal::new(900_000_000) };
    let mut state = ReadState::fresh(Shown { floor: Ordinal::NONE, last: Ordinal::NONE }, 0);
    let many: Vec<Ordinal> = (2..=2_000_000).map(Ordinal::new).collect();
    state.apply(&Operation::Posts(Mark::Read, many), huge);
    // All that was above the line is under it, in one jump.
    state.apply(&Operation::Posts(Mark::Read, vec![Ordinal::new(1)]), huge);
    assert_eq!(state, {
        let mut line = ReadState::default();
        line.apply(&Operation::AllThrough(Ordinal::new(2_000_000)), huge);
        line
    });
    let ten = Shown { floor: Ordinal::new(2), last: Ordinal::new(10) };
    let state = state.within(ten);
    assert_eq!(state.unread(ten), 0);
    assert!(!state.is_read(Ordinal::new(11)), "what comes next is unread");
}
