//! From visible to received to deleted: what a receiver does to messages.

use super::attributes::{VISIBILITY_SECONDS, check_bounds};
use super::error::SqsError;
use super::message::{Message, Receipt};
use super::storage::Storage;
use rusqlite::{OptionalExtension, Transaction, params};

/// What a receive brought.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) messages: Vec<Message>,
    /// The dead-letter queue, if messages went there.
    pub(super) moved_to: Option<String>,
}

impl Storage {
    /// Receives up to `max` visible messages, the longest visible first, and hides them for `visibility` seconds.
    ///
    /// A message that had all its receives is moved to the dead-letter queue instead of being received once more; only a
    /// receive counts, the end of its visibility does not.
    pub(super) fn take(
        &mut self,
        name: &str,
        max: usize,
        visibility: Option<i64>,
        now: i64,
    ) -> Result<Received, SqsError> {
        self.sweep(name, now)?;
        let queue = self.queue(name)?.clone();
        let redrive = match &queue.settings.redrive {
            Some(redrive) => Some((redrive.after, self.queue(&redrive.target)?.id, redrive.target.clone())),
            None => None,
        };
        let hidden_until = now + visibility.unwrap_or(queue.settings.visibility) * 1_000;
        let mut received = Received::default();
        let transaction = self.db.transaction()?;
        // Moved ones are no longer there on the next round, so this ends.
        while received.messages.is_empty() {
            let rows = visible(&transaction, queue.id, max, now, queue.cutoff(now))?;
            if rows.is_empty() {
                break;
            }
            for mut row in rows {
                match &redrive {
                    Some((after, target, target_name)) if row.count >= *after => {
                        transaction
                            .prepare_cached("UPDATE message SET queue = ?2, visible_at = ?3 WHERE row = ?1")?
                            .execute(params![row.row, target, now])?;
                        received.moved_to = Some(target_name.clone());
                    }
                    _ => {
                        row.count += 1;
                        transaction
                            .prepare_cached(
                                "UPDATE message SET receive_count = ?2, visible_at = ?3,
                                     first_received_at = coalesce(first_received_at, ?4)
                                 WHERE row = ?1",
                            )?
                            .execute(params![row.row, row.count, hidden_until, now])?;
                        received.messages.push(row.into_message(queue.id, now));
                    }
                }
            }
        }
        transaction.commit()?;
        Ok(received)
    }

    /// Deletes what the handles name. A message that was received again since is left alone, which is no error; so is one
    /// that is gone.
    pub(super) fn delete<S: AsRef<str>>(
        &mut self,
        name: &str,
        handles: &[S],
    ) -> Result<Vec<Result<(), SqsError>>, SqsError> {
        let queue = self.queue(name)?.id;
        let transaction = self.db.transaction()?;
        let outcomes = handles
            .iter()
            .map(|handle| {
                let receipt = Receipt::parse(handle.as_ref(), queue)?;
                transaction
                    .prepare_cached("DELETE FROM message WHERE row = ?1 AND queue = ?2 AND receive_count = ?3")?
                    .execute(params![receipt.row, receipt.queue, receipt.count])?;
                Ok(())
            })
            .collect();
        transaction.commit()?;
        Ok(outcomes)
    }

    /// Hides the messages for so many seconds from now on.
    pub(super) fn change_visibility<S: AsRef<str>>(
        &mut self,
        name: &str,
        entries: &[(S, i64)],
        now: i64,
    ) -> Result<Vec<Result<(), SqsError>>, SqsError> {
        let queue = self.queue(name)?.clone();
        let transaction = self.db.transaction()?;
        let outcomes = entries
            .iter()
            .map(|(handle, seconds)| {
                let receipt = Receipt::parse(handle.as_ref(), queue.id)?;
                change_one(&transaction, receipt, *seconds, now, queue.cutoff(now))
            })
            .collect();
        transaction.commit()?;
        Ok(outcomes)
    }
}

fn change_one(
    transaction: &Transaction<'_>,
    receipt: Receipt,
    seconds: i64,
    now: i64,
    cutoff: i64,
) -> Result<(), SqsError> {
    check_bounds("VisibilityTimeout", Some(seconds), VISIBILITY_SECONDS)?;
    let found: Option<(i64, i64)> = transaction
        .prepare_cached("SELECT receive_count, visible_at FROM message WHERE row = ?1 AND queue = ?2 AND sent_at > ?3")?
        .query_row(params![receipt.row, receipt.queue, cutoff], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        None => Err(SqsError::InvalidParameterValue(
            "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
             visibility timeout change."
                .to_owned(),
        )),
        // Visible again, or with a later receiver.
        Some((count, visible_at)) if count != receipt.count || visible_at <= now => Err(SqsError::MessageNotInflight),
        Some(_) => {
            transaction
                .prepare_cached("UPDATE message SET visible_at = ?2 WHERE row = ?1")?
                .execute(params![receipt.row, now + seconds * 1_000])?;
            Ok(())
        }
    }
}

struct Row {
    row: i64,
    id: String,
    body: String,
    sent_at: i64,
    first_received_at: Option<i64>,
    count: i64,
}

impl Row {
    fn into_message(self, queue: i64, now: i64) -> Message {
        Message {
            message_id: self.id,
            receipt_handle: Receipt { queue, row: self.row, count: self.count }.to_handle(),
            body: self.body,
            sent_at: self.sent_at,
            first_received_at: self.first_received_at.unwrap_or(now),
            receive_count: self.count,
        }
    }
}

fn visible(
    transaction: &Transaction<'_>,
    queue: i64,
    max: usize,
    now: i64,
    cutoff: i64,
) -> Result<Vec<Row>, rusqlite::Error> {
    let mut statement = transaction.prepare_cached(
        "SELECT row, id, body, sent_at, first_received_at, receive_count FROM message
         WHERE queue = ?1 AND visible_at <= ?2 AND sent_at > ?3 ORDER BY visible_at LIMIT ?4",
    )?;
    let rows = statement.query_map(params![queue, now, cutoff, i64::try_from(max).unwrap_or(i64::MAX)], |row| {
        Ok(Row {
            row: row.get(0)?,
            id: row.get(1)?,
            body: row.get(2)?,
            sent_at: row.get(3)?,
            first_received_at: row.get(4)?,
            count: row.get(5)?,
        })
    })?;
    rows.collect()
}
