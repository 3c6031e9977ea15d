//! What no answer and no log line ever tells. Every answer of this suite goes through [`tells_no_key`].

/// What internal keys begin with: the table's partitions and sorts, as `docs/decisions/0002-keys.md` and `0011-accounts.md` have them.
const KEYS: [&str; 22] = [
    "S",
    "U",
    "J",
    "K",
    "T",
    "SUB",
    "URL",
    "DUE",
    "WHEEL",
    "EMAIL",
    "SIGNIN",
    "IDEM",
    "FOLDER",
    "TOKEN",
    "SESSION",
    "INVITATION",
    "RESET",
    "STAR",
    "LABEL",
    "KEPT",
    "COPY",
    "SHARE",
];

/// The first internal key in `text`.
pub(crate) fn internal_key(text: &str) -> Option<&str> {
    let word = |at: usize| {
        let letters = text[..at].bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        &text[at - letters..at]
    };
    text.match_indices('#').map(|(at, _)| word(at)).find(|word| KEYS.contains(word))
}

/// Headers and body of an answer, as one text.
pub(crate) fn whole(headers: &http::HeaderMap, body: &str) -> String {
    let lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.concat() + body
}

/// Fails on an answer that tells an internal key, or a password's hash.
pub(crate) fn tells_no_key(asked: &str, headers: &http::HeaderMap, body: &str) {
    let text = whole(headers, body);
    assert_eq!(internal_key(&text), None, "{asked}: {text}");
    assert!(!text.contains("$argon2"), "{asked}: {text}");
}

#[test]
fn a_key_is_found_wherever_it_stands() {
    for told in ["S#3kTMd9aZ", "\"pk\":\"U#9f1c\"", "x: J#0199", "EMAIL#ada", "ä(SUB#1)"] {
        assert!(internal_key(told).is_some(), "{told}");
    }
    for fine in ["", "#", "C# and F#", "\"#/components/x\"", "https://example.org/PLUS#top", "RESETS#", "a1S#"] {
        assert_eq!(internal_key(fine), None, "{fine}");
    }
}
