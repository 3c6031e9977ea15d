//! HTML's character references, resolved once.

use std::borrow::Cow;

use crate::lanes;

/// Names longer than this exist, but nobody writes them.
const LONGEST_NAME: usize = 32;

/// What a reference stands for, and how many bytes after the `&` it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) first: char,
    pub(crate) second: Option<char>,
    pub(crate) len: usize,
}

/// Resolves HTML's entities, once.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if lanes::find(text.as_bytes(), b'&').is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    unescape_in(text, &mut out);
    Cow::Owned(out)
}

/// As [`unescape`], in `room` if there is anything to resolve.
pub(crate) fn unescape_in<'a>(text: &'a str, room: &'a mut String) -> &'a str {
    room.clear();
    let Some(first) = lanes::find(text.as_bytes(), b'&') else {
        return text;
    };
    room.reserve(text.len());
    room.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(after) = rest.strip_prefix('&') {
        rest = match entity(after) {
            Some(entity) => {
                room.push(entity.first);
                room.extend(entity.second);
                &after[entity.len..]
            }
            None => {
                room.push('&');
                after
            }
        };
        let next = lanes::find(rest.as_bytes(), b'&').unwrap_or(rest.len());
        room.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    room
}

/// The reference that `text`, which follows a `&`, begins with; `None` if it is none.
pub(crate) fn entity(text: &str) -> Option<Entity> {
    // The one that is written most.
    if text.starts_with("amp;") {
        return Some(Entity { first: '&', second: None, len: 4 });
    }
    if let Some(number) = text.strip_prefix('#') {
        return numeric(number);
    }
    let bytes = text.as_bytes();
    let len = bytes.iter().take(LONGEST_NAME).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if bytes.get(len) == Some(&b';') {
        return named(&text[..len], &text[..=len]);
    }
    // Very old names need no semicolon. In `?a=1&copy=2` and in `&copyright` nobody means one.
    match (bytes.get(len), &text[..len]) {
        (Some(b'='), _) => None,
        (_, name @ ("amp" | "lt" | "gt" | "quot" | "nbsp" | "copy" | "reg")) => named(name, name),
        _ => None,
    }
}

/// What `name` stands for, in a text that writes it as `whole`.
fn named(name: &str, whole: &str) -> Option<Entity> {
    let (first, second) = match name {
        "amp" => ('&', None),
        "lt" => ('<', None),
        "gt" => ('>', None),
        "quot" => ('"', None),
        "apos" => ('\'', None),
        "nbsp" => ('\u{a0}', None),
        _ => {
            // A name without its semicolon is in the table too, and means nothing there.
            let &(first, second) = web_atoms::NAMED_ENTITIES.get(whole)?;
            let of = |code| char::from_u32(code).filter(|c| *c != '\0');
            (of(first)?, of(second))
        }
    };
    Some(Entity { first, second, len: whole.len() })
}

/// A number; browsers need no semicolon after one.
fn numeric(text: &str) -> Option<Entity> {
    let (digits, radix) = match text.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    let len = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    if len == 0 {
        return None;
    }
    let first = match u32::from_str_radix(&digits[..len], radix) {
        Ok(0) | Err(_) => char::REPLACEMENT_CHARACTER,
        // What browsers make of the numbers that windows-1252 uses.
        Ok(code @ 0x80..=0x9f) => windows_1252(u8::try_from(code).ok()?),
        Ok(code) => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    let semicolon = usize::from(digits.as_bytes().get(len) == Some(&b';'));
    let marks = 1 + text.len() - digits.len();
    Some(Entity { first, second: None, len: marks + len + semicolon })
}

fn windows_1252(byte: u8) -> char {
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(&byte));
    text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_resolved_once_and_as_browsers_do() {
        let cases = [
            ("Ben &amp; Jerry&#8217;s", "Ben & Jerry\u{2019}s"),
            ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
            ("&#150;&#x1F600;&#X41;&#0;&#xD800;&#99999999999;", "\u{2013}\u{1F600}A\u{FFFD}\u{FFFD}\u{FFFD}"),
            ("&eacute;&hellip;&NotEqualTilde;", "é…\u{2242}\u{338}"),
            ("AT&T; R&D &nope; &; &", "AT&T; R&D &nope; &; &"),
            ("a &amp b &lt", "a & b <"),
            ("?a=1&copy=2&copyright=3&lt=4", "?a=1&copy=2&copyright=3&lt=4"),
            ("&#65 &#x42x &#; &#x;", "A Bx &#; &#x;"),
            ("&Eacut;", "&Eacut;"),
        ];
        for (text, expected) in cases {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }
}
