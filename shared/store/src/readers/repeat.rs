//! Requests that may be sent again: noted before their effect, their answer behind it.

use domain::id::{Entropy, SystemEntropy};
use domain::repeat::{Repeat, Seed};
use domain::time::Timestamp;

use crate::Store;
use crate::call::Written;
use crate::error::StoreError;
use crate::key::Key;
use crate::row::{FORMAT, Item, Row, bytes, number, time, ttl};
use crate::schema::TTL;
use crate::write::Write;

/// What became of beginning an attempt at a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeating {
    /// It is ours to do, for the first time or because who began it never ended it.
    Begun(Attempt),
    /// It was done: this is its answer, sealed.
    Answered(Seed, Vec<u8>),
    /// Somebody is at it.
    Running,
    /// The name is another request's.
    Another,
}

/// The right to do a request: nobody else has it before the lease is over, and who lost it ends nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What all attempts at this request draw from.
    pub seed: Seed,
    holder: [u8; 16],
}

impl Store {
    /// Begins an attempt at a request whose content hashes to `content`.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was done, and the same call again, which is another attempt, may have to wait for the lease to end.
    pub async fn begin_repeat(
        &self,
        repeat: &Repeat,
        content: &[u8; 32],
        now: Timestamp,
    ) -> Result<Repeating, StoreError> {
        const OPERATION: &str = "beginning a request";
        let (seed, holder) = (random(), random());
        let write = Write::to(Key::repeat(repeat))
            .change(format!("SET #content = :content, #seed = :seed, #holder = :holder, #until = :until, #{TTL} = :ttl, #v = :v REMOVE #answer"))
            // The table forgets it late: what is over counts as gone.
            .when(format!("attribute_not_exists(#pk) OR #{TTL} <= :now"))
            .bind(":content", bytes(*content))
            .bind(":seed", bytes(seed))
            .bind(":holder", bytes(holder))
            .bind(":until", time(now + Repeat::LEASE))
            .bind(":ttl", ttl(now + Repeat::LIFE))
            .bind(":now", ttl(now))
            .bind(":v", number(FORMAT));
        match self.update(OPERATION, write).await? {
            Written::Done(_) => Ok(Repeating::Begun(Attempt { seed, holder })),
            // It was forgotten between two looks.
            Written::Refused(None) => Err(StoreError::Conflict { operation: OPERATION }),
            Written::Refused(Some(item)) => self.judge_repeat(repeat, content, &item, holder, now).await,
        }
    }

    async fn judge_repeat(
        &self,
        repeat: &Repeat,
        content: &[u8; 32],
        item: &Item,
        holder: [u8; 16],
        now: Timestamp,
    ) -> Result<Repeating, StoreError> {
        let row = Row::of("request", item)?;
        let seed = array(&row, "seed")?;
        if row.bytes("content")? != content {
            return Ok(Repeating::Another);
        }
        if row.raw("answer").is_some() {
            return Ok(Repeating::Answered(seed, row.bytes("answer")?.to_vec()));
        }
        let seen = array(&row, "holder")?;
        if seen == holder {
            // Our own write, whose answer got lost.
            return Ok(Repeating::Begun(Attempt { seed, holder }));
        }
        if row.time("until")? > now {
            return Ok(Repeating::Running);
        }
        self.take_over(repeat, Attempt { seed, holder }, seen, now).await
    }

    /// Its holder died, or gave it up: whoever is first goes on.
    async fn take_over(
        &self,
        repeat: &Repeat,
        attempt: Attempt,
        seen: [u8; 16],
        now: Timestamp,
    ) -> Result<Repeating, StoreError> {
        let write = Write::to(Key::repeat(repeat))
            .change("SET #holder = :holder, #until = :until")
            .when("#holder = :seen AND attribute_not_exists(#answer)")
            .bind(":holder", bytes(attempt.holder))
            .bind(":seen", bytes(seen))
            .bind(":until", time(now + Repeat::LEASE));
        match self.update("taking over a request", write).await? {
            Written::Done(_) => Ok(Repeating::Begun(attempt)),
            Written::Refused(Some(item)) if array(&Row::of("request", &item)?, "holder")? == attempt.holder => {
                Ok(Repeating::Begun(attempt))
            }
            Written::Refused(_) => Ok(Repeating::Running),
        }
    }

    /// Keeps the sealed answer of an attempt; false if another attempt took over meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]; then a repetition is done once more, drawing the same.
    pub async fn end_repeat(&self, repeat: &Repeat, attempt: &Attempt, answer: Vec<u8>) -> Result<bool, StoreError> {
        let write = mine(repeat, attempt).change("SET #answer = :answer").bind(":answer", bytes(answer));
        Ok(matches!(self.update("keeping an answer", write).await?, Written::Done(_)))
    }

    /// Lets the next repetition begin at once, drawing the same: this attempt failed, and nobody knows how far it came.
    ///
    /// # Errors
    /// [`StoreError`]; then it may begin when the lease is over.
    pub async fn give_up_repeat(&self, repeat: &Repeat, attempt: &Attempt) -> Result<(), StoreError> {
        let past = Timestamp::from_secs(0);
        self.update(
            "giving up a request",
            mine(repeat, attempt).change("SET #until = :past").bind(":past", time(past)),
        )
        .await?;
        Ok(())
    }

    /// Forgets a request that was refused: it had no effect, and its name may be used for another.
    ///
    /// # Errors
    /// [`StoreError`]; then the name is free after a day.
    pub async fn forget_repeat(&self, repeat: &Repeat, attempt: &Attempt) -> Result<(), StoreError> {
        let gone = mine(repeat, attempt).delete(self.readers())?;
        self.transact("forgetting a request", vec![gone]).await?;
        Ok(())
    }
}

/// A write for whoever still holds the request.
fn mine(repeat: &Repeat, attempt: &Attempt) -> Write {
    Write::to(Key::repeat(repeat)).when("#holder = :holder").bind(":holder", bytes(attempt.holder))
}

fn random() -> [u8; 16] {
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random);
    random
}

fn array(row: &Row<'_>, name: &str) -> Result<[u8; 16], StoreError> {
    row.bytes(name)?.try_into().map_err(|_| row.corrupt(name))
}
