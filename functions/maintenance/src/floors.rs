//! Retention: once a day the floor of each source rises, by age and by count, ahead of the end of its posts. Whoever comes by every source also finds those that have lost their owner.

use std::error::Error;

use boot::logs::causes;
use domain::source::Head;
use domain::time::Timestamp;
use futures_util::{StreamExt, stream};
use store::{Place, Progress, Raising, Task};

use crate::report::Report;
use crate::run::Run;

/// Sources of one page.
const PAGE: usize = 100;
/// How many of them are looked at at a time.
const AT_ONCE: usize = 8;

impl Run<'_> {
    /// Goes on with the day's pass over all sources until `end`.
    pub(crate) async fn raise_floors(&self, end: Timestamp, report: &mut Report) {
        match self.pass_over_sources(end, report).await {
            Ok(true) => {}
            Ok(false) => report.unfinished += 1,
            Err(error) => report.trouble(&*error, "floors could not be raised"),
        }
    }

    /// True when the pass is over, or none is due.
    async fn pass_over_sources(&self, end: Timestamp, report: &mut Report) -> Result<bool, Box<dyn Error>> {
        let Some(mut progress) = self.take(Task::Retention).await? else { return Ok(true) };
        while self.ctx.now() < end {
            let after: Option<Place> = progress.cursor.as_deref().and_then(place);
            let (heads, next) = self.ctx.store.list(after, PAGE).await?;
            let seen = heads.len() as u64;
            let Some(raised) = self.raise(heads, report).await else {
                // The page as it is comes again with the next run: what is throttled today would be every day.
                return Ok(false);
            };
            report.sources_seen += seen;
            report.floors_raised += raised;
            progress = Progress {
                seen: progress.seen + seen,
                changed: progress.changed + raised,
                ended: next.is_none().then(|| self.ctx.now()),
                cursor: next.as_ref().map(serde_json::to_string).transpose()?,
                ..progress
            };
            if !self.keep(Task::Retention, &progress).await? || next.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Raises the floors of a page; how many rose, or `None` if the store was not up to all of them. One that cannot be raised at all is in nobody's way: tomorrow's
    /// pass comes by.
    async fn raise(&self, heads: Vec<Head>, report: &mut Report) -> Option<u64> {
        let now = self.ctx.now();
        let (left, heads): (Vec<Head>, Vec<Head>) = heads.into_iter().partition(Head::is_left);
        let mut busy = false;
        for head in left {
            busy |= self.end_left(head.source, report).await;
        }
        let raised = heads.into_iter().map(|head| async move {
            let raised = self.ctx.store.raise_floor(&head, &self.ctx.rules.retention, now).await;
            (head.source, raised)
        });
        let mut raised = std::pin::pin!(stream::iter(raised).buffered(AT_ONCE));
        let mut count = 0;
        while let Some((source, raised)) = raised.next().await {
            match raised {
                Ok(Raising::Raised(_)) => count += 1,
                Ok(Raising::Left) => {}
                Err(error) => {
                    busy |= error.is_retryable();
                    report.failed += 1;
                    tracing::warn!(%source, error = causes(&error), "a floor could not be raised; another pass tries again");
                }
            }
        }
        (!busy).then_some(count)
    }
}

/// Where a pass goes on. A place that this code cannot read is none: it begins anew, which does no harm.
fn place(cursor: &str) -> Option<Place> {
    let read = serde_json::from_str(cursor);
    read.inspect_err(|error| tracing::warn!(error = causes(error), "where the pass over sources stood cannot be read"))
        .ok()
}
