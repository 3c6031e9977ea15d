//! References in XML text: XML's own, numbers, HTML's names, and those that the document itself declares. What is none of these stays as it is.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use memchr::memchr;

use crate::entities::{entity, unescape};

/// No name of an entity is longer.
const LONGEST: usize = 32;
/// Entities of its own that a document may declare; Netscape's DTD has about a hundred.
const MAX_DECLARED: usize = 256;

/// Resolves references.
#[derive(Debug, Default)]
pub(super) struct Entities<'a> {
    declared: HashMap<&'a str, &'a str>,
    /// Bytes that declared entities may still add: they multiply.
    budget: Cell<usize>,
    is_mended: Cell<bool>,
}

impl<'a> Entities<'a> {
    /// Those that a document type's internal subset declares. References in their values stay as they are, so nothing explodes.
    pub(super) fn new(subset: &'a str, budget: usize) -> Self {
        let values = subset.split("<!ENTITY").skip(1).filter_map(|declaration| {
            let (name, rest) = declaration.trim_start().split_once(char::is_whitespace)?;
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, _) = rest[1..].split_once(quote)?;
            // One that holds markup or refers to others is no character, and not worth the trouble.
            (!value.contains('<')).then_some((name, value))
        });
        Self { declared: values.take(MAX_DECLARED).collect(), budget: Cell::new(budget), is_mended: Cell::default() }
    }

    /// Whether there was a reference that XML does not know.
    pub(super) fn is_mended(&self) -> bool {
        self.is_mended.get()
    }

    /// `raw` with its references resolved once.
    pub(super) fn resolve<'t>(&self, raw: &'t str) -> Cow<'t, str> {
        let Some(first) = memchr(b'&', raw.as_bytes()) else {
            return Cow::Borrowed(raw);
        };
        let mut out = String::with_capacity(raw.len());
        out.push_str(&raw[..first]);
        let mut rest = &raw[first..];
        while !rest.is_empty() {
            let len = self.push(rest, &mut out);
            let text = &rest[len..];
            let next = memchr(b'&', text.as_bytes()).unwrap_or(text.len());
            out.push_str(&text[..next]);
            rest = &text[next..];
        }
        Cow::Owned(out)
    }

    /// Appends what the reference that `rest` begins with stands for; its length.
    fn push(&self, rest: &str, out: &mut String) -> usize {
        let after = &rest[1..];
        if !self.declared.is_empty()
            && let Some(len) = self.push_declared(after, out)
        {
            return 1 + len;
        }
        let Some(entity) = entity(after) else {
            self.is_mended.set(true);
            out.push('&');
            return 1;
        };
        let name = &after[..entity.len];
        let is_xml = name.starts_with('#') || matches!(name, "lt;" | "gt;" | "amp;" | "quot;" | "apos;");
        self.is_mended.set(self.is_mended.get() || !is_xml);
        // A character that there is not is nothing.
        if entity.first != char::REPLACEMENT_CHARACTER {
            out.push(entity.first);
        }
        out.extend(entity.second);
        1 + entity.len
    }

    fn push_declared(&self, after: &str, out: &mut String) -> Option<usize> {
        let end = after.bytes().take(LONGEST).position(|byte| matches!(byte, b';' | b'&' | b' '))?;
        let name = after.get(..end).filter(|_| after[end..].starts_with(';'))?;
        let value = self.declared.get(name)?;
        self.budget.set(self.budget.get().checked_sub(value.len())?);
        out.push_str(&unescape(value));
        Some(end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str, is_mended: bool) {
        let entities = Entities::new("<!ENTITY own \"Own &#233;\"><!ENTITY % p 'x'>\n<!ENTITY x SYSTEM 'y'>", 16);
        assert_eq!((&*entities.resolve(raw), entities.is_mended()), (expected, is_mended), "{raw}");
    }

    #[test]
    fn a_reference_is_resolved_once_and_what_is_none_stays() {
        check("plain", "plain", false);
        check("&lt;b&gt; &amp;amp; &quot;&apos;&#233;&#xE9;", "<b> &amp; \"'éé", false);
        check("a&nbsp;b&eacute;&hellip;", "a\u{a0}bé…", true);
        check("R&D AT&T; & &&amp;", "R&D AT&T; & &&", true);
        check("&own;&own;", "Own éOwn &own;".replace("Own &own;", "&own;").as_str(), true);
        check("&x;", "&x;", true);
        check("a&#0;b", "ab", false);
    }
}
