//! Elements that say something in their attributes, and where each text goes.

use std::borrow::Cow;

use super::fields::{File, Href, Person, Text, push};
use super::leaf::{Kind, Leaf};
use super::roles::{self, Role, Target};
use super::tokens::Tag;
use super::walk::Walk;
use crate::{date, links};

/// The attributes of links, files and pictures.
#[derive(Debug, Default)]
struct Attributes<'a> {
    href: Option<&'a str>,
    rel: Option<&'a str>,
    kind: Option<&'a str>,
    length: Option<&'a str>,
    medium: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    fn of(tag: &Tag<'a>) -> Self {
        let mut all = Self::default();
        for (name, value) in tag.attributes().filter(|(_, value)| !value.is_empty()) {
            let slot = match super::names::local(name) {
                "href" | "url" | "HREF" | "URL" | "resource" => &mut all.href,
                "rel" | "REL" => &mut all.rel,
                "type" | "TYPE" => &mut all.kind,
                "length" | "fileSize" | "filesize" | "LENGTH" => &mut all.length,
                "medium" => &mut all.medium,
                _ => continue,
            };
            slot.get_or_insert(value);
        }
        all
    }

    /// The last part of a relation, for those who write it as a URI (RFC 4287 §4.2.7.2).
    fn has_rel(&self, wanted: &str) -> bool {
        let rels = self.rel.unwrap_or("alternate").split_whitespace();
        rels.map(|rel| rel.rsplit('/').next().unwrap_or(rel)).any(|rel| rel.eq_ignore_ascii_case(wanted))
    }

    fn is_html(&self) -> bool {
        self.kind.is_none_or(|kind| kind.contains("html"))
    }
}

impl<'a> Walk<'a, '_> {
    /// Reads or skips an element without children of its own.
    pub(super) fn leaf_of(&mut self, role: Role, tag: &Tag<'a>, bound: usize) {
        match role {
            Role::Html(target) => self.read(tag, target, Kind::Html, bound),
            Role::Xhtml(target) => self.read(tag, target, Kind::Xhtml, bound),
            Role::Plain(target) => self.read(tag, target, Kind::Bare, bound),
            Role::Typed(target) => self.typed(target, tag, bound),
            Role::MediaText(target) => {
                let is_html = match tag.attribute("type") {
                    Some(kind) => kind.contains("html"),
                    None => !self.is_atom,
                };
                self.read(tag, target, if is_html { Kind::Html } else { Kind::Plain }, bound);
            }
            Role::Link | Role::AtomLink => self.link(role, tag, bound),
            Role::Category => self.category(tag, bound),
            Role::Picture(rank) => match Attributes::of(tag).href {
                Some(href) => {
                    let href = self.href(href, tag);
                    push(&mut self.record().images, (rank, href));
                    self.skip(tag, bound);
                }
                None => self.read(tag, Target::Image(rank), Kind::Bare, bound),
            },
            Role::Enclosure => {
                self.file(tag, &Attributes::of(tag));
                self.skip(tag, bound);
            }
            _ => self.skip(tag, bound),
        }
    }

    fn href(&mut self, raw: &'a str, tag: &Tag<'a>) -> Href<'a> {
        Href { href: self.entities.resolve(raw), base: self.base(tag) }
    }

    fn file(&mut self, tag: &Tag<'a>, attributes: &Attributes<'a>) {
        let Some(url) = attributes.href else { return };
        let url = self.href(url, tag);
        let media_type = attributes.kind.map(|kind| self.entities.resolve(kind));
        let length = attributes.length.and_then(|length| length.trim().parse().ok()).filter(|length| *length > 0);
        push(&mut self.record().files, File { url, media_type, length });
    }

    pub(super) fn media_content(&mut self, tag: &Tag<'a>) {
        let attributes = Attributes::of(tag);
        self.file(tag, &attributes);
        let is_picture = attributes.medium.is_some_and(|medium| medium.eq_ignore_ascii_case("image"));
        if let Some(url) = attributes.href.filter(|_| is_picture) {
            let href = self.href(url, tag);
            push(&mut self.record().images, (3, href));
        }
    }

    /// RDF names a channel's picture in an attribute, and some others too.
    pub(super) fn image(&mut self, tag: &Tag<'a>) {
        if let Some(href) = Attributes::of(tag).href {
            let href = self.href(href, tag);
            push(&mut self.record().images, (6, href));
        }
    }

    fn link(&mut self, role: Role, tag: &Tag<'a>, bound: usize) {
        let attributes = Attributes::of(tag);
        let Some(href) = attributes.href else {
            let rank = if role == Role::Link { roles::LINK } else { roles::OTHER_LINK };
            return self.read(tag, Target::Link(rank), Kind::Bare, bound);
        };
        let href = self.href(href, tag);
        let is_html = attributes.is_html();
        if attributes.has_rel("alternate") {
            let rank = if !is_html {
                roles::OTHER_LINK
            } else if self.is_atom {
                roles::LINK
            } else {
                roles::ATOM_LINK
            };
            push(&mut self.record().links, (rank, href));
        } else if attributes.has_rel("enclosure") {
            self.file(tag, &attributes);
        } else if attributes.has_rel("replies") {
            push(&mut self.record().comments, (if is_html { 1 } else { 2 }, href));
        } else if self.item.is_none() {
            if attributes.has_rel("self") {
                self.channel.self_link.put(0, href);
            } else if attributes.has_rel("hub") {
                self.channel.hub.put(0, href);
            }
        }
        self.skip(tag, bound);
    }

    /// Atom says it in attributes, the label before the term; RSS in the text.
    fn category(&mut self, tag: &Tag<'a>, bound: usize) {
        let of = |name| tag.attribute(name).filter(|value| !value.trim().is_empty());
        match of("label").or_else(|| of("term")) {
            Some(name) => {
                let body = self.entities.resolve(name);
                push(&mut self.record().categories, Text { body, is_html: true });
                self.skip(tag, bound);
            }
            None => self.read(tag, Target::Category, Kind::Html, bound),
        }
    }

    /// An Atom text construct or content (RFC 4287 §3.1.1, §4.1.3.3), and what Atom 0.3 and the unaware write instead.
    fn typed(&mut self, target: Target, tag: &Tag<'a>, bound: usize) {
        if matches!(target, Target::Content(_))
            && let Some(src) = tag.attribute("src")
        {
            let attributes = Attributes { href: Some(src), ..Attributes::of(tag) };
            let href = self.href(src, tag);
            push(&mut self.record().links, (roles::SOURCE_LINK, href));
            if !attributes.is_html() {
                self.file(tag, &attributes);
            }
        }
        match kind(tag, self.is_atom) {
            Some(kind) => self.read(tag, target, kind, bound),
            None => self.skip(tag, bound),
        }
    }

    /// Puts a text where it belongs.
    pub(super) fn put(&mut self, target: Target, mut text: Text<'a>, leaf: &Leaf<'a>) {
        if self.has_controls && text.body.contains(is_forbidden) {
            text.body = Cow::Owned(text.body.replace(is_forbidden, ""));
        }
        let href = |body: Cow<'a, str>| Href { href: body, base: leaf.base.clone() };
        match target {
            Target::Language => return self.channel.language.put(0, text.body),
            Target::Ttl => return self.channel.ttl = self.channel.ttl.or_else(|| number(&text.body)),
            Target::Period => return self.channel.period = period(&text.body),
            Target::Frequency => return self.channel.frequency = number(&text.body),
            Target::Name => return self.person.name = Some(text.body),
            Target::Mail => return self.person.mail = Some(text.body),
            _ => {}
        }
        let record = self.record();
        match target {
            Target::Title(rank) => record.title.put(rank, text),
            Target::Summary(rank) => {
                record.base = record.base.take().or_else(|| leaf.base.clone());
                record.summary.put(rank, text);
            }
            Target::Content(rank) => {
                record.base = leaf.base.clone().or_else(|| record.base.take());
                record.content.put(rank, text);
            }
            Target::Link(rank) => push(&mut record.links, (rank, href(text.body))),
            Target::Guid => {
                if leaf.is_link && links::strip_scheme(&text.body).is_some() {
                    push(&mut record.links, (roles::GUID_LINK, href(text.body.clone())));
                }
                record.id.put(0, text.body);
            }
            Target::Id(rank) => {
                if links::strip_scheme(&text.body).is_some() {
                    push(&mut record.links, (roles::ID_LINK, href(text.body.clone())));
                }
                record.id.put(rank, text.body);
            }
            Target::Published(rank) => {
                date::parse(&text.body).into_iter().for_each(|at| record.published.put(rank, at))
            }
            Target::Updated(rank) => date::parse(&text.body).into_iter().for_each(|at| record.updated.put(rank, at)),
            Target::Author(rank) => push(&mut record.authors, (rank, Person { text: text.body, ..Person::default() })),
            Target::Category => push(&mut record.categories, text),
            Target::Comments(rank) => push(&mut record.comments, (rank, href(text.body))),
            Target::Image(rank) => push(&mut record.images, (rank, href(text.body))),
            _ => {}
        }
    }
}

/// How a text construct says that it is written; `None` for what is no text.
fn kind(tag: &Tag<'_>, is_atom: bool) -> Option<Kind> {
    let kind = tag.attribute("type").map(|kind| kind.split(';').next().unwrap_or(kind).trim().to_ascii_lowercase());
    let kind = kind.unwrap_or_default();
    let is_html = kind.contains("html");
    let is_text = kind.is_empty() || is_html || kind.starts_with("text");
    match tag.attribute("mode").map(str::trim) {
        Some("base64") => return is_text.then_some(Kind::Base64 { is_html }),
        Some("xml") if is_html => return Some(Kind::Xhtml),
        Some("escaped") if is_html => return Some(Kind::Html),
        _ => {}
    }
    Some(match &*kind {
        "" if is_atom => Kind::Plain,
        "" => Kind::Html,
        "xhtml" | "application/xhtml+xml" | "application/xhtml" => Kind::Xhtml,
        _ if is_html => Kind::Html,
        "text" | "plain" => Kind::Plain,
        xml if xml.ends_with("+xml") || xml.ends_with("/xml") => return None,
        text if text.starts_with("text/") => Kind::Plain,
        // Bytes of a picture and the like (RFC 4287 §4.1.3.3, number 6).
        other if other.contains('/') => return None,
        _ => Kind::Html,
    })
}

/// What XML forbids even as a reference, and what is no use in a text.
fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f' | '\u{fffe}' | '\u{ffff}')
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The minutes of a `sy:updatePeriod`.
fn period(text: &str) -> Option<u64> {
    let days = match &*text.to_ascii_lowercase() {
        "hourly" => return Some(60),
        "daily" => 1,
        "weekly" => 7,
        "monthly" => 30,
        "yearly" => 365,
        _ => return None,
    };
    Some(days * 24 * 60)
}
