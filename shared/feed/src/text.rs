//! Plain text: tags stripped, entities resolved once, white space folded, lengths bounded.

use std::borrow::Cow;

use crate::html::{Token, Tokens};
use crate::tags;

/// Bytes of a title or another one-line text.
pub(crate) const MAX_LINE: usize = 2 * 1024;
/// Bytes of a name: an author, a category, a media type.
pub(crate) const MAX_NAME: usize = 256;
/// Bytes of a feed's description.
pub(crate) const MAX_PARAGRAPH: usize = 8 * 1024;

/// HTML as one line of plain text of at most `max` bytes; `None` if nothing is left.
pub(crate) fn of_html(html: &str, max: usize) -> Option<String> {
    if !html.contains(['<', '&']) {
        return of_plain(html, max);
    }
    let mut text = String::with_capacity(html.len().min(max));
    for token in Tokens::new(html) {
        match token {
            Token::Text(piece) => text.push_str(piece),
            // In titles people write `Vec<u8>`: what no HTML element is called is no tag.
            Token::Start(name) if !is_element(name) => {
                text.extend(["<", name, ">"]);
            }
            Token::Start(name) | Token::End(name) => {
                if tags::allowed(name).is_some_and(|element| tags::is_block(element) || element == "br") {
                    text.push(' ');
                }
            }
        }
        // Entities may still shrink it, to a sixteenth at most in practice.
        if text.len() > max.saturating_mul(16) {
            break;
        }
    }
    of_plain(&unescape(&text), max)
}

/// Whether a tag of this name is meant as HTML.
fn is_element(name: &str) -> bool {
    let others = [
        "body", "center", "font", "form", "head", "html", "input", "label", "math", "nav", "nobr", "big", "main",
        "object", "svg",
    ];
    tags::allowed(name).is_some()
        || tags::is_raw_text(name)
        || others.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Text as one line of at most `max` bytes; `None` if nothing is left.
pub(crate) fn of_plain(text: &str, max: usize) -> Option<String> {
    let mut line = String::with_capacity(text.len().min(max));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > max {
            break;
        }
    }
    cut(&mut line, max);
    (!line.is_empty()).then_some(line)
}

/// Cuts `text` to at most `max` bytes, at a character boundary.
pub(crate) fn cut(text: &mut String, max: usize) {
    text.truncate(text.floor_char_boundary(max));
}

/// Text as HTML that shows it, line breaks included.
pub(crate) fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 16);
    for (number, line) in text.trim().lines().enumerate() {
        if number > 0 {
            html.push_str("<br>");
        }
        push_escaped(line, &mut html);
    }
    html
}

/// Appends `text` so that HTML reads it as text, between tags or in double quotes.
pub(crate) fn push_escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// Resolves HTML's entities, once.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = &text[first..];
    out.push_str(&text[..first]);
    while let Some(after) = rest.strip_prefix('&') {
        rest = match entity(after, &mut out) {
            Some(after) => after,
            None => {
                out.push('&');
                after
            }
        };
        let next = rest.find('&').unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(out)
}

/// Names longer than this exist, but nobody writes them.
const LONGEST_NAME: usize = 32;

/// Appends what the entity that `text` begins with stands for, and gives what follows it; `None` if it is none.
fn entity<'a>(text: &'a str, out: &mut String) -> Option<&'a str> {
    let window = &text[..text.floor_char_boundary(LONGEST_NAME)];
    let (name, _) = window.split_once(';')?;
    let after = &text[name.len() + 1..];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        out.push(match code.ok()? {
            0 => char::REPLACEMENT_CHARACTER,
            // What browsers make of the numbers that windows-1252 uses.
            code @ 0x80..=0x9f => windows_1252(u8::try_from(code).ok()?),
            code => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
        });
        return Some(after);
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let &(first, second) = web_atoms::NAMED_ENTITIES.get(format!("{name};").as_str())?;
    out.push(char::from_u32(first).filter(|c| *c != '\0')?);
    out.extend(char::from_u32(second).filter(|c| *c != '\0'));
    Some(after)
}

fn windows_1252(byte: u8) -> char {
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(&byte));
    text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: Option<&str>) {
        assert_eq!(of_html(html, MAX_LINE).as_deref(), expected, "{html}");
    }

    #[test]
    fn a_title_is_plain_text_with_entities_resolved_once() {
        check("Ben &amp; Jerry&#8217;s  <b>new</b>\n flavour", Some("Ben & Jerry\u{2019}s new flavour"));
        check("&amp;lt;b&amp;gt;", Some("&lt;b&gt;"));
        check("AT&T; R&D &nope; &#150; &#x1F600; &#0;", Some("AT&T; R&D &nope; \u{2013} \u{1F600} \u{FFFD}"));
        check("5 < 6 &nbsp; and Vec<u8>", Some("5 < 6 and Vec<u8>"));
        check("a<br>b<script>alert(1)</script>c", Some("a bc"));
        check(" <p> </p> ", None);
    }

    #[test]
    fn a_text_is_cut_at_a_character_boundary() {
        assert_eq!(of_plain("aé", 2).as_deref(), Some("a"));
        assert_eq!(of_html(&"é".repeat(3_000), MAX_LINE).map(|text| text.len()), Some(MAX_LINE));
    }

    #[test]
    fn text_as_html_shows_what_it_says() {
        assert_eq!(to_html("<b> & \"x\"\nnext"), "&lt;b&gt; &amp; &quot;x&quot;<br>next");
    }
}
