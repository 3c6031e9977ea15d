//! Documents that are meant to kill their reader. Each must be answered, on the stack of an ordinary thread and in less than a second or so of an
//! optimised build (`bench -- parse` measures that); here the bound only tells what is linear from what takes the square of the input, on however busy a machine.

use std::fmt::Write;
use std::time::{Duration, Instant};

use domain::failure::ErrorCode;
use domain::parsed::Parsed;
use proptest::prelude::*;

const BASE: &str = "https://example.org/feed";
const MANY: usize = 100_000;

fn read(document: &[u8]) -> Result<Parsed, ErrorCode> {
    #[expect(clippy::disallowed_methods, reason = "a hostile document is one that takes long")]
    let started = Instant::now();
    let answer = feed::parse(document, None, BASE).map_err(|error| error.failure().code);
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
    answer
}

fn rss(items: &str) -> String {
    format!("<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel>{items}</channel></rss>")
}

fn check_refused(document: &str) {
    assert_eq!(read(document.as_bytes()).err(), Some(ErrorCode::FeedLimits));
}

/// HTML in an entry; what is left of it.
#[expect(clippy::expect_used, reason = "clippy.toml exempts test functions alone, not their helpers")]
fn entry_with(html: &str) -> String {
    let document = rss(&format!("<item><guid>1</guid><description><![CDATA[{html}]]></description></item>"));
    let parsed = read(document.as_bytes()).expect("a feed");
    parsed.items.first().and_then(|item| item.summary.clone()).unwrap_or_default()
}

#[test]
fn deep_nesting_is_refused_not_survived_by_luck() {
    for tag in ["x:y", "media:group", "media:content"] {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        check_refused(&rss(&format!("<item>{}{}</item>", open.repeat(MANY), close.repeat(MANY))));
        check_refused(&rss(&format!("<item>{}", open.repeat(MANY))));
    }
    check_refused(&format!("{{\"items\":{}", "[".repeat(1_000_000)));
    check_refused(&format!("{{\"items\":{}", "{\"a\":".repeat(MANY)));
    check_refused(&format!("<feed xmlns='http://www.w3.org/2005/Atom'>{}", "<logos>".repeat(MANY)));
    // Tags of HTML between fields are passed over, one by one.
    let html = rss(&format!("{0}<item><guid>1</guid>{0}<title>x</title></item>", "<div>".repeat(MANY)));
    assert_eq!(read(html.as_bytes()).map(|parsed| parsed.items.len()), Ok(1));
    let html = format!("<item><guid>1</guid><description>{}x", "<div>".repeat(MANY));
    assert_eq!(read(rss(&format!("{html}</description></item>")).as_bytes()).map(|parsed| parsed.items.len()), Ok(1));
}

#[test]
fn nesting_just_below_the_limit_fits_the_stack_of_an_ordinary_thread() {
    let (open, close) = ("<media:group>".repeat(124), "</media:group>".repeat(124));
    let document = rss(&format!("<item><guid>1</guid>{open}<media:content url='https://a.example/x'/>{close}</item>"));
    assert_eq!(read(document.as_bytes()).map(|parsed| parsed.items.len()), Ok(1));
}

#[test]
fn html_in_an_entry_may_be_as_deep_as_it_likes() {
    for open in [
        "<div>",
        "<b>",
        "<b id=1>",
        "<table><tr><td>",
        "<ul><li>",
        "<a href=x>",
        "<p><i>",
        "<svg>",
        "<math><mi>",
        "<table>",
        "<font size=1>",
        "<h1><ruby>",
    ] {
        entry_with(&open.repeat(MANY));
    }
    assert!(entry_with(&format!("{}kept{}", "<div>".repeat(MANY), "</div>".repeat(MANY))).contains("kept"));
}

#[test]
fn html_that_takes_its_square_elsewhere_is_read_in_one_pass() {
    let mut attributes = String::from("<p");
    for number in 0..MANY {
        write!(attributes, " a{number}=1").unwrap();
    }
    let formats: String = (0..2_000).map(|number| format!("<b id={number}>")).collect();
    let hostile = [
        attributes,
        format!("{formats}{}", "<p>x</p>".repeat(50_000)),
        format!("<table>{formats}{}", "<tr>x&".repeat(20_000)),
        "<!--".repeat(MANY),
        "<!-- --".repeat(MANY),
        "<p title=\"".repeat(MANY),
        "<script>".repeat(MANY),
        "<svg></sv".repeat(MANY),
        "</".repeat(MANY),
        "&".repeat(MANY),
        "&#".repeat(MANY),
        "<a href=x>".repeat(MANY),
        "<".repeat(MANY),
    ];
    for html in hostile {
        entry_with(&html);
    }
}

#[test]
fn what_would_multiply_in_memory_is_read_once_or_refused() {
    let text = "x".repeat(1_000_000);
    let groups = "<media:group><media:content url='a'/></media:group>".repeat(1_000);
    let document = rss(&format!("<item><media:description>{text}</media:description>{groups}</item>"));
    assert_eq!(read(document.as_bytes()).map(|parsed| parsed.items.len()), Ok(1));
    let document = rss(&format!("<item><title>x</title>{}</item>", "<enclosure url='y'/>".repeat(MANY)));
    assert_eq!(read(document.as_bytes()).map(|parsed| parsed.items.len()), Ok(1));
    let base = format!("https://example.org/{}/", "x".repeat(3_000));
    let links = rss(&"<item><link>y</link></item>".repeat(9_000));
    let answer = feed::parse(links.as_bytes(), None, &base).map_err(|error| error.failure().code);
    assert_eq!(answer.err(), Some(ErrorCode::FeedLimits));
    let authors: String =
        (0..60).map(|number| format!("<dc:creator>{number}{}</dc:creator>", "x".repeat(240))).collect();
    check_refused(&rss(&format!("{authors}{}", "<item><title>x</title></item>".repeat(9_000))));
    let items = "<item xml:base='x'><link>y</link></item>".repeat(9_000);
    check_refused(&rss(&items).replace("<channel>", &format!("<channel xml:base='{base}'>")));
}

/// Ten million bytes of one thing; fewer where nothing is optimised.
const BIG: usize = if cfg!(debug_assertions) { 40_000 } else { 10_000_000 };

#[test]
fn any_one_thing_ten_million_times_is_read_in_one_pass() {
    let things = [
        "&",
        "<",
        ">",
        "&#",
        "&a;",
        "&amp;",
        "&nbsp;",
        "<!--",
        "<![CDATA[",
        "<?",
        "<!",
        "</",
        "<a",
        "<a>",
        "</a>",
        "<a/>",
        "<br>",
        "<a b=\"",
        "<a b='\"",
        "<a \"=\"",
        "<a '\"<b \"'",
        "a='' ",
        "<item>",
        "<item/>",
        "</item>",
        "<item><title>",
        "<title>",
        "<title>x</title>",
        "<media:group>",
        "<author>",
        "<link href='x'/>",
        "<a xmlns:b='c'>",
        "<a xml:base='d/'>",
        "<item xml:base='d/'>",
        "]]>",
        "<!DOCTYPE [",
        "<rss ",
        "<rss version=\"",
        "<html>",
        "<category term='x'/>",
        "<div><p></div>",
        "é",
        "\0",
        "\u{1}x",
    ];
    for thing in things {
        let many = thing.repeat(BIG / thing.len());
        let wholes = [
            many.clone(),
            rss(&many),
            rss(&format!("<item><guid>1</guid>{many}</item>")),
            rss(&format!("<item><title>{many}</title></item>")),
            rss(&format!("<item><description>{many}</description></item>")),
            format!("<feed><entry><content type='xhtml'>{many}</content></entry></feed>"),
            format!("<rss {many}><channel/></rss>"),
            format!("<!DOCTYPE rss [{many}]><rss/>"),
        ];
        for document in wholes {
            // Whatever the answer is.
            drop(read(document.as_bytes()));
        }
    }
}

#[test]
fn of_a_million_attributes_the_first_are_read() {
    let document = rss(&format!("<item {}><title>x</title></item>", "a='' ".repeat(BIG / 5)));
    assert_eq!(read(document.as_bytes()).map(|parsed| parsed.items.len()), Ok(1));
}

#[test]
fn of_a_million_entries_the_first_ten_thousand_are_read() {
    let items: String = (0..200_000).map(|number| format!("<item><guid>{number}</guid></item>")).collect();
    let parsed = read(rss(&items).as_bytes()).expect("a feed");
    assert_eq!((parsed.items.len(), parsed.repaired), (10_000, vec!["entries_cut"]));
    let items = vec!["{\"id\":1,\"title\":\"x\"}"; MANY].join(",");
    let parsed = read(format!("{{\"items\":[{items}]}}").as_bytes()).expect("a feed");
    assert_eq!((parsed.items.len(), parsed.repaired), (1, vec!["entries_cut"]));
}

#[test]
fn entities_do_not_explode() {
    let mut entities = String::from("<!ENTITY a0 \"ha\">");
    for level in 1..20 {
        let inner = format!("&a{};", level - 1).repeat(10);
        write!(entities, "<!ENTITY a{level} \"{inner}\">").unwrap();
    }
    let document = format!("<!DOCTYPE rss [{entities}]>{}", rss("<title>&a19;</title><item><guid>1</guid></item>"));
    assert_eq!(read(document.as_bytes()).map(|parsed| parsed.items.len()), Ok(1));
    let external = format!("<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", rss("<title>&x;</title>"));
    assert_eq!(read(external.as_bytes()).map(|parsed| parsed.title), Ok(Some("&x;".to_owned())));
}

#[test]
fn utf_16_may_be_cut_anywhere() {
    let mut bytes = vec![0xfe, 0xff];
    bytes.extend(rss("<title>x</title>").encode_utf16().flat_map(u16::to_be_bytes));
    assert_eq!(read(&bytes).map(|parsed| parsed.title), Ok(Some("x".to_owned())));
    bytes.pop();
    assert!(read(&bytes).is_ok());
    assert!(read(&[0xff, 0xfe, 0, 0, 0x3c, 0, 0, 0]).is_err());
}

/// A feed of every kind, to be spoilt.
const SAMPLES: [&str; 4] = [
    include_str!("cases/rss/rss20.in"),
    include_str!("cases/atom/atom10.in"),
    include_str!("cases/rdf/rdf10.in"),
    include_str!("cases/json/version-1.1.in"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400), content_type in "[ -~]{0,40}", base in "[ -~]{0,40}") {
        prop_assert!(feed::parse(&bytes, Some(&content_type), &base).is_err());
        let mut document = b"<rss version='2.0'><channel><item><description>".to_vec();
        document.extend(bytes);
        document.extend(b"</description></item></channel></rss>");
        if let Ok(parsed) = feed::parse(&document, Some(&content_type), &base) {
            prop_assert!(parsed.items.len() <= 2);
        }
    }

    #[test]
    fn a_spoilt_feed_is_answered(
        sample in prop::sample::select(SAMPLES.to_vec()),
        cut in any::<prop::sample::Index>(),
        spots in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        truncate in any::<bool>(),
    ) {
        let mut bytes = sample.as_bytes().to_vec();
        for (at, byte) in spots {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        let once = feed::parse(&bytes, None, BASE).map_err(|error| error.failure());
        let twice = feed::parse(&bytes, None, BASE).map_err(|error| error.failure());
        prop_assert_eq!(once, twice);
    }
}

#[test]
fn broken_json_is_mended_in_one_pass() {
    let feed = "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[";
    let pieces = [
        "\"",
        "'",
        "\",",
        "\" ",
        "{},",
        "{",
        ",",
        ":",
        "}",
        "[{]}",
        "//\n",
        "/*",
        "/ ",
        "\\",
        "\\u",
        "\u{1}",
        "a ",
        "0,",
        "\"a\"\n\n\n",
        "{\"id\":\"",
    ];
    for piece in pieces {
        for start in ["", "{\"id\":\"", "{\"id\":\"1\",\"tags\":["] {
            let cut = format!("{feed}{start}{}", piece.repeat(MANY / 2));
            assert!(matches!(read(cut.as_bytes()), Ok(_) | Err(ErrorCode::FeedLimits)), "{start}{piece}");
        }
    }
    for front in ["[", "x(", "Warning { jsonfeed.org", "/*"] {
        assert!(read(front.repeat(MANY).as_bytes()).is_err(), "{front}");
    }
}
