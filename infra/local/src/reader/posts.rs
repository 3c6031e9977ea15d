//! `feedmill posts`.

use std::collections::HashMap;

use anstyle::AnsiColor;
use boot::clock::Clock;
use serde_json::Value;

use super::{MANY, folder, nobody, someone, with_query};
use crate::cli::reading::PostsArgs;
use crate::client::Client;
use crate::shapes::{self, Post, Subscription};
use crate::show::{posts_of_all, print_json, segment, table};
use crate::table::{Cell, coloured, dim, plain};
use crate::trouble::Trouble;
use crate::words;

/// Lists posts, newest first.
///
/// # Errors
/// [`Trouble`] with the API's own sentence.
pub async fn posts(args: &PostsArgs, clock: &Clock) -> Result<(), Trouble> {
    let (client, is_person) = someone(args.who.user.as_deref(), &args.who.data).await?;
    let limit = usize::try_from(args.limit).unwrap_or(MANY);
    let source = args.source.as_deref().or(args.of.as_deref()).map(segment).transpose()?;
    if !is_person {
        let needs_account = args.unread || args.starred || args.label.is_some() || args.folder.is_some();
        return match needs_account {
            true => Err(nobody(&args.who.data)),
            false => posts_of_all(&client, source, limit, args.who.json, clock).await,
        };
    }
    let objects = client.list(&path(&client, args, source).await?, "posts", limit).await?;
    if args.who.json {
        return print_json(&Value::Array(objects));
    }
    let posts: Vec<Post> = shapes::read(&objects)?;
    let titles = if posts.is_empty() { HashMap::new() } else { titles(&client).await? };
    let rows: Vec<_> = posts.iter().map(|post| row(post, &titles, clock)).collect();
    table(&["", "ID", "FEED", "PUBLISHED", "TITLE", "URL"], &rows)
}

/// What to ask for.
async fn path(client: &Client, args: &PostsArgs, source: Option<&str>) -> Result<String, Trouble> {
    let folder = match &args.folder {
        Some(name) => Some(folder(client, name).await?),
        None => None,
    };
    let pairs = [
        ("status", args.unread.then_some("unread")),
        ("starred", args.starred.then_some("true")),
        ("label", args.label.as_deref()),
        ("folder", folder.as_deref()),
        ("source", source),
        // A table has no room for it.
        ("content", (!args.who.json).then_some("false")),
    ];
    Ok(with_query("/v1/posts", pairs.into_iter().filter_map(|(name, value)| Some((name, value?)))))
}

/// What each subscription is called.
async fn titles(client: &Client) -> Result<HashMap<String, String>, Trouble> {
    let objects = client.list("/v1/subscriptions", "subscriptions", MANY).await?;
    let list: Vec<Subscription> = shapes::read(&objects)?;
    Ok(list.into_iter().map(|subscription| (subscription.id, subscription.title)).collect())
}

fn row(post: &Post, titles: &HashMap<String, String>, clock: &Clock) -> Vec<Cell> {
    let is_unread = post.read == Some(false);
    let title = words::post_title(post);
    let labels = post.labels.as_deref().unwrap_or_default();
    let labelled = if labels.is_empty() { title.to_owned() } else { format!("{title} [{}]", labels.join(", ")) };
    let mark = match (post.starred, is_unread) {
        (Some(true), _) => coloured(AnsiColor::Yellow, "★"),
        (_, true) => coloured(AnsiColor::Cyan, "●"),
        _ => plain(""),
    };
    vec![
        mark,
        plain(&post.id),
        // A starred post may be of a feed that one has left.
        dim(titles.get(&post.source).unwrap_or(&post.source)),
        dim(words::relative(&post.published, clock())),
        if is_unread { plain(labelled) } else { dim(labelled) },
        dim(post.url.as_deref().unwrap_or_default()),
    ]
}
