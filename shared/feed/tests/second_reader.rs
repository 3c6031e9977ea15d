//! Feeds as the specifications want them are read as another reader, feed-rs, reads them: titles, links, ids, dates and how many there are.

use domain::parsed::Format;
use feed_rs::model::Entry;
use feed_rs::parser::Builder;
use proptest::prelude::*;

/// An entry that can be written in any format. The date is minutes after the beginning of 2026.
#[derive(Clone, Debug)]
struct Post {
    id: Option<u16>,
    title: String,
    link: u16,
    date: Option<u16>,
    text: String,
}

impl Post {
    fn rfc_3339(&self) -> Option<String> {
        let date = self.date?;
        Some(format!("2026-01-{:02}T{:02}:{:02}:00Z", date / 1440 + 1, date / 60 % 24, date % 60))
    }

    fn rfc_822(&self) -> Option<String> {
        let date = self.date?;
        // Thursday was the first.
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        let (day, hour, minute) = (date / 1440, date / 60 % 24, date % 60);
        Some(format!("{}, {:02} Jan 2026 {hour:02}:{minute:02}:00 GMT", days[usize::from(day % 7)], day + 1))
    }

    fn rss(&self) -> String {
        let Self { title, link, text, .. } = self;
        let id = self.id.map(|id| format!("<guid isPermaLink=\"false\">post-{id}</guid>")).unwrap_or_default();
        let date = self.rfc_822().map(|date| format!("<pubDate>{date}</pubDate>")).unwrap_or_default();
        format!(
            "<item>{id}<title>{title}</title>\n<link>https://a.example/{link}</link>{date}<description><![CDATA[{text}]]></description></item>"
        )
    }

    fn rdf(&self) -> String {
        let Self { title, link, text, .. } = self;
        let date = self.rfc_3339().map(|date| format!("<dc:date>{date}</dc:date>")).unwrap_or_default();
        format!(
            "<item rdf:about=\"https://a.example/{link}\"><title>{title}</title><link>https://a.example/{link}</link>{date}<description>{text}</description></item>"
        )
    }

    fn atom(&self) -> String {
        let Self { title, link, text, .. } = self;
        let date = self.rfc_3339().unwrap_or_else(|| "2025-12-31T00:00:00Z".to_owned());
        format!(
            "<entry><id>urn:post:{link}</id><title>{title}</title><link rel=\"alternate\" href=\"https://a.example/{link}\"/>
            <updated>{date}</updated><published>{date}</published><summary>{text}</summary></entry>"
        )
    }
}

fn posts() -> impl Strategy<Value = Vec<Post>> {
    let words = "[A-Za-z][a-z]{0,8}( [a-zà-ü]{1,9}){0,4}( &amp; [a-z]{2,5})?";
    let post = (any::<Option<u16>>(), words, any::<u16>(), prop::option::of(0..40_000_u16), words);
    let post = post.prop_map(|(id, title, link, date, text)| Post { id, title, link, date, text });
    // Two of one id or link are one to Feedmill.
    prop::collection::vec(post, 0..12).prop_map(|mut posts| {
        posts.sort_by_key(|post| post.link);
        posts.dedup_by_key(|post| post.link);
        posts.sort_by_key(|post| (post.id, post.link));
        posts.dedup_by(|one, other| one.id.is_some() && one.id == other.id);
        posts
    })
}

fn link_of(entry: &Entry) -> Option<String> {
    entry.links.first().map(|link| link.href.clone())
}

#[expect(clippy::expect_used, reason = "clippy.toml exempts test functions alone, not their helpers")]
fn check(document: &str) -> Result<(), TestCaseError> {
    let base = "https://a.example/feed";
    let ours = feed::parse(document.as_bytes(), None, base).expect("a feed");
    let theirs = Builder::new().base_uri(Some(base)).build().parse(document.as_bytes()).expect("a feed");
    let format = ours.format;
    prop_assert_eq!(&ours.repaired, &Vec::<&str>::new());
    prop_assert_eq!(&ours.title, &theirs.title.map(|title| title.content));
    prop_assert_eq!(&ours.link, &theirs.links.first().map(|link| link.href.clone()));
    prop_assert_eq!(ours.items.len(), theirs.entries.len());
    for (ours, theirs) in ours.items.iter().zip(&theirs.entries) {
        prop_assert_eq!(&ours.title, &theirs.title.as_ref().map(|title| title.content.clone()));
        prop_assert_eq!(&ours.link, &link_of(theirs));
        // It makes one up where there is none, and for RDF always.
        if let Some(id) = ours.id.as_ref().filter(|_| format != Format::Rdf) {
            prop_assert_eq!(id, &theirs.id);
        }
        let millis = |at: domain::time::Timestamp| at.as_millis();
        let published = ours.published.or(ours.updated).map(millis);
        prop_assert_eq!(published, theirs.published.or(theirs.updated).map(|at| at.timestamp_millis()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rss_is_read_as_another_reads_it(posts in posts()) {
        let items: String = posts.iter().map(Post::rss).collect();
        check(&format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title><link>https://a.example/</link><description>d</description>{items}</channel></rss>"))?;
    }

    #[test]
    fn rdf_is_read_as_another_reads_it(posts in posts()) {
        let items: String = posts.iter().map(Post::rdf).collect();
        check(&format!("<?xml version=\"1.0\"?><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel rdf:about=\"https://a.example/\"><title>T</title><link>https://a.example/</link><description>d</description></channel>{items}</rdf:RDF>"))?;
    }

    #[test]
    fn atom_is_read_as_another_reads_it(posts in posts()) {
        let entries: String = posts.iter().map(Post::atom).collect();
        check(&format!("<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title><id>urn:feed</id><link href=\"https://a.example/\"/><updated>2026-01-01T00:00:00Z</updated>{entries}</feed>"))?;
    }
}
