//! HTML that is safe to show. Two steps: [`Tidy`] writes it anew, balanced and of bounded depth and size, from the allow-list alone; then ammonia judges
//! what was written, as a browser would read it.
//!
//! The first step is what keeps the second linear (parsers of HTML take the square of depth, of open formatting and of attributes); the second is what
//! makes it safe: nothing leaves here unjudged.

use std::borrow::Cow;
use std::sync::LazyLock;

use url::Url;

use crate::html::{Token, Tokens};
use crate::{links, tags, text};

/// Bytes of one entry's HTML, before and after.
const MAX_HTML: usize = 1024 * 1024;
/// Elements inside one another; the deepest newsletters have about sixty.
const MAX_DEPTH: usize = 100;
/// Bytes of an attribute that holds no link.
const MAX_ATTRIBUTE: usize = 1024;

/// Characters that ammonia escapes, in one run of text: at each of them it searches the rest of the run. Longer runs get an invisible break.
const MAX_ESCAPED: usize = 1024;

static JUDGE: LazyLock<ammonia::Builder<'static>> = LazyLock::new(tags::judge);

/// `html` as anyone may see it; `None` if nothing is left. Relative links are resolved against `base`, or dropped without one.
pub(crate) fn html(html: &str, base: Option<&Url>) -> Option<String> {
    let html = &html[..html.floor_char_boundary(MAX_HTML)];
    if html.bytes().all(|byte| !matches!(byte, b'<' | b'&' | b'>' | b'"' | b'\0' | b'\r')) {
        // Text without a single character of markup.
        return Some(html.trim()).filter(|html| !html.is_empty()).map(str::to_owned);
    }
    let tidied = Tidy::new(html, base).run();
    let clean = JUDGE.clean(&tidied).to_string();
    let trimmed = clean.trim();
    match trimmed.len() {
        0 => None,
        len if len == clean.len() => Some(clean),
        _ => Some(trimmed.to_owned()),
    }
}

/// Whether a character that begins with this byte may have to be escaped (0xc2 begins the no-break space).
fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | 0xc2)
}

/// Writes HTML anew.
struct Tidy<'a> {
    tokens: Tokens<'a>,
    base: Option<&'a Url>,
    open: Vec<&'static str>,
    out: String,
    /// Characters to escape since the last tag.
    escaped: usize,
    /// Resolved links grow: beyond this many bytes the rest is left out.
    limit: usize,
}

impl<'a> Tidy<'a> {
    fn new(html: &'a str, base: Option<&'a Url>) -> Self {
        let out = String::with_capacity(html.len() + html.len() / 8);
        Self {
            tokens: Tokens::new(html),
            base,
            open: Vec::new(),
            out,
            escaped: 0,
            limit: html.len().saturating_mul(4) + 16 * 1024,
        }
    }

    fn run(mut self) -> String {
        let mut after_pre = false;
        while let Some(token) = self.tokens.next() {
            if self.out.len() > self.limit.min(MAX_HTML) {
                break;
            }
            match token {
                // A line break right after `<pre>` is not part of it.
                Token::Text(text) if after_pre => self.text(text.trim_start_matches(['\n', '\r'])),
                Token::Text(text) => self.text(text),
                Token::Start(name) => self.start(name),
                Token::End(name) => self.end(name),
            }
            after_pre = matches!(token, Token::Start(name) if name.eq_ignore_ascii_case("pre"));
        }
        self.close_to(0);
        self.out
    }

    fn text(&mut self, text: &str) {
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| is_escaped(*byte)) {
            self.escaped += 1;
            let is_less = byte == b'<';
            if is_less || self.escaped == MAX_ESCAPED {
                self.out.push_str(&text[from..at]);
                from = at;
            }
            if self.escaped == MAX_ESCAPED {
                self.out.push_str("<wbr>");
                self.escaped = 0;
            }
            if is_less {
                self.out.push_str("&lt;");
                from = at + 1;
            }
        }
        self.out.push_str(&text[from..]);
    }

    fn start(&mut self, name: &'a str) {
        if name.eq_ignore_ascii_case("iframe") {
            return self.frame();
        }
        if tags::is_dropped_whole(name) {
            return self.tokens.skip_past(name);
        }
        let Some(element) = tags::allowed(name) else { return };
        self.make_room(element);
        if !self.may_stand_here(element) {
            return;
        }
        let Some(links) = self.links_of(element) else { return };
        if tags::parents(element).is_empty() {
            // Text between the parts of a table is moved in front of it, into one run.
            self.escaped = 0;
        }
        self.out.push('<');
        self.out.push_str(element);
        for attribute in tags::attributes(element).iter().chain(tags::GENERIC) {
            if let Some(value) = links.iter().find_map(|(name, link)| (name == attribute).then_some(&**link)) {
                self.attribute(attribute, value, true);
            } else if !tags::URLS.contains(attribute)
                && let Some(value) = self.tokens.attribute(attribute)
            {
                self.attribute(attribute, value, false);
            }
        }
        if matches!(element, "audio" | "video") && self.tokens.attribute("controls").is_none() {
            self.out.push_str(" controls=\"\"");
        }
        self.out.push('>');
        if !tags::is_void(element) {
            self.open.push(element);
        }
    }

    /// A resolved link is text; any other value still has its entities.
    fn attribute(&mut self, name: &str, value: &str, is_text: bool) {
        self.out.extend([" ", name, "=\""]);
        if is_text {
            text::push_escaped(value, &mut self.out);
        } else {
            let value = &value[..value.floor_char_boundary(MAX_ATTRIBUTE)];
            self.out.push_str(&value.replace('"', "&quot;"));
        }
        self.out.push('"');
    }

    /// The links of the latest start tag, absolute; `None` if it is worth nothing without the one it lacks.
    fn links_of(&self, element: &str) -> Option<Vec<(&'static str, String)>> {
        let of = |name: &str| self.tokens.attribute(name).map(links::attribute);
        let resolve = |link: Option<Cow<'_, str>>| link.and_then(|link| links::resolve(&link, self.base));
        Some(match element {
            "a" => vec![("href", of("href").and_then(|link| links::resolve_href(&link, self.base))?)],
            "img" if self.is_tracker() => return None,
            "img" => vec![("src", self.picture()?)],
            "source" => vec![("src", resolve(of("src"))?)],
            "audio" | "video" => {
                let link = |name: &'static str| resolve(of(name)).map(|link| (name, link));
                ["src", "poster"].into_iter().filter_map(link).collect()
            }
            _ => Vec::new(),
        })
    }

    /// The picture that is meant: pages that load late keep it elsewhere and put a placeholder into `src`.
    fn picture(&self) -> Option<String> {
        let of = |name: &str| self.tokens.attribute(name).map(links::attribute);
        let late = ["data-src", "data-lazy-src", "data-original"].into_iter().find_map(of);
        let set = || {
            let set = of("srcset").or_else(|| of("data-srcset"))?;
            links::resolve(links::first_of_srcset(&set)?, self.base)
        };
        let resolve = |link: Cow<'_, str>| links::resolve(&link, self.base);
        late.and_then(resolve).or_else(|| of("src").and_then(resolve)).or_else(set)
    }

    /// Whether the picture is there to be fetched, not to be seen.
    fn is_tracker(&self) -> bool {
        let tiny =
            |name| self.tokens.attribute(name).is_some_and(|size| matches!(size.trim(), "0" | "1" | "0px" | "1px"));
        tiny("width") && tiny("height")
    }

    /// A frame becomes a link to what it would have shown.
    fn frame(&mut self) {
        let src = self.tokens.attribute("src").map(links::attribute);
        let Some(src) = src.and_then(|src| links::resolve(&src, self.base)) else {
            return;
        };
        self.make_room("a");
        if self.may_stand_here("a") {
            self.out.push_str("<a");
            self.attribute("href", &src, true);
            self.out.push('>');
            text::push_escaped(&src, &mut self.out);
            self.out.push_str("</a>");
        }
    }

    /// Closes what `element` ends by beginning.
    fn make_room(&mut self, element: &str) {
        let parents = tags::parents(element);
        if !parents.is_empty() {
            let table = self.open.iter().rposition(|open| *open == "table").unwrap_or(self.open.len());
            if let Some(parent) = self.open[table..].iter().rposition(|open| parents.contains(open)) {
                self.close_to(table + parent + 1);
            }
            return;
        }
        if tags::is_block(element) {
            self.close("p");
        }
        match element {
            "a" => self.close("a"),
            "li" => self.close_unless("li", &["ul", "ol"]),
            "dd" | "dt" => {
                self.close_unless("dd", &["dl"]);
                self.close_unless("dt", &["dl"]);
            }
            heading if tags::is_heading(heading) && self.open.last().is_some_and(|top| tags::is_heading(top)) => {
                self.close_to(self.open.len() - 1);
            }
            _ => {}
        }
    }

    /// Whether the tree that a browser builds is the one that is written, and not too deep.
    fn may_stand_here(&self, element: &str) -> bool {
        let parents = tags::parents(element);
        let top = self.open.last();
        let fits = match top {
            Some(top) if !parents.is_empty() => parents.contains(top),
            Some(top) => !tags::is_table_frame(top),
            None => parents.is_empty(),
        };
        fits && self.open.len() < MAX_DEPTH
    }

    fn end(&mut self, name: &str) {
        if let Some(element) = tags::allowed(name) {
            self.close(element);
        }
    }

    /// Closes the innermost `element`, if it is open within this table or cell.
    fn close(&mut self, element: &str) {
        self.close_unless(element, &[]);
    }

    /// As [`Tidy::close`], but not out of any of `holders` either.
    fn close_unless(&mut self, element: &str, holders: &[&str]) {
        let in_table = !tags::parents(element).is_empty();
        let holds = |open: &str| {
            if in_table { open == "table" } else { tags::is_cell(open) || holders.contains(&open) }
        };
        for (at, open) in self.open.iter().enumerate().rev() {
            if *open == element {
                return self.close_to(at);
            }
            if holds(open) {
                return;
            }
        }
    }

    /// Writes end tags until `depth` elements are open.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(element) = self.open.pop() {
                self.out.extend(["</", element, ">"]);
            }
        }
    }
}
