//! The public face of a post: its number, encrypted into eight characters that can be neither guessed nor counted.

use std::fmt;

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};

use super::{InstallationKey, Label, PostId, PostNumber};

/// Digits per number.
const LEN: usize = 8;
/// Values per digit.
const RADIX: u32 = 62;

/// Turns post numbers into short ids and back, under the installation's key.
///
/// FF1 (NIST SP 800-38G) with AES-256 over eight base62 digits, without a tweak: a bijection of the numbers below 62^8, far
/// above the million that SP 800-38G Revision 1 asks of the domain. It may never change: people keep these ids.
pub struct PostFace {
    cipher: FF1<Aes256>,
}

impl PostFace {
    /// The face that the installation with `key` shows.
    #[expect(clippy::expect_used, reason = "the radix is a constant that FF1 allows")]
    pub fn new(key: &InstallationKey) -> Self {
        Self {
            cipher: FF1::new(&key.subkey(Label::PostId), RADIX).expect("62 is a radix of FF1"),
        }
    }

    /// The id under which people see `number`.
    #[expect(clippy::expect_used, reason = "eight digits below 62 are what the cipher takes")]
    pub fn hide(&self, number: PostNumber) -> PostId {
        PostId::from_number(join(
            self.cipher
                .encrypt(&[], &split(number.get()))
                .expect("eight digits below 62"),
        ))
    }

    /// The number that `id` hides; every id hides one, whether or not there is such a post.
    #[expect(
        clippy::expect_used,
        reason = "eight digits below 62 are what the cipher takes and gives"
    )]
    pub fn reveal(&self, id: PostId) -> PostNumber {
        let number = join(
            self.cipher
                .decrypt(&[], &split(id.number()))
                .expect("eight digits below 62"),
        );
        PostNumber::new(number).expect("eight digits are worth less than 62^8")
    }
}

impl fmt::Debug for PostFace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostFace")
    }
}

/// Digits, most significant first.
fn split(mut number: u64) -> FlexibleNumeralString {
    let mut digits = vec![0; LEN];
    for digit in digits.iter_mut().rev() {
        *digit = (number % u64::from(RADIX)) as u16;
        number /= u64::from(RADIX);
    }
    digits.into()
}

fn join(digits: FlexibleNumeralString) -> u64 {
    Vec::from(digits)
        .into_iter()
        .fold(0, |number, digit| number * u64::from(RADIX) + u64::from(digit))
}
