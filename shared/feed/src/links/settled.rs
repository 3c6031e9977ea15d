//! Links that are as they should be, as most are.

use super::MAX_LINK;
use crate::lanes::{self, Lane};

/// Whether `link` is so plain that parsing it as a URL is known to succeed and to give it back as it is.
///
/// Most links are, and to parse one takes longer than all the rest of its tag.
pub(crate) fn is_settled(link: &str) -> bool {
    let Some(rest) = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://")) else {
        return false;
    };
    let Some(slash) = lanes::find(rest.as_bytes(), b'/') else { return false };
    let (host, path) = rest.split_at(slash);
    link.len() <= MAX_LINK && is_plain_host(host) && is_plain_path(path)
}

/// Lower-case labels, all together not longer than one may be (RFC 1035 §2.3.4); none is encoded (`xn--`), and the last is no number, which would make an
/// address of it.
fn is_plain_host(host: &str) -> bool {
    let mut before = b'.';
    let mut label = b'0';
    for byte in host.bytes() {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
            label = if before == b'.' { byte } else { label };
        } else if !matches!(byte, b'-' | b'.') || before == byte || before == b'.' {
            return false;
        }
        before = byte;
    }
    before != b'.' && label.is_ascii_lowercase() && host.len() <= 63
}

/// No character that would be encoded, and no segment that could be `.` or `..`.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut at = 0;
    while let Some(found) =
        lanes::find_where(&bytes[at..], |lane| encoded(lane) | lanes::are(lane, b'.') | lanes::are(lane, b'%'))
    {
        at += found;
        let begins_segment = at > 0 && bytes[at - 1] == b'/';
        if begins_segment || !matches!(bytes[at], b'.' | b'%') {
            return false;
        }
        at += 1;
    }
    true
}

/// Marks all but letters, digits and `-_.~/!$&()*+,;=:@%?#`.
#[inline]
fn encoded(lane: Lane) -> Lane {
    let quotes = lanes::are(lane, b'"') | lanes::are(lane, b'\'') | lanes::are(lane, b'`');
    let brackets = lanes::are(lane, b'<') | lanes::are(lane, b'>') | lanes::are_within(lane, b'[', b'^');
    let others =
        lanes::are_within(lane, 0, b' ') | lanes::are_within(lane, b'{', b'}') | lanes::are_within(lane, 0x7f, 0xff);
    quotes | brackets | others
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::text;

    #[test]
    fn plain_links_are_settled_and_odd_ones_are_parsed() {
        for link in ["https://a.example/", "http://a-b.example/x/y.html?a=1&b=%20#c", "https://1.a.example//x"] {
            assert!(is_settled(link), "{link}");
        }
        let odd = [
            "https://a.example",
            "https://A.example/",
            "https://a.example:443/",
            "https://u@a.example/",
            "https://1.2.3.4/",
            "https://0x7f.1/",
            "https://xn--a.example/",
            "https://a..example/",
            "https://a.example./",
            "https:///x",
            "https://a.example/x/../y",
            "https://a.example/%2e%2e/y",
            "https://a.example/a b",
            "https://a.example/'",
            "javascript:alert(1)",
        ];
        for link in odd {
            assert!(!is_settled(link), "{link}");
        }
    }

    #[test]
    fn of_all_characters_those_are_plain_that_parsing_leaves_as_they_are() {
        for byte in 0..128_u8 {
            let expected = byte.is_ascii_alphanumeric() || b"-_.~/!$&()*+,;=:@%?#".contains(&byte);
            for len in [1, 20, 40] {
                let path = format!("/{}{}", "x".repeat(len), char::from(byte));
                assert_eq!(is_plain_path(&path), expected, "{path:?}");
            }
        }
        assert!(
            !is_plain_path("/\u{e9}") && !is_plain_path("/x/.y") && !is_plain_path("/x/%2e") && is_plain_path("/x.%20")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_settled_link_is_its_own_normal_form(link in "https?://[a-z0-9.x-]{1,12}/[a-z0-9_.~/!$&()*+,;=:@%?# -]{0,12}") {
            if is_settled(&link) {
                prop_assert_eq!(Url::parse(&link).map(String::from), Ok(link));
            }
        }

        #[test]
        fn a_settled_link_says_the_same_however_its_ampersands_are_written(link in "https?://[a-z0-9.x-]{1,12}/[a-z./?#;=%]{0,6}(&amp;[amp;./%=&#]{0,6}){0,3}") {
            let is_written = link.matches('&').count() == link.matches("&amp;").count();
            if is_settled(&link) && is_written {
                let plain = text::unescape(&link);
                let mut written = String::new();
                text::push_escaped(&plain, &mut written);
                prop_assert!(is_settled(&plain));
                prop_assert_eq!(written, link);
            }
        }
    }
}
