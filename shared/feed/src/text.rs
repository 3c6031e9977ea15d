//! Plain text: tags stripped, entities resolved once, white space folded, lengths bounded.

use crate::html::{Token, Tokens};
use crate::lanes::{self, Lane};
use crate::tags::{self, Element};

pub(crate) use crate::entities::{unescape, unescape_in};

/// Bytes of a title or another one-line text.
pub const MAX_LINE: usize = 2 * 1024;
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
                if tags::allowed(name).is_some_and(is_apart) {
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

/// Whether what follows an element does not read on from what was before it.
fn is_apart(element: Element) -> bool {
    element.is_block() || matches!(element, Element::Br | Element::Td | Element::Th | Element::Caption)
}

/// Whether a tag of this name is meant as HTML.
fn is_element(name: &str) -> bool {
    let others = [
        "big", "body", "embed", "font", "form", "head", "html", "input", "label", "link", "math", "meta", "nobr",
        "noscript", "object", "svg",
    ];
    tags::allowed(name).is_some()
        || tags::instead_of(name).is_some()
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
    let (mut from, mut at) = (0, 0);
    while let Some(found) = lanes::find_where(&text.as_bytes()[at..], may_be_escaped) {
        at += found;
        let byte = text.as_bytes()[at];
        let reference = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            // The first of the two bytes of a no-break space.
            0xc2 if text.as_bytes().get(at + 1) == Some(&0xa0) => "&nbsp;",
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(&text[from..at]);
        out.push_str(reference);
        at += if byte == 0xc2 { 2 } else { 1 };
        from = at;
    }
    out.push_str(&text[from..]);
}

/// Marks bytes that [`push_escaped`] may have to write otherwise.
#[inline]
fn may_be_escaped(lane: Lane) -> Lane {
    let markup = lanes::are(lane, b'<') | lanes::are(lane, b'>') | lanes::are(lane, b'&');
    markup | lanes::are(lane, b'"') | lanes::are(lane, 0xc2)
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
