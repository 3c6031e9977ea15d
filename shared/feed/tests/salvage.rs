//! Of a feed that is cut or damaged at any one place, every entry that is whole is read, and read as it would have been.

use domain::parsed::Parsed;
use feed::FeedError;

const BASE: &str = "https://example.org/feed";

/// Feeds of every format, and the end tag of their entries.
const FEEDS: [(&str, &str); 3] = [
    (include_str!("cases/rss/rss20.in"), "</item>"),
    (include_str!("cases/atom/atom10.in"), "</entry>"),
    (include_str!("cases/rdf/rdf10.in"), "</item>"),
];

fn read(document: &str) -> Result<Parsed, FeedError> {
    feed::parse(document.as_bytes(), None, BASE)
}

#[test]
fn a_feed_that_is_cut_anywhere_gives_its_whole_entries() {
    for (feed, end) in FEEDS {
        let whole = read(feed).unwrap();
        let root = feed.find("xmlns").unwrap();
        let root_end = root + feed[root..].find('>').unwrap() + 1;
        for (cut, _) in feed.char_indices().filter(|(at, _)| *at >= root_end) {
            let parsed = read(&feed[..cut]).unwrap();
            // An end tag that lacks its last character is one.
            let expected = feed[..cut].matches(end.trim_end_matches('>')).count();
            assert_eq!(parsed.items, whole.items[..expected], "cut behind {:?}", &feed[root_end..cut]);
            // The root's own end tag may lack its last character too.
            let is_told = ["truncated", "malformed"].iter().any(|name| parsed.repaired.contains(name));
            assert_eq!(is_told, cut < feed.trim_end().len(), "cut behind {:?}", &feed[root_end..cut]);
        }
    }
}

#[test]
fn damage_inside_of_an_entry_is_not_felt_by_the_others() {
    // What is put into the first entry, anywhere between its fields.
    let damages =
        ["<", ">", "&", "<b", "<b>", "</b>", "</", "<!", "\"", "<b c=\"", "<br>", "]]>", "&#;", "<?", "</x y=\">"];
    for (feed, end) in FEEDS {
        let whole = read(feed).unwrap();
        let (first, last) = (feed.find(&end.replace('/', "")[..end.len() - 2]).unwrap(), feed.find(end).unwrap());
        let gaps = feed[first..last].match_indices("><").map(|(at, _)| first + at + 1);
        for (gap, damage) in gaps.flat_map(|gap| damages.map(|damage| (gap, damage))) {
            let parsed = read(&format!("{}{damage}{}", &feed[..gap], &feed[gap..])).unwrap();
            let others = parsed.items.len().min(1);
            assert_eq!(parsed.items[others..], whole.items[1..], "{damage} at {:?}", &feed[first..gap]);
            assert_eq!(parsed.items.len(), whole.items.len(), "{damage} at {:?}", &feed[first..gap]);
        }
    }
}
