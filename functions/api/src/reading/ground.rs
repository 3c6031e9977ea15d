//! What a person's lists stand on: their subscriptions as of now, and the stocks of those sources.

use std::collections::HashSet;
use std::sync::Arc;

use domain::id::{Ordinal, SourceId, UserId};
use domain::listing::Stock;
use domain::source::Head;
use domain::subscription::Subscription;
use store::Consistency;

use super::selection::Scope;
use super::shelves::Reading;
use super::stocks::{Freshness, There};
use crate::context::Context;
use crate::problem::Problem;

/// Subscriptions, with the stocks of their sources.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) subscriptions: Vec<Arc<Subscription>>,
    pub(super) stocks: There<Stock>,
}

impl Ground {
    /// A subscription that has no stock among `stocks` counts as it was stored.
    pub(super) fn new(mut subscriptions: Vec<Arc<Subscription>>, stocks: There<Stock>) -> Self {
        for subscription in subscriptions.iter_mut().filter(|subscription| subscription.newest.is_some()) {
            if let Some(stock) = stocks.get(&subscription.source) {
                Arc::make_mut(subscription).begin(stock.first);
            }
        }
        subscriptions.sort_unstable_by_key(|subscription| subscription.source);
        Self { subscriptions, stocks }
    }

    pub(super) fn subscription(&self, source: SourceId) -> Option<&Subscription> {
        let found = self.subscriptions.binary_search_by_key(&source, |subscription| subscription.source);
        found.ok().map(|at| &*self.subscriptions[at])
    }

    /// Whether a post counts no more, where the stocks are known of the sources whose posts may: it was read, it lies below the floor, its source is gone, or nobody subscribes to that.
    pub(super) fn is_read(&self, source: SourceId, ordinal: Ordinal) -> bool {
        self.seems_read(source, ordinal) || self.stocks.get(&source).is_none_or(|stock| ordinal <= stock.shown.floor)
    }

    /// The same as far as the subscription alone tells.
    pub(super) fn seems_read(&self, source: SourceId, ordinal: Ordinal) -> bool {
        self.subscription(source).is_none_or(|subscription| subscription.read.is_read(ordinal))
    }

    /// The subscriptions whose sources are there.
    pub(super) fn lanes(&self) -> impl Iterator<Item = (&Stock, &Subscription)> {
        let lane = |subscription: &'_ Subscription| self.stocks.get(&subscription.source).map(|stock| &**stock);
        self.subscriptions.iter().filter_map(move |subscription| Some((lane(subscription)?, &**subscription)))
    }
}

impl Context {
    /// The subscriptions of a person within a scope.
    pub(super) async fn within(&self, user: UserId, scope: &Scope) -> Result<Vec<Arc<Subscription>>, Problem> {
        match scope {
            // A call a hundred, as against all there are.
            Scope::Sources(sources) if sources.len() <= 100 => {
                let some = self.store.subscriptions_to(user, sources).await?;
                Ok(some.into_iter().map(Arc::new).collect())
            }
            Scope::Everything | Scope::Sources(_) | Scope::Folder(_) => {
                let mut all = self.subscriptions(user).await?;
                all.retain(|subscription| scope.holds(subscription));
                Ok(all)
            }
        }
    }

    /// All subscriptions of a person, by source, as of now.
    pub(crate) async fn subscriptions(&self, user: UserId) -> Result<Vec<Arc<Subscription>>, Problem> {
        match self.shelves.look(user) {
            Reading::Done(all) => Ok(all),
            Reading::Some(few) => {
                let read = self.store.subscriptions_to(user, &few.sources()).await?;
                Ok(self.shelves.mend(user, few, read))
            }
            Reading::All(all) => {
                let read = self.store.subscriptions(user).await?.into_iter().map(Arc::new).collect::<Vec<_>>();
                self.shelves.learn(user, &all, &read);
                Ok(read)
            }
        }
    }

    pub(super) async fn ground(&self, user: UserId, scope: &Scope, freshness: Freshness) -> Result<Ground, Problem> {
        let subscriptions = self.within(user, scope).await?;
        let sources: Vec<SourceId> = subscriptions.iter().map(|subscription| subscription.source).collect();
        Ok(Ground::new(subscriptions, self.stocks_of(&sources, freshness).await?))
    }

    /// What was read of the sources within a scope, without lists of their posts: only sources that have begun since are looked at.
    pub(super) async fn read_of(&self, user: UserId, scope: &Scope) -> Result<Ground, Problem> {
        let subscriptions = self.within(user, scope).await?;
        let begin = subscriptions.iter().filter(|subscription| subscription.newest.is_some());
        let begin: Vec<SourceId> = begin.map(|subscription| subscription.source).collect();
        Ok(Ground::new(subscriptions, self.stocks_of(&begin, Freshness::Recent).await?))
    }

    /// Learns the stocks of sources of whose posts the subscriptions alone say that they are unread.
    pub(super) async fn look_below(
        &self,
        ground: &mut Ground,
        posts: impl Iterator<Item = (SourceId, Ordinal)>,
    ) -> Result<(), Problem> {
        let unread = posts.filter(|(source, ordinal)| !ground.seems_read(*source, *ordinal));
        let sources: HashSet<SourceId> = unread.map(|(source, _)| source).collect();
        let sources: Vec<SourceId> = sources.into_iter().filter(|one| !ground.stocks.contains_key(one)).collect();
        if !sources.is_empty() {
            ground.stocks.extend(self.stocks_of(&sources, Freshness::Recent).await?);
        }
        Ok(())
    }

    /// The stocks of sources, without those that are gone.
    pub(super) async fn stocks_of(&self, sources: &[SourceId], freshness: Freshness) -> Result<There<Stock>, Problem> {
        let (mut stocks, missing) = self.stocks.recall(sources, freshness, self.now());
        if !missing.is_empty() {
            // What is remembered until it is written must not have been old when it was read.
            let strongly = freshness == Freshness::Now || self.stocks.lasts();
            let consistency = if strongly { Consistency::Strong } else { Consistency::Eventual };
            let sources: Vec<SourceId> = missing.iter().map(|(source, _)| *source).collect();
            let read = self.store.stocks(&sources, consistency).await?;
            let read = read.into_iter().map(|(source, stock)| (source, Arc::new(stock))).collect();
            self.stocks.learn(&missing, &read);
            stocks.extend(read);
        }
        Ok(stocks)
    }

    /// The public parts of sources, without those that are gone; in the cloud as they were a moment ago.
    pub(crate) async fn heads_of(&self, sources: &[SourceId]) -> Result<There<Head>, Problem> {
        let (mut heads, missing) = self.heads.recall(sources, Freshness::Now, self.now());
        if !missing.is_empty() {
            let sources: Vec<SourceId> = missing.iter().map(|(source, _)| *source).collect();
            let lasts = self.heads.lasts();
            let consistency = if lasts { Consistency::Strong } else { Consistency::Eventual };
            let read = self.store.heads_as(&sources, consistency).await?;
            let read = read.into_iter().map(|head| (head.source, Arc::new(head))).collect();
            if lasts {
                self.heads.learn(&missing, &read);
            }
            heads.extend(read);
        }
        Ok(heads)
    }
}
