//! What makes two texts the same to people, whatever their case.

/// `text` in lower case, letter by letter, a final sigma like any other. Nothing else is folded: composed and decomposed letters stay apart.
pub(crate) fn caseless(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}
