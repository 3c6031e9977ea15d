//! The public face of a post: its number, encrypted to eight base62 digits (FF1, NIST SP 800-38G), so that it can be neither guessed nor counted.

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};

use super::{InstallationKey, Label, PostId, PostNumber, ShortId, base62};

/// Turns numbers into short ids and back; total on all 62^8.
pub struct PostFace(FF1<Aes256>);

impl PostFace {
    /// Under the installation's `post-id` subkey.
    #[expect(clippy::expect_used, reason = "radix 62 and a 32-byte key are what FF1 over AES-256 takes")]
    pub fn new(key: &InstallationKey) -> Self {
        Self(FF1::new(&key.subkey(Label::PostId), 62).expect("radix 62 is in range"))
    }

    /// What people see of `number`.
    #[expect(clippy::expect_used, reason = "eight digits of radix 62 are in FF1's domain")]
    pub fn hide(&self, number: PostNumber) -> PostId {
        let hidden = self.0.encrypt(&[], &numerals(number.get())).expect("eight digits below 62");
        ShortId::of_value(value(hidden))
    }

    /// The number behind `id`. Every id has one; whether such a post exists is another question.
    #[expect(clippy::expect_used, reason = "eight digits of radix 62 are in FF1's domain, and so is what they decrypt to")]
    pub fn reveal(&self, id: PostId) -> PostNumber {
        let shown = self.0.decrypt(&[], &numerals(id.value())).expect("eight digits below 62");
        PostNumber::new(value(shown)).expect("eight digits are below 62^8")
    }
}

impl std::fmt::Debug for PostFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostFace")
    }
}

fn numerals(value: u64) -> FlexibleNumeralString {
    let digits = base62::encode8(value).map(|byte| u16::from(base62::digit(byte).unwrap_or(0)));
    FlexibleNumeralString::from(digits.to_vec())
}

fn value(numerals: FlexibleNumeralString) -> u64 {
    Vec::<u16>::from(numerals).into_iter().fold(0, |value, digit| value * 62 + u64::from(digit))
}
