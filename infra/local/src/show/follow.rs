//! `jobs --follow` and the demo's running commentary: jobs as they change, told from what the API shows from moment to moment.

use std::collections::HashMap;
use std::time::Duration;

use anstyle::AnsiColor;
use boot::clock;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{MANY, say, segment};
use crate::client::Client;
use crate::shapes::{self, Job, Source};
use crate::table::{coloured, dim, plain};
use crate::trouble::Trouble;
use crate::words;

/// How often the API is asked.
const PERIOD: Duration = Duration::from_millis(500);

/// `feedmill jobs --follow`: goes on until it is stopped or Feedmill ends.
///
/// # Errors
/// [`Trouble`] when the API cannot be asked any more.
pub async fn follow(client: &Client, source: Option<&str>, json: bool) -> Result<(), Trouble> {
    let mut follower = Follower::default();
    loop {
        let asked = Instant::now();
        let objects = match source {
            Some(source) => vec![client.get(&format!("/v1/sources/{}", segment(source)?)).await?],
            None => client.list("/v1/sources", "sources", MANY).await?,
        };
        let took = asked.elapsed();
        for change in follower.changes(&objects)? {
            say(&if json { change.object.to_string() } else { change.line() })?;
        }
        // Who has very many sources does not want his machine busy with being watched.
        sleep(PERIOD.max(took * 10)).await;
    }
}

/// Remembers what was told already.
#[derive(Debug, Default)]
pub struct Follower {
    /// By source: the job last told of, and its status then.
    told: HashMap<String, (String, String)>,
}

/// A job that is not as it was.
#[derive(Debug)]
pub struct Change {
    /// Its source, as it is now.
    pub source: Source,
    /// The job.
    pub job: Job,
    /// The job as the API wrote it.
    pub object: Value,
}

impl Follower {
    /// What changed since the last call, oldest first: jobs that ended and jobs in hand.
    ///
    /// # Errors
    /// [`Trouble::Failed`] when `objects` are no sources.
    pub fn changes(&mut self, objects: &[Value]) -> Result<Vec<Change>, Trouble> {
        let mut changes = Vec::new();
        for (source, object) in shapes::read::<Source>(objects)?.into_iter().zip(objects) {
            let field = |name: &str| object.get(name).cloned().unwrap_or_default();
            let jobs = [
                (source.last_finished_job.clone(), field("last_finished_job")),
                (source.latest_job.clone(), field("latest_job")),
            ];
            for (job, object) in jobs {
                let Some(job) = job else { continue };
                if self.is_news(&job) {
                    changes.push(Change { source: source.clone(), job, object });
                }
            }
        }
        let at = |job: &Job| job.ended_at.clone().or(job.started_at.clone()).unwrap_or_else(|| job.queued_at.clone());
        changes.sort_by_key(|change| at(&change.job));
        Ok(changes)
    }

    /// Whether this was not told yet; remembers that it now is.
    fn is_news(&mut self, job: &Job) -> bool {
        let told = self.told.get(&job.source);
        // Beside a newer job that was told of already stands the older one.
        if told.is_some_and(|(id, status)| *id > job.id || (*id == job.id && *status == job.status)) {
            return false;
        }
        self.told.insert(job.source.clone(), (job.id.clone(), job.status.clone()));
        true
    }
}

impl Change {
    /// One line for people: when, whose, which states the job went through, and what came of it.
    pub fn line(&self) -> String {
        let job = &self.job;
        let at = job.ended_at.as_ref().or(job.started_at.as_ref()).unwrap_or(&job.queued_at);
        let mut words = vec![dim(words::clock_time(at)).paint(), plain(&job.source).paint(), self.states()];
        let took = words::between(job.started_at.as_ref(), job.ended_at.as_ref());
        words.push(plain(words::title(&self.source)).paint());
        words.push(words::result(job).paint());
        if let Some(took) = took {
            words.push(dim(format!("in {}", words::span(took))).paint());
        }
        words.extend(self.consequence().map(|text| coloured(AnsiColor::Yellow, text).paint()));
        words.retain(|word| !word.is_empty());
        words.join("  ")
    }

    /// Whether this only says that the next poll is planned.
    pub fn is_routine(&self) -> bool {
        self.job.status.eq_ignore_ascii_case("queued") && self.job.reason == "scheduled"
    }

    /// What a failure means for the source.
    fn consequence(&self) -> Option<String> {
        self.job.error_code.as_ref()?;
        if self.source.state != "active" {
            return Some(format!("the source is {} now, and not polled any more", self.source.state));
        }
        let next = self.source.next_fetch.as_ref()?;
        let again = format!("next try {}", words::relative(&next.at, clock::now()));
        // Its next job is queued already, which is no reason.
        Some(if next.reason == "queued" { again } else { format!("{again}: {}", next.detail) })
    }

    /// The states since it was last told of. A job that was quick is seen only at its end; its own times tell what it went through.
    fn states(&self) -> String {
        let job = &self.job;
        let past = [("QUEUED", true), ("ONGOING", job.started_at.is_some())];
        let now = job.status.to_ascii_uppercase();
        let before =
            past.into_iter().filter(|(state, been)| *been && *state != now).map(|(state, _)| dim(state).paint());
        let states: Vec<String> = match now.as_str() {
            "QUEUED" => Vec::new(),
            _ => before.collect(),
        };
        states.into_iter().chain([words::status(job).paint()]).collect::<Vec<_>>().join(" → ")
    }
}
