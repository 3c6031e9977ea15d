//! An account on its way out, part by part.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::{PostNumber, UserId};
use domain::label::LabelName;
use store::Flags;

use super::{AT_ONCE, AccountExport, ExportedSubscription, FORMAT, KeptPost, VERSION};
use crate::context::Context;
use crate::problem::Problem;

/// Bytes of kept posts in one answer; one more post may be over.
const BYTES: usize = 3 << 20;

impl Context {
    /// The part of an account at `cursor`; the first one without.
    pub(super) async fn export_account(&self, user: UserId, cursor: Option<&str>) -> Result<AccountExport, Problem> {
        let scope = format!("account {user}");
        let below: Option<u64> = cursor.map(|cursor| self.cursors.open(&scope, cursor)).transpose()?;
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
        if cursor.is_none() {
            self.export_shelf(user, &mut part).await?;
        }
        let reached = self.export_kept(user, below, &mut part).await?;
        part.next = reached.map(|number| self.cursors.seal(&scope, &number)).transpose()?;
        Ok(part)
    }

    async fn export_shelf(&self, user: UserId, part: &mut AccountExport) -> Result<(), Problem> {
        let shelf = self.shelf(user).await?;
        part.preferences = Some(self.store.preferences(user).await?.into());
        part.folders = shelf.folders.list().iter().map(|folder| folder.name.to_string()).collect();
        part.labels = self.store.labels(user).await?.iter().map(LabelName::to_string).collect();
        for shelved in &shelf.list {
            let read = shelved.subscription.read.to_bytes().map_err(|error| Problem::ours(&error))?;
            part.subscriptions.push(ExportedSubscription {
                source: shelved.source().to_string(),
                url: shelved.url().map(str::to_owned),
                title: shelved.subscription.title.clone(),
                folders: shelf.folders_of(&shelved.subscription).iter().map(|folder| folder.name.to_string()).collect(),
                read: Some(STANDARD.encode(read)),
            });
        }
        Ok(())
    }

    /// Kept posts below a number, newest first, until there are enough bytes; gives the last number if there are more.
    async fn export_kept(
        &self,
        user: UserId,
        below: Option<u64>,
        part: &mut AccountExport,
    ) -> Result<Option<u64>, Problem> {
        let last = below.map_or(PostNumber::END, |below| below).saturating_sub(1);
        let (Some(from), Some(to)) = (PostNumber::new(0), PostNumber::new(last)) else { return Ok(None) };
        let mut flags: Vec<(PostNumber, Flags)> = self.store.flags(user, from, to).await?.into_iter().collect();
        flags.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        // What is in the part already counts, roughly.
        let read = |one: &ExportedSubscription| one.read.as_ref().map_or(0, String::len) + 300;
        let mut bytes: usize = part.subscriptions.iter().map(read).sum();
        for some in flags.chunks(AT_ONCE) {
            let numbers: Vec<PostNumber> = some.iter().map(|(number, _)| *number).collect();
            let copies = self.store.copies(user, &numbers).await?;
            let mut flags: HashMap<PostNumber, &Flags> = some.iter().map(|(number, flags)| (*number, flags)).collect();
            for copy in copies {
                let Some(flags) = flags.remove(&copy.post.number) else { continue };
                if bytes > BYTES {
                    return Ok(Some(copy.post.number.get() + 1));
                }
                let content = self.content(copy.post.content).await?;
                bytes += content.as_ref().map_or(0, String::len) + 500;
                part.kept.push(KeptPost {
                    post: self.face.hide(copy.post.number).to_string(),
                    starred: flags.starred,
                    labels: flags.labels.iter().map(LabelName::to_string).collect(),
                    title: copy.post.title,
                    url: copy.post.url,
                    published: Some(copy.post.published.to_string()),
                    content,
                });
            }
        }
        Ok(None)
    }
}
