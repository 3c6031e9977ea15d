//! An account on its way in: what is here stays as it is, and the same part again goes on where time ended it.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::folder::{FolderName, Folders};
use domain::id::{Entropy, FolderId, SourceId, UserId};
use domain::label::LabelName;
use domain::reading::{First, ReadState, Shown};
use domain::source::Head;
use domain::subscription::Subscription;
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::Changing;

use super::last::Taken;
use super::{AccountImport, AccountImported, ExportedSubscription, KeptPost};
use crate::access::Person;
use crate::context::Context;
use crate::portable::rows::{Refusal, Row, TIME, distinct, told_url};
use crate::problem::Problem;
use crate::subscriptions::Shelved;

/// The most bytes of one read state.
const MAX_READ: usize = 32 << 10;
/// The most subscriptions of one part.
const MAX_SUBSCRIPTIONS: usize = 20_000;
/// The most kept posts of one part: more than an export puts into one.
const MAX_KEPT: usize = 10_000;

impl Context {
    /// Takes one part in.
    pub(super) async fn import_account(
        &self,
        person: &Person,
        account: AccountImport,
        entropy: &mut (impl Entropy + Send),
    ) -> Result<AccountImported, Problem> {
        let (user, begun) = (person.user, self.now());
        // What does not fit is refused before anything is done.
        if account.subscriptions.len() > MAX_SUBSCRIPTIONS || account.kept.len() > MAX_KEPT {
            let detail = format!("a part has at most {MAX_SUBSCRIPTIONS} subscriptions and {MAX_KEPT} kept posts");
            return Err(Problem::out_of_range(detail));
        }
        let (exported, broken): (Vec<ExportedSubscription>, _) = sorted(account.subscriptions);
        let (kept, unkept): (Vec<KeptPost>, _) = sorted(account.kept);
        let labels = account.labels.iter().chain(kept.iter().flat_map(|kept| &kept.labels));
        let labels: HashSet<LabelName> = labels.filter_map(|name| name.parse().ok()).collect();
        if labels.len() > LabelName::MOST {
            return Err(Problem::out_of_range(format!("a part has at most {} labels", LabelName::MOST)));
        }
        self.import_folders(user, &account.folders, entropy).await?;
        if let Some(preferences) = &account.preferences {
            self.prefer(person, preferences).await?;
        }
        for name in &labels {
            self.make_label(user, name).await?;
        }
        let rows = exported.iter().filter_map(row);
        let subscriptions = self.import_rows(user, rows.collect(), begun, entropy).await?;
        let mut done = AccountImported { left: subscriptions.left, subscriptions, ..AccountImported::default() };
        broken.into_iter().for_each(|refusal| done.subscriptions.refuse(refusal));
        unkept.into_iter().for_each(|refusal| done.refuse_kept(refusal));
        let shelf = self.shelf(user).await?.list;
        self.import_all_read(&shelf, &exported, begun, &mut done).await?;
        let public = shelf.iter().filter_map(|shelved| Some((shelved.url()?.to_owned(), shelved.source())));
        let sources: HashMap<String, SourceId> = public.collect();
        self.import_kept(user, &sources, &kept, begun, &mut done).await?;
        Ok(done)
    }

    async fn import_folders(
        &self,
        user: UserId,
        names: &[String],
        entropy: &mut (impl Entropy + Send),
    ) -> Result<(), Problem> {
        let wanted = distinct(names.iter().filter_map(|name| name.parse::<FolderName>().ok()), Folders::MAX + 1);
        let wanted: Vec<_> = wanted.into_iter().map(|name| (name, FolderId::draw(entropy))).collect();
        if !wanted.is_empty() {
            self.folders_named(user, &wanted).await?;
        }
        Ok(())
    }

    /// What was read of each source, if nothing was done to the subscription since it began: as it was where the source is the very one, else by the keys of its last posts.
    async fn import_all_read(
        &self,
        shelf: &[Shelved],
        exported: &[ExportedSubscription],
        begun: Timestamp,
        done: &mut AccountImported,
    ) -> Result<(), Problem> {
        let untouched = shelf.iter().filter(|shelved| shelved.subscription.version == 0);
        let untouched: Vec<(&Subscription, &Head)> =
            untouched.filter_map(|shelved| Some((&shelved.subscription, shelved.head.as_ref()?))).collect();
        let by_source: HashMap<SourceId, _> = untouched.iter().map(|one| (one.1.source, *one)).collect();
        // Of a private source nobody is told the address.
        let public = untouched.iter().filter(|one| one.1.owner.is_none());
        let by_url: HashMap<&str, _> = public.map(|one| (one.1.url.as_str(), *one)).collect();
        let telling = exported.iter().filter(|one| one.tells_what_was_read());
        let mut wanted = telling.filter_map(|one| {
            let same = one.source.parse().ok().and_then(|source: SourceId| by_source.get(&source));
            let found = same.or_else(|| by_url.get(one.url.as_deref()?));
            found.map(|(subscription, head)| (*subscription, *head, same.is_some(), one))
        });
        while let Some((subscription, head, is_same, one)) = wanted.next() {
            if self.now().since(begun) >= TIME {
                done.left += 1 + wanted.count();
                break;
            }
            let taken = match one.read_state().filter(|_| is_same) {
                Some(read) => self.import_read(subscription, head, read).await?,
                None => self.import_last(subscription, head, one).await?,
            };
            done.waiting += usize::from(taken == Taken::Waiting);
        }
        Ok(())
    }

    async fn import_read(&self, there: &Subscription, head: &Head, read: ReadState) -> Result<Taken, Problem> {
        if there.newest.is_some() && matches!(head.first(), First::Coming(_)) {
            return Ok(Taken::Waiting);
        }
        let read = read.within(Shown { floor: head.floor_ordinal, last: head.post_count });
        let set = |subscription: &mut Subscription| {
            let is_untouched = subscription.version == 0 && subscription.read != read;
            if is_untouched {
                subscription.read.clone_from(&read);
                subscription.newest = None;
            }
            is_untouched
        };
        match self.store.change_subscription(there.user, head.source, set).await? {
            Changing::Changed(_) | Changing::Missing => Ok(Taken::Done),
        }
    }
}

impl ExportedSubscription {
    fn tells_what_was_read(&self) -> bool {
        self.read.is_some() || !self.last_read.is_empty() || !self.last_unread.is_empty()
    }

    fn read_state(&self) -> Option<ReadState> {
        let text = self.read.as_ref().filter(|text| text.len() <= MAX_READ)?;
        ReadState::from_bytes(&STANDARD.decode(text).ok()?).ok()
    }
}

/// Rows that are what they should be, and the others with what is wrong.
fn sorted<T: DeserializeOwned>(rows: Vec<Value>) -> (Vec<T>, Vec<Refusal>) {
    let (mut good, mut bad) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match T::deserialize(&row) {
            Ok(row) => good.push(row),
            Err(error) => bad.push(refusal(&row, "bad_row", error.to_string())),
        }
    }
    (good, bad)
}

/// A row by what it calls itself.
pub(super) fn refusal(row: &Value, code: &'static str, reason: String) -> Refusal {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    Refusal { line: None, title: text("title").map(str::to_owned), url: text("url").and_then(told_url), code, reason }
}

fn row(exported: &ExportedSubscription) -> Option<Row> {
    Some(Row {
        line: None,
        url: exported.url.clone()?,
        title: exported.title.clone(),
        folders: exported.folders.clone(),
        interval_minutes: None,
    })
}
