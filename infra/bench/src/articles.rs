//! Feeds of articles as blogs and magazines write them, made from a seed: the same bytes at each run.

use std::fmt::Write as _;

use crate::farm::mix;

/// Seconds since the epoch of the newest article: 31 January 2026, 11:00 UTC.
const NEWEST: i64 = 1_769_857_200;
/// About so many bytes of HTML an article has.
const ARTICLE_BYTES: usize = 5_000;

/// The notation of a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Rss,
    Atom,
    Rdf,
    Json,
}

impl Format {
    pub(crate) const ALL: [Self; 4] = [Self::Rss, Self::Atom, Self::Rdf, Self::Json];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::Rdf => "RDF",
            Self::Json => "JSON",
        }
    }
}

const WORDS: [&str; 32] = [
    "mill",
    "grain",
    "river",
    "wheel",
    "stone",
    "baker",
    "morning",
    "flour",
    "sack",
    "miller",
    "bread",
    "water",
    "season",
    "the",
    "a",
    "of",
    "and",
    "which",
    "turned",
    "slowly",
    "because",
    "nobody",
    "would",
    "have",
    "noticed",
    "caf\u{e9}",
    "sluice",
    "\u{2014}",
    "rye,",
    "wheat.",
    "harvest",
    "worn",
];

/// One article.
struct Article {
    number: usize,
    html: String,
    at: jiff::Timestamp,
}

/// A feed of about `bytes` bytes.
pub(crate) fn feed(format: Format, bytes: usize) -> Vec<u8> {
    let count = (bytes / (ARTICLE_BYTES + 500)).max(1);
    let article = |number| Article {
        number,
        html: html(mix(number as u64)),
        at: jiff::Timestamp::from_second(NEWEST - 25_000 * number as i64).unwrap_or_default(),
    };
    let articles: Vec<Article> = (0..count).map(article).collect();
    match format {
        Format::Rss => rss(&articles),
        Format::Atom => atom(&articles),
        Format::Rdf => rdf(&articles),
        Format::Json => json(&articles),
    }
    .into_bytes()
}

/// Puts words, links and emphasis into `out`.
fn prose(n: &mut u64, words: u64, out: &mut String) {
    for _ in 0..words {
        *n = mix(*n);
        let word = WORDS[(*n >> 59) as usize];
        // Writing to a string cannot fail.
        let put = match *n % 40 {
            0 => write!(
                out,
                "<a href=\"https://example.org/{word}?ref={}&amp;x=1\" class=\"external\">{word}</a> ",
                *n % 1000
            ),
            1 => write!(out, "<em>{word}</em> "),
            2 => write!(out, "<strong style=\"color:red\">{word}</strong> "),
            3 => write!(out, "{word}&nbsp;&#8211; "),
            4 => write!(out, "<code>{word}</code>, "),
            _ => write!(out, "{word} "),
        };
        put.unwrap_or_default();
    }
}

/// The HTML of an article.
pub(crate) fn html(seed: u64) -> String {
    let mut out = String::with_capacity(ARTICLE_BYTES + 2_000);
    let mut n = seed;
    while out.len() < ARTICLE_BYTES {
        n = mix(n);
        let put = match n % 10 {
            0 => writeln!(out, "<h2 id=\"part-{}\">On wheels</h2>", n % 100),
            1 => writeln!(
                out,
                "<figure class=\"wp-block-image\"><img src=\"/images/{0}.jpg\" srcset=\"/images/{0}-300.jpg 300w, /images/{0}.jpg 1024w\" alt=\"A mill\" width=\"1024\" height=\"768\" loading=\"lazy\"><figcaption>A mill</figcaption></figure>",
                n % 1000
            ),
            2 => writeln!(out, "<ul>\n<li>grain</li>\n<li>flour</li>\n<li>bread</li>\n</ul>"),
            3 => writeln!(
                out,
                "<blockquote cite=\"https://example.org/q\"><p>Grind while the water runs.</p></blockquote>"
            ),
            4 => writeln!(
                out,
                "<pre><code class=\"language-rust\">let x: Vec&lt;u8&gt; = grind(&amp;grain);\n</code></pre>"
            ),
            _ => {
                out.push_str("<p>");
                prose(&mut n, 60, &mut out);
                writeln!(out, "</p>")
            }
        };
        put.unwrap_or_default();
    }
    out
}

fn escaped(html: &str) -> String {
    html.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn each(articles: &[Article], piece: impl Fn(&Article) -> String) -> String {
    articles.iter().map(piece).collect()
}

fn rss(articles: &[Article]) -> String {
    let items = each(articles, |Article { number, html, at }| {
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT");
        format!(
            "<item><title>About mills, part {number} &#8212; &amp; more</title><link>https://example.org/{number}/?utm_source=rss</link>\
             <dc:creator><![CDATA[Ada Miller]]></dc:creator><pubDate>{date}</pubDate><category><![CDATA[Mills]]></category><category>Bread</category>\
             <guid isPermaLink=\"false\">https://example.org/?p={number}</guid><description><![CDATA[<p>Grind while the water runs &#8230;</p>]]></description>\
             <content:encoded><![CDATA[{html}]]></content:encoded><wfw:commentRss>https://example.org/{number}/feed/</wfw:commentRss>\
             <slash:comments>3</slash:comments></item>\n"
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:wfw=\"http://wellformedweb.org/CommentAPI/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:slash=\"http://purl.org/rss/1.0/modules/slash/\"><channel><title>Mills</title><link>https://example.org</link>\
         <description>On mills</description><language>en-GB</language>\n{items}</channel></rss>\n"
    )
}

fn atom(articles: &[Article]) -> String {
    let items = each(articles, |Article { number, html, at }| {
        format!(
            "<entry><title type=\"html\">About mills, part {number}</title><link rel=\"alternate\" type=\"text/html\" href=\"https://example.org/{number}\"/>\
             <id>tag:example.org,2026:{number}</id><published>{at}</published><updated>{at}</updated><author><name>Ada Miller</name></author>\
             <category term=\"mills\" label=\"Mills\"/><content type=\"html\" xml:base=\"https://example.org/\">{}</content></entry>\n",
            escaped(html)
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\"><title>Mills</title>\
         <id>tag:example.org,2026:feed</id><updated>2026-01-31T11:00:00Z</updated><link href=\"https://example.org/\"/>\n{items}</feed>\n"
    )
}

fn rdf(articles: &[Article]) -> String {
    let items = each(articles, |Article { number, html, at }| {
        format!(
            "<item rdf:about=\"https://example.org/{number}\"><title>About mills, part {number}</title><link>https://example.org/{number}</link>\
             <dc:date>{at}</dc:date><dc:creator>Ada Miller</dc:creator><dc:subject>Mills</dc:subject><description>{}</description></item>\n",
            escaped(html)
        )
    });
    format!(
        "<?xml version=\"1.0\"?>\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel rdf:about=\"https://example.org/\"><title>Mills</title><link>https://example.org/</link>\
         <description>On mills</description></channel>\n{items}</rdf:RDF>\n"
    )
}

fn json(articles: &[Article]) -> String {
    let item = |Article { number, html, at }: &Article| {
        serde_json::json!({
            "id": format!("https://example.org/?p={number}"),
            "url": format!("https://example.org/{number}"),
            "title": format!("About mills, part {number}"),
            "date_published": at.to_string(),
            "authors": [{ "name": "Ada Miller" }],
            "tags": ["Mills", "Bread"],
            "content_html": html,
        })
    };
    let items: Vec<_> = articles.iter().map(item).collect();
    serde_json::json!({ "version": "https://jsonfeed.org/version/1.1", "title": "Mills", "home_page_url": "https://example.org/", "items": items })
        .to_string()
}
