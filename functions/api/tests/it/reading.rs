//! Reading: a person's posts listed, marked, counted and kept.

mod bounds;
mod history;
mod kept;
mod lists;
mod marks;

use std::time::Duration;

use domain::account::User;
use domain::folder::Folders;
use domain::id::{FolderId, Ordinal, PostNumber, ShortId, SourceId, SystemEntropy, kinds, number_run};
use domain::parsed::{ContentHash, Item, NaturalKey};
use domain::reading::ReadState;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use store::{
    Body, Changing, Chunk, EditedPost, FeedFacts, FolderChange, Landed, NewPost, Packed, PostFacts, Subscribing,
};

use crate::world::{Answer, World};

/// Someone who reads.
pub(crate) struct Reader<'a> {
    pub(crate) world: &'a World,
    pub(crate) user: User,
    secret: String,
}

impl World {
    /// A member who is signed in.
    pub(crate) async fn who_reads(&self, email: &str) -> Reader<'_> {
        let user = self.member(email).await;
        let secret = self.secret::<kinds::Token>(&user).await;
        Reader { world: self, user, secret: format!("Bearer {secret}") }
    }

    /// A source of its own.
    pub(crate) async fn feed(&self, name: &str) -> SourceId {
        self.add(&format!("https://example.org/{name}")).await.parse().unwrap()
    }

    /// `count` more posts of a source, all at once: titled by source and ordinal.
    pub(crate) async fn arrive(&self, source: SourceId, count: u32) -> Vec<PostNumber> {
        let contents = (0..count).map(|n| format!("<p>post {n} of {source}</p>")).collect::<Vec<_>>();
        self.arrive_with(source, &contents).await
    }

    /// Posts with these contents.
    pub(crate) async fn arrive_with(&self, source: SourceId, contents: &[String]) -> Vec<PostNumber> {
        let mut all = Vec::new();
        for some in contents.chunks(45) {
            all.extend(self.arrive_some(source, some, Duration::ZERO).await);
        }
        all
    }

    /// A post that was under way for so long: it can be seen from now on.
    pub(crate) async fn arrive_late(&self, source: SourceId, late: Duration) {
        self.arrive_some(source, &["<p>late</p>".to_owned()], late).await;
    }

    async fn arrive_some(&self, source: SourceId, contents: &[String], late: Duration) -> Vec<PostNumber> {
        let (head, _) = self.store.view(source).await.unwrap().unwrap();
        let first = head.post_count.get() + 1;
        let slot = domain::wheel::spread(source.as_str()) % 128;
        let count = u32::try_from(contents.len()).unwrap();
        let run = number_run(self.now() - late, head.recent.newest(), count, u8::try_from(slot).unwrap()).unwrap();
        let mut facts = Vec::new();
        for (at, content) in contents.iter().enumerate() {
            facts.push(self.facts(source, first + at as u64, content, 1).await);
        }
        let posts: Vec<NewPost<'_>> = (first..)
            .map(Ordinal::new)
            .zip(run.numbers())
            .zip(&facts)
            .map(|((ordinal, number), facts)| NewPost { number, ordinal, facts })
            .collect();
        self.land_chunk(source, &posts, &[]).await;
        posts.iter().map(|post| post.number).collect()
    }

    /// The post at `ordinal` gets other content.
    pub(crate) async fn edit(&self, source: SourceId, ordinal: u64, number: PostNumber, content: &str) {
        let facts = self.facts(source, ordinal, content, 2).await;
        self.land_chunk(source, &[], &[EditedPost { number, facts: &facts }]).await;
    }

    async fn facts(&self, source: SourceId, ordinal: u64, content: &str, hash: u8) -> PostFacts {
        let entry = Item { content_hash: ContentHash([hash; 8]), ..entry(source, ordinal) };
        let body = match Body::pack(None, Some(content)).unwrap() {
            Packed::Whole(body) => body,
            Packed::Split { rest, blob } => {
                let owner = blob::Owner::Post(source, entry.key);
                rest.in_blob(&self.bucket.put(owner, blob.into()).await.unwrap().name())
            }
        };
        PostFacts::of(&entry, body, self.now())
    }

    /// Lands posts and edits, by a landing that never ends: so its job stays, and more may follow.
    async fn land_chunk(&self, source: SourceId, posts: &[NewPost<'_>], edits: &[EditedPost<'_>]) {
        let (head, poll) = self.store.view(source).await.unwrap().unwrap();
        let (pointer, _) = self.store.latest(source).await.unwrap().unwrap();
        let chunk = Chunk {
            source,
            job: pointer.job,
            head: &head,
            poll: &poll,
            posts,
            edits,
            window: &poll.window,
            first_ordinal: Ordinal::new(1),
            last: None,
            touches_pointer: true,
            feed: FeedFacts::default(),
            retention: store::DEFAULT_RETENTION,
            // Each is another attempt.
            token: format!("{source} {}", poll.version),
        };
        let landed = self.store.land(&chunk).await.unwrap();
        assert!(matches!(landed, Landed::Landed { .. }), "{landed:?}");
    }
}

fn entry(source: SourceId, ordinal: u64) -> Item {
    let mut key = [0; 16];
    key[8..].copy_from_slice(&ordinal.to_be_bytes());
    Item {
        id: Some(format!("tag:example.org,2026:{ordinal}")),
        title: Some(format!("{source} {ordinal}")),
        link: Some(format!("https://example.org/{source}/{ordinal}")),
        authors: vec!["Ada".to_owned()],
        ..Item::new(NaturalKey(key), ContentHash([1; 8]))
    }
}

impl Reader<'_> {
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.world.ask_with(&[("authorization", &self.secret)], method, path, &body).await
    }

    /// What is there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json);
        answer.json
    }

    /// Subscribes; the last `unread` posts are unread.
    pub(crate) async fn subscribe(&self, source: SourceId, unread: u64) {
        let done = self.world.store.subscribe(self.user.id, source, unread, self.world.now()).await.unwrap();
        assert!(matches!(done, Subscribing::Subscribed(_)), "{done:?}");
    }

    /// Puts a subscription into a folder.
    async fn file(&self, source: SourceId) -> FolderId {
        let folder: FolderId = ShortId::draw(&mut SystemEntropy);
        let name = folder.as_str().parse().unwrap();
        let make = |folders: &mut Folders| FolderChange::Store(folders.get_or_make(&name, folder).unwrap());
        self.world.store.change_folders(self.user.id, make).await.unwrap();
        let change = |there: &mut domain::subscription::Subscription| {
            there.folders.push(folder);
            true
        };
        let changed = self.world.store.change_subscription(self.user.id, source, change).await.unwrap();
        assert!(matches!(changed, Changing::Changed(_)));
        folder
    }

    async fn read_state(&self, source: SourceId) -> ReadState {
        self.world.store.subscription(self.user.id, source).await.unwrap().unwrap().read
    }

    /// The titles of all pages of a list.
    pub(crate) async fn list(&self, query: &str) -> Vec<String> {
        let (mut titles, mut path) = (Vec::new(), format!("/v1/posts?{query}"));
        loop {
            let page = self.get(&path).await;
            for post in page["posts"].as_array().unwrap() {
                titles.push(post["title"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next"].as_str() else { return titles };
            path = format!("/v1/posts?{query}&cursor={next}");
        }
    }

    /// The ids of a list's posts.
    async fn ids(&self, query: &str) -> Vec<String> {
        let page = self.get(&format!("/v1/posts?limit=200&{query}")).await;
        page["posts"].as_array().unwrap().iter().map(|post| post["id"].as_str().unwrap().to_owned()).collect()
    }

    async fn mark(&self, mark: &str, posts: &[String]) {
        let answer = self.ask(Method::POST, "/v1/posts/marks", &json!({ "mark": mark, "posts": posts })).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.json);
    }

    async fn label(&self, mark: &str, label: &str, posts: &[String]) {
        let body = json!({ "mark": mark, "posts": posts, "label": label });
        let answer = self.ask(Method::POST, "/v1/posts/marks", &body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.json);
    }

    async fn refused(&self, method: Method, path: &str, body: Value, status: u16, code: &str) {
        let answer = self.ask(method, path, &body).await;
        let told = (answer.status.as_u16(), answer.json["code"].as_str().unwrap_or_default());
        assert_eq!(told, (status, code), "{path} {body}: {}", answer.json);
    }
}

/// `source` and ordinals, as titles.
pub(crate) fn titles(source: SourceId, ordinals: impl IntoIterator<Item = u64>) -> Vec<String> {
    ordinals.into_iter().map(|ordinal| format!("{source} {ordinal}")).collect()
}
