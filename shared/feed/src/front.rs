//! Finds the feed in a document: behind junk, declarations, warnings of programs, and in or behind web pages.

use memchr::memchr2;

use crate::FeedError;
use crate::repair::Repairs;

/// Where a document's feed is, and in what notation.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    /// XML.
    Xml {
        /// From the `<` of the root tag on.
        text: &'a str,
        /// The lower-case local name of the root.
        root: &'static str,
        /// What a document type declares, in its brackets.
        subset: &'a str,
    },
    /// From `{` on.
    Json(&'a str),
}

/// Elements that may be the root of a feed. A `channel` alone has lost its `rss`.
const ROOTS: &[&str] = &["rss", "rdf", "feed", "entry", "channel"];

/// Finds the feed in a document.
///
/// # Errors
/// [`FeedError::Empty`], [`FeedError::WebPage`] or [`FeedError::NotAFeed`].
pub(crate) fn find<'a>(text: &'a str, repairs: &mut Repairs) -> Result<Body<'a>, FeedError> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
    if text.is_empty() {
        return Err(FeedError::Empty);
    }
    if text.starts_with('{') {
        return Ok(Body::Json(text));
    }
    let mut front = Front::new(text);
    let Some(root) = front.root() else {
        return Err(if front.is_page { FeedError::WebPage } else { FeedError::NotAFeed });
    };
    if front.is_page {
        repairs.note("web_page_around");
    } else if front.is_junk {
        repairs.note("leading_junk");
    }
    Ok(Body::Xml { text: &text[front.at..], root, subset: front.subset.unwrap_or_default() })
}

/// What stands in front of the root.
struct Front<'a> {
    text: &'a str,
    at: usize,
    /// Where the last tag ends, if any does: to search for what is not there takes the square of the input.
    last_end: usize,
    /// Where the last comment ends; known from the first comment on.
    last_comment: Option<usize>,
    /// No other element came yet.
    is_first: bool,
    is_page: bool,
    is_junk: bool,
    subset: Option<&'a str>,
}

impl<'a> Front<'a> {
    fn new(text: &'a str) -> Self {
        let last_end = text.rfind('>').unwrap_or(0);
        Self { text, at: 0, last_end, last_comment: None, is_first: true, is_page: false, is_junk: false, subset: None }
    }

    /// Goes to the root tag.
    fn root(&mut self) -> Option<&'static str> {
        loop {
            if self.at >= self.last_end {
                return None;
            }
            let rest = &self.text[self.at..];
            let found = rest.find('<')?;
            self.is_junk |= !rest[..found].trim().is_empty();
            self.at += found;
            let rest = &rest[found..];
            self.at += match rest.as_bytes().get(1)? {
                b'!' if rest.starts_with("<!--") => self.comment(rest),
                b'!' => self.declaration(rest),
                // An XML declaration may lack its second `?`.
                b'?' => rest.find('>').map_or(2, |end| end + 1),
                _ => match self.element(rest) {
                    Ok(root) => return Some(root),
                    Err(len) => len,
                },
            };
        }
    }

    /// Reads a comment; its length. Of one that never ends only the beginning counts.
    fn comment(&mut self, rest: &str) -> usize {
        let last = *self.last_comment.get_or_insert_with(|| self.text.rfind("-->").unwrap_or(0));
        if self.at > last { 4 } else { rest.find("-->").map_or(4, |end| end + 3) }
    }

    /// Reads a declaration; its length.
    fn declaration(&mut self, rest: &'a str) -> usize {
        let mut words = rest[2..rest.floor_char_boundary(64)].split_whitespace();
        let is = |word: Option<&str>, wanted: &str| {
            word.is_some_and(|word| word.get(..wanted.len()).is_some_and(|word| word.eq_ignore_ascii_case(wanted)))
        };
        let is_doctype = is(words.next(), "doctype");
        self.is_page |= is_doctype && is(words.next(), "html");
        let end = rest.find('>').map_or(2, |end| end + 1);
        let Some(bracket) = rest[..end].find('[').filter(|_| is_doctype && self.subset.is_none()) else {
            return end;
        };
        let subset = &rest[bracket + 1..];
        let len = subset_end(subset);
        self.subset = Some(&subset[..len]);
        let behind = bracket + 1 + len;
        rest[behind..].find('>').map_or(rest.len(), |end| behind + end + 1)
    }

    /// Reads the tag that `rest` begins with: a root, or so many bytes of something else.
    fn element(&mut self, rest: &str) -> Result<&'static str, usize> {
        let end = memchr2(b'<', b'>', &rest.as_bytes()[1..]).map_or(rest.len(), |end| end + 1);
        let tag = &rest[1..end];
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        let local = name.rsplit_once(':').map_or(name, |(_, local)| local);
        let is_whole = rest[end..].starts_with('>') || tag.contains(['"', '\'']);
        let root = ROOTS.iter().find(|root| local.eq_ignore_ascii_case(root)).filter(|_| is_whole);
        if let Some(root) =
            root.filter(|root| self.at < self.last_end && (self.is_first || is_surely(root, tag, &rest[end..])))
        {
            return Ok(root);
        }
        let is = |page: &str| local.eq_ignore_ascii_case(page);
        // OPML has a head and a body too.
        self.is_page |= is("html") || (self.is_first && (is("head") || is("body")));
        if local.starts_with(|c: char| c.is_ascii_alphabetic()) {
            (self.is_first, self.is_junk) = (false, true);
        }
        Err(end)
    }
}

/// Whether a tag in the midst of others is the root of a feed and not an example in a text.
fn is_surely(root: &str, tag: &str, rest: &str) -> bool {
    let says = |word: &str| tag.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    match root {
        "rss" => {
            let child = rest.trim_start_matches('>').trim_start();
            says("version")
                || says("xmlns")
                || child.get(..8).is_some_and(|child| child.eq_ignore_ascii_case("<channel"))
        }
        "rdf" => says("rdf-syntax") || says("rss"),
        _ => says("xmlns") && says("atom"),
    }
}

/// Where an internal subset ends: at the first `]` outside of quotes.
fn subset_end(subset: &str) -> usize {
    let mut quote = None;
    for (at, byte) in subset.bytes().enumerate() {
        match (quote, byte) {
            (None, b']') => return at,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // A stray quote: without regard to quotes then.
    subset.find(']').unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_root(text: &str, expected: (&str, &str, &str), repaired: &[&str]) {
        let mut repairs = Repairs::default();
        match find(text, &mut repairs) {
            Ok(Body::Xml { text: found, root, subset }) => assert_eq!((found, root, subset), expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
        assert_eq!(repairs.names(), repaired, "{text}");
    }

    #[test]
    fn the_root_is_found() {
        check_root("<rss version='2.0'>", ("<rss version='2.0'>", "rss", ""), &[]);
        check_root("<?xml version='1.0'><!-- <a> --><RSS x='>'>", ("<RSS x='>'>", "rss", ""), &[]);
        check_root("<!DOCTYPE rss [<!ENTITY a \"]\">]>\n<rss>", ("<rss>", "rss", "<!ENTITY a \"]\">"), &[]);
        check_root("<!DOCTYPE rdf:RDF [it's]><rdf:RDF>", ("<rdf:RDF>", "rdf", "it's"), &[]);
        check_root("Warning: x on line 3\n<feed>", ("<feed>", "feed", ""), &["leading_junk"]);
        check_root(
            "<br />\n<b>Warning</b>: x<?xml?><rss version='2.0'>",
            ("<rss version='2.0'>", "rss", ""),
            &["leading_junk"],
        );
        check_root(
            "<!doctype html><html><p>x<a:feed xmlns:a='..Atom'>",
            ("<a:feed xmlns:a='..Atom'>", "feed", ""),
            &["web_page_around"],
        );
        check_root("<html><rss>\n<channel>", ("<rss>\n<channel>", "rss", ""), &["web_page_around"]);
    }

    #[test]
    fn what_is_no_feed_is_told_apart() {
        let check = |text, expected: &str| match find(text, &mut Repairs::default()) {
            Err(error) => assert_eq!(error.to_string(), expected, "{text}"),
            Ok(body) => panic!("{text}: {body:?}"),
        };
        check(" \n", "the body is empty");
        check("<!doctype HTML><p>", "this is a web page, not a feed");
        check("<HTML><p>write <feed> or <rss> and <channel>", "this is a web page, not a feed");
        check("hello", "this is not a feed: it is neither RSS, Atom nor JSON Feed");
        check("<opml version='2.0'>", "this is not a feed: it is neither RSS, Atom nor JSON Feed");
        check("<rss version='2.0", "this is not a feed: it is neither RSS, Atom nor JSON Feed");
        check("<!DOCTYPE", "this is not a feed: it is neither RSS, Atom nor JSON Feed");
    }
}
