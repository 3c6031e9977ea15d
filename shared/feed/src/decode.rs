//! Bytes to text. The order mark, the `Content-Type` and the XML declaration say which charset (RFC 7303 §3); none of them is believed
//! where the bytes themselves say UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use crate::repair::Repairs;

/// The XML declaration stands within so many bytes.
const DECLARATION: usize = 256;

/// `bytes` as text; what does not decode is replaced by U+FFFD.
pub(crate) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>, repairs: &mut Repairs) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return with(encoding, &bytes[mark..], repairs);
    }
    if let Some(encoding) = wide(bytes) {
        return with(encoding, bytes, repairs);
    }
    let label = content_type.and_then(charset_of).or_else(|| declared(bytes)).unwrap_or(UTF_8);
    // Valid UTF-8 beyond ASCII is never anything else by chance; a charset that shifts between sets is all ASCII, though.
    if label != UTF_8 && label != ISO_2022_JP && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        repairs.note("charset");
        return with(UTF_8, bytes, repairs);
    }
    with(label, bytes, repairs)
}

fn with<'a>(encoding: &'static Encoding, bytes: &'a [u8], repairs: &mut Repairs) -> Cow<'a, str> {
    let (text, had_bad_bytes) = encoding.decode_without_bom_handling(bytes);
    if had_bad_bytes {
        repairs.note("bad_bytes");
    }
    text
}

/// UTF-16 without an order mark: `<` or `{` with a zero byte beside it.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<' | b'{', 0, ..] => Some(UTF_16LE),
        [0, b'<' | b'{', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// `charset` of a media type. UTF-16 is not believed: it would have shown.
fn charset_of(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    narrow(charsets.next()?.1.trim().trim_matches(['"', '\'']))
}

/// `encoding` of an XML declaration.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION)]);
    let declaration = head.split_once("<?xml")?.1.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    narrow(value[1..].split_once(quote)?.0)
}

fn narrow(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], content_type: Option<&str>, expected: &str, repaired: &[&str]) {
        let mut repairs = Repairs::default();
        assert_eq!(decode(bytes, content_type, &mut repairs), expected);
        assert_eq!(repairs.names(), repaired, "{expected}");
    }

    #[test]
    fn the_charset_is_the_one_that_the_bytes_are_in() {
        let latin = b"<?xml version='1.0' encoding='iso-8859-1'?>\xe9";
        check(latin, None, "<?xml version='1.0' encoding='iso-8859-1'?>\u{e9}", &[]);
        check(b"\xe9", Some("text/xml; charset=\"windows-1252\""), "\u{e9}", &[]);
        check(
            b"<?xml encoding=\"utf-8\"?>\xe9",
            Some("text/xml;charset=latin1"),
            "<?xml encoding=\"utf-8\"?>\u{e9}",
            &[],
        );
        check("\u{e9}".as_bytes(), Some("text/xml; charset=iso-8859-1"), "\u{e9}", &["charset"]);
        check(b"\xef\xbb\xbf<a>", Some("text/xml; charset=koi8-r"), "<a>", &[]);
        check(b"\xfe\xff\0<\0a", None, "<a", &[]);
        check(b"\xff\xfe<\0a\0", Some("text/xml; charset=utf-8"), "<a", &[]);
        check(b"<\0a\0", None, "<a", &[]);
        check(b"\0<\0a", None, "<a", &[]);
        check(b"a\xffb", None, "a\u{fffd}b", &["bad_bytes"]);
        check(b"\x1b$B$\"\x1b(B", Some("text/xml; charset=iso-2022-jp"), "\u{3042}", &[]);
        check(b"a", Some("text/xml; charset=nonsense"), "a", &[]);
    }
}
