//! The sample feeds: every format, and the trouble that real servers give.

use std::time::Duration;

use domain::time::Timestamp;
use origin::{Reply, Seen};

use super::entries::{Entry, Rhythm, entries, rhythm};
use super::formats::{self, Channel};

/// One sample feed.
#[derive(Debug)]
pub struct Feed {
    /// The first part of its host name, and of its path.
    pub name: &'static str,
    /// What there is to see.
    pub about: &'static str,
    kind: Kind,
    rhythm: Rhythm,
    manners: Manners,
}

/// What it is written in.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Rss,
    RssFull,
    Rss091,
    Rdf,
    Atom,
    AtomXhtml,
    Json,
    Latin1,
    Utf16,
    Podcast,
    Photos,
    Scripts,
    Sloppy,
    Edited,
    WebPage,
    Empty,
}

/// How its server behaves.
#[derive(Clone, Copy, Debug)]
enum Manners {
    /// `ETag` and 304.
    Good,
    /// No validators: nobody can ask it whether something changed.
    Forgetful,
    /// Says how long its answer stays fresh.
    Fresh,
    /// Takes its time.
    Slow,
    /// Breaks off in the middle.
    CutOff,
    /// An error for ever, with an optional `Retry-After` in seconds.
    Fails(u16, Option<u64>),
    /// An error now and then.
    Flaky,
    /// Redirects to where the feed is.
    Moved(u16),
    /// Redirects in circles.
    Circles,
}

const fn feed(name: &'static str, about: &'static str, kind: Kind, rhythm: Rhythm, manners: Manners) -> Feed {
    Feed { name, about, kind, rhythm, manners }
}

/// Quiet: what is there stays.
const STILL: Rhythm = rhythm(5, 0);
const HUGE: Rhythm = Rhythm { before: 1_500, every: 45, shown: 1_500 };

/// All of them.
pub const FEEDS: &[Feed] = &[
    feed("gazette", "RSS 2.0", Kind::Rss, rhythm(3, 20), Manners::Good),
    feed("essays", "RSS 2.0 with content:encoded", Kind::RssFull, rhythm(3, 35), Manners::Good),
    feed("antique", "RSS 0.91: no dates, no ids", Kind::Rss091, rhythm(4, 60), Manners::Good),
    feed("library", "RSS 1.0 (RDF)", Kind::Rdf, rhythm(3, 50), Manners::Good),
    feed("journal", "Atom 1.0", Kind::Atom, rhythm(3, 25), Manners::Good),
    feed("xhtml", "Atom 1.0 with XHTML content", Kind::AtomXhtml, rhythm(3, 55), Manners::Good),
    feed("json", "JSON Feed 1.1", Kind::Json, rhythm(3, 30), Manners::Good),
    feed("latin", "RSS in ISO-8859-1", Kind::Latin1, rhythm(3, 65), Manners::Good),
    feed("utf16", "RSS in UTF-16", Kind::Utf16, rhythm(2, 70), Manners::Good),
    feed("podcast", "a podcast with enclosures", Kind::Podcast, rhythm(2, 40), Manners::Good),
    feed("photos", "pictures (Media RSS)", Kind::Photos, rhythm(2, 45), Manners::Good),
    feed("scripts", "HTML with scripts, which are taken out", Kind::Scripts, rhythm(2, 80), Manners::Good),
    feed(
        "sloppy",
        "junk before the document, and a version that does not exist",
        Kind::Sloppy,
        rhythm(3, 75),
        Manners::Good,
    ),
    feed("edited", "its newest entry is edited again and again", Kind::Edited, rhythm(2, 0), Manners::Good),
    feed("huge", "1500 entries, landed in several transactions", Kind::Rss, HUGE, Manners::Good),
    feed("ticker", "a new entry every 5 seconds", Kind::Atom, rhythm(1, 5), Manners::Good),
    feed("still", "nothing new: 304 each time", Kind::Rss, STILL, Manners::Good),
    feed("forgetful", "no ETag, no Last-Modified: asked less often", Kind::Rss, rhythm(2, 30), Manners::Forgetful),
    feed("fresh", "fresh for 40 s (Cache-Control), so not asked before", Kind::Atom, rhythm(2, 20), Manners::Fresh),
    feed("slow", "answers after 3 seconds", Kind::Rss, rhythm(2, 30), Manners::Slow),
    feed("moved", "301 to where it lives now", Kind::Atom, rhythm(2, 60), Manners::Moved(301)),
    feed("detour", "302 for now", Kind::Rss, rhythm(2, 60), Manners::Moved(302)),
    feed("flaky", "503 every other time", Kind::Rss, rhythm(2, 15), Manners::Flaky),
    feed("broken", "500: backs off", Kind::Rss, STILL, Manners::Fails(500, None)),
    feed("missing", "404", Kind::Rss, STILL, Manners::Fails(404, None)),
    feed("gone", "410: not polled any more once confirmed", Kind::Rss, STILL, Manners::Fails(410, None)),
    feed("busy", "429 with Retry-After: 300", Kind::Rss, STILL, Manners::Fails(429, Some(300))),
    feed("circles", "redirects in circles", Kind::Rss, STILL, Manners::Circles),
    feed("page", "a web page, no feed", Kind::WebPage, STILL, Manners::Good),
    feed("cutoff", "breaks off in the middle", Kind::Rss, STILL, Manners::CutOff),
    feed("empty", "an empty body", Kind::Empty, STILL, Manners::Good),
];

impl Feed {
    /// Its host, a name of its own: hosts are polled apart, and every name below `localhost` is this machine.
    pub fn host(&self) -> String {
        format!("{}.localhost", self.name)
    }

    /// Where it is to be added.
    pub fn path(&self) -> String {
        let end = if matches!(self.kind, Kind::Json) { "json" } else { "xml" };
        format!("/{}.{end}", self.name)
    }

    /// Where its redirects lead.
    pub(super) fn other_paths(&self) -> Vec<String> {
        match self.manners {
            Manners::Moved(_) | Manners::Circles => vec![self.elsewhere()],
            _ => Vec::new(),
        }
    }

    fn elsewhere(&self) -> String {
        format!("/new{}", self.path())
    }

    /// What its server answers at `now`; the demo began at `started`.
    pub(super) fn reply(&self, seen: &Seen, started: Timestamp, now: Timestamp, port: u16) -> Reply {
        let site = format!("http://{}:{port}", self.host());
        match self.manners {
            Manners::Moved(status) if seen.path() == self.path() => {
                Reply::redirect(status, format!("{site}{}", self.elsewhere()))
            }
            Manners::Circles => {
                let there = seen.path() == self.path();
                Reply::redirect(302, format!("{site}{}", if there { self.elsewhere() } else { self.path() }))
            }
            Manners::Fails(status, None) => Reply::status(status),
            Manners::Fails(status, Some(after)) => Reply::status(status).header("retry-after", after.to_string()),
            Manners::Flaky if now.since(started).as_secs() / 20 % 2 == 1 => Reply::status(503),
            Manners::Slow => self.feed_reply(seen, &site, started, now).after(Duration::from_secs(3)),
            Manners::Fresh => self.feed_reply(seen, &site, started, now).header("cache-control", "max-age=40"),
            Manners::CutOff => self.feed_reply(seen, &site, started, now).truncated(400),
            Manners::Forgetful => self.whole(&site, started, now).1,
            Manners::Good | Manners::Flaky | Manners::Moved(_) => self.feed_reply(seen, &site, started, now),
        }
    }

    fn feed_reply(&self, seen: &Seen, site: &str, started: Timestamp, now: Timestamp) -> Reply {
        let (version, reply) = self.whole(site, started, now);
        Reply::unless_known(seen, &format!("\"{}-{version}\"", self.name), reply)
    }

    /// The feed, and a number that changes with it.
    fn whole(&self, site: &str, started: Timestamp, now: Timestamp) -> (u64, Reply) {
        let mut entries = entries(self.name, self.rhythm, started, now);
        let mut version = entries.first().map_or(0, |entry| entry.number);
        if matches!(self.kind, Kind::Edited) {
            // A new wording every 40 seconds.
            let edition = now.since(started).as_secs() / 40;
            version += edition * 1_000;
            if let Some(newest) = entries.first_mut() {
                newest.html.push_str(&format!("<p>Edition {edition}.</p>"));
            }
        }
        let channel = Channel { title: format!("The {} feed", self.name), site: site.to_owned() };
        let body = self.body(&channel, &entries);
        (version, Reply::ok(body).header("content-type", self.content_type()))
    }

    fn content_type(&self) -> &'static str {
        match self.kind {
            Kind::Json => "application/feed+json",
            Kind::Atom | Kind::AtomXhtml => "application/atom+xml",
            Kind::Rdf => "application/rdf+xml",
            Kind::WebPage => "text/html; charset=utf-8",
            _ => "application/rss+xml",
        }
    }

    fn body(&self, channel: &Channel, entries: &[Entry]) -> Vec<u8> {
        let site = &channel.site;
        let nothing = |_: &Entry| String::new();
        match self.kind {
            Kind::Rss | Kind::Edited => formats::rss(channel, entries, nothing).into(),
            Kind::RssFull => {
                let full = |entry: &Entry| {
                    format!("<content:encoded><![CDATA[{}<p>And so on.</p>]]></content:encoded>", entry.html.repeat(8))
                };
                formats::rss(channel, entries, full).into()
            }
            Kind::Rss091 => formats::rss091(channel, entries).into(),
            Kind::Rdf => formats::rdf(channel, entries).into(),
            Kind::Atom => formats::atom(channel, entries, false).into(),
            Kind::AtomXhtml => formats::atom(channel, entries, true).into(),
            Kind::Json => formats::json_feed(channel, entries).into(),
            Kind::Latin1 => {
                let french = formats::rss(channel, entries, nothing).replace(" (no.", " à l'été (n°");
                formats::latin1(&french.replace("UTF-8", "ISO-8859-1"))
            }
            Kind::Utf16 => formats::utf16(&formats::rss(channel, entries, nothing).replace("UTF-8", "UTF-16")),
            Kind::Podcast => {
                let sound = |entry: &Entry| {
                    format!(
                        "<enclosure url=\"{site}/{}.mp3\" type=\"audio/mpeg\" length=\"1234567\"/><itunes:duration>31:07</itunes:duration>",
                        entry.number
                    )
                };
                formats::rss(channel, entries, sound).into()
            }
            Kind::Photos => {
                let picture = |entry: &Entry| {
                    format!("<media:content url=\"{site}/{}.jpg\" medium=\"image\" type=\"image/jpeg\"/>", entry.number)
                };
                formats::rss(channel, entries, picture).into()
            }
            Kind::Scripts => {
                let wild = |_: &Entry| {
                    "<content:encoded><![CDATA[<p onclick=\"x()\">Safe text</p><script>alert(1)</script><a href=\"javascript:x()\">link</a>]]></content:encoded>".to_owned()
                };
                formats::rss(channel, entries, wild).into()
            }
            Kind::Sloppy => {
                let rss = formats::rss(channel, entries, nothing).replace("version=\"2.0\"", "version=\" 2.00\"");
                format!(
                    "

<!-- made by hand -->
{rss}"
                )
                .into()
            }
            Kind::WebPage => formats::web_page(&channel.title).into(),
            Kind::Empty => Vec::new(),
        }
    }
}
