//! The names of tables, queues and bucket on one machine, and the settings that tell them to the functions.

use std::time::Duration;

use boot::settings::{Settings, SettingsError, Vars};
use domain::account::Registration;
use domain::timing::Lane;
use store::Tables;

/// The queue of announcements.
pub const TASKS: &str = "feedmill-tasks";
/// The bucket.
pub const BUCKET: &str = "feedmill";

/// The queue of a lane.
pub const fn queue(lane: Lane) -> &'static str {
    match lane {
        Lane::Fast => "feedmill-fetch",
        Lane::Slow => "feedmill-fetch-slow",
    }
}

/// The tables that `settings` name.
pub fn tables(settings: &Settings) -> Tables {
    Tables {
        sources: settings.sources_table.clone(),
        posts: settings.posts_table.clone(),
        readers: settings.readers_table.clone(),
    }
}

/// The queues that `settings` name.
pub fn urls(settings: &Settings) -> queue::Urls {
    queue::Urls {
        fetch: settings.fetch_queue.clone(),
        fetch_slow: settings.fetch_slow_queue.clone(),
        tasks: settings.tasks_queue.clone(),
    }
}

/// What an owner of one machine chooses.
#[derive(Clone, Debug)]
pub struct Choices {
    /// How long a minute of the wheel lasts: 1 to 60 whole seconds.
    pub tick: Duration,
    /// The shortest interval, in minutes of the wheel.
    pub min_interval_minutes: u32,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether addresses that are not public may be polled.
    pub allow_private_networks: bool,
    /// Web pages of which other origins may use the API.
    pub cors_origins: Vec<String>,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(60),
            min_interval_minutes: 60,
            registration: Registration::Invitation,
            allow_private_networks: false,
            cors_origins: Vec::new(),
        }
    }
}

/// The environment of functions whose queues are behind the endpoint `sqs`.
pub fn variables(sqs: &str, choices: &Choices) -> Vec<(&'static str, String)> {
    let url = |queue: &str| format!("{sqs}/{}/{queue}", emulator::ACCOUNT);
    vec![
        ("FEEDMILL_FETCH_QUEUE_URL", url(queue(Lane::Fast))),
        ("FEEDMILL_FETCH_SLOW_QUEUE_URL", url(queue(Lane::Slow))),
        ("FEEDMILL_TASKS_QUEUE_URL", url(TASKS)),
        ("FEEDMILL_BUCKET", BUCKET.to_owned()),
        ("FEEDMILL_TICK_SECONDS", choices.tick.as_secs().to_string()),
        ("FEEDMILL_MIN_INTERVAL_MINUTES", choices.min_interval_minutes.to_string()),
        ("FEEDMILL_REGISTRATION", choices.registration.as_str().to_owned()),
        // A cookie that needs TLS would never come back over plain HTTP.
        ("FEEDMILL_SECURE_COOKIES", false.to_string()),
        ("FEEDMILL_ALLOW_PRIVATE_NETWORKS", choices.allow_private_networks.to_string()),
        ("FEEDMILL_CORS_ORIGINS", choices.cors_origins.join(",")),
    ]
}

/// The settings that those variables make.
///
/// # Errors
/// [`SettingsError`] when a choice is out of bounds.
pub fn settings(sqs: &str, choices: &Choices) -> Result<Settings, SettingsError> {
    Settings::from_vars(&Vars::of(variables(sqs, choices)))
}
