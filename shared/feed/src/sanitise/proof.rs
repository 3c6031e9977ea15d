//! Proves, without building a tree, that HTML is clean already: that ammonia would give it back as it is.
//!
//! It knows nothing of how the HTML came to be, shares no code with what wrote it but the tables and the search in them, and says no when in doubt. It accepts
//! only what has one reading: elements of the allow-list, closed one by one in the order in which they were opened, none of which makes a browser close,
//! open or move another one (HTML standard §13.2.6); their attributes in the order of the rules, each in double quotes and with a value that fits; text
//! without any character that would be written otherwise.

use super::attributes::{self, Kind};
use super::chars;
use crate::tags::{self, Element};
use crate::text::unescape_in;

/// Elements inside one another.
const MAX_DEPTH: usize = 128;

/// Whether ammonia would give `html` back as it is.
pub(super) fn is_clean(html: &str) -> bool {
    // A byte order mark would be taken for one.
    !html.starts_with('\u{feff}')
        && Proof { html, at: 0, open: Vec::with_capacity(16), room: String::new() }.run().is_some()
}

struct Proof<'a> {
    html: &'a str,
    at: usize,
    open: Vec<Element>,
    /// Room to resolve entities in.
    room: String,
}

impl<'a> Proof<'a> {
    /// `None` as soon as there is any doubt.
    fn run(mut self) -> Option<()> {
        loop {
            self.text()?;
            if self.at == self.html.len() {
                return self.open.is_empty().then_some(());
            }
            if self.html.as_bytes().get(self.at + 1) == Some(&b'/') {
                self.end()?;
            } else {
                self.at += 1;
                self.start()?;
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.html[self.at..]
    }

    fn skip(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    /// Text up to the next tag, or to the end.
    fn text(&mut self) -> Option<()> {
        let begin = self.at;
        loop {
            let bytes = &self.html.as_bytes()[self.at..];
            let Some(special) = chars::next_special(bytes) else {
                self.at = self.html.len();
                break;
            };
            self.at += special;
            match bytes[special] {
                b'<' => break,
                b'&' => self.reference(&["&amp;", "&lt;", "&gt;", "&nbsp;"])?,
                0xc2 if bytes.get(special + 1) != Some(&0xa0) => self.at += 2,
                _ => return None,
            }
        }
        // Any other text in the frame of a table would be moved in front of it.
        let is_frame = self.open.last().is_some_and(|top| top.is_frame());
        let text = &self.html[begin..self.at];
        (!is_frame || text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n'))).then_some(())
    }

    fn reference(&mut self, known: &[&str]) -> Option<()> {
        known.iter().any(|reference| self.skip(reference)).then_some(())
    }

    fn name(&mut self) -> Option<Element> {
        let (len, element) = tags::read_name(self.rest());
        let name = &self.rest()[..len];
        self.at += len;
        // Who found it does not matter: what stands here is the name, and nothing else.
        element.filter(|element| element.name() == name)
    }

    fn end(&mut self) -> Option<()> {
        let expected = self.open.pop()?.end_tag();
        self.skip(expected).then_some(())
    }

    fn start(&mut self) -> Option<()> {
        let element = self.name()?;
        self.may_stand_here(element)?;
        self.attributes(element)?;
        match element {
            // A line break here would not be part of it.
            Element::Pre if self.rest().starts_with('\n') => return None,
            // All that follows would be text.
            Element::Iframe => return self.skip("</iframe>").then_some(()),
            _ => {}
        }
        if !element.is_void() {
            self.open.push(element);
        }
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    /// Whether it begins here without any effect on what is open.
    fn may_stand_here(&self, element: Element) -> Option<()> {
        use Element::*;
        let top = self.open.last();
        let parents = element.parents();
        let fits = match top {
            Some(top) if parents.is_empty() => !top.is_frame(),
            Some(top) => parents.contains(top),
            None => parents.is_empty(),
        };
        // From the innermost outwards, as far as each rule looks.
        let mut scope = self.open.iter().rev().take_while(|open| !open.is_scope());
        let ends = match element {
            A => scope.any(|open| *open == A),
            Li => self.ends_item(|open| open == Li),
            Dd | Dt => self.ends_item(|open| matches!(open, Dd | Dt)),
            heading if heading.is_heading() => top.is_some_and(|top| top.is_heading()),
            _ => false,
        };
        let ends_paragraph =
            element.is_block() && self.open.iter().rev().take_while(|open| !open.is_scope()).any(|open| *open == P);
        (fits && !ends && !ends_paragraph).then_some(())
    }

    fn ends_item(&self, is_item: impl Fn(Element) -> bool) -> bool {
        for open in self.open.iter().rev() {
            if is_item(*open) {
                return true;
            }
            if open.is_special() && !matches!(open, Element::Address | Element::Div | Element::P) {
                return false;
            }
        }
        false
    }

    /// The attributes of a tag, and its `>`.
    fn attributes(&mut self, element: Element) -> Option<()> {
        let mut rules = attributes::rules(element).iter();
        while !self.skip(">") {
            if !self.skip(" ") {
                return None;
            }
            let rest = self.rest();
            let name = &rest[..rest.bytes().take_while(u8::is_ascii_lowercase).count()];
            self.at += name.len();
            let rule = loop {
                let rule = rules.next()?;
                if rule.name == name {
                    break rule;
                }
                // This one must not be left out.
                if matches!(rule.kind, Kind::Always(_)) {
                    return None;
                }
            };
            let value = self.value()?;
            if !attributes::fits(rule.kind, unescape_in(value, &mut self.room)) {
                return None;
            }
        }
        rules.all(|rule| !matches!(rule.kind, Kind::Always(_))).then_some(())
    }

    /// `="` and a value and `"`.
    fn value(&mut self) -> Option<&'a str> {
        if !self.skip("=\"") {
            return None;
        }
        let len = memchr::memchr(b'"', self.rest().as_bytes())?;
        let (begin, end) = (self.at, self.at + len);
        while let Some(special) = chars::next_special(&self.html.as_bytes()[self.at..end]) {
            self.at += special;
            match self.html.as_bytes()[self.at] {
                b'&' => self.reference(&["&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;"])?,
                0xc2 if self.html.as_bytes().get(self.at + 1) != Some(&0xa0) => self.at += 2,
                _ => return None,
            }
        }
        self.at = end + 1;
        Some(&self.html[begin..end])
    }
}
