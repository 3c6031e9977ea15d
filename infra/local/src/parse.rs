//! `feedmill parse`: what Feedmill sees in a feed. Needs nothing running and stores nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use boot::clock::Clock;
use domain::parsed::Parsed;
use domain::response::Validators;
use fetch::{Fetcher, Reach, Request};

use crate::cli::ParseArgs;
use crate::show::print_json;
use crate::trouble::Trouble;

/// A file is read up to here; the same as a fetched body.
const MAX_BYTES: u64 = 10_000_000;
/// How long a server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Prints the feed in `args` as JSON.
///
/// # Errors
/// [`Trouble::Failed`] when it cannot be had or is no feed.
pub async fn parse(args: &ParseArgs, clock: &Clock) -> Result<(), Trouble> {
    let feed = match args.feed.as_str() {
        "-" => from_reader(io::stdin(), "standard input")?,
        url if is_url(url) => from_web(url, args.allow_private_networks, clock).await?,
        path => from_file(Path::new(path))?,
    };
    print_json(&feed)
}

fn is_url(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

fn from_file(path: &Path) -> Result<Parsed, Trouble> {
    let file = File::open(path);
    let file = file.map_err(|error| Trouble::Failed(format!("cannot read {}: {error}", path.display())))?;
    from_reader(file, &path.display().to_string())
}

fn from_reader(reader: impl Read, name: &str) -> Result<Parsed, Trouble> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Trouble::Failed(format!("cannot read {name}: {error}")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Trouble::Failed(format!("{name} is larger than {MAX_BYTES} bytes, which no feed may be")));
    }
    // A file does not say where it came from: its relative links lead nowhere.
    read_feed(&bytes, None, "", name)
}

async fn from_web(url: &str, allow_private_networks: bool, clock: &Clock) -> Result<Parsed, Trouble> {
    let mut settings = fetch::Settings::new(env!("CARGO_PKG_VERSION"), "https://github.com/feedmill/feedmill");
    if allow_private_networks {
        settings.reach = Reach::with_private_networks();
    }
    let fetcher =
        Fetcher::new(settings, Clock::clone(clock)).map_err(|error| Trouble::failed("cannot fetch", &error))?;
    let request = Request {
        url,
        validators: &Validators::default(),
        timeout: TIMEOUT,
        subscribers: 1,
        source: "parse",
        start_by: None,
    };
    let answer =
        fetcher.get(&request).await.map_err(|error| Trouble::Failed(format!("{url}: {}", error.failure().message)))?;
    if !(200..300).contains(&answer.status) {
        return Err(Trouble::Failed(format!("{url}: the server answered {}", answer.status)));
    }
    read_feed(&answer.body, answer.content_type.as_deref(), &answer.final_url, url)
}

fn read_feed(bytes: &[u8], content_type: Option<&str>, base: &str, name: &str) -> Result<Parsed, Trouble> {
    feed::parse(bytes, content_type, base).map_err(|error| Trouble::Failed(format!("{name}: {error}")))
}
