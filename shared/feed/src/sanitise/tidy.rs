//! Writes HTML anew: balanced, of bounded depth and size, in one normal form, and from the allow-list alone. One pass, no tree.

use std::borrow::Cow;

use url::Url;

use super::attributes::{self, Kind, Rule};
use super::out::Out;
use super::{chars, link, pictures, players};
use crate::html::{self, Piece, Tokens};
use crate::tags::{self, Element};
use crate::text;

/// What replaces what an attribute says.
#[derive(Debug)]
enum Value<'a> {
    Text(Cow<'a, str>),
    /// Escaped already.
    Written(&'a str),
}

/// Links that replace what the attribute says.
type Links<'a> = [Option<(&'static str, Value<'a>)>; 2];

/// Opens a link in a page of its own.
const BLANK: (&str, Value<'static>) = ("target", Value::Written("_blank"));

/// Writes HTML anew.
pub(super) struct Tidy<'a> {
    tokens: Tokens<'a>,
    base: Option<&'a Url>,
    pub(super) open: Vec<Element>,
    pub(super) out: Out<'a>,
    /// Beyond this many bytes the rest is left out: resolved links grow.
    limit: usize,
    /// The length of `out` where the latest `<pre>` began: a line break right after it is not part of it.
    pre: usize,
    /// Whether there is anything in it to see or to hear.
    is_worth_it: bool,
    in_noscript: bool,
    /// The latest image, and whether it was one for readers without scripts.
    image: Option<(String, bool)>,
    /// The latest frame, and whether it was an `<iframe>`.
    frame: Option<(String, bool)>,
}

impl<'a> Tidy<'a> {
    /// For the `tokens` of `html`.
    pub(super) fn new(html: &'a str, tokens: Tokens<'a>, base: Option<&'a Url>, limit: usize) -> Self {
        Self {
            tokens,
            base,
            open: Vec::with_capacity(16),
            out: Out::new(html),
            limit,
            pre: usize::MAX,
            is_worth_it: false,
            in_noscript: false,
            image: None,
            frame: None,
        }
    }

    /// The HTML written anew, without white space around it; `None` if there is nothing in it to see or to hear.
    pub(super) fn run(mut self) -> Option<String> {
        while let Some(piece) = self.tokens.next_piece() {
            if self.out.len() > self.limit {
                break;
            }
            match piece.kind {
                html::Kind::Text => self.text(piece),
                html::Kind::Start => self.start(piece),
                html::Kind::End => self.end(piece),
            }
        }
        self.close_to(0);
        let mut out = self.out.into_text();
        out.truncate(out.trim_end_matches(chars::is_blank).len());
        let leading = out.len() - out.trim_start_matches(chars::is_blank).len();
        out.drain(..leading);
        self.is_worth_it.then_some(out)
    }

    fn text(&mut self, piece: Piece) {
        if self.open.last().is_some_and(|top| top.is_frame()) && !self.enter_cell(self.tokens.text_of(piece)) {
            return;
        }
        let from = self.out.len();
        if piece.is_plain && from != self.pre && from + piece.len() <= self.limit {
            self.is_worth_it = self.is_worth_it || !self.tokens.text_of(piece).chars().all(chars::is_blank);
            self.out.copy(piece.at(), piece.len());
            return;
        }
        let out = self.out.text();
        chars::push_text(self.tokens.text_of(piece), out);
        if out.len() > self.limit {
            cut(out, from, self.limit);
            // Nothing follows it.
            self.limit = 0;
        }
        if from == self.pre {
            let breaks = out[from..].bytes().take_while(|byte| *byte == b'\n').count();
            out.drain(from..from + breaks);
        }
        self.is_worth_it = self.is_worth_it
            || out[from..].split("&nbsp;").any(|text| !text.trim_start_matches(chars::is_blank).is_empty());
    }

    /// Opens the cell that text in the frame of a table needs; `false` if it is but white space, which needs none.
    fn enter_cell(&mut self, raw: &str) -> bool {
        if text::unescape(raw).chars().all(chars::is_blank) {
            self.out.text().extend(raw.chars().filter(|c| matches!(c, ' ' | '\t' | '\n')));
            return false;
        }
        self.imply_cell()
    }

    fn start(&mut self, piece: Piece) {
        match piece.element {
            Some(Element::Iframe) => self.frame("src", true),
            Some(Element::Img) => self.image(),
            Some(element) if piece.is_plain => self.plain(element, piece.at()),
            Some(element) => self.element(element),
            None => self.other(piece),
        }
    }

    /// A start tag of an element that does not stay.
    fn other(&mut self, piece: Piece) {
        let name = self.tokens.text_of(piece);
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match tags::instead_of(name) {
            Some(Element::Img) => self.image(),
            Some(element) => self.element(element),
            None if tags::is_dropped_whole(name) => self.tokens.skip_past(piece),
            None if is("noscript") => self.in_noscript = true,
            None if is("embed") => self.frame("src", false),
            None if is("object") => self.frame("data", false),
            None if is("param") => {
                let is_address = |name: &str| name.eq_ignore_ascii_case("movie") || name.eq_ignore_ascii_case("src");
                if self.tokens.attribute("name").is_some_and(is_address) {
                    self.frame("value", false);
                }
            }
            None => {}
        }
    }

    fn end(&mut self, piece: Piece) {
        let instead = || tags::instead_of(self.tokens.text_of(piece));
        match piece.element.or_else(instead) {
            // Browsers take `</br>` for `<br>`.
            Some(Element::Br) => self.element(Element::Br),
            Some(element) if self.open.last() == Some(&element) => {
                self.open.pop();
                match piece.is_plain {
                    true => self.out.copy(piece.at(), element.end_tag().len()),
                    false => self.out.push(element.end_tag()),
                }
            }
            Some(element) => self.close(element),
            None => self.in_noscript &= !self.tokens.text_of(piece).eq_ignore_ascii_case("noscript"),
        }
    }

    /// A start tag without attributes, in its one form.
    fn plain(&mut self, element: Element, at: usize) {
        // These are given something, or are worth nothing as they are.
        if element.is_media() || matches!(element, Element::A | Element::Source | Element::Track) {
            return self.element(element);
        }
        if self.make_room(element) {
            self.out.copy(at, element.start_tag().len());
            self.opened(element);
        }
    }

    fn element(&mut self, element: Element) {
        if self.make_room(element)
            && let Some(links) = self.links_of(element)
        {
            self.open(element, &links);
        }
    }

    /// The links of the latest start tag that need more than to be resolved; `None` if it is worth nothing without the one it lacks.
    fn links_of(&self, element: Element) -> Option<Links<'a>> {
        let source = || pictures::source(&self.tokens, "src", self.base).map(|src| ("src", Value::Text(src)));
        Some(match element {
            Element::A => self.anchor()?,
            Element::Source if self.open.last() == Some(&Element::Picture) => {
                let set = pictures::srcset(&self.tokens, self.base)?;
                [Some(("srcset", Value::Text(Cow::Owned(set)))), None]
            }
            Element::Source | Element::Track => [Some(source()?), None],
            Element::Audio | Element::Video => [source(), None],
            _ => [None, None],
        })
    }

    fn anchor(&self) -> Option<Links<'a>> {
        let raw = self.tokens.attribute("href")?;
        if link::is_written(raw) {
            return Some([Some(("href", Value::Written(raw))), Some(BLANK)]);
        }
        let href = link::href(raw, self.base)?;
        let target = href.starts_with("http").then_some(BLANK);
        Some([Some(("href", Value::Text(href))), target])
    }

    fn image(&mut self) {
        let Some(picture) = pictures::find(&self.tokens, self.base) else { return };
        // The same once more, for readers without scripts.
        let again = self
            .image
            .as_ref()
            .is_some_and(|(src, in_noscript)| *src == picture.src && (*in_noscript || self.in_noscript));
        if again || !self.make_room(Element::Img) {
            return;
        }
        self.image = Some((picture.src.to_string(), self.in_noscript));
        let srcset = picture.srcset.map(|set| ("srcset", Value::Text(Cow::Owned(set))));
        self.open(Element::Img, &[Some(("src", Value::Text(picture.src))), srcset]);
    }

    /// A frame stays if it is a player we know, and becomes a link to what it would have shown if not.
    fn frame(&mut self, attribute: &str, is_iframe: bool) {
        let Some(src) = pictures::source(&self.tokens, attribute, self.base) else { return };
        let player = players::of(&src);
        let address = player.as_deref().unwrap_or(&src);
        // Old pages name it three times, for three kinds of browser.
        let again =
            self.frame.as_ref().is_some_and(|(before, was_iframe)| before == address && !(*was_iframe && is_iframe));
        if again {
            return;
        }
        self.frame = Some((address.to_owned(), is_iframe));
        if let Some(player) = player {
            if self.make_room(Element::Iframe) {
                self.open(Element::Iframe, &[Some(("src", Value::Text(Cow::Owned(player)))), None]);
                self.close(Element::Iframe);
            }
        } else if self.make_room(Element::A) {
            let text = src.to_string();
            self.open(Element::A, &[Some(("href", Value::Text(src))), Some(BLANK)]);
            chars::push_text(&text.replace('&', "&amp;"), self.out.text());
            self.is_worth_it = true;
            self.close(Element::A);
        }
    }

    /// Writes a start tag: the attributes of the latest one that may stay, and `links` in place of what it says.
    fn open(&mut self, element: Element, links: &Links<'_>) {
        let start = element.start_tag();
        let has_links = links.iter().any(Option::is_some);
        // What is to be seen or heard is always given something.
        if !has_links && !element.is_media() && self.tokens.lengths() & attributes::lengths(element) == 0 {
            self.out.push(start);
        } else {
            self.out.push(&start[..start.len() - 1]);
            self.attributes(element, links);
            self.out.push(">");
        }
        self.opened(element);
    }

    /// Notes that a start tag is written.
    #[inline]
    fn opened(&mut self, element: Element) {
        self.is_worth_it = self.is_worth_it || element.is_media();
        if !element.is_void() {
            self.open.push(element);
        }
        if element == Element::Pre {
            self.pre = self.out.len();
        }
    }

    fn attributes(&mut self, element: Element, links: &Links<'_>) {
        let out = self.out.text();
        for rule in attributes::rules(element) {
            let given = links.iter().flatten().find_map(|(name, link)| (*name == rule.name).then_some(link));
            if let Some(link) = given {
                match link {
                    Value::Text(text) => push_attribute(rule, text, out),
                    Value::Written(written) => out.extend([rule.begin, written, "\""]),
                }
            } else if let Kind::Always(value) = rule.kind {
                push_attribute(rule, value, out);
            } else if let Some(raw) = self.tokens.attribute(rule.name)
                && let Some(value) = attributes::normal(rule.kind, raw, self.base)
            {
                push_attribute(rule, &value, out);
            }
        }
    }
}

/// Cuts the text that begins at `from` at the limit, between characters and not within an entity.
fn cut(out: &mut String, from: usize, limit: usize) {
    let mut to = out.floor_char_boundary(limit.max(from));
    let text = &out[from..to];
    if let Some(entity) = text.rfind('&').filter(|at| !text[*at..].contains(';')) {
        to = from + entity;
    }
    out.truncate(to);
}

fn push_attribute(rule: &Rule, value: &str, out: &mut String) {
    out.push_str(rule.begin);
    text::push_escaped(value, out);
    out.push('"');
}
