//! Discovery beyond the cases: pages that are meant to kill their reader, and any page at all.

use std::time::{Duration, Instant};

use proptest::prelude::*;

const BASE: &str = "https://example.org/feed";
const MANY: usize = 100_000;

#[test]
fn a_page_that_is_meant_to_kill_its_reader_has_few_candidates() {
    for piece in [
        "<a href=/feed>",
        "<a href=/rss>x",
        "<link rel=alternate type=application/rss+xml href=/f>",
        "<base href=/x><meta name=generator content=x>",
        "<link rel=alternate type='",
        "<a href=\"feed:feed:feed:",
        "&amp;",
        "<",
        "<!--",
    ] {
        #[expect(clippy::disallowed_methods, reason = "a hostile document is one that takes long")]
        let started = Instant::now();
        assert!(feed::discover::links(piece.repeat(MANY).as_bytes(), None, BASE).len() <= 1, "{piece}");
        assert!(started.elapsed() < Duration::from_secs(120), "{piece}: {:?}", started.elapsed());
    }
    let many: String = (0..MANY).map(|number| format!("<a href=/{number}/feed>x</a>")).collect();
    assert_eq!(feed::discover::links(many.as_bytes(), None, BASE).len(), 64);
    assert!(feed::discover::guess(&format!("https://github.com/{}", "a/".repeat(MANY))).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_candidate_is_a_web_link(href in "[ -~]{0,40}", url in "https?://[a-z.]{1,20}/[ -~]{0,40}", base in "[ -~]{0,20}") {
        let page = format!("<base href='{base}'><link rel=alternate type=application/rss+xml href=\"{href}\"><a href='{url}'>x</a>");
        let found = feed::discover::links(page.as_bytes(), None, BASE);
        let guessed = feed::discover::guess(&url).into_iter().chain(feed::discover::common_paths(&url));
        for candidate in found.into_iter().chain(guessed) {
            prop_assert!(candidate.url.starts_with("http://") || candidate.url.starts_with("https://"), "{}", candidate.url);
            prop_assert!(!candidate.url.contains(['"', '<', '>', ' ']), "{}", candidate.url);
        }
    }
}
