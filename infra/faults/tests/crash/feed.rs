//! A feed that someone publishes.

use std::sync::{Arc, Mutex};

use domain::time::Timestamp;
use origin::{Origin, Reply};

use crate::world::Clock;

/// One entry of a feed.
#[derive(Clone, Debug)]
struct Entry {
    title: String,
    content: String,
}

/// A feed of the origin, and who asked for it when.
#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) url: String,
    state: Arc<Mutex<FeedState>>,
}

#[derive(Default)]
struct FeedState {
    entries: Vec<Entry>,
    asked: Vec<Timestamp>,
}

impl Feed {
    /// A feed of `origin`, on a host of its own.
    pub(crate) fn at(origin: &Origin, clock: &Clock, name: &str) -> Self {
        let path = format!("/{name}");
        let feed = Self { url: origin.url_at(&format!("{name}.localhost"), &path), state: Arc::default() };
        let (state, clock) = (Arc::clone(&feed.state), clock.clone());
        origin.on(&path, move |seen| {
            let mut state = state.lock().unwrap();
            state.asked.push(clock.now());
            let etag = format!("\"{}\"", state.entries.len());
            Reply::unless_known(seen, &etag, Reply::ok(state.rss()).header("content-type", "application/rss+xml"))
        });
        feed
    }

    /// One more entry, newest of all.
    pub(crate) fn publish(&self, title: &str, content_bytes: usize) {
        let entry = Entry { title: title.to_owned(), content: noise(title, content_bytes) };
        self.state.lock().unwrap().entries.push(entry);
    }

    /// Titles of all that was published, oldest first.
    pub(crate) fn published(&self) -> Vec<String> {
        self.state.lock().unwrap().entries.iter().map(|entry| entry.title.clone()).collect()
    }

    /// When it was asked for.
    pub(crate) fn asked(&self) -> Vec<Timestamp> {
        self.state.lock().unwrap().asked.clone()
    }
}

impl FeedState {
    fn rss(&self) -> String {
        let items = self.entries.iter().enumerate().rev().map(|(n, Entry { title, content })| {
            let (hour, minute) = (n / 60 % 24, n % 60);
            format!(
                "<item><guid isPermaLink=\"false\">{title}</guid><title>{title}</title><link>https://feed.example/{title}</link>\
                 <pubDate>Thu, 01 Jan 2026 {hour:02}:{minute:02}:00 GMT</pubDate><description>{content}</description></item>"
            )
        });
        let items: String = items.collect();
        format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed</title><link>https://feed.example/</link>\
             <description>A feed</description>{items}</channel></rss>"
        )
    }
}

/// Letters that do not compress well.
fn noise(seed: &str, bytes: usize) -> String {
    let mut dice = faults::Dice::seeded(seed.bytes().fold(1, |sum, byte| sum * 31 + u64::from(byte)));
    (0..bytes)
        .map(|n| if n % 60 == 59 { ' ' } else { char::from(b'a' + u8::try_from(dice.below(26)).unwrap()) })
        .collect()
}
