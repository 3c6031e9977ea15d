//! What stands in front of the feed goes, and its root tag is written so that feed-rs knows it.
//!
//! Each repair has a name, so that people can see what was wrong with their feed.

use std::borrow::Cow;

use crate::FeedError;

/// The names of what was repaired, each once, in the order in which it was found.
#[derive(Debug, Default)]
pub(crate) struct Repairs(Vec<&'static str>);

impl Repairs {
    /// Remembers one.
    pub(crate) fn note(&mut self, name: &'static str) {
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    #[cfg(test)]
    pub(crate) fn names(&self) -> &[&'static str] {
        &self.0
    }

    /// For the reader of the feed.
    pub(crate) fn into_names(self) -> Vec<&'static str> {
        self.0
    }
}

/// Where a document's feed is, and in what notation.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    /// The root tag, mended, and all that follows it.
    Xml {
        /// `<…>`
        root: Cow<'a, str>,
        /// From the end of the root tag on.
        rest: &'a str,
    },
    /// From `{` on.
    Json(&'a str),
}

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
    let mut rest = text;
    let mut junk = false;
    loop {
        let Some(at) = rest.find('<') else {
            return Err(FeedError::NotAFeed);
        };
        junk |= !rest[..at].trim().is_empty();
        rest = &rest[at..];
        let end = match rest.as_bytes().get(1) {
            Some(b'?') => rest.find("?>").map(|end| end + 2),
            Some(b'!') if rest.starts_with("<!--") => rest.find("-->").map(|end| end + 3),
            Some(b'!') if is_web_page(&rest[2..]) => return Err(FeedError::WebPage),
            Some(b'!') => declaration_end(rest),
            Some(_) => break,
            None => None,
        };
        rest = &rest[end.ok_or(FeedError::NotAFeed)?..];
    }
    let end = tag_end(rest).ok_or(FeedError::NotAFeed)?;
    let (root, rest) = rest.split_at(end);
    let name = root[1..].split(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).next().unwrap_or_default();
    let local = name.rsplit_once(':').map_or(name, |(_, local)| local);
    let root = match local {
        "rss" => rss(root, repairs),
        "RDF" | "feed" | "entry" => namespaces(Cow::Borrowed(root), repairs),
        page if ["html", "head", "body"].iter().any(|tag| page.eq_ignore_ascii_case(tag)) => {
            return Err(FeedError::WebPage);
        }
        _ => return Err(FeedError::NotAFeed),
    };
    if junk {
        repairs.note("leading_junk");
    }
    Ok(Body::Xml { root, rest })
}

fn is_web_page(declaration: &str) -> bool {
    let mut words = declaration.split_whitespace();
    let is = |word: Option<&str>, wanted: &str| {
        word.is_some_and(|word| word.get(..wanted.len()).is_some_and(|w| w.eq_ignore_ascii_case(wanted)))
    };
    is(words.next(), "doctype") && is(words.next(), "html")
}

/// Where a `<!DOCTYPE …>` ends, its own declarations in brackets included.
fn declaration_end(text: &str) -> Option<usize> {
    let end = text.find('>')?;
    match text.find('[') {
        Some(bracket) if bracket < end => {
            let close = bracket + text[bracket..].find(']')?;
            Some(close + text[close..].find('>')? + 1)
        }
        _ => Some(end + 1),
    }
}

/// Where a tag ends: at the first `>` outside of quotes.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Makes the version of RSS one that feed-rs reads: they differ in nothing that it minds.
fn rss<'a>(root: &'a str, repairs: &mut Repairs) -> Cow<'a, str> {
    let (start, end) = attribute(root, "version").unwrap_or((0, 0));
    if start == 0 {
        repairs.note("rss_version");
        return namespaces(Cow::Owned(format!("<rss version=\"2.0\"{}", &root["<rss".len()..])), repairs);
    }
    let version = &root[start..end];
    if matches!(version, "2.0" | "0.91" | "0.92") {
        return namespaces(Cow::Borrowed(root), repairs);
    }
    repairs.note("rss_version");
    let known = if version.trim().starts_with("0.9") { "0.92" } else { "2.0" };
    namespaces(Cow::Owned([&root[..start], known, &root[end..]].concat()), repairs)
}

/// Where the value of an attribute of a tag is.
fn attribute(tag: &str, name: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = tag[from..].find(name) {
        let at = from + found;
        from = at + name.len();
        let value = tag[from..].trim_start();
        let Some(value) = value.strip_prefix('=').map(str::trim_start) else {
            continue;
        };
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            continue;
        };
        if tag[..at].ends_with(char::is_whitespace) {
            let start = tag.len() - value.len() + 1;
            return tag[start..].find(quote).map(|len| (start, start + len));
        }
    }
    None
}

/// Names under which Atom and RSS are known too.
const NAMESPACES: &[(&str, &str)] = &[
    ("http://purl.org/atom/ns#", "http://www.w3.org/2005/Atom"),
    ("https://www.w3.org/2005/Atom", "http://www.w3.org/2005/Atom"),
    ("http://www.w3.org/2005/Atom/", "http://www.w3.org/2005/Atom"),
    ("http://my.netscape.com/rdf/simple/0.9/", "http://purl.org/rss/1.0/"),
    ("http://channel.netscape.com/rdf/simple/0.9/", "http://purl.org/rss/1.0/"),
    ("http://purl.org/rss/1.0", "http://purl.org/rss/1.0/"),
];

fn namespaces<'a>(mut root: Cow<'a, str>, repairs: &mut Repairs) -> Cow<'a, str> {
    for (alias, name) in NAMESPACES {
        for quote in ['"', '\''] {
            let alias = format!("={quote}{alias}{quote}");
            if root.contains(&alias) {
                repairs.note("namespace");
                root = Cow::Owned(root.replace(&alias, &format!("={quote}{name}{quote}")));
            }
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_root(text: &str, expected: &str, repaired: &[&str]) {
        let mut repairs = Repairs::default();
        match find(text, &mut repairs) {
            Ok(Body::Xml { root, .. }) => assert_eq!(root, expected),
            other => panic!("{text}: {other:?}"),
        }
        assert_eq!(repairs.names(), repaired, "{text}");
    }

    #[test]
    fn the_root_is_found_and_mended() {
        check_root("<rss version='2.0'>", "<rss version='2.0'>", &[]);
        check_root(
            "<?xml version='1.0'?><!-- <a> --><rss version=\"2.00\" x='>'>",
            "<rss version=\"2.0\" x='>'>",
            &["rss_version"],
        );
        check_root("<rss>", "<rss version=\"2.0\">", &["rss_version"]);
        check_root("<rss xversion='1' version = ' 0.93 '>", "<rss xversion='1' version = '0.92'>", &["rss_version"]);
        check_root("<!DOCTYPE rss [<!ENTITY a \"b\">]>\n<rss version='0.91'>", "<rss version='0.91'>", &[]);
        check_root("Warning: x on line 3\n<feed>", "<feed>", &["leading_junk"]);
        check_root(
            "<feed xmlns='http://purl.org/atom/ns#'>",
            "<feed xmlns='http://www.w3.org/2005/Atom'>",
            &["namespace"],
        );
    }

    #[test]
    fn what_is_no_feed_is_told_apart() {
        let check = |text, expected: &str| match find(text, &mut Repairs::default()) {
            Err(error) => assert_eq!(error.to_string(), expected, "{text}"),
            Ok(body) => panic!("{text}: {body:?}"),
        };
        check(" \n", "the body is empty");
        check("<!doctype HTML><p>", "this is a web page, not a feed");
        check("<HTML>", "this is a web page, not a feed");
        check("hello", "this is not a feed: it is neither RSS, Atom nor JSON Feed");
        check("<opml version='2.0'>", "this is not a feed: it is neither RSS, Atom nor JSON Feed");
        check("<rss version='2.0", "this is not a feed: it is neither RSS, Atom nor JSON Feed");
    }
}
