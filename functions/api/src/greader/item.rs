//! An item: a post as reader apps see it.

use domain::id::PostNumber;
use domain::parsed::Enclosure;
use domain::time::Timestamp;
use serde::Serialize;

use super::item_id;
use super::stream::{State, Stream};
use super::times;

/// Where an item comes from.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Origin {
    /// Its subscription.
    pub(super) stream_id: String,
    /// What the reader calls it.
    pub(super) title: String,
    /// Its site; its feed, where no site is known.
    pub(super) html_url: String,
}

/// What is known of an item.
pub(super) struct Facts<'a> {
    pub(super) number: PostNumber,
    pub(super) title: Option<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) authors: &'a [String],
    pub(super) published: Timestamp,
    pub(super) updated: Option<Timestamp>,
    /// Sanitised HTML.
    pub(super) html: Option<&'a str>,
    pub(super) enclosures: &'a [Enclosure],
    /// As the feed says.
    pub(super) categories: &'a [String],
    pub(super) read: bool,
    pub(super) starred: bool,
    /// Names of the labels it carries and of the folders in which its subscription is.
    pub(super) labels: Vec<&'a str>,
    pub(super) origin: &'a Origin,
}

/// An item in JSON. Whatever apps index without looking is there: texts, and at least one link.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'a> {
    id: String,
    title: &'a str,
    published: i64,
    updated: i64,
    crawl_time_msec: String,
    timestamp_usec: String,
    alternate: [Link<'a>; 1],
    canonical: [Link<'a>; 1],
    categories: Vec<String>,
    origin: &'a Origin,
    summary: Summary<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    enclosure: Vec<Link<'a>>,
    author: String,
}

#[derive(Debug, Serialize)]
struct Link<'a> {
    href: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    direction: &'static str,
    content: &'a str,
}

impl<'a> Facts<'a> {
    /// As it is shown.
    pub(super) fn item(&'a self) -> Item<'a> {
        let minted = self.number.minted_at();
        let updated = self.updated.unwrap_or(self.published);
        Item {
            id: item_id::long(self.number),
            title: self.title.unwrap_or_default(),
            published: self.published.as_secs(),
            updated: updated.as_secs(),
            crawl_time_msec: minted.as_millis().to_string(),
            timestamp_usec: times::micros(minted),
            alternate: [Link { href: self.href(), media_type: Some("text/html"), length: None }],
            canonical: [Link { href: self.href(), media_type: None, length: None }],
            categories: self.tags(),
            origin: self.origin,
            summary: Summary { direction: self.direction(), content: self.html.unwrap_or_default() },
            enclosure: self.enclosures.iter().map(file).collect(),
            author: self.authors.join(", "),
        }
    }

    /// Where a person reads it; some feeds do not say, then the site.
    pub(super) fn href(&self) -> &str {
        self.url.unwrap_or(&self.origin.html_url)
    }

    /// The tags it has, and the categories that its feed gave it. A feed cannot write the tags.
    pub(super) fn tags(&self) -> Vec<String> {
        let state = |state| Stream::State(state).to_string();
        let mut tags = vec![state(State::ReadingList)];
        tags.extend(self.read.then(|| state(State::Read)));
        tags.extend(self.starred.then(|| state(State::Starred)));
        tags.extend(self.labels.iter().map(|label| Stream::Label((*label).to_owned()).to_string()));
        tags.extend(self.categories.iter().filter(|category| !category.starts_with("user/")).cloned());
        tags
    }

    /// As the first letter of the title goes.
    fn direction(&self) -> &'static str {
        let first = self.title.unwrap_or_default().chars().find(|letter| letter.is_alphabetic());
        if first.is_some_and(is_right_to_left) { "rtl" } else { "ltr" }
    }
}

/// Hebrew, Arabic and their neighbours, with their presentation forms (Unicode blocks).
fn is_right_to_left(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

fn file(enclosure: &Enclosure) -> Link<'_> {
    // Some apps take no file without a type; this is the one of files of which nothing is known (RFC 2046, section 4.5.1).
    let media_type = enclosure.media_type.as_deref().unwrap_or("application/octet-stream");
    Link { href: &enclosure.url, media_type: Some(media_type), length: enclosure.length }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in crate::greader) fn origin() -> Origin {
        Origin {
            stream_id: "feed/3kTMd9aZ".to_owned(),
            title: "News".to_owned(),
            html_url: "https://a.example/".to_owned(),
        }
    }

    /// A post of which a feed says nothing at all.
    pub(in crate::greader) fn bare(origin: &Origin) -> Facts<'_> {
        Facts {
            number: PostNumber::first_at(Timestamp::from_millis(1_800_000_000_123)).unwrap(),
            title: None,
            url: None,
            authors: &[],
            published: Timestamp::from_millis(1_799_999_999_999),
            updated: None,
            html: None,
            enclosures: &[],
            categories: &[],
            read: false,
            starred: false,
            labels: Vec::new(),
            origin,
        }
    }

    fn shown(facts: &Facts<'_>) -> Value {
        serde_json::to_value(facts.item()).unwrap()
    }

    #[test]
    fn an_item_has_every_field_that_apps_look_for() {
        let origin = origin();
        let (authors, enclosures) = (
            ["Ada".to_owned(), "Bob".to_owned()],
            [Enclosure {
                url: "https://a.example/1.mp3".into(),
                media_type: Some("audio/mpeg".into()),
                length: Some(9),
            }],
        );
        let facts = Facts {
            title: Some("A < B"),
            url: Some("https://a.example/1"),
            authors: &authors,
            updated: Some(Timestamp::from_secs(1_800_000_007)),
            html: Some("<p>x</p>"),
            enclosures: &enclosures,
            categories: &["science".to_owned()],
            read: true,
            starred: true,
            labels: vec!["Daily", "To do/now"],
            ..bare(&origin)
        };
        let number = facts.number.get();
        let expected = json!({
            "id": format!("tag:google.com,2005:reader/item/{number:016x}"),
            "title": "A < B",
            "published": 1_799_999_999,
            "updated": 1_800_000_007,
            "crawlTimeMsec": "1800000000123",
            "timestampUsec": "1800000000123000",
            "alternate": [{ "href": "https://a.example/1", "type": "text/html" }],
            "canonical": [{ "href": "https://a.example/1" }],
            "categories": [
                "user/-/state/com.google/reading-list",
                "user/-/state/com.google/read",
                "user/-/state/com.google/starred",
                "user/-/label/Daily",
                "user/-/label/To do/now",
                "science",
            ],
            "origin": { "streamId": "feed/3kTMd9aZ", "title": "News", "htmlUrl": "https://a.example/" },
            "summary": { "direction": "ltr", "content": "<p>x</p>" },
            "enclosure": [{ "href": "https://a.example/1.mp3", "type": "audio/mpeg", "length": 9 }],
            "author": "Ada, Bob",
        });
        assert_eq!(shown(&facts), expected);
    }

    #[test]
    fn what_a_feed_does_not_say_is_an_empty_text_and_never_null() {
        let origin = origin();
        let item = shown(&bare(&origin));
        assert_eq!(
            (&item["title"], &item["author"], &item["summary"]["content"]),
            (&json!(""), &json!(""), &json!(""))
        );
        assert_eq!(item["updated"], item["published"]);
        assert_eq!(item["canonical"][0]["href"], "https://a.example/", "the site stands for a post without a link");
        assert_eq!(item["alternate"][0]["href"], "https://a.example/");
        assert_eq!(item["categories"], json!(["user/-/state/com.google/reading-list"]));
        assert!(!item.to_string().contains("null") && item.get("content").is_none());
        let (nothing, mut facts) = ([Enclosure { url: "x".into(), media_type: None, length: None }], bare(&origin));
        facts.enclosures = &nothing;
        assert_eq!(shown(&facts)["enclosure"], json!([{ "href": "x", "type": "application/octet-stream" }]));
    }

    #[test]
    fn a_feed_cannot_mark_its_own_posts() {
        let origin = origin();
        let lies = ["user/-/state/com.google/read".to_owned(), "user/-/label/x".to_owned(), "users".to_owned()];
        let facts = Facts { categories: &lies, ..bare(&origin) };
        assert_eq!(facts.tags(), ["user/-/state/com.google/reading-list", "users"]);
    }

    #[test]
    fn text_goes_the_way_of_the_first_letter_of_the_title() {
        let origin = origin();
        for (title, direction) in
            [("", "ltr"), ("News", "ltr"), ("12 «חדשות»", "rtl"), ("أخبار", "rtl"), ("Новости", "ltr"), ("日本", "ltr")]
        {
            let facts = Facts { title: Some(title), ..bare(&origin) };
            assert_eq!(shown(&facts)["summary"]["direction"], direction, "{title}");
        }
    }
}
