//! Unread counts: one query, and a batch of heads a hundred.

use domain::id::{PostNumber, UserId};
use domain::subscription::Subscription;

use super::selection::Scope;
use super::stocks::Freshness;
use crate::context::Context;
use crate::problem::Problem;

/// How many posts of a subscription are unread.
#[derive(Clone, Debug)]
pub(crate) struct Count {
    /// The subscription.
    pub(crate) subscription: Subscription,
    /// Of those that are shown.
    pub(crate) unread: u64,
    /// The number of its source's newest post.
    pub(crate) newest: Option<PostNumber>,
}

impl Context {
    /// The unread posts of each subscription whose source is there.
    pub(crate) async fn counts(&self, user: UserId) -> Result<Vec<Count>, Problem> {
        let ground = self.ground(user, &Scope::Everything, Freshness::Recent).await?;
        let counts = ground.lanes().map(|(stock, subscription)| Count {
            subscription: subscription.clone(),
            unread: subscription.read.unread(stock.shown),
            newest: stock.newest(),
        });
        Ok(counts.collect())
    }
}
