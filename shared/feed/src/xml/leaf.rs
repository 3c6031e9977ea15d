//! The element whose text is being read, or which is being skipped: all up to its end tag belongs to it.

use std::borrow::Cow;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::entities::Entities;
use super::fields::Text;
use super::names;
use super::roles::Target;
use super::tokens::Tag;
use crate::entities::unescape;
use crate::text;

/// Bytes of a line and of prose, beyond which nothing is added: far more than is kept of either.
const MAX_LINE: usize = 64 * 1024;
const MAX_PROSE: usize = 4 * 1024 * 1024;

/// How an element's text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// HTML, escaped or in CDATA; markup in it is HTML as well.
    Html,
    /// Plain text; if there is markup in it all the same, it was meant.
    Plain,
    /// Text alone: of markup in it, only the inside counts.
    Bare,
    /// Markup is the text.
    Xhtml,
    /// Bytes that are a text.
    Base64 {
        /// Otherwise plain.
        is_html: bool,
    },
}

/// The element that is being read.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    /// As written.
    pub(super) name: &'a str,
    /// `None` if it is skipped.
    pub(super) target: Option<Target>,
    kind: Kind,
    /// Elements of its own name open in it.
    pub(super) depth: usize,
    /// Entries that are open in it: it is skipped, so they are none.
    pub(super) items: usize,
    /// Elements of other names open in it.
    inner: usize,
    text: Cow<'a, str>,
    /// White space behind the text, which counts if more text follows.
    space: &'a str,
    has_markup: bool,
    /// The `div` that XHTML is wrapped in, which is not part of it (RFC 4287 §3.1.1.3): how many elements of that name are open in it.
    wrapper: Wrapper,
    /// Whether a guid is a link.
    pub(super) is_link: bool,
    pub(super) base: Option<Rc<Url>>,
    /// Namespace declarations in force outside of it.
    pub(super) bound: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Wrapper {
    Awaited,
    Open(usize),
    Closed,
}

impl<'a> Leaf<'a> {
    /// An element whose text goes to `target`.
    pub(super) fn new(name: &'a str, target: Option<Target>, kind: Kind, base: Option<Rc<Url>>, bound: usize) -> Self {
        Self {
            name,
            target,
            kind,
            depth: 0,
            items: 0,
            inner: 0,
            text: Cow::Borrowed(""),
            space: "",
            has_markup: false,
            wrapper: if kind == Kind::Xhtml { Wrapper::Awaited } else { Wrapper::Closed },
            is_link: true,
            base,
            bound,
        }
    }

    /// Whether it holds one line, so that another field's tag or a wrong end tag cannot be part of it.
    pub(super) fn is_line(&self) -> bool {
        let is_prose = matches!(self.target, None | Some(Target::Summary(_) | Target::Content(_)));
        !is_prose && self.kind != Kind::Xhtml
    }

    /// Whether it holds prose that is HTML and not XHTML.
    pub(super) fn is_html_prose(&self) -> bool {
        self.kind == Kind::Html && matches!(self.target, Some(Target::Summary(_) | Target::Content(_)))
    }

    /// Whether an end tag that fits nothing must be meant for this element.
    pub(super) fn ends_at_any(&self) -> bool {
        self.is_line() && self.inner == 0
    }

    /// Whether nothing more of it counts.
    fn is_full(&self) -> bool {
        let most = if self.is_line() { MAX_LINE } else { MAX_PROSE };
        self.target.is_none() || self.text.len() > most
    }

    pub(super) fn push_text(&mut self, raw: &'a str, entities: &Entities<'_>) {
        if self.is_full() {
            return;
        }
        match self.kind {
            // References of XHTML are HTML's.
            Kind::Xhtml => self.push(raw),
            Kind::Html | Kind::Plain | Kind::Bare | Kind::Base64 { .. } => match entities.resolve(raw) {
                Cow::Borrowed(text) => self.push(text),
                Cow::Owned(text) => self.push_owned(text),
            },
        }
    }

    pub(super) fn push_cdata(&mut self, text: &'a str) {
        if self.is_full() {
            return;
        }
        if self.kind == Kind::Xhtml {
            let mut escaped = String::with_capacity(text.len());
            text::push_escaped(text, &mut escaped);
            return self.push_owned(escaped);
        }
        self.push(text);
    }

    fn push(&mut self, text: &'a str) {
        let words = text.trim_end();
        if words.is_empty() {
            if self.space.is_empty() {
                self.space = text;
            }
            return;
        }
        if self.text.is_empty() {
            self.text = Cow::Borrowed(words);
        } else {
            let whole = self.text.to_mut();
            whole.push_str(self.space);
            whole.push_str(words);
        }
        self.space = &text[words.len()..];
    }

    fn push_owned(&mut self, text: String) {
        if self.text.is_empty() {
            self.text = Cow::Owned(text);
        } else {
            let whole = self.text.to_mut();
            whole.push_str(self.space);
            whole.push_str(&text);
        }
        self.space = "";
    }

    fn push_markup(&mut self, parts: &[&str]) {
        self.has_markup = true;
        if self.kind == Kind::Bare {
            return;
        }
        let whole = self.text.to_mut();
        whole.push_str(self.space);
        self.space = "";
        whole.extend(parts.iter().copied());
    }

    /// A start tag inside.
    pub(super) fn open(&mut self, tag: &Tag<'a>) {
        let name = names::local(tag.name);
        let is_void = tag.is_empty || names::is_void(name);
        if tag.name.eq_ignore_ascii_case(self.name) {
            self.depth += usize::from(!tag.is_empty);
        } else if !is_void {
            self.inner += 1;
        }
        if self.is_full() {
            return;
        }
        let is_div = name.eq_ignore_ascii_case("div");
        match &mut self.wrapper {
            Wrapper::Awaited if is_div && !tag.is_empty && self.text.is_empty() => {
                (self.wrapper, self.has_markup) = (Wrapper::Open(0), true);
                return;
            }
            Wrapper::Awaited => self.wrapper = Wrapper::Closed,
            Wrapper::Open(divs) if is_div && !tag.is_empty => *divs += 1,
            _ => {}
        }
        match tag.is_empty && !names::is_void(name) {
            true => self.push_markup(&["<", name, tag.rest, "></", name, ">"]),
            false => self.push_markup(&["<", name, tag.rest, ">"]),
        }
    }

    /// An end tag inside, of an element of its own name or of another.
    pub(super) fn close(&mut self, name: &'a str) {
        if name.eq_ignore_ascii_case(self.name) {
            self.depth = self.depth.saturating_sub(1);
        } else {
            self.inner = self.inner.saturating_sub(1);
        }
        if self.is_full() {
            return;
        }
        let name = names::local(name);
        match &mut self.wrapper {
            Wrapper::Open(0) if name.eq_ignore_ascii_case("div") => self.wrapper = Wrapper::Closed,
            Wrapper::Open(divs) if name.eq_ignore_ascii_case("div") => {
                *divs -= 1;
                self.push_markup(&["</", name, ">"]);
            }
            _ => self.push_markup(&["</", name, ">"]),
        }
    }

    /// What it says; `None` if nothing.
    pub(super) fn text(&mut self) -> Option<Text<'a>> {
        let text = std::mem::take(&mut self.text);
        let (body, is_html) = match self.kind {
            Kind::Html => (text, true),
            Kind::Plain => (text, self.has_markup),
            Kind::Bare => (text, false),
            Kind::Xhtml if self.has_markup => (text, true),
            // Escaped HTML that calls itself XHTML.
            Kind::Xhtml => (Cow::Owned(unescape(&text).into_owned()), true),
            Kind::Base64 { is_html } => (Cow::Owned(of_base64(&text)?), is_html),
        };
        let body = match body {
            Cow::Borrowed(body) => Cow::Borrowed(body.trim()),
            Cow::Owned(body) if body.trim().len() == body.len() => Cow::Owned(body),
            Cow::Owned(body) => Cow::Owned(body.trim().to_owned()),
        };
        (!body.is_empty()).then_some(Text { body, is_html })
    }
}

fn of_base64(text: &str) -> Option<String> {
    let packed: String = text.split_whitespace().collect();
    let bytes = STANDARD.decode(packed).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tokens::{Token, Tokens};
    use super::*;

    fn check(kind: Kind, xml: &str, expected: &str, is_html: bool) {
        let mut leaf = Leaf::new("x", Some(Target::Content(0)), kind, None, 0);
        let entities = Entities::default();
        for token in Tokens::new(xml) {
            match token {
                Token::Start(tag) => leaf.open(&tag),
                Token::End(name) => leaf.close(name),
                Token::Text(raw) => leaf.push_text(raw, &entities),
                Token::CData(text) => leaf.push_cdata(text),
            }
        }
        let text = leaf.text();
        assert_eq!(
            text.map(|text| (text.body.into_owned(), text.is_html)),
            Some((expected.to_owned(), is_html)),
            "{xml}"
        );
    }

    #[test]
    fn text_is_put_together_as_its_kind_says() {
        check(Kind::Html, " a &lt;b&gt;c&lt;/b&gt; <![CDATA[<i>d</i>]]> \n", "a <b>c</b> <i>d</i>", true);
        check(Kind::Html, "<![CDATA[]]]]><![CDATA[>]]>", "]]>", true);
        check(Kind::Html, "a <h:b c='d'>e</h:b><br/><p/>", "a <b c='d'>e</b><br><p></p>", true);
        check(Kind::Plain, "1 &lt; 2", "1 < 2", false);
        check(Kind::Plain, "a <b>c</b>", "a <b>c</b>", true);
        check(Kind::Bare, " <a>https://a.example/</a> ", "https://a.example/", false);
        check(Kind::Xhtml, " <div>1 &lt; 2<div>b</div></div> ", "1 &lt; 2<div>b</div>", true);
        check(Kind::Xhtml, "<h:div><h:p>a</h:p></h:div>", "<p>a</p>", true);
        check(Kind::Xhtml, "a<div>b</div><![CDATA[<]]>", "a<div>b</div>&lt;", true);
        check(Kind::Xhtml, "&lt;p&gt;a&lt;/p&gt;", "<p>a</p>", true);
        check(Kind::Base64 { is_html: true }, "PHA+\nYTwvcD4=", "<p>a</p>", true);
    }
}
