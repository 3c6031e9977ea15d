//! The smallest parts of JSON, in the ways in which people write them.

/// White space, of which JSON itself knows but four kinds.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control() || c == '\u{feff}'
}

/// The length of the comment that `text` begins with; 0 if it begins with none.
pub(super) fn comment(text: &str) -> usize {
    let end = match text.as_bytes() {
        [b'/', b'/', ..] => text.find('\n'),
        [b'/', b'*', ..] => text.find("*/").map(|end| end + 2),
        _ => return 0,
    };
    end.unwrap_or(text.len())
}

/// A text in quotes.
pub(super) struct Quoted {
    /// With its quotes.
    pub(super) len: usize,
    /// Whether it is written in a way that JSON does not know.
    pub(super) is_odd: bool,
}

/// Finds the end of the text in quotes that `text` begins with; `None` if it is cut off.
///
/// A quote inside it that should have a backslash does not end it: only one that something follows which may follow does.
pub(super) fn quoted_len(text: &str, mark: char, is_name: bool, in_list: bool) -> Option<Quoted> {
    let mut is_odd = mark == '\'';
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                let (_, escaped) = bytes.next()?;
                is_odd |= !b"\"\\/bfnrtu".contains(&escaped) || escaped == b'u' && !is_code(&text[at + 2..]);
            }
            byte if char::from(byte) == mark => {
                if ends(&text[at + 1..], is_name, in_list) {
                    return Some(Quoted { len: at + 1, is_odd });
                }
                is_odd = true;
            }
            byte => is_odd |= byte < b' ',
        }
    }
    None
}

/// Whether a quote is the last one of its text, by what is behind it. In names nobody writes quotes.
fn ends(behind: &str, is_name: bool, in_list: bool) -> bool {
    let next = behind.trim_start_matches(is_space);
    let has_line_break = behind[..behind.len() - next.len()].contains('\n');
    match next.bytes().next() {
        _ if is_name => true,
        None | Some(b'/' | b'}' | b']') => true,
        Some(b',') => in_list || begins_member(next[1..].trim_start_matches(is_space)),
        // A comma was forgotten.
        Some(b'"' | b'\'') => has_line_break,
        Some(_) => false,
    }
}

/// Whether a comma before `text` is one between the fields of an object: a name follows, or another comma, or the end.
fn begins_member(text: &str) -> bool {
    match text.bytes().next() {
        None | Some(b'"' | b'\'' | b'}' | b']' | b',' | b'/') => true,
        Some(_) => {
            text[word_len(&text[..text.floor_char_boundary(64)])..].trim_start_matches(is_space).starts_with(':')
        }
    }
}

fn is_code(text: &str) -> bool {
    text.get(..4).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The length of what stands without quotes, at least one character.
pub(super) fn word_len(text: &str) -> usize {
    let ends = |c: char| is_space(c) || ",:{}[]\"'".contains(c);
    let first = text.chars().next().map_or(0, char::len_utf8);
    text[first..].find(ends).map_or(text.len(), |len| first + len)
}

/// What a word means that is no text.
pub(super) fn literal(word: &str) -> Option<&str> {
    match word {
        "true" | "True" | "TRUE" => Some("true"),
        "false" | "False" | "FALSE" => Some("false"),
        "null" | "NULL" | "None" | "nil" | "undefined" | "NaN" | "Infinity" | "-Infinity" => Some("null"),
        // Longer ones lose digits when they are read as numbers, and with an exponent they may be none that a computer has.
        number if number.len() <= 15 && is_number(number) && !number.contains(['e', 'E']) => Some(number),
        _ => None,
    }
}

/// Whether a word is a number as JSON writes it (RFC 8259 §6).
pub(super) fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = word.strip_prefix('-').unwrap_or(word);
    let (number, exponent) = number.split_once(['e', 'E']).map_or((number, None), |(number, e)| (number, Some(e)));
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// Appends what stood between quotes, or without any, as JSON writes it.
pub(super) fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = match rest.as_bytes()[at] {
            b'\\' => push_escape(after, out),
            b'"' => push_and(r#"\""#, after, out),
            b'\n' => push_and(r"\n", after, out),
            b'\t' => push_and(r"\t", after, out),
            _ => push_and(" ", after, out),
        };
    }
    out.push_str(rest);
    out.push('"');
}

fn push_and<'a>(escape: &str, after: &'a str, out: &mut String) -> &'a str {
    out.push_str(escape);
    after
}

/// Appends the escape that a backslash before `text` begins, and gives what follows it. One that JSON does not know is the character itself.
fn push_escape<'a>(text: &'a str, out: &mut String) -> &'a str {
    let Some(first) = text.chars().next() else {
        return push_and(r"\\", text, out);
    };
    match first {
        'u' => push_code(&text[1..], out),
        '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' => {
            out.extend(['\\', first]);
            &text[1..]
        }
        // A line that goes on in the next one.
        '\n' => &text[1..],
        c if c < ' ' => push_and(" ", &text[1..], out),
        c => {
            out.push(c);
            &text[c.len_utf8()..]
        }
    }
}

/// Appends the four digits of a character's code that follow `\u`; of a pair that is torn, the mark for a character that cannot be read.
fn push_code<'a>(text: &'a str, out: &mut String) -> &'a str {
    let Some(code) = text.get(..4).filter(|_| is_code(text)) else {
        out.push('u');
        return text;
    };
    let after = &text[4..];
    let unit = |code: &str| u16::from_str_radix(code, 16).unwrap_or_default();
    let low = after.strip_prefix("\\u").filter(|low| is_code(low)).map(|low| &low[..4]);
    match (unit(code), low) {
        (0xd800..=0xdbff, Some(low)) if (0xdc00..=0xdfff).contains(&unit(low)) => {
            out.extend(["\\u", code, "\\u", low]);
            &after[6..]
        }
        (0xd800..=0xdfff, _) => push_and("\u{fffd}", after, out),
        _ => {
            out.extend(["\\u", code]);
            after
        }
    }
}
