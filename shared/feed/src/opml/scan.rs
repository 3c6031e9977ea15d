//! The tags of a document that says it is XML, wherever it keeps to that or not. One linear pass, borrowed, without a tree.

/// At most so many attributes of one tag are kept.
const MAX_ATTRIBUTES: usize = 32;

/// What a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    /// `<…/>`
    Empty,
    Close,
    /// The document ends within it.
    CutOff,
}

/// A tag; its attributes are at [`Scan::attribute`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub(super) kind: Kind,
    /// Without its prefix.
    pub(super) name: &'a str,
    /// Counted from 1.
    pub(super) line: usize,
}

impl Tag<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Goes from tag to tag. Comments, CDATA and declarations are left out.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Up to here lines are counted.
    counted: usize,
    attributes: Vec<(&'a str, &'a str)>,
    /// Ends of comments and CDATA of which there are no more: to look again and again would take the square.
    gone: [bool; 2],
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, counted: 0, attributes: Vec::new(), gone: [false; 2] }
    }

    /// The raw value of an attribute of the latest tag, its name in whatever case and prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// The text up to the next tag, or what CDATA says there.
    pub(super) fn text(&self) -> &'a str {
        let rest = &self.text[self.at..];
        if let Some(cdata) = rest.trim_start().strip_prefix("<![CDATA[") {
            return cdata.split_once("]]>").map_or("", |(text, _)| text);
        }
        &rest[..rest.find('<').unwrap_or(rest.len())]
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips a comment, CDATA or a declaration.
    fn skip_declaration(&mut self) {
        let ends = [("<!--", "-->"), ("<![CDATA[", "]]>")];
        for (gone, (start, end)) in self.gone.iter_mut().zip(ends) {
            let rest = &self.text[self.at..];
            if !rest.starts_with(start) {
                continue;
            }
            let found = if *gone { None } else { rest.find(end) };
            *gone = found.is_none();
            // One that never ends hides nothing.
            self.at += found.map_or(start.len(), |found| found + end.len());
            return;
        }
        self.at += self.rest().find('>').map_or(self.rest().len(), |end| end + 1);
    }

    fn count_lines(&mut self) -> usize {
        let passed = &self.text.as_bytes()[self.counted..self.at];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.counted = self.at;
        self.line
    }

    fn read_tag(&mut self) -> Tag<'a> {
        let line = self.count_lines();
        self.at += 1;
        let closes = self.rest().starts_with('/');
        self.at += usize::from(closes);
        let name = self.take_until(|c| is_space(c) || matches!(c, '/' | '>' | '<'));
        let name = name.rsplit_once(':').map_or(name, |(_, local)| local);
        self.attributes.clear();
        let kind = match self.read_attributes() {
            Kind::Open if closes => Kind::Close,
            kind => kind,
        };
        Tag { kind, name, line }
    }

    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// Reads attributes up to and including `>`, or up to the `<` of the next tag where that is missing.
    fn read_attributes(&mut self) -> Kind {
        loop {
            let gap = self.take_until(|c| !is_space(c) && c != '/');
            match self.rest().bytes().next() {
                None => return Kind::CutOff,
                Some(b'>') => {
                    self.at += 1;
                    return if gap.ends_with('/') { Kind::Empty } else { Kind::Open };
                }
                Some(b'<') => return Kind::Open,
                Some(_) => {}
            }
            let start = self.at;
            let name = self.take_until(|c| is_space(c) || matches!(c, '=' | '/' | '>' | '<'));
            self.take_until(|c| !is_space(c));
            let mut value = "";
            if self.rest().starts_with('=') {
                self.at += 1;
                self.take_until(|c| !is_space(c));
                match self.read_value() {
                    Some(given) => value = given,
                    None => return Kind::CutOff,
                }
            }
            let name = name.rsplit_once(':').map_or(name, |(_, local)| local);
            if self.attributes.len() < MAX_ATTRIBUTES && !name.is_empty() {
                self.attributes.push((name, value));
            }
            debug_assert!(self.at > start, "each round reads something");
        }
    }

    /// `None` if the document ends within the value.
    fn read_value(&mut self) -> Option<&'a str> {
        let quote = match self.rest().bytes().next()? {
            b'"' => '"',
            b'\'' => '\'',
            _ => {
                let value = self.take_until(|c| is_space(c) || matches!(c, '>' | '<'));
                if self.rest().is_empty() {
                    return None;
                }
                // `x=y/>` is meant to end the tag.
                let slash = usize::from(value.ends_with('/') && self.rest().starts_with('>'));
                self.at -= slash;
                return Some(&value[..value.len() - slash]);
            }
        };
        let inner = &self.rest()[1..];
        let end = inner.find(quote);
        let value = &inner[..end.unwrap_or(inner.len())];
        // A quote that is missing: the next one belongs to another row.
        let row = value.find("<outline").or_else(|| value.find("</outline"));
        if let Some(row) = row {
            let end = value[..row].find('>').unwrap_or(row);
            let value = &value[..end];
            let value = value.strip_suffix('/').unwrap_or(value);
            self.at += 1 + value.len();
            return Some(value.trim_end());
        }
        self.at += 1 + end? + 1;
        Some(value)
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            self.at += self.rest().find('<')?;
            match self.rest().as_bytes().get(1) {
                Some(b'!' | b'?') => self.skip_declaration(),
                Some(b'/') => return Some(self.read_tag()),
                Some(byte) if byte.is_ascii_alphabetic() => return Some(self.read_tag()),
                _ => self.at += 1,
            }
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}
