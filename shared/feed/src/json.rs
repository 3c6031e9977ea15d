//! JSON Feed 1.0 and 1.1 (jsonfeed.org). feed-rs refuses a whole feed for one field of the wrong type and has no place for hubs and images, so this is our own
//! reading: a field of the wrong type is as good as absent.

use domain::parsed::{Enclosure, Format, Parsed};
use domain::time::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::convert::{self, MAX_MANY};
use crate::draft::{Document, Draft, Markup};
use crate::repair::Repairs;
use crate::text::{self, MAX_LINE, MAX_NAME, MAX_PARAGRAPH};
use crate::{FeedError, date, guard, links};

/// Reads a JSON Feed that begins where `json` begins.
///
/// # Errors
/// [`FeedError::Limit`], [`FeedError::Broken`], or [`FeedError::NotAFeed`] for JSON of another kind.
pub(crate) fn read(json: &str, base: Option<&Url>, mut repairs: Repairs) -> Result<Document, FeedError> {
    guard::check_json(json)?;
    // Whatever follows the object is left alone.
    let mut reader = serde_json::Deserializer::from_str(json);
    let feed =
        Feed::deserialize(&mut reader).map_err(|_| FeedError::Broken { what: "its JSON is cut off or malformed" })?;
    let Some(items) = feed.items else {
        return Err(FeedError::NotAFeed);
    };
    if items.cut {
        repairs.note("entries_cut");
    }
    let resolve = |link: &Lenient<Text>| link.0.as_str().and_then(|link| links::resolve(link, base));
    let link = resolve(&feed.home_page_url);
    let authors = names(feed.authors.0, feed.author.0);
    let home = link.as_deref().and_then(links::base).or_else(|| base.cloned());
    let drafts = items.list.into_iter().map(|item| draft(item, &authors, home.as_ref())).collect();
    let parsed = Parsed {
        format: Format::Json,
        repaired: repairs.into_names(),
        title: feed.title.0.plain(MAX_LINE),
        link,
        description: feed.description.0.plain(MAX_PARAGRAPH),
        language: feed.language.0.plain(MAX_NAME),
        updated: None,
        image: resolve(&feed.icon).or_else(|| resolve(&feed.favicon)),
        ttl: None,
        hub: feed.hubs.0.iter().find_map(|hub| resolve(&hub.url)),
        self_link: resolve(&feed.feed_url),
        items: Vec::new(),
    };
    Ok(Document { feed: parsed, drafts })
}

fn draft(from: Item, feed_authors: &[String], home: Option<&Url>) -> Draft {
    let mut draft = Draft::empty();
    let item = &mut draft.item;
    let resolve = |link: &Lenient<Text>| link.0.as_str().and_then(|link| links::resolve(link, home));
    item.id = from.id.0.plain(MAX_LINE);
    item.link = resolve(&from.url).or_else(|| resolve(&from.external_url));
    item.title = from.title.0.plain(MAX_LINE);
    item.published = from.date_published.0.instant();
    item.updated = from.date_modified.0.instant();
    item.authors = names(from.authors.0, from.author.0);
    if item.authors.is_empty() {
        item.authors = feed_authors.to_vec();
    }
    item.categories = convert::distinct(from.tags.0.iter().filter_map(|tag| tag.0.plain(MAX_NAME)));
    let enclosure = |file: &Attachment| {
        let length = file.size_in_bytes.0.as_str().and_then(|size| size.parse().ok());
        Some(Enclosure { url: resolve(&file.url)?, media_type: file.mime_type.0.plain(MAX_NAME), length })
    };
    item.enclosures = from.attachments.0.iter().filter_map(enclosure).take(MAX_MANY).collect();
    item.image =
        resolve(&from.image).or_else(|| resolve(&from.banner_image)).or_else(|| convert::picture(&item.enclosures));

    draft.base = item.link.as_deref().and_then(links::base).or_else(|| home.cloned());
    let markup =
        |text: Lenient<Text>, is_html| text.0.0.filter(|text| !text.is_empty()).map(|body| Markup { body, is_html });
    draft.summary = markup(from.summary, false);
    draft.content = markup(from.content_html, true).or_else(|| markup(from.content_text, false));
    draft
}

/// 1.1 has a list of authors, 1.0 had one.
fn names(many: Vec<Author>, one: Author) -> Vec<String> {
    let many = if many.is_empty() { vec![one] } else { many };
    convert::distinct(many.into_iter().filter_map(|author| author.name.0.plain(MAX_NAME)))
}

#[derive(Deserialize)]
struct Feed {
    #[serde(default)]
    title: Lenient<Text>,
    #[serde(default)]
    home_page_url: Lenient<Text>,
    #[serde(default)]
    feed_url: Lenient<Text>,
    #[serde(default)]
    description: Lenient<Text>,
    #[serde(default)]
    icon: Lenient<Text>,
    #[serde(default)]
    favicon: Lenient<Text>,
    #[serde(default)]
    language: Lenient<Text>,
    #[serde(default)]
    author: Lenient<Author>,
    #[serde(default)]
    authors: Lenient<Vec<Author>>,
    #[serde(default)]
    hubs: Lenient<Vec<Hub>>,
    items: Option<Items>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Author {
    name: Lenient<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hub {
    url: Lenient<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attachment {
    url: Lenient<Text>,
    mime_type: Lenient<Text>,
    size_in_bytes: Lenient<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    id: Lenient<Text>,
    url: Lenient<Text>,
    external_url: Lenient<Text>,
    title: Lenient<Text>,
    content_html: Lenient<Text>,
    content_text: Lenient<Text>,
    summary: Lenient<Text>,
    image: Lenient<Text>,
    banner_image: Lenient<Text>,
    date_published: Lenient<Text>,
    date_modified: Lenient<Text>,
    author: Lenient<Author>,
    authors: Lenient<Vec<Author>>,
    tags: Lenient<Vec<Lenient<Text>>>,
    attachments: Lenient<Vec<Attachment>>,
}

/// A text, or a number that is meant as one.
#[derive(Default)]
struct Text(Option<String>);

impl Text {
    fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// As plain text of at most `max` bytes.
    fn plain(&self, max: usize) -> Option<String> {
        text::of_plain(self.as_str()?, max)
    }

    fn instant(&self) -> Option<Timestamp> {
        date::parse(self.as_str()?)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }))
    }
}

/// A value that is as good as absent where it has the wrong type.
#[derive(Default)]
struct Lenient<T>(T);

impl<'de, T: DeserializeOwned + Default> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(Self(serde_json::from_value(value).unwrap_or_default()))
    }
}

/// The first entries of a list; the rest is skipped without taking memory.
struct Items {
    list: Vec<Item>,
    cut: bool,
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Items;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Items, A::Error> {
                let mut list = Vec::new();
                while list.len() < guard::MAX_ENTRIES {
                    match entries.next_element::<Lenient<Item>>()? {
                        Some(Lenient(item)) => list.push(item),
                        None => return Ok(Items { list, cut: false }),
                    }
                }
                let mut cut = false;
                while entries.next_element::<IgnoredAny>()?.is_some() {
                    cut = true;
                }
                Ok(Items { list, cut })
            }
        }
        deserializer.deserialize_seq(List)
    }
}
