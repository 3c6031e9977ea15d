//! Secrets in URLs: a user name and password before the host, and what looks like a token behind it.

use percent_encoding::percent_decode_str;
use url::Url;

/// The user name and password that a URL held, decoded. Without `Debug`: they are not to be seen.
pub struct Userinfo {
    /// Before the colon.
    pub user: String,
    /// Behind it; empty if there is none.
    pub password: String,
}

/// `text` without the user name and password before its host, and those, if it is a URL that has them.
///
/// The rest stays as it is written, so that [`check_url`](crate::check_url) judges what a person wrote.
pub fn without_userinfo(text: &str) -> (String, Option<Userinfo>) {
    let as_it_is = || (text.to_owned(), None);
    let Ok(url) = Url::parse(text) else { return as_it_is() };
    if url.username().is_empty() && url.password().is_none() {
        return as_it_is();
    }
    let Some((scheme, rest)) = text.split_once("//") else { return as_it_is() };
    // In http and https a backslash ends the authority like a slash.
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return as_it_is() };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let userinfo = Userinfo { user: decoded(url.username()), password: decoded(url.password().unwrap_or_default()) };
    (format!("{scheme}//{}", &rest[at + 1..]), Some(userinfo))
}

/// Names of query parameters whose values let someone in, without `-` and `_`.
const SECRET_NAMES: [&str; 29] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "apitoken",
    "auth",
    "authkey",
    "authorization",
    "authtoken",
    "feedkey",
    "feedtoken",
    "jwt",
    "key",
    "pass",
    "passwd",
    "password",
    "privatekey",
    "privatetoken",
    "pwd",
    "rsskey",
    "rsstoken",
    "secret",
    "session",
    "sessionid",
    "sid",
    "sig",
    "signature",
    "token",
    "userkey",
    "usertoken",
];

/// What a URL looks like to someone who has never seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// As anybody could write it.
    Plain,
    /// A part of its path looks drawn: a secret, or the id of something public.
    Random,
    /// It says that it holds a secret: a user name or a password, or a parameter that is called like a key.
    Secret,
}

/// What a URL looks like. It errs on the side of secrets: one that is taken for secret is one person's and shared with nobody, which costs a
/// fetch of its own.
pub fn looks(url: &Url) -> Looks {
    let has_userinfo = !url.username().is_empty() || url.password().is_some();
    if has_userinfo || url.query_pairs().any(|(name, value)| is_key(&name) && !value.is_empty()) {
        return Looks::Secret;
    }
    let drawn = |segment: &str| is_random(&percent_decode_str(segment).decode_utf8_lossy());
    if url.path_segments().is_some_and(|mut segments| segments.any(drawn)) { Looks::Random } else { Looks::Plain }
}

fn is_key(name: &str) -> bool {
    let name: String = name.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect();
    SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str())
}

/// Letters and digits of a random part of a path, at least.
const LONG: usize = 20;

/// Whether a part of a path looks drawn rather than written: long, with letters and digits in turns where words have a hyphen; or digits alone.
fn is_random(segment: &str) -> bool {
    let (mut length, mut digits, mut turns, mut before) = (0, 0, 0, None);
    for c in segment.chars() {
        if !c.is_ascii_alphanumeric() {
            if !matches!(c, '-' | '_' | '.' | '~' | '=') {
                return false;
            }
            before = None;
            continue;
        }
        length += 1;
        digits += usize::from(c.is_ascii_digit());
        turns += usize::from(before.is_some_and(|digit: bool| digit != c.is_ascii_digit()));
        before = Some(c.is_ascii_digit());
    }
    length >= LONG && (digits == length || (digits >= 2 && turns >= (length / 7).max(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_and_password_are_taken_out_and_the_rest_stays_as_written() {
        for (text, rest, expected) in [
            ("https://example.org/a@b?c@d", "https://example.org/a@b?c@d", None),
            ("https://ada:pa%3Ass@Example.org:443/x?y#z", "https://Example.org:443/x?y#z", Some(("ada", "pa:ss"))),
            ("https://ada@example.org", "https://example.org", Some(("ada", ""))),
            ("http://a@b:c@0x7f.1/", "http://0x7f.1/", Some(("a@b", "c"))),
            ("http://a:b@c\\d@e/", "http://c\\d@e/", Some(("a", "b"))),
            ("no url", "no url", None),
        ] {
            let (left, found) = without_userinfo(text);
            let found = found.map(|found| (found.user, found.password));
            assert_eq!((left.as_str(), found), (rest, expected.map(|(u, p)| (u.to_owned(), p.to_owned()))), "{text}");
        }
    }

    fn check(text: &str, expected: Looks) {
        assert_eq!(looks(&Url::parse(text).unwrap()), expected, "{text}");
    }

    #[test]
    fn what_lets_someone_in_looks_secret() {
        for text in [
            "https://ada@example.org/feed",
            "https://example.org/feed?token=x",
            "https://example.org/feed?a=b&API_Key=x",
            "https://example.org/feed?private_token=glft-abc",
            "https://example.org/feed?auth=1",
            "https://example.org/rss/9f86d081884c7d659a2feaa0c55ad015?key=1",
        ] {
            check(text, Looks::Secret);
        }
        for text in [
            "https://example.org/rss/9f86d081884c7d659a2feaa0c55ad015/feed.xml",
            "https://example.org/private/9f1c2d3e-4b5a-4678-9abc-def012345678.rss",
            "https://example.org/u/kJ8sPq2LmX9vRt4WbN7z",
            "https://example.org/alerts/07425012345678901234/feed",
            "https://example.org/f/ab12-cd34-ef56-ab78-cd90-ef12",
        ] {
            check(text, Looks::Random);
        }
    }

    #[test]
    fn what_anybody_could_have_written_does_not() {
        for text in [
            "https://example.org/",
            "https://example.org/feed.xml",
            "https://example.org/feed?token=",
            "https://example.org/search?q=token&keyword=key",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UCXuqSBlHAE6Xw-yeJA0Tunw",
            "https://example.org/2026/01/31/the-long-road-to-version-2-0-of-feedmill",
            "https://example.org/TheQuickBrownFoxJumpsOverTheLazyDog/feed",
            "https://feeds.example.org/ABC1234567890",
            "https://example.org/tags/internationalisation-and-localisation.atom",
            "https://example.org/archive/20260131120000",
        ] {
            check(text, Looks::Plain);
        }
    }
}
