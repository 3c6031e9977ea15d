//! Whether a browser's request comes from a page of ours: cookies are sent along with requests that other pages made up.

use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::{HeaderValue, Method};

/// Whether a request that a cookie vouches for may be taken for its person's own: it changes nothing, or the browser says that a page of this origin sent it.
pub(super) fn is_own(method: &Method, headers: &HeaderMap) -> bool {
    method.is_safe() || same_origin(headers)
}

/// Whether the browser says that a page of this origin sent the request. One that says nothing of it is not believed.
pub(crate) fn same_origin(headers: &HeaderMap) -> bool {
    // No page can set this one itself.
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |value: Option<&HeaderValue>| value.and_then(|value| value.to_str().ok().map(str::to_ascii_lowercase));
    let (Some(origin), Some(host)) = (text(headers.get(ORIGIN)), text(headers.get(HOST))) else {
        return false;
    };
    let name = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    name.is_some_and(|name| name == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[(&'static str, &'static str)], expected: bool) {
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("feeds.example:8443"))]);
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        assert_eq!(is_own(&Method::POST, &headers), expected, "{lines:?}");
        assert!(is_own(&Method::GET, &headers) && is_own(&Method::HEAD, &headers));
    }

    #[test]
    fn a_change_comes_from_a_page_of_this_origin_or_is_none() {
        check(&[], false);
        check(&[("sec-fetch-site", "same-origin")], true);
        for site in ["cross-site", "same-site", "none", ""] {
            check(&[("sec-fetch-site", site), ("origin", "https://feeds.example:8443")], false);
        }
        check(&[("origin", "https://feeds.example:8443")], true);
        check(&[("origin", "https://FEEDS.example:8443")], true);
        for origin in
            ["https://feeds.example", "null", "https://evil.example", "feeds.example:8443", "ftp://feeds.example:8443"]
        {
            check(&[("origin", origin)], false);
        }
    }
}
