//! Stocks of sources, as they were read a moment ago: people look at many lists one after the other, and most sources are shared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::id::SourceId;
use domain::listing::Stock;
use domain::time::Timestamp;

/// For how long a stock is good.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// About 400 bytes each.
const MOST: usize = 20_000;

/// The stocks that this process has read.
#[derive(Debug, Default)]
pub(crate) struct Stocks(Mutex<HashMap<SourceId, (Timestamp, Arc<Stock>)>>);

impl Stocks {
    /// Those of `sources` that are fresh at `now`, and the sources whose are not.
    pub(super) fn fresh(&self, sources: &[SourceId], now: Timestamp) -> (HashMap<SourceId, Arc<Stock>>, Vec<SourceId>) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut fresh, mut stale) = (HashMap::with_capacity(sources.len()), Vec::new());
        for source in sources {
            match kept.get(source) {
                // A clock that was set back makes nothing fresh for long.
                Some((read, stock)) if *read <= now && now.since(*read) < GOOD_FOR => {
                    fresh.insert(*source, Arc::clone(stock));
                }
                _ => stale.push(*source),
            }
        }
        (fresh, stale)
    }

    /// Remembers what was asked for at `now`.
    pub(super) fn learn(&self, stocks: impl Iterator<Item = Arc<Stock>>, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.extend(stocks.map(|stock| (stock.source, (now, stock))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{Ordinal, SystemEntropy};
    use domain::reading::{First, Shown};
    use domain::source::Recent;

    #[test]
    fn a_stock_is_good_for_five_seconds() {
        let source = SourceId::draw(&mut SystemEntropy);
        let shown = Shown { floor: Ordinal::NONE, last: Ordinal::NONE };
        let stock = Arc::new(Stock { source, shown, first: First::Through(Ordinal::NONE), recent: Recent::default() });
        let (stocks, start) = (Stocks::default(), Timestamp::from_secs(1_000));
        stocks.learn(std::iter::once(stock), start);
        for (millis, fresh) in [(-1, false), (0, true), (4_999, true), (5_000, false)] {
            let at = Timestamp::from_millis(start.as_millis() + millis);
            assert_eq!(stocks.fresh(&[source], at).0.len(), usize::from(fresh), "{millis}");
        }
    }
}
