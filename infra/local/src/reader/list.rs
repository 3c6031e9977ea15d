//! `feedmill subscriptions` and `feedmill unsubscribe`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{MANY, who};
use crate::cli::reading::{SubscriptionsArgs, UnsubscribeArgs};
use crate::client::Client;
use crate::shapes::{self, Folder, Subscription};
use crate::show::{print_json, say, table};
use crate::table::{dim, plain};
use crate::trouble::Trouble;
use crate::words;

/// Lists subscriptions, by title.
///
/// # Errors
/// [`Trouble`] with the API's own sentence.
pub async fn subscriptions(args: &SubscriptionsArgs) -> Result<(), Trouble> {
    let client = who(&args.who).await?;
    let objects = client.list("/v1/subscriptions", "subscriptions", MANY).await?;
    if args.who.json {
        return print_json(&Value::Array(objects));
    }
    let mut list: Vec<Subscription> = shapes::read(&objects)?;
    if list.is_empty() {
        return say("no subscriptions yet: feedmill add https://example.org, or feedmill import feeds.opml");
    }
    list.sort_by_cached_key(|subscription| subscription.title.to_lowercase());
    let folders: Vec<Folder> = shapes::read(&client.list("/v1/folders", "folders", MANY).await?)?;
    let names: HashMap<&str, &str> = folders.iter().map(|folder| (folder.id.as_str(), folder.name.as_str())).collect();
    let row = |subscription: &Subscription| {
        let within = subscription.folders.iter().filter_map(|id| names.get(id.as_str()).copied());
        let within: Vec<&str> = within.collect();
        vec![
            plain(&subscription.id),
            words::state(&subscription.state, subscription.last_finished_job.as_ref()),
            plain(subscription.unread.to_string()),
            dim(within.join(", ")),
            plain(&subscription.title),
            dim(subscription.url.as_deref().unwrap_or("(private)")),
        ]
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    table(&["ID", "STATE", "UNREAD", "FOLDERS", "TITLE", "URL"], &rows)
}

/// Ends a subscription.
///
/// # Errors
/// [`Trouble`] when there is no such one.
pub async fn unsubscribe(args: &UnsubscribeArgs) -> Result<(), Trouble> {
    let client = who(&args.who).await?;
    let subscription = find(&client, &args.subscription).await?;
    client.delete(&format!("/v1/subscriptions/{}", subscription.id)).await?;
    if args.who.json {
        return print_json(&json!({ "id": subscription.id }));
    }
    say(&format!("{} is ended; posts with a star or a label stay", plain(&subscription.title).paint()))
}

/// The subscription with this id or address.
async fn find(client: &Client, named: &str) -> Result<Subscription, Trouble> {
    let objects = client.list("/v1/subscriptions", "subscriptions", MANY).await?;
    let list: Vec<Subscription> = shapes::read(&objects)?;
    let is_named = |subscription: &Subscription| {
        subscription.id == named || subscription.url.as_deref().is_some_and(|url| is_address(url, named))
    };
    list.into_iter().find(is_named).ok_or_else(|| {
        let sentence = "there is no such subscription: `feedmill subscriptions` lists ids and addresses";
        Trouble::Failed(sentence.to_owned())
    })
}

/// As a person writes it: perhaps without the scheme, or the slash at the end.
fn is_address(url: &str, written: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim();
        let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        text.trim_end_matches('/').to_owned()
    };
    url == written || (!written.is_empty() && bare(url) == bare(written))
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_is_known_as_people_write_it() {
        let url = "https://example.org/feed/";
        for (written, expected) in [
            ("https://example.org/feed/", true),
            ("example.org/feed", true),
            ("http://example.org/feed", true),
            ("example.org", false),
            ("", false),
        ] {
            assert_eq!(is_address(url, written), expected, "{written}");
        }
    }
}
