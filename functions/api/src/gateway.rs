//! Paths as an HTTP API of API Gateway hands them over: decoded, and cut at a decoded `?`. The cut nobody can mend; the rest is put right here.

use axum::http::Uri;
use lambda_http::{Request, RequestExt as _};
use url::form_urlencoded::Serializer;

/// `request` at the path that its client asked for. A decoded `#` would else end the path, and take the query with it; a lone `%` is no escape.
/// What looks like an escape is left as it is: other fronts do not decode.
pub fn as_asked(mut request: Request) -> Request {
    let path = request.raw_http_path();
    if path.bytes().all(is_plain) {
        return request;
    }
    let mut asked = encoded(path);
    if let Some(query) = query(&request) {
        asked = format!("{asked}?{query}");
    }
    let mut parts = request.uri().clone().into_parts();
    // A path that cannot be one is nothing that is there: as it came, the router says so.
    parts.path_and_query = asked.parse().ok().or(parts.path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// As it was written, or if it went with the path, as it was understood.
fn query(request: &Request) -> Option<String> {
    if let Some(written) = request.uri().query() {
        return Some(written.to_owned());
    }
    // They come in no order; values of one name stay in theirs.
    let mut pairs: Vec<(&str, &str)> = request.query_string_parameters_ref()?.iter().collect();
    pairs.sort_by_key(|(name, _)| *name);
    Some(Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// Stands in a path as itself.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte)
}

fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len() + 16);
    let bytes = path.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let escapes =
            byte == b'%' && bytes.get(at + 1..at + 3).is_some_and(|next| next.iter().all(u8::is_ascii_hexdigit));
        if is_plain(byte) || escapes {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, query: &str, asked: &str) {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": { "host": "abc.example", "x-forwarded-proto": "https" }, "isBase64Encoded": false,
            "requestContext": {
                "accountId": "1", "apiId": "a", "requestId": "r", "routeKey": "$default", "stage": "$default", "timeEpoch": 0,
                "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1" },
            },
        });
        let request = as_asked(lambda_http::request::from_str(&event.to_string()).unwrap());
        assert_eq!(request.uri().path_and_query().unwrap().as_str(), asked, "{path}");
    }

    #[test]
    fn what_was_decoded_is_encoded_again_and_nothing_else() {
        for (path, query, asked) in [
            ("/v1/sources", "limit=2", "/v1/sources?limit=2"),
            ("/l/a/b", "", "/l/a/b"),
            ("/l/C#", "n=20&c=a%20b", "/l/C%23?c=a+b&n=20"),
            ("/l/C#", "", "/l/C%23"),
            ("/l/a b", "n=%2B", "/l/a%20b?n=%2B"),
            ("/l/100%", "", "/l/100%25"),
            ("/l/100%/a", "x", "/l/100%25/a?x"),
            ("/l/a%2Fb", "", "/l/a%2Fb"),
            ("/l/früh東", "", "/l/fr%C3%BCh%E6%9D%B1"),
            ("/l/\"<>\\^`{|}", "", "/l/%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ] {
            check(path, query, asked);
        }
    }
}
