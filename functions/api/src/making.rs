//! How a source is made: for a person together with their subscription, for an administrator without one. Its first fetch is queued at once.

use std::time::Duration;

use domain::carry::Carry;
use domain::id::{SourceId, SystemEntropy, UserId};
use domain::job::{Pointer, Reason};
use domain::message::{FetchMessage, new_job};
use domain::private::{Sealed, Secrets};
use domain::source::{Head, SourceSettings, Target};
use domain::timing::Lane;
use domain::wheel::Slot;
use queue::{Outgoing, Sent};
use store::{Beginning, Creating, NewSource};
use url::Url;

use crate::context::{Context, Rules};
use crate::problem::Problem;

/// How many short ids are drawn before giving up: a second draw is needed once in millions.
pub(crate) const DRAWS: usize = 10;
/// The dispatcher looks after a personal job this many wheel minutes later, should the message never have been sent.
pub(crate) const SAFETY_MINUTES: u64 = 2;

/// The floor that an installation has unless it says otherwise, in wheel minutes.
const FLOOR: u32 = 60;

/// A source to be.
pub(crate) struct Draft<'a> {
    /// Its id, drawn from the request's `Draws`, so that a repeated request makes the same one.
    pub(crate) id: SourceId,
    /// Where it is fetched from.
    pub(crate) url: &'a Url,
    /// Under what it is found.
    pub(crate) key: &'a str,
    /// How it is polled.
    pub(crate) settings: SourceSettings,
    /// Who subscribes to it from the first moment on, and how; of a private one its owner.
    pub(crate) reader: Option<(UserId, &'a Beginning)>,
    /// Of a private source, what is sealed.
    pub(crate) secrets: Option<&'a Secrets>,
    /// How long its first fetch is put off: at most 15 minutes.
    pub(crate) wait: Duration,
}

/// What became of it.
pub(crate) enum Making {
    /// It is there, and its first fetch is queued.
    Made(Box<NewSource>),
    /// Somebody was faster, with this URL or with this id, or changed the key that is sealed under: look again.
    Again,
    /// Its reader is gone.
    NoUser,
    /// Its reader made something meanwhile: count again.
    Overtaken,
}

impl Rules {
    /// The settings of a source for which nobody said anything: an hour; an installation that moves its floor means it for all.
    pub(crate) fn default_settings(&self) -> SourceSettings {
        match self.min_interval_minutes {
            FLOOR => SourceSettings::DEFAULT,
            interval_minutes => SourceSettings { interval_minutes, ..SourceSettings::DEFAULT },
        }
    }
}

impl Context {
    /// Makes a source, and sends the message of its first fetch.
    pub(crate) async fn make(&self, draft: &Draft<'_>) -> Result<Making, Problem> {
        let sealed = match draft.secrets {
            Some(secrets) => Some(self.sealed(draft.id, secrets).await?),
            None => None,
        };
        let new = self.new_source(draft, sealed);
        let turn = draft.reader.and_then(|(_, beginning)| beginning.turn);
        Ok(match self.store.create_in_turn(&new, turn).await? {
            Creating::Created => {
                self.send_now(&new.target, &new.pointer, Carry::default()).await;
                Making::Made(Box::new(new))
            }
            Creating::UrlTaken(_) | Creating::IdTaken | Creating::OtherKey => Making::Again,
            Creating::NoUser => Making::NoUser,
            Creating::Overtaken => Making::Overtaken,
        })
    }

    /// What is secret of a source, sealed under the key that the installation seals under now.
    pub(crate) async fn sealed(&self, source: SourceId, secrets: &Secrets) -> Result<Sealed, Problem> {
        let present = self.store.seal_state().await?.present.unwrap_or(self.vault.first());
        self.vault.seal(present, source, secrets, &mut SystemEntropy).map_err(|error| Problem::ours(&error))
    }

    fn new_source(&self, draft: &Draft<'_>, sealed: Option<Sealed>) -> NewSource {
        let (now, source) = (self.now(), draft.id);
        let subscribers = u32::from(draft.reader.is_some());
        let is_private = draft.secrets.is_some();
        let target = Target {
            source,
            slot: Slot::of(source, draft.settings.interval_minutes, self.rules.shards),
            url: (!is_private).then(|| draft.url.to_string()),
            host: fetch::host_key(draft.url),
            lane: Lane::of(draft.settings.timeout),
            settings: draft.settings,
            subscribers,
            watched: false,
        };
        let earliest = now + draft.wait;
        let due = self.rules.pace.minute_of(earliest).plus(SAFETY_MINUTES);
        let job = new_job(self.ids.next(now), &target, Reason::First, due, earliest, now, self.rules.pace);
        let url = if is_private { site_of(draft.url) } else { draft.url.to_string() };
        let head = Head {
            owner: draft.reader.filter(|_| is_private).map(|(user, _)| user),
            subscribers,
            ..Head::new(source, url, draft.key.to_owned(), draft.settings, now)
        };
        let subscription = draft.reader.map(|(user, beginning)| beginning.of(user, &head, false, now));
        NewSource { head, target, pointer: Pointer::first(job), due, sealed, subscription }
    }

    /// Sends the message of a job that a person waits for. If that fails, the dispatcher finds the job queued and sends it.
    pub(crate) async fn send_now(&self, target: &Target, pointer: &Pointer, carry: Carry) {
        let mut message = FetchMessage::of(target, pointer, carry, self.rules.pace);
        message.watched |= self.rules.announce_all;
        let delay = pointer.earliest.until(self.now());
        for sent in self.queue.send(&[Outgoing { message, delay }]).await {
            match sent {
                Sent::Sent => {}
                Sent::Refused(error) | Sent::Unknown(error) => {
                    let error = boot::logs::causes(&error);
                    tracing::warn!(source.id = %target.source, error, "a message was not sent; the dispatcher will");
                }
            }
        }
    }
}

/// All that is shown of a private URL: scheme, host and port.
fn site_of(url: &Url) -> String {
    format!("{}/", url.origin().ascii_serialization())
}
