//! What a feed or an entry says, before it is judged: of each field the best source so far, by the ranks of `roles`.

use std::borrow::Cow;
use std::rc::Rc;

use domain::time::Timestamp;
use url::Url;

/// Of each kind of thing that a feed or an entry may have many of.
pub(super) const MAX_MANY: usize = crate::convert::MAX_MANY;

/// A place in the order of precedence; the lowest wins.
pub(super) type Rank = u8;

/// A value, and the rank of where it is from.
#[derive(Clone, Debug)]
pub(super) struct Slot<T> {
    rank: Rank,
    value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { rank: Rank::MAX, value: None }
    }
}

impl<T> Slot<T> {
    /// Of equal ranks the first stays.
    pub(super) fn put(&mut self, rank: Rank, value: T) {
        if self.value.is_none() || rank < self.rank {
            *self = Self { rank, value: Some(value) };
        }
    }

    /// Of the value, if there is one.
    pub(super) fn rank(&self) -> Rank {
        self.rank
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    pub(super) fn take(self) -> Option<T> {
        self.value
    }
}

/// A text with its references resolved.
#[derive(Clone, Debug)]
pub(super) struct Text<'a> {
    pub(super) body: Cow<'a, str>,
    /// Otherwise plain.
    pub(super) is_html: bool,
}

/// A link as written, and what `xml:base` says it is relative to.
#[derive(Clone, Debug)]
pub(super) struct Href<'a> {
    pub(super) href: Cow<'a, str>,
    pub(super) base: Option<Rc<Url>>,
}

/// Who wrote something.
#[derive(Clone, Debug, Default)]
pub(super) struct Person<'a> {
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) mail: Option<Cow<'a, str>>,
    /// What stands in the element itself.
    pub(super) text: Cow<'a, str>,
}

/// A file that an entry carries.
#[derive(Clone, Debug)]
pub(super) struct File<'a> {
    pub(super) url: Href<'a>,
    pub(super) media_type: Option<Cow<'a, str>>,
    pub(super) length: Option<u64>,
}

/// What a feed or an entry says.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) title: Slot<Text<'a>>,
    pub(super) summary: Slot<Text<'a>>,
    pub(super) content: Slot<Text<'a>>,
    pub(super) id: Slot<Cow<'a, str>>,
    pub(super) published: Slot<Timestamp>,
    pub(super) updated: Slot<Timestamp>,
    pub(super) links: Vec<(Rank, Href<'a>)>,
    pub(super) comments: Vec<(Rank, Href<'a>)>,
    pub(super) images: Vec<(Rank, Href<'a>)>,
    pub(super) authors: Vec<(Rank, Person<'a>)>,
    pub(super) categories: Vec<Text<'a>>,
    pub(super) files: Vec<File<'a>>,
    /// What `xml:base` says for its HTML.
    pub(super) base: Option<Rc<Url>>,
}

impl Fields<'_> {
    /// Whether there is nothing in it.
    pub(super) fn is_blank(&self) -> bool {
        let texts = [&self.title, &self.summary, &self.content];
        texts.iter().all(|text| text.get().is_none())
            && self.id.get().is_none()
            && self.links.is_empty()
            && self.files.is_empty()
    }
}

/// What a feed says beyond that.
#[derive(Clone, Debug, Default)]
pub(super) struct Channel<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) language: Slot<Cow<'a, str>>,
    pub(super) hub: Slot<Href<'a>>,
    pub(super) self_link: Slot<Href<'a>>,
    /// Minutes.
    pub(super) ttl: Option<u64>,
    /// Minutes of a `sy:updatePeriod`, and how often the feed is updated in it.
    pub(super) period: Option<u64>,
    pub(super) frequency: Option<u64>,
}

/// Adds `value` to a list that has a limit.
pub(super) fn push<T>(list: &mut Vec<T>, value: T) {
    if list.len() < MAX_MANY {
        list.push(value);
    }
}
