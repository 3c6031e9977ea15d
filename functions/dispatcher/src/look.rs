//! Looking at the jobs in hand: two reads for a hundred sources, and a third where a job was abandoned or may not have been sent.

use std::collections::HashMap;

use domain::carry::Carry;
use domain::id::{JobId, SourceId};
use domain::job::Pointer;
use domain::source::Target;
use domain::wheel::Minute;
use futures_util::{StreamExt, TryStreamExt, stream};
use store::{Look, StoreError};

use crate::context::Context;
use crate::judge::{Free, Verdict, judge};

/// How many reads are under way at a time.
const READS: usize = 8;

/// A source that is due.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) target: Target,
    /// It was put off to this minute.
    pub(crate) waited: bool,
}

/// What was found of a source that is due.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Free(Free),
    Unsent(Pointer, Carry),
    Live,
    Closed,
}

impl Context {
    /// Looks at up to a hundred sources that are due in `minute`.
    pub(crate) async fn look(&self, due: Vec<Due>, minute: Minute) -> Result<Vec<(Due, Found)>, StoreError> {
        let sources: Vec<SourceId> = due.iter().map(|due| due.target.source).collect();
        let mut looks: HashMap<SourceId, Look> = self.store.looks(&sources).await?;
        let found = due.into_iter().map(|due| {
            let look = looks.remove(&due.target.source);
            async move { Ok((self.find_or_skip(due.target.source, look, minute).await?, due)) }
        });
        let found = stream::iter(found).buffered(READS).map_ok(|(found, due)| (due, found));
        found.try_collect().await
    }

    /// Looks at one source once more, strongly, after someone else changed its job; `seen` is the job that was in hand.
    pub(crate) async fn look_again(&self, source: SourceId, seen: JobId, minute: Minute) -> Result<Found, StoreError> {
        match self.look_strongly(source, seen).await {
            Ok(look) => self.find_or_skip(source, look, minute).await,
            Err(error) => skip(source, error),
        }
    }

    async fn look_strongly(&self, source: SourceId, seen: JobId) -> Result<Option<Look>, StoreError> {
        Ok(match self.store.look_strongly(source, seen).await? {
            (None, _) => None,
            (Some(pointer), finished) if pointer.job == seen => Some(Look { pointer, finished }),
            (Some(pointer), _) => {
                let finished = self.store.finished(source, pointer.job).await?;
                Some(Look { pointer, finished })
            }
        })
    }

    async fn find_or_skip(&self, source: SourceId, look: Option<Look>, minute: Minute) -> Result<Found, StoreError> {
        match self.find(source, look, minute).await {
            Err(error) => skip(source, error),
            found => found,
        }
    }

    async fn find(&self, source: SourceId, look: Option<Look>, minute: Minute) -> Result<Found, StoreError> {
        let Some(look) = look else { return Ok(Found::Closed) };
        Ok(match judge(look, minute, self.now()) {
            Verdict::Ended(pointer, carry) => Found::Free(Free { pointer, carry: *carry, abandoned: false }),
            Verdict::Abandoned(pointer) => {
                let before = self.carry_before(source, &pointer).await?;
                // Finished jobs are forgotten after their retention. After a pause that long the job in hand may have completed, and
                // must not be failed now: it is followed as one that ended, at the price of one unconditional GET and the streak.
                // To keep each source's last end longer would cost a second write a poll, or a dozen times the storage (all of them).
                let abandoned = !pointer.may_be_forgotten(self.now());
                Found::Free(Free { abandoned, ..Free::after_abandoned(pointer, &before) })
            }
            Verdict::Unsent(pointer) => {
                let before = self.carry_before(source, &pointer).await?;
                Found::Unsent(pointer, before)
            }
            Verdict::Live => Found::Live,
            Verdict::Closed => Found::Closed,
        })
    }

    /// The carry that the job in hand started from.
    async fn carry_before(&self, source: SourceId, pointer: &Pointer) -> Result<Carry, StoreError> {
        let Some(before) = pointer.prev else {
            return Ok(Carry::default());
        };
        let finished = self.store.finished(source, before).await?;
        Ok(finished.map(|finished| finished.carry).unwrap_or_default())
    }
}

/// A source of which something stored cannot be read is left alone, and the wheel turns on.
fn skip(source: SourceId, error: StoreError) -> Result<Found, StoreError> {
    if !error.is_unreadable() {
        return Err(error);
    }
    tracing::error!(%source, %error, "a source is not polled: what is stored of its jobs cannot be read");
    Ok(Found::Closed)
}
