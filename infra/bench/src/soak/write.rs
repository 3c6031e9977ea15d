//! A feed as bytes, in three formats.

use std::fmt::Write as _;

use domain::time::Timestamp;
use faults::Dice;

/// What a feed calls its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// The same at each request.
    Stable,
    /// Now http, now https, with tracking parameters that change.
    Tracking,
    /// The link and the time of the request: new each time.
    Volatile,
}

/// How a feed is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    Rss,
    Atom,
    Json,
}

/// One entry.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// No other entry of any feed has it.
    pub(super) title: String,
    pub(super) published: Timestamp,
    /// Rises with each edit.
    pub(super) form: u32,
    /// About how long it is.
    pub(super) bytes: usize,
}

impl Entry {
    /// What its content says of itself, and nothing else says: its form first, its end last.
    pub(super) fn marks(&self) -> (String, String) {
        (format!("Form {} of {}.", self.form, self.title), format!("The end of {}.", self.title))
    }

    fn html(&self) -> String {
        let (form, end) = self.marks();
        format!("<p>{form}</p><p>{}</p><p>{end}</p>", noise(&self.title, self.bytes))
    }

    fn link(&self) -> String {
        format!("https://posts.example/{}", self.title)
    }

    fn id(&self, naming: Naming, request: u64) -> String {
        let link = self.link();
        match naming {
            Naming::Stable => format!("urn:post:{}", self.title),
            Naming::Tracking if request.is_multiple_of(2) => format!("{link}?utm_source=poll{request}"),
            Naming::Tracking => format!("{}?utm_medium=feed{request}", link.replacen("https", "http", 1)),
            Naming::Volatile => format!("{link}?{}", 1_700_000_000 + request),
        }
    }
}

/// Type and body of a feed with these entries.
pub(super) fn feed(
    format: Format,
    naming: Naming,
    title: &str,
    entries: &[&Entry],
    request: u64,
) -> (&'static str, String) {
    match format {
        Format::Rss => ("application/rss+xml", rss(naming, title, entries, request)),
        Format::Atom => ("application/atom+xml", atom(naming, title, entries, request)),
        Format::Json => ("application/feed+json", json(naming, title, entries, request)),
    }
}

fn rss(naming: Naming, title: &str, entries: &[&Entry], request: u64) -> String {
    let mut items = String::new();
    for entry in entries {
        // A writer to memory does not fail.
        write!(
            items,
            "<item><guid isPermaLink=\"false\">{}</guid><title>{}</title><link>{}</link><pubDate>{}</pubDate>\
             <description><![CDATA[{}]]></description></item>",
            entry.id(naming, request).replace('&', "&amp;"),
            entry.title,
            entry.link(),
            entry.published,
            entry.html(),
        )
        .unwrap_or_default();
    }
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{title}</title><link>https://posts.example/</link>\
         <description>A feed</description>{items}</channel></rss>"
    )
}

fn atom(naming: Naming, title: &str, entries: &[&Entry], request: u64) -> String {
    let mut items = String::new();
    for entry in entries {
        write!(
            items,
            "<entry><id>{}</id><title>{}</title><link href=\"{}\"/><published>{at}</published><updated>{at}</updated>\
             <content type=\"html\">{}</content></entry>",
            entry.id(naming, request).replace('&', "&amp;"),
            entry.title,
            entry.link(),
            entry.html().replace('&', "&amp;").replace('<', "&lt;"),
            at = entry.published,
        )
        .unwrap_or_default();
    }
    format!(
        "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:feed:{title}</id><title>{title}</title>\
         <updated>2026-01-31T12:00:00Z</updated>{items}</feed>"
    )
}

fn json(naming: Naming, title: &str, entries: &[&Entry], request: u64) -> String {
    let items = entries.iter().map(|entry| {
        serde_json::json!({
            "id": entry.id(naming, request),
            "title": entry.title,
            "url": entry.link(),
            "date_published": entry.published.to_string(),
            "content_html": entry.html(),
        })
    });
    let items: Vec<_> = items.collect();
    let version = "https://jsonfeed.org/version/1.1";
    serde_json::json!({ "version": version, "title": title, "items": items }).to_string()
}

/// Letters that do not compress well, the same for the same title.
fn noise(title: &str, bytes: usize) -> String {
    let mut dice = Dice::of(0, &[title.as_bytes()]);
    let letter = |n: usize, dice: &mut Dice| {
        if n % 60 == 59 { ' ' } else { char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or(0)) }
    };
    (0..bytes).map(|n| letter(n, &mut dice)).collect()
}
