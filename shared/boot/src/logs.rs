//! Logs: one line for each failure, where it is handled, with its causes; no line for a poll that worked.

use std::error::Error;
use std::fmt;

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::settings::Vars;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: for CloudWatch. What is known of the request stands in `spans`, the platform's own ids first.
    Json,
    /// For a person at a terminal; coloured or not.
    Text {
        /// Whether to colour.
        colour: bool,
    },
}

/// Starts logging to standard error; `FEEDMILL_LOG` says what, a level or `crate=level`, with commas between; one that cannot be read is named and
/// the default taken.
/// A second call changes nothing.
pub fn start(format: Format, vars: &Vars) {
    // Fails only if someone else has already set up logging, who then has the say.
    drop(tracing::subscriber::set_global_default(subscriber(format, vars, std::io::stderr)));
    if vars.get("FEEDMILL_LOG").is_some_and(|filter| filter.parse::<Targets>().is_err()) {
        tracing::warn!("setting FEEDMILL_LOG is no filter; write for example `info,store=debug`");
    }
    std::panic::set_hook(Box::new(tell_panic));
}

/// What [`start`] sets up, writing to `writer`: tests look at the same lines.
pub fn subscriber<W>(format: Format, vars: &Vars, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = vars.get("FEEDMILL_LOG").and_then(|filter| filter.parse().ok()).unwrap_or_else(default);
    let logs = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false);
    match format {
        // The list of spans has the current one at its end: it need not be told twice.
        Format::Json => Box::new(logs.with(lines.json().flatten_event(true).with_current_span(false))),
        Format::Text { colour } => Box::new(logs.with(lines.with_ansi(colour))),
    }
}

/// One line for a panic. A message that was put together at run time may quote what a stranger sent: only fixed ones are told.
fn tell_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let said = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("its message is not told");
    tracing::error!(at, said, "a panic");
}

/// An event that could not be worked on, as a function's `main` hands it to the runtime, which logs its `Debug` form and gives its `Display` form to the platform: so
/// there is one line with all causes, and the platform gets the sentence alone.
pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Box<dyn Error + Send + Sync> {
    Box::new(Failed(error.into()))
}

struct Failed(Box<dyn Error + Send + Sync>);

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event is left to the platform: {}", causes(&*self.0))
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Libraries tell of what we tell better.
fn default() -> Targets {
    let quiet = ["aws_smithy_runtime", "aws_sdk_dynamodb", "hyper", "dynoxide", "s3s"];
    Targets::new().with_default(Level::INFO).with_targets(quiet.map(|library| (library, Level::WARN)))
}

/// An error with all its causes, on one line.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some libraries repeat their cause in their own text.
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// What is logged of one line at each level, by this crate and by a library, under `filter`.
    fn check(filter: Option<&str>, expected: &[&str]) {
        let mut file = tempfile::tempfile().unwrap();
        let (writer, vars) = (file.try_clone().unwrap(), Vars::of(filter.map(|filter| ("FEEDMILL_LOG", filter))));
        tracing::subscriber::with_default(subscriber(Format::Json, &vars, std::sync::Mutex::new(writer)), || {
            tracing::debug!("debug");
            tracing::info!("info");
            tracing::warn!("warn");
            tracing::info!(target: "hyper::client", "library info");
            tracing::warn!(target: "hyper::client", "library warn");
        });
        let mut text = String::new();
        std::io::Seek::rewind(&mut file).unwrap();
        file.read_to_string(&mut text).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        assert_eq!(lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_setting_says_what_is_logged_and_libraries_are_quiet_without_it() {
        check(None, &["info", "warn", "library warn"]);
        check(Some("warn"), &["warn", "library warn"]);
        check(Some("info,boot=debug"), &["debug", "info", "warn", "library info", "library warn"]);
        check(Some("hyper=info"), &["library info", "library warn"]);
        check(Some("off"), &[]);
        check(Some("boot=loud"), &["info", "warn", "library warn"]);
    }
}
