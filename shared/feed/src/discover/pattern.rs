//! Patterns of addresses, such as `reddit.com/r/{name}/*`, and what they make of one.

use url::Url;

/// Names in a pattern and what they stand for in one address.
type Names<'a> = Vec<(&'a str, String)>;

/// A name or an id in an address is no longer than this.
const MAX_NAME: usize = 256;

/// What the names of `pattern` stand for in `url`; `None` if it is of another kind.
///
/// A pattern is a host, path segments and perhaps a query: `{name}` stands for one label, one segment or one value, `{name:c}` for one that begins with
/// `c`, `{name:#}` for digits alone; `*` as the whole host for any, `*` as the last segment for any further ones. `www.` and `m.` are no part of a host.
pub(super) fn matched<'p>(pattern: &'p str, url: &Url) -> Option<Names<'p>> {
    let (place, query) = pattern.split_once('?').unwrap_or((pattern, ""));
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let mut names = vec![("host", url.host_str()?.to_owned())];
    if host != "*" {
        let given = url.host_str()?;
        let given = ["www.", "m.", "mobile."].iter().find_map(|start| given.strip_prefix(start)).unwrap_or(given);
        each(host.split('.'), given.split('.'), &mut names)?;
    }
    let given = url.path().split('/').filter(|segment| !segment.is_empty());
    each(path.split('/').filter(|segment| !segment.is_empty()), given, &mut names)?;
    if let Some((wanted, value)) = query.split_once('=') {
        let (_, given) = url.query_pairs().find(|(name, _)| name == wanted)?;
        each(std::iter::once(value), std::iter::once(&*given), &mut names)?;
    }
    Some(names)
}

fn each<'p, 'g>(
    wanted: impl Iterator<Item = &'p str>,
    mut given: impl Iterator<Item = &'g str>,
    names: &mut Names<'p>,
) -> Option<()> {
    for wanted in wanted {
        if wanted == "*" {
            return Some(());
        }
        let given = given.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let (name, form) = name.split_once(':').unwrap_or((name, ""));
                names.push((name, given.to_owned()).clone());
                if !is_name(given) || !has_form(given, form) {
                    return None;
                }
            }
            None if wanted.eq_ignore_ascii_case(given) => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(())
}

/// What may be put into another address as it is.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'@' | b'%' | b'+' | b':')
    };
    !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(is_plain) && text.bytes().any(|byte| byte != b'.')
}

fn has_form(text: &str, form: &str) -> bool {
    match form {
        "#" => text.bytes().all(|byte| byte.is_ascii_digit()),
        start => text.starts_with(start),
    }
}

/// `template` with its names filled in.
pub(super) fn filled(template: &str, names: &Names<'_>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(names.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, url: &str, template: &str, expected: Option<&str>) {
        let url = Url::parse(url).unwrap();
        let made = matched(pattern, &url).map(|names| filled(template, &names));
        assert_eq!(made.as_deref(), expected, "{pattern} {url}");
    }

    #[test]
    fn a_pattern_takes_the_names_out_of_an_address() {
        check("a.example/x/{id}", "https://www.a.example/X/7?q#f", "{id}", Some("7"));
        check("a.example/x/{id}", "https://a.example/x/7/", "{host}/{id}", Some("a.example/7"));
        check("a.example/x/{id}", "https://a.example/x/7/more", "{id}", None);
        check("a.example/x/{id}/*", "https://a.example/x/7/more/of/it", "{id}", Some("7"));
        check("a.example/x/{id}/*", "https://a.example/x/7", "{id}", Some("7"));
        check("{name}.a.example/*", "https://me.a.example/", "{name}", Some("me"));
        check("{name}.a.example/*", "https://a.example/", "{name}", None);
        check("*/{user:@}", "https://b.example/@me", "{user}", Some("@me"));
        check("*/{user:@}", "https://b.example/me", "{user}", None);
        check("a.example/{id:#}", "https://a.example/12", "{id}", Some("12"));
        check("a.example/{id:#}", "https://a.example/12a", "{id}", None);
        check("a.example/*?list={id}", "https://a.example/watch?v=1&list=PL", "{id}", Some("PL"));
        check("a.example/{id}", "https://a.example/%22%3E<x>", "{id}", Some("%22%3E%3Cx%3E"));
        check("a.example/{id}", "https://a.example/a&b", "{id}", None);
        check("a.example/*?list={id}", "https://a.example/?list=a%26b", "{id}", None);
    }
}
