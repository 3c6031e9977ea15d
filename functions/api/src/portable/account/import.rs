//! An account on its way in: what is here stays as it is, and the same part again goes on where time ended it.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::folder::{FolderName, Folders};
use domain::id::{Entropy, FolderId, PostId, PostNumber, SourceId, UserId};
use domain::label::LabelName;
use domain::reading::{ReadState, Shown};
use domain::subscription::Subscription;
use domain::time::Timestamp;
use store::{Changing, Flag};

use super::{AT_ONCE, AccountImport, AccountImported, ExportedSubscription, KeptPost};
use crate::access::Person;
use crate::context::Context;
use crate::portable::rows::{Row, TIME, distinct};
use crate::problem::Problem;
use crate::reading::Marking;

/// The most bytes of one read state.
const MAX_READ: usize = 32 << 10;
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
        let labels = account.labels.iter().chain(account.kept.iter().flat_map(|kept| &kept.labels));
        let labels: HashSet<LabelName> = labels.filter_map(|name| name.parse().ok()).collect();
        if labels.len() > LabelName::MOST || account.kept.len() > MAX_KEPT {
            let most = LabelName::MOST;
            return Err(Problem::out_of_range(format!("a part has at most {most} labels and {MAX_KEPT} kept posts")));
        }
        self.import_folders(user, &account.folders, entropy).await?;
        if let Some(preferences) = &account.preferences {
            self.prefer(person, preferences).await?;
        }
        for name in &labels {
            self.make_label(user, name).await?;
        }
        let rows = account.subscriptions.iter().filter_map(row);
        let subscriptions = self.import_rows(user, rows.collect(), begun, entropy).await?;
        let mut done = AccountImported { left: subscriptions.left, subscriptions, kept: 0, kept_missing: 0 };
        self.import_all_read(user, &account.subscriptions, begun, &mut done).await?;
        self.import_kept(user, &account.kept, begun, &mut done).await?;
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

    /// What was read of each source, if the source is the very one, and nothing was done to the subscription since it began.
    async fn import_all_read(
        &self,
        user: UserId,
        exported: &[ExportedSubscription],
        begun: Timestamp,
        done: &mut AccountImported,
    ) -> Result<(), Problem> {
        let there = self.store.subscriptions(user).await?;
        let untouched: HashSet<SourceId> =
            there.into_iter().filter(|one| one.version == 0).map(|one| one.source).collect();
        let known = exported.iter().filter_map(|one| Some((one.source.parse::<SourceId>().ok()?, one)));
        let mut wanted = known.filter(|(source, _)| untouched.contains(source));
        while let Some((source, one)) = wanted.next() {
            if self.now().since(begun) >= TIME {
                done.left += 1 + wanted.count();
                break;
            }
            self.import_read(user, source, one).await?;
        }
        Ok(())
    }

    async fn import_read(
        &self,
        user: UserId,
        source: SourceId,
        exported: &ExportedSubscription,
    ) -> Result<(), Problem> {
        let read = exported.read.as_ref().filter(|text| text.len() <= MAX_READ);
        let read =
            read.and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| ReadState::from_bytes(&bytes).ok());
        let (Some(read), Some(head)) = (read, self.store.head(source).await?) else { return Ok(()) };
        let read = read.within(Shown { floor: head.floor_ordinal, last: head.post_count });
        let set = |subscription: &mut Subscription| {
            let is_untouched = subscription.version == 0 && subscription.read != read;
            if is_untouched {
                subscription.read.clone_from(&read);
                subscription.newest = None;
            }
            is_untouched
        };
        match self.store.change_subscription(user, source, set).await? {
            Changing::Changed(_) | Changing::Missing => Ok(()),
        }
    }

    /// Puts stars and labels back on the posts that are here, a page at a time.
    async fn import_kept(
        &self,
        user: UserId,
        kept: &[KeptPost],
        begun: Timestamp,
        done: &mut AccountImported,
    ) -> Result<(), Problem> {
        for (at, some) in kept.chunks(AT_ONCE).enumerate() {
            if self.now().since(begun) >= TIME {
                done.left += kept.len() - at * AT_ONCE;
                break;
            }
            let found = self.import_kept_page(user, some).await?;
            done.kept += found;
            done.kept_missing += some.len() - found;
        }
        Ok(())
    }

    async fn import_kept_page(&self, user: UserId, kept: &[KeptPost]) -> Result<usize, Problem> {
        let named = kept.iter().filter_map(|kept| Some((self.face.reveal(kept.post.parse::<PostId>().ok()?), kept)));
        let named: Vec<(PostNumber, &KeptPost)> = named.collect();
        let numbers: Vec<PostNumber> = distinct(named.iter().map(|(number, _)| *number), AT_ONCE);
        // In another installation an id may be another post's: the address tells.
        let there: HashMap<PostNumber, Option<String>> =
            self.entries(user, &numbers).await?.into_iter().map(|entry| (entry.post.number, entry.post.url)).collect();
        let mut flags: HashMap<Option<LabelName>, Vec<PostNumber>> = HashMap::new();
        let mut count = 0;
        for (number, kept) in named.iter().filter(|(number, kept)| there.get(number) == Some(&kept.url)) {
            count += 1;
            if kept.starred {
                flags.entry(None).or_default().push(*number);
            }
            for label in kept.labels.iter().filter_map(|name| name.parse().ok()) {
                flags.entry(Some(label)).or_default().push(*number);
            }
        }
        for (label, numbers) in flags {
            let flag = label.map_or(Flag::Star, Flag::Label);
            self.mark(user, &distinct(numbers.into_iter(), AT_ONCE), &Marking::Keep(flag)).await?;
        }
        Ok(count)
    }
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
