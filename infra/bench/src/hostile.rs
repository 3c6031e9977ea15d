//! Documents that are meant to kill their reader.

/// A name and the document.
pub(crate) type Hostile = (&'static str, Vec<u8>);

const MANY: usize = 100_000;
const TEN_MEGABYTES: usize = 10_000_000;

/// As much as a body may hold, of each kind.
pub(crate) fn documents() -> Vec<Hostile> {
    let divs = [("<div>".repeat(MANY), "</div>".repeat(MANY)), ("<b>".repeat(MANY), String::new())];
    let attributes: String = (0..1_000_000).map(|number| format!(" a{number}=''")).collect();
    let mut documents = vec![
        ("100,000 nested elements", rss(&format!("<item>{}{}</item>", "<a>".repeat(MANY), "</a>".repeat(MANY)))),
        ("100,000 unclosed elements", rss(&format!("<item>{}", "<a>".repeat(MANY)))),
        ("100,000 nested media:group", rss(&format!("<item>{}", "<media:group>".repeat(MANY)))),
        ("a million attributes", rss(&format!("<item><title{attributes}>x</title></item>"))),
        ("HTML: 100,000 nested", entry(&format!("{}x{}", divs[0].0, divs[0].1))),
        ("HTML: 100,000 unclosed", entry(&divs[1].0)),
        ("HTML: a million attributes", entry(&format!("<p{attributes}>x"))),
        ("HTML: 10 MB of &", entry(&"&".repeat(TEN_MEGABYTES))),
        ("HTML: 10 MB of <", entry(&"<".repeat(TEN_MEGABYTES))),
        ("HTML: 10 MB of <a href=x>", entry(&"<a href=x>".repeat(TEN_MEGABYTES / 10))),
        ("10 MB of & in a title", rss(&format!("<item><title>{}</title></item>", "&".repeat(TEN_MEGABYTES)))),
        ("10 MB of < in a title", rss(&format!("<item><title>{}</title></item>", "<".repeat(TEN_MEGABYTES)))),
        (
            "10 MB of &amp; in a title",
            rss(&format!("<item><title>{}</title></item>", "&amp;".repeat(TEN_MEGABYTES / 5))),
        ),
        ("10 MB of empty items", rss(&"<item/>".repeat(TEN_MEGABYTES / 7))),
        ("10 MB of small items", rss(&"<item><guid>1</guid></item>".repeat(TEN_MEGABYTES / 27))),
        ("JSON: a million [", format!("{{\"items\":{}", "[".repeat(1_000_000))),
        (
            "JSON: 10 MB of {},",
            format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}", "{},".repeat(TEN_MEGABYTES / 3)),
        ),
    ];
    documents.push(("10 MB of white space", " ".repeat(TEN_MEGABYTES)));
    documents.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}

fn rss(items: &str) -> String {
    format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>T</title>{items}</channel></rss>"
    )
}

fn entry(html: &str) -> String {
    rss(&format!("<item><guid>1</guid><description><![CDATA[{html}]]></description></item>"))
}
