//! Entries in each format that feeds are written in.

use serde_json::json;

use super::entries::Entry;

/// Who writes.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// Plain text.
    pub(super) title: String,
    /// `http://host:port`, without a slash at the end.
    pub(super) site: String,
}

/// Escapes for XML.
pub(super) fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One piece for each entry, put together.
fn each(entries: &[Entry], piece: impl Fn(&Entry) -> String) -> String {
    entries.iter().map(piece).collect()
}

/// RSS 2.0 with what `more` adds to each item.
pub(super) fn rss(channel: &Channel, entries: &[Entry], more: impl Fn(&Entry) -> String) -> String {
    let Channel { title, site } = channel;
    let items = each(entries, |entry| {
        format!(
            "<item><title>{}</title><link>{site}/{n}</link><guid isPermaLink=\"false\">{site}#{n}</guid><pubDate>{}</pubDate>\
             <description>{}</description>{}</item>\n",
            xml(&entry.title),
            entry.rfc822(),
            xml(&entry.html),
            more(entry),
            n = entry.number,
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\" xmlns:media=\"http://search.yahoo.com/mrss/\">\n<channel><title>{}</title>\
         <link>{site}/</link><description>A sample feed</description>\n{items}</channel></rss>\n",
        xml(title)
    )
}

/// RSS 0.91: no dates, no guids.
pub(super) fn rss091(channel: &Channel, entries: &[Entry]) -> String {
    let Channel { title, site } = channel;
    let items = each(entries, |entry| {
        format!(
            "<item><title>{}</title><link>{site}/{}</link><description>{}</description></item>\n",
            xml(&entry.title),
            entry.number,
            xml(&entry.html)
        )
    });
    format!(
        "<?xml version=\"1.0\"?>\n<rss version=\"0.91\"><channel><title>{}</title><link>{site}/</link>\
         <description>As in 1999</description><language>en</language>\n{items}</channel></rss>\n",
        xml(title)
    )
}

/// RSS 1.0, on RDF.
pub(super) fn rdf(channel: &Channel, entries: &[Entry]) -> String {
    let Channel { title, site } = channel;
    let order = each(entries, |entry| format!("<rdf:li resource=\"{site}/{}\"/>", entry.number));
    let items = each(entries, |entry| {
        format!(
            "<item rdf:about=\"{site}/{n}\"><title>{}</title><link>{site}/{n}</link><dc:date>{}</dc:date>\
             <description>{}</description></item>\n",
            xml(&entry.title),
            entry.at,
            xml(&entry.html),
            n = entry.number
        )
    });
    format!(
        "<?xml version=\"1.0\"?>\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n<channel rdf:about=\"{site}/\"><title>{}</title><link>{site}/</link>\
         <description>A sample feed</description><items><rdf:Seq>{order}</rdf:Seq></items></channel>\n{items}</rdf:RDF>\n",
        xml(title)
    )
}

/// Atom 1.0; its content as escaped HTML or as XHTML.
pub(super) fn atom(channel: &Channel, entries: &[Entry], xhtml: bool) -> String {
    let Channel { title, site } = channel;
    let content = |html: &str| match xhtml {
        true => format!("<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">{html}</div></content>"),
        false => format!("<content type=\"html\">{}</content>", xml(html)),
    };
    let items = each(entries, |entry| {
        format!(
            "<entry><id>{site}/{n}</id><title>{}</title><link href=\"{site}/{n}\"/><updated>{at}</updated><published>{at}</published>{}</entry>\n",
            xml(&entry.title),
            content(&entry.html),
            n = entry.number,
            at = entry.at,
        )
    });
    let updated = entries.first().map(|entry| entry.at.to_string()).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{site}/</id><title>{}</title>\
         <updated>{updated}</updated><link href=\"{site}/\"/><author><name>The Miller</name></author>\n{items}</feed>\n",
        xml(title)
    )
}

/// JSON Feed 1.1.
pub(super) fn json_feed(channel: &Channel, entries: &[Entry]) -> String {
    let Channel { title, site } = channel;
    let items: Vec<_> = entries
        .iter()
        .map(|entry| {
            let link = format!("{site}/{}", entry.number);
            json!({ "id": link, "url": link, "title": entry.title, "content_html": entry.html, "date_published": entry.at.to_string() })
        })
        .collect();
    json!({ "version": "https://jsonfeed.org/version/1.1", "title": title, "home_page_url": format!("{site}/"), "items": items }).to_string()
}

/// As ISO-8859-1; what that cannot write becomes a question mark.
pub(super) fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// As UTF-16, big end first, with its mark.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()
}

/// A web page, which is no feed.
pub(super) fn web_page(title: &str) -> String {
    let paragraphs = "<p>A page that somebody took for a feed.</p>\n".repeat(5);
    format!(
        "<!doctype html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>\n{paragraphs}</body></html>\n"
    )
}
