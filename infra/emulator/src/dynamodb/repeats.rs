//! Transactions that come again: who asks with the same token within ten minutes gets the same answer, and nothing is done twice.
//!
//! dynoxide knows tokens too, but to know a request again it writes it anew in a canonical form, and at each one it looks through all
//! tokens there are: together that took as long as half of the transaction.

use dynoxide::DynoxideError;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a token is known at most, as in the cloud.
const WINDOW: Duration = Duration::from_secs(600);
/// Of more than these, the oldest are forgotten: a repetition comes within seconds.
const MOST: usize = 10_000;

/// What was answered, by token.
#[derive(Default)]
pub(super) struct Repeats(Mutex<Known>);

#[derive(Default)]
struct Known {
    answers: HashMap<String, Answered>,
    /// Oldest first.
    order: VecDeque<(Instant, String)>,
}

struct Answered {
    likeness: u64,
    answer: String,
}

impl Repeats {
    /// Does `work` unless a request of this `likeness` was answered before. What failed was not done, and may be tried again.
    ///
    /// Whoever comes with a token meanwhile waits: it may be the same one.
    pub(super) fn once(
        &self,
        token: String,
        likeness: u64,
        work: impl FnOnce() -> Result<String, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.forget(now);
        match known.answers.get(&token) {
            Some(before) if before.likeness == likeness => return Ok(before.answer.clone()),
            Some(_) => {
                let sentence = "this token came with another request before";
                return Err(DynoxideError::IdempotentParameterMismatchException(sentence.to_owned()));
            }
            None => {}
        }
        let answer = work()?;
        known.order.push_back((now, token.clone()));
        known.answers.insert(token, Answered { likeness, answer: answer.clone() });
        Ok(answer)
    }
}

impl Known {
    fn forget(&mut self, now: Instant) {
        let is_over = |(since, _): &(Instant, String)| now.duration_since(*since) >= WINDOW;
        while self.order.len() >= MOST || self.order.front().is_some_and(is_over) {
            if let Some((_, token)) = self.order.pop_front() {
                self.answers.remove(&token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(repeats: &Repeats, token: &str, likeness: u64, answer: &str) -> Result<String, String> {
        repeats.once(token.to_owned(), likeness, || Ok(answer.to_owned())).map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_known_for_ten_minutes_with_the_request_it_came_with() {
        let repeats = Repeats::default();
        assert_eq!(ask(&repeats, "a", 1, "first").unwrap(), "first");
        assert_eq!(ask(&repeats, "b", 1, "another").unwrap(), "another", "a token of its own");
        tokio::time::advance(WINDOW - Duration::from_millis(1)).await;
        assert_eq!(ask(&repeats, "a", 1, "again").unwrap(), "first");
        ask(&repeats, "a", 2, "again").unwrap_err();
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(ask(&repeats, "a", 2, "later").unwrap(), "later");
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_is_tried_again() {
        let repeats = Repeats::default();
        let failed = || Err(DynoxideError::InternalServerError("the disk is full".to_owned()));
        repeats.once("a".to_owned(), 1, failed).unwrap_err();
        assert_eq!(ask(&repeats, "a", 1, "now").unwrap(), "now");
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_tokens_are_kept() {
        let repeats = Repeats::default();
        for n in 0..2 * MOST {
            ask(&repeats, &n.to_string(), 1, "first").unwrap();
        }
        let known = repeats.0.into_inner().unwrap();
        assert_eq!((known.answers.len(), known.order.len()), (MOST, MOST));
        assert!(known.answers.contains_key(&(2 * MOST - 1).to_string()), "the newest are");
    }
}
