//! Characters of cleaned HTML: which stand for themselves, and how the others are written.

use crate::entities::entity;
use crate::lanes::{self, Lane, Search};

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
    let bytes = raw.as_bytes();
    let mut search = Search::new(bytes);
    // What stands between the two is written as it is.
    let (mut from, mut at) = (0, 0);
    loop {
        at = search.next(at, special);
        let Some(byte) = bytes.get(at) else { break };
        if let Some(len) = normal(&bytes[at..]) {
            at += len;
            continue;
        }
        out.push_str(&raw[from..at]);
        at += match byte {
            b'&' => push_reference(&raw[at + 1..], out),
            0xc2 => {
                out.push_str("&nbsp;");
                2
            }
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 1,
            byte => {
                push_char(char::from(*byte), out);
                1
            }
        };
        from = at;
    }
    out.push_str(&raw[from..]);
}

/// How long what `bytes` begin with is, if it is special and in its normal form all the same.
#[inline]
fn normal(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'&', b'a', b'm', b'p', b';', ..] => Some(5),
        [b'&', b'l' | b'g', b't', b';', ..] => Some(4),
        [b'&', b'n', b'b', b's', b'p', b';', ..] => Some(6),
        [0xc2, second, ..] if *second != 0xa0 => Some(2),
        _ => None,
    }
}

/// Writes what `text`, which follows a `&`, begins with, and tells how long it is together with that.
fn push_reference(text: &str, out: &mut String) -> usize {
    let Some(entity) = entity(text) else {
        out.push_str("&amp;");
        return 1;
    };
    push_char(entity.first, out);
    if let Some(second) = entity.second {
        push_char(second, out);
    }
    1 + entity.len
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
