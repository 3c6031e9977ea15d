//! Namespaces, as feeds mean them: by their URI in any spelling, else by their customary prefix.

use super::tokens::Tag;
use crate::links;

/// A vocabulary that is read. What is not named here (georss, slash, wfw, thr, podcast, …) has no field and is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ns {
    /// RSS of any version.
    Rss,
    /// Atom 0.3 and 1.0.
    Atom,
    /// Dublin Core elements.
    Dc,
    /// Dublin Core terms.
    DcTerms,
    /// RSS 1.0 module `content`.
    Content,
    /// Media RSS.
    Media,
    /// Podcasts, Apple's and Google's.
    Itunes,
    /// RSS 1.0 module `syndication`.
    Sy,
    /// FeedBurner.
    Feedburner,
    /// HTML as XML.
    Xhtml,
    /// None of them.
    Other,
}

/// The canonical URI of each.
const URIS: &[(&str, Ns)] = &[
    ("http://www.w3.org/2005/Atom", Ns::Atom),
    ("http://purl.org/atom/ns#", Ns::Atom),
    ("http://purl.org/dc/elements/1.1/", Ns::Dc),
    ("http://purl.org/dc/elements/1.0/", Ns::Dc),
    ("http://purl.org/dc/terms/", Ns::DcTerms),
    ("http://purl.org/rss/1.0/modules/content/", Ns::Content),
    ("http://search.yahoo.com/mrss/", Ns::Media),
    ("http://search.yahoo.com/mrss", Ns::Media),
    ("http://www.itunes.com/dtds/podcast-1.0.dtd", Ns::Itunes),
    ("http://www.google.com/schemas/play-podcasts/1.0", Ns::Itunes),
    ("http://purl.org/rss/1.0/modules/syndication/", Ns::Sy),
    ("http://rssnamespace.org/feedburner/ext/1.0", Ns::Feedburner),
    ("http://www.w3.org/1999/xhtml", Ns::Xhtml),
    ("http://purl.org/rss/1.0/", Ns::Rss),
    ("http://my.netscape.com/rdf/simple/0.9/", Ns::Rss),
    ("http://channel.netscape.com/rdf/simple/0.9/", Ns::Rss),
    ("http://backend.userland.com/rss2", Ns::Rss),
    ("http://backend.userland.com/RSS2", Ns::Rss),
    ("http://blogs.law.harvard.edu/tech/rss", Ns::Rss),
    ("http://cyber.law.harvard.edu/rss/rss.html", Ns::Rss),
];

/// What a prefix customarily stands for.
const PREFIXES: &[(&str, Ns)] = &[
    ("atom", Ns::Atom),
    ("atom10", Ns::Atom),
    ("a10", Ns::Atom),
    ("dc", Ns::Dc),
    ("dcterms", Ns::DcTerms),
    ("dct", Ns::DcTerms),
    ("content", Ns::Content),
    ("media", Ns::Media),
    ("mrss", Ns::Media),
    ("itunes", Ns::Itunes),
    ("googleplay", Ns::Itunes),
    ("sy", Ns::Sy),
    ("syn", Ns::Sy),
    ("feedburner", Ns::Feedburner),
    ("xhtml", Ns::Xhtml),
    ("rss", Ns::Rss),
];

/// Declarations that are in force at a time; feeds have up to about twenty-five.
const MAX_BINDINGS: usize = 64;

/// Scheme, `www.`, case and what ends the path do not tell namespaces apart.
fn core(uri: &str) -> &str {
    let uri = uri.trim();
    let uri = links::strip_scheme(uri).unwrap_or(uri);
    let uri = match uri.get(..4) {
        Some(www) if www.eq_ignore_ascii_case("www.") => &uri[4..],
        _ => uri,
    };
    uri.trim_end_matches(['/', '#'])
}

/// The vocabulary of a URI, and whether it is spelt as it should be.
pub(super) fn of_uri(uri: &str) -> Option<(Ns, bool)> {
    if let Some((_, ns)) = URIS.iter().find(|(known, _)| *known == uri) {
        return Some((*ns, true));
    }
    let core_of_uri = core(uri);
    URIS.iter().find(|(known, _)| core(known).eq_ignore_ascii_case(core_of_uri)).map(|(_, ns)| (*ns, false))
}

fn of_prefix(prefix: &str) -> Option<Ns> {
    PREFIXES.iter().find(|(known, _)| known.eq_ignore_ascii_case(prefix)).map(|(_, ns)| *ns)
}

/// A name without its prefix.
pub(super) fn local(name: &str) -> &str {
    split(name).1
}

/// The prefix of a name, perhaps none, and the rest. Names are short: to look at each byte is faster than any search.
fn split(name: &str) -> (&str, &str) {
    name.bytes().rposition(|byte| byte == b':').map_or(("", name), |colon| (&name[..colon], &name[colon + 1..]))
}

/// Whether an HTML element of this local name never has an end tag, so that one in sloppy XML lacks it.
pub(super) fn is_void(local: &str) -> bool {
    let voids = ["br", "hr", "img", "input", "wbr", "meta", "area", "embed", "col"];
    voids.iter().any(|void| void.eq_ignore_ascii_case(local))
}

/// The declarations in force.
#[derive(Debug)]
pub(super) struct Names<'a> {
    /// What an element without a prefix is.
    core: Ns,
    bound: Vec<(&'a str, Ns)>,
    /// Whether a namespace was misspelt, undeclared or out of place.
    pub(super) is_mended: bool,
}

impl<'a> Names<'a> {
    pub(super) fn new(core: Ns) -> Self {
        Self { core, bound: Vec::new(), is_mended: false }
    }

    /// How many there are, to [forget](Names::forget) later ones.
    pub(super) fn len(&self) -> usize {
        self.bound.len()
    }

    pub(super) fn forget(&mut self, len: usize) {
        self.bound.truncate(len);
    }

    /// Remembers what `tag` declares. Around entries, a default namespace changes nothing: it is the feed's, whatever it is called.
    pub(super) fn declare(&mut self, tag: &Tag<'a>, is_outside: bool) {
        for (name, uri) in tag.attributes() {
            let (prefix, uri) = match name.split_once(':') {
                None if name == "xmlns" => ("", uri),
                Some(("xmlns", prefix)) => (prefix, uri),
                _ => continue,
            };
            let known = of_uri(uri);
            self.is_mended |= matches!(known, Some((_, false)));
            let ns = match known {
                Some((ns, _)) => ns,
                None if prefix.is_empty() => Ns::Other,
                None => {
                    let customary = of_prefix(prefix);
                    self.is_mended |= customary.is_some();
                    customary.unwrap_or(Ns::Other)
                }
            };
            if prefix.is_empty() && is_outside {
                self.is_mended |= ns != self.core;
            } else if self.bound.len() < MAX_BINDINGS {
                let ns = if prefix.is_empty() && uri.is_empty() { self.core } else { ns };
                self.bound.push((prefix, ns));
            }
        }
    }

    /// What the element of this name is.
    pub(super) fn resolve(&mut self, name: &'a str) -> (Ns, &'a str) {
        let (prefix, local) = split(name);
        if prefix.is_empty() {
            let bound = self.bound.iter().rev().find(|(bound, _)| bound.is_empty());
            return (bound.map_or(self.core, |(_, ns)| *ns), local);
        }
        if let Some((_, ns)) = self.bound.iter().rev().find(|(bound, _)| *bound == prefix) {
            return (*ns, local);
        }
        let customary = of_prefix(prefix);
        self.is_mended |= customary.is_some();
        (customary.unwrap_or(Ns::Other), local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_known_in_any_spelling() {
        let cases = [
            ("http://www.w3.org/2005/Atom", Some((Ns::Atom, true))),
            ("https://www.w3.org/2005/atom/", Some((Ns::Atom, false))),
            ("HTTP://WWW.W3.ORG/2005/ATOM", Some((Ns::Atom, false))),
            ("http://purl.org/atom/ns", Some((Ns::Atom, false))),
            (" http://purl.org/dc/elements/1.1 ", Some((Ns::Dc, false))),
            ("http://itunes.com/DTDs/Podcast-1.0.dtd", Some((Ns::Itunes, false))),
            ("http://example.org/", None),
            ("", None),
        ];
        for (uri, expected) in cases {
            assert_eq!(of_uri(uri), expected, "{uri}");
        }
    }

    #[test]
    fn what_is_not_declared_is_what_its_prefix_says() {
        let mut names = Names::new(Ns::Rss);
        assert_eq!(names.resolve("title"), (Ns::Rss, "title"));
        assert_eq!((names.resolve("dc:date"), names.is_mended), ((Ns::Dc, "date"), true));
        assert_eq!(names.resolve("x:y"), (Ns::Other, "y"));
        let rest = " xmlns='http://www.w3.org/2005/Atom' xmlns:m='http://search.yahoo.com/mrss/' xmlns:dc='urn:x'";
        let mut names = Names::new(Ns::Rss);
        names.declare(&Tag { name: "a", rest, is_empty: false }, false);
        assert_eq!(names.resolve("link"), (Ns::Atom, "link"));
        assert_eq!(names.resolve("m:group"), (Ns::Media, "group"));
        assert_eq!(names.resolve("dc:date"), (Ns::Dc, "date"));
        names.forget(0);
        assert_eq!((names.resolve("link"), names.len()), ((Ns::Rss, "link"), 0));
    }
}
