//! Bytes to text. Who says which charset it is, in this order: an order mark, zero bytes beside the first character, the `Content-Type`, the XML
//! declaration (RFC 7303 §3), a `meta` as in HTML. None of them is believed where the bytes themselves say otherwise: where they are UTF-8, or where they
//! cannot be what is claimed and can be what another claims. If nobody says anything that fits, it is guessed.

mod wide;

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

use crate::repair::Repairs;

/// A declaration stands within so many bytes.
const HEAD: usize = 1024;

/// `bytes` as text; what does not decode is replaced by U+FFFD.
pub(crate) fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>, repairs: &mut Repairs) -> Cow<'a, str> {
    if let Some(text) = wide::decode(bytes, repairs) {
        return Cow::Owned(text);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let claims = claims(bytes, content_type);
    let first = claims.first().copied().flatten();
    let shifts = claims.iter().flatten().any(|claim| *claim == ISO_2022_JP);
    // A charset that shifts between sets is all ASCII.
    if !shifts || !bytes.contains(&0x1b) {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => {
                repairs.note_if(!claims.is_empty() && first != Some(UTF_8) && !text.is_ascii(), "charset");
                return Cow::Borrowed(text);
            }
            // Other claims may be right after all: more has to speak against them.
            Err(_) if is_utf8_but_for_damage(bytes, if first.is_none_or(|first| first == UTF_8) { 1 } else { 10 }) => {
                repairs.note_if(!claims.is_empty() && first != Some(UTF_8), "charset");
                return with(UTF_8, bytes, repairs);
            }
            Err(_) => {}
        }
    }
    let fits = |encoding: &'static Encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes);
    for (number, claim) in claims.iter().enumerate() {
        if let Some(text) = claim.filter(|claim| *claim != UTF_8).and_then(fits) {
            repairs.note_if(number > 0, "charset");
            return text;
        }
    }
    repairs.note("charset");
    with(guess(bytes), bytes, repairs)
}

fn with<'a>(encoding: &'static Encoding, bytes: &'a [u8], repairs: &mut Repairs) -> Cow<'a, str> {
    let (text, had_bad_bytes) = encoding.decode_without_bom_handling(bytes);
    repairs.note_if(had_bad_bytes, "bad_bytes");
    text
}

/// Whether what is not ASCII is UTF-8 `times` as often as it is not, so that the rest is damage.
fn is_utf8_but_for_damage(bytes: &[u8], times: usize) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 0 && good / times >= bad
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// What header, declaration and `meta` claim, without those that claim nothing; `None` is a charset that nobody knows.
fn claims(bytes: &[u8], content_type: Option<&str>) -> Vec<Option<&'static Encoding>> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    let labels = [content_type.and_then(parameter), declared(&head), meta(&head)];
    labels.into_iter().flatten().map(encoding).collect()
}

/// `charset` of a media type.
fn parameter(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split([';', ',']).filter_map(|parameter| parameter.split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')))
        .filter(|charset| !charset.is_empty())
}

/// `encoding` of an XML declaration.
fn declared(head: &str) -> Option<&str> {
    let declaration = head.split_once("<?xml")?.1.split('>').next()?;
    value(declaration.split_once("encoding")?.1)
}

/// `charset` of a `meta`, its own or in the media type it repeats.
fn meta(head: &str) -> Option<&str> {
    let at = head.as_bytes().windows(5).position(|word| word.eq_ignore_ascii_case(b"<meta"))?;
    value(head.get(at..)?.split('>').next()?.split_once("charset")?.1)
}

/// What stands behind `=`, in quotes or not.
fn value(text: &str) -> Option<&str> {
    let value = text.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    value
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '?' | '/'))
        .next()
        .filter(|value| !value.is_empty())
}

/// The charset of a label, as the Encoding standard knows it or as it is misspelt. UTF-16 is not believed: it would have shown.
fn encoding(label: &str) -> Option<&'static Encoding> {
    let lower = label.trim().to_ascii_lowercase().replace('_', "-");
    let known = Encoding::for_label(lower.as_bytes()).or_else(|| {
        let digits = lower.trim_start_matches(|c: char| !c.is_ascii_digit());
        match &*lower {
            utf if utf.starts_with("utf") && digits.starts_with('8') => Some(UTF_8),
            windows if windows.starts_with("win") || windows.starts_with("cp") => {
                Encoding::for_label(format!("windows-{digits}").as_bytes())
            }
            iso if iso.contains("8859") => {
                let part = digits.trim_start_matches("8859").trim_start_matches(|c: char| !c.is_ascii_digit());
                Encoding::for_label(format!("iso-8859-{part}").as_bytes())
            }
            latin if latin.starts_with("latin") => Encoding::for_label(format!("latin{digits}").as_bytes()),
            _ => None,
        }
    });
    known.filter(|encoding| ![UTF_16LE, UTF_16BE, REPLACEMENT].contains(encoding))
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
        let conflict = b"<?xml encoding=\"utf-8\"?>\xe9";
        check(conflict, Some("text/xml;charset=latin1"), "<?xml encoding=\"utf-8\"?>\u{e9}", &[]);
        check("\u{e9}".as_bytes(), Some("text/xml; charset=iso-8859-1"), "\u{e9}", &["charset"]);
        check(b"\xef\xbb\xbf<a>", Some("text/xml; charset=koi8-r"), "<a>", &[]);
        check(b"\x1b$B$\"\x1b(B", Some("text/xml; charset=iso-2022-jp"), "\u{3042}", &[]);
        check(
            b"<meta http-equiv=x content='text/html; charset=koi8-r'>\xc1",
            None,
            "<meta http-equiv=x content='text/html; charset=koi8-r'>\u{430}",
            &[],
        );
    }

    #[test]
    fn a_claim_that_cannot_be_gives_way() {
        // Shift_JIS in the header, but no lead byte is followed by a space there; the declaration is right.
        let russian = b"<?xml encoding='windows-1251'?>\xef\xf0\xe8\xe2\xe5\xf2\x81 \xa0";
        check(
            russian,
            Some("text/xml; charset=shift_jis"),
            "<?xml encoding='windows-1251'?>\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}\u{403} \u{a0}",
            &["charset"],
        );
        check(b"caf\xe9", Some("text/xml; charset=utf-8"), "caf\u{e9}", &["charset"]);
        check(b"a", Some("text/xml; charset=nonsense"), "a", &[]);
        check(b"caf\xe9 x", Some("text/xml; charset=nonsense"), "caf\u{e9} x", &["charset"]);
        check("\u{e9}\u{e9}".as_bytes(), Some("text/xml; charset=us-ascii"), "\u{e9}\u{e9}", &["charset"]);
    }

    #[test]
    fn damage_in_utf_8_is_damage() {
        check(b"\xc3\xa9\xc3\xa9 a\xffb", None, "\u{e9}\u{e9} a\u{fffd}b", &["bad_bytes"]);
        check(b"\xc3\xa9\xc3\xa9 \xe2\x82", None, "\u{e9}\u{e9} \u{fffd}", &["bad_bytes"]);
    }

    #[test]
    fn a_label_may_be_misspelt() {
        let cases = [
            ("utf8", "UTF-8"),
            ("UTF_8", "UTF-8"),
            ("utf-8;", "UTF-8"),
            ("win-1251", "windows-1251"),
            ("cp1250", "windows-1250"),
            ("ISO8859_2", "ISO-8859-2"),
            ("latin-1", "windows-1252"),
        ];
        for (label, expected) in cases {
            assert_eq!(encoding(label).map(Encoding::name), Some(expected), "{label}");
        }
        assert_eq!((encoding("utf-16"), encoding("ebcdic")), (None, None));
    }
}
