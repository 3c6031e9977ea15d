//! When a source will be fetched next, and the reason in words.

use std::collections::HashMap;

use domain::carry::{Carry, Hold};
use domain::job::{Finished, Hand, Job, Pointer};
use domain::source::{Head, SourceState, Target};
use domain::time::Timestamp;
use domain::wheel::{Earliest, Why, earliest_start, next_fetch};
use store::Look;

use crate::context::Context;
use crate::problem::Problem;
use crate::view::{NextFetch, SourceView};

impl Context {
    /// What people see of `heads`, in their order: three batch reads whatever the number (up to a hundred).
    pub(crate) async fn source_views(&self, heads: Vec<Head>) -> Result<Vec<SourceView>, Problem> {
        let ids: Vec<_> = heads.iter().map(|head| head.source).collect();
        let looks = self.store.looks(&ids).await?;
        let targets = self.store.targets(&ids).await?;
        let targets: HashMap<_, _> = targets.into_iter().map(|target| (target.source, target)).collect();
        let paused = self.store.paused_hosts(self.now()).await?;
        let mut views = Vec::with_capacity(heads.len());
        for head in heads {
            let source = head.source;
            let (look, target) = (looks.get(&source), targets.get(&source));
            let last = match look {
                None => None,
                Some(Look { finished: Some(finished), .. }) => Some(finished.clone()),
                Some(Look { pointer, finished: None }) => match pointer.prev {
                    Some(prev) => self.store.finished(source, prev).await?,
                    None => None,
                },
            };
            let next = look.zip(target);
            let next = next.and_then(|(look, target)| self.next(&head, look, last.as_ref(), target, &paused));
            let latest = look.map(|look| match &look.finished {
                Some(finished) => Job::from(finished.clone()),
                None => Job::in_hand(source, &look.pointer),
            });
            let last = last.map(Job::from);
            views.push(SourceView::new(head, latest, last, next));
        }
        Ok(views)
    }

    fn next(
        &self,
        head: &Head,
        look: &Look,
        last: Option<&Finished>,
        target: &Target,
        paused: &HashMap<String, Timestamp>,
    ) -> Option<NextFetch> {
        if head.state != SourceState::Active {
            return None;
        }
        let now = self.now();
        let interval = self.rules.pace.span(target.settings.interval_minutes);
        let held =
            last.map(|last| (earliest_of(&last.carry, interval, paused.get(&target.host).copied()), &last.carry));
        let Some((earliest, carry)) = held else { return Some(in_hand(&look.pointer)) };
        let (at, why) = match &look.finished {
            Some(_) => next_fetch(earliest, now, target.slot, self.rules.pace),
            // Queued ahead: what holds it back is still what held it back before.
            None if look.pointer.hand == Hand::Queued && earliest.at > now => (look.pointer.earliest, earliest.why),
            None => return Some(in_hand(&look.pointer)),
        };
        Some(NextFetch { at: at.to_string(), reason: why.as_str(), detail: sentence(why, carry) })
    }
}

/// The instant before which a source with that carry is not fetched.
pub(crate) fn earliest_of(carry: &Carry, interval: std::time::Duration, paused: Option<Timestamp>) -> Earliest {
    earliest_start(carry.last_get, interval, carry.not_before, paused)
}

fn in_hand(pointer: &Pointer) -> NextFetch {
    let (reason, detail) = match pointer.hand {
        Hand::Queued => ("queued", "its job is queued"),
        Hand::Ongoing => ("ongoing", "it is being fetched"),
    };
    NextFetch { at: pointer.earliest.to_string(), reason, detail: detail.to_owned() }
}

/// Why a source waits, for people.
pub(crate) fn sentence(why: Why, carry: &Carry) -> String {
    match why {
        Why::Nothing => "nothing holds it back".to_owned(),
        Why::Wheel => "its turn on the wheel".to_owned(),
        Why::Interval => "its interval since the last fetch".to_owned(),
        // Not which one: of a private source that is its owner's to know.
        Why::HostPaused => "its host asked all fetchers for a pause".to_owned(),
        Why::Hold(Hold::Fresh) => "the server says that its last answer is still fresh".to_owned(),
        Why::Hold(Hold::NoValidators) => {
            "the server sends neither ETag nor Last-Modified, so it is asked less often".to_owned()
        }
        Why::Hold(Hold::RetryAfter) => "the server asked for this pause (Retry-After)".to_owned(),
        Why::Hold(Hold::Refused) => "the server refused the last request".to_owned(),
        Why::Hold(Hold::Backoff) if carry.streak == 1 => "the last fetch failed".to_owned(),
        Why::Hold(Hold::Backoff) => format!("the last {} fetches failed", carry.streak),
        Why::Hold(Hold::Poisoned) => "reading this feed stopped the fetcher three times".to_owned(),
    }
}
