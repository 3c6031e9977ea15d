//! Charsets of two and four bytes a character: by their order mark, else by the zero bytes beside the first character (XML 1.0, appendix F).

use encoding_rs::{UTF_16BE, UTF_16LE};

use crate::repair::Repairs;

#[derive(Clone, Copy, Debug)]
enum Wide {
    Two(&'static encoding_rs::Encoding),
    Four(fn([u8; 4]) -> u32),
}

/// `bytes` as text; `None` if they are of one byte a character or of UTF-8.
pub(super) fn decode(bytes: &[u8], repairs: &mut Repairs) -> Option<String> {
    let (wide, mark) = of(bytes)?;
    let bytes = &bytes[mark..];
    let (text, had_bad_bytes) = match wide {
        Wide::Two(encoding) => {
            let (text, had_bad_bytes) = encoding.decode_without_bom_handling(bytes);
            (text.into_owned(), had_bad_bytes)
        }
        Wide::Four(read) => utf_32(bytes, read),
    };
    repairs.note_if(had_bad_bytes, "bad_bytes");
    Some(text)
}

/// The charset, and the length of its mark.
fn of(bytes: &[u8]) -> Option<(Wide, usize)> {
    let begins = |byte: u8| matches!(byte, b'<' | b'{' | b' ' | b'\t' | b'\n' | b'\r');
    Some(match *bytes {
        [0xff, 0xfe, 0, 0, ..] => (Wide::Four(u32::from_le_bytes), 4),
        [0, 0, 0xfe, 0xff, ..] => (Wide::Four(u32::from_be_bytes), 4),
        // A mark in front of bytes that are none of it is a lie.
        [0xff, 0xfe, b'<' | b'{', second, ..] if second != 0 => return None,
        [0xfe, 0xff, b'<' | b'{', second, ..] if second != 0 => return None,
        [0xff, 0xfe, ..] => (Wide::Two(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Wide::Two(UTF_16BE), 2),
        [first, 0, 0, 0, ..] if begins(first) => (Wide::Four(u32::from_le_bytes), 0),
        [0, 0, 0, first, ..] if begins(first) => (Wide::Four(u32::from_be_bytes), 0),
        [first, 0, ..] if begins(first) => (Wide::Two(UTF_16LE), 0),
        [0, first, ..] if begins(first) => (Wide::Two(UTF_16BE), 0),
        _ => return None,
    })
}

fn utf_32(bytes: &[u8], read: fn([u8; 4]) -> u32) -> (String, bool) {
    let (whole, rest) = bytes.as_chunks::<4>();
    let mut had_bad_bytes = !rest.is_empty();
    let text = whole.iter().map(|four| {
        char::from_u32(read(*four)).unwrap_or_else(|| {
            had_bad_bytes = true;
            char::REPLACEMENT_CHARACTER
        })
    });
    (text.collect(), had_bad_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<&str>) {
        assert_eq!(decode(bytes, &mut Repairs::default()).as_deref(), expected, "{bytes:?}");
    }

    #[test]
    fn wide_charsets_are_told_by_their_mark_or_their_zeros() {
        check(b"\xfe\xff\0<\0a", Some("<a"));
        check(b"\xff\xfe<\0a\0", Some("<a"));
        check(b"<\0a\0", Some("<a"));
        check(b"\0<\0a", Some("<a"));
        check(b"\n\0<\0", Some("\n<"));
        check(b"\xff\xfe\0\0<\0\0\0", Some("<"));
        check(b"\0\0\xfe\xff\0\0\0<\0\x01\xf6\x00", Some("<\u{1f600}"));
        check(b"<\0\0\0a\0\0\0", Some("<a"));
        check(b"\0\0\0<\xff\xff\xff\xff", Some("<\u{fffd}"));
        check(b"\xff\xfe<a", None);
        check(b"<a", None);
    }
}
