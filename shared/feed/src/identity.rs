//! What makes an entry the same at every poll, and what makes it an edit.
//!
//! The key is over the guid where the feed's guids tell entries apart, else the link, else title, date and content; the content hash over what a reader
//! reads, taken from HTML that is not cleaned yet, so that only new and edited entries need cleaning.

use std::collections::HashMap;

use domain::parsed::{ContentHash, NaturalKey};

use crate::draft::{Draft, Markup};
use crate::html::{Token, Tokens};
use crate::links;

/// Gives each entry its key and content hash; of entries with the same key the first stays.
pub(crate) fn assign(drafts: &mut Vec<Draft>) {
    let names: Vec<Names> = drafts.iter().map(Names::of).collect();
    let guids =
        Shared::of(names.iter().map(|names| (names.guid.as_deref(), names.link.as_deref().or(names.title.as_deref()))));
    let links = Shared::of(names.iter().map(|names| (names.link.as_deref(), names.title.as_deref())));
    let mut seen = HashMap::with_capacity(drafts.len());
    let mut names = names.iter();
    drafts.retain_mut(|draft| {
        let Some(names) = names.next() else { return false };
        let guid = names.guid.as_deref().filter(|guid| !guids.is_shared(guid));
        let link = || names.link.as_deref().filter(|link| !links.is_shared(link));
        let content = content_hash(draft);
        draft.item.content_hash = content;
        draft.item.key = match guid.or_else(link) {
            Some(name) => key(&["name", name]),
            None => {
                let date = draft.item.published.or(draft.item.updated).map(|at| at.as_millis().to_string());
                let hash = u64::from_be_bytes(content.0).to_string();
                key(&["text", draft.item.title.as_deref().unwrap_or_default(), &date.unwrap_or_default(), &hash])
            }
        };
        seen.insert(draft.item.key, ()).is_none()
    });
}

/// An entry's guid and link in the form in which they are compared: case and scheme differ from poll to poll in some feeds.
struct Names {
    guid: Option<String>,
    link: Option<String>,
    title: Option<String>,
}

impl Names {
    fn of(draft: &Draft) -> Self {
        let normal = |name: &str| {
            let mut normal = String::with_capacity(name.len());
            links::push_normal(name, &mut normal);
            Some(normal.to_lowercase()).filter(|normal| !normal.is_empty())
        };
        Self {
            guid: draft.item.id.as_deref().and_then(normal),
            link: draft.item.link.as_deref().and_then(normal),
            title: draft.item.title.clone(),
        }
    }
}

/// Names that more than one entry has, and therefore none.
struct Shared<'a>(HashMap<&'a str, Owner<'a>>);

enum Owner<'a> {
    One(Option<&'a str>),
    Many,
}

impl<'a> Shared<'a> {
    /// Each entry's name, and by what else one tells whether two entries of that name are one.
    fn of(entries: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Self {
        let mut owners = HashMap::new();
        for (name, other) in entries {
            let Some(name) = name else { continue };
            let owner = owners.entry(name).or_insert(Owner::One(other));
            if matches!(owner, Owner::One(first) if *first != other) {
                *owner = Owner::Many;
            }
        }
        Self(owners)
    }

    fn is_shared(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Owner::Many))
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

fn content_hash(draft: &Draft) -> ContentHash {
    let mut normal = String::new();
    push_words(draft.item.title.as_deref().unwrap_or_default(), &mut normal);
    for markup in [&draft.summary, &draft.content] {
        normal.push('\0');
        if let Some(markup) = markup {
            push_markup(markup, &mut normal);
        }
    }
    for enclosure in &draft.item.enclosures {
        normal.push('\0');
        links::push_normal(&enclosure.url, &mut normal);
    }
    let mut hash = [0; 8];
    hash.copy_from_slice(&blake3::hash(normal.as_bytes()).as_bytes()[..8]);
    ContentHash(hash)
}

fn push_markup(markup: &Markup, out: &mut String) {
    if !markup.is_html {
        return push_words(&markup.body, out);
    }
    let mut tokens = Tokens::new(&markup.body);
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => push_words(text, out),
            Token::Start(_) => {
                for attribute in ["href", "src"] {
                    if let Some(link) = tokens.attribute(attribute) {
                        out.push('\x01');
                        links::push_normal(link, out);
                        out.push('\x02');
                    }
                }
            }
            Token::End(_) => {}
        }
    }
}

/// Text without its white space: between tags it comes and goes with how the page is laid out.
fn push_words(text: &str, out: &mut String) {
    out.extend(text.split_whitespace());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft(id: &str, link: &str, title: &str, content: &str) -> Draft {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let mut draft = Draft::empty();
        (draft.item.id, draft.item.link, draft.item.title) = (some(id), some(link), some(title));
        draft.content = Some(Markup { body: content.to_owned(), is_html: true });
        draft
    }

    fn keys(mut drafts: Vec<Draft>) -> Vec<NaturalKey> {
        assign(&mut drafts);
        drafts.iter().map(|draft| draft.item.key).collect()
    }

    /// Whether two entries, each alone in its feed, are the same and say the same.
    fn compare(one: Draft, other: Draft) -> (bool, bool) {
        let (mut one, mut other) = (vec![one], vec![other]);
        assign(&mut one);
        assign(&mut other);
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
        assign(&mut drafts);
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
