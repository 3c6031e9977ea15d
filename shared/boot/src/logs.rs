//! Logs: one line for each failure, where it is handled, with its causes; no line for a poll that worked.

use std::error::Error;
use std::fmt;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

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

/// Starts logging to standard error; `FEEDMILL_LOG` says what, as `tracing` filters do; one that cannot be read is named and the default taken.
/// A second call changes nothing.
pub fn start(format: Format, vars: &Vars) {
    // Fails only if someone else has already set up logging, who then has the say.
    drop(tracing::subscriber::set_global_default(subscriber(format, vars, std::io::stderr)));
    if vars.get("FEEDMILL_LOG").is_some_and(|filter| EnvFilter::try_new(filter).is_err()) {
        tracing::warn!("setting FEEDMILL_LOG is no filter; write for example `info,store=debug`");
    }
    std::panic::set_hook(Box::new(tell_panic));
}

/// What [`start`] sets up, writing to `writer`: tests look at the same lines.
pub fn subscriber<W>(format: Format, vars: &Vars, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(vars.get("FEEDMILL_LOG").unwrap_or(DEFAULT)).unwrap_or_else(|_| DEFAULT.into());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    match format {
        // The list of spans has the current one at its end: it need not be told twice.
        Format::Json => Box::new(builder.json().flatten_event(true).with_current_span(false).finish()),
        Format::Text { colour } => Box::new(builder.with_ansi(colour).finish()),
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
