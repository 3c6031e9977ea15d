//! Sources, and what the dispatcher would do between two polls of them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::carry::Carry;
use domain::failure::ErrorCode;
use domain::id::{Ordinal as Place, SourceId, SystemEntropy};
use domain::job::{Finished, NewJob, Pointer, Queueing, Reason};
use domain::message::{FetchMessage, VERSION};
use domain::source::{Head, Recent, SourceSettings, SourceState, Target};
use domain::timing::{Lane, queued_lease};
use domain::wheel::{Pace, Slot};
use store::{Creating, NewSource, Queued, Swap};

use super::World;

impl World {
    /// A source at `path` of the origin, on a host of its own, with its first job queued.
    pub(crate) async fn source(&self, path: &str) -> FetchMessage {
        let host = format!("s{}.localhost", self.sources.fetch_add(1, Ordering::SeqCst));
        self.source_at(&self.origin.url_at(&host, path), &host).await
    }

    pub(crate) async fn source_at(&self, url: &str, host: &str) -> FetchMessage {
        self.source_like(url, host, |_, _| {}).await
    }

    pub(crate) async fn source_like(
        &self,
        url: &str,
        host: &str,
        adjust: impl FnOnce(&mut Head, &mut Target),
    ) -> FetchMessage {
        self.source_made(url, host, |new| adjust(&mut new.head, &mut new.target)).await
    }

    pub(crate) async fn source_made(&self, url: &str, host: &str, adjust: impl FnOnce(&mut NewSource)) -> FetchMessage {
        let (source, now) = (SourceId::draw(&mut SystemEntropy), self.now());
        let head = Head {
            source,
            owner: None,
            url: url.to_owned(),
            url_keys: vec![format!("{url}#{source}")],
            title: None,
            site: None,
            icon: None,
            state: SourceState::Active,
            since: now,
            reason: None,
            post_count: Place::NONE,
            recent: Recent::default(),
            first_through: None,
            floor_ordinal: Place::NONE,
            subscribers: 2,
            watchers: 0,
            settings: SourceSettings::DEFAULT,
            created_at: now,
            version: 1,
        };
        let target = Target {
            source,
            slot: Slot::of(source, 60, 1),
            url: Some(url.to_owned()),
            host: host.to_owned(),
            lane: Lane::Fast,
            settings: SourceSettings::DEFAULT,
            subscribers: 2,
            watched: false,
        };
        let pointer = Pointer::first(self.new_job(&target));
        let due = Pace::REAL.minute_of(now).plus(2);
        let mut new = NewSource { head, target, pointer, due, sealed: None, subscription: None };
        adjust(&mut new);
        new.pointer = Pointer::first(self.new_job(&new.target));
        assert_eq!(self.store.create(&new).await.unwrap(), Creating::Created);
        message(&new.target, &new.pointer, Carry::default())
    }

    fn new_job(&self, target: &Target) -> NewJob {
        let (now, interval) = (self.now(), interval(target));
        NewJob {
            job: self.mint.next(now),
            tick: Pace::REAL.minute_of(now),
            queued_at: now,
            earliest: now,
            lease_until: queued_lease(now, now, interval, Lane::Fast),
            reason: Reason::Scheduled,
        }
    }

    /// Queues the next job, as the dispatcher would when nothing holds it back.
    pub(crate) async fn dispatch(&self, source: SourceId) -> FetchMessage {
        let target = self.store.poll(source).await.unwrap().unwrap().target;
        let look = self.store.looks(&[source]).await.unwrap().remove(&source).unwrap();
        let new = self.new_job(&target);
        match look.pointer.queue(look.finished.is_some(), new, self.now()) {
            Queueing::Swap(next) => {
                let swap = Swap { source, seen: look.pointer.job, next: next.clone() };
                assert!(matches!(self.store.queue(&[swap]).await[..], [Queued::Queued]));
                message(&target, &next, look.finished.unwrap().carry)
            }
            Queueing::Supersede(next) => {
                let carry = match look.pointer.prev {
                    Some(prev) => self.store.finished(source, prev).await.unwrap().unwrap().carry,
                    None => Carry::default(),
                };
                let failure = domain::failure::Failure::new(ErrorCode::LeaseExpired, domain::job::LEASE_EXPIRED);
                let possible = Some(look.pointer.possible_get(Lane::Fast));
                let old = Finished::closed_from_outside(source, &look.pointer, failure, &carry, possible, self.now());
                self.store.supersede(source, &look.pointer, &next, &old).await.unwrap();
                message(&target, &next, old.carry)
            }
            refused => panic!("{refused:?}"),
        }
    }
}

fn interval(target: &Target) -> Duration {
    Pace::REAL.span(target.settings.interval_minutes)
}

fn message(target: &Target, pointer: &Pointer, carry: Carry) -> FetchMessage {
    FetchMessage {
        v: VERSION,
        job: pointer.job,
        source: target.source,
        url: target.url.clone(),
        host: target.host.clone(),
        timeout_ms: target.settings.timeout.as_millis() as u64,
        interval_ms: interval(target).as_millis() as u64,
        subscribers: target.subscribers,
        watched: target.watched,
        lane: target.lane,
        queued_at: pointer.queued_at,
        tick: pointer.tick,
        earliest: pointer.earliest,
        reason: pointer.reason,
        carry,
        open: pointer.open,
        again: false,
        attempts: pointer.attempts,
        returned: 0,
    }
}
