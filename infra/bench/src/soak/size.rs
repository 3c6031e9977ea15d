//! How big a round is, and what follows from that.

use faults::Mischief;

/// So many feeds make a round in which two messages meet over one landing again and again. Of fewer feeds, each has something new more often, and more of
/// their messages come twice: what only such a meeting shows is to be shown by a small round too.
const MANY: u64 = 12;
/// Of 1,000 messages, those that come twice at most; and of these, those that come twice at once.
const MOST: u64 = 750;

/// How big a round is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) sources: u64,
    pub(super) people: u64,
    /// Of bad weather.
    pub(super) hours: u64,
}

impl Size {
    /// `share` in a round of many feeds; where there are few, as many times more as feeds are missing.
    pub(super) fn scaled(self, share: u64) -> u64 {
        share * (MANY / self.sources.max(1)).max(1)
    }

    /// What queues do to messages.
    pub(super) fn mischief(self) -> Mischief {
        let scaled = |share: u16| u16::try_from(self.scaled(share.into()).min(MOST)).unwrap_or(share);
        let usual = Mischief::BAD_DAY;
        Mischief { twice: scaled(usual.twice), together: scaled(usual.together), ..usual }
    }
}
