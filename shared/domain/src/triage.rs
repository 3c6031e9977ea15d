//! What a fetcher does with a delivery that is not fresh, or whose condition failed, after a strong read of pointer and job.

use crate::failure::ErrorCode;
use crate::job::{Finished, Hand, Pointer};
use crate::message::FetchMessage;
use crate::time::Timestamp;
use crate::timing::POISON_ATTEMPTS;

/// What to do with the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing is left to do: acknowledge, write nothing.
    Acknowledge,
    /// It is done: announce again what it landed, if someone waits, then acknowledge.
    AnnounceAgain,
    /// Fail the job with this code, if it has not ended, then acknowledge.
    Fail(ErrorCode),
    /// Mark it, and work on it alone.
    Work,
    /// Someone holds it: let the message come back then, and report it.
    HeldUntil(Timestamp),
}

/// Judges a delivery by what the store says.
pub fn triage(
    message: &FetchMessage,
    pointer: Option<&Pointer>,
    finished: Option<&Finished>,
    now: Timestamp,
) -> Action {
    if let Some(finished) = finished {
        return if finished.landed().is_some() { Action::AnnounceAgain } else { Action::Acknowledge };
    }
    let Some(pointer) = pointer else {
        return Action::Acknowledge;
    };
    if pointer.closed {
        // Leaving `active` has failed the job in the same transaction; if that is gone too, the source is being swept.
        return Action::Acknowledge;
    }
    if pointer.job != message.job {
        return Action::Fail(ErrorCode::Superseded);
    }
    // Whoever looked while it could still be started may take it until he is stopped: only then is it certain that nobody did.
    let certain = message.work_until() + message.lane.function_timeout();
    match pointer.hand {
        Hand::Queued if now >= certain => Action::Fail(ErrorCode::Expired),
        Hand::Queued if now > message.work_until() => Action::HeldUntil(certain),
        Hand::Queued if deaths(pointer, message) >= POISON_ATTEMPTS => Action::Fail(ErrorCode::Poisoned),
        Hand::Queued => Action::Work,
        Hand::Ongoing if now < pointer.lease_until => Action::HeldUntil(pointer.lease_until),
        Hand::Ongoing if deaths(pointer, message) >= POISON_ATTEMPTS => Action::Fail(ErrorCode::Poisoned),
        Hand::Ongoing => Action::Work,
    }
}

fn deaths(pointer: &Pointer, message: &FetchMessage) -> u8 {
    pointer.attempts.saturating_sub(message.returned)
}

/// The latest instant at which a GET of the message's job could have started, for whoever fails it without making one at its
/// `receives`-th receive; `None` if nobody but he ever saw it.
pub fn possible_get(message: &FetchMessage, pointer: Option<&Pointer>, receives: u32) -> Option<Timestamp> {
    let mine = pointer.filter(|pointer| pointer.job == message.job);
    let unseen = receives <= 1 && !message.again;
    match mine {
        // Another message of it was worked on: this one need not know that there were two.
        Some(pointer) if !unseen || pointer.taken_at().is_some() => Some(pointer.possible_get(message.lane)),
        Some(_) | None if unseen => None,
        Some(_) | None => Some(message.work_until() + message.lane.function_timeout()),
    }
}
