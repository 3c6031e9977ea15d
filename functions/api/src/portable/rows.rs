//! Many subscriptions at once, row by row.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::folder::{FolderName, Folders};
use domain::id::{Entropy, FolderId, UserId};
use domain::source::SourceSettings;
use domain::subscription::Subscription;
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::context::Context;
use crate::problem::Problem;
use crate::subscriptions::{Address, Outcome, Wish, may_be_told, title};

/// No row is begun after this: an answer has to be out within thirty seconds.
pub(super) const TIME: Duration = Duration::from_secs(20);
/// The most refusals that are told one by one; the others are counted.
pub(super) const TOLD: usize = 1_000;

/// One feed to subscribe to.
pub(super) struct Row {
    /// Where in the document it begins; lines count from 1.
    pub(super) line: Option<usize>,
    pub(super) url: String,
    pub(super) title: Option<String>,
    /// By name, as the document has them.
    pub(super) folders: Vec<String>,
    pub(super) interval_minutes: Option<u32>,
}

/// What became of an import.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Imported {
    /// New subscriptions.
    pub(crate) added: usize,
    /// Subscribed before; they are as they were.
    pub(crate) known: usize,
    /// Rows that could not be taken, each with its reason; at most 1,000 of them.
    pub(crate) refused: Vec<Refusal>,
    /// How many rows could not be taken.
    pub(crate) refused_count: usize,
    /// Rows that there was no time for: send the same again, and it goes on with them.
    pub(crate) left: usize,
}

/// A row that could not be taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refusal {
    /// Where it begins in the document, counted from 1.
    pub(crate) line: Option<usize>,
    pub(crate) title: Option<String>,
    /// As the document has it, unless it is secret.
    pub(crate) url: Option<String>,
    /// A stable word.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) reason: String,
}

impl Imported {
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.refused_count += 1;
        if self.refused.len() < TOLD {
            self.refused.push(refusal);
        }
    }
}

impl Context {
    /// Subscribes `user` to the feeds of `rows`, in their order, into folders that are made where they are missing. What is ours to mend ends it with an
    /// error; then what was done is done, and the same again goes on.
    pub(super) async fn import_rows(
        &self,
        user: UserId,
        rows: Vec<Row>,
        begun: Timestamp,
        entropy: &mut (impl Entropy + Send),
    ) -> Result<Imported, Problem> {
        let mut done = Imported::default();
        let known = self.known_addresses(user).await?;
        let folders = self.folders_of(user, &rows, &known, entropy).await?;
        let mut quota = self.quota(user, rows.len()).await?;
        let unread = self.unread_on_subscribe(user).await?;
        let rest = rows.len();
        for (at, row) in rows.into_iter().enumerate() {
            if known.contains(&row.url) {
                done.known += 1;
                continue;
            }
            if self.now().since(begun) >= TIME {
                done.left = rest - at;
                break;
            }
            let wish = match self.wish_of(&row, &folders, unread) {
                Ok(wish) => wish,
                Err(problem) => {
                    done.refuse(row.refused(&problem));
                    continue;
                }
            };
            match self.subscribe(user, &wish, &mut quota, entropy).await {
                Ok(Outcome::New(_)) => done.added += 1,
                Ok(Outcome::Known(_) | Outcome::Choices(_)) => done.known += 1,
                Err(problem) if problem.is_ours() => return Err(problem),
                Err(problem) => done.refuse(row.refused(&problem)),
            }
        }
        Ok(done)
    }

    /// The addresses that `user` subscribes to already, as they are written in an export: those need no look.
    async fn known_addresses(&self, user: UserId) -> Result<HashSet<String>, Problem> {
        let shelf = self.shelf(user).await?;
        Ok(shelf.list.iter().filter_map(|shelved| shelved.url().map(str::to_owned)).collect())
    }

    /// The folders that new rows name, all made in one write.
    async fn folders_of(
        &self,
        user: UserId,
        rows: &[Row],
        known: &HashSet<String>,
        entropy: &mut (impl Entropy + Send),
    ) -> Result<HashMap<String, FolderId>, Problem> {
        let new = rows.iter().filter(|row| !known.contains(&row.url));
        let mut met = HashSet::new();
        // More than fit are refused as too many, not looked at one by one.
        let written = new.flat_map(|row| &row.folders).filter(|name| met.insert(name.as_str())).take(2 * Folders::MAX);
        let written: Vec<&String> = written.collect();
        let named: Vec<(&String, FolderName)> =
            written.into_iter().filter_map(|name| Some((name, name.parse().ok()?))).collect();
        if named.is_empty() {
            return Ok(HashMap::new());
        }
        let wanted: Vec<_> = named.iter().map(|(_, name)| (name.clone(), FolderId::draw(entropy))).collect();
        let made = self.folders_named(user, &wanted).await?;
        Ok(named.iter().zip(made).map(|((written, _), folder)| ((*written).clone(), folder.id)).collect())
    }

    fn wish_of(&self, row: &Row, folders: &HashMap<String, FolderId>, unread: u64) -> Result<Wish, Problem> {
        // A title that does not fit is no reason to lose the feed.
        let title = title(row.title.as_deref()).unwrap_or_default();
        let low = self.rules.min_interval_minutes;
        Ok(Wish {
            address: Address::read(&row.url, None, &self.rules.reach)?,
            title,
            folders: distinct(
                row.folders.iter().filter_map(|name| folders.get(name).copied()),
                Subscription::MAX_FOLDERS,
            ),
            interval_minutes: row
                .interval_minutes
                .map(|minutes| minutes.clamp(low, SourceSettings::MAX_INTERVAL_MINUTES)),
            unread,
            discover: false,
        })
    }
}

/// An address as it may be told: none that may be secret.
pub(super) fn told_url(written: &str) -> Option<String> {
    may_be_told(written).then(|| written.to_owned())
}

/// The first of `items` that are not alike, at most `most`.
pub(super) fn distinct<T: PartialEq>(items: impl Iterator<Item = T>, most: usize) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if kept.len() == most {
            break;
        }
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

impl Row {
    fn refused(&self, problem: &Problem) -> Refusal {
        Refusal {
            line: self.line,
            title: self.title.clone(),
            url: told_url(&self.url),
            code: problem.code(),
            reason: problem.detail().to_owned(),
        }
    }
}
