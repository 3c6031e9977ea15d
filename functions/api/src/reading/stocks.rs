//! Heads of sources, or their stocks, as they were read a moment ago: people look at many lists one after the other, and most sources are shared.
//!
//! Where a journal tells what is written, what was not written since it was read is as of now, however long ago that was. Elsewhere it is good for five seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::id::SourceId;
use domain::listing::Stock;
use domain::source::Head;
use domain::time::Timestamp;
use store::{Journal, Moment, Watch};

/// For how long something is good of which nobody tells.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// About 400 bytes a stock, twice that a head.
const MOST: usize = 20_000;

/// How fresh heads are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// A few seconds old at most.
    Recent,
    /// As of now.
    Now,
}

/// The sources that are there.
pub(crate) type There<H> = HashMap<SourceId, Arc<H>>;

/// The stocks that this process has read.
pub(crate) type Stocks = Remembered<Stock>;
/// The heads that this process has read.
pub(crate) type Heads = Remembered<Head>;

/// What this process has read of heads.
#[derive(Debug)]
pub(crate) struct Remembered<H> {
    journal: Option<Journal>,
    known: Mutex<HashMap<SourceId, Known<H>>>,
}

#[derive(Debug)]
struct Known<H> {
    /// `None`: there is no such source.
    head: Option<Arc<H>>,
    since: Since,
}

/// When something was read, noted before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Since {
    Time(Timestamp),
    Moment(Watch, Moment),
}

impl<H> Remembered<H> {
    pub(crate) fn new(journal: Option<Journal>) -> Self {
        Self { journal, known: Mutex::default() }
    }

    /// Those of `sources` that are as fresh as that at `now`, without those that are known to be gone; and the others, which are to be read, as of now where they are remembered for long.
    pub(super) fn recall(
        &self,
        sources: &[SourceId],
        freshness: Freshness,
        now: Timestamp,
    ) -> (There<H>, Vec<(SourceId, Since)>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut fresh, mut missing) = (HashMap::with_capacity(sources.len()), Vec::new());
        for source in sources {
            match known.get(source) {
                Some(Known { head, since }) if self.is_good(*since, freshness, now) => {
                    fresh.extend(head.as_ref().map(|head| (*source, Arc::clone(head))));
                }
                known => missing.push((*source, self.begin(*source, known, now))),
            }
        }
        (fresh, missing)
    }

    fn is_good(&self, since: Since, freshness: Freshness, now: Timestamp) -> bool {
        match (since, &self.journal) {
            (Since::Moment(watch, moment), Some(journal)) => journal.moment(watch) == moment,
            // A clock that was set back makes nothing fresh for long.
            (Since::Time(read), _) => freshness == Freshness::Recent && read <= now && now.since(read) < GOOD_FOR,
            (Since::Moment(..), None) => false,
        }
    }

    fn begin(&self, source: SourceId, known: Option<&Known<H>>, now: Timestamp) -> Since {
        let Some(journal) = &self.journal else { return Since::Time(now) };
        let watch = match known {
            Some(Known { since: Since::Moment(watch, _), .. }) => *watch,
            _ => journal.head(source),
        };
        Since::Moment(watch, journal.moment(watch))
    }

    /// Whether what is read will be remembered until it is written.
    pub(super) fn lasts(&self) -> bool {
        self.journal.is_some()
    }

    /// Remembers what was asked for, and what of it there is.
    pub(super) fn learn(&self, asked: &[(SourceId, Since)], there: &There<H>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.extend(
            asked
                .iter()
                .map(|(source, since)| (*source, Known { head: there.get(source).map(Arc::clone), since: *since })),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{Ordinal, SystemEntropy};
    use domain::reading::{First, Shown};
    use domain::source::Recent;

    fn stock(source: SourceId) -> Arc<Stock> {
        let shown = Shown { floor: Ordinal::NONE, last: Ordinal::NONE };
        Arc::new(Stock { source, shown, first: First::Through(Ordinal::NONE), recent: Recent::default() })
    }

    /// Reads that source at `now`.
    fn read(stocks: &Stocks, source: SourceId, now: Timestamp) {
        let (_, missing) = stocks.recall(&[source], Freshness::Recent, now);
        stocks.learn(&missing, &HashMap::from([(source, stock(source))]));
    }

    #[test]
    fn a_stock_of_which_nobody_tells_is_good_for_five_seconds() {
        let source = SourceId::draw(&mut SystemEntropy);
        let (stocks, start) = (Stocks::new(None), Timestamp::from_secs(1_000));
        read(&stocks, source, start);
        for (millis, fresh) in [(-1, false), (0, true), (4_999, true), (5_000, false)] {
            let at = Timestamp::from_millis(start.as_millis() + millis);
            let known = |freshness| stocks.recall(&[source], freshness, at).0.len();
            assert_eq!((known(Freshness::Recent), known(Freshness::Now)), (usize::from(fresh), 0), "{millis}");
        }
    }

    #[test]
    fn where_a_journal_tells_a_stock_is_good_until_its_head_is_written_even_while_it_is_read() {
        let source = SourceId::draw(&mut SystemEntropy);
        let (journal, start) = (Journal::default(), Timestamp::from_secs(1_000));
        let stocks = Stocks::new(Some(journal.clone()));
        let pk = format!("S#{source}");
        let known = |after: u64| stocks.recall(&[source], Freshness::Now, start + Duration::from_secs(after)).0.len();
        read(&stocks, source, start);
        assert_eq!((known(0), known(1_000_000)), (1, 1));
        journal.changed(&pk, "HEAD");
        assert_eq!(known(0), 0);
        let (_, missing) = stocks.recall(&[source], Freshness::Now, start);
        // Between the question and its answer.
        journal.changed(&pk, "HEAD");
        stocks.learn(&missing, &HashMap::from([(source, stock(source))]));
        assert_eq!(known(0), 0);
        read(&stocks, source, start);
        assert_eq!(known(0), 1);
    }
}
