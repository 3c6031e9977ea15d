//! What feed-rs read, as Feedmill means it. Where several places may say the same thing, the order here is the precedence.

use std::time::Duration;

use domain::parsed::{Enclosure, Format, Parsed};
use domain::time::Timestamp;
use feed_rs::model::{Entry, Feed, FeedType, Image, Link, LinkTarget, MediaContent, Person, Text};
use url::Url;

use crate::draft::{Document, Draft, Markup};
use crate::links;
use crate::text::{self, MAX_LINE, MAX_NAME, MAX_PARAGRAPH};

/// Of each kind of thing that an entry may have many of.
pub(crate) const MAX_MANY: usize = 64;

/// A feed's own fields, and its entries with neither identity nor clean HTML.
pub(crate) fn document(feed: Feed, base: Option<&Url>, repaired: Vec<&'static str>) -> Document {
    let format = match feed.feed_type {
        FeedType::Atom => Format::Atom,
        FeedType::RSS1 => Format::Rdf,
        FeedType::RSS0 | FeedType::RSS2 => Format::Rss,
        FeedType::JSON => Format::Json,
    };
    let rel = |wanted: &str| {
        feed.links.iter().find(|link| is_rel(link, wanted)).and_then(|link| links::resolve(&link.href, base))
    };
    let link = page(&feed.links, base);
    let image = |image: &Option<Image>| image.as_ref().and_then(|image| links::resolve(&image.uri, base));
    let authors = if format == Format::Atom { names(&feed.authors) } else { Vec::new() };
    let home = link.as_deref().and_then(links::base).or_else(|| base.cloned());
    let parsed = Parsed {
        format,
        repaired,
        title: feed.title.as_ref().and_then(|title| line(title, format, MAX_LINE)),
        description: feed.description.as_ref().and_then(|text| line(text, format, MAX_PARAGRAPH)),
        language: feed.language.as_deref().and_then(|language| text::of_plain(language, MAX_NAME)),
        updated: instant(feed.updated.or(feed.published).map(|at| at.timestamp_millis())),
        image: image(&feed.logo).or_else(|| image(&feed.icon)),
        ttl: feed.ttl.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
        hub: rel("hub"),
        self_link: rel("self"),
        link,
        items: Vec::new(),
    };
    let drafts = feed.entries.into_iter().map(|entry| draft(entry, format, &authors, home.as_ref())).collect();
    Document { feed: parsed, drafts }
}

fn draft(entry: Entry, format: Format, feed_authors: &[String], home: Option<&Url>) -> Draft {
    let mut draft = Draft::empty();
    let item = &mut draft.item;
    item.id = Some(entry.id.trim()).filter(|id| !id.is_empty() && id.len() <= MAX_LINE).map(str::to_owned);
    // A guid that is a URL is the permalink, unless the entry says otherwise.
    item.link = page(&entry.links, home).or_else(|| item.id.as_deref().and_then(|id| links::resolve(id, None)));
    item.title = entry.title.as_ref().and_then(|title| line(title, format, MAX_LINE));
    item.published = instant(entry.published.map(|at| at.timestamp_millis()));
    item.updated = instant(entry.updated.map(|at| at.timestamp_millis()));
    if format == Format::Rss && item.updated == item.published {
        // feed-rs fills one in from the other.
        item.updated = None;
    }
    item.authors = names(&entry.authors);
    if item.authors.is_empty() {
        item.authors = feed_authors.to_vec();
    }
    let categories = entry.categories.iter().map(|category| category.label.as_deref().unwrap_or(&category.term));
    item.categories = distinct(categories.filter_map(|category| text::of_html(category, MAX_NAME)));
    item.comments = entry
        .links
        .iter()
        .find(|link| link.target == Some(LinkTarget::Comments) || is_rel(link, "replies"))
        .and_then(|link| links::resolve(&link.href, home));
    item.enclosures = enclosures(&entry, home);
    let thumbnails =
        entry.media.iter().flat_map(|media| &media.thumbnails).map(|thumbnail| thumbnail.image.uri.as_str());
    item.image = thumbnails.filter_map(|uri| links::resolve(uri, home)).next().or_else(|| picture(&item.enclosures));

    let base = entry.base.as_deref().and_then(links::base);
    draft.base = base.or_else(|| item.link.as_deref().and_then(links::base)).or_else(|| home.cloned());
    let described = entry.media.into_iter().find_map(|media| media.description);
    draft.summary = entry.summary.map(|text| markup(text, format));
    draft.content = match entry.content {
        Some(content) => content.body.map(|body| {
            let kind = content.content_type.as_str();
            Markup { body, is_html: kind != "text/plain" }
        }),
        // A video has its text here alone.
        None if draft.summary.is_none() => described.map(|text| markup(text, format)),
        None => None,
    };
    draft
}

/// In RSS every text may be HTML, in Atom the text says whether it is.
fn markup(text: Text, format: Format) -> Markup {
    let is_html = format != Format::Atom || text.content_type.as_str() != "text/plain";
    Markup { body: text.content, is_html }
}

fn line(text: &Text, format: Format, max: usize) -> Option<String> {
    if format == Format::Atom && text.content_type.as_str() == "text/plain" {
        return text::of_plain(&text.content, max);
    }
    text::of_html(&text.content, max)
}

fn is_rel(link: &Link, wanted: &str) -> bool {
    link.rel.as_deref().is_some_and(|rel| rel.trim().eq_ignore_ascii_case(wanted))
}

/// The page that a person reads: the first alternate one, HTML before other types.
fn page(links: &[Link], base: Option<&Url>) -> Option<String> {
    let is_html = |link: &&Link| link.media_type.as_deref().is_none_or(|kind| kind.contains("html"));
    let pages =
        || links.iter().filter(|link| link.target.is_none() && (link.rel.is_none() || is_rel(link, "alternate")));
    let resolve = |link: &Link| links::resolve(&link.href, base);
    pages().filter(is_html).find_map(resolve).or_else(|| pages().find_map(resolve))
}

fn names(people: &[Person]) -> Vec<String> {
    let name = |person: &Person| {
        let name = person.name.as_deref().map(|name| name.trim().trim_start_matches('(').trim_end_matches(')'));
        text::of_html(name.filter(|name| !name.is_empty()).or(person.email.as_deref())?, MAX_NAME)
    };
    distinct(people.iter().filter_map(name))
}

/// Files of `enclosure` elements and links, and of Media RSS, each once.
fn enclosures(entry: &Entry, base: Option<&Url>) -> Vec<Enclosure> {
    let linked = entry.links.iter().filter(|link| is_rel(link, "enclosure")).filter_map(|link| {
        let media_type = link.media_type.as_deref().and_then(|kind| text::of_plain(kind, MAX_NAME));
        Some(Enclosure { url: links::resolve(&link.href, base)?, media_type, length: link.length })
    });
    let of_media = |content: &MediaContent| {
        let media_type = content.content_type.as_ref().and_then(|kind| text::of_plain(kind.as_str(), MAX_NAME));
        let url = links::resolve(content.url.as_ref()?.as_str(), base)?;
        Some(Enclosure { url, media_type, length: content.size.filter(|size| *size > 0) })
    };
    let media = entry.media.iter().flat_map(|media| &media.content).filter_map(of_media);
    let mut files: Vec<Enclosure> = Vec::new();
    for file in linked.chain(media) {
        if files.len() < MAX_MANY && !files.iter().any(|known| known.url == file.url) {
            files.push(file);
        }
    }
    files
}

/// The first file that is a picture.
pub(crate) fn picture(files: &[Enclosure]) -> Option<String> {
    let is_picture = |file: &&Enclosure| file.media_type.as_deref().is_some_and(|kind| kind.starts_with("image/"));
    files.iter().find(is_picture).map(|file| file.url.clone())
}

/// The first of each, at most [`MAX_MANY`].
pub(crate) fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for name in names {
        if distinct.len() == MAX_MANY {
            break;
        }
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// 1980 to 2100 in milliseconds: what lies outside is a mistake, not a date.
const SANE: std::ops::Range<i64> = 315_532_800_000..4_102_444_800_000;

fn instant(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis).and_then(sane)
}

/// `at`, unless it is absurd.
pub(crate) fn sane(at: Timestamp) -> Option<Timestamp> {
    SANE.contains(&at.as_millis()).then_some(at)
}
