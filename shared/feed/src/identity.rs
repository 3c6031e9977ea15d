//! What makes an entry the same at every poll, and what makes it an edit.
//!
//! The key is over the guid where the feed's guids tell entries apart, else the link, else title, date and content; the content hash over what a reader
//! reads, taken from HTML that is not cleaned yet, so that only new and edited entries need cleaning.
//!
//! Guids and links are compared without what does not tell entries apart: http or https, case, a last slash, tracking and session parameters. Two that
//! differ in nothing but case are told apart again where one document has both.
//!
//! A guid or link tells nothing
//! - where entries share it that have different links, or more than two titles or dates; a link, where they have different titles or dates at all;
//! - if it is the feed's own page, the root of its site, or the feed itself;
//! - a guid, if it is a word for nothing, a template nobody filled in, or a random fraction;
//! - guids that count the entries of the document from its top while their dates fall: they are places, not names.
//!
//! A guid that is the entry's link and behind it nothing but clock readings or random numbers is new at each request. If all of a document are such, the
//! key is over link, title and date, or link, title and content where there is no date: different posts are never one, but a new title makes a new post.
//! Other random guids cannot be told from good ones by one document, and are believed.

mod content;
mod names;

use std::collections::HashMap;

use domain::parsed::NaturalKey;
use url::Url;

use crate::draft::{Document, Draft};
use names::{Homes, Named, Names};

/// Gives each entry its key and content hash; of entries with the same key the first stays. `base` is where the document came from.
pub(crate) fn assign(document: &mut Document, base: Option<&Url>) {
    let own = [document.feed.link.as_deref(), document.feed.self_link.as_deref(), base.map(Url::as_str)];
    let homes = Homes::of(own.into_iter().flatten());
    assign_in(&mut document.drafts, &homes);
}

fn assign_in(drafts: &mut Vec<Draft>, homes: &Homes) {
    let mut hasher = content::Hasher::new();
    for draft in &mut *drafts {
        draft.item.content_hash = hasher.hash(draft);
    }
    let mut seen = HashMap::with_capacity(drafts.len());
    let mut keys = keys(drafts, homes).into_iter();
    drafts.retain_mut(|draft| {
        let Some(key) = keys.next() else { return false };
        draft.item.key = key;
        seen.insert(key, ()).is_none()
    });
}

fn keys(drafts: &[Draft], homes: &Homes) -> Vec<NaturalKey> {
    let mut names: Vec<Names<'_>> = drafts.iter().map(|draft| Names::of(draft, homes)).collect();
    if names::are_places(drafts) {
        names.iter_mut().for_each(|names| names.guid = None);
    }
    let is_volatile = names::are_volatile(&names);
    let named = |names: &Names<'_>| names.guid.is_some() && !is_volatile;
    let guids = Shared::of(names.iter().filter_map(Names::of_guid), 3);
    // A link must not be the guid of another entry either.
    let by_guid = names.iter().filter(|names| named(names)).filter_map(Names::guid_as_link);
    let links = Shared::of(names.iter().filter_map(Names::of_link).chain(by_guid), 2);
    let key_of = |(names, draft): (&Names<'_>, &Draft)| {
        let guid = names.guid.as_deref().filter(|guid| !is_volatile && !guids.is_shared(guid));
        let link = || names.link.as_deref().filter(|link| !is_volatile && !links.is_shared(link));
        match guid.or_else(link) {
            Some(name) => key(&["name", name]),
            None => by_text(draft, names.link.as_deref().filter(|_| is_volatile)),
        }
    };
    names.iter().zip(drafts).map(key_of).collect()
}

/// The key of an entry without a name of its own. With a link, the content counts only where there is no date.
fn by_text(draft: &Draft, link: Option<&str>) -> NaturalKey {
    let title = draft.item.title.as_deref().unwrap_or_default();
    let date = draft.date().map(|at| at.as_millis().to_string());
    let content = u64::from_be_bytes(draft.item.content_hash.0).to_string();
    match (link, &date) {
        (Some(link), Some(date)) => key(&["link", link, title, date]),
        (Some(link), None) => key(&["link", link, title, "", &content]),
        (None, _) => key(&["text", title, &date.unwrap_or_default(), &content]),
    }
}

fn key(parts: &[&str]) -> NaturalKey {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    NaturalKey(key)
}

/// Names that more than one entry has, and therefore none.
struct Shared<'a>(HashMap<&'a str, Owner<'a>>);

/// The entries of one name.
struct Owner<'a> {
    /// By what else one tells whether they are one.
    exact: &'a str,
    /// Their different titles and dates, as far as they matter.
    looks: Vec<names::Look<'a>>,
    is_shared: bool,
}

impl<'a> Shared<'a> {
    /// A name with so many `looks` is shared.
    fn of(entries: impl Iterator<Item = Named<'a>>, looks: usize) -> Self {
        let mut owners = HashMap::new();
        for Named { name, exact, look } in entries {
            let owner = owners.entry(name).or_insert_with(|| Owner { exact, looks: Vec::new(), is_shared: false });
            if owner.looks.len() < looks && !owner.looks.contains(&look) {
                owner.looks.push(look);
            }
            owner.is_shared |= owner.exact != exact || owner.looks.len() >= looks;
        }
        Self(owners)
    }

    fn is_shared(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|owner| owner.is_shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::Markup;
    use proptest::prelude::*;

    fn draft(id: &str, link: &str, title: &str, content: &str) -> Draft {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let mut draft = Draft::empty();
        (draft.item.id, draft.item.link, draft.item.title) = (some(id), some(link), some(title));
        draft.content = Some(Markup::new(content.to_owned(), true));
        draft
    }

    fn keys(mut drafts: Vec<Draft>) -> Vec<NaturalKey> {
        assign_in(&mut drafts, &Homes::default());
        drafts.iter().map(|draft| draft.item.key).collect()
    }

    /// Whether two entries, each alone in its feed, are the same and say the same.
    fn compare(one: Draft, other: Draft) -> (bool, bool) {
        let (mut one, mut other) = (vec![one], vec![other]);
        assign_in(&mut one, &Homes::default());
        assign_in(&mut other, &Homes::default());
        (one[0].item.key == other[0].item.key, one[0].item.content_hash == other[0].item.content_hash)
    }

    #[test]
    fn an_entry_is_told_by_guid_else_link_else_text() {
        let cases = [
            (draft("1", "http://a/1", "T", "x"), draft("1", "http://a/2", "U", "y"), (true, false)),
            (draft("", "http://a/1", "T", "x"), draft("", "https://A/1/?utm_source=b", "U", "x"), (true, false)),
            (draft("HTTP://a/1", "", "T", "x"), draft("https://a/1", "", "T", "x"), (true, true)),
            (draft("", "", "T", "x"), draft("", "", "T", "x"), (true, true)),
            (draft("", "", "T", "x"), draft("", "", "T", "y"), (false, false)),
            (draft("1", "", "T", "x"), draft("2", "", "T", "x"), (false, true)),
        ];
        for (number, (one, other, expected)) in cases.into_iter().enumerate() {
            assert_eq!(compare(one, other), expected, "case {number}");
        }
    }

    #[test]
    fn a_guid_or_link_that_entries_share_tells_nothing() {
        let shared = keys(vec![
            draft("x", "http://a/1", "1", ""),
            draft("x", "http://a/2", "2", ""),
            draft("y", "http://a/3", "3", ""),
        ]);
        let by_link =
            keys(vec![draft("", "http://a/1", "1", ""), draft("", "http://a/2", "2", ""), draft("y", "", "3", "")]);
        assert_eq!(shared, by_link);
        assert_eq!(keys(vec![draft("", "http://a/", "1", ""), draft("", "http://a/", "2", "")]).len(), 2);
        assert_eq!(keys(vec![draft("x", "", "1", ""), draft("x", "", "2", "")]).len(), 2);
    }

    #[test]
    fn of_an_entry_that_comes_twice_the_first_stays() {
        let mut drafts = vec![draft("1", "http://a/1", "new", ""), draft("1", "https://a/1", "old", "")];
        assign_in(&mut drafts, &Homes::default());
        assert_eq!(drafts.iter().map(|draft| draft.item.title.as_deref()).collect::<Vec<_>>(), [Some("new")]);
    }

    #[test]
    fn layout_tracking_and_order_of_attributes_are_no_edit() {
        let before = "<p>One <a class='x' href='https://a/b?c=1'>two</a></p><p>three</p>";
        let same = "<p>\n  One <a href=\"http://a/b?utm_source=rss&amp;c=1\" class=\"y\">two</a></p>\n\n<p>three </p>";
        let edits = [
            "<p>One <a href='https://a/b?c=2'>two</a></p><p>three</p>",
            "<p>One <a href='https://a/b?c=1'>two</a></p><p>four</p>",
        ];
        assert_eq!(compare(draft("1", "", "T", before), draft("1", "", " T", same)), (true, true));
        for edit in edits {
            assert_eq!(compare(draft("1", "", "T", before), draft("1", "", "T", edit)), (true, false), "{edit}");
        }
    }

    proptest! {
        #[test]
        fn posts_that_say_different_things_are_never_one(
            entries in prop::collection::vec(
                (
                    prop::sample::select(vec!["", "1", "2", "X", "x", "null", "http://a/1", "http://a/2?t=1700000000", "http://a/2?t=1700000001"]),
                    prop::sample::select(vec!["", "http://a/", "http://a/1", "http://a/2", "http://A/2/", "http://a/X"]),
                ),
                1..12,
            ),
        ) {
            let number = |(number, (id, link)): (usize, &(&str, &str))| {
                let mut draft = draft(id, link, &format!("Title {number}"), &format!("<p>{number}</p>"));
                draft.item.published = Some(domain::time::Timestamp::from_secs(1_700_000_000 + number as i64));
                draft
            };
            // A guid that two or more entries of one link have is believed twice: a post that is listed with its older version.
            let mut twice = std::collections::HashSet::new();
            let entries: Vec<_> = entries.into_iter().filter(|(id, link)| twice.insert((id.to_lowercase(), link.to_lowercase().replace("a/2/", "a/2")))).collect();
            let drafts: Vec<Draft> = entries.iter().enumerate().map(number).collect();
            prop_assert_eq!(keys(drafts).len(), entries.len());
        }

        #[test]
        fn white_space_and_tracking_never_change_who_or_what_an_entry_is(
            words in prop::collection::vec("[a-zé<>&]{1,6}", 1..8),
            path in "[a-z]{1,8}(/[a-z]{1,4}){0,2}",
            tracking in prop::sample::select(vec!["utm_source=x", "fbclid=1", "gclid=2&utm_medium=rss"]),
            secure in any::<bool>(),
        ) {
            let one = draft("", &format!("http://a.example/{path}?p=1"), "T", &format!("<p>{}</p>", words.join(" ")));
            let scheme = if secure { "https" } else { "http" };
            let link = format!("{scheme}://A.example/{path}?{tracking}&p=1");
            let other = draft("", &link, "T", &format!("<p>\n {}\t</p>", words.join("\n  ")));
            prop_assert_eq!(compare(one, other), (true, true));
        }
    }
}
