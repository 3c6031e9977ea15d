//! Where in a document its JSON begins.

use super::text;
use crate::repair::Repairs;

/// What servers put before JSON so that no other page can run it as a script.
const GUARDS: &[&str] =
    &[")]}',", ")]}'", ")]}", "for(;;);", "for (;;);", "while(1);", "while (1);", "throw 1;", "{}&&"];
/// How far a junk in front reaches.
const MAX_JUNK: usize = 16 * 1024;
/// The call that wraps JSON for a script, up to its parenthesis.
const MAX_CALL: usize = 128;

/// From where on a document is JSON; `None` if it does not look like it.
pub(crate) fn find<'a>(document: &'a str, repairs: &mut Repairs) -> Option<&'a str> {
    let document = skip_space(document);
    let rest = GUARDS.iter().find_map(|guard| document.strip_prefix(guard)).map_or(document, skip_space);
    let json = [rest, skip_comments(rest)]
        .into_iter()
        .find_map(|rest| Some(rest).filter(|_| is_json(rest)).or_else(|| call(rest)))?;
    match document.len() - json.len() {
        0 => {}
        _ if skip_comments(document).len() == json.len() => repairs.note("json_comments"),
        _ => repairs.note("leading_junk"),
    }
    Some(json)
}

/// The same for a document that begins with something else: a JSON Feed is known by its version.
pub(crate) fn find_behind_junk<'a>(document: &'a str, repairs: &mut Repairs) -> Option<&'a str> {
    let head = &document[..document.floor_char_boundary(MAX_JUNK)];
    let version = head.find("jsonfeed.org")?;
    let is_start = |at: &usize| {
        let inside = skip_space(&document[at + 1..]);
        inside.starts_with(['"', '\'']) || text::comment(inside) > 0
    };
    let start = head[..version].match_indices('{').map(|(at, _)| at).find(is_start)?;
    repairs.note("leading_junk");
    Some(&document[start..])
}

/// An object, or a list of objects: a word in brackets is a word.
fn is_json(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'{') => true,
        Some(b'[') => skip_comments(&text[1..]).starts_with(['{', ']']),
        _ => false,
    }
}

/// The JSON that `callback(` or `var feed =` stands before.
fn call(text: &str) -> Option<&str> {
    let head = &text[..text.floor_char_boundary(MAX_CALL)];
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || "_$. \t".contains(c)))?;
    let name_ends = text[..end].trim_end().ends_with(|c: char| c.is_ascii_alphanumeric() || "_$".contains(c));
    let json = skip_comments(text[end..].strip_prefix(['(', '='])?);
    Some(json).filter(|json| name_ends && is_json(json))
}

fn skip_comments(text: &str) -> &str {
    let mut text = skip_space(text);
    loop {
        match text::comment(text) {
            0 => return text,
            len => text = skip_space(&text[len..]),
        }
    }
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches(text::is_space)
}
