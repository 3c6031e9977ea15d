//! Where a page's feeds may be: what the page itself says, what its address tells, and where feeds often are.
//!
//! Nothing is fetched here: a candidate is a place to look, not a feed.

mod common;
mod known;
mod page;
mod pattern;

use serde::Serialize;
use url::Url;

pub use common::common_paths;
pub use known::guess;
pub use page::links;

/// Of one page; a page with more feeds than this is a directory.
const MAX_CANDIDATES: usize = 64;

/// Where a feed may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Absolute, http or https.
    pub url: String,
    /// What the page calls it, or what kind of feed it is by its address; plain text.
    pub title: Option<String>,
    /// The format it is said to have.
    pub kind: Option<Kind>,
    /// Why it may be a feed.
    pub reason: Reason,
}

/// The format that a candidate is said to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// RSS of any version, RDF included.
    Rss,
    /// Atom.
    Atom,
    /// JSON Feed.
    Json,
}

/// Why a candidate may be a feed, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The page says so in a `link` element (HTML standard §4.6.7.1, "alternate").
    Declared,
    /// The site has its feeds at such addresses.
    KnownSite,
    /// The page links to it, and it is called like a feed.
    Linked,
    /// The software that wrote the page has its feeds there.
    Software,
    /// Another site's feed that the page links to.
    LinkedElsewhere,
    /// Feeds are often there.
    CommonPath,
    /// A feed, but of comments.
    Comments,
}

/// Puts the likeliest first and leaves each place once: http and https, with and without a last slash, are one.
fn ranked(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| candidate.reason);
    let mut ranked: Vec<Candidate> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for candidate in candidates {
        match places.entry(place(&candidate.url)) {
            std::collections::hash_map::Entry::Occupied(known) => {
                let known: &mut Candidate = &mut ranked[*known.get()];
                known.title = known.title.take().or(candidate.title);
                known.kind = known.kind.or(candidate.kind);
            }
            std::collections::hash_map::Entry::Vacant(free) if ranked.len() < MAX_CANDIDATES => {
                free.insert(ranked.len());
                ranked.push(candidate);
            }
            std::collections::hash_map::Entry::Vacant(_) => {}
        }
    }
    ranked
}

fn place(url: &str) -> String {
    let (_, place) = url.split_once("://").unwrap_or(("", url));
    let place = place.split('#').next().unwrap_or_default();
    place.strip_suffix('/').unwrap_or(place).to_owned()
}

/// The format that a media type names.
fn kind_of_type(media_type: &str) -> Option<Kind> {
    let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "application/rss+xml"
        | "application/x-rss+xml"
        | "application/rss"
        | "text/rss"
        | "text/rss+xml"
        | "application/rdf+xml"
        | "text/rdf"
        | "application/rdf" => Some(Kind::Rss),
        "application/atom+xml" | "application/x.atom+xml" | "application/atom" | "text/atom" | "text/atom+xml" => {
            Some(Kind::Atom)
        }
        "application/feed+json" | "application/json+feed" => Some(Kind::Json),
        _ => None,
    }
}

/// The format that an address hints at.
fn kind_of_address(url: &Url) -> Option<Kind> {
    let path = url.path().to_ascii_lowercase();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if name.contains("atom") {
        Some(Kind::Atom)
    } else if name.ends_with("feed.json") {
        Some(Kind::Json)
    } else if name.contains("rss") || name.ends_with(".rdf") {
        Some(Kind::Rss)
    } else {
        None
    }
}
