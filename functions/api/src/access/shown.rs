//! What a request shows: read from its headers, believed by nobody yet.

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The cookie of a browser that is signed in.
pub(crate) const SESSION_COOKIE: &str = "feedmill_session";
/// In whose name the operator asks.
pub(crate) const IN_THE_NAME_OF: HeaderName = HeaderName::from_static("feedmill-user");

/// What a request shows of who sends it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// Nothing.
    Nothing,
    /// The secret of a token or a session.
    Secret(&'a str),
    /// The secret of a session, in the cookie.
    Cookie(&'a str),
    /// The operator's secret.
    Operator(&'a str),
    /// Something that cannot be read, or more than one thing.
    Unclear,
}

impl<'a> Shown<'a> {
    /// A header counts before a cookie: a program sets it on purpose, a browser sends the cookie by itself.
    pub(super) fn by(headers: &'a HeaderMap) -> Self {
        match one(headers.get_all(AUTHORIZATION).iter()) {
            Some(Ok(value)) => Self::in_authorization(value),
            Some(Err(())) => Self::Unclear,
            None => Self::in_cookies(headers),
        }
    }

    fn in_authorization(value: &'a HeaderValue) -> Self {
        let Ok(value) = value.to_str() else { return Self::Unclear };
        let Some((scheme, rest)) = value.trim().split_once(' ') else { return Self::Unclear };
        let rest = rest.trim();
        // RFC 9110, section 11.1: the scheme has no case.
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Self::Secret(rest),
            "googlelogin" => rest.strip_prefix("auth=").map_or(Self::Unclear, Self::Secret),
            "operator" => Self::Operator(rest),
            _ => Self::Unclear,
        }
    }

    fn in_cookies(headers: &'a HeaderMap) -> Self {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        match one(pairs.filter(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value)) {
            Some(Ok(secret)) => Self::Cookie(secret),
            // A second one was put there by a neighbour, to be taken for the first.
            Some(Err(())) => Self::Unclear,
            None => Self::Nothing,
        }
    }
}

/// The only one, an error if there are several.
fn one<T>(mut items: impl Iterator<Item = T>) -> Option<Result<T, ()>> {
    let first = items.next()?;
    Some(if items.next().is_some() { Err(()) } else { Ok(first) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[(&'static str, &'static str)], expected: Shown<'_>) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        assert_eq!(Shown::by(&headers), expected, "{lines:?}");
    }

    #[test]
    fn who_someone_is_is_read_from_one_place() {
        let (authorization, cookie) = ("authorization", "cookie");
        check(&[], Shown::Nothing);
        check(&[(authorization, "Bearer abc")], Shown::Secret("abc"));
        check(&[(authorization, "bearer  abc ")], Shown::Secret("abc"));
        check(&[(authorization, "GoogleLogin auth=abc")], Shown::Secret("abc"));
        check(&[(authorization, "Operator abc")], Shown::Operator("abc"));
        for unclear in ["abc", "Basic YTpi", "GoogleLogin abc", "GoogleLogin", "Bearer"] {
            check(&[(authorization, unclear)], Shown::Unclear);
        }
        check(&[(authorization, "Bearer abc"), (authorization, "Bearer def")], Shown::Unclear);
        check(&[(cookie, "a=b; feedmill_session=abc;c=d")], Shown::Cookie("abc"));
        check(&[(cookie, "a=b"), (cookie, "feedmill_session=abc")], Shown::Cookie("abc"));
        check(&[(cookie, "xfeedmill_session=abc; feedmill_sessionx=abc; feedmill_session")], Shown::Nothing);
        check(&[(cookie, "feedmill_session=abc; feedmill_session=def")], Shown::Unclear);
        check(&[(cookie, "feedmill_session=abc"), (authorization, "Bearer def")], Shown::Secret("def"));
    }
}
