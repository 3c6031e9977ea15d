//! Two accounts, every operation that is described, every id of the other account: it is as if nothing of it existed.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::account::{CredentialKind, User};
use domain::id::kinds;
use http::Method;
use serde_json::{Value, json};

use super::document::operations;
use super::logs::Logs;
use crate::world::{Answer, World};

/// Somebody with one of everything.
struct Account {
    user: User,
    secret: String,
    /// What stands in paths, by its name there.
    ids: BTreeMap<&'static str, String>,
}

/// Well-formed ids of nothing.
fn nothing() -> BTreeMap<&'static str, String> {
    let mut ids: BTreeMap<_, _> = KINDS.iter().map(|kind| (*kind, "AAAAAAAA".to_owned())).collect();
    ids.insert("job", "0199aaaa-0000-7000-8000-000000000000".to_owned());
    ids.insert("user", "9f1c2d3e-4b5a-4678-9abc-def012345678".to_owned());
    ids.insert("link", "A".repeat(22));
    ids
}

/// What ids in paths name. Of each, [`account`] makes one.
const KINDS: [&str; 10] =
    ["source", "job", "post", "folder", "token", "session", "invitation", "user", "share", "link"];

/// What an administrator sees of everybody.
const OPEN_TO_ADMINISTRATORS: [&str; 3] = ["/v1/sources", "/v1/posts", "/v1/users"];

async fn account(world: &World, user: User) -> Account {
    let name = user.email.as_str()[..3].to_owned();
    let secret = world.secret::<kinds::Session>(&user).await;
    let source = world.add(&format!("https://example.org/{name}")).await;
    world.store.subscribe(user.id, source.parse().unwrap(), 20, world.now()).await.unwrap();
    let job = world.get(&format!("/v1/sources/{source}")).await.json["latest_job"]["id"].as_str().unwrap().to_owned();
    world.land(&source, &["a post".to_owned()]).await;
    world.pass(Duration::from_secs(1));
    let posts = world.get(&format!("/v1/sources/{source}/posts")).await.json;
    let post = posts["posts"][0]["id"].as_str().unwrap().to_owned();
    let headers = [("authorization", &*format!("Bearer {secret}"))];
    let folder = world.ask_with(&headers, Method::POST, "/v1/folders", &json!({ "name": name }).to_string()).await;
    let folder = folder.json["id"].as_str().unwrap().to_owned();
    let token = world.credential::<kinds::Token>(&user).await;
    let invitation = world.credential::<kinds::Invitation>(&user).await;
    let session = world.credential::<kinds::Session>(&user).await;
    let shared = world.ask_with(&headers, Method::POST, "/v1/shares", &json!({ "post": post }).to_string()).await.json;
    let share = shared["id"].as_str().unwrap().to_owned();
    let link = shared["link"].as_str().unwrap()["/p/".len()..].to_owned();
    let all = [source, job, post, folder, token, session, invitation, user.id.to_string(), share, link];
    Account { user, secret, ids: KINDS.into_iter().zip(all).collect() }
}

impl World {
    /// The id of a new credential.
    async fn credential<K: CredentialKind>(&self, user: &User) -> String {
        self.secret::<K>(user).await;
        let found = self.store.credentials::<K>(user, self.now()).await.unwrap();
        found[0].id.to_string()
    }
}

/// What a member may not do at all, whatever the id.
const ADMINISTRATORS_ONLY: u16 = 403;

/// `path` with `ids` in place of their names.
fn filled(path: &str, ids: &BTreeMap<&'static str, String>) -> String {
    let fill = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => {
            ids.get(name).cloned().ok_or(format!("say in KINDS and `account` how somebody gets a {name}")).unwrap()
        }
        None => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// A body that the operation takes as far as its form goes.
fn body(document: &Value, operation: &Value) -> String {
    let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else { return String::new() };
    example(document, schema, 0).to_string()
}

/// A value that a schema describes: what is required, as small as can be.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return example(document, document.pointer(&reference[1..]).unwrap(), depth);
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    for either in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[either].as_array() {
            let one = all.iter().find(|one| one["type"] != "null").unwrap();
            return example(document, one, depth);
        }
    }
    match schema["type"].as_str().or_else(|| schema["type"][0].as_str()) {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") if depth > 3 => json!([]),
        Some("array") => json!([example(document, &schema["items"], depth + 1)]),
        Some("object") => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let each = |name: &Value| {
                let name = name.as_str().unwrap();
                (name.to_owned(), example(document, &schema["properties"][name], depth + 1))
            };
            Value::Object(required.iter().map(each).collect())
        }
        _ => json!("AAAAAAAA"),
    }
}

fn without_instance(answer: &Answer) -> Value {
    let mut json = answer.json.clone();
    if let Some(object) = json.as_object_mut() {
        object.remove("instance");
    }
    json
}

#[tokio::test]
async fn of_what_is_anothers_nobody_learns_even_that_it_exists() {
    let world = World::new().await;
    let bob = world.member("bob@example.org").await;
    let (ada, bob) = (account(&world, world.member("ada@example.org").await).await, account(&world, bob).await);
    let root = account(&world, world.administrator("eve@example.org").await).await;
    let document = world.get("/openapi.json").await.json;
    let mut asked = 0;
    // Links are for whoever has them.
    let with_ids = |(path, ..): &(String, Method, Value)| path.contains('{') && !path.starts_with("/p/");
    for (path, method, operation) in operations(&document).into_iter().filter(with_ids) {
        let body = body(&document, &operation);
        check(&world, &bob, &ada, (&path, &method, &body), &[404, ADMINISTRATORS_ONLY]).await;
        if !OPEN_TO_ADMINISTRATORS.iter().any(|open| path.starts_with(open)) {
            check(&world, &root, &ada, (&path, &method, &body), &[404]).await;
        }
        asked += 1;
    }
    assert!(asked >= 20, "{asked}");
}

/// Ids that stand in queries and bodies, in braces, and whether whoever has none like it is refused; marks pass over what one cannot see.
const NAMED: [(Method, &str, &str, bool); 10] = [
    (Method::GET, "/v1/posts?source={source}", "", true),
    (Method::GET, "/v1/posts?folder={folder}", "", true),
    (Method::POST, "/v1/posts/marks", r#"{"mark":"read","posts":["{post}"]}"#, false),
    (Method::POST, "/v1/posts/marks", r#"{"mark":"star","posts":["{post}"]}"#, false),
    (Method::POST, "/v1/posts/marks", r#"{"mark":"label","label":"x","posts":["{post}"]}"#, false),
    (Method::POST, "/v1/posts/mark-all", r#"{"before":"2027-01-01T00:00:00Z","source":"{source}"}"#, true),
    (Method::POST, "/v1/posts/mark-all", r#"{"before":"2027-01-01T00:00:00Z","folder":"{folder}"}"#, true),
    (
        Method::POST,
        "/v1/subscriptions",
        r#"{"url":"https://example.org/x","discover":false,"folders":["{folder}"]}"#,
        true,
    ),
    (Method::PATCH, "/v1/subscriptions/{own}", r#"{"folders":["{folder}"]}"#, true),
    (Method::POST, "/v1/shares", r#"{"post":"{post}"}"#, true),
];

#[tokio::test]
async fn nor_by_ids_in_queries_and_bodies() {
    let world = World::new().await;
    let ada = account(&world, world.member("ada@example.org").await).await;
    let bob = account(&world, world.member("bob@example.org").await).await;
    let headers = [("authorization", &*format!("Bearer {}", bob.secret))];
    let owner = [("authorization", &*format!("Bearer {}", ada.secret))];
    let before = world.ask_with(&owner, Method::GET, "/v1/posts", "").await;
    assert_eq!(before.json["posts"].as_array().unwrap().len(), 1, "there is something to be seen");
    for (method, path, body, is_refused) in NAMED {
        let ask = async |ids: &BTreeMap<&'static str, String>| {
            let fill = |text: &str| {
                let text = text.replace("{own}", &bob.ids["source"]);
                ids.iter().fold(text, |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
            };
            world.ask_with(&headers, method.clone(), &fill(path), &fill(body)).await
        };
        let (foreign, absent) = (ask(&ada.ids).await, ask(&nothing()).await);
        let told = format!("{method} {path} {body}: {} {}", foreign.status, foreign.json);
        assert_eq!(foreign.status.as_u16() == 404, is_refused, "{told}");
        assert_eq!((foreign.status, without_instance(&foreign)), (absent.status, without_instance(&absent)), "{told}");
        let own = ask(&bob.ids).await;
        assert!(own.status.is_success(), "it is the id that is refused: {method} {path} {body} {}", own.json);
    }
    let after = world.ask_with(&owner, Method::GET, "/v1/posts", "").await;
    assert_eq!(after.json, before.json, "and nothing of hers changed");
}

/// What `who` is told of what is `owner`'s is what they are told of what is not there.
async fn check(world: &World, who: &Account, owner: &Account, operation: (&str, &Method, &str), statuses: &[u16]) {
    let (path, method, body) = operation;
    let headers = [("authorization", &*format!("Bearer {}", who.secret))];
    let ask = async |ids: &BTreeMap<&'static str, String>| {
        world.ask_with(&headers, method.clone(), &filled(path, ids), body).await
    };
    let (foreign, absent) = (ask(&owner.ids).await, ask(&nothing()).await);
    let told = format!("{method} {path} {body}: {} {}", foreign.status, foreign.json);
    assert!(statuses.contains(&foreign.status.as_u16()), "{told}");
    assert_eq!((foreign.status, without_instance(&foreign)), (absent.status, without_instance(&absent)), "{told}");
    if path.matches('{').count() > 1 {
        // What is theirs in what is one's own.
        let last = path.rsplit('{').next().and_then(|part| part.split('}').next()).unwrap();
        let kind = KINDS.iter().find(|kind| **kind == last).unwrap();
        let with = |id: &String| who.ids.iter().map(|(k, id)| (*k, id.clone())).chain([(*kind, id.clone())]).collect();
        let (foreign, absent) = (ask(&with(&owner.ids[kind])).await, ask(&with(&nothing()[kind])).await);
        assert_eq!((foreign.status, without_instance(&foreign)), (absent.status, without_instance(&absent)), "{told}");
    }
}

/// Every operation as Ada, with what is hers: reads first, and what deletes last.
async fn everything(world: &World, document: &Value, who: &Account) -> Vec<(String, Answer)> {
    let mut all = operations(document);
    let rank = |method: &Method| {
        [Method::GET, Method::POST, Method::PATCH, Method::PUT].iter().position(|one| one == method).unwrap_or(9)
    };
    // The deeper first: what is in something goes before it.
    all.sort_by_key(|(path, method, _)| (rank(method), std::cmp::Reverse(path.matches('/').count())));
    let mut answers = Vec::new();
    for (path, method, operation) in all {
        // The one before may have ended every session.
        let user = world.store.user(who.user.id).await.unwrap();
        let secret = match &user {
            Some(user) => world.secret::<kinds::Session>(user).await,
            None => who.secret.clone(),
        };
        let headers = [("authorization", &*format!("Bearer {secret}"))];
        let body = body(document, &operation);
        let answer = world.ask_with(&headers, method.clone(), &filled(&path, &who.ids), &body).await;
        assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.json);
        assert!(!answer.whole().contains(&secret), "{method} {path} tells the secret it was asked with");
        answers.push((format!("{method} {path}"), answer));
    }
    answers
}

#[tokio::test]
async fn no_answer_and_no_line_of_the_log_tells_an_internal_key_a_secret_or_who_else_is_here() {
    let world = World::new().await;
    let bob = world.member("bob@example.org").await;
    let (ada, bob) = (account(&world, world.member("ada@example.org").await).await, account(&world, bob).await);
    let document = world.get("/openapi.json").await.json;
    let (logs, guard) = Logs::at(tracing::Level::INFO);
    let answers = everything(&world, &document, &ada).await;
    let by_header =
        [("authorization", &*format!("Bearer {}x", bob.secret)), ("cookie", "feedmill_session=bob@example.org")];
    let refused = world.ask_with(&by_header, Method::GET, "/v1/sources?cursor=bob@example.org", "").await;
    drop(guard);

    let seen = |mark: &str| {
        answers.iter().filter(|(_, answer)| answer.status.as_u16() != 404 && answer.whole().contains(mark)).count()
    };
    assert!(seen(ada.ids["source"].as_str()) >= 4, "she saw what is hers");
    for (asked, answer) in answers.iter().chain([&("a refused secret".to_owned(), refused)]) {
        let text = answer.whole();
        // That no internal key is told is held of every answer of this suite.
        for (what, hidden) in [
            ("e-mail", bob.user.email.as_str()),
            ("id", &bob.user.id.to_string()),
            ("source", &bob.ids["source"]),
            ("secret", &bob.secret),
            ("own secret", &ada.secret),
            ("operator", &world.operator()["Operator ".len()..]),
        ] {
            assert!(!text.contains(hidden), "{asked} tells the {what}: {text}");
        }
    }
    let lines = logs.text();
    for hidden in [
        ada.user.email.as_str(),
        bob.user.email.as_str(),
        &ada.secret,
        &bob.secret,
        &world.operator()["Operator ".len()..],
        "$argon2",
    ] {
        assert!(!lines.contains(hidden), "the log tells {hidden}: {lines}");
    }
}
