//! A reader app: what it sends, and how.

use std::time::Duration;

use domain::account::User;
use domain::id::{PostNumber, kinds};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::world::{Answer, World};

/// What `i` and answers begin with.
pub(crate) const ITEM: &str = "tag:google.com,2005:reader/item/";

/// An app of one person.
pub(crate) struct App<'a> {
    pub(crate) world: &'a World,
    pub(crate) user: User,
    root: &'static str,
    header: String,
}

impl<'a> App<'a> {
    /// An app of a new member, signed in, that speaks to the root.
    pub(crate) async fn of(world: &'a World, email: &str) -> Self {
        let user = world.member(email).await;
        let header = format!("GoogleLogin auth={}", world.secret::<kinds::Session>(&user).await);
        Self { world, user, root: "", header }
    }

    /// The same app with the preset for FreshRSS.
    pub(crate) fn with_preset(self) -> Self {
        Self { root: "/api/greader.php", ..self }
    }

    async fn ask(&self, method: Method, path: &str, form: &str) -> Answer {
        let path = format!("{}{path}", self.root);
        self.world.ask_with(&[("authorization", &self.header)], method, &path, form).await
    }

    /// What is at `path` below the calls' prefix.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let answer = self.ask(Method::GET, &format!("/reader/api/0/{path}"), "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer
    }

    /// The same, where it may be refused.
    pub(crate) async fn try_get(&self, path: &str) -> Answer {
        self.ask(Method::GET, &format!("/reader/api/0/{path}"), "").await
    }

    /// What is at `path`, as API Gateway hands it over: decoded.
    pub(crate) async fn get_through_gateway(&self, path: &str, query: &str) -> Answer {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/api/list.json");
        let mut event: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        event["rawPath"] = format!("/reader/api/0/{path}").into();
        event["rawQueryString"] = query.into();
        let request = api::as_asked(lambda_http::request::from_str(&event.to_string()).unwrap());
        let mut request = request.map(axum::body::Body::new);
        request.headers_mut().insert("authorization", self.header.parse().unwrap());
        self.world.answer(request).await
    }

    /// A stream as Atom.
    pub(crate) async fn atom(&self, stream: &str) -> Answer {
        self.ask(Method::GET, &format!("/reader/atom/{stream}"), "").await
    }

    /// What a form is answered there.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        self.ask(Method::POST, &format!("/reader/api/0/{path}"), form).await
    }

    /// A form that must be answered with exactly `OK`.
    pub(crate) async fn ok(&self, path: &str, form: &str) {
        let answer = self.post(path, form).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "OK"), "{path} {form}");
    }
}

impl App<'_> {
    /// Subscribes to a source of so many posts, all of them unread; its stream id, and the numbers of its posts, oldest first.
    pub(crate) async fn feed(&self, url: &str, posts: usize) -> (String, Vec<PostNumber>) {
        let source = self.world.add(url).await;
        let user = self.user.id;
        self.world.store.subscribe(user, source.parse().unwrap(), 20, self.world.now()).await.unwrap();
        let contents: Vec<String> = (1..=posts).map(|n| format!("<p>content {n}</p>")).collect();
        let numbers = self.world.land(&source, &contents).await;
        // Numbers of two landings are never alike, and lists may look at what they knew a moment ago.
        self.world.pass(Duration::from_secs(10));
        (format!("feed/{source}"), numbers)
    }

    /// The ids of a list, by its query.
    pub(crate) async fn ids(&self, query: &str) -> Vec<u64> {
        let answer = self.get(&format!("stream/items/ids?{query}")).await.json;
        let refs = answer["itemRefs"].as_array().unwrap();
        refs.iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect()
    }

    /// How much is unread of a stream; 0 where it is not told.
    pub(crate) async fn unread(&self, stream: &str) -> u64 {
        let counts = self.get("unread-count?output=json").await.json;
        let counts = counts["unreadcounts"].as_array().unwrap();
        let count = counts.iter().find(|count| count["id"] == stream);
        count.map_or(0, |count| count["count"].as_u64().unwrap())
    }

    /// One item.
    pub(crate) async fn item(&self, number: PostNumber) -> Value {
        let mut answer = self.get(&format!("stream/items/contents?i={number}")).await.json;
        answer["items"][0].take()
    }
}

/// Numbers as answers give them, newest first.
pub(crate) fn newest_first(numbers: &[PostNumber]) -> Vec<u64> {
    numbers.iter().rev().map(|number| number.get()).collect()
}

/// The long form of a number.
pub(crate) fn long(number: PostNumber) -> String {
    format!("{ITEM}{:016x}", number.get())
}
