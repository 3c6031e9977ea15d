//! JSON Feed 1.0 and 1.1 (jsonfeed.org), as it comes: a field of the wrong type is as good as absent, and JSON that is broken is mended first.

mod find;
mod mend;
mod node;
mod root;
mod text;

use domain::parsed::{Enclosure, Format, Parsed};
use domain::time::Timestamp;
use url::Url;

use crate::convert::{self, MAX_MANY};
use crate::draft::{Document, Draft, Markup};
use crate::repair::Repairs;
use crate::text::{MAX_LINE, MAX_NAME, MAX_PARAGRAPH, of_plain};
use crate::{FeedError, date, links};

pub(crate) use find::{find, find_behind_junk};
use node::{Fields, Node};
use root::{Items, Root};

/// Reads a JSON Feed that begins where `json` begins.
///
/// # Errors
/// [`FeedError::Limit`], [`FeedError::Broken`], or [`FeedError::NotAFeed`] for JSON of another kind.
pub(crate) fn read(json: &str, base: Option<&Url>, mut repairs: Repairs) -> Result<Document, FeedError> {
    let mended;
    let root = match root::read(json) {
        Some(root) => root,
        None => {
            mended = mend::mend(json, &mut repairs)?;
            root::read(&mended).ok_or(FeedError::Broken { what: "its JSON is malformed" })?
        }
    };
    let Root { fields: feed, items } = root;
    let items = match items {
        Some(items) if says_so(&feed) || has_entries(&feed, &items.list) => items,
        None if says_so(&feed) => Items::default(),
        _ => return Err(FeedError::NotAFeed),
    };
    if items.cut {
        repairs.note("entries_cut");
    }
    if items.elsewhere {
        repairs.note("items_elsewhere");
    }
    let link = feed.link("home_page_url", base);
    let authors = names(&feed);
    let home = link.as_deref().and_then(links::base).or_else(|| base.cloned());
    let drafts = items.list.iter().filter_map(Node::fields).map(|item| draft(item, &authors, home.as_ref())).collect();
    let parsed = Parsed {
        format: Format::Json,
        repaired: repairs.into_names(),
        title: feed.plain("title", MAX_LINE),
        link,
        description: feed.plain("description", MAX_PARAGRAPH),
        language: feed.plain("language", MAX_NAME),
        updated: None,
        image: feed.link("icon", base).or_else(|| feed.link("favicon", base)),
        ttl: None,
        hub: feed.list("hubs").find_map(|hub| web_sub(hub.fields()?, base)),
        self_link: feed.link("feed_url", base),
        items: Vec::new(),
    };
    Ok(Document { feed: parsed, drafts })
}

/// Whether it has the version of a JSON Feed.
fn says_so(feed: &Fields<'_>) -> bool {
    feed.text("version").is_some_and(|version| version.contains("jsonfeed.org"))
}

/// Whether it looks like a feed: other JSON has lists of `items` too.
fn has_entries(feed: &Fields<'_>, items: &[Node<'_>]) -> bool {
    let has = |fields: &Fields<'_>, names: &[&str]| names.iter().any(|name| fields.text(name).is_some());
    let is_entry = |item: &Fields<'_>| {
        has(item, &["id", "url", "external_url"])
            && has(item, &["title", "content_html", "content_text", "url", "summary", "date_published"])
    };
    match items {
        [] => has(feed, &["home_page_url", "feed_url"]),
        items => items.iter().filter_map(Node::fields).any(is_entry),
    }
}

fn draft(from: &Fields<'_>, feed_authors: &[String], home: Option<&Url>) -> Draft {
    let mut draft = Draft::empty();
    let item = &mut draft.item;
    item.id = from.plain("id", MAX_LINE);
    item.link = from.link("url", home).or_else(|| from.link("external_url", home));
    item.title = from.plain("title", MAX_LINE);
    item.published = from.instant("date_published");
    item.updated = from.instant("date_modified");
    item.authors = names(from);
    if item.authors.is_empty() {
        item.authors = feed_authors.to_vec();
    }
    // Some write one text with commas.
    let tags = from.list("tags").filter_map(|tag| tag.name()).flat_map(|tag| match from.text("tags") {
        Some(_) => tag.split(',').map(str::to_owned).collect(),
        None => vec![tag.to_owned()],
    });
    item.categories = convert::distinct(tags.filter_map(|tag| of_plain(&tag, MAX_NAME)));
    let files = from.list("attachments").filter_map(|file| enclosure(file.fields()?, home));
    item.enclosures = files.take(MAX_MANY).collect();
    item.image = ["image", "banner_image"].iter().find_map(|name| from.link(name, home));
    item.image = item.image.take().or_else(|| convert::picture(&item.enclosures));

    draft.base = item.link.as_deref().and_then(links::base).or_else(|| home.cloned());
    let markup = |name, is_html| {
        let body = from.text(name).filter(|text| !text.trim().is_empty())?.to_owned();
        Some(Markup::new(body, is_html))
    };
    draft.summary = markup("summary", false);
    draft.content = markup("content_html", true).or_else(|| markup("content_text", false));
    draft
}

/// 1.1 has a list of authors, 1.0 had one; some write names alone.
fn names(of: &Fields<'_>) -> Vec<String> {
    let names = |field| convert::distinct(of.list(field).filter_map(|author| of_plain(author.name()?, MAX_NAME)));
    let many = names("authors");
    if many.is_empty() { names("author") } else { many }
}

fn enclosure(file: &Fields<'_>, home: Option<&Url>) -> Option<Enclosure> {
    let length = file.text("size_in_bytes").and_then(|size| size.trim().parse().ok());
    Some(Enclosure { url: file.link("url", home)?, media_type: file.plain("mime_type", MAX_NAME), length })
}

/// A hub of another kind (`rssCloud`) is of no use.
fn web_sub(hub: &Fields<'_>, base: Option<&Url>) -> Option<String> {
    let kind = hub.text("type").unwrap_or("WebSub");
    let is_known = ["websub", "pubsubhubbub"].iter().any(|known| kind.trim().eq_ignore_ascii_case(known));
    hub.link("url", base).filter(|_| is_known)
}

impl Fields<'_> {
    /// As plain text of at most `max` bytes.
    fn plain(&self, name: &str, max: usize) -> Option<String> {
        of_plain(self.text(name)?, max)
    }

    /// A link, also where it is wrapped in an object of its own.
    fn link(&self, name: &str, base: Option<&Url>) -> Option<String> {
        let wrapped = || self.get(name)?.fields()?.text("url");
        links::resolve(self.text(name).or_else(wrapped)?, base)
    }

    fn instant(&self, name: &str) -> Option<Timestamp> {
        date::parse(self.text(name)?)
    }
}
