//! The items of one source, and the conditional writes on them.

use domain::carry::Carry;
use domain::failure::{ErrorCode, Failure};
use domain::id::{JobId, Ordinal};
use domain::job::{Ending, Finished, Hand, Pointer, Reason};
use domain::time::Timestamp;
use domain::timing::Lane;
use domain::wheel::Minute;

use crate::mutations::Protection;
use crate::state::{Entries, Known, Leave, Rules, source};

/// First and last ordinal.
pub(crate) type Range = (u8, u8);

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct End {
    pub(crate) job: JobId,
    pub(crate) how: How,
    /// When its attempt began: that tells one's own end from another's.
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) known: Known,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum How {
    Completed(Option<Range>),
    Failed(ErrorCode),
}

impl End {
    pub(crate) fn range(&self) -> Option<Range> {
        match self.how {
            How::Completed(range) => range,
            How::Failed(_) => None,
        }
    }

    /// As the rules know it.
    pub(crate) fn finished(&self) -> Finished {
        let ordinal = |n: u8| Ordinal::new(u64::from(n));
        let ending = match self.how {
            How::Completed(range) => Ending::Completed {
                posts_count: 0,
                edits_count: 0,
                landed: range.map(|(first, last)| (ordinal(first), ordinal(last))),
            },
            How::Failed(code) => Ending::Failed(Failure { code, message: String::new() }),
        };
        Finished {
            source: source(),
            job: self.job,
            reason: Reason::Scheduled,
            queued_at: Timestamp::EPOCH,
            started_at: self.started_at,
            ended_at: Timestamp::EPOCH,
            ending,
            http_status: None,
            bytes: 0,
            carry: Carry::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Head {
    /// `None` while active.
    pub(crate) left: Option<Leave>,
    /// It was away once.
    pub(crate) returned: bool,
    pub(crate) count: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Poll {
    pub(crate) version: u8,
    pub(crate) window: Entries,
    pub(crate) open: Option<u8>,
    /// What leaving `active` closed.
    pub(crate) closed: Option<(JobId, Range)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cursor {
    pub(crate) minute: Minute,
    pub(crate) holder: Option<u8>,
    pub(crate) until: Timestamp,
}

/// Everything that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Store {
    pub(crate) head: Option<Head>,
    pub(crate) poll: Option<Poll>,
    pub(crate) pointer: Option<Pointer>,
    pub(crate) ends: Vec<End>,
    pub(crate) keys: Entries,
    /// Ordinal and entry of each.
    pub(crate) posts: Vec<(u8, Entries)>,
    pub(crate) cursor: Cursor,
    pub(crate) due: Vec<Minute>,
    pub(crate) sweep: Option<Timestamp>,
}

/// What became of putting an end.
pub(crate) enum Finish {
    Done,
    AlreadyDone(End),
}

/// What became of marking.
pub(crate) enum Marking {
    Marked,
    Superseded,
    HeldUntil(Timestamp),
}

/// One transaction of a landing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chunk {
    pub(crate) job: JobId,
    /// As read.
    pub(crate) count: u8,
    pub(crate) poll: Poll,
    /// What it lands, oldest first.
    pub(crate) entries: Vec<Entries>,
    pub(crate) window: Entries,
    pub(crate) first: u8,
    pub(crate) last: Option<End>,
    pub(crate) touches_pointer: bool,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Landed {
    Whole,
    AlreadyDone,
    NotActive,
    Superseded,
    Stale,
    KeyTaken,
}

impl Store {
    pub(crate) fn end(&self, job: JobId) -> Option<&End> {
        self.ends.iter().find(|end| end.job == job)
    }

    pub(crate) fn is_active(&self) -> bool {
        self.head.is_some_and(|head| head.left.is_none())
    }

    /// Compare-and-swap on `job`, `closed` and `open` of the pointer.
    pub(crate) fn queue(&mut self, seen: &Pointer, next: Pointer) -> bool {
        let same = |there: &Pointer| there.job == seen.job && !there.closed && there.open == seen.open;
        self.pointer.as_mut().filter(|there| same(there)).map(|there| *there = next).is_some()
    }

    /// One transaction: the abandoned job's end if absent, and the pointer as above and with the lease as seen.
    pub(crate) fn supersede(&mut self, seen: &Pointer, next: Pointer, old: End, rules: &Rules) -> bool {
        let lease = |there: &Pointer| {
            !rules.keeps(Protection::SupersedeComparesTheLease) || there.lease_until == seen.lease_until
        };
        let free = self.end(old.job).is_none() && self.pointer.as_ref().is_some_and(lease);
        let done = free && self.queue(seen, next);
        if done {
            self.ends.push(old);
        }
        done
    }

    pub(crate) fn mark(&mut self, job: JobId, now: Timestamp, lane: Lane, alone: bool, rules: &Rules) -> Marking {
        let Some(there) = self.pointer.as_mut() else { return Marking::Superseded };
        let mut seen = there.clone();
        if !rules.keeps(Protection::MarkRespectsTheHolder) {
            seen.hand = Hand::Queued;
        }
        if let Some(marked) = seen.mark(job, now, lane, alone) {
            *there = marked;
            return Marking::Marked;
        }
        if there.job != job || there.closed { Marking::Superseded } else { Marking::HeldUntil(there.lease_until) }
    }

    /// The holder that marked the job at `started_at` puts it back as it was.
    pub(crate) fn give_back(&mut self, job: JobId, started_at: Timestamp, lease_until: Timestamp, alone: bool) {
        let mine = |there: &&mut Pointer| {
            there.job == job && there.hand == Hand::Ongoing && there.started_at == Some(started_at)
        };
        if let Some(there) = self.pointer.as_mut().filter(mine) {
            *there = Pointer {
                hand: Hand::Queued,
                lease_until,
                attempts: there.attempts - u8::from(alone),
                ..there.clone()
            };
        }
    }

    pub(crate) fn finish(&mut self, end: End, rules: &Rules) -> Finish {
        if let Some(at) = self.ends.iter().position(|there| there.job == end.job) {
            if self.ends[at] == end {
                return Finish::Done;
            }
            if rules.keeps(Protection::EndsArePutOnce) {
                return Finish::AlreadyDone(self.ends[at].clone());
            }
            self.ends.remove(at);
        }
        self.ends.push(end);
        Finish::Done
    }

    pub(crate) fn land(&mut self, chunk: &Chunk, rules: &Rules) -> Landed {
        if self.end(chunk.job).is_some() {
            return Landed::AlreadyDone;
        }
        let (Some(head), Some(poll), Some(pointer)) = (&mut self.head, &mut self.poll, &mut self.pointer) else {
            return Landed::NotActive;
        };
        if head.left.is_some() && rules.keeps(Protection::LandingAsksWhetherTheSourceIsActive) {
            return Landed::NotActive;
        }
        if chunk.touches_pointer && (pointer.closed || pointer.job != chunk.job) {
            return if pointer.closed { Landed::NotActive } else { Landed::Superseded };
        }
        let moved = head.count != chunk.count || poll.version != chunk.poll.version;
        if moved && rules.keeps(Protection::LandingComparesVersions) {
            return Landed::Stale;
        }
        if chunk.entries.iter().any(|entry| self.keys & entry != 0) {
            return Landed::KeyTaken;
        }
        for (entry, ordinal) in chunk.entries.iter().zip(chunk.count + 1..) {
            self.keys |= entry;
            self.posts.push((ordinal, *entry));
            head.count = ordinal;
        }
        let open = chunk.last.is_none().then_some(chunk.first);
        *poll = Poll { version: poll.version + 1, window: chunk.window, open, closed: poll.closed };
        if chunk.touches_pointer {
            pointer.open = open.is_some();
        }
        self.ends.extend(chunk.last.clone());
        Landed::Whole
    }

    pub(crate) fn put_due(&mut self, minute: Minute) {
        if let Err(at) = self.due.binary_search(&minute) {
            self.due.insert(at, minute);
        }
    }

    /// The first minute after the cursor, `last` at most, in which the source is due.
    pub(crate) fn next_due(&self, last: Minute) -> Option<Minute> {
        let slot =
            self.head.filter(|head| head.left.is_none()).map(|_| crate::state::SLOT.next_after(self.cursor.minute));
        let due = self.due.iter().copied().filter(|due| *due > self.cursor.minute);
        due.chain(slot).filter(|minute| *minute <= last).min()
    }
}
