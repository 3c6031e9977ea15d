//! Lists of feeds beyond the cases: large ones, hostile ones, and that what is written is read again.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use feed::opml::{self, Folder, Opml, Subscription};
use properties::unordered;
use proptest::prelude::*;

#[allow(dead_code, reason = "the other properties are tried in corpus.rs")]
mod properties;

const MANY: usize = 100_000;

/// Reads in time that does not grow with the square of the document, on however busy a machine.
#[expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions alone, not their helpers")]
fn read(document: &str) -> Opml {
    #[expect(clippy::disallowed_methods, reason = "a hostile document is one that takes long")]
    let started = Instant::now();
    let list = opml::read(document.as_bytes()).unwrap();
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
    list
}

#[test]
fn fifty_thousand_outlines_are_read_and_written() {
    let mut document = String::from("<opml version='2.0'><body>");
    for folder in 0..500 {
        write!(document, "<outline text='Folder {folder}'>").unwrap();
        for feed in 0..100 {
            let row = format!("<outline text='Feed {feed}' xmlUrl='https://f{folder}.example/{feed}?a=1&amp;b=2'/>\n");
            document.push_str(&row);
        }
        document.push_str("</outline>");
    }
    let list = read(&document);
    assert_eq!((list.feeds.len(), list.folders.len(), list.refused.len()), (50_000, 500, 0));
    assert_eq!(list.path(list.feeds[49_999].folders[0]), ["Folder 499"]);
    assert_eq!(read(&opml::write(&list)), list);
}

#[test]
fn a_list_that_is_meant_to_kill_its_reader_is_read_in_one_pass() {
    let row = "<outline xmlUrl='https://a.example/'/>";
    for piece in [
        "<outline>",
        "<outline text='x'>",
        "</outline>",
        "<!--",
        "<![CDATA[",
        "<title><![CDATA[",
        "<title>",
        "<outline text=\"",
        "<outline text='<outline text=\"",
        "<outline text=\"<outline ",
        "<",
        "<a ",
        "<outline a=",
        "<outline/><?",
        "&",
        "<outline text='&amp",
        "<outline category='a,b,c,d,e,f,g,h,i/j/k' xmlUrl='https://a.example/'>",
    ] {
        read(&format!("<opml>{row}{}", piece.repeat(MANY / 2)));
    }
    read(&format!("<opml>{row}<outline text=\"{}\" {}>", "&".repeat(10 * MANY), "a='' ".repeat(10 * MANY)));
}

#[test]
fn a_list_may_hold_so_much_and_no_more() {
    let deep = format!("{}<outline xmlUrl='https://a.example/'/>", "<outline text='x'>".repeat(MANY));
    let list = read(&deep);
    assert_eq!((list.folders.len(), list.path(list.feeds[0].folders[0]).len()), (16, 16));

    let rows: String = (0..MANY + 2).map(|number| format!("<outline xmlUrl='https://a.example/{number}'/>")).collect();
    let list = read(&rows);
    assert_eq!((list.feeds.len(), list.refused.len()), (100_000, 2));
    assert_eq!(list.refused[0].reason.to_string(), "the list has more feeds than are allowed");

    let categories: String = (0..20_000).map(|number| format!("<outline text='f{number}'></outline>")).collect();
    assert_eq!(read(&categories).folders.len(), 10_000);
}

#[test]
fn what_is_written_is_escaped() {
    let feed = Subscription {
        url: "https://a.example/?a&b".to_owned(),
        title: Some("\"<b>\u{1}\u{ffff}&amp;'".to_owned()),
        site: None,
        description: None,
        folders: vec![7],
    };
    let list = Opml { title: Some("</title>".to_owned()), feeds: vec![feed], ..Opml::default() };
    let written = opml::write(&list);
    assert!(written.contains("<title>&lt;/title&gt;</title>"), "{written}");
    let title = "&quot;&lt;b&gt;  &amp;amp;'";
    let row =
        format!("<outline type=\"rss\" text=\"{title}\" title=\"{title}\" xmlUrl=\"https://a.example/?a&amp;b\"/>");
    assert!(written.contains(&row), "{written}");
}

#[test]
fn folders_that_hold_each_other_are_written_once() {
    let folder = |parent| Folder { name: "x".to_owned(), parent: Some(parent) };
    let list = Opml { folders: vec![folder(1), folder(0), folder(9), folder(3)], ..Opml::default() };
    assert_eq!(opml::write(&list).matches("<outline").count(), 4);
    assert_eq!(list.path(3), ["x"]);
}

/// Rows that readers trip over, in any order.
fn rows() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<outline",
            "<outline text='F'>",
            "<outline text='G' title='H'>",
            "</outline>",
            "/>",
            ">",
            "<",
            "\"",
            "'",
            " text=\"A &amp; B\"",
            " xmlUrl='https://a.example/f'",
            " XMLURL=https://b.example/",
            " url=\"https://c.example/ x\"",
            " type=link",
            " category='F,/G/H'",
            "<!--",
            "-->",
            "<title>T</title>",
            "\n",
            "</body>",
            "&#xFFFE;",
            "<![CDATA[",
            "]]>",
        ])
        .prop_map(str::to_owned),
        " text=\"[ -~]{0,12}\"",
        "[\u{80}-\u{ffff}]{0,3}",
        "<outline text=\"[a-z &;<]{0,9}\" xmlUrl=\"https?://[a-z]{1,3}/[ -~]{0,9}\"/>",
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(rows in rows()) {
        let list = read(&format!("<opml>{rows}"));
        let again = read(&opml::write(&list));
        prop_assert_eq!(unordered(&again), unordered(&list));
        prop_assert!(again.refused.is_empty());
        let written = opml::write(&again);
        prop_assert_eq!(opml::write(&read(&written)), written);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(opml::read(&bytes).is_err());
        let mut document = b"<outline text=".to_vec();
        document.extend(bytes);
        prop_assert!(opml::read(&document).is_ok_and(|list| list.feeds.len() <= 2));
    }
}
