//! `feedmill demo`: Feedmill at a quick pace on a bundled origin, so that one sees within a minute what it does with good feeds and bad,
//! without the internet.

mod entries;
mod feeds;
mod formats;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anstyle::AnsiColor;
use boot::clock::Clock;
use domain::account::Registration;
use origin::Origin;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::cli::DemoArgs;
use crate::client::Client;
use crate::machine::{Machine, Place, Plan};
use crate::names::Choices;
use crate::shapes::{self, Post};
use crate::show::{Follower, say};
use crate::signals::{self, Signals};
use crate::table::{coloured, dim, plain};
use crate::trouble::Trouble;

pub use feeds::{FEEDS, Feed};

/// The shortest interval there is, so that something happens.
const INTERVAL_MINUTES: u32 = 15;
/// How often the API is asked what is new.
const PERIOD: Duration = Duration::from_millis(500);
/// Of many new posts, so many are shown.
const SHOWN: u64 = 3;
/// Where the origin listens if it can, so that the sources of a kept folder are found again.
const ORIGIN: ([u8; 4], u16) = ([127, 0, 0, 1], 4190);

/// Runs the demo until a signal comes, or the time is over.
///
/// # Errors
/// [`Trouble`] when it cannot start.
pub async fn demo(args: &DemoArgs, clock: Clock) -> Result<(), Trouble> {
    let mut signals = signals::listen()?;
    let origin = start_origin(&clock).await?;
    let choices = Choices {
        tick: Duration::from_secs(args.tick),
        min_interval_minutes: INTERVAL_MINUTES,
        registration: Registration::Invitation,
        // The bundled origin is on this machine.
        allow_private_networks: true,
        ..Choices::default()
    };
    let place = args.data.clone().map_or(Place::Memory, |folder: PathBuf| Place::Folder(folder));
    let machine = Machine::start(Plan { place, listen: args.listen, choices }, clock).await?;
    let client = machine.client();
    say(&greeting(&machine, &origin, args.tick))?;
    let shown = tokio::select! {
        shown = show(&client, &origin) => shown,
        () = over(&mut signals, args.seconds) => Ok(()),
    };
    say(&dim("stopping").paint())?;
    machine.stop().await;
    shown
}

async fn over(signals: &mut Signals, seconds: Option<u64>) {
    match seconds {
        None => signals.received().await,
        Some(seconds) => tokio::select! {
            () = signals.received() => {}
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
        },
    }
}

/// The origin with all sample feeds, each below a host name of its own.
///
/// # Errors
/// [`Trouble::CannotStart`] when it has no port to listen on.
pub async fn start_origin(clock: &Clock) -> Result<Origin, Trouble> {
    let origin = match Origin::start_on(ORIGIN.into()).await {
        Ok(origin) => origin,
        Err(_) => {
            Origin::start().await.map_err(|error| Trouble::cannot_start("the bundled origin has no port", &error))?
        }
    };
    let (started, port) = (clock(), origin.address().port());
    for feed in FEEDS {
        let now = Arc::clone(clock);
        origin.on(&feed.path(), move |seen| feed.reply(seen, started, now(), port));
        for path in feed.other_paths() {
            let now = Arc::clone(clock);
            origin.on(&path, move |seen| feed.reply(seen, started, now(), port));
        }
    }
    Ok(origin)
}

fn greeting(machine: &Machine, origin: &Origin, tick: u64) -> String {
    let hours = if tick == 1 {
        "a minute of the schedule takes a second".to_owned()
    } else {
        format!("a minute of the schedule takes {tick} s")
    };
    format!(
        "{} {} sample feeds on {}, {hours}.\n  {} http://{}/v1/sources\n  {} Ctrl-C\n",
        coloured(AnsiColor::Green, "The mill turns.").paint(),
        FEEDS.len(),
        origin.address(),
        dim("API ").paint(),
        machine.address(),
        dim("Stop").paint(),
    )
}

async fn show(client: &Client, origin: &Origin) -> Result<(), Trouble> {
    let mut follower = Follower::default();
    // What a source was when it was added comes first: its first job is over sooner than the API is asked again.
    let mut sources = add_all(client, origin).await?;
    loop {
        for change in follower.changes(&sources)?.into_iter().filter(|change| !change.is_routine()) {
            say(&change.line())?;
            if change.job.posts_count > 0 {
                show_posts(client, &change.source.id, change.job.posts_count).await?;
            }
        }
        sleep(PERIOD).await;
        sources = client.list("/v1/sources", "sources", 1_000).await?;
    }
}

/// Adds all sample feeds; the sources as the API answered.
async fn add_all(client: &Client, origin: &Origin) -> Result<Vec<Value>, Trouble> {
    let mut sources = Vec::new();
    for feed in FEEDS {
        let url = origin.url_at(&feed.host(), &feed.path());
        let body = json!({ "url": url, "interval_minutes": INTERVAL_MINUTES });
        let added = match client.post("/v1/sources", &body).await {
            Ok(source) => {
                let id = source.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                sources.push(source);
                id
            }
            // In a kept folder it is there already.
            Err(Trouble::Failed(why) | Trouble::Refused { detail: why, .. }) => why,
            Err(other) => return Err(other),
        };
        say(&format!("{}  {}  {}", plain(added).paint(), plain(&url).paint(), dim(feed.about).paint()))?;
    }
    say("")?;
    Ok(sources)
}

async fn show_posts(client: &Client, source: &str, new: u64) -> Result<(), Trouble> {
    let limit = usize::try_from(new.min(SHOWN)).unwrap_or(1);
    let posts: Vec<Post> = shapes::read(&client.list(&format!("/v1/sources/{source}/posts"), "posts", limit).await?)?;
    for post in &posts {
        let title = post.title.as_deref().unwrap_or("(untitled)");
        let files =
            if post.enclosures.is_empty() { String::new() } else { format!("  {} file(s)", post.enclosures.len()) };
        say(&format!(
            "          {} {}{}",
            coloured(AnsiColor::Green, "+").paint(),
            plain(title).paint(),
            dim(files).paint()
        ))?;
    }
    match new.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => say(&dim(format!("            and {more} more")).paint()),
    }
}

#[cfg(test)]
mod tests;
