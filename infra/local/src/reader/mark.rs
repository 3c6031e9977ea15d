//! `feedmill read` and `feedmill star`.

use boot::clock::Clock;
use serde_json::{Value, json};

use super::{folder, post_segment, who};
use crate::cli::reading::{ReadArgs, StarArgs};
use crate::client::Client;
use crate::show::{print_json, say, segment};
use crate::trouble::Trouble;

/// The most that the API marks at once.
const AT_ONCE: usize = 1_000;

/// Marks posts read, or unread again.
///
/// # Errors
/// [`Trouble`] with the API's own sentence.
pub async fn read(args: &ReadArgs, clock: &Clock) -> Result<(), Trouble> {
    let client = who(&args.who).await?;
    if args.all {
        return read_all(&client, args, clock).await;
    }
    let (mark, told) = if args.undo { ("unread", "unread") } else { ("read", "read") };
    mark_posts(&client, &args.posts, mark).await?;
    tell(args.posts.len(), told, args.who.json)
}

/// Puts stars on posts, or takes them off.
///
/// # Errors
/// [`Trouble`] with the API's own sentence.
pub async fn star(args: &StarArgs) -> Result<(), Trouble> {
    let client = who(&args.who).await?;
    let (mark, told) = if args.undo { ("unstar", "without a star") } else { ("star", "starred") };
    mark_posts(&client, &args.posts, mark).await?;
    tell(args.posts.len(), told, args.who.json)
}

async fn read_all(client: &Client, args: &ReadArgs, clock: &Clock) -> Result<(), Trouble> {
    let mut body = json!({ "before": clock().to_string() });
    if let Some(source) = &args.source {
        body["source"] = segment(source)?.into();
    }
    if let Some(name) = &args.folder {
        body["folder"] = folder(client, name).await?.into();
    }
    client.post("/v1/posts/mark-all", &body).await?;
    let unread = client.get("/v1/counts").await?["unread"].take();
    if args.who.json {
        return print_json(&json!({ "unread": unread }));
    }
    say(&format!("All that had arrived is read; {unread} unread are left elsewhere"))
}

/// The API passes over posts that one cannot see; somebody who mistyped an id wants to know.
async fn mark_posts(client: &Client, posts: &[String], mark: &str) -> Result<(), Trouble> {
    for post in posts {
        client.get(&format!("/v1/posts/{}", post_segment(post)?)).await?;
    }
    for some in posts.chunks(AT_ONCE) {
        client.post("/v1/posts/marks", &json!({ "mark": mark, "posts": some })).await?;
    }
    Ok(())
}

fn tell(count: usize, told: &str, json: bool) -> Result<(), Trouble> {
    if json {
        return print_json(&json!({ "marked": Value::from(count) }));
    }
    let posts = if count == 1 { "post is" } else { "posts are" };
    say(&format!("{count} {posts} {told}"))
}
