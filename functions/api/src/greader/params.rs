//! Parameters, as clients send them: in the query, in a form, or in both; repeated; empty where they mean none.

use axum::extract::{FromRequest, Request};
use url::form_urlencoded;

use crate::problem::Problem;

/// The most bytes of a form: what 50,000 ids in their long form take, percent-encoded.
pub(super) const MAX_FORM: usize = 4 << 20;

/// All parameters of a request, in their order, those of the query first. An empty value is none: some clients send `T=` or `c=`.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Those of a query and a form, each percent-encoded.
    pub(super) fn of(query: &str, form: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(form));
        let filled = pairs.filter(|(_, value)| !value.is_empty());
        Self(filled.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Whatever the content type says: some clients send a form without any.
impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let form = axum::body::to_bytes(body, MAX_FORM).await.map_err(|_| {
            Problem::too_many(format!("the form must be at most {MAX_FORM} bytes long; send fewer ids at once"))
        })?;
        Ok(Self::of(parts.uri.query().unwrap_or_default(), &form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_and_form_are_one_and_names_repeat() {
        let params = Params::of("output=json&i=1&s=a%2Fb+c", b"i=2&i=3&T=x&s=later");
        assert_eq!(params.all("i").collect::<Vec<_>>(), ["1", "2", "3"]);
        assert_eq!((params.get("s"), params.get("T"), params.get("n")), (Some("a/b c"), Some("x"), None));
    }

    #[test]
    fn an_empty_value_is_none() {
        let params = Params::of("c=&n=&xt", b"T=&i=&i=7");
        for name in ["c", "n", "xt", "T"] {
            assert_eq!(params.get(name), None, "{name}");
        }
        assert_eq!(params.all("i").collect::<Vec<_>>(), ["7"]);
    }

    #[test]
    fn what_newsboat_sends_without_encoding_is_understood() {
        let form = b"i=tag:google.com,2005:reader/item/00000000075bcd15&a=user/-/state/com.google/read&r=user/-/state/com.google/kept-unread&ac=edit&T=x";
        let params = Params::of("", form);
        assert_eq!(params.get("i"), Some("tag:google.com,2005:reader/item/00000000075bcd15"));
        assert_eq!(params.get("a"), Some("user/-/state/com.google/read"));
    }

    #[test]
    fn bytes_that_are_no_text_do_not_fail() {
        assert_eq!(Params::of("i=%ff%", b"\xff=\xfe&i=1").all("i").count(), 2);
    }

    #[test]
    fn a_form_holds_50000_ids_in_their_long_form() {
        let encoded = "&i=tag%3Agoogle.com%2C2005%3Areader%2Fitem%2F00000000075bcd15".len();
        assert!(50_000 * encoded < MAX_FORM, "{}", 50_000 * encoded);
    }
}
