//! `feedmill user`: people, as the operator looks after them.

mod password;

use std::io::{BufRead as _, IsTerminal as _};

use boot::clock::Clock;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::DataArgs;
use crate::cli::people::{AddUserArgs, DeleteUserArgs, InviteArgs, ListUsersArgs, OneUserArgs, TokenArgs, UserCommand};
use crate::client::Client;
use crate::shapes;
use crate::show::{print_json, say, table};
use crate::table::{dim, plain};
use crate::trouble::Trouble;
use crate::words;

/// More users than this are not for a terminal.
const MANY: usize = 100_000;

/// A user, as the API shows one.
#[derive(Clone, Debug, Deserialize)]
struct User {
    id: String,
    email: String,
    role: String,
    created_at: String,
}

/// Does what was asked for.
///
/// # Errors
/// [`Trouble`], with the API's own sentence where it refused.
pub async fn user(command: &UserCommand, clock: &Clock) -> Result<(), Trouble> {
    match command {
        UserCommand::Add(args) => add(args).await,
        UserCommand::List(args) => list(args, clock).await,
        UserCommand::Invite(args) => invite(args).await,
        UserCommand::Reset(args) => reset(args).await,
        UserCommand::Delete(args) => delete(args).await,
        UserCommand::Token(args) => token(args).await,
        UserCommand::Promote(args) => change_role(args, Method::PUT).await,
        UserCommand::Demote(args) => change_role(args, Method::DELETE).await,
    }
}

async fn add(args: &AddUserArgs) -> Result<(), Trouble> {
    let client = Client::of(&args.data)?;
    let password = password::get(args.password).await?;
    let body = json!({ "email": args.email, "password": password.text() });
    let mut made =
        if args.admin { add_administrator(&client, &body).await? } else { client.post("/v1/users", &body).await? };
    if let Some(shown) = password.made_up() {
        made["password"] = shown.into();
    }
    if args.json {
        return print_json(&made);
    }
    let user = read(&made)?;
    say(&format!("{}  {}  {}", user.id, user.email, user.role))?;
    match password.made_up() {
        Some(shown) => say(&format!("Password, shown this once: {shown}")),
        None => Ok(()),
    }
}

/// The first one is made in one step; a further one is a member first.
async fn add_administrator(client: &Client, body: &Value) -> Result<Value, Trouble> {
    match client.post("/v1/bootstrap", body).await {
        Err(Trouble::Refused { code, .. }) if code == "already_bootstrapped" => {}
        other => return other,
    }
    let user = read(&client.post("/v1/users", body).await?)?;
    client.call(Method::PUT, &format!("/v1/users/{}/administrator", user.id), Vec::new()).await
}

async fn list(args: &ListUsersArgs, clock: &Clock) -> Result<(), Trouble> {
    let objects = Client::of(&args.data)?.list("/v1/users", "users", MANY).await?;
    if args.json {
        return print_json(&Value::Array(objects));
    }
    let users: Vec<User> = shapes::read(&objects)?;
    if users.is_empty() {
        return say(&format!("no users yet: feedmill user add{} --admin you@example.org", args.data.flag()));
    }
    let row = |user: &User| {
        vec![plain(&user.email), plain(&user.role), dim(words::relative(&user.created_at, clock())), plain(&user.id)]
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    table(&["EMAIL", "ROLE", "SINCE", "ID"], &rows)
}

async fn invite(args: &InviteArgs) -> Result<(), Trouble> {
    let client = Client::of(&args.data)?;
    let inviter = match &args.inviter {
        Some(inviter) => inviter.clone(),
        None => only_administrator(&client, &args.data).await?,
    };
    let made = client.in_the_name_of(&inviter).post("/v1/invitations", &Value::Null).await?;
    let about =
        "An invitation, good for one account within seven days. Hand it to whom you invite; it is shown this once:";
    shown_once(&made, args.json, about)
}

/// Who invites if nobody was named: that has to be clear.
async fn only_administrator(client: &Client, data: &DataArgs) -> Result<String, Trouble> {
    let users: Vec<User> = shapes::read(&client.list("/v1/users", "users", MANY).await?)?;
    let mut administrators = users.into_iter().filter(|user| user.role == "administrator");
    match (administrators.next(), administrators.next()) {
        (Some(only), None) => Ok(only.id),
        (None, _) => Err(Trouble::Failed(format!(
            "administrators invite, and there is none: make one with `feedmill user add --admin EMAIL{}`",
            data.flag()
        ))),
        (Some(_), Some(_)) => {
            Err(Trouble::Failed("there are several administrators: say who invites with --as EMAIL".to_owned()))
        }
    }
}

async fn reset(args: &OneUserArgs) -> Result<(), Trouble> {
    let client = Client::of(&args.data)?;
    let user = find(&client, &args.user).await?;
    let made = client.post(&format!("/v1/users/{}/resets", user.id), &Value::Null).await?;
    let about = "A way back, good for one new password within a day. Hand it to its user; it is shown this once:";
    shown_once(&made, args.json, about)
}

async fn token(args: &TokenArgs) -> Result<(), Trouble> {
    let client = Client::of(&args.data)?.in_the_name_of(&args.user);
    let made = client.post("/v1/tokens", &json!({ "name": args.name })).await?;
    shown_once(&made, args.json, "A token: a program that sends it acts for this user. It is shown this once:")
}

async fn delete(args: &DeleteUserArgs) -> Result<(), Trouble> {
    let client = Client::of(&args.data)?;
    let user = find(&client, &args.user).await?;
    if !args.yes && !confirmed(&user)? {
        return Err(Trouble::Failed("nothing was deleted".to_owned()));
    }
    client.delete(&format!("/v1/users/{}", user.id)).await?;
    say(&format!("{} gets in no more; what is left of the account is being removed", plain(user.email).paint()))
}

fn confirmed(user: &User) -> Result<bool, Trouble> {
    if !std::io::stdin().is_terminal() {
        return Err(Trouble::Failed("this cannot be undone: say --yes".to_owned()));
    }
    say(&format!(
        "This deletes {} and all that is theirs, and cannot be undone. Type the address to go on:",
        plain(&user.email).paint()
    ))?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim() == user.email)
}

async fn change_role(args: &OneUserArgs, method: Method) -> Result<(), Trouble> {
    let client = Client::of(&args.data)?;
    let user = find(&client, &args.user).await?;
    let path = format!("/v1/users/{}/administrator", user.id);
    let changed = client.call(method, &path, Vec::new()).await?;
    if args.json {
        return print_json(&changed);
    }
    let user = read(&changed)?;
    say(&format!("{}  {}  {}", user.id, plain(user.email).paint(), user.role))
}

/// The user with this address or id.
async fn find(client: &Client, name: &str) -> Result<User, Trouble> {
    read(&client.in_the_name_of(name).get("/v1/account").await?)
}

fn read(user: &Value) -> Result<User, Trouble> {
    User::deserialize(user)
        .map_err(|error| Trouble::failed("the API answers in another way than this version expects", &error))
}

/// A secret, on a line of its own.
fn shown_once(made: &Value, json: bool, about: &str) -> Result<(), Trouble> {
    if json {
        return print_json(made);
    }
    say(about)?;
    say(made.get("secret").and_then(Value::as_str).unwrap_or_default())
}
