//! What each element means where it stands, and with which rank: the table of precedence of `docs/FEEDS.md`.

use super::fields::Rank;
use super::names::Ns;

/// A field that the text of an element may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Title(Rank),
    Link(Rank),
    /// Also a link of rank [`GUID_LINK`], unless it says that it is none.
    Guid,
    Id(Rank),
    Published(Rank),
    Updated(Rank),
    Summary(Rank),
    Content(Rank),
    Author(Rank),
    Category,
    Comments(Rank),
    Image(Rank),
    Language,
    Ttl,
    Period,
    Frequency,
    Name,
    Mail,
}

/// What an element is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The RSS channel: the feed itself.
    Channel,
    /// An entry.
    Item,
    /// A text that may be HTML, as all of RSS may.
    Html(Target),
    /// An Atom text construct: it says itself what it is (RFC 4287 §3.1, §4.1.3).
    Typed(Target),
    /// Markup itself is the text.
    Xhtml(Target),
    /// Media RSS says `type="plain"` or `"html"`.
    MediaText(Target),
    /// A text without markup: a date, a link, an id.
    Plain(Target),
    /// RSS `link`, which some write as Atom's.
    Link,
    /// Atom `link`.
    AtomLink,
    Category,
    Enclosure,
    MediaContent,
    MediaGroup,
    /// A picture whose address is in `url` or `href`.
    Picture(Rank),
    /// A picture whose address is inside.
    Image,
    Person(Rank),
    /// The feed that an Atom entry was taken from.
    Source,
}

/// Where an element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the feed itself, or in the root of one that has its entries beside it.
    Feed,
    Item,
    Media,
    Person,
    Image,
    Source,
}

/// Ranks of links.
pub(super) const ORIGINAL_LINK: Rank = 0;
pub(super) const LINK: Rank = 1;
pub(super) const ATOM_LINK: Rank = 2;
pub(super) const OTHER_LINK: Rank = 4;
pub(super) const GUID_LINK: Rank = 5;
pub(super) const ABOUT_LINK: Rank = 6;
pub(super) const ID_LINK: Rank = 7;
pub(super) const SOURCE_LINK: Rank = 8;
/// The author of the feed that an entry was taken from.
pub(super) const SOURCE_AUTHOR: Rank = 5;

/// The longest local name that means anything.
const LONGEST: usize = 20;

/// What the element means; `None` if nothing. `is_atom` is whether the document is Atom: there its names come first, elsewhere after those of RSS.
pub(super) fn role(place: Place, ns: Ns, local: &str, is_atom: bool) -> Option<Role> {
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..local.len())?;
    lower.copy_from_slice(local.as_bytes());
    lower.make_ascii_lowercase();
    let local = std::str::from_utf8(lower).ok()?;
    match place {
        Place::Person => person(local),
        Place::Image => matches!(local, "url").then_some(Role::Plain(Target::Image(0))),
        Place::Source => of_source(local),
        Place::Media => (ns == Ns::Media).then(|| media(local)).flatten(),
        Place::Feed | Place::Item => {
            let in_item = place == Place::Item;
            match ns {
                Ns::Rss if in_item => rss_item(local),
                Ns::Rss => rss_channel(local),
                Ns::Atom => atom(local, in_item, Rank::from(!is_atom)),
                Ns::Dc => dublin_core(local, in_item),
                Ns::DcTerms => dublin_terms(local, in_item),
                Ns::Content => matches!(local, "encoded").then_some(Role::Html(Target::Content(0))),
                Ns::Media => media(local),
                Ns::Itunes => itunes(local),
                Ns::Sy => syndication(local),
                Ns::Feedburner => matches!(local, "origlink").then_some(Role::Plain(Target::Link(ORIGINAL_LINK))),
                Ns::Xhtml => matches!(local, "body" | "div").then_some(Role::Xhtml(Target::Content(2))),
                Ns::Other => None,
            }
        }
    }
}

fn rss_item(local: &str) -> Option<Role> {
    Some(match local {
        "title" => Role::Html(Target::Title(0)),
        "link" => Role::Link,
        "guid" => Role::Plain(Target::Guid),
        "description" => Role::Html(Target::Summary(0)),
        "pubdate" => Role::Plain(Target::Published(0)),
        "author" => Role::Person(0),
        "category" => Role::Category,
        "enclosure" => Role::Enclosure,
        "comments" => Role::Plain(Target::Comments(0)),
        "image" => Role::Image,
        // None of these is RSS, all are found.
        "item" | "entry" => Role::Item,
        "encoded" => Role::Html(Target::Content(1)),
        "content" => Role::Typed(Target::Content(3)),
        "summary" => Role::Html(Target::Summary(2)),
        "date" | "published" => Role::Plain(Target::Published(4)),
        "updated" | "modified" => Role::Plain(Target::Updated(3)),
        "id" => Role::Plain(Target::Id(2)),
        "creator" => Role::Html(Target::Author(0)),
        "url" => Role::Plain(Target::Link(OTHER_LINK)),
        _ => return None,
    })
}

fn rss_channel(local: &str) -> Option<Role> {
    Some(match local {
        "channel" => Role::Channel,
        "item" | "entry" => Role::Item,
        "title" => Role::Html(Target::Title(0)),
        "link" => Role::Link,
        "description" => Role::Html(Target::Summary(0)),
        "language" => Role::Plain(Target::Language),
        "lastbuilddate" => Role::Plain(Target::Updated(0)),
        "updated" | "modified" => Role::Plain(Target::Updated(3)),
        "pubdate" => Role::Plain(Target::Updated(1)),
        "image" => Role::Image,
        "ttl" => Role::Plain(Target::Ttl),
        "author" => Role::Person(2),
        "managingeditor" => Role::Person(3),
        "subtitle" | "tagline" => Role::Html(Target::Summary(2)),
        _ => return None,
    })
}

fn atom(local: &str, in_item: bool, after: Rank) -> Option<Role> {
    Some(match local {
        "title" => Role::Typed(Target::Title(after)),
        "link" => Role::AtomLink,
        "updated" => Role::Plain(Target::Updated(after)),
        "modified" => Role::Plain(Target::Updated(after + 1)),
        "author" => Role::Person(after),
        "entry" => Role::Item,
        "subtitle" | "tagline" if !in_item => Role::Typed(Target::Summary(after)),
        "logo" if !in_item => Role::Plain(Target::Image(after)),
        "icon" if !in_item => Role::Plain(Target::Image(after + 1)),
        "language" if !in_item => Role::Plain(Target::Language),
        "id" if in_item => Role::Plain(Target::Id(after)),
        "published" => Role::Plain(Target::Published(after)),
        "issued" => Role::Plain(Target::Published(after + 1)),
        "created" => Role::Plain(Target::Published(after + 2)),
        "summary" if in_item => Role::Typed(Target::Summary(after)),
        "content" if in_item => Role::Typed(Target::Content(after)),
        "category" => Role::Category,
        "source" if in_item => Role::Source,
        // RSS names in Atom.
        "guid" if in_item => Role::Plain(Target::Guid),
        "pubdate" => Role::Plain(Target::Published(after + 3)),
        "description" => Role::Html(Target::Summary(after + 2)),
        "enclosure" if in_item => Role::Enclosure,
        _ => return None,
    })
}

fn person(local: &str) -> Option<Role> {
    match local {
        "name" => Some(Role::Html(Target::Name)),
        "email" => Some(Role::Plain(Target::Mail)),
        _ => None,
    }
}

fn of_source(local: &str) -> Option<Role> {
    match local {
        "author" => Some(Role::Person(SOURCE_AUTHOR)),
        "creator" => Some(Role::Html(Target::Author(SOURCE_AUTHOR))),
        _ => None,
    }
}

fn dublin_core(local: &str, in_item: bool) -> Option<Role> {
    Some(match local {
        "title" => Role::Html(Target::Title(2)),
        "creator" | "author" => Role::Html(Target::Author(Rank::from(!in_item))),
        "date" if in_item => Role::Plain(Target::Published(3)),
        "date" => Role::Plain(Target::Updated(2)),
        "subject" => Role::Html(Target::Category),
        "description" => Role::Html(Target::Summary(3)),
        "language" if !in_item => Role::Plain(Target::Language),
        "identifier" if in_item => Role::Plain(Target::Id(3)),
        _ => return None,
    })
}

fn dublin_terms(local: &str, in_item: bool) -> Option<Role> {
    Some(match local {
        "issued" | "created" | "date" | "available" => Role::Plain(Target::Published(5)),
        "modified" => Role::Plain(Target::Updated(2)),
        "abstract" => Role::Html(Target::Summary(4)),
        "title" | "creator" | "subject" | "description" | "language" | "identifier" => {
            return dublin_core(local, in_item);
        }
        _ => return None,
    })
}

fn media(local: &str) -> Option<Role> {
    Some(match local {
        "group" => Role::MediaGroup,
        "content" => Role::MediaContent,
        "thumbnail" => Role::Picture(0),
        "title" => Role::MediaText(Target::Title(3)),
        // A video has its text here alone: a summary that is its content, if there is nothing else.
        "description" => Role::MediaText(Target::Summary(MEDIA_SUMMARY)),
        "category" => Role::Category,
        _ => return None,
    })
}

/// A summary of this rank is all that there is to read, and therefore the content.
pub(super) const MEDIA_SUMMARY: Rank = 9;

fn itunes(local: &str) -> Option<Role> {
    Some(match local {
        "author" => Role::Html(Target::Author(2)),
        "summary" | "description" => Role::Html(Target::Summary(5)),
        "subtitle" => Role::Html(Target::Summary(6)),
        "title" => Role::Html(Target::Title(4)),
        "image" => Role::Picture(1),
        _ => return None,
    })
}

fn syndication(local: &str) -> Option<Role> {
    match local {
        "updateperiod" => Some(Role::Plain(Target::Period)),
        "updatefrequency" => Some(Role::Plain(Target::Frequency)),
        _ => None,
    }
}
