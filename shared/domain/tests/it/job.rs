//! Every sequence of job operations keeps: one live job a source, the four transitions and no others, and what ended stays ended.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::carry::Carry;
use domain::failure::{ErrorCode, Failure};
use domain::id::{JobId, JobIdMint, SourceId, SystemEntropy};
use domain::job::{Ending, Finished, Hand, Job, NewJob, Pointer, Queueing, Reason, Status};
use domain::time::Timestamp;
use domain::timing::{Lane, queued_lease};
use domain::wheel::Minute;
use proptest::prelude::*;

const INTERVAL: Duration = Duration::from_secs(3600);
const LANE: Lane = Lane::Fast;

#[derive(Clone, Debug)]
enum Op {
    Queue,
    Mark { job: usize, alone: bool },
    Finish { job: usize, worked: bool },
    Wait(u32),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        Just(Op::Queue),
        (0usize..4, any::<bool>()).prop_map(|(job, alone)| Op::Mark { job, alone }),
        (0usize..4, any::<bool>()).prop_map(|(job, worked)| Op::Finish { job, worked }),
        prop_oneof![0u32..120, 3_000u32..9_000].prop_map(Op::Wait),
    ]
}

/// A store of one source whose conditional writes are those that the real one makes.
struct Book {
    source: SourceId,
    pointer: Pointer,
    finished: BTreeMap<JobId, Finished>,
    made: Vec<JobId>,
    now: Timestamp,
    mint: JobIdMint,
}

impl Book {
    fn new() -> Self {
        let mint = JobIdMint::default();
        let now = Timestamp::from_secs(1_800_000_000);
        let first = new_job(&mint, now);
        let made = vec![first.job];
        let source = SourceId::draw(&mut SystemEntropy);
        Self { source, pointer: Pointer::first(first), finished: BTreeMap::new(), made, now, mint }
    }

    fn job(&self, back: usize) -> JobId {
        self.made[self.made.len().saturating_sub(1 + back)]
    }

    fn status(&self, job: JobId) -> Option<Status> {
        match self.finished.get(&job) {
            Some(finished) => Some(Job::from(finished.clone()).status),
            None if self.pointer.job == job => Some(Job::in_hand(self.source, &self.pointer).status),
            None => None,
        }
    }

    fn finish(&mut self, job: JobId, ending: Ending) -> bool {
        if self.finished.contains_key(&job) {
            return false;
        }
        let finished = Finished {
            source: self.source,
            job,
            reason: Reason::Scheduled,
            queued_at: self.now,
            started_at: Some(self.now),
            ended_at: self.now,
            ending,
            http_status: None,
            bytes: 0,
            carry: Carry::default(),
        };
        self.finished.insert(job, finished);
        true
    }

    fn queue(&mut self) -> Option<JobId> {
        let seen = self.pointer.clone();
        let new = new_job(&self.mint, self.now);
        match seen.queue(self.finished.contains_key(&seen.job), new, self.now) {
            Queueing::Swap(next) => self.pointer = next,
            Queueing::Supersede(next) => {
                let failure = Failure::new(ErrorCode::LeaseExpired, "gone");
                assert!(self.finish(seen.job, Ending::Failed(failure)), "superseding ends a job that had not ended");
                self.pointer = next;
            }
            Queueing::Live(job) => {
                assert_eq!(job, seen.job);
                return None;
            }
            Queueing::NotActive => return None,
        }
        self.made.push(self.pointer.job);
        Some(self.pointer.job)
    }
}

fn new_job(mint: &JobIdMint, now: Timestamp) -> NewJob {
    NewJob {
        job: mint.next(now),
        tick: Minute(0),
        queued_at: now,
        earliest: now,
        lease_until: queued_lease(now, now, INTERVAL, LANE),
        reason: Reason::Scheduled,
    }
}

fn may_become(before: Status, after: Status) -> bool {
    use Status::{Completed, Failed, Ongoing, Queued};
    match (before, after) {
        (Queued, Queued | Ongoing | Completed | Failed) | (Ongoing, Ongoing | Completed | Failed) => true,
        (Completed, Completed) | (Failed, Failed) => true,
        (Ongoing | Completed | Failed, _) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_source_has_one_live_job_and_jobs_only_move_forward(ops in prop::collection::vec(op(), 1..60)) {
        let mut book = Book::new();
        let mut told: BTreeMap<JobId, Status> = BTreeMap::new();
        for op in ops {
            let was_live = book.pointer.is_live(book.finished.contains_key(&book.pointer.job), book.now);
            match op {
                Op::Queue => {
                    let queued = book.queue();
                    prop_assert_eq!(queued.is_some(), !was_live, "a live job keeps a second one away, and nothing else does");
                }
                Op::Mark { job, alone } => {
                    let job = book.job(job);
                    // The store refuses to mark a job that has ended: its holder finds that out first.
                    if !book.finished.contains_key(&job) && let Some(marked) = book.pointer.mark(job, book.now, LANE, alone) {
                        prop_assert_eq!(marked.hand, Hand::Ongoing);
                        prop_assert!(marked.lease_until > book.now);
                        book.pointer = marked;
                    }
                }
                Op::Finish { job, worked } => {
                    let job = book.job(job);
                    let landed = Ending::Completed { posts_count: 0, edits_count: 0, landed: None };
                    let failed = Ending::Failed(Failure::new(ErrorCode::Timeout, "slow"));
                    book.finish(job, if worked { landed } else { failed });
                }
                Op::Wait(seconds) => book.now = book.now + Duration::from_secs(u64::from(seconds)),
            }
            for job in book.made.clone() {
                let Some(status) = book.status(job) else { continue };
                if let Some(before) = told.insert(job, status) {
                    prop_assert!(may_become(before, status), "{before:?} became {status:?}");
                }
            }
            let unended = book.made.iter().filter(|job| matches!(book.status(**job), Some(Status::Queued | Status::Ongoing)));
            prop_assert!(unended.count() <= 1);
        }
    }
}

#[test]
fn a_lease_protects_the_job_until_the_second_it_ends() {
    let mut book = Book::new();
    book.now = book.pointer.lease_until - Duration::from_millis(1);
    assert_eq!(book.queue(), None);
    book.now = book.pointer.lease_until;
    assert!(book.queue().is_some());
}

#[test]
fn a_superseder_hands_attempts_and_the_open_landing_on() {
    let mut book = Book::new();
    book.pointer = book.pointer.mark(book.pointer.job, book.now, LANE, true).unwrap();
    book.pointer.open = true;
    book.now = book.pointer.lease_until;
    book.queue().unwrap();
    assert_eq!((book.pointer.attempts, book.pointer.open, book.pointer.hand), (1, true, Hand::Queued));
}

#[test]
fn a_source_that_is_not_active_gets_no_job() {
    let mut book = Book::new();
    book.pointer.closed = true;
    book.now = book.pointer.lease_until;
    assert_eq!(book.queue(), None);
    assert_eq!(book.pointer.mark(book.pointer.job, book.now, LANE, false), None);
}

#[test]
fn the_latest_possible_get_of_an_abandoned_job_is_never_too_early() {
    let book = Book::new();
    let queued = &book.pointer;
    // The last start is at the end of the work age; it was the latest GET, and the holder lived at most a time-out more.
    assert!(queued.possible_get(LANE) >= queued.queued_at + INTERVAL);
    let marked = queued.mark(queued.job, book.now, LANE, false).unwrap();
    assert!(marked.possible_get(LANE) >= book.now);
    assert!(marked.possible_get(LANE) <= marked.lease_until);
}
