//! Sites whose addresses tell where their feeds are.

use url::Url;

use super::pattern::{filled, matched};
use super::{Candidate, Kind, Reason, ranked};
use crate::links;

/// `known.txt`: a row for each kind of page, its columns apart by two spaces or more; lines that begin with `#` say where a row is from.
const KNOWN: &str = include_str!("known.txt");

/// One kind of page.
#[derive(Debug)]
struct Known {
    kind: Kind,
    /// What its feed is called.
    title: &'static str,
    /// Its address, and that of its feed.
    page: &'static str,
    feed: &'static str,
}

impl Known {
    fn of(line: &'static str) -> Option<Self> {
        let mut columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
        let kind = match columns.next()? {
            "rss" => Kind::Rss,
            "atom" => Kind::Atom,
            _ => return None,
        };
        Some(Self { kind, title: columns.next()?, page: columns.next()?, feed: columns.next()? })
    }
}

/// Hosts with pages at `/@name`, `/c/name` or `/u/name` that are none of Mastodon's or Lemmy's.
const OTHERS: [&str; 10] = [
    "youtube.com",
    "medium.com",
    "reddit.com",
    "tiktok.com",
    "threads.net",
    "threads.com",
    "odysee.com",
    "rumble.com",
    "substack.com",
    "instagram.com",
];

/// Names that are no person, project or blog where the pattern would take them for one.
const PAGES: [&str; 26] = [
    "about",
    "account",
    "blog",
    "channels",
    "categories",
    "explore",
    "features",
    "feed",
    "following",
    "groups",
    "help",
    "home",
    "jobs",
    "login",
    "m",
    "me",
    "new",
    "notifications",
    "pricing",
    "search",
    "settings",
    "signup",
    "tag",
    "topics",
    "watch",
    "www",
];

/// The feeds that an address tells of, in order of likelihood; none if it is of no site that is known.
pub fn guess(url: &str) -> Vec<Candidate> {
    let Some(url) = links::base(url) else {
        return Vec::new();
    };
    let candidate = |known: Known| {
        if known.page.starts_with("*/") && is_of_another(&url) {
            return None;
        }
        let names = matched(known.page, &url)?;
        // The first is the host.
        if names.get(1).is_some_and(|(_, name)| PAGES.contains(&name.to_ascii_lowercase().as_str())) {
            return None;
        }
        let url = links::resolve(&filled(known.feed, &names), None)?;
        Some(Candidate { url, title: Some(known.title.to_owned()), kind: Some(known.kind), reason: Reason::KnownSite })
    };
    ranked(KNOWN.lines().filter_map(Known::of).filter_map(candidate).collect())
}

fn is_of_another(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    OTHERS.iter().any(|other| host == *other || host.strip_suffix(other).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_table_is_whole_and_makes_an_address() {
        let rows = KNOWN.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut count = 0;
        for row in rows {
            let known = Known::of(row).unwrap_or_else(|| panic!("not four columns: {row}"));
            let names = known.page.matches('{').count();
            assert!(names > 0 || known.page.ends_with("/*"), "{row}");
            for name in known.feed.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                let is_named =
                    [format!("{{{name}}}"), format!("{{{name}:")].iter().any(|name| known.page.contains(name));
                assert!(name == "host" || is_named, "{name}: {row}");
            }
            assert!(known.feed.starts_with("https://"), "{row}");
            count += 1;
        }
        assert!(count > 60, "{count}");
    }
}
