//! A source: the public head, and what the fetcher keeps to itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{Ordinal, PostNumber, SourceId, UserId};
use crate::private::Sealed;
use crate::reading::First;
use crate::time::Timestamp;
use crate::timing::Lane;
use crate::wheel::Slot;
use crate::window::Window;

/// Whether a source is polled, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Polled.
    Active,
    /// Nobody subscribes.
    Resting,
    /// The origin said 410, twice.
    Gone,
    /// Moved to a URL that is another source.
    Moved,
    /// Being deleted.
    Deleting,
}

impl SourceState {
    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Resting => "resting",
            Self::Gone => "gone",
            Self::Moved => "moved",
            Self::Deleting => "deleting",
        }
    }
}

/// How long a source rests, with nobody subscribed to it, before it is deleted.
pub const LONGEST_REST: Duration = Duration::from_secs(30 * 86_400);

/// What a person may set on a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSettings {
    /// The whole exchange, from connect to the last byte; 1 to 60 s.
    pub timeout: Duration,
    /// The shortest gap between two polls, in wheel minutes; the installation's floor to 1,440.
    pub interval_minutes: u32,
}

impl SourceSettings {
    /// What a source has unless someone says otherwise: 20 s, an hour.
    pub const DEFAULT: Self = Self { timeout: Duration::from_secs(20), interval_minutes: 60 };
    /// The shortest time-out that can be set.
    pub const MIN_TIMEOUT: Duration = Duration::from_secs(1);
    /// The longest time-out that can be set; longer than the fast lane's function lives, such a source goes through the slow lane.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(60);
    /// The longest interval that can be set: a day.
    pub const MAX_INTERVAL_MINUTES: u32 = 1440;
}

/// The numbers of the last posts, newest last; at most 32.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent(Vec<PostNumber>);

impl Recent {
    /// How many numbers are kept.
    pub const CAPACITY: usize = 32;

    /// Appends `numbers`, oldest first, and forgets what is over capacity.
    pub fn extend(&mut self, numbers: impl IntoIterator<Item = PostNumber>) {
        self.0.extend(numbers);
        let surplus = self.0.len().saturating_sub(Self::CAPACITY);
        self.0.drain(..surplus);
    }

    /// The newest number of the source.
    pub fn newest(&self) -> Option<PostNumber> {
        self.0.last().copied()
    }

    /// Oldest first.
    pub fn numbers(&self) -> &[PostNumber] {
        &self.0
    }

    /// Delta-coded as LEB128 varints: under 250 bytes for 32 numbers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() * 6);
        let mut before = 0;
        for number in &self.0 {
            let mut delta = number.get().saturating_sub(before);
            before = number.get();
            while delta >= 0x80 {
                out.push((delta & 0x7f) as u8 | 0x80);
                delta >>= 7;
            }
            out.push(delta as u8);
        }
        out
    }

    /// The inverse of [`Recent::to_bytes`]; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (mut numbers, mut number, mut delta, mut shift) = (Vec::new(), 0u64, 0u64, 0u32);
        for byte in bytes {
            delta |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                number = number.checked_add(delta)?;
                numbers.push(PostNumber::new(number)?);
                (delta, shift) = (0, 0);
            }
        }
        (shift == 0 && numbers.len() <= Self::CAPACITY).then_some(Self(numbers))
    }
}

/// The public, small part of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its id.
    pub source: SourceId,
    /// Whose it is, if it is private: nobody else subscribes to it, finds it or sees what it is.
    pub owner: Option<UserId>,
    /// Where it is fetched from; of a private source scheme, host and port alone.
    pub url: String,
    /// Normalised URLs under which it is found, the present one included: all go when it is deleted. A private source has
    /// [`Vault::url_key`](crate::private::Vault::url_key) in their place.
    pub url_keys: Vec<String>,
    /// As the feed says.
    pub title: Option<String>,
    /// The site it belongs to, as the feed says.
    pub site: Option<String>,
    /// Icon, as the feed says.
    pub icon: Option<String>,
    /// Whether it is polled.
    pub state: SourceState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// One sentence why, for people; none while active.
    pub reason: Option<String>,
    /// The highest ordinal.
    pub post_count: Ordinal,
    /// The highest ordinal of the source's first landing, once that is whole.
    pub first_through: Option<Ordinal>,
    /// The last numbers.
    pub recent: Recent,
    /// What lies below is not shown.
    pub floor_ordinal: Ordinal,
    /// How many people subscribe.
    pub subscribers: u32,
    /// How many workflows, webhooks or filters want to hear of new posts.
    pub watchers: u32,
    /// What people set.
    pub settings: SourceSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// Rises with every change of anything but `post_count` and `recent`.
    pub version: u64,
}

impl Head {
    /// A public source as it begins: to be polled, found under `key`, without posts and without subscribers.
    pub fn new(source: SourceId, url: String, key: String, settings: SourceSettings, now: Timestamp) -> Self {
        Self {
            source,
            owner: None,
            url,
            url_keys: vec![key],
            title: None,
            site: None,
            icon: None,
            state: SourceState::Active,
            since: now,
            reason: None,
            post_count: Ordinal::NONE,
            first_through: None,
            recent: Recent::default(),
            floor_ordinal: Ordinal::NONE,
            subscribers: 0,
            watchers: 0,
            settings,
            created_at: now,
            version: 0,
        }
    }

    /// The posts with which the source begins.
    pub fn first(&self) -> First {
        self.first_through.map_or(First::Coming(self.post_count), First::Through)
    }

    /// Whether it is private, and its owner does not subscribe to it: nobody else could find it.
    pub fn is_left(&self) -> bool {
        self.owner.is_some() && self.subscribers == 0
    }
}

/// The fetcher's own part of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// What a message is made of.
    pub target: Target,
    /// The entries last seen.
    pub window: Window,
    /// The first ordinal of a landing whose later chunks are still to come.
    pub open_landing: Option<Ordinal>,
    /// Of a private source: its URL and what it is asked with.
    pub sealed: Option<Sealed>,
    /// Rises with every change.
    pub version: u64,
}

/// What the wheel's index holds of a source: all that a message needs. Rarely changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub source: SourceId,
    /// Its place on the wheel.
    pub slot: Slot,
    /// Where it is fetched from; none of a private source, whose URL is in [`Poll::sealed`] alone.
    pub url: Option<String>,
    /// Lower-case host name of its URL, without its port: what is spaced and paused.
    pub host: String,
    /// Its queue.
    pub lane: Lane,
    /// What people set.
    pub settings: SourceSettings,
    /// Subscribers, rounded up to a 1-2-5 step so that it rarely changes.
    pub subscribers: u32,
    /// Whether new posts are announced.
    pub watched: bool,
}

/// The smallest of 0, 1, 2, 5, 10, 20, 50, … that is at least `n`.
pub fn round_1_2_5(n: u32) -> u32 {
    let mut step = 1u32;
    loop {
        for factor in [1, 2, 5] {
            match step.checked_mul(factor) {
                Some(value) if value >= n => return if n == 0 { 0 } else { value },
                Some(_) => {}
                None => return u32::MAX,
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn recent_numbers_come_back_from_under_250_bytes(mut numbers in prop::collection::vec(0..PostNumber::END, 0..80)) {
            numbers.sort_unstable();
            let mut recent = Recent::default();
            recent.extend(numbers.iter().filter_map(|n| PostNumber::new(*n)));
            let bytes = recent.to_bytes();
            prop_assert!(bytes.len() < 250);
            prop_assert_eq!(Recent::from_bytes(&bytes), Some(recent));
        }

        #[test]
        fn foreign_bytes_are_no_recent_numbers_or_are_read_in_full(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(recent) = Recent::from_bytes(&bytes) {
                prop_assert!(recent.numbers().len() <= Recent::CAPACITY);
            }
        }
    }

    #[test]
    fn subscriber_counts_move_in_steps() {
        let cases = [(0, 0), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (1_001, 2_000), (u32::MAX, u32::MAX)];
        for (n, step) in cases {
            assert_eq!(round_1_2_5(n), step, "{n}");
        }
    }
}
