//! Base62: the digits `0-9A-Za-z`, most significant first. In ASCII order, so texts of one length sort as their values do.

use super::Entropy;

/// The digits, by value.
pub const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The largest multiple of 62 that a byte can count to: bytes from here on would favour the first digits.
const UNBIASED: u8 = 248;

/// The last `N` digits of `value`, with leading zeros.
pub const fn encode<const N: usize>(mut value: u64) -> [u8; N] {
    let mut text = [b'0'; N];
    let mut at = N;
    while at > 0 {
        at -= 1;
        text[at] = DIGITS[(value % 62) as usize];
        value /= 62;
    }
    text
}

/// The value of 32 bytes, most significant first, in the 43 digits that every such value fits into.
pub fn encode_256(mut bytes: [u8; 32]) -> [u8; 43] {
    let mut text = [b'0'; 43];
    for place in text.iter_mut().rev() {
        let mut rest = 0u16;
        for byte in &mut bytes {
            let value = rest << 8 | u16::from(*byte);
            // Less than 62 × 256 by 62 is less than 256.
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *place = DIGITS[usize::from(rest)];
    }
    text
}

/// The value of `text`; `None` if it has a character that is no digit, or is worth more than 64 bits.
pub fn decode(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0u64, |value, byte| value.checked_mul(62)?.checked_add(u64::from(digit(*byte)?)))
}

/// The value of one digit.
pub const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'Z' => Some(byte - b'A' + 10),
        b'a'..=b'z' => Some(byte - b'a' + 36),
        _ => None,
    }
}

/// `N` digits, each of the 62 equally likely: bytes that would bias the choice are thrown away.
pub fn draw<const N: usize>(entropy: &mut (impl Entropy + ?Sized)) -> [u8; N] {
    let mut text = [b'0'; N];
    let mut drawn = 0;
    while drawn < N {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        for byte in bytes.into_iter().filter(|byte| *byte < UNBIASED).take(N - drawn) {
            text[drawn] = DIGITS[usize::from(byte % 62)];
            drawn += 1;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_comes_back_and_sorts_as_its_text(a in 0..62u64.pow(8), b in 0..62u64.pow(8)) {
            let (text_a, text_b) = (encode::<8>(a), encode::<8>(b));
            prop_assert_eq!(decode(&text_a), Some(a));
            prop_assert_eq!(a.cmp(&b), text_a.cmp(&text_b));
        }
    }

    #[test]
    fn values_of_256_bits_are_43_digits() {
        let mut one = [0; 32];
        one[31] = 62;
        assert_eq!(&encode_256([0; 32]), &[b'0'; 43]);
        assert_eq!(encode_256(one)[41..], *b"10");
        assert_eq!(&encode_256([0xff; 32]), b"yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
    }

    #[test]
    fn every_byte_that_is_no_digit_is_refused() {
        for byte in 0..=u8::MAX {
            assert_eq!(digit(byte).is_some(), byte.is_ascii_alphanumeric(), "{byte}");
            assert_eq!(
                digit(byte).map(|value| DIGITS[usize::from(value)]),
                byte.is_ascii_alphanumeric().then_some(byte)
            );
        }
        assert_eq!(decode("ähnlich".as_bytes()), None);
        assert_eq!(decode(&[b'z'; 11]), None, "more than 64 bits");
    }

    #[test]
    fn bytes_that_would_favour_a_digit_are_thrown_away() {
        struct Script(Vec<u8>);
        impl Entropy for Script {
            fn fill(&mut self, buf: &mut [u8]) {
                buf.fill_with(|| if self.0.is_empty() { 61 } else { self.0.remove(0) });
            }
        }
        assert_eq!(&draw::<4>(&mut Script(vec![248, 0, 255, 247, 62, 250, 61])), b"0z0z");
        assert_eq!(&draw::<2>(&mut Script(vec![255; 40])), b"zz");
    }
}
