//! What a person's lists stand on: their subscriptions as of now, and the stocks of those sources.

use std::collections::HashMap;
use std::sync::Arc;

use domain::id::{SourceId, UserId};
use domain::listing::Stock;
use domain::reading::ReadState;
use domain::subscription::Subscription;
use store::Consistency;

use super::selection::Scope;
use crate::context::Context;
use crate::problem::Problem;

/// Subscriptions, with the stocks of their sources.
pub(super) struct Ground {
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) stocks: HashMap<SourceId, Arc<Stock>>,
}

/// How fresh stocks are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// A few seconds old at most.
    Recent,
    /// As of now.
    Now,
}

impl Ground {
    /// A subscription that has no stock among `stocks` counts as it was stored.
    pub(super) fn new(mut subscriptions: Vec<Subscription>, stocks: HashMap<SourceId, Arc<Stock>>) -> Self {
        for subscription in &mut subscriptions {
            if let Some(stock) = stocks.get(&subscription.source) {
                subscription.begin(stock.first);
            }
        }
        subscriptions.sort_unstable_by_key(|subscription| subscription.source);
        Self { subscriptions, stocks }
    }

    pub(super) fn subscription(&self, source: SourceId) -> Option<&Subscription> {
        let found = self.subscriptions.binary_search_by_key(&source, |subscription| subscription.source);
        found.ok().map(|at| &self.subscriptions[at])
    }

    /// What was read of a source; `None` without a subscription.
    pub(super) fn read_state(&self, source: SourceId) -> Option<&ReadState> {
        self.subscription(source).map(|subscription| &subscription.read)
    }

    /// The subscriptions whose sources are there.
    pub(super) fn lanes(&self) -> impl Iterator<Item = (&Stock, &Subscription)> {
        let lane = |subscription: &'_ Subscription| self.stocks.get(&subscription.source).map(|stock| &**stock);
        self.subscriptions.iter().filter_map(move |subscription| Some((lane(subscription)?, subscription)))
    }
}

impl Context {
    /// The subscriptions of a person within a scope.
    pub(super) async fn within(&self, user: UserId, scope: &Scope) -> Result<Vec<Subscription>, Problem> {
        Ok(match scope {
            // A call a hundred, as against all there are.
            Scope::Sources(sources) if sources.len() <= 100 => self.store.subscriptions_to(user, sources).await?,
            Scope::Everything | Scope::Sources(_) | Scope::Folder(_) => {
                let mut all = self.store.subscriptions(user).await?;
                all.retain(|subscription| scope.holds(subscription));
                all
            }
        })
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

    /// The stocks of sources, without those that are gone.
    pub(super) async fn stocks_of(
        &self,
        sources: &[SourceId],
        freshness: Freshness,
    ) -> Result<HashMap<SourceId, Arc<Stock>>, Problem> {
        let now = self.now();
        let (mut stocks, stale, consistency) = match freshness {
            Freshness::Now => (HashMap::new(), sources.to_vec(), Consistency::Strong),
            Freshness::Recent => {
                let (fresh, stale) = self.stocks.fresh(sources, now);
                (fresh, stale, Consistency::Eventual)
            }
        };
        if !stale.is_empty() {
            let read = self.store.stocks(&stale, consistency).await?;
            let read: Vec<Arc<Stock>> = read.into_values().map(Arc::new).collect();
            self.stocks.learn(read.iter().map(Arc::clone), now);
            stocks.extend(read.into_iter().map(|stock| (stock.source, stock)));
        }
        Ok(stocks)
    }
}
