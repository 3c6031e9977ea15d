//! Post numbers: one number that every client API can use, that sorts by arrival and needs no look-up table.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::slot::SLOTS;
use crate::time::Timestamp;

/// A post's number: a millisecond since [`PostNumber::EPOCH`], times 128, plus the slot of the landing that made it.
///
/// Rises with arrival; within a source strictly, in the order of the ordinals. Below 62^8, hence below 2^53, and exact in
/// every client's floating-point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PostNumber(u64);

impl PostNumber {
    /// One more than the largest number: 62^8.
    pub const END: u64 = 62u64.pow(8);
    /// Where counting starts: 2025-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp::from_secs(1_735_689_600);

    /// `number`, if it is below [`PostNumber::END`].
    pub const fn new(number: u64) -> Option<Self> {
        if number < Self::END { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// When it was minted, to the millisecond: within its landing each post a millisecond after the one before.
    pub fn minted_at(self) -> Timestamp {
        Self::EPOCH + Duration::from_millis(self.millis())
    }

    /// The lowest number that can have been minted at `at`; of a time before [`PostNumber::EPOCH`] the lowest there is.
    ///
    /// `None` for a time that no number reaches.
    pub fn first_at(at: Timestamp) -> Option<Self> {
        let millis = u64::try_from(at.since(Self::EPOCH).as_millis()).ok()?;
        Self::new(millis.checked_mul(SLOTS as u64)?)
    }

    /// A number of the millisecond `at`, in the slot that `seed` comes to: the same for the same two.
    ///
    /// `None` for a time that no number reaches.
    pub fn in_some_slot_at(at: Timestamp, seed: u64) -> Option<Self> {
        Self::new(Self::first_at(at)?.get() + seed % SLOTS as u64)
    }

    /// The highest number that can have been minted at `at`; of a time that no number reaches the highest there is.
    ///
    /// `None` for a time before [`PostNumber::EPOCH`].
    pub fn last_at(at: Timestamp) -> Option<Self> {
        if at < Self::EPOCH {
            return None;
        }
        let next = Self::first_at(at + Duration::from_millis(1));
        Some(Self(next.map_or(Self::END, Self::get) - 1))
    }

    /// Milliseconds since [`PostNumber::EPOCH`].
    const fn millis(self) -> u64 {
        self.0 / SLOTS as u64
    }
}

impl fmt::Display for PostNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for PostNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        Self::new(number).ok_or_else(|| serde::de::Error::custom("not a post number: it is too large"))
    }
}

/// One more than the last millisecond that can be numbered, in January 2079.
const END_MILLIS: u64 = PostNumber::END / SLOTS as u64;
/// Milliseconds before the end that no clock may claim. So one clock that runs decades ahead cannot use a source up:
/// whatever it has numbered, a year's milliseconds are left for the posts that follow.
const RESERVE_MILLIS: u64 = 365 * 24 * 60 * 60 * 1000;

/// The clock stands behind January 2078, or a source has no number left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no post number for this time: set the clock right")]
pub struct NumbersExhausted;

/// The numbers of one landing, or of one chunk of it: rising, one millisecond apart, in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRun {
    first_millis: u64,
    count: u32,
    slot: u8,
}

impl NumberRun {
    /// The numbers, oldest post first.
    pub fn numbers(self) -> impl ExactSizeIterator<Item = PostNumber> {
        (0..self.count)
            .map(move |place| PostNumber((self.first_millis + u64::from(place)) * SLOTS as u64 + u64::from(self.slot)))
    }
}

/// The numbers of the `count` posts that a source gets `now`, when its newest has the number `newest`.
///
/// They take `count` consecutive milliseconds that end now or, if the source is ahead of the clock, start behind its newest
/// number: so number order is ordinal order, whatever the clocks of those who land do. Times before
/// [`PostNumber::EPOCH`] count as that. `slot` is a [`super::SlotLease`]'s, below 128; more wraps round.
///
/// # Errors
/// [`NumbersExhausted`] when `now` is behind January 2078, or `newest` is so near 62^8 that the posts do not fit below.
pub fn number_run(
    now: Timestamp,
    newest: Option<PostNumber>,
    count: u32,
    slot: u8,
) -> Result<NumberRun, NumbersExhausted> {
    let now = u64::try_from(now.as_millis().saturating_sub(PostNumber::EPOCH.as_millis())).unwrap_or(0);
    let ending_now = (now + 1).saturating_sub(u64::from(count));
    let behind_newest = newest.map_or(0, |newest| newest.millis() + 1);
    let first_millis = ending_now.max(behind_newest);
    if now >= END_MILLIS - RESERVE_MILLIS || first_millis + u64::from(count) > END_MILLIS {
        return Err(NumbersExhausted);
    }
    Ok(NumberRun { first_millis, count, slot: slot % SLOTS })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(PostNumber::EPOCH.as_millis() + millis)
    }

    fn number(millis: u64, slot: u64) -> PostNumber {
        PostNumber::new(millis * 128 + slot).unwrap()
    }

    /// `expected`: the milliseconds of the first and the last number.
    #[track_caller]
    fn check(now: Timestamp, newest: Option<PostNumber>, count: u32, expected: Result<(u64, u64), NumbersExhausted>) {
        let run = number_run(now, newest, count, 5).map(|run| run.numbers().collect::<Vec<_>>());
        assert_eq!(run.as_ref().map_or(count as usize, Vec::len), count as usize);
        let ends = run.map(|numbers| (numbers[0], numbers[numbers.len() - 1]));
        assert_eq!(ends, expected.map(|(first, last)| (number(first, 5), number(last, 5))));
    }

    #[test]
    fn numbers_end_now_or_start_behind_the_newest() {
        check(at(1_000), None, 1, Ok((1_000, 1_000)));
        check(at(1_000), None, 3, Ok((998, 1_000)));
        check(at(1_000), Some(number(998, 9)), 3, Ok((999, 1_001)));
        check(at(1_000), Some(number(1_000, 9)), 1, Ok((1_001, 1_001)));
        check(at(1_000), Some(number(5_000, 9)), 2, Ok((5_001, 5_002)));
    }

    #[test]
    fn a_clock_before_2025_counts_as_2025() {
        check(Timestamp::EPOCH, None, 3, Ok((0, 2)));
        check(Timestamp::from_millis(i64::MIN), None, 1, Ok((0, 0)));
        check(at(0), None, 2, Ok((0, 1)));
    }

    #[test]
    fn a_clock_behind_its_bound_is_refused_and_leaves_a_year_to_those_that_are_right() {
        let bound = END_MILLIS - RESERVE_MILLIS;
        assert_eq!(at(bound as i64).to_string(), "2078-01-20T20:21:14.882Z");
        check(at(bound as i64), None, 1, Err(NumbersExhausted));
        check(Timestamp::from_millis(i64::MAX), None, 1, Err(NumbersExhausted));
        check(at(bound as i64 - 1), None, 1, Ok((bound - 1, bound - 1)));
        check(at(1_000), Some(number(bound - 1, 0)), 2, Ok((bound, bound + 1)));
    }

    #[test]
    fn the_last_number_is_below_62_to_the_8th_and_there_is_none_behind_it() {
        let last = END_MILLIS - 1;
        check(at(0), Some(number(last - 1, 0)), 1, Ok((last, last)));
        check(at(0), Some(number(last - 1, 0)), 2, Err(NumbersExhausted));
        check(at(0), Some(number(last, 0)), 1, Err(NumbersExhausted));
        assert_eq!(PostNumber::END, number(last, 127).get() + 1);
    }

    #[test]
    fn a_post_number_is_a_number_below_62_to_the_8th_in_json_too() {
        assert_eq!(serde_json::to_string(&number(1, 2)).unwrap(), "130");
        for (text, good) in
            [("0", true), ("218340105584895", true), ("218340105584896", false), ("-1", false), ("\"1\"", false)]
        {
            assert_eq!(serde_json::from_str::<PostNumber>(text).is_ok(), good, "{text}");
        }
        assert_eq!(PostNumber::new(PostNumber::END), None);
    }

    #[test]
    fn a_time_lies_between_the_first_and_the_last_number_of_its_millisecond() {
        assert_eq!(PostNumber::first_at(at(7)), Some(number(7, 0)));
        assert_eq!(PostNumber::last_at(at(7)), Some(number(7, 127)));
        assert_eq!((number(7, 0).minted_at(), number(7, 127).minted_at()), (at(7), at(7)));
    }

    #[test]
    fn all_numbers_come_after_a_time_before_2025_and_none_after_the_last_that_can_be_numbered() {
        for early in [Timestamp::EPOCH, at(-1), Timestamp::from_millis(i64::MIN)] {
            assert_eq!(
                (PostNumber::first_at(early), PostNumber::last_at(early)),
                (Some(number(0, 0)), None),
                "{early}"
            );
        }
        let highest = PostNumber::new(PostNumber::END - 1);
        assert_eq!(PostNumber::last_at(at(END_MILLIS as i64 - 1)), highest);
        for late in [at(END_MILLIS as i64), Timestamp::from_millis(i64::MAX)] {
            assert_eq!((PostNumber::first_at(late), PostNumber::last_at(late)), (None, highest), "{late}");
        }
    }

    /// A fetcher: what it read of the source, if it has not tried to land since.
    #[derive(Clone, Copy, Default)]
    struct Fetcher {
        read: Option<usize>,
    }

    #[derive(Clone, Debug)]
    enum Step {
        Read(usize),
        Land { who: usize, clock: i64, count: u32, slot: u8 },
    }

    fn step() -> impl Strategy<Value = Step> {
        let clock =
            prop_oneof![0i64..2_000, -4_000_000_000_000..4_000_000_000_000i64, Just(i64::MIN), Just(i64::MAX / 2)];
        prop_oneof![
            (0..2usize).prop_map(Step::Read),
            (0..2usize, clock, 1..40u32, 0..128u8).prop_map(|(who, clock, count, slot)| Step::Land {
                who,
                clock,
                count,
                slot
            }),
        ]
    }

    proptest! {
        /// The posts stand in the order of their ordinals. A landing is on condition that none came since the read.
        #[test]
        fn numbers_rise_with_the_ordinal_whatever_the_clocks_of_two_fetchers_do(steps in prop::collection::vec(step(), 1..80)) {
            let mut posts: Vec<PostNumber> = Vec::new();
            let mut fetchers = [Fetcher::default(); 2];
            for step in steps {
                match step {
                    Step::Read(who) => fetchers[who].read = Some(posts.len()),
                    Step::Land { who, clock, count, slot } => {
                        let Some(read) = fetchers[who].read.take() else { continue };
                        let now = Timestamp::from_millis(PostNumber::EPOCH.as_millis().saturating_add(clock));
                        let newest = read.checked_sub(1).map(|at| posts[at]);
                        match number_run(now, newest, count, slot) {
                            Ok(run) if read == posts.len() => posts.extend(run.numbers()),
                            Ok(_) => {}
                            Err(NumbersExhausted) => prop_assert!(clock >= (END_MILLIS - RESERVE_MILLIS) as i64),
                        }
                    }
                }
            }
            prop_assert!(posts.is_sorted_by(|a, b| a < b), "{:?}", posts);
            prop_assert!(posts.iter().all(|number| number.get() < 62u64.pow(8)));
        }

        #[test]
        fn landings_in_different_slots_never_meet(a in 0..128u8, b in 0..128u8, clock in 0..5_000i64, count in 1..100u32) {
            prop_assume!(a != b);
            let numbers = |slot| number_run(at(clock), None, count, slot).unwrap().numbers();
            prop_assert!(numbers(a).all(|mine| numbers(b).all(|theirs| mine != theirs)));
        }
    }
}
