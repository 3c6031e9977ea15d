//! Reading a list.

use std::collections::HashMap;

use url::Url;

use super::scan::{Kind, Scan, Tag};
use super::{Folder, Opml, OpmlError, Reason, Refused, Subscription, UNSAYABLE};
use crate::repair::Repairs;
use crate::text::{self, MAX_LINE, MAX_NAME, MAX_PARAGRAPH};
use crate::{decode, links};

/// Feeds of one list; more are refused row by row.
const MAX_FEEDS: usize = 100_000;
/// Folders of one list; what is in a further one is in none.
const MAX_FOLDERS: usize = 10_000;
/// Folders inside one another; what is deeper is in the last of them.
const MAX_DEPTH: usize = 16;
/// Folders of one feed.
const MAX_PLACES: usize = 64;

/// Reads a list of feeds. The work is linear in `bytes`, whose size the caller bounds.
///
/// # Errors
/// [`OpmlError`] when it is no list at all; a list without a single good row is a list.
pub fn read(bytes: &[u8]) -> Result<Opml, OpmlError> {
    read_with_lines(bytes).map(|(list, _)| list)
}

/// The same, and of each of [`Opml::feeds`] the line where its first tag begins, counted from 1.
///
/// # Errors
/// As [`read`].
pub fn read_with_lines(bytes: &[u8]) -> Result<(Opml, Vec<usize>), OpmlError> {
    if bytes.trim_ascii().is_empty() {
        return Err(OpmlError::Empty);
    }
    let text = decode::decode(bytes, None, &mut Repairs::default());
    let mut reader = Reader { is_unbalanced: is_unbalanced(&text), ..Reader::default() };
    let mut scan = Scan::new(&text);
    while let Some(tag) = scan.next() {
        reader.take(&tag, &scan);
    }
    match reader.is_list {
        true => Ok((reader.list, reader.lines)),
        false => Err(OpmlError::NotOpml),
    }
}

/// Whether more rows are opened than closed: then rows of feeds, which hold nothing, are meant to end where they begin.
fn is_unbalanced(text: &str) -> bool {
    let (mut opened, mut closed) = (0_usize, 0_usize);
    for tag in Scan::new(text).filter(|tag| tag.is("outline")) {
        opened += usize::from(tag.kind == Kind::Open);
        closed += usize::from(tag.kind == Kind::Close);
    }
    opened > closed
}

/// An outline that is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    is_feed: bool,
    /// The folder that its rows are in, and how deep that is.
    folder: Option<usize>,
    depth: usize,
}

#[derive(Debug, Default)]
struct Reader {
    list: Opml,
    is_list: bool,
    has_title: bool,
    is_unbalanced: bool,
    number: usize,
    open: Vec<Open>,
    feeds: HashMap<String, usize>,
    lines: Vec<usize>,
    folders: HashMap<(Option<usize>, String), usize>,
}

impl Reader {
    fn take(&mut self, tag: &Tag<'_>, scan: &Scan<'_>) {
        self.is_list |= tag.is("opml") || tag.is("outline");
        match tag.kind {
            Kind::Open if tag.is("title") && self.number == 0 && !self.has_title => {
                self.has_title = true;
                self.list.title = line(scan.text(), MAX_LINE);
            }
            Kind::Close if tag.is("outline") => drop(self.open.pop()),
            Kind::Close if tag.is("body") => self.open.clear(),
            Kind::Open | Kind::Empty | Kind::CutOff if tag.is("outline") => {
                self.number += 1;
                self.row(tag, scan);
            }
            _ => {}
        }
    }

    fn row(&mut self, tag: &Tag<'_>, scan: &Scan<'_>) {
        if self.is_unbalanced && self.open.last().is_some_and(|open| open.is_feed) {
            self.open.pop();
        }
        let around = self.open.last().map_or((None, 0), |open| (open.folder, open.depth));
        let row = Row::of(scan);
        let mut open = Open { is_feed: false, folder: around.0, depth: around.1 };
        let refused = match row.address() {
            Ok(Some(url)) => {
                open.is_feed = true;
                self.feed(url, &row, around.0, tag.line)
            }
            _ if tag.kind == Kind::CutOff => Some(Reason::CutOff),
            Err(reason) => Some(reason),
            // A row with neither an address nor room for others.
            Ok(None) if tag.kind == Kind::Empty || row.is_meant_as_feed() => Some(Reason::NoAddress),
            Ok(None) => {
                if let Some(name) = row.title(MAX_NAME).filter(|_| around.1 < MAX_DEPTH) {
                    open.folder = self.folder(around.0, name);
                    open.depth += 1;
                }
                None
            }
        };
        if let Some(reason) = refused {
            let title = row.title(MAX_LINE);
            self.list.refused.push(Refused { line: tag.line, number: self.number, title, reason });
        }
        if tag.kind == Kind::Open {
            self.open.push(open);
        }
    }

    /// Adds a feed, or a further place of one that is known.
    fn feed(&mut self, url: String, row: &Row<'_>, around: Option<usize>, tag_line: usize) -> Option<Reason> {
        let at = match self.feeds.get(&url) {
            Some(at) => *at,
            None if self.list.feeds.len() == MAX_FEEDS => return Some(Reason::TooMany),
            None => {
                let at = self.list.feeds.len();
                self.feeds.insert(url.clone(), at);
                self.lines.push(tag_line);
                let site = row.site.and_then(|link| links::resolve(&text::unescape(link), None));
                let description = row.description.and_then(|raw| line(raw, MAX_PARAGRAPH));
                // Who has no title to write writes the address, as OPML asks for some text.
                let address = line(&url, MAX_LINE);
                let title = row.title(MAX_LINE).filter(|title| Some(title) != address.as_ref());
                self.list.feeds.push(Subscription { url, title, site, description, folders: Vec::new() });
                at
            }
        };
        let mut places: Vec<usize> = around.into_iter().collect();
        for category in row.category.unwrap_or_default().split(',').take(MAX_PLACES) {
            places.extend(self.category(category, around));
        }
        if let Some(feed) = self.list.feeds.get_mut(at) {
            for place in places {
                if feed.folders.len() < MAX_PLACES && !feed.folders.contains(&place) {
                    feed.folders.push(place);
                }
            }
        }
        None
    }

    /// The folder of a category, which may be a path (`/Boston/Weather`); none if the feed is in one of that name already.
    fn category(&mut self, category: &str, around: Option<usize>) -> Option<usize> {
        let names = || category.split('/').filter_map(|name| line(name, MAX_NAME)).take(MAX_DEPTH);
        let last = names().last()?;
        if around.is_some_and(|around| self.list.path(around).contains(&last.as_str())) {
            return None;
        }
        names().fold(None, |parent, name| self.folder(parent, name))
    }

    /// The folder `name` within `parent`, made if it is new; `parent` itself if there are too many.
    fn folder(&mut self, parent: Option<usize>, name: String) -> Option<usize> {
        let key = (parent, name);
        if let Some(known) = self.folders.get(&key) {
            return Some(*known);
        }
        let at = self.list.folders.len();
        if at == MAX_FOLDERS {
            return parent;
        }
        self.list.folders.push(Folder { name: key.1.clone(), parent });
        self.folders.insert(key, at);
        Some(at)
    }
}

/// What a row says, entities unresolved.
#[derive(Debug)]
struct Row<'a> {
    kind: &'a str,
    title: Option<&'a str>,
    xml: Option<&'a str>,
    url: Option<&'a str>,
    site: Option<&'a str>,
    description: Option<&'a str>,
    category: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(scan: &Scan<'a>) -> Self {
        let said = |name: &str| scan.attribute(name).filter(|value| !value.trim().is_empty());
        Self {
            kind: said("type").unwrap_or_default().trim(),
            // OPML 2.0 asks for `text`; many write `title` alone, and those that write both mean the same.
            title: said("text").or_else(|| said("title")),
            xml: said("xmlUrl").or_else(|| said("feedUrl")),
            url: said("url"),
            site: said("htmlUrl"),
            description: said("description"),
            category: said("category"),
        }
    }

    fn title(&self, max: usize) -> Option<String> {
        line(self.title?, max)
    }

    fn is_kind(&self, kinds: &[&str]) -> bool {
        kinds.iter().any(|kind| self.kind.eq_ignore_ascii_case(kind))
    }

    /// Whether it would be a feed if it had an address.
    fn is_meant_as_feed(&self) -> bool {
        self.is_kind(&["rss", "rss1", "rss2", "atom", "feed", "json", "jsonfeed"]) || self.site.is_some()
    }

    /// The feed's address; `None` where the row names none.
    fn address(&self) -> Result<Option<String>, Reason> {
        let address = match (self.xml, self.url) {
            (Some(address), _) => address,
            (None, Some(_)) if self.is_kind(&["link", "include"]) => return Err(Reason::OtherKind),
            (None, Some(address)) => address,
            (None, None) => return Ok(None),
        };
        let address = text::unescape(address);
        let address = address.trim();
        // `feed://example.org/` and `feed:https://example.org/` are how readers were called in old days.
        let address = match address.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("feed:")) {
            Some(_) if address[5..].starts_with("//") => &format!("http:{}", &address[5..]),
            Some(_) => &address[5..],
            None => address,
        };
        // A password without a user name lets nobody in, and whoever mends links would take it for a name.
        if Url::parse(address).is_ok_and(|url| url.username().is_empty() && url.password().is_some()) {
            return Err(Reason::BadAddress);
        }
        links::resolve(address, None).map(Some).ok_or(Reason::BadAddress)
    }
}

/// A raw value as one line of plain text, without what could not be written again.
fn line(raw: &str, max: usize) -> Option<String> {
    let text = text::unescape(raw);
    let mut line = match text.contains(UNSAYABLE) {
        true => text::of_plain(&text.replace(UNSAYABLE, " "), max)?,
        false => text::of_plain(&text, max)?,
    };
    line.truncate(line.trim_end().len());
    (!line.is_empty()).then_some(line)
}
