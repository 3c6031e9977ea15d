//! A kept post as a file says it is, made fit to be kept here: the file can come from anywhere.

use std::collections::HashMap;

use domain::id::{Entropy, PostNumber, SourceId};
use domain::parsed::{ContentHash, Enclosure, Item, NaturalKey};
use domain::time::Timestamp;
use domain::wheel::spread;
use feed::{MAX_LINE, MAX_LINK, MAX_MANY};
use fetch::Reach;
use store::Flag;
use url::Url;

use super::KeptPost;
use crate::portable::rows::{Refusal, told_url};
use crate::subscriptions::Address;

/// A kept post that can be kept here.
pub(super) struct Incoming<'a> {
    pub(super) kept: &'a KeptPost,
    pub(super) entry: Item,
    /// When it came to where it was.
    pub(super) arrived: Timestamp,
    /// At least one.
    pub(super) flags: Vec<Flag>,
    /// Its source here if its user subscribes to it, else one that is not here.
    pub(super) source: SourceId,
    pub(super) is_subscribed: bool,
    pub(super) source_title: Option<String>,
    pub(super) source_url: Option<String>,
    /// What its source is called while nobody here subscribes to it.
    stranger: SourceId,
}

/// Code and reason.
type Unfit = (&'static str, &'static str);

impl<'a> Incoming<'a> {
    /// `sources` are those that its user subscribes to, by address.
    pub(super) fn of(
        kept: &'a KeptPost,
        sources: &HashMap<String, SourceId>,
        reach: &Reach,
        now: Timestamp,
    ) -> Result<Self, Unfit> {
        let flags = kept.flags();
        if flags.is_empty() {
            return Err(("no_flag", "it has neither a star nor a label"));
        }
        let entry = kept.entry();
        let arrived = kept.arrived(entry.key, now);
        if entry.title.is_none() && entry.link.is_none() && entry.content.is_none() && entry.summary.is_none() {
            return Err(("no_content", "it has neither title, address nor content"));
        }
        let public = |written: &&String| Address::read(written, None, reach).is_ok_and(|read| read.secrets().is_none());
        let source_url = kept.source_url.as_ref().filter(public).cloned();
        let subscribed = source_url.as_ref().and_then(|url| sources.get(url)).copied();
        let stranger = stranger(source_url.as_deref().or(kept.source.as_deref()).unwrap_or_default());
        Ok(Self {
            kept,
            entry,
            arrived,
            flags,
            source: subscribed.unwrap_or(stranger),
            is_subscribed: subscribed.is_some(),
            source_title: text(kept.source_title.as_deref()),
            source_url,
            stranger,
        })
    }

    /// The number at which it is looked for at the `attempt`th time.
    pub(super) fn number(&self, attempt: u64) -> Option<PostNumber> {
        let at = self.arrived.max(PostNumber::EPOCH) + std::time::Duration::from_millis(attempt);
        PostNumber::in_some_slot_at(at, spread(&self.entry.key.to_hex()))
    }

    /// Whether it was brought as this copy before.
    pub(super) fn is(&self, (source, key): (SourceId, NaturalKey)) -> bool {
        key == self.entry.key && [self.source, self.stranger].contains(&source)
    }
}

impl KeptPost {
    /// Named, with what is wrong.
    pub(super) fn refused(&self, code: &'static str, reason: &str) -> Refusal {
        let url = self.url.as_deref().and_then(told_url);
        Refusal { line: None, title: self.title.clone(), url, code, reason: reason.to_owned() }
    }

    fn flags(&self) -> Vec<Flag> {
        let labels = self.labels.iter().filter_map(|name| name.parse().ok()).map(Flag::Label);
        self.starred.then_some(Flag::Star).into_iter().chain(labels).collect()
    }

    /// When it came; where that is not told, when it was published; else some time or other, the same each time.
    fn arrived(&self, key: NaturalKey, now: Timestamp) -> Timestamp {
        let told = [&self.arrived, &self.published];
        let told = told.into_iter().flatten().find_map(|text| text.parse::<Timestamp>().ok());
        let day = std::time::Duration::from_millis(spread(&key.to_hex()) % 86_400_000);
        told.unwrap_or(PostNumber::EPOCH + day).min(now)
    }

    fn entry(&self) -> Item {
        let link = self.url.as_deref().and_then(url);
        let base = link.clone().or_else(|| self.source_url.clone()).unwrap_or_default();
        let clean = |html: &Option<String>| html.as_deref().and_then(|html| feed::clean_html(html, &base));
        let texts = |texts: &[String]| texts.iter().take(MAX_MANY).filter_map(|one| text(Some(one))).collect();
        let time = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        let file = |file: &super::KeptFile| {
            let media_type = text(file.media_type.as_deref());
            Some(Enclosure { url: url(&file.url)?, media_type, length: file.length })
        };
        Item {
            key: self.key.as_deref().and_then(NaturalKey::from_hex).unwrap_or_else(|| self.made_key()),
            content_hash: ContentHash([0; 8]),
            id: None,
            title: text(self.title.as_deref()),
            link,
            published: time(&self.published),
            updated: time(&self.updated),
            authors: texts(&self.authors),
            summary: clean(&self.summary),
            content: clean(&self.content),
            categories: texts(&self.categories),
            enclosures: self.enclosures.iter().take(MAX_MANY).filter_map(file).collect(),
            image: self.image.as_deref().and_then(url),
            comments: self.comments.as_deref().and_then(url),
        }
    }

    /// An identity for one that brings none.
    fn made_key(&self) -> NaturalKey {
        let mut hasher = blake3::Hasher::new_derive_key("feedmill kept post without a key");
        for part in [Some(self.post.as_str()), self.url.as_deref(), self.title.as_deref()] {
            hasher.update(part.unwrap_or_default().as_bytes()).update(&[0]);
        }
        let mut key = [0; 16];
        hasher.finalize_xof().fill(&mut key);
        NaturalKey(key)
    }
}

/// What a source is called that is not here: the same each time, and nobody's choice.
fn stranger(name: &str) -> SourceId {
    struct Named(blake3::OutputReader);
    impl Entropy for Named {
        fn fill(&mut self, buf: &mut [u8]) {
            self.0.fill(buf);
        }
    }
    let mut hasher = blake3::Hasher::new_derive_key("feedmill source of a kept post");
    SourceId::draw(&mut Named(hasher.update(name.as_bytes()).finalize_xof()))
}

/// Plain text as long as that of a feed may be; none if it is blank.
fn text(written: Option<&str>) -> Option<String> {
    let plain: String = written?.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let plain = plain.trim();
    let end = plain.floor_char_boundary(MAX_LINE);
    Some(plain[..end].to_owned()).filter(|text| !text.is_empty())
}

/// An address that may be linked to, as long as one in a feed may be.
fn url(written: &str) -> Option<String> {
    let url = Url::parse(written).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(String::from(url)).filter(|url| url.len() <= MAX_LINK)
}
