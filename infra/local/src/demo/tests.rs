//! The sample feeds are what they say they are.

use super::entries::{entries, rhythm};
use super::*;
use domain::time::Timestamp;
use std::collections::HashSet;

const STARTED: Timestamp = Timestamp::from_secs(1_700_000_000);

#[test]
fn time_adds_entries_and_changes_none() {
    let at = |secs| entries("x", rhythm(3, 10), STARTED, STARTED + Duration::from_secs(secs));
    let (early, late) = (at(0), at(25));
    assert_eq!((early.len(), late.len()), (3, 5));
    let titles = |list: &[super::entries::Entry]| list.iter().map(|e| (e.title.clone(), e.at)).collect::<Vec<_>>();
    assert_eq!(titles(&late)[2..], titles(&early)[..]);
    assert!(late.iter().all(|e| e.at <= STARTED + Duration::from_secs(25)), "nothing from the future");
}

#[test]
fn each_feed_has_a_host_and_a_path_of_its_own() {
    assert!(FEEDS.len() >= 20);
    let hosts: HashSet<_> = FEEDS.iter().map(Feed::host).collect();
    assert_eq!(hosts.len(), FEEDS.len());
}

#[tokio::test]
async fn the_good_feeds_are_read_with_all_their_entries() {
    let clock: Clock = Arc::new(|| STARTED);
    let origin = start_origin(&clock).await.unwrap();
    let settings = fetch::Settings {
        reach: fetch::Reach::with_private_networks(),
        ..fetch::Settings::new("0", "https://feedmill.example")
    };
    let fetcher = fetch::Fetcher::new(settings, clock).unwrap();
    for (name, format, least) in [
        ("gazette", "rss", 3),
        ("essays", "rss", 3),
        ("antique", "rss", 4),
        ("library", "rdf", 3),
        ("journal", "atom", 3),
        ("xhtml", "atom", 3),
        ("json", "json", 3),
        ("latin", "rss", 3),
        ("utf16", "rss", 2),
        ("podcast", "rss", 2),
        ("photos", "rss", 2),
        ("scripts", "rss", 2),
        ("sloppy", "rss", 3),
        ("huge", "rss", 1_500),
        ("moved", "atom", 2),
        ("detour", "rss", 2),
    ] {
        let feed = FEEDS.iter().find(|feed| feed.name == name).unwrap();
        let request = fetch::Request {
            url: &origin.url_at(&feed.host(), &feed.path()),
            validators: &domain::response::Validators::default(),
            timeout: Duration::from_secs(10),
            subscribers: 1,
            source: "x",
            start_by: None,
            login: None,
        };
        let answer = fetcher.get(&request).await.unwrap();
        let parsed = feed::parse(&answer.body, answer.content_type.as_deref(), &answer.final_url).unwrap();
        let shown = serde_json::to_value(&parsed).unwrap();
        assert_eq!((shown["format"].as_str().unwrap(), parsed.items.len()), (format, least), "{name}");
        assert!(!shown.to_string().contains("alert(1)"), "{name}");
        assert_eq!(parsed.items[0].enclosures.is_empty(), !matches!(name, "podcast" | "photos"), "{name}");
    }
}
