//! Elements whose children mean something: how they open and close.

use std::borrow::Cow;
use std::rc::Rc;

use url::Url;

use super::fields::{Fields, Href, Person, Rank, push};
use super::names::{self, Ns};
use super::roles::{self, Place, Role};
use super::tokens::Tag;
use super::walk::{Walk, is_item, too_deep};
use crate::guard::MAX_ENTRIES;
use crate::{FeedError, tags};

/// What an open element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Root,
    Channel,
    Item,
    Media,
    Person(Rank),
    Image,
    Source,
}

impl What {
    pub(super) fn place(self) -> Place {
        match self {
            Self::Root | Self::Channel => Place::Feed,
            Self::Item => Place::Item,
            Self::Media => Place::Media,
            Self::Person(_) => Place::Person,
            Self::Image => Place::Image,
            Self::Source => Place::Source,
        }
    }
}

#[derive(Debug)]
pub(super) struct Open<'a> {
    pub(super) name: &'a str,
    pub(super) what: What,
    /// Namespace declarations in force outside of it.
    bound: usize,
    pub(super) base: Option<Rc<Url>>,
}

impl<'a> Walk<'a, '_> {
    /// A start tag among elements that mean something.
    ///
    /// # Errors
    /// [`FeedError::Limit`] for what is nested too deep.
    pub(super) fn start(&mut self, tag: &Tag<'a>) -> Result<(), FeedError> {
        let bound = self.names.len();
        let local = names::local(tag.name);
        if says_xml(tag) {
            let is_outside = self.open.is_empty() || local.eq_ignore_ascii_case("channel") || is_item(tag.name);
            self.names.declare(tag, is_outside);
        }
        if self.open.is_empty() {
            self.root(tag, bound);
            return Ok(());
        }
        let (ns, local) = self.names.resolve(tag.name);
        let mut role = match matches!(ns, Ns::Rss | Ns::Atom) && is_item(local) {
            // Wherever it stands, whatever was not closed before it.
            true => Some(Role::Item),
            false => roles::role(self.place(), ns, local, self.is_atom),
        };
        if role.is_none() && self.place() == Place::Person {
            // A person that was never closed: the entry goes on.
            role = roles::role(Place::Item, ns, local, self.is_atom);
            if role.is_some() {
                self.is_unbalanced = true;
                self.pop();
            }
        }
        match role {
            Some(role) => self.play(role, tag, bound)?,
            // HTML between fields: it may never end, and skipped it would take the fields along.
            None if tag.is_empty || names::is_void(local) || (ns != Ns::Other && is_html(tag.name)) => {
                self.names.forget(bound);
            }
            None => self.skip(tag, bound),
        }
        Ok(())
    }

    fn root(&mut self, tag: &Tag<'a>, bound: usize) {
        let local = names::local(tag.name);
        let is_entry = local.eq_ignore_ascii_case("entry");
        let what = if local.eq_ignore_ascii_case("channel") { What::Channel } else { What::Root };
        self.language_of(tag);
        let base = self.base(tag);
        if is_entry {
            // A feed of one.
            self.open.push(Open { name: "", what: What::Root, bound, base: None });
            self.item = Some(Fields::default());
        }
        let what = if is_entry { What::Item } else { what };
        self.open.push(Open { name: tag.name, what, bound, base });
        if tag.is_empty {
            self.pop();
        }
    }

    /// Opens an element whose children mean something.
    pub(super) fn enter(&mut self, what: What, tag: &Tag<'a>, bound: usize) -> Result<(), FeedError> {
        too_deep(self.open.len())?;
        let base = self.base(tag);
        self.open.push(Open { name: tag.name, what, bound, base });
        if tag.is_empty {
            self.pop();
        }
        Ok(())
    }

    /// Begins an entry.
    pub(super) fn enter_item(&mut self, tag: &Tag<'a>, bound: usize) -> Result<(), FeedError> {
        if let Some(unclosed) = self.open.iter().position(|open| !matches!(open.what, What::Root | What::Channel)) {
            self.is_unbalanced = true;
            self.pop_to(unclosed);
        }
        if self.is_done {
            return Ok(());
        }
        let mut item = Fields::default();
        if let Some(about) = tag.attribute("about").map(|about| self.entities.resolve(about)) {
            push(&mut item.links, (roles::ABOUT_LINK, Href { href: about.clone(), base: None }));
            item.id.put(4, about);
        }
        self.item = Some(item);
        self.enter(What::Item, tag, bound)
    }

    /// The language that `xml:lang` says, which is the last to be asked.
    fn language_of(&mut self, tag: &Tag<'a>) {
        if says_xml(tag)
            && let Some((_, language)) = tag.attributes().find(|(name, _)| *name == "xml:lang")
        {
            self.channel.language.put(5, Cow::Borrowed(language));
        }
    }

    fn play(&mut self, role: Role, tag: &Tag<'a>, bound: usize) -> Result<(), FeedError> {
        match role {
            Role::Channel => {
                self.language_of(tag);
                self.enter(What::Channel, tag, bound)
            }
            Role::Item => self.enter_item(tag, bound),
            Role::Person(rank) => {
                self.person = Person::default();
                self.enter(What::Person(rank), tag, bound)
            }
            Role::Image => {
                self.image(tag);
                self.enter(What::Image, tag, bound)
            }
            Role::Source => self.enter(What::Source, tag, bound),
            Role::MediaGroup => self.enter(What::Media, tag, bound),
            Role::MediaContent => {
                self.media_content(tag);
                self.enter(What::Media, tag, bound)
            }
            other => {
                self.leaf_of(other, tag, bound);
                Ok(())
            }
        }
    }

    /// An end tag among elements that mean something.
    pub(super) fn end(&mut self, name: &str) {
        match self.open.iter().rposition(|open| open.name.eq_ignore_ascii_case(name)) {
            Some(at) => {
                self.is_unbalanced |= at + 1 != self.open.len();
                self.pop_to(at);
            }
            None => self.is_unbalanced |= !is_html(name),
        }
    }

    fn pop_to(&mut self, len: usize) {
        while self.open.len() > len {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.names.forget(open.bound);
        match open.what {
            What::Item => {
                if let Some(mut item) = self.item.take().filter(|item| !item.is_blank()) {
                    item.base = item.base.or(open.base);
                    self.items.push(item);
                }
                // The root of a single entry has no name.
                self.is_done |=
                    self.items.len() >= MAX_ENTRIES || self.open.last().is_some_and(|root| root.name.is_empty());
            }
            What::Person(rank) => {
                let person = std::mem::take(&mut self.person);
                push(&mut self.record().authors, (rank, person));
            }
            What::Root => self.is_done = true,
            What::Channel => self.is_done |= self.open.is_empty(),
            What::Media | What::Image | What::Source => {}
        }
    }

    /// What links in `tag` are relative to.
    pub(super) fn base(&mut self, tag: &Tag<'a>) -> Option<Rc<Url>> {
        let outer = self.open.last().and_then(|open| open.base.clone());
        if !says_xml(tag) {
            return outer;
        }
        let declared = tag.attributes().find(|(name, _)| *name == "xml:base").map(|(_, base)| base);
        let Some(base) = declared else { return outer };
        let base = self.entities.resolve(base);
        let resolved = Url::options().base_url(outer.as_deref().or(self.home)).parse(base.trim());
        let resolved = resolved.ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        match resolved.and_then(|url| self.base_budget.checked_sub(url.as_str().len()).map(|left| (left, url))) {
            Some((left, url)) => {
                self.base_budget = left;
                Some(Rc::new(url))
            }
            None => outer,
        }
    }
}

/// Whether an element without a prefix is one of HTML.
fn is_html(name: &str) -> bool {
    tags::allowed(name).is_some()
}

/// Whether a tag may declare a namespace, a base or a language.
fn says_xml(tag: &Tag<'_>) -> bool {
    tag.rest.len() > 3 && memchr::memmem::find(tag.rest.as_bytes(), b"xml").is_some()
}
