//! Walks through the elements of a feed: which are open, where one ends that has lost its end tag, and where an entry is whole.
//!
//! An entry is whole when its end tag came, or what can only follow it: another entry, or the end of what it stands in. The end of the document cannot.

use std::borrow::Cow;

use url::Url;

use super::entities::Entities;
use super::fields::{Channel, Fields, Href, Person, push};
use super::frames::{Open, What};
use super::leaf::{Kind, Leaf};
use super::names::{self, Names, Ns};
use super::roles::{self, Place};
use super::tokens::{Tag, Token, Tokens};
use crate::FeedError;
use crate::guard::{MAX_DEPTH, MAX_ENTRIES};
use crate::repair::Repairs;

/// The state of a walk.
pub(super) struct Walk<'a, 'r> {
    pub(super) names: Names<'a>,
    pub(super) entities: Entities<'a>,
    pub(super) is_atom: bool,
    /// Where the document is from.
    pub(super) home: Option<&'r Url>,
    /// Bytes that `xml:base` may still take: short ones make long ones.
    pub(super) base_budget: usize,
    pub(super) has_controls: bool,
    pub(super) channel: Channel<'a>,
    pub(super) items: Vec<Fields<'a>>,
    pub(super) item: Option<Fields<'a>>,
    pub(super) person: Person<'a>,
    leaf: Option<Leaf<'a>>,
    pub(super) open: Vec<Open<'a>>,
    pub(super) is_done: bool,
    /// Whether elements did not end as they should.
    pub(super) is_unbalanced: bool,
}

impl<'a, 'r> Walk<'a, 'r> {
    pub(super) fn new(is_atom: bool, entities: Entities<'a>, home: Option<&'r Url>, len: usize) -> Self {
        Self {
            names: Names::new(if is_atom { Ns::Atom } else { Ns::Rss }),
            entities,
            is_atom,
            home,
            base_budget: len,
            has_controls: false,
            channel: Channel::default(),
            items: Vec::new(),
            item: None,
            person: Person::default(),
            leaf: None,
            open: Vec::new(),
            is_done: false,
            is_unbalanced: false,
        }
    }

    /// Reads all that `tokens` has, from the root tag on.
    ///
    /// # Errors
    /// [`FeedError::Limit`] for what is nested too deep.
    pub(super) fn run(&mut self, mut tokens: Tokens<'a>, repairs: &mut Repairs) -> Result<(), FeedError> {
        while !self.is_done
            && let Some(token) = tokens.next()
        {
            let Some(token) = self.offer_leaf(token)? else { continue };
            match token {
                Token::Start(tag) => self.start(&tag)?,
                Token::End(name) => self.end(name),
                Token::Text(raw) => self.loose(self.entities.resolve(raw)),
                Token::CData(text) => self.loose(Cow::Borrowed(text)),
            }
        }
        repairs.note_if(self.names.is_mended, "namespace");
        repairs.note_if(self.entities.is_mended(), "entities");
        repairs.note_if(tokens.is_malformed, "malformed");
        repairs.note_if(self.is_unbalanced, "unbalanced_tags");
        repairs.note_if(self.items.len() >= MAX_ENTRIES && !self.open.is_empty(), "entries_cut");
        repairs.note_if(!self.is_done, "truncated");
        Ok(())
    }

    /// Gives a token to the element that is being read; gives it back if that ends without it.
    fn offer_leaf(&mut self, token: Token<'a>) -> Result<Option<Token<'a>>, FeedError> {
        let Some(leaf) = &mut self.leaf else { return Ok(Some(token)) };
        match token {
            Token::Text(raw) => leaf.push_text(raw, &self.entities),
            Token::CData(text) => leaf.push_cdata(text),
            Token::Start(tag) => {
                if self.ends_leaf(&tag) {
                    self.finish_broken_leaf();
                    return Ok(Some(token));
                }
                if let Some(leaf) = &mut self.leaf {
                    leaf.open(&tag);
                    too_deep(leaf.depth)?;
                }
            }
            Token::End(name) if name.eq_ignore_ascii_case(leaf.name) && leaf.depth == 0 => self.finish_leaf(),
            Token::End(name) if leaf.items > 0 && is_item(name) => leaf.items -= 1,
            Token::End(name) if name.eq_ignore_ascii_case(leaf.name) => leaf.close(name),
            Token::End(name) if self.open.iter().any(|open| open.name.eq_ignore_ascii_case(name)) => {
                self.finish_broken_leaf();
                return Ok(Some(token));
            }
            Token::End(_) if leaf.ends_at_any() => self.finish_broken_leaf(),
            Token::End(name) => leaf.close(name),
        }
        Ok(None)
    }

    /// Whether a start tag cannot be part of the element that is being read.
    fn ends_leaf(&mut self, tag: &Tag<'a>) -> bool {
        let place = self.place();
        let Some(leaf) = &mut self.leaf else { return false };
        if is_item(tag.name) && matches!(self.names.resolve(tag.name).0, Ns::Rss | Ns::Atom) {
            let is_skipped_list = leaf.target.is_none() && self.item.is_some();
            leaf.items += usize::from(is_skipped_list && !tag.is_empty);
            return !is_skipped_list;
        }
        let is_possible = leaf.is_line() || (leaf.is_html_prose() && is_no_html(tag.name));
        if !is_possible || tag.name.eq_ignore_ascii_case(leaf.name) {
            return false;
        }
        let (ns, local) = self.names.resolve(tag.name);
        !matches!(ns, Ns::Other | Ns::Xhtml) && roles::role(place, ns, local, self.is_atom).is_some()
    }

    fn finish_broken_leaf(&mut self) {
        self.is_unbalanced = true;
        self.finish_leaf();
    }

    fn finish_leaf(&mut self) {
        let Some(mut leaf) = self.leaf.take() else { return };
        self.names.forget(leaf.bound);
        if let Some(target) = leaf.target
            && let Some(text) = leaf.text()
        {
            self.put(target, text, &leaf);
        }
    }

    /// The record that is being filled.
    pub(super) fn record(&mut self) -> &mut Fields<'a> {
        self.item.as_mut().unwrap_or(&mut self.channel.fields)
    }

    pub(super) fn place(&self) -> Place {
        self.open.last().map_or(Place::Feed, |open| open.what.place())
    }

    /// Reads the text of an element.
    pub(super) fn read(&mut self, tag: &Tag<'a>, target: roles::Target, kind: Kind, bound: usize) {
        if tag.is_empty {
            return self.names.forget(bound);
        }
        let base = self.base(tag);
        let mut leaf = Leaf::new(tag.name, Some(target), kind, base, bound);
        if target == roles::Target::Guid {
            let says_no = |value: &str| value.trim().eq_ignore_ascii_case("false");
            leaf.is_link = !tag.attribute("isPermaLink").is_some_and(says_no);
        }
        self.leaf = Some(leaf);
    }

    /// Skips an element and all in it.
    pub(super) fn skip(&mut self, tag: &Tag<'a>, bound: usize) {
        if tag.is_empty {
            return self.names.forget(bound);
        }
        self.leaf = Some(Leaf::new(tag.name, None, Kind::Bare, None, bound));
    }

    /// Text between elements.
    fn loose(&mut self, text: Cow<'a, str>) {
        match self.open.last().map(|open| open.what) {
            Some(What::Person(_)) if !text.trim().is_empty() => {
                if self.person.text.is_empty() {
                    self.person.text = text;
                } else {
                    self.person.text.to_mut().push_str(&text);
                }
            }
            Some(What::Image) if !text.trim().is_empty() => {
                let base = self.open.last().and_then(|open| open.base.clone());
                push(&mut self.record().images, (0, Href { href: text, base }));
            }
            _ => {}
        }
    }
}

/// Whether an element of this name stands in entries, but never in HTML.
fn is_no_html(name: &str) -> bool {
    let fields = ["guid", "pubDate", "enclosure", "category", "comments", "author", "published", "updated"];
    name.contains(':') || fields.iter().any(|field| field.eq_ignore_ascii_case(name))
}

/// Whether an element of this name is an entry.
pub(super) fn is_item(name: &str) -> bool {
    let local = names::local(name);
    local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry")
}

/// # Errors
/// [`FeedError::Limit`] where `depth` elements are open.
pub(super) fn too_deep(depth: usize) -> Result<(), FeedError> {
    match depth >= MAX_DEPTH {
        true => Err(FeedError::Limit { what: "its elements are nested too deep", limit: MAX_DEPTH }),
        false => Ok(()),
    }
}
