//! Limits that are checked in one linear pass before feed-rs sees a document: it recurses and copies without any.
//!
//! The pass uses the same XML reader with the same settings, so that both see the same elements.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::FeedError;

/// Elements or brackets inside one another. feed-rs recurses on nested media groups: about a thousand overflow a stack of 2 MB. Real feeds, with the markup of their
/// entries inside, stay below 50.
const MAX_DEPTH: usize = 128;
/// Entries that are read of one feed; the rest, the oldest as a rule, is cut.
pub(crate) const MAX_ENTRIES: usize = 10_000;
/// Attributes of one element, counted as `=` in its tag: to find doubles the XML reader takes their square.
const MAX_ATTRIBUTES: usize = 256;
/// Bytes that feed-rs may copy because of how elements refer to one another: the base URL at each element, what media groups inherit.
const MAX_COPIED: usize = 256 * 1024 * 1024;

/// How far a document may be read, and the end tags to put there instead of what follows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Bytes after the root tag.
    pub(crate) len: usize,
    /// Empty when all of it may be read.
    pub(crate) tail: String,
}

/// Checks a document whose `root` tag is followed by `rest`. feed-rs copies `base` bytes of base URL for each element.
///
/// # Errors
/// [`FeedError::Limit`].
pub(crate) fn check_xml(root: &str, rest: &str, base: usize) -> Result<Extent, FeedError> {
    let root_name = root[1..].split(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).next().unwrap_or_default();
    let mut reader = Reader::from_str(rest);
    reader.config_mut().trim_markup_names_in_closing_tags = true;
    // The root was opened before.
    reader.config_mut().allow_unmatched_ends = true;
    let mut seen = Seen::default();
    limit_attributes(root)?;
    seen.open.push(Open { base: base + base_of(root), ..Open::default() });
    // An error is feed-rs's to report: it reads no further than this either.
    while let Ok(event) = reader.read_event() {
        let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Event::Start(tag) => seen.start(&tag, end)?,
            Event::Empty(tag) => {
                seen.start(&tag, end)?;
                seen.end(end)?;
            }
            Event::Text(text) if seen.in_rating => seen.rating += text.len(),
            Event::CData(text) if seen.in_rating => seen.rating += text.len(),
            Event::End(_) => seen.end(end)?,
            Event::Eof => break,
            _ => {}
        }
        if seen.open.is_empty() {
            break;
        }
        if seen.entries == MAX_ENTRIES {
            let inner = seen.open.iter().skip(1).map(|open| &rest[open.name.clone()]);
            let names: Vec<_> = std::iter::once(root_name).chain(inner).collect();
            return Ok(Extent { len: end, tail: names.iter().rev().map(|name| format!("</{name}>")).collect() });
        }
    }
    Ok(Extent { len: rest.len(), tail: String::new() })
}

fn limit_attributes(tag: &str) -> Result<(), FeedError> {
    // Short tags need no counting.
    if tag.len() > MAX_ATTRIBUTES && tag.bytes().filter(|byte| *byte == b'=').count() > MAX_ATTRIBUTES {
        return Err(FeedError::Limit { what: "an element has too many attributes", limit: MAX_ATTRIBUTES });
    }
    Ok(())
}

/// The bytes by which a tag lengthens the base URL, at most.
fn base_of(tag: &str) -> usize {
    if tag.contains("xml:base") { tag.len() } else { 0 }
}

/// An element that is open.
#[derive(Debug, Default)]
struct Open {
    /// Where its name stands.
    name: Range<usize>,
    /// Bytes of base URL in it.
    base: usize,
    /// Where it began, if it is an entry.
    entry: Option<usize>,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    open: Vec<Open>,
    entries: usize,
    copied: usize,
    in_entry: bool,
    /// Of the entry that is open: media groups, media contents, and bytes of what media contents inherit.
    groups: usize,
    contents: usize,
    rating: usize,
    in_rating: bool,
}

impl Seen {
    fn start(&mut self, tag: &BytesStart<'_>, end: usize) -> Result<(), FeedError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(FeedError::Limit { what: "its elements are nested too deep", limit: MAX_DEPTH });
        }
        limit_attributes(tag)?;
        // `<`, the tag, `>`; an empty one has a slash as well, but is closed before its name matters.
        let begin = end.saturating_sub(tag.len() + 1);
        let name = tag.name();
        let local = name.as_ref().rsplit(':').next().unwrap_or_default();
        let base = self.open.last().map_or(0, |parent| parent.base) + base_of(tag);
        self.copy(base)?;
        let is_entry = !self.in_entry && matches!(local, "item" | "entry");
        match local {
            _ if is_entry => (self.in_entry, self.groups, self.contents, self.rating) = (true, 0, 0, 0),
            "group" => self.groups += 1,
            "content" => self.contents += 1,
            _ => {}
        }
        self.in_rating = local == "rating";
        self.open.push(Open { name: begin..begin + name.as_ref().len(), base, entry: is_entry.then_some(begin) });
        Ok(())
    }

    fn end(&mut self, end: usize) -> Result<(), FeedError> {
        self.in_rating = false;
        if let Some(Open { entry: Some(begin), .. }) = self.open.pop() {
            self.in_entry = false;
            self.entries += 1;
            self.copy(self.groups.saturating_mul(end - begin))?;
            self.copy(self.contents.saturating_mul(self.rating))?;
        }
        Ok(())
    }

    fn copy(&mut self, bytes: usize) -> Result<(), FeedError> {
        self.copied = self.copied.saturating_add(bytes);
        if self.copied > MAX_COPIED {
            return Err(FeedError::Limit {
                what: "its elements repeat each other in too many bytes",
                limit: MAX_COPIED,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_xml_limit(rest: &str, base: usize, expected: Option<&str>) {
        let error = check_xml("<rss>", rest, base).err().map(|error| error.to_string());
        match (&error, expected) {
            (Some(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
            (None, None) => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        check_xml_limit(&nested(127), 0, None);
        check_xml_limit(&nested(128), 0, Some("nested too deep"));
        check_xml_limit(&"<a/>".repeat(1_000), 0, None);
        check_xml_limit(&format!("<![CDATA[{}]]>", nested(200)), 0, None);
    }

    #[test]
    fn attributes_and_copies_are_limited() {
        check_xml_limit(&format!("<a {}/>", "b='' ".repeat(300)), 0, Some("attributes"));
        check_xml_limit(&"<a/>".repeat(100_000), 4_000, Some("repeat"));
        check_xml_limit(&format!("<a xml:base='{}'>{}", "x".repeat(4_000), "<a/>".repeat(100_000)), 0, Some("repeat"));
        check_xml_limit(&format!("<item>{}</item>", "<media:group/>".repeat(50_000)), 0, Some("repeat"));
        let rating = format!("<r:rating>{}</r:rating>", "x".repeat(100_000));
        check_xml_limit(&format!("<item>{rating}{}</item>", "<m:content/>".repeat(50_000)), 0, Some("repeat"));
    }

    #[test]
    fn of_too_many_entries_the_first_are_read() {
        let rest = format!("<channel><x></x>{}</channel></rss>", "<item/>".repeat(MAX_ENTRIES + 5));
        let extent = check_xml("<rss>", &rest, 0).unwrap();
        assert_eq!(extent, Extent { len: 16 + 7 * MAX_ENTRIES, tail: "</channel></rss>".to_owned() });
        let few = "<channel><item/></channel></rss><rss>";
        assert_eq!(check_xml("<rss>", few, 0).unwrap(), Extent { len: few.len(), tail: String::new() });
    }
}
