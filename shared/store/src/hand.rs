//! The pointer of a source: which job is in hand, and who has it. It moves only by compare-and-swap on its `job`.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::{Entropy as _, JobId, SourceId, SystemEntropy};
use domain::job::{Finished, Hand, Pointer};
use domain::time::Timestamp;
use domain::timing::Lane;

use crate::Store;
use crate::batch::{Stated, Statement};
use crate::call::Written;
use crate::error::StoreError;
use crate::key::{self, Key, POINTER};
use crate::row::{self, hand, number, text, time};
use crate::write::{Write, put_if_absent};

/// A compare-and-swap of one pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Whose.
    pub source: SourceId,
    /// The job that was in hand when the pointer was read.
    pub seen: JobId,
    /// What it becomes; its `open` is what was read, and must still be so.
    pub next: Pointer,
}

/// What became of a [`Swap`].
#[derive(Clone, Debug)]
pub enum Queued {
    /// The job is in hand, by this call or by an earlier one whose answer got lost.
    Queued,
    /// The pointer moved: judge what it is now.
    Raced(Pointer),
    /// The source is not active, or gone.
    NotActive,
    /// Nobody knows; the pointer may have moved.
    Unknown(StoreError),
}

/// What became of superseding an abandoned job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Superseding {
    /// The old job is FAILED, the new one in hand.
    Superseded,
    /// Job, lease or source moved: judge again.
    Raced,
}

/// What became of marking a job ONGOING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marking {
    /// It is ours; the pointer as it is now.
    Marked(Pointer),
    /// Another job is in hand, or the source is not active or gone.
    Superseded,
    /// Another fetcher has it until then.
    HeldUntil(Timestamp),
}

impl Store {
    /// Puts each new job in hand if the one that was read still is, and the source is active. Same order as given.
    pub async fn queue(&self, swaps: &[Swap]) -> Vec<Queued> {
        let statements: Vec<Statement> = swaps.iter().map(|swap| self.swap_statement(swap)).collect();
        let outcomes = self.statements("queueing jobs", &statements).await;
        swaps.iter().zip(outcomes).map(|(swap, outcome)| queued(swap, outcome)).collect()
    }

    fn swap_statement(&self, swap: &Swap) -> Statement {
        let mut text = format!("UPDATE \"{}\"", self.sources());
        let mut parameters = Vec::with_capacity(12);
        for (name, value) in job_attributes(&swap.next) {
            text.push_str(&format!(" SET \"{name}\" = ?"));
            parameters.push(value);
        }
        // A landing that opened or closed since the pointer was read changes what the message has to say.
        let open = if swap.next.open { "\"open\" = true" } else { "\"open\" IS MISSING" };
        text.push_str(&format!(
            " WHERE \"pk\" = ? AND \"sk\" = ? AND \"job\" = ? AND \"closed\" IS MISSING AND {open}"
        ));
        let key = Key::pointer(swap.source);
        parameters.extend([
            row::text(key::partition(swap.source)),
            row::text(POINTER),
            row::text(swap.seen.to_string()),
        ]);
        Statement { key, text, parameters }
    }

    /// Fails the abandoned job in hand (unless someone did) and puts the next one in its place, if job, lease and landing are as `seen`.
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the change may have been made, and the same call again says so.
    pub async fn supersede(
        &self,
        source: SourceId,
        seen: &Pointer,
        next: &Pointer,
        old: &Finished,
    ) -> Result<Superseding, StoreError> {
        const OPERATION: &str = "superseding a job";
        let mut write = Write::to(Key::pointer(source))
            .bind(":seen", text(seen.job.to_string()))
            .bind(":lease", time(seen.lease_until));
        let mut sets = Vec::new();
        for (name, value) in job_attributes(next) {
            sets.push(format!("#{name} = :{name}"));
            write = write.bind(&format!(":{name}"), value);
        }
        let open = if next.open { "attribute_exists(#open)" } else { "attribute_not_exists(#open)" };
        let write = write
            .change(format!("SET {}", sets.join(", ")))
            .when(format!("#job = :seen AND #lease_until = :lease AND attribute_not_exists(#closed) AND {open}"));
        let table = self.sources();
        let actions = vec![put_if_absent(table, key::PK, row::finished_item(old)?)?, write.update(table)?];
        if self.transact(OPERATION, actions).await?.is_none() {
            return Ok(Superseding::Superseded);
        }
        // Refused, perhaps because an earlier try of ours did it.
        let there = self.get(OPERATION, &Key::pointer(source)).await?;
        let pointer = there.as_ref().map(row::pointer).transpose()?;
        Ok(match pointer {
            Some(pointer) if pointer.job == next.job => Superseding::Superseded,
            Some(_) | None => Superseding::Raced,
        })
    }

    /// Takes the job in hand for an attempt that starts at `now`; `alone` counts it. Mirrors [`Pointer::mark`].
    ///
    /// # Errors
    /// [`StoreError`]; when it is retryable the mark may have been made and then looks like another's.
    pub async fn mark(
        &self,
        source: SourceId,
        job: JobId,
        now: Timestamp,
        lane: Lane,
        alone: bool,
    ) -> Result<Marking, StoreError> {
        let taker = taker();
        let write = Write::to(Key::pointer(source))
            .change(
                "SET #hand = :ongoing, #started_at = :now, #lease_until = :until, #attempts = #attempts + :alone, #taker = :taker",
            )
            .when("#job = :job AND attribute_not_exists(#closed) AND (#hand = :queued OR #lease_until <= :now)")
            .bind(":ongoing", text(hand(Hand::Ongoing)))
            .bind(":queued", text(hand(Hand::Queued)))
            .bind(":now", time(now))
            .bind(":until", time(now + lane.ongoing_lease()))
            .bind(":alone", number(u8::from(alone)))
            .bind(":taker", text(&taker))
            .bind(":job", text(job.to_string()));
        let item = match self.update("marking a job", write).await? {
            Written::Done(item) => return Ok(Marking::Marked(row::pointer(&item)?)),
            Written::Refused(None) => return Ok(Marking::Superseded),
            Written::Refused(Some(item)) => item,
        };
        let pointer = row::pointer(&item)?;
        Ok(if item.get("taker") == Some(&text(&taker)) {
            Marking::Marked(pointer)
        } else if pointer.job != job || pointer.closed {
            Marking::Superseded
        } else {
            Marking::HeldUntil(pointer.lease_until)
        })
    }

    /// Gives a job back that this holder marked: QUEUED again under a new lease, and `alone` takes the attempt back. False when it is
    /// not ours any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn give_back(
        &self,
        source: SourceId,
        marked: &Pointer,
        lease_until: Timestamp,
        alone: bool,
    ) -> Result<bool, StoreError> {
        let Some(started_at) = marked.started_at else {
            return Ok(false);
        };
        let write = Write::to(Key::pointer(source))
            .change("SET #hand = :queued, #lease_until = :until, #attempts = #attempts - :alone")
            .when("#job = :job AND #hand = :ongoing AND #started_at = :started")
            .bind(":queued", text(hand(Hand::Queued)))
            .bind(":ongoing", text(hand(Hand::Ongoing)))
            .bind(":until", time(lease_until))
            .bind(":alone", number(u8::from(alone)))
            .bind(":job", text(marked.job.to_string()))
            .bind(":started", time(started_at));
        let item = match self.update("giving a job back", write).await? {
            Written::Done(_) => return Ok(true),
            Written::Refused(item) => item.unwrap_or_default(),
        };
        // Ours after a lost response: queued again, under the lease that we gave, after the start that we made.
        let is = |name: &str, value: AttributeValue| item.get(name) == Some(&value);
        Ok(is("job", text(marked.job.to_string()))
            && is("hand", text(hand(Hand::Queued)))
            && is("started_at", time(started_at))
            && is("lease_until", time(lease_until)))
    }
}

/// What a new job changes of a pointer. `started_at` stays behind: `Pointer::taken_at` knows it for an earlier job's.
fn job_attributes(next: &Pointer) -> impl Iterator<Item = (&'static str, AttributeValue)> {
    let prev = next.prev.map(|job| ("prev", text(job.to_string())));
    [
        ("job", text(next.job.to_string())),
        ("tick", number(next.tick.0)),
        ("queued_at", time(next.queued_at)),
        ("earliest", time(next.earliest)),
        ("lease_until", time(next.lease_until)),
        ("hand", text(hand(next.hand))),
        ("attempts", number(next.attempts)),
        ("reason", text(next.reason.as_str())),
    ]
    .into_iter()
    .chain(prev)
}

fn queued(swap: &Swap, outcome: Stated) -> Queued {
    match outcome {
        Stated::Done => Queued::Queued,
        Stated::Refused(None) => Queued::NotActive,
        Stated::Refused(Some(item)) => match row::pointer(&item) {
            Ok(pointer) if pointer.job == swap.next.job => Queued::Queued,
            Ok(pointer) if pointer.closed => Queued::NotActive,
            Ok(pointer) => Queued::Raced(pointer),
            Err(error) => Queued::Unknown(error),
        },
        Stated::Duplicate => Queued::Unknown(StoreError::Conflict { operation: "queueing jobs" }),
        Stated::Failed(error) => Queued::Unknown(error),
    }
}

/// Names one mark, so that a fetcher knows its own after a lost response, even beside another's of the same millisecond.
fn taker() -> String {
    let mut bits = [0; 8];
    SystemEntropy.fill(&mut bits);
    u64::from_le_bytes(bits).to_string()
}
