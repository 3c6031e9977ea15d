//! The feeds that a page itself names.

use url::Url;

use super::{Candidate, Kind, MAX_CANDIDATES, Reason, common, kind_of_address, kind_of_type, ranked};
use crate::html::{Token, Tokens};
use crate::repair::Repairs;
use crate::text::{self, MAX_NAME};
use crate::{decode, links};

/// A page's first so many candidates are weighed.
const MAX_WEIGHED: usize = 16 * MAX_CANDIDATES;

/// The feeds that a page names, in order of likelihood: `html` as the server sent it, its `Content-Type`, and the address it came from.
///
/// The page is not checked to be one: of bytes that are no HTML there are no links.
pub fn links(html: &[u8], content_type: Option<&str>, base: &str) -> Vec<Candidate> {
    let html = decode::decode(html, content_type, &mut Repairs::default());
    let address = links::base(base);
    let mut page =
        Page { base: address.clone(), address, has_base: false, found: Vec::new(), anchor: None, software: None };
    let mut tokens = Tokens::new(&html);
    while let Some(token) = tokens.next() {
        match token {
            Token::Start(name) => page.start(name, &tokens),
            Token::End(name) if name.eq_ignore_ascii_case("a") => page.end_anchor(),
            Token::Text(piece) => page.text(piece),
            Token::End(_) => {}
        }
        if page.found.len() >= MAX_WEIGHED {
            break;
        }
    }
    page.end_anchor();
    if let (Some(software), Some(address)) = (page.software, &page.address) {
        page.found.extend(common::of_software(software, address));
    }
    ranked(page.found)
}

/// What was seen so far.
#[derive(Debug)]
struct Page {
    address: Option<Url>,
    /// What links are relative to.
    base: Option<Url>,
    has_base: bool,
    found: Vec<Candidate>,
    /// A link to a feed, and the text within it so far.
    anchor: Option<(Candidate, String)>,
    software: Option<&'static common::Software>,
}

impl Page {
    fn start(&mut self, name: &str, tokens: &Tokens<'_>) {
        let said = |name: &str| tokens.attribute(name).map(text::unescape);
        if name.eq_ignore_ascii_case("base") && !self.has_base {
            let base = said("href").and_then(|href| links::resolve(&href, self.address.as_ref()));
            if let Some(base) = base.as_deref().and_then(links::base) {
                self.base = Some(base);
                self.has_base = true;
            }
        } else if name.eq_ignore_ascii_case("link") {
            self.found.extend(self.declared(tokens));
        } else if name.eq_ignore_ascii_case("a") {
            self.end_anchor();
            self.anchor = self.linked(tokens).map(|candidate| (candidate, String::new()));
        } else if name.eq_ignore_ascii_case("img") {
            self.text(said("alt").unwrap_or_default().as_ref());
        } else if name.eq_ignore_ascii_case("meta") {
            let is_generator = said("name").is_some_and(|name| name.trim().eq_ignore_ascii_case("generator"));
            if is_generator && self.software.is_none() {
                self.software = said("content").and_then(|generator| common::software(&generator));
            }
        }
    }

    fn text(&mut self, piece: &str) {
        if let Some((_, text)) = &mut self.anchor
            && text.len() < MAX_NAME
        {
            text.push_str(&piece[..piece.floor_char_boundary(MAX_NAME)]);
        }
    }

    fn end_anchor(&mut self) {
        if let Some((mut candidate, text)) = self.anchor.take() {
            candidate.title = candidate.title.or_else(|| text::of_html(&text, MAX_NAME));
            if is_of_comments(candidate.title.as_deref(), &candidate.url) {
                candidate.reason = Reason::Comments;
            }
            self.found.push(candidate);
        }
    }

    /// A `link` element that names a feed.
    fn declared(&self, tokens: &Tokens<'_>) -> Option<Candidate> {
        let said = |name: &str| tokens.attribute(name).map(text::unescape);
        let rels = said("rel").unwrap_or_default().to_ascii_lowercase();
        let has = |wanted: &str| rels.split_ascii_whitespace().any(|rel| rel == wanted);
        if !has("alternate") && !has("feed") || has("stylesheet") {
            return None;
        }
        let url = links::resolve(&without_feed_scheme(&said("href")?), self.base.as_ref())?;
        let address = Url::parse(&url).ok()?;
        let media_type = said("type").unwrap_or_default().trim().to_ascii_lowercase();
        let kind = kind_of_type(&media_type);
        let is_feed = kind.is_some()
            || match media_type.split(';').next().unwrap_or_default().trim() {
                // These say little: other languages, JSON of an API and previews for chats are alternates too.
                "" => has("feed") || is_called_like_a_feed(&address),
                "application/xml" | "text/xml" => is_called_like_a_feed(&address),
                "application/json" => url.to_ascii_lowercase().contains("feed") && !url.contains("oembed"),
                _ => has("feed"),
            };
        if !is_feed {
            return None;
        }
        let kind = kind.or_else(|| (media_type == "application/json").then_some(Kind::Json));
        let title = said("title").and_then(|title| text::of_plain(&title, MAX_NAME));
        let reason = if is_of_comments(title.as_deref(), &url) { Reason::Comments } else { Reason::Declared };
        Some(Candidate { kind: kind.or_else(|| kind_of_address(&address)), url, title, reason })
    }

    /// An `a` element whose address is called like a feed, or that says it leads to one.
    fn linked(&self, tokens: &Tokens<'_>) -> Option<Candidate> {
        let said = |name: &str| tokens.attribute(name).map(text::unescape);
        let href = said("href")?;
        let address = without_feed_scheme(&href);
        let has_feed_scheme = address != href.trim();
        let url = links::resolve(&address, self.base.as_ref())?;
        let address = Url::parse(&url).ok()?;
        let kind = said("type").as_deref().and_then(kind_of_type);
        if kind.is_none() && !has_feed_scheme && !is_called_like_a_feed(&address) {
            return None;
        }
        let title = said("title").and_then(|title| text::of_plain(&title, MAX_NAME));
        let reason = match &self.address {
            Some(page) if site(page) != site(&address) => Reason::LinkedElsewhere,
            _ => Reason::Linked,
        };
        Some(Candidate { kind: kind.or_else(|| kind_of_address(&address)), url, title, reason })
    }
}

/// `feed://example.org/` and `feed:https://example.org/` mean what stands behind `feed:`.
fn without_feed_scheme(link: &str) -> String {
    let link = link.trim();
    match link.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("feed:")) {
        Some(_) if link[5..].starts_with("//") => format!("http:{}", &link[5..]),
        Some(_) => link[5..].to_owned(),
        None => link.to_owned(),
    }
}

/// The last two labels of the host: `feeds.example.org` belongs to `example.org`.
fn site(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let mut labels = host.rsplit('.');
    match (labels.next(), labels.next()) {
        (Some(top), Some(name)) => format!("{name}.{top}"),
        _ => host.to_owned(),
    }
}

/// Names of feeds: a last path segment, with or without an ending.
const NAMES: [&str; 12] = [
    "feed",
    "feeds",
    "rss",
    "rss2",
    "atom",
    "rdf",
    "feed.json",
    "index.xml",
    "index.rdf",
    "feed.php",
    "rss.php",
    "rss.aspx",
];

fn is_called_like_a_feed(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let path = path.trim_end_matches('/');
    // The address of another page within this one: a service that follows or shares feeds.
    let rest = url.as_str().get(4..).unwrap_or_default().to_ascii_lowercase();
    if ["http:", "https:", "http%3a", "https%3a"].iter().any(|start| rest.contains(start)) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_named = NAMES.contains(&name)
        || [".rss", ".atom", ".rdf"].iter().any(|ending| name.ends_with(ending))
        || name.ends_with(".xml") && ["feed", "rss", "atom"].iter().any(|part| path.contains(part));
    let host = url.host_str().unwrap_or_default();
    let is_hosted = path.len() > 1 && ["feeds.", "feed.", "rss."].iter().any(|start| host.starts_with(start));
    let asks = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let value = value.to_ascii_lowercase();
        matches!(&*name, "feed" | "format" | "type" | "alt" | "output")
            && matches!(value.as_str(), "rss" | "rss2" | "atom" | "feed" | "rdf")
    };
    is_named || is_hosted || path.ends_with("/feeds/posts/default") || url.query_pairs().any(asks)
}

/// Words for comments in the languages of much of the web.
const COMMENTS: [&str; 8] =
    ["comment", "kommentar", "comentario", "comentário", "commenti", "reacties", "комментари", "コメント"];

fn is_of_comments(title: Option<&str>, url: &str) -> bool {
    let title = title.unwrap_or_default().to_lowercase();
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    COMMENTS.iter().any(|word| title.contains(word)) || path.contains("/comments/") || url.contains("feed=comments")
}
