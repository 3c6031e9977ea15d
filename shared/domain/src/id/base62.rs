//! Digits, then upper-case, then lower-case letters: text order is number order for equal lengths.

/// The 62 digits, in ASCII order.
pub const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The value of one digit; `None` for any other byte.
pub const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'Z' => Some(byte - b'A' + 10),
        b'a'..=b'z' => Some(byte - b'a' + 36),
        _ => None,
    }
}

/// The eight digits of `value`, which is taken modulo 62^8.
pub fn encode8(mut value: u64) -> [u8; 8] {
    let mut text = [b'0'; 8];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(value % 62) as usize];
        value /= 62;
    }
    text
}

/// The number that eight digits write; `None` if one is no digit.
pub fn decode8(text: [u8; 8]) -> Option<u64> {
    text.into_iter().try_fold(0u64, |value, byte| Some(value * 62 + u64::from(digit(byte)?)))
}
