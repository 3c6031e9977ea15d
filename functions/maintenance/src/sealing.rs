//! After the installation's key was changed: what is secret of private sources is sealed again under the new one, and from then on under it alone.
//!
//! Whatever moment this stops at, each blob is under a key that the installation still has: a key is dropped by its owner alone, after the store says that
//! all is sealed under the newest.

use std::time::Duration;

use boot::key::KeyError;
use boot::logs::causes;
use domain::id::{SourceId, SystemEntropy};
use domain::private::{SealName, Sealed, Vault};
use domain::time::Timestamp;
use serde::Serialize;
use store::{Progress, SealState, StoreError, Taking, Task};

use crate::context::Context;
use crate::report::Report;
use crate::run::{MARGIN, MaintenanceError, Run};
use crate::start::Seal;

/// How long a new key is known of before anything is sealed under it: many times what an environment of a function lives that still goes by the key as it was.
const SETTLING: Duration = Duration::from_secs(24 * 3600);
/// How often a blob is read again that others replace.
const TRIES: usize = 5;

/// How far the change of a key is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sealing {
    /// The name of the key that is sealed under; none while it is the installation's first.
    pub present: Option<String>,
    /// The name of the key that is to take over.
    pub next: Option<String>,
    /// Since when that is known of.
    pub since: Option<String>,
    /// All is sealed under the newest key that this installation has: older ones but the first can be dropped.
    pub done: bool,
    /// What this run sealed again.
    pub resealed: u64,
    /// What this run could not open; the log says which. No key would open it.
    pub failed: u64,
    /// Someone else is at it, until then at the longest.
    pub held: bool,
}

/// Why a run leaves the rest to the next.
#[derive(Debug, thiserror::Error)]
enum Left {
    #[error("the key cannot be had")]
    Key(#[from] KeyError),
    #[error("the store does not do its part")]
    Store(#[from] StoreError),
}

impl Context {
    /// Tells how far the change of the key is, and if `what` says so goes on with it at once.
    pub(crate) async fn seal(&self, what: Seal, deadline: Timestamp) -> Result<Sealing, MaintenanceError> {
        let vault = self.vault().await?.ok_or(MaintenanceError::NoKey)?;
        let mut report = Report::default();
        let mut held = false;
        if what == Seal::Now {
            let holder = self.ids.next(self.now()).to_string();
            let run = Run { ctx: self, holder: &holder, deadline };
            held = run.seal_under_newest(&vault, Duration::ZERO, deadline, &mut report).await? == Stand::Held;
            self.store.release_task(Task::Sealing, &holder).await?;
        }
        let state = self.store.seal_state().await?;
        let SealState { present, next, .. } = &state;
        Ok(Sealing {
            present: present.map(|name| name.to_string()),
            next: next.map(|(name, _)| name.to_string()),
            since: next.map(|(_, since)| since.to_string()),
            done: is_done(&state, &vault),
            resealed: report.resealed,
            failed: report.failed,
            held,
        })
    }
}

/// Where one call left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// Nothing is left to do, or not yet anything to be done.
    Rests,
    /// The time is over.
    More,
    /// Another run has it in hand.
    Held,
}

fn is_done(state: &SealState, vault: &Vault) -> bool {
    match state.present {
        None => vault.newest() == vault.first(),
        Some(present) => present == vault.newest() && state.settled,
    }
}

impl Run<'_> {
    /// Goes on with the change of the key until `end`.
    pub(crate) async fn seal(&self, end: Timestamp, report: &mut Report) {
        match self.seal_if_changed(end, report).await {
            Ok(Stand::Rests | Stand::Held) => {}
            Ok(Stand::More) => report.unfinished += 1,
            Err(error) => report.trouble(&error, "what is sealed could not be sealed again"),
        }
    }

    async fn seal_if_changed(&self, end: Timestamp, report: &mut Report) -> Result<Stand, Left> {
        match self.ctx.vault().await? {
            // A key that was never changed costs no look.
            Some(vault) if vault.newest() != vault.first() => {
                Ok(self.seal_under_newest(&vault, SETTLING, end, report).await?)
            }
            Some(_) | None => Ok(Stand::Rests),
        }
    }

    async fn seal_under_newest(
        &self,
        vault: &Vault,
        settling: Duration,
        end: Timestamp,
        report: &mut Report,
    ) -> Result<Stand, StoreError> {
        let state = self.ctx.store.seal_state().await?;
        if is_done(&state, vault) || !self.is_time(&state, vault, settling).await? {
            return Ok(Stand::Rests);
        }
        let until = self.deadline + MARGIN;
        let last = match self.ctx.store.take_task(Task::Sealing, self.holder, self.ctx.now(), until).await? {
            Taking::Taken(last) => last,
            Taking::HeldUntil(_) => return Ok(Stand::Held),
        };
        let newest = vault.newest();
        let progress = match last.filter(|last| last.ended.is_none() && state.present == Some(newest)) {
            Some(under_way) if place(under_way.cursor.as_deref(), newest).is_some() => under_way,
            _ => Progress { cursor: Some(newest.to_string()), ..Progress::begun(self.ctx.now()) },
        };
        // Before the first blob comes under the new key it is written down that the walk begins at the beginning.
        if !self.keep(Task::Sealing, &progress).await? || !self.switch(&state, newest).await? {
            return Ok(Stand::Rests);
        }
        self.walk(vault, progress, end, report).await
    }

    /// Whether the newest key may take over, or has; it is announced if it was not.
    async fn is_time(&self, state: &SealState, vault: &Vault, settling: Duration) -> Result<bool, StoreError> {
        let (newest, now) = (vault.newest(), self.ctx.now());
        if state.present == Some(newest) {
            return Ok(true);
        }
        let since = match state.next {
            Some((next, since)) if next == newest => since,
            Some(_) | None => {
                self.ctx.store.announce_seal(newest, now).await?;
                tracing::info!(key = %newest, "the installation's key was changed; what is sealed will be sealed again");
                now
            }
        };
        Ok(since + settling <= now)
    }

    async fn switch(&self, state: &SealState, newest: SealName) -> Result<bool, StoreError> {
        Ok(state.present == Some(newest) || self.ctx.store.seal_under(newest).await?)
    }

    async fn walk(
        &self,
        vault: &Vault,
        mut progress: Progress,
        end: Timestamp,
        report: &mut Report,
    ) -> Result<Stand, StoreError> {
        let newest = vault.newest();
        while self.ctx.now() < end {
            let page = self.ctx.store.sealed(place(progress.cursor.as_deref(), newest).flatten()).await?;
            for error in &page.unreadable {
                report.failed += 1;
                tracing::error!(error = causes(error), "what is sealed of a source cannot be read");
            }
            let (seen, before) = (page.found.len() as u64, report.resealed);
            for (source, sealed) in page.found {
                self.reseal(vault, source, sealed, report).await?;
            }
            let ended = page.next.is_none();
            if ended {
                // Noted first: who stops behind it would else walk again, and not the other way round.
                self.ctx.store.note_all_sealed(newest).await?;
                tracing::info!(key = %newest, "all is sealed under the new key");
            }
            progress = Progress {
                seen: progress.seen + seen,
                changed: progress.changed + report.resealed - before,
                ended: ended.then(|| self.ctx.now()),
                cursor: page.next.map(|next| format!("{newest} {next}")),
                ..progress
            };
            if !self.keep(Task::Sealing, &progress).await? || ended {
                return Ok(Stand::Rests);
            }
        }
        Ok(Stand::More)
    }

    /// Seals one blob again, if it is not under the newest key. What does not open is passed over: no key would help it.
    async fn reseal(
        &self,
        vault: &Vault,
        source: SourceId,
        mut sealed: Sealed,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            if sealed.key() == Some(vault.newest()) {
                return Ok(());
            }
            let again = vault
                .open(source, &sealed)
                .and_then(|secrets| vault.seal(vault.newest(), source, &secrets, &mut SystemEntropy));
            let again = match again {
                Ok(again) => again,
                Err(error) => {
                    report.failed += 1;
                    tracing::error!(source.id = %source, error = causes(&error), "what is sealed of a source does not open");
                    return Ok(());
                }
            };
            if self.ctx.store.seal_again(source, &sealed, &again).await? {
                report.resealed += 1;
                return Ok(());
            }
            match self.ctx.store.poll(source).await?.and_then(|poll| poll.sealed) {
                Some(now) => sealed = now,
                None => return Ok(()),
            }
        }
        Err(StoreError::Conflict { operation: "sealing again" })
    }
}

/// Where a walk under this key goes on; outer `None` if the cursor is of a walk under another one.
fn place(cursor: Option<&str>, newest: SealName) -> Option<Option<&str>> {
    let (name, place) = cursor?.split_once(' ').map_or((cursor?, None), |(name, place)| (name, Some(place)));
    (name == newest.to_string()).then_some(place)
}
