//! Proves, without building a tree, that HTML is clean already: that ammonia would give it back as it is.
//!
//! It knows nothing of how the HTML came to be, shares no code with what wrote it but the tables and the search in them, and says no when in doubt. It accepts
//! only what has one reading: elements of the allow-list, closed one by one in the order in which they were opened, none of which makes a browser close,
//! open or move another one (HTML standard §13.2.6); their attributes in the order of the rules, each in double quotes and with a value that fits; text
//! without any character that would be written otherwise.

use super::attributes::{self, Kind};
use super::chars;
use crate::lanes::{self, Search};
use crate::tags::{self, Element};
use crate::text::unescape_in;

/// Elements inside one another.
const MAX_DEPTH: usize = 128;

/// Whether ammonia would give `html` back as it is.
pub(super) fn is_clean(html: &str) -> bool {
    // A byte order mark would be taken for one.
    !html.starts_with('\u{feff}')
        && Proof {
            html,
            at: 0,
            special: Search::new(html.as_bytes()),
            open: Vec::with_capacity(16),
            room: String::new(),
        }
        .run()
        .is_some()
}

struct Proof<'a> {
    html: &'a str,
    at: usize,
    special: Search<'a>,
    /// What is open, innermost last, and what is open around it.
    open: Vec<(Element, Around)>,
    /// Room to resolve entities in.
    room: String,
}

/// What is open from an element outwards, itself included, up to the next [scope](Element::is_scope).
#[derive(Clone, Copy, Default)]
struct Around {
    has_link: bool,
    has_paragraph: bool,
}

impl Around {
    #[inline]
    fn with(self, element: Element) -> Self {
        if element.is_scope() {
            return Self::default();
        }
        Self {
            has_link: self.has_link || element == Element::A,
            has_paragraph: self.has_paragraph || element == Element::P,
        }
    }
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

    fn skip(&mut self, what: &str) -> bool {
        let found = self.html.as_bytes()[self.at..].starts_with(what.as_bytes());
        self.at += if found { what.len() } else { 0 };
        found
    }

    /// Text up to the next tag, or to the end.
    fn text(&mut self) -> Option<()> {
        let (begin, bytes) = (self.at, self.html.as_bytes());
        loop {
            self.at = self.special.next(self.at, chars::special);
            match bytes.get(self.at) {
                None | Some(b'<') => break,
                Some(b'&') => self.at += reference(&bytes[self.at..], false)?,
                Some(0xc2) if bytes.get(self.at + 1) != Some(&0xa0) => self.at += 2,
                Some(_) => return None,
            }
        }
        // Any other text in the frame of a table would be moved in front of it.
        let is_frame = self.open.last().is_some_and(|(top, _)| top.is_frame());
        let is_blank = || bytes[begin..self.at].iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
        (!is_frame || is_blank()).then_some(())
    }

    fn skip_byte(&mut self, byte: u8) -> bool {
        let found = self.html.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Option<Element> {
        let (len, element) = tags::read_exact_name(&self.html.as_bytes()[self.at..])?;
        self.at += len;
        Some(element)
    }

    fn end(&mut self) -> Option<()> {
        let (expected, _) = self.open.pop()?;
        self.skip(expected.end_tag()).then_some(())
    }

    fn start(&mut self) -> Option<()> {
        let element = self.name()?;
        self.may_stand_here(element)?;
        self.attributes(element)?;
        match element {
            // A line break here would not be part of it.
            Element::Pre if self.html.as_bytes().get(self.at) == Some(&b'\n') => return None,
            // All that follows would be text.
            Element::Iframe => return self.skip("</iframe>").then_some(()),
            _ => {}
        }
        if !element.is_void() {
            self.open.push((element, self.around().with(element)));
        }
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    /// Whether it begins here without any effect on what is open.
    fn may_stand_here(&self, element: Element) -> Option<()> {
        use Element::*;
        let top = self.open.last().map(|(top, _)| top);
        let parents = element.parents();
        let fits = match top {
            Some(top) if parents.is_empty() => !top.is_frame(),
            Some(top) => parents.contains(top),
            None => parents.is_empty(),
        };
        let ends = match element {
            A => self.around().has_link,
            Li => self.ends_item(|open| open == Li),
            Dd | Dt => self.ends_item(|open| matches!(open, Dd | Dt)),
            heading if heading.is_heading() => top.is_some_and(|top| top.is_heading()),
            _ => false,
        };
        let ends_paragraph = element.is_block() && self.around().has_paragraph;
        (fits && !ends && !ends_paragraph).then_some(())
    }

    #[inline]
    fn around(&self) -> Around {
        self.open.last().map_or(Around::default(), |(_, around)| *around)
    }

    fn ends_item(&self, is_item: impl Fn(Element) -> bool) -> bool {
        for (open, _) in self.open.iter().rev() {
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
        if !attributes::needs_any(element) && self.skip_byte(b'>') {
            return Some(());
        }
        let mut rules = attributes::rules(element).iter();
        while !self.skip_byte(b'>') {
            let rest = &self.html.as_bytes()[self.at..];
            let rule = loop {
                let rule = rules.next()?;
                let begin = rule.begin.as_bytes();
                if rest.get(1) == begin.get(1) && rest.starts_with(begin) {
                    break rule;
                }
                // This one must not be left out.
                if matches!(rule.kind, Kind::Always(_)) {
                    return None;
                }
            };
            self.at += rule.begin.len();
            let (value, has_references) = self.value()?;
            let fits = match has_references {
                false => attributes::fits(rule.kind, value),
                true => {
                    attributes::fits_as_written(rule.kind, value)
                        || attributes::fits(rule.kind, unescape_in(value, &mut self.room))
                }
            };
            if !fits {
                return None;
            }
        }
        rules.all(|rule| !matches!(rule.kind, Kind::Always(_))).then_some(())
    }

    /// A value and its `"`, and whether there are references in it.
    fn value(&mut self) -> Option<(&'a str, bool)> {
        let (begin, bytes) = (self.at, self.html.as_bytes());
        let end = begin + lanes::find(&bytes[begin..], b'"')?;
        let (mut at, mut has_references) = (begin, false);
        loop {
            at = self.special.next(at, chars::special);
            if at >= end {
                break;
            }
            match bytes[at] {
                b'&' => {
                    at += reference(&bytes[at..], true)?;
                    has_references = true;
                }
                0xc2 if bytes.get(at + 1) != Some(&0xa0) => at += 2,
                _ => return None,
            }
        }
        self.at = end + 1;
        Some((&self.html[begin..end], has_references))
    }
}

/// How long the reference is that `bytes` begin with, if it is one that is written here.
#[inline]
fn reference(bytes: &[u8], is_quoted: bool) -> Option<usize> {
    match bytes {
        [_, b'a', b'm', b'p', b';', ..] => Some(5),
        [_, b'l' | b'g', b't', b';', ..] => Some(4),
        [_, b'n', b'b', b's', b'p', b';', ..] => Some(6),
        [_, b'q', b'u', b'o', b't', b';', ..] if is_quoted => Some(6),
        _ => None,
    }
}
