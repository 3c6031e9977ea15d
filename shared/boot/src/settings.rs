//! Settings: one struct, read once from the environment at cold start. A bad value stops the function before its first event.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use domain::account::Registration;
use domain::timing::Lane;
use domain::wheel::Pace;

/// Environment variables, as read once.
#[derive(Clone, Default)]
pub struct Vars(HashMap<String, String>);

impl Vars {
    /// Those of this process. What is no UTF-8 in a value becomes U+FFFD, so that a setting is refused for it and not passed over.
    #[expect(clippy::disallowed_methods, reason = "this is the environment's home")]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.to_string_lossy().into_owned())))
                .collect(),
        )
    }

    /// A given set, for tests and for the one-machine runner.
    pub fn of<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }

    /// The value of `name`; an empty one counts as none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of `name`, if it is `good`.
    pub(crate) fn checked(
        &self,
        name: &'static str,
        rule: &'static str,
        good: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, SettingsError> {
        match self.get(name) {
            Some(value) if !good(value) => Err(SettingsError::Bad { name, rule }),
            value => Ok(value.map(str::to_owned)),
        }
    }

    fn parse<T: FromStr>(&self, name: &'static str, rule: &'static str) -> Result<Option<T>, SettingsError> {
        self.get(name).map(|text| text.parse().map_err(|_| SettingsError::Bad { name, rule })).transpose()
    }

    fn within<T>(&self, name: &'static str, rule: &'static str, low: T, high: T, or: T) -> Result<T, SettingsError>
    where
        T: FromStr + PartialOrd + Display,
    {
        match self.parse(name, rule)? {
            None => Ok(or),
            Some(value) if value >= low && value <= high => Ok(value),
            Some(_) => Err(SettingsError::Bad { name, rule }),
        }
    }
}

/// A setting that cannot be used. The value itself is not told: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Present, but wrong.
    #[error("setting {name} is wrong: {rule}")]
    Bad {
        /// The variable.
        name: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// Needed, but absent.
    #[error("setting {name} is missing: {rule}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

/// Everything that an installation sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `FEEDMILL_SOURCES_TABLE`.
    pub sources_table: String,
    /// `FEEDMILL_POSTS_TABLE`.
    pub posts_table: String,
    /// `FEEDMILL_READERS_TABLE`.
    pub readers_table: String,
    /// `FEEDMILL_FETCH_QUEUE_URL`.
    pub fetch_queue: String,
    /// `FEEDMILL_FETCH_SLOW_QUEUE_URL`.
    pub fetch_slow_queue: String,
    /// `FEEDMILL_TASKS_QUEUE_URL`.
    pub tasks_queue: String,
    /// `FEEDMILL_BUCKET`.
    pub bucket: String,
    /// `FEEDMILL_TICK_SECONDS`: how long a wheel minute lasts.
    pub pace: Pace,
    /// `FEEDMILL_MIN_INTERVAL_MINUTES`: no source is polled more often.
    pub min_interval_minutes: u32,
    /// `FEEDMILL_ALLOW_PRIVATE_NETWORKS`: lifts the address guard and the port list.
    pub allow_private_networks: bool,
    /// `FEEDMILL_ANNOUNCE_ALL`: tells queue `tasks` of every landing, watched or not.
    pub announce_all: bool,
    /// `FEEDMILL_REGISTRATION`: who may make an account.
    pub registration: Registration,
    /// `FEEDMILL_SECURE_COOKIES`: browsers send the cookie over TLS only.
    pub secure_cookies: bool,
    /// `FEEDMILL_LANE`: which queue this fetcher serves.
    pub lane: Lane,
    /// `FEEDMILL_RETENTION_DAYS`: how long posts are kept.
    pub retention: Duration,
    /// `FEEDMILL_RETENTION_POSTS`: how many posts of a source are shown, at most.
    pub retention_posts: u64,
    /// `FEEDMILL_CHUNK_BYTES`: the most bytes of one landing transaction.
    pub chunk_bytes: usize,
    /// `FEEDMILL_RATE_FLOOR`: messages a minute that the fetchers are trusted with before they are measured.
    pub rate_floor: u64,
    /// `FEEDMILL_SHARDS`: how many dispatchers share the wheel.
    pub shards: u8,
    /// `FEEDMILL_MAX_SUBSCRIPTIONS`: how many a user may have.
    pub max_subscriptions: usize,
    /// `FEEDMILL_MAX_SUBSCRIPTIONS_PER_HOST`: how many of them on one host.
    pub max_subscriptions_per_host: usize,
    /// `FEEDMILL_CONTACT_URL`: who polls, for the User-Agent.
    pub contact_url: String,
    /// `FEEDMILL_CORS_ORIGINS`: web pages of which other origins may use the API.
    pub cors_origins: Vec<String>,
    /// `FEEDMILL_USER_REQUESTS_PER_MINUTE`: of one person who is signed in.
    pub requests_per_user: u32,
    /// `FEEDMILL_ADDRESS_REQUESTS_PER_MINUTE`: of one address, where nobody is signed in.
    pub requests_per_address: u32,
}

/// Who polls unless an installation says otherwise.
pub const PROJECT: &str = "https://github.com/feedmill/feedmill";

const BOOLEAN: &str = "write true or false";

impl Settings {
    /// Reads every setting, or says which one is wrong.
    ///
    /// # Errors
    /// [`SettingsError`] for the first value that cannot be used.
    pub fn from_vars(vars: &Vars) -> Result<Self, SettingsError> {
        let table = |name, or: &str| {
            let rule = "the name of a table: 3 to 255 letters, digits, `_`, `-` and `.`";
            vars.checked(name, rule, is_table).map(|set| set.unwrap_or_else(|| or.to_owned()))
        };
        let needed = |name, rule, good: fn(&str) -> bool| {
            vars.checked(name, rule, good)?.ok_or(SettingsError::Missing { name, rule })
        };
        let queue = |name| needed(name, "the URL of the SQS queue", is_address);
        vars.checked(
            "FEEDMILL_METRICS_NAMESPACE",
            "at most 255 printable characters, the first no colon",
            is_namespace,
        )?;
        let tick = vars.within("FEEDMILL_TICK_SECONDS", "seconds of a wheel minute, 1 to 60", 1, 60, 60)?;
        let requests = |name, or| vars.within(name, "requests a minute, 1 to 1000000", 1, 1_000_000, or);
        let days = vars.within("FEEDMILL_RETENTION_DAYS", "days, 1 to 3650", 1u64, 3650, 180)?;
        Ok(Self {
            sources_table: table("FEEDMILL_SOURCES_TABLE", "feedmill-sources")?,
            posts_table: table("FEEDMILL_POSTS_TABLE", "feedmill-posts")?,
            readers_table: table("FEEDMILL_READERS_TABLE", "feedmill-readers")?,
            fetch_queue: queue("FEEDMILL_FETCH_QUEUE_URL")?,
            fetch_slow_queue: queue("FEEDMILL_FETCH_SLOW_QUEUE_URL")?,
            tasks_queue: queue("FEEDMILL_TASKS_QUEUE_URL")?,
            bucket: needed("FEEDMILL_BUCKET", "the name of the S3 bucket", is_bucket)?,
            pace: Pace::of_seconds(tick).unwrap_or(Pace::REAL),
            min_interval_minutes: vars.within("FEEDMILL_MIN_INTERVAL_MINUTES", "minutes, 15 to 1440", 15, 1440, 60)?,
            allow_private_networks: vars.parse("FEEDMILL_ALLOW_PRIVATE_NETWORKS", BOOLEAN)?.unwrap_or(false),
            announce_all: vars.parse("FEEDMILL_ANNOUNCE_ALL", BOOLEAN)?.unwrap_or(false),
            // Nobody gets in whom an administrator did not let in, and letting somebody in needs no change of settings.
            registration: vars
                .parse("FEEDMILL_REGISTRATION", "write open, invitation or closed")?
                .unwrap_or(Registration::Invitation),
            secure_cookies: vars.parse("FEEDMILL_SECURE_COOKIES", BOOLEAN)?.unwrap_or(true),
            lane: lane(vars)?,
            retention: Duration::from_secs(days * 24 * 3600),
            retention_posts: vars.within("FEEDMILL_RETENTION_POSTS", "posts, 20 to 1000000", 20, 1_000_000, 10_000)?,
            chunk_bytes: vars.within("FEEDMILL_CHUNK_BYTES", "bytes, 16384 to 4000000", 16_384, 4_000_000, 1 << 20)?,
            rate_floor: vars.within("FEEDMILL_RATE_FLOOR", "messages a minute, 1 to 1000000", 1, 1_000_000, 2_000)?,
            shards: vars.within("FEEDMILL_SHARDS", "1 to 64", 1, 64, 1)?,
            max_subscriptions: vars.within("FEEDMILL_MAX_SUBSCRIPTIONS", "1 to 20000", 1, 20_000, 3_000)?,
            max_subscriptions_per_host: vars.within(
                "FEEDMILL_MAX_SUBSCRIPTIONS_PER_HOST",
                "1 to 20000",
                1,
                20_000,
                500,
            )?,
            contact_url: vars
                .checked("FEEDMILL_CONTACT_URL", "an http or https address", is_contact)?
                .unwrap_or_else(|| PROJECT.to_owned()),
            cors_origins: origins(vars)?,
            requests_per_user: requests("FEEDMILL_USER_REQUESTS_PER_MINUTE", 600)?,
            requests_per_address: requests("FEEDMILL_ADDRESS_REQUESTS_PER_MINUTE", 120)?,
        })
    }
}

/// As DynamoDB names tables.
fn is_table(text: &str) -> bool {
    (3..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// As S3 names buckets.
fn is_bucket(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    (3..=63).contains(&text.len()) && text.bytes().all(plain)
}

/// As CloudWatch names namespaces.
fn is_namespace(text: &str) -> bool {
    text.chars().count() <= 255 && !text.starts_with(':') && !text.chars().any(char::is_control)
}

/// Whether something can be asked there.
pub(crate) fn is_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !text.contains(char::is_whitespace))
}

/// It stands between brackets in a User-Agent.
fn is_contact(text: &str) -> bool {
    is_address(text) && text.is_ascii() && !text.contains(['"', '<', '>', '(', ')'])
}

fn lane(vars: &Vars) -> Result<Lane, SettingsError> {
    match vars.get("FEEDMILL_LANE") {
        None | Some("fast") => Ok(Lane::Fast),
        Some("slow") => Ok(Lane::Slow),
        Some(_) => Err(SettingsError::Bad { name: "FEEDMILL_LANE", rule: "write fast or slow" }),
    }
}

/// Origins are compared letter by letter, so they must be as a browser writes them.
fn origins(vars: &Vars) -> Result<Vec<String>, SettingsError> {
    const NAME: &str = "FEEDMILL_CORS_ORIGINS";
    const RULE: &str =
        "origins with commas between, as browsers write them: https://reader.example, lower-case, without a path";
    let listed = vars.get(NAME).into_iter().flat_map(|list| list.split(',')).map(str::trim);
    listed.map(|text| origin(text).map_err(|_| SettingsError::Bad { name: NAME, rule: RULE })).collect()
}

/// The text is no origin as browsers write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as browsers do: https://reader.example, lower-case, without a path")]
pub struct BadOrigin;

/// An origin of web pages, as one says it on a command line, too.
///
/// # Errors
/// [`BadOrigin`] when no browser would write it so.
pub fn origin(text: &str) -> Result<String, BadOrigin> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    let is_origin = host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain));
    if is_origin { Ok(text.to_owned()) } else { Err(BadOrigin) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 4] = [
        ("FEEDMILL_FETCH_QUEUE_URL", "http://127.0.0.1/fetch"),
        ("FEEDMILL_FETCH_SLOW_QUEUE_URL", "http://127.0.0.1/fetch-slow"),
        ("FEEDMILL_TASKS_QUEUE_URL", "http://127.0.0.1/tasks"),
        ("FEEDMILL_BUCKET", "feedmill"),
    ];

    fn check(name: &'static str, value: &str, wrong: bool) {
        let vars = Vars::of(NEEDED.into_iter().chain([(name, value)]));
        let refused = matches!(Settings::from_vars(&vars), Err(SettingsError::Bad { name: told, .. }) if told == name);
        assert_eq!(refused, wrong, "{name}={value}");
    }

    #[test]
    fn a_wrong_value_is_refused_by_name() {
        for (name, value, wrong) in [
            ("FEEDMILL_TICK_SECONDS", "1", false),
            ("FEEDMILL_TICK_SECONDS", "0", true),
            ("FEEDMILL_TICK_SECONDS", "soon", true),
            ("FEEDMILL_TICK_SECONDS", "", false),
            ("FEEDMILL_LANE", "middle", true),
            ("FEEDMILL_ALLOW_PRIVATE_NETWORKS", "yes", true),
            ("FEEDMILL_ALLOW_PRIVATE_NETWORKS", "true", false),
            ("FEEDMILL_RETENTION_DAYS", "0", true),
            ("FEEDMILL_RETENTION_POSTS", "19", true),
            ("FEEDMILL_SHARDS", "65", true),
            ("FEEDMILL_MAX_SUBSCRIPTIONS", "0", true),
            ("FEEDMILL_MAX_SUBSCRIPTIONS_PER_HOST", "20001", true),
            ("FEEDMILL_USER_REQUESTS_PER_MINUTE", "0", true),
            ("FEEDMILL_ADDRESS_REQUESTS_PER_MINUTE", "1", false),
            ("FEEDMILL_CORS_ORIGINS", "https://reader.example, http://[::1]:8080", false),
            ("FEEDMILL_CORS_ORIGINS", "https://reader.example/", true),
            ("FEEDMILL_CORS_ORIGINS", "*", true),
            ("FEEDMILL_CORS_ORIGINS", "null", true),
            ("FEEDMILL_CORS_ORIGINS", "https://a.example,", true),
            ("FEEDMILL_REGISTRATION", "everybody", true),
            ("FEEDMILL_REGISTRATION", "closed", false),
            ("FEEDMILL_POSTS_TABLE", "a table", true),
            ("FEEDMILL_POSTS_TABLE", "feedmill-Posts-1A2B.c_d", false),
            ("FEEDMILL_TASKS_QUEUE_URL", "feedmill-tasks", true),
            ("FEEDMILL_TASKS_QUEUE_URL", "https://", true),
            ("FEEDMILL_BUCKET", "Feedmill", true),
            ("FEEDMILL_BUCKET", "feedmill-blobs-1a2b3c", false),
            ("FEEDMILL_CONTACT_URL", "me@example.org", true),
            ("FEEDMILL_CONTACT_URL", "https://example.org/(me)", true),
            ("FEEDMILL_CONTACT_URL", "https://example.org/me?a=b", false),
            ("FEEDMILL_METRICS_NAMESPACE", ":mine", true),
            ("FEEDMILL_METRICS_NAMESPACE", "Feedmill/mine", false),
        ] {
            check(name, value, wrong);
        }
    }

    #[test]
    fn a_missing_queue_is_named() {
        let told = Settings::from_vars(&Vars::default()).map_err(|e| e.to_string());
        assert_eq!(told, Err("setting FEEDMILL_FETCH_QUEUE_URL is missing: the URL of the SQS queue".to_owned()));
    }
}
