//! A feed that is read but not cleaned.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::parsed::{ContentHash, Item, NaturalKey, Parsed};
use domain::time::Timestamp;
use url::Url;

use crate::html::Tape;
use crate::{FeedError, sanitise, text};

/// A feed whose entries are not cleaned yet.
#[derive(Debug)]
pub struct Document {
    /// The feed itself; its `items` are empty.
    pub feed: Parsed,
    /// Its entries in the order of the document, no two with the same key.
    pub drafts: Vec<Draft>,
}

impl Document {
    /// Cleans every entry.
    ///
    /// # Errors
    /// [`FeedError::Unclean`] if one of them cannot be cleaned.
    pub fn finish(self) -> Result<Parsed, FeedError> {
        let items = self.drafts.into_iter().map(Draft::finish).collect::<Result<_, _>>()?;
        Ok(Parsed { items, ..self.feed })
    }
}

/// An entry whose HTML is not cleaned yet: who it is, whether it changed and when it was published can be asked, nothing else.
#[derive(Debug)]
pub struct Draft {
    /// All but its summary and content.
    pub(crate) item: Item,
    pub(crate) summary: Option<Markup>,
    pub(crate) content: Option<Markup>,
    /// What its relative links are relative to.
    pub(crate) base: Option<Url>,
}

/// A text as the feed has it.
#[derive(Debug)]
pub(crate) struct Markup {
    pub(crate) body: String,
    /// Otherwise plain text.
    pub(crate) is_html: bool,
    /// The tokens of the HTML, where it was read already.
    pub(crate) tape: Option<Tape>,
}

impl Markup {
    pub(crate) fn new(body: String, is_html: bool) -> Self {
        Self { body, is_html, tape: None }
    }

    fn clean(&self, base: Option<&Url>) -> Option<String> {
        match self.is_html {
            true => sanitise::html(&self.body, self.tape.as_ref(), base),
            false => sanitise::html(&text::to_html(&self.body), None, base),
        }
    }
}

impl Draft {
    /// An entry of which nothing is known.
    pub(crate) fn empty() -> Self {
        let item = Item::new(NaturalKey([0; 16]), ContentHash([0; 8]));
        Self { item, summary: None, content: None, base: None }
    }

    /// Whether there is nothing in it that anyone could read or open.
    pub(crate) fn is_blank(&self) -> bool {
        let Item { id, title, link, enclosures, .. } = &self.item;
        let named = id.is_some() || title.is_some() || link.is_some() || !enclosures.is_empty();
        !named && self.summary.is_none() && self.content.is_none()
    }

    /// Its identity within the source.
    pub fn key(&self) -> NaturalKey {
        self.item.key
    }

    /// Its content, to tell an edit.
    pub fn content_hash(&self) -> ContentHash {
        self.item.content_hash
    }

    /// When it was published or else updated, as the feed says.
    pub fn date(&self) -> Option<Timestamp> {
        self.item.published.or(self.item.updated)
    }

    /// Cleans its HTML.
    ///
    /// # Errors
    /// [`FeedError::Unclean`] if that cannot be done.
    pub fn finish(self) -> Result<Item, FeedError> {
        let clean = |markup: Option<Markup>| markup.and_then(|markup| markup.clean(self.base.as_ref()));
        contained(|| Item { summary: clean(self.summary), content: clean(self.content), ..self.item })
    }
}

/// What `work` makes. Parsers of HTML are large, and documents come from anywhere: a panic in there is an error of the feed, not ours.
fn contained<T>(work: impl FnOnce() -> T) -> Result<T, FeedError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| FeedError::Unclean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_cleaner_is_an_error_of_the_feed() {
        assert!(matches!(contained(|| 1), Ok(1)));
        let answer = contained(|| -> Item { panic!("deep in a parser of HTML") });
        let code = answer.err().map(|error| error.failure().code);
        assert_eq!(code, Some(domain::failure::ErrorCode::FeedLimits));
    }
}
