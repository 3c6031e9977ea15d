//! Users who deleted their account: what was theirs goes.

use std::error::Error;

use boot::logs::causes;
use domain::id::{SourceId, UserId};
use domain::message::{Announcement, VERSION};
use domain::time::Timestamp;
use store::Erasure;

use crate::context::Context;
use crate::report::Report;
use crate::run::Run;

/// Items that one step of a deletion may cost.
const ITEMS: usize = 200;

impl Run<'_> {
    /// Goes on with the deletions of users that are under way, until `end`: each to where it can come now.
    pub(crate) async fn erase(&self, end: Timestamp, report: &mut Report) {
        let erasing = match self.ctx.store.erasures().await {
            Ok(erasing) => erasing,
            Err(error) => return report.trouble(&error, "deletions of users could not be listed"),
        };
        report.erasing = erasing.iter().map(|_| 1).sum();
        for user in self.ctx.by_turns(erasing) {
            match self.ctx.erase_one(user, end).await {
                Ok(Erasure::Done) => {
                    report.erased += 1;
                    report.erasing -= 1;
                }
                Ok(Erasure::NotBefore(_)) => {}
                Ok(Erasure::More | Erasure::Subscribed(_)) => {
                    report.unfinished += 1;
                    return;
                }
                Err(error) => {
                    report.failed += 1;
                    let error = causes(&*error);
                    tracing::warn!(%user, error, "the deletion of a user could not go on; a later run tries again");
                }
            }
        }
    }
}

impl Context {
    async fn erase_one(&self, user: UserId, end: Timestamp) -> Result<Erasure, Box<dyn Error>> {
        while self.now() < end {
            match self.store.erase(user, self.now(), ITEMS).await? {
                Erasure::More => {}
                Erasure::Subscribed(sources) => {
                    for source in sources {
                        if self.now() >= end {
                            return Ok(Erasure::More);
                        }
                        self.unsubscribe(user, source).await?;
                    }
                }
                other @ (Erasure::NotBefore(_) | Erasure::Done) => return Ok(other),
            }
        }
        Ok(Erasure::More)
    }

    /// The last subscriber's leaving closes an open landing, of which nobody else would tell.
    async fn unsubscribe(&self, user: UserId, source: SourceId) -> Result<(), Box<dyn Error>> {
        if let Some((job, from, to)) = self.store.unsubscribe(user, source, self.now()).await? {
            self.queue.announce(&Announcement { v: VERSION, source, job, from, to }).await?;
        }
        Ok(())
    }
}
