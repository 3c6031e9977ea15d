//! Passes over everything: once a day, a page at a time, over as many runs as that takes.

use domain::time::Timestamp;
use domain::wheel::Pace;
use store::{Progress, StoreError, Taking, Task};

use crate::run::Run;

/// Wheel minutes from the beginning of one pass to that of the next.
const DAY: u32 = 24 * 60;

/// Whether a pass goes on now, or a new one begins.
pub(crate) fn due(last: Option<Progress>, now: Timestamp, pace: Pace) -> Option<Progress> {
    match last {
        None => Some(Progress::begun(now)),
        Some(under_way @ Progress { ended: None, .. }) => Some(under_way),
        Some(over) => (over.began + pace.span(DAY) <= now).then(|| Progress::begun(now)),
    }
}

impl Run<'_> {
    /// The pass of `task` that is to go on, if one is and nobody else has it.
    pub(crate) async fn take(&self, task: Task) -> Result<Option<Progress>, StoreError> {
        let now = self.ctx.now();
        let until = self.deadline + crate::MARGIN;
        Ok(match self.ctx.store.take_task(task, self.holder, now, until).await? {
            Taking::Taken(last) => due(last, now, self.ctx.rules.pace),
            Taking::HeldUntil(_) => None,
        })
    }

    /// Keeps how far a pass is; false when it is another run's by now.
    pub(crate) async fn keep(&self, task: Task, progress: &Progress) -> Result<bool, StoreError> {
        let kept = self.ctx.store.save_task(task, self.holder, progress).await?;
        if !kept {
            tracing::warn!(task = task.as_str(), "another run has taken this over before this one was done");
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_pass_begins_a_day_after_the_last_one_began_and_one_under_way_goes_on() {
        let at = |hours: u64| Timestamp::EPOCH + Duration::from_secs(hours * 3600);
        let over = Progress { ended: Some(at(30)), ..Progress::begun(at(10)) };
        let open = Progress { cursor: Some("here".to_owned()), ..Progress::begun(at(10)) };
        for (last, now, expected) in [
            (None, at(1), Some(Progress::begun(at(1)))),
            (Some(open.clone()), at(11), Some(open.clone())),
            (Some(open.clone()), at(500), Some(open)),
            (Some(over.clone()), at(33), None),
            (Some(over), at(34), Some(Progress::begun(at(34)))),
        ] {
            assert_eq!(due(last, now, Pace::REAL), expected, "{now}");
        }
    }
}
