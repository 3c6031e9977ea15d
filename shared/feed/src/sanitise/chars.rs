//! Characters of cleaned HTML: which stand for themselves, and how the others are written.

use crate::entities::entity;
use crate::lanes::{self, Lane};

/// Marks bytes that may not stand in text as they are: markup, the first byte of a no-break space, and control characters but for tab and line feed.
#[inline]
pub(crate) fn special(lane: Lane) -> Lane {
    let controls = lanes::are_within(lane, 0, 0x1f) & !lanes::are_within(lane, b'\t', b'\n') | lanes::are(lane, 0x7f);
    let markup = lanes::are(lane, b'&') | lanes::are(lane, b'<') | lanes::are(lane, b'>');
    controls | markup | lanes::are(lane, 0xc2)
}

/// Where the next byte is that may have to be written otherwise.
#[inline]
pub(super) fn next_special(bytes: &[u8]) -> Option<usize> {
    lanes::find_where(bytes, special)
}

/// Whether it ends or begins nothing that is to be seen.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Appends text between tags in its one normal form: entities resolved but for those that HTML needs, line breaks as line feeds, no control characters.
pub(super) fn push_text(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = next_special(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let byte = rest.as_bytes()[at];
        let mut taken = 1;
        match byte {
            b'&' => match entity(&rest[at + 1..]) {
                Some(entity) => {
                    push_char(entity.first, out);
                    if let Some(second) = entity.second {
                        push_char(second, out);
                    }
                    taken += entity.len;
                }
                None => out.push_str("&amp;"),
            },
            0xc2 => {
                taken = 2;
                match &rest[at..at + 2] {
                    "\u{a0}" => out.push_str("&nbsp;"),
                    other => out.push_str(other),
                }
            }
            b'\r' if rest.as_bytes().get(at + 1) == Some(&b'\n') => {}
            byte => push_char(char::from(byte), out),
        }
        rest = &rest[at + taken..];
    }
    out.push_str(rest);
}

fn push_char(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '\u{a0}' => out.push_str("&nbsp;"),
        '\r' => out.push('\n'),
        '\x0b' | '\x0c' => out.push(' '),
        c if c.is_ascii_control() && !matches!(c, '\t' | '\n') => {}
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_special_byte_is_found_wherever_it_stands_and_whatever_stands_before_it() {
        for byte in 0..=255_u8 {
            let is_special = (byte < 0x20 && byte != b'\t' && byte != b'\n') || b"&<>\x7f\xc2".contains(&byte);
            for before in [b"\t\n \xff!".as_slice(), b"\xe3\x81\x82\x80\n", b"=;'\xc1\xc3"] {
                for len in 0..70 {
                    let mut bytes: Vec<u8> = before.iter().copied().cycle().take(len).collect();
                    bytes.push(byte);
                    bytes.extend_from_slice(&b"abcdefghij"[..len % 11]);
                    assert_eq!(next_special(&bytes), is_special.then_some(len), "{byte} {bytes:?}");
                }
            }
        }
    }

    #[test]
    fn text_has_one_form() {
        let cases = [
            ("a & b &amp; &lt;c> &quot;d\" it&#39;s", "a &amp; b &amp; &lt;c&gt; \"d\" it's"),
            ("\u{a0}&nbsp;&#160; © &copy;", "&nbsp;&nbsp;&nbsp; © ©"),
            ("a\r\nb\rc\0d\x0ce\x7f\tf&#13;g&#1;", "a\nb\ncd e\tf\ng"),
            ("&amp;lt;", "&amp;lt;"),
        ];
        for (raw, expected) in cases {
            let mut out = String::new();
            push_text(raw, &mut out);
            assert_eq!(out, expected, "{raw:?}");
            let mut again = String::new();
            push_text(&out, &mut again);
            assert_eq!(again, out, "again: {raw:?}");
        }
    }
}
