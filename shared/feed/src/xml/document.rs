//! What was found, as Feedmill means it: of each field the best source that holds.

use std::borrow::Cow;
use std::time::Duration;

use domain::parsed::{Enclosure, Format, Parsed};
use url::Url;

use super::fields::{Channel, Fields, File, Href, Person, Rank, Text};
use super::roles::MEDIA_SUMMARY;
use crate::draft::{Document, Draft, Markup};
use crate::text::{self, MAX_LINE, MAX_NAME, MAX_PARAGRAPH};
use crate::{FeedError, convert, links};

/// Makes a document of a feed's own fields and its entries, with neither identity nor clean HTML.
pub(super) struct Maker {
    /// What links are relative to: where the document is from; for entries, the site of the feed.
    home: Option<Url>,
    /// Bytes that what is repeated (a base in each link, the feed's authors in each entry) may still take.
    budget: usize,
    is_spent: bool,
}

impl Maker {
    /// For a document of `len` bytes.
    pub(super) fn new(base: Option<&Url>, len: usize) -> Self {
        Self { home: base.cloned(), budget: len.saturating_mul(2) + 1024 * 1024, is_spent: false }
    }

    /// Makes the document.
    ///
    /// # Errors
    /// [`FeedError::Limit`] if it repeats itself too much.
    pub(super) fn document(
        mut self,
        format: Format,
        channel: Channel<'_>,
        items: Vec<Fields<'_>>,
    ) -> Result<Document, FeedError> {
        let Channel { fields, language, hub, self_link, ttl, period, frequency } = channel;
        let link = self.first(&fields.links);
        let sy = period.map(|period| period / frequency.unwrap_or(1).max(1));
        let parsed = Parsed {
            format,
            repaired: Vec::new(),
            title: fields.title.get().and_then(|title| line(title, MAX_LINE)),
            description: fields.summary.get().and_then(|text| line(text, MAX_PARAGRAPH)),
            language: language.take().and_then(|language| text::of_plain(&language, MAX_NAME)),
            updated: fields.updated.get().or(fields.published.get()).copied(),
            image: self.first(&fields.images),
            ttl: ttl.or(sy).map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
            hub: hub.take().and_then(|hub| self.resolve(&hub)),
            self_link: self_link.take().and_then(|link| self.resolve(&link)),
            link,
            items: Vec::new(),
        };
        let authors = names(&fields.authors);
        self.home = parsed.link.as_deref().and_then(links::base).or(self.home.take());
        let drafts = items.into_iter().map(|item| self.draft(item, &authors)).collect();
        if self.is_spent {
            return Err(FeedError::Limit { what: "its entries repeat the feed in too many bytes", limit: self.budget });
        }
        Ok(Document { feed: parsed, drafts })
    }

    fn draft(&mut self, from: Fields<'_>, feed_authors: &[String]) -> Draft {
        let mut draft = Draft::empty();
        let item = &mut draft.item;
        item.id = from.id.get().filter(|id| id.len() <= MAX_LINE).map(|id| id.trim().to_owned());
        item.link = self.first(&from.links);
        item.title = from.title.get().and_then(|title| line(title, MAX_LINE));
        item.published = from.published.get().copied();
        item.updated = from.updated.get().copied();
        item.authors = names(&from.authors);
        if item.authors.is_empty() && self.spend(feed_authors.iter().map(String::len).sum()) {
            item.authors = feed_authors.to_vec();
        }
        item.categories = convert::distinct(from.categories.iter().filter_map(|category| line(category, MAX_NAME)));
        item.comments = self.first(&from.comments);
        item.enclosures = self.files(&from.files);
        item.image = self.first(&from.images).or_else(|| convert::picture(&item.enclosures));

        let base = from.base.map(|base| base.as_ref().clone());
        draft.base = base.or_else(|| item.link.as_deref().and_then(links::base)).or_else(|| self.home.clone());
        draft.content = from.content.take().map(markup);
        match from.summary.rank() {
            MEDIA_SUMMARY if draft.content.is_none() => draft.content = from.summary.take().map(markup),
            MEDIA_SUMMARY => {}
            _ => draft.summary = from.summary.take().map(markup),
        }
        draft
    }

    /// Takes `bytes` of the budget, if it has as many.
    fn spend(&mut self, bytes: usize) -> bool {
        match self.budget.checked_sub(bytes) {
            Some(left) if !self.is_spent => self.budget = left,
            _ => self.is_spent = true,
        }
        !self.is_spent
    }

    fn resolve(&mut self, link: &Href<'_>) -> Option<String> {
        if self.is_spent {
            return None;
        }
        let resolved = links::resolve(&link.href, link.base.as_deref().or(self.home.as_ref()))?;
        self.spend(resolved.len().saturating_sub(link.href.len())).then_some(resolved)
    }

    /// The best that can be followed.
    fn first(&mut self, links: &[(Rank, Href<'_>)]) -> Option<String> {
        if let [(_, only)] = links {
            return self.resolve(only);
        }
        let mut ranked: Vec<_> = links.iter().collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().find_map(|(_, link)| self.resolve(link))
    }

    /// Each file once.
    fn files(&mut self, files: &[File<'_>]) -> Vec<Enclosure> {
        let mut distinct: Vec<Enclosure> = Vec::new();
        for file in files {
            let Some(url) = self.resolve(&file.url) else { continue };
            let media_type = file.media_type.as_deref().and_then(|kind| text::of_plain(kind, MAX_NAME));
            match distinct.iter_mut().find(|known| known.url == url) {
                // Said twice: what one leaves out the other may tell.
                Some(known) => {
                    known.media_type = known.media_type.take().or(media_type);
                    known.length = known.length.or(file.length);
                }
                None => distinct.push(Enclosure { url, media_type, length: file.length }),
            }
        }
        distinct
    }
}

fn markup(text: Text<'_>) -> Markup {
    Markup::new(text.body.into_owned(), text.is_html)
}

fn line(text: &Text<'_>, max: usize) -> Option<String> {
    match text.is_html {
        true => text::of_html(&text.body, max),
        false => text::of_plain(&text.body, max),
    }
}

/// The names of the best rank that has any; addresses where nobody has a name.
fn names(people: &[(Rank, Person<'_>)]) -> Vec<String> {
    let mut ranks: Vec<Rank> = people.iter().map(|(rank, _)| *rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    for rank in ranks {
        let people = || people.iter().filter(|(its, _)| *its == rank).map(|(_, person)| called(person));
        let named = convert::distinct(people().filter_map(|(name, _)| text::of_html(&name?, MAX_NAME)));
        if !named.is_empty() {
            return named;
        }
        let mails = convert::distinct(people().filter_map(|(_, mail)| text::of_plain(&mail?, MAX_NAME)));
        if !mails.is_empty() {
            return mails;
        }
    }
    Vec::new()
}

/// A person's name and address.
fn called<'p>(person: &'p Person<'_>) -> (Option<Cow<'p, str>>, Option<Cow<'p, str>>) {
    let (name, mail) = name_and_mail(person.name.as_deref().unwrap_or(&person.text));
    (name.map(Cow::Borrowed), mail.or(person.mail.as_deref()).map(Cow::Borrowed))
}

/// `mail (Name)` as RSS wants it, `Name <mail>` as letters have it, and either alone.
fn name_and_mail(text: &str) -> (Option<&str>, Option<&str>) {
    let text = text.trim();
    let some = |text: &'_ str| !text.is_empty();
    let parts = text.strip_suffix(')').and_then(|text| text.split_once('('));
    if let Some((mail, name)) = parts.filter(|(mail, _)| mail.is_empty() || mail.contains('@')) {
        return (Some(name.trim()).filter(|name| some(name)), Some(mail.trim()).filter(|mail| some(mail)));
    }
    let parts = text.strip_suffix('>').and_then(|text| text.split_once('<'));
    if let Some((name, mail)) = parts.filter(|(_, mail)| mail.contains('@')) {
        return (Some(name.trim().trim_matches('"')).filter(|name| some(name)), Some(mail.trim()));
    }
    match text.contains('@') && !text.contains(char::is_whitespace) && !text.starts_with('@') {
        true => (None, Some(text.strip_prefix("mailto:").unwrap_or(text))),
        false => (Some(text).filter(|text| some(text)), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_called_by_name_where_there_is_one() {
        let cases = [
            ("a@b.example (Ada L.)", (Some("Ada L."), Some("a@b.example"))),
            ("Ada L. <a@b.example>", (Some("Ada L."), Some("a@b.example"))),
            ("\"Ada\" <a@b.example>", (Some("Ada"), Some("a@b.example"))),
            ("(Ada)", (Some("Ada"), None)),
            ("a@b.example ()", (None, Some("a@b.example"))),
            ("mailto:a@b.example", (None, Some("a@b.example"))),
            ("Ada (editor)", (Some("Ada (editor)"), None)),
            ("@ada", (Some("@ada"), None)),
            (" ", (None, None)),
        ];
        for (text, expected) in cases {
            assert_eq!(name_and_mail(text), expected, "{text}");
        }
    }
}
