//! How much one person may subscribe to: in all, and on one host, so that nobody can turn the fetchers on a server.

use std::collections::HashMap;

use domain::id::{SourceId, UserId};
use url::Url;

use crate::context::Context;
use crate::problem::Problem;

/// What a person may still subscribe to; read once, then counted along, for one request or one import.
pub(crate) struct Quota {
    most: usize,
    taken: usize,
    most_per_host: usize,
    hosts: HashMap<String, usize>,
}

impl Quota {
    /// Takes a place for a source on `host`.
    ///
    /// # Errors
    /// A problem when there is none.
    pub(crate) fn take(&mut self, host: &str) -> Result<(), Problem> {
        if self.taken >= self.most {
            let detail = format!("there can be {} subscriptions; unsubscribe from something first", self.most);
            return Err(Problem::conflict("too_many_subscriptions", detail));
        }
        let there = self.hosts.entry(host.to_owned()).or_default();
        if *there >= self.most_per_host {
            let most = self.most_per_host;
            let detail = format!("there can be {most} subscriptions on one host; unsubscribe from one on {host} first");
            return Err(Problem::conflict("too_many_on_host", detail));
        }
        *there += 1;
        self.taken += 1;
        Ok(())
    }
}

impl Context {
    /// What `user` may still subscribe to, who means to add `planned` subscriptions. Two requests at once may both get the last place.
    pub(crate) async fn quota(&self, user: UserId, planned: usize) -> Result<Quota, Problem> {
        let (most, most_per_host) = (self.rules.max_subscriptions, self.rules.max_subscriptions_per_host);
        let there = self.store.subscriptions(user).await?;
        let mut quota = Quota { most, taken: there.len(), most_per_host, hosts: HashMap::new() };
        // So few cannot be too many on one host, wherever they are.
        if there.len() + planned > most_per_host {
            let sources: Vec<SourceId> = there.iter().map(|subscription| subscription.source).collect();
            for head in self.store.heads(&sources).await? {
                if let Ok(url) = Url::parse(&head.url) {
                    *quota.hosts.entry(fetch::host_key(&url)).or_default() += 1;
                }
            }
        }
        Ok(quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_end_in_all_and_on_each_host() {
        let mut quota = Quota { most: 5, taken: 1, most_per_host: 2, hosts: HashMap::from([("a".to_owned(), 1)]) };
        for (host, fits) in
            [("a", true), ("a", false), ("b", true), ("b", true), ("b", false), ("c", true), ("d", false)]
        {
            assert_eq!(quota.take(host).is_ok(), fits, "{host}");
        }
    }
}
