//! Marks: read, unread, all read up to a post. One write a source, whatever the number of posts.

use std::collections::HashMap;
use std::sync::Arc;

use domain::id::{Ordinal, PostNumber, SourceId, UserId};
use domain::listing::{Sought, Stock};
use domain::reading::{First, Mark, Operation, Shown};
use domain::subscription::Subscription;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use store::Flag;

use super::selection::{Scope, Selection};
use super::stocks::Freshness;
use crate::context::Context;
use crate::problem::Problem;

/// Sources that are written at a time.
const AT_ONCE: usize = 16;
/// Posts of one mark where a list is marked.
const POSTS: usize = 1_000;

/// What a person does to posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Marking {
    /// Counts them no more.
    Read,
    /// Counts them again.
    Unread,
    /// Puts a star or a label on them.
    Keep(Flag),
    /// Takes it from them.
    Drop(Flag),
}

/// An operation that is to be applied to a subscription.
struct Wish {
    shown: Shown,
    first: First,
    subscription: Subscription,
    operation: Operation,
}

impl Context {
    /// Marks posts, in any number: a call to the store a hundred of them and two a source. Those that the person cannot see are passed over.
    pub(crate) async fn mark(&self, user: UserId, numbers: &[PostNumber], marking: &Marking) -> Result<(), Problem> {
        match marking {
            Marking::Read => self.mark_posts(user, numbers, Mark::Read).await,
            Marking::Unread => self.mark_posts(user, numbers, Mark::Unread).await,
            Marking::Keep(flag) => self.keep_posts(user, numbers, flag).await,
            Marking::Drop(flag) => Ok(self.store.unflag(user, numbers, flag).await?),
        }
    }

    async fn mark_posts(&self, user: UserId, numbers: &[PostNumber], mark: Mark) -> Result<(), Problem> {
        let mut ordinals: HashMap<SourceId, Vec<Ordinal>> = HashMap::new();
        for (source, (ordinal, _)) in self.store.whereabouts(numbers).await? {
            ordinals.entry(source).or_default().push(ordinal);
        }
        let scope = Scope::Sources(ordinals.keys().copied().collect());
        let ground = self.ground(user, &scope, Freshness::Now).await?;
        let mut marks = Vec::new();
        for subscription in ground.subscriptions {
            let (stock, ordinals) = (ground.stocks.get(&subscription.source), ordinals.remove(&subscription.source));
            if let (Some(stock), Some(ordinals)) = (stock, ordinals) {
                let operation = Operation::Posts(mark, ordinals);
                let subscription = Arc::unwrap_or_clone(subscription);
                marks.push(Wish { shown: stock.shown, first: stock.first, subscription, operation });
            }
        }
        self.write_all(marks).await
    }

    /// Marks all posts up to `through` read: one write for each source that has unread ones among them, and of what is selected by a flag those under it.
    pub(crate) async fn mark_all(
        &self,
        user: UserId,
        selection: &Selection,
        through: PostNumber,
    ) -> Result<(), Problem> {
        if selection.kept.is_some() {
            return self.mark_kept(user, selection, through).await;
        }
        let ground = self.ground(user, &selection.scope, Freshness::Now).await?;
        let mut unread = Vec::new();
        for subscription in ground.subscriptions {
            if let Some(stock) = ground.stocks.get(&subscription.source)
                && subscription.read.unread(stock.shown) > 0
            {
                unread.push((Arc::clone(stock), Arc::unwrap_or_clone(subscription)));
            }
        }
        let wishes = unread.into_iter().map(|(stock, subscription)| self.all_through(stock, subscription, through));
        let wishes: Vec<Wish> = stream::iter(wishes).buffer_unordered(AT_ONCE).try_collect().await?;
        self.write_all(wishes).await
    }

    async fn all_through(
        &self,
        stock: Arc<Stock>,
        subscription: Subscription,
        through: PostNumber,
    ) -> Result<Wish, Problem> {
        let operation = Operation::AllThrough(self.ordinal_at(&stock, through).await?);
        Ok(Wish { shown: stock.shown, first: stock.first, subscription, operation })
    }

    async fn mark_kept(&self, user: UserId, selection: &Selection, through: PostNumber) -> Result<(), Problem> {
        let below = PostNumber::new(through.get() + 1);
        let selection = Selection { below, ..selection.clone() };
        let mut cursor = None;
        loop {
            let page = self.numbers(user, &selection, cursor.as_deref(), POSTS).await?;
            let numbers: Vec<PostNumber> = page.listed.iter().map(|listed| listed.number).collect();
            self.mark_posts(user, &numbers, Mark::Read).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// The highest ordinal of a source whose number is not above `number`: of the posts that a person can have seen when they saw that one.
    async fn ordinal_at(&self, stock: &Stock, number: PostNumber) -> Result<Ordinal, Problem> {
        let mut sought = stock.through(number);
        loop {
            match sought {
                Sought::Found(span) => return Ok(span.surely),
                Sought::Ask(seek) => sought = self.store.sought(stock, &seek).await?,
            }
        }
    }

    async fn write_all(&self, wishes: Vec<Wish>) -> Result<(), Problem> {
        let writes = wishes.into_iter().map(|wish| self.write(wish));
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<()>().await
    }

    async fn write(&self, wish: Wish) -> Result<(), Problem> {
        let Wish { shown, first, subscription, operation } = wish;
        // Who has unsubscribed meanwhile has nothing to mark.
        self.store.change_read_subscription(subscription, |there| there.apply(&operation, shown, first)).await?;
        Ok(())
    }
}
