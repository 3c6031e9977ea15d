//! A list of feeds, cut into parts that are sent one after the other.

use std::collections::HashMap;

use feed::opml::{Opml, Subscription};
use url::Url;

/// A part has at least so many feeds, if there are so many.
const ENOUGH: usize = 50;
/// And at most so many.
const MOST: usize = 500;

/// The list in parts. Feeds of one host stay together as far as that goes: the first fetches of one part are spread over time, host by host.
pub(super) fn parts(list: &Opml) -> Vec<Opml> {
    let mut parts = Vec::new();
    let mut part: Vec<Subscription> = Vec::new();
    for host in by_host(&list.feeds) {
        for feed in host {
            if part.len() == MOST {
                parts.push(part_of(list, std::mem::take(&mut part)));
            }
            // What an import has no use for is not sent.
            part.push(Subscription { site: None, description: None, ..feed.clone() });
        }
        if part.len() >= ENOUGH {
            parts.push(part_of(list, std::mem::take(&mut part)));
        }
    }
    if !part.is_empty() {
        parts.push(part_of(list, part));
    }
    parts
}

pub(super) fn part_of(list: &Opml, feeds: Vec<Subscription>) -> Opml {
    Opml { title: None, folders: list.folders.clone(), feeds, refused: Vec::new() }
}

/// The feeds of each host, in the order in which hosts first appear.
fn by_host(feeds: &[Subscription]) -> Vec<Vec<&Subscription>> {
    let (mut groups, mut places) = (Vec::<Vec<&Subscription>>::new(), HashMap::new());
    for feed in feeds {
        let host = Url::parse(&feed.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let place = *places.entry(host).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(feed);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: &[(&str, usize)], sizes: &[usize]) {
        let most = hosts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let feed = |host: &str, at: usize| Subscription {
            url: format!("https://{host}/{at}"),
            title: None,
            site: None,
            description: None,
            folders: Vec::new(),
        };
        // The hosts take turns in the list.
        let turns =
            (0..most).flat_map(|at| hosts.iter().filter(move |(_, count)| at < *count).map(move |host| (at, host)));
        let list = Opml { feeds: turns.map(|(at, (host, _))| feed(host, at)).collect(), ..Opml::default() };
        let parts = parts(&list);
        assert_eq!(parts.iter().map(|part| part.feeds.len()).collect::<Vec<_>>(), sizes, "{hosts:?}");
        let mut sent: Vec<String> = parts.iter().flat_map(|part| &part.feeds).map(|feed| feed.url.clone()).collect();
        let mut all: Vec<String> = list.feeds.iter().map(|feed| feed.url.clone()).collect();
        sent.sort_unstable();
        all.sort_unstable();
        assert_eq!(sent, all, "each is sent once");
    }

    #[test]
    fn a_list_is_cut_between_hosts_and_within_one_only_where_it_has_very_many() {
        check(&[], &[]);
        check(&[("a", 3)], &[3]);
        check(&[("a", 40), ("b", 40), ("c", 5)], &[80, 5]);
        check(&[("a", 60), ("b", 60)], &[60, 60]);
        check(&[("a", 1_100), ("b", 1)], &[500, 500, 100, 1]);
    }
}
