//! An account on its way out, part by part.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::{PostNumber, SourceId, UserId};
use domain::label::LabelName;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use store::{Copy, Flags};

use super::{AT_ONCE, AccountExport, ExportedSubscription, FORMAT, KeptFile, KeptPost, VERSION};
use crate::context::Context;
use crate::problem::Problem;
use crate::subscriptions::{Shelf, Shelved};

/// Bytes of kept posts in one answer; one more post may be over.
const BYTES: usize = 3 << 20;
/// The most subscriptions of one part.
const SUBSCRIPTIONS: usize = 200;
/// Subscriptions whose posts are looked at at a time.
const LOOKS: usize = 16;

/// Where a part begins.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Place {
    /// Behind the subscription to this source.
    Behind(SourceId),
    /// With the kept posts below this number.
    Below(u64),
}

impl Context {
    /// The part of an account at `cursor`; the first one without.
    pub(super) async fn export_account(&self, user: UserId, cursor: Option<&str>) -> Result<AccountExport, Problem> {
        let scope = format!("account {user}");
        let place: Option<Place> = cursor.map(|cursor| self.cursors.open(&scope, cursor)).transpose()?;
        let mut part = AccountExport {
            format: FORMAT,
            version: VERSION,
            exported_at: self.now().to_string(),
            preferences: None,
            folders: Vec::new(),
            labels: Vec::new(),
            subscriptions: Vec::new(),
            kept: Vec::new(),
            next: None,
        };
        let next = match place {
            None => {
                part.preferences = Some(self.store.preferences(user).await?.into());
                part.labels = self.store.labels(user).await?.iter().map(LabelName::to_string).collect();
                self.export_shelf(user, None, &mut part).await?
            }
            Some(Place::Behind(source)) => self.export_shelf(user, Some(source), &mut part).await?,
            Some(Place::Below(number)) => self.export_kept(user, number, &mut part).await?,
        };
        part.next = next.map(|place| self.cursors.seal(&scope, &place)).transpose()?;
        Ok(part)
    }

    /// Subscriptions behind that to `after`, by source, and behind the last of them what fits of the kept posts.
    async fn export_shelf(
        &self,
        user: UserId,
        after: Option<SourceId>,
        part: &mut AccountExport,
    ) -> Result<Option<Place>, Problem> {
        let mut shelf = self.shelf(user).await?;
        if after.is_none() {
            part.folders = shelf.folders.list().iter().map(|folder| folder.name.to_string()).collect();
        }
        let mut list = std::mem::take(&mut shelf.list);
        list.sort_unstable_by_key(Shelved::source);
        list.retain(|shelved| after.is_none_or(|after| shelved.source() > after));
        let more = list.len() > SUBSCRIPTIONS;
        list.truncate(SUBSCRIPTIONS);
        let last = list.last().map(Shelved::source).filter(|_| more);
        for some in list.chunks(LOOKS) {
            let rows = some.iter().map(|shelved| self.exported(&shelf, shelved));
            part.subscriptions.extend(try_join_all(rows).await?);
        }
        match last {
            Some(last) => Ok(Some(Place::Behind(last))),
            None => self.export_kept(user, PostNumber::END, part).await,
        }
    }

    async fn exported(&self, shelf: &Shelf, shelved: &Shelved) -> Result<ExportedSubscription, Problem> {
        let read = shelved.subscription.read.to_bytes().map_err(|error| Problem::ours(&error))?;
        let last = self.last_posts(shelved).await?;
        Ok(ExportedSubscription {
            source: shelved.source().to_string(),
            url: shelved.url().map(str::to_owned),
            title: shelved.subscription.title.clone(),
            folders: shelf.folders_of(&shelved.subscription).iter().map(|folder| folder.name.to_string()).collect(),
            read: Some(STANDARD.encode(read)),
            last_read: last.read,
            last_unread: last.unread,
        })
    }

    /// Kept posts below a number, newest first, until there are enough bytes; says where the others begin.
    async fn export_kept(&self, user: UserId, below: u64, part: &mut AccountExport) -> Result<Option<Place>, Problem> {
        let (Some(from), Some(to)) = (PostNumber::new(0), below.checked_sub(1).and_then(PostNumber::new)) else {
            return Ok(None);
        };
        let mut flags: Vec<(PostNumber, Flags)> = self.store.flags(user, from, to).await?.into_iter().collect();
        flags.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        // What is in the part already counts, roughly.
        let weighs = |one: &ExportedSubscription| {
            one.read.as_ref().map_or(0, String::len) + 36 * (one.last_read.len() + one.last_unread.len()) + 300
        };
        let mut bytes: usize = part.subscriptions.iter().map(weighs).sum();
        for some in flags.chunks(AT_ONCE) {
            let numbers: Vec<PostNumber> = some.iter().map(|(number, _)| *number).collect();
            let copies = self.store.copies(user, &numbers).await?;
            let mut flags: HashMap<PostNumber, &Flags> = some.iter().map(|(number, flags)| (*number, flags)).collect();
            for copy in copies {
                let Some(flags) = flags.remove(&copy.post.number) else { continue };
                if bytes > BYTES {
                    return Ok(Some(Place::Below(copy.post.number.get() + 1)));
                }
                let kept = self.kept_post(copy, flags).await?;
                bytes += kept.bytes();
                part.kept.push(kept);
            }
        }
        Ok(None)
    }

    async fn kept_post(&self, copy: Copy, flags: &Flags) -> Result<KeptPost, Problem> {
        let Copy { post, source_title, source_url } = copy;
        let file = |file: domain::parsed::Enclosure| KeptFile {
            url: file.url,
            media_type: file.media_type,
            length: file.length,
        };
        Ok(KeptPost {
            post: self.face.hide(post.number).to_string(),
            starred: flags.starred,
            labels: flags.labels.iter().map(LabelName::to_string).collect(),
            key: Some(post.key.to_hex()),
            title: post.title,
            url: post.url,
            authors: post.authors,
            published: Some(post.published.to_string()),
            updated: post.updated.map(|updated| updated.to_string()),
            // To the millisecond in which it got its number: so the order of posts that came together comes over, too.
            arrived: Some(post.number.minted_at().to_string()),
            summary: post.summary,
            content: self.content(post.content).await?,
            enclosures: post.enclosures.into_iter().map(file).collect(),
            image: post.image,
            categories: post.categories,
            comments: post.comments,
            source: Some(post.source.to_string()),
            source_title,
            source_url,
        })
    }
}

impl KeptPost {
    /// About how many, in JSON.
    fn bytes(&self) -> usize {
        let texts = [&self.title, &self.url, &self.summary, &self.content, &self.image, &self.comments];
        let lists = self.authors.iter().chain(&self.categories).map(String::len);
        let files = self.enclosures.iter().map(|file| file.url.len() + 100);
        texts.into_iter().flatten().map(String::len).chain(lists).chain(files).sum::<usize>() + 800
    }
}
