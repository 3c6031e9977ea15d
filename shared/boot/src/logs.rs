//! Logs: one line for each failure, where it is handled, with its causes; no line for a poll that worked.

use std::error::Error;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::settings::Vars;

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: for CloudWatch.
    Json,
    /// For a person at a terminal; coloured or not.
    Text {
        /// Whether to colour.
        colour: bool,
    },
}

/// Starts logging to standard error; `FEEDMILL_LOG` says what, as `tracing` filters do; one that cannot be read is named and the default taken.
/// A second call changes nothing.
pub fn start(format: Format, vars: &Vars) {
    let filter = EnvFilter::try_new(vars.get("FEEDMILL_LOG").unwrap_or(DEFAULT)).unwrap_or_else(|_| DEFAULT.into());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    // Fails only if someone else has already set up logging, who then has the say.
    let started = match format {
        Format::Json => builder.json().flatten_event(true).try_init(),
        Format::Text { colour } => builder.with_ansi(colour).try_init(),
    };
    drop(started);
    if vars.get("FEEDMILL_LOG").is_some_and(|filter| EnvFilter::try_new(filter).is_err()) {
        tracing::warn!("setting FEEDMILL_LOG is no filter; write for example `info,store=debug`");
    }
    std::panic::set_hook(Box::new(tell_panic));
}

/// One line for a panic. A message that was put together at run time may quote what a stranger sent: only fixed ones are told.
fn tell_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let said = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("its message is not told");
    tracing::error!(at, said, "a panic");
}

/// An event that could not be worked on, named once; the platform gets the sentence alone.
pub fn failed(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
    tracing::error!(error = causes(&*error), "the event is left to the platform, which brings it again");
    error
}

const DEFAULT: &str = "info,aws_smithy_runtime=warn,aws_sdk_dynamodb=warn,hyper=warn,dynoxide=warn,s3s=warn";

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
