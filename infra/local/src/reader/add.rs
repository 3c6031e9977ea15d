//! `feedmill add`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::{first_account, folder_made, nobody, someone, text};
use crate::cli::reading::AddArgs;
use crate::client::{Client, JSON};
use crate::shapes::{self, Subscription};
use crate::show::{print_json, say, table};
use crate::table::{dim, plain};
use crate::trouble::Trouble;
use crate::words;

/// How long somebody waits for a first fetch.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is asked for.
const PERIOD: Duration = Duration::from_millis(250);

/// Subscribes to a feed, and says how its first fetch went.
///
/// # Errors
/// [`Trouble`] with the API's own sentence.
pub async fn add(args: &AddArgs) -> Result<(), Trouble> {
    let (client, is_person) = someone(args.who.user.as_deref(), &args.who.data).await?;
    if is_person {
        return subscribe(&client, args).await;
    }
    if args.title.is_some() || !args.folder.is_empty() {
        return Err(nobody(&args.who.data));
    }
    for_nobody(&client, args).await
}

/// A source without subscribers.
async fn for_nobody(client: &Client, args: &AddArgs) -> Result<(), Trouble> {
    let source = client.post("/v1/sources", &json!({ "url": args.url, "interval_minutes": args.interval })).await?;
    if args.who.json {
        return print_json(&source);
    }
    let (id, flag) = (text(&source, "id"), args.who.data.flag());
    let account = first_account(&args.who.data);
    say(&format!("{id}  {}", plain(&args.url).paint()))?;
    say(&format!("Its first fetch is queued; see it with: feedmill jobs{flag} --follow {id}"))?;
    say(&format!("There is no account, so it is polled for nobody in particular; to subscribe, make one: {account}"))
}

async fn subscribe(client: &Client, args: &AddArgs) -> Result<(), Trouble> {
    let mut wish = json!({ "url": args.url, "title": args.title, "interval_minutes": args.interval });
    let (is_new, subscription) = loop {
        let asked = client.ask(Method::POST, "/v1/subscriptions", JSON, wish.to_string()).await?;
        match asked {
            (StatusCode::MULTIPLE_CHOICES, choices) => wish["url"] = choice(&choices, args)?.into(),
            (status, subscription) => break (status == StatusCode::CREATED, subscription),
        }
    };
    // The folders come after it: whoever mistypes an address gets no empty folder.
    let path = format!("/v1/subscriptions/{}", text(&subscription, "id"));
    let mut shown = arrange(client, args, &path, is_new, subscription).await?;
    if !args.no_wait {
        shown = first_fetch(client, &path, shown).await?;
    }
    if args.who.json { print_json(&shown) } else { tell(&shown, is_new, args) }
}

/// Puts it into its folders; one that was there keeps those that it is in, and gets the title.
async fn arrange(
    client: &Client,
    args: &AddArgs,
    path: &str,
    is_new: bool,
    subscription: Value,
) -> Result<Value, Trouble> {
    let mut change = Map::new();
    if let (Some(title), false) = (&args.title, is_new) {
        change.insert("title".to_owned(), title.as_str().into());
    }
    if !args.folder.is_empty() {
        let mut folders = shapes::read_one::<Subscription>(&subscription)?.folders;
        for name in &args.folder {
            let id = folder_made(client, name).await?;
            if !folders.contains(&id) {
                folders.push(id);
            }
        }
        change.insert("folders".to_owned(), folders.into());
    }
    if change.is_empty() {
        return Ok(subscription);
    }
    client.call(Method::PATCH, path, Value::Object(change).to_string()).await
}

/// What is shown of it once it has been fetched, or when it takes too long.
async fn first_fetch(client: &Client, path: &str, mut shown: Value) -> Result<Value, Trouble> {
    let end = Instant::now() + PATIENCE;
    while shown["last_finished_job"].is_null() && Instant::now() < end {
        sleep(PERIOD).await;
        shown = client.get(path).await?;
    }
    Ok(shown)
}

fn tell(shown: &Value, is_new: bool, args: &AddArgs) -> Result<(), Trouble> {
    let subscription: Subscription = shapes::read_one(shown)?;
    let address = subscription.url.as_deref().unwrap_or("(private)");
    say(&format!("{}  {}  {}", subscription.id, plain(&subscription.title).paint(), dim(address).paint()))?;
    if !is_new {
        say("You subscribed to it before.")?;
    }
    let (id, flag) = (&subscription.id, args.who.data.flag());
    match &subscription.last_finished_job {
        Some(job) => {
            let unread = format!("{} unread", subscription.unread);
            say(&format!("{}  {}  {}", words::status(job).paint(), words::result(job).paint(), plain(unread).paint()))
        }
        None if args.no_wait => {
            say(&format!("Its first fetch is queued; see it with: feedmill jobs{flag} --follow {id}"))
        }
        None => say(&format!("Its first fetch is not over yet; see it with: feedmill jobs{flag} --follow {id}")),
    }
}

/// Which of a site's feeds it is to be; asked on a terminal.
fn choice(choices: &Value, args: &AddArgs) -> Result<String, Trouble> {
    let feeds = choices["feeds"].as_array().map(Vec::as_slice).unwrap_or_default();
    let undecided = || Trouble::Failed("there are several feeds: add one of them by its address".to_owned());
    if args.who.json {
        print_json(choices)?;
        return Err(undecided());
    }
    let row = |(number, feed): (usize, &Value)| {
        let cell = |field| plain(text(feed, field));
        vec![dim((number + 1).to_string()), cell("title"), dim(text(feed, "kind")), cell("url")]
    };
    let rows: Vec<_> = feeds.iter().enumerate().map(row).collect();
    table(&["", "TITLE", "KIND", "ADDRESS"], &rows)?;
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(undecided());
    }
    let chosen = feeds.get(number(feeds.len())?.wrapping_sub(1));
    chosen.map(|feed| text(feed, "url").to_owned()).ok_or_else(|| Trouble::Failed("nothing was added".to_owned()))
}

/// The number that somebody types; 0 for anything else.
fn number(most: usize) -> Result<usize, Trouble> {
    let mut out = anstream::stderr();
    write!(out, "Which one (1 to {most}, anything else for none)? ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().parse().unwrap_or(0))
}
