//! Where the bytes of a feed come from: a file, the web, standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use boot::clock::Clock;
use domain::parsed::Parsed;
use domain::response::Validators;
use fetch::{Fetcher, Reach, Request};

use crate::cli::ParseArgs;
use crate::trouble::Trouble;

/// A file is read up to here; the same as a fetched body.
const MAX_BYTES: u64 = 10_000_000;
/// How long a server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A feed as it came.
struct Document {
    bytes: Vec<u8>,
    content_type: Option<String>,
    base: String,
}

/// Reads feeds from wherever they are.
#[derive(Clone)]
pub(super) struct Sources {
    /// None if nothing is on the web.
    fetcher: Option<Arc<Fetcher>>,
    content_type: Option<String>,
    base: Option<String>,
}

impl Sources {
    pub(super) fn new(args: &ParseArgs, clock: &Clock) -> Result<Self, Trouble> {
        let fetcher = match args.feeds.iter().any(|feed| is_url(feed)) {
            true => Some(Arc::new(fetcher(args.allow_private_networks, clock)?)),
            false => None,
        };
        Ok(Self { fetcher, content_type: args.content_type.clone(), base: args.base.as_ref().map(ToString::to_string) })
    }

    /// What Feedmill sees in the feed `name`.
    ///
    /// # Errors
    /// [`Trouble::Failed`] with its name when it cannot be had or is no feed.
    pub(super) async fn parse(&self, name: &str) -> Result<Parsed, Trouble> {
        let document = match &self.fetcher {
            Some(fetcher) if is_url(name) => Some(from_web(name, fetcher).await?),
            _ => None,
        };
        let (sources, name) = (self.clone(), name.to_owned());
        // Reading and parsing take a processor or a disk for a while.
        let work = tokio::task::spawn_blocking(move || match document {
            Some(document) => sources.read(&document, &name),
            None => sources.read(&from_here(&name)?, &name),
        });
        super::ended(work.await)
    }

    fn read(&self, document: &Document, name: &str) -> Result<Parsed, Trouble> {
        let content_type = self.content_type.as_deref().or(document.content_type.as_deref());
        let base = self.base.as_deref().unwrap_or(&document.base);
        feed::parse(&document.bytes, content_type, base).map_err(|error| Trouble::Failed(format!("{name}: {error}")))
    }
}

fn is_url(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

fn from_here(name: &str) -> Result<Document, Trouble> {
    if name == "-" {
        return from_reader(io::stdin(), "standard input");
    }
    let file = File::open(Path::new(name));
    from_reader(file.map_err(|error| Trouble::Failed(format!("cannot read {name}: {error}")))?, name)
}

fn from_reader(reader: impl Read, name: &str) -> Result<Document, Trouble> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Trouble::Failed(format!("cannot read {name}: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Trouble::Failed(format!("{name} is larger than {MAX_BYTES} bytes, which no feed may be")));
    }
    // A file does not say where it came from: its relative links lead nowhere.
    Ok(Document { bytes, content_type: None, base: String::new() })
}

fn fetcher(allow_private_networks: bool, clock: &Clock) -> Result<Fetcher, Trouble> {
    let mut settings = fetch::Settings::new(env!("CARGO_PKG_VERSION"), boot::settings::PROJECT);
    if allow_private_networks {
        settings.reach = Reach::with_private_networks();
    }
    Fetcher::new(settings, Clock::clone(clock)).map_err(|error| Trouble::failed("cannot fetch", &error))
}

async fn from_web(url: &str, fetcher: &Fetcher) -> Result<Document, Trouble> {
    let request = Request {
        url,
        validators: &Validators::default(),
        timeout: TIMEOUT,
        subscribers: 1,
        source: "parse",
        start_by: None,
        login: None,
    };
    let answer =
        fetcher.get(&request).await.map_err(|error| Trouble::Failed(format!("{url}: {}", error.failure().message)))?;
    if !(200..300).contains(&answer.status) {
        return Err(Trouble::Failed(format!("{url}: the server answered {}", answer.status)));
    }
    Ok(Document { bytes: answer.body.into(), content_type: answer.content_type, base: answer.final_url })
}
