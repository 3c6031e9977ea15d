//! The commands of a person who reads: subscriptions, lists of feeds, posts and marks. The API is asked by the operator, in that person's name.

mod account;
mod add;
mod export;
mod import;
mod list;
mod mark;
mod parts;
mod posts;

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::cli::DataArgs;
use crate::cli::reading::WhoArgs;
use crate::client::Client;
use crate::shapes::{self, Folder};
use crate::trouble::Trouble;

pub use add::add;
pub use export::export;
pub use import::import;
pub use list::{subscriptions, unsubscribe};
pub use mark::{read, star};
pub use posts::posts;

/// More than this are not for a terminal.
const MANY: usize = 100_000;

/// A client in the name of whom the command speaks of, and `true`; one in nobody's name, and `false`, where nobody has an account.
async fn someone(user: Option<&str>, data: &DataArgs) -> Result<(Client, bool), Trouble> {
    let client = Client::of(data)?;
    if let Some(user) = user {
        return Ok((client.in_the_name_of(user), true));
    }
    let users = client.list("/v1/users", "users", 2).await?;
    match users.as_slice() {
        [] => Ok((client, false)),
        [only] => Ok((client.in_the_name_of(text(only, "id")), true)),
        _ => Err(Trouble::Failed(format!(
            "there are several accounts: say whose with --user EMAIL (`feedmill user list{}` shows them)",
            data.flag()
        ))),
    }
}

/// The same, of a command that needs an account.
async fn person(user: Option<&str>, data: &DataArgs) -> Result<Client, Trouble> {
    let (client, is_person) = someone(user, data).await?;
    if is_person { Ok(client) } else { Err(nobody(data)) }
}

/// The same, by the flags that most commands have.
async fn who(args: &WhoArgs) -> Result<Client, Trouble> {
    person(args.user.as_deref(), &args.data).await
}

fn nobody(data: &DataArgs) -> Trouble {
    Trouble::Failed(format!("there is no account yet: make one with {}", first_account(data)))
}

fn first_account(data: &DataArgs) -> String {
    format!("`feedmill user add --admin you@example.org{}`", data.flag())
}

/// A field that is a text; empty where there is none.
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The id of one's folder of that name, whatever its case.
async fn folder(client: &Client, name: &str) -> Result<String, Trouble> {
    let folders: Vec<Folder> = shapes::read(&client.list("/v1/folders", "folders", MANY).await?)?;
    let named = name.trim().to_lowercase();
    match folders.iter().find(|folder| folder.name.to_lowercase() == named || folder.id == name) {
        Some(folder) => Ok(folder.id.clone()),
        None if folders.is_empty() => Err(Trouble::Failed("there are no folders".to_owned())),
        None => {
            let names: Vec<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
            Err(Trouble::Failed(format!("there is no such folder; there are: {}", names.join(", "))))
        }
    }
}

/// The id of one's folder of that name, which is made if it is not there.
async fn folder_made(client: &Client, name: &str) -> Result<String, Trouble> {
    let folder: Folder = shapes::read_one(&client.post("/v1/folders", &json!({ "name": name })).await?)?;
    Ok(folder.id)
}

/// A path with a query.
fn with_query<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// An id of a post as a person typed it, before it becomes part of a path.
fn post_segment(id: &str) -> Result<&str, Trouble> {
    if id.len() == 8 && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(id);
    }
    let sentence = "that is no post id: it is eight letters and digits, as `feedmill posts` shows it";
    Err(Trouble::Failed(sentence.to_owned()))
}
