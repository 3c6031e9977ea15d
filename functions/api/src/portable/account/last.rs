//! What is read of the last posts of a source, by keys that are the same in any installation: a feed's entries have them from what the feed says.

use std::collections::HashMap;

use domain::id::{Ordinal, PostNumber};
use domain::parsed::NaturalKey;
use domain::reading::{First, Mark, Operation, Shown};
use domain::source::Head;
use domain::subscription::Subscription;
use store::Changing;

use super::ExportedSubscription;
use crate::context::Context;
use crate::problem::Problem;
use crate::subscriptions::Shelved;

/// So many posts of each source are told apart; most feeds hold fewer.
pub(super) const MOST: usize = 100;

/// The keys of the last posts.
#[derive(Debug, Default)]
pub(super) struct Last {
    pub(super) read: Vec<String>,
    pub(super) unread: Vec<String>,
}

/// What became of what an account says of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is as it was exported, as far as the posts are here; or it says nothing, or its user has been reading here since.
    Done,
    /// The posts with which the source begins are still to come.
    Waiting,
}

impl ExportedSubscription {
    /// The keys in `written` that are keys.
    fn keys(written: &[String]) -> Vec<NaturalKey> {
        written.iter().take(MOST).filter_map(|key| NaturalKey::from_hex(key)).collect()
    }
}

impl Context {
    /// The last posts of a subscription.
    pub(super) async fn last_posts(&self, shelved: &Shelved) -> Result<Last, Problem> {
        let mut last = Last::default();
        let Some(head) = shelved.head.as_ref().filter(|head| head.post_count > head.floor_ordinal) else {
            return Ok(last);
        };
        let places = self.store.page(head.source, None, MOST).await?;
        let shown = |(ordinal, number): (Ordinal, PostNumber)| (ordinal > head.floor_ordinal).then_some(number);
        let numbers: Vec<PostNumber> = places.into_iter().filter_map(shown).collect();
        let mut posts = self.store.identities(&numbers).await?;
        posts.sort_unstable_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
        for (ordinal, key) in posts {
            let is_read = shelved.subscription.read.is_read(ordinal);
            if is_read { &mut last.read } else { &mut last.unread }.push(key.to_hex());
        }
        Ok(last)
    }

    /// Marks the posts that were read elsewhere, and those that were not, unless the subscription has been touched since it began.
    pub(super) async fn import_last(
        &self,
        subscription: &Subscription,
        head: &Head,
        exported: &ExportedSubscription,
    ) -> Result<Taken, Problem> {
        let read = ExportedSubscription::keys(&exported.last_read);
        let unread = ExportedSubscription::keys(&exported.last_unread);
        if read.is_empty() && unread.is_empty() {
            return Ok(Taken::Done);
        }
        let first = head.first();
        if subscription.newest.is_some() && matches!(first, First::Coming(_)) {
            return Ok(Taken::Waiting);
        }
        let keys: Vec<NaturalKey> = read.iter().chain(&unread).copied().collect();
        let known = self.store.known(head.source, &keys).await?;
        let ordinals: HashMap<NaturalKey, Ordinal> =
            known.into_iter().map(|(key, known)| (key, known.ordinal)).collect();
        let places = |keys: &[NaturalKey]| keys.iter().filter_map(|key| ordinals.get(key).copied()).collect();
        let shown = Shown { floor: head.floor_ordinal, last: head.post_count };
        let marks = [Operation::Posts(Mark::Read, places(&read)), Operation::Posts(Mark::Unread, places(&unread))];
        let mark = |there: &mut Subscription| {
            let (is_untouched, mut changed) = (there.version == 0, false);
            for mark in marks.iter().filter(|_| is_untouched) {
                changed |= there.apply(mark, shown, first);
            }
            changed
        };
        match self.store.change_subscription(subscription.user, head.source, mark).await? {
            Changing::Changed(_) | Changing::Missing => Ok(Taken::Done),
        }
    }
}
