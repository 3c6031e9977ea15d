//! Private sources: what is sealed of them is opened for the GET, sent to their origin, and seen nowhere else.

use std::io;
use std::sync::{Arc, Mutex};

use domain::failure::ErrorCode;
use domain::id::{InstallationKey, SystemEntropy, UserId};
use domain::job::Ending;
use domain::message::FetchMessage;
use domain::private::{Hidden, Login, Secrets, Vault};
use domain::source::SourceState;
use origin::Reply;
use tracing_subscriber::fmt::MakeWriter;

use crate::feeds::rss;
use crate::world::{World, code, key};

const FEED: &str = "/feed?token=sesame";

impl World {
    /// A private source at `path`, sealed under `key`.
    async fn private(&self, path: &str, key: &InstallationKey) -> FetchMessage {
        let url = self.origin.url(path);
        let login = Login::bearer(Hidden::new("t0ken")).ok();
        let secrets = Secrets { url: Hidden::new(url), login };
        let adjust = |new: &mut store::NewSource| {
            let owner = UserId::draw(&mut SystemEntropy);
            new.head.owner = Some(owner);
            new.head.url_keys = vec![Vault::new(key).url_key(owner, secrets.url.expose())];
            new.head.url = self.origin.url("/");
            new.target.url = None;
            let vault = Vault::new(key);
            new.sealed = vault.seal(vault.newest(), new.head.source, &secrets, &mut SystemEntropy).ok();
        };
        self.source_made("http://hidden.invalid/", "127.0.0.1", adjust).await
    }
}

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Logs everything that this thread says while the guard lives.
fn logged() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    (log, tracing::subscriber::set_default(subscriber.finish()))
}

fn check_silent(what: &str, text: &str) {
    for secret in ["sesame", "t0ken", "hidden.invalid"] {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

#[tokio::test]
async fn a_private_source_is_asked_with_what_is_sealed_which_nobody_else_sees() {
    let (log, _guard) = logged();
    let world = World::new().await;
    let ok = Reply::ok(rss([("a", "text")])).header("etag", "\"1\"");
    world.origin.script("/feed", [ok, Reply::not_modified(), Reply::status(401), Reply::never()]);
    let (ctx, message) = (world.environment(), world.private(FEED, &key()).await);
    check_silent("a message", &serde_json::to_string(&message).unwrap());
    let ended = world.work(&ctx, &message).await;
    assert!(matches!(ended.ending, Ending::Completed { posts_count: 1, .. }), "{ended:?}");
    world.pass(crate::world::HOUR * 5);
    let unchanged = world.dispatch(message.source).await;
    assert_eq!(unchanged.url, None);
    world.work(&ctx, &unchanged).await;
    world.pass(crate::world::HOUR * 5);
    let refused = world.work(&ctx, &world.dispatch(message.source).await).await;
    assert_eq!(code(&refused), Some(ErrorCode::Forbidden));
    let seen = world.origin.requests("/feed");
    assert_eq!(seen.len(), 3);
    for seen in seen {
        assert_eq!((seen.query(), seen.header_text("authorization")), (Some("token=sesame"), Some("Bearer t0ken")));
    }
    let head = world.store.head(message.source).await.unwrap().unwrap();
    for kept in [format!("{ended:?} {refused:?}"), format!("{head:?}"), log.text()] {
        check_silent("what is kept", &kept);
    }
    assert!(!log.text().is_empty(), "the log was listened to");
}

#[tokio::test]
async fn what_a_broken_server_does_tells_nothing_of_a_private_source() {
    let (log, _guard) = logged();
    let world = World::new().await;
    for (path, reply) in [
        ("/raw", Reply::raw("nonsense\r\n\r\n")),
        ("/away", Reply::redirect(302, "http://127.0.0.1:1/?token=sesame")),
        ("/loop", Reply::redirect(302, "/loop?token=sesame")),
        ("/empty", Reply::ok("<html>token=t0ken")),
    ] {
        world.origin.always(path, reply);
        let message = world.private(&format!("{path}?token=sesame"), &key()).await;
        let ended = world.work(&world.environment(), &message).await;
        assert!(code(&ended).is_some(), "{path}");
        check_silent(path, &format!("{ended:?}"));
    }
    check_silent("the log", &log.text());
}

#[tokio::test]
async fn what_does_not_open_fails_the_job_without_a_request() {
    let world = World::new().await;
    world.origin.always("/feed", Reply::ok(rss([("a", "text")])));
    let message = world.private(FEED, &InstallationKey::from_bytes([8; 32])).await;
    let ended = world.work(&world.environment(), &message).await;
    assert_eq!(code(&ended), Some(ErrorCode::Sealed));
    assert_eq!(ended.carry.streak, 0, "it says nothing of the source");
    assert!(world.origin.all_requests().is_empty());
}

#[tokio::test]
async fn a_private_source_that_is_being_deleted_is_asked_no_more() {
    let world = World::new().await;
    world.origin.always("/feed", Reply::ok(rss([("a", "text")])));
    let message = world.private(FEED, &key()).await;
    world.store.leave(message.source, SourceState::Deleting, "", world.now()).await.unwrap();
    world.work(&world.environment(), &message).await;
    assert!(world.origin.all_requests().is_empty());
}

#[tokio::test]
async fn a_message_without_a_url_is_fetched_from_where_the_store_says() {
    let world = World::new().await;
    world.origin.always("/feed", Reply::ok(rss([("a", "text")])));
    let mut message = world.source("/feed").await;
    message.url = None;
    let ended = world.work(&world.environment(), &message).await;
    assert!(matches!(ended.ending, Ending::Completed { posts_count: 1, .. }), "{ended:?}");
}
