//! A stream as an Atom feed (RFC 4287), for apps that read items that way: newsboat as a FeedHQ client does.

use domain::time::Timestamp;

use super::item::Facts;
use super::item_id;

/// The scheme of categories that are tags.
const SCHEME: &str = "http://www.google.com/reader/";

/// What unread items carried.
const FRESH: &str = "user/-/state/com.google/fresh";

/// An Atom feed that grows by entries.
pub(super) struct Atom(String);

impl Atom {
    /// Of the stream with this id.
    pub(super) fn of(stream: &str, title: &str, updated: Timestamp) -> Self {
        let mut text =
            String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">");
        element(&mut text, "id", "", &format!("tag:google.com,2005:reader/{stream}"));
        element(&mut text, "title", "", title);
        element(&mut text, "updated", "", &updated.to_string());
        Self(text)
    }

    /// Adds an entry, if that leaves at most `most` bytes; false if it does not. One that would not fit any feed comes without its content.
    pub(super) fn push(&mut self, facts: &mut Facts<'_>, most: usize) -> bool {
        let (before, start) = (self.0.len(), HEAD.len() + END.len() + AROUND);
        entry(&mut self.0, facts);
        if self.0.len() - before + start > most {
            self.0.truncate(before);
            facts.html = None;
            entry(&mut self.0, facts);
        }
        let fits = self.0.len() + END.len() <= most;
        if !fits {
            self.0.truncate(before);
        }
        fits
    }

    /// The whole document.
    pub(super) fn finish(mut self) -> String {
        self.0.push_str(END);
        self.0
    }
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">";
/// More than title and id of a stream take.
const AROUND: usize = 10_000;
const END: &str = "\n</feed>\n";

fn entry(text: &mut String, facts: &Facts<'_>) {
    text.push_str("\n<entry>");
    element(text, "id", "", &item_id::long(facts.number));
    element(text, "title", " type=\"text\"", facts.title.unwrap_or_default());
    element(text, "published", "", &facts.published.to_string());
    element(text, "updated", "", &facts.updated.unwrap_or(facts.published).to_string());
    empty(text, "link", &[("rel", "alternate"), ("type", "text/html"), ("href", facts.href())]);
    for enclosure in facts.enclosures {
        let media_type = enclosure.media_type.as_deref().unwrap_or("application/octet-stream");
        empty(text, "link", &[("rel", "enclosure"), ("type", media_type), ("href", &enclosure.url)]);
    }
    for author in facts.authors {
        text.push_str("<author>");
        element(text, "name", "", author);
        text.push_str("</author>");
    }
    for tag in facts.tags() {
        category(text, &tag);
    }
    if !facts.read {
        // Without it, newsboat takes a post that it knows as read for read for ever.
        category(text, FRESH);
    }
    element(text, "content", " type=\"html\"", facts.html.unwrap_or_default());
    text.push_str("</entry>");
}

/// A tag, with its last word as label (`read`, `starred`, a name); a category of the feed as it is.
fn category(text: &mut String, tag: &str) {
    let label = tag.strip_prefix("user/-/state/com.google/").or_else(|| tag.strip_prefix("user/-/label/"));
    match label {
        Some(label) => empty(text, "category", &[("term", tag), ("scheme", SCHEME), ("label", label)]),
        None => empty(text, "category", &[("term", tag)]),
    }
}

fn element(text: &mut String, name: &str, attributes: &str, content: &str) {
    text.extend(["<", name, attributes, ">"]);
    escape(text, content);
    text.extend(["</", name, ">"]);
}

fn empty(text: &mut String, name: &str, attributes: &[(&str, &str)]) {
    text.extend(["<", name]);
    for (attribute, value) in attributes {
        text.extend([" ", attribute, "=\""]);
        escape(text, value);
        text.push('"');
    }
    text.push_str("/>");
}

/// Characters that XML 1.0 cannot hold at all (section 2.2) are left out.
fn escape(text: &mut String, content: &str) {
    for char in content.chars() {
        match char {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => text.push(char),
            // A parser would make it a line feed.
            '\r' => text.push_str("&#13;"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::tests::{bare, origin};
    use super::*;
    use domain::parsed::Enclosure;

    #[test]
    fn our_own_reading_of_a_feed_finds_in_it_what_was_written() {
        let origin = origin();
        let files = [Enclosure {
            url: "https://a.example/1.mp3?a=1&b=2".into(),
            media_type: Some("audio/mpeg".into()),
            length: None,
        }];
        let authors = ["Ada & \"Bob\"".to_owned()];
        let mut facts = Facts {
            title: Some("A < B & \u{1}\u{ffff}C"),
            url: Some("https://a.example/?x=1&y=<2>"),
            authors: &authors,
            html: Some("<p>tea &amp; <b>milk</b></p>"),
            enclosures: &files,
            read: true,
            labels: vec!["\"x\""],
            ..bare(&origin)
        };
        let mut atom = Atom::of("feed/3kTMd9aZ", "News & more", Timestamp::from_secs(1_800_000_000));
        assert!(atom.push(&mut facts, 20_000));
        let text = atom.finish();
        let parsed = feed::parse(text.as_bytes(), Some("application/atom+xml"), "https://b.example/").unwrap();
        assert!(parsed.repaired.is_empty(), "{:?}", parsed.repaired);
        assert_eq!(parsed.title.as_deref(), Some("News & more"));
        let [item] = &parsed.items[..] else { panic!("{text}") };
        assert_eq!(item.id.as_deref(), Some(item_id::long(facts.number).as_str()));
        assert_eq!(item.title.as_deref(), Some("A < B & C"));
        assert_eq!(item.link.as_deref(), Some("https://a.example/?x=1&y=%3C2%3E"));
        assert_eq!(item.content.as_deref(), facts.html);
        assert_eq!((item.published, &item.authors), (Some(facts.published), &authors.to_vec()));
        assert_eq!(item.enclosures[0].url, files[0].url);
        let read =
            "<category term=\"user/-/state/com.google/read\" scheme=\"http://www.google.com/reader/\" label=\"read\"/>";
        assert!(!text.contains("fresh") && text.contains(read) && text.contains("label=\"&quot;x&quot;\""), "{text}");
    }

    #[test]
    fn an_entry_that_does_not_fit_is_left_out_whole() {
        let origin = origin();
        let mut atom = Atom::of("feed/3kTMd9aZ", "News", Timestamp::EPOCH);
        let empty = atom.0.clone();
        assert!(!atom.push(&mut bare(&origin), empty.len() + 100));
        assert_eq!(atom.0, empty);
        assert!(atom.push(&mut bare(&origin), empty.len() + 1000));
        let text = atom.finish();
        assert!(text.contains("label=\"fresh\""), "it is unread");
        assert!(text.len() <= empty.len() + 1000 && text.matches("<entry>").count() == 1);
    }

    #[test]
    fn an_entry_that_would_fit_no_feed_comes_without_its_content() {
        let (origin, long) = (origin(), "x".repeat(20_000));
        let mut atom = Atom::of("feed/3kTMd9aZ", "News", Timestamp::EPOCH);
        assert!(atom.push(&mut Facts { html: Some(&long), ..bare(&origin) }, 20_000));
        let text = atom.finish();
        assert!(text.len() < 2_000 && text.contains("<content type=\"html\"></content>"), "{text}");
    }
}
