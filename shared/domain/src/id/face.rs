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
        Self { cipher: FF1::new(&key.subkey(Label::PostId), RADIX).expect("62 is a radix of FF1") }
    }

    /// The id under which people see `number`.
    #[expect(clippy::expect_used, reason = "eight digits below 62 are what the cipher takes")]
    pub fn hide(&self, number: PostNumber) -> PostId {
        PostId::from_number(join(self.cipher.encrypt(&[], &split(number.get())).expect("eight digits below 62")))
    }

    /// The number that `id` hides; every id hides one, whether or not there is such a post.
    #[expect(clippy::expect_used, reason = "eight digits below 62 are what the cipher takes and gives")]
    pub fn reveal(&self, id: PostId) -> PostNumber {
        let number = join(self.cipher.decrypt(&[], &split(id.number())).expect("eight digits below 62"));
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
    Vec::from(digits).into_iter().fold(0, |number, digit| number * u64::from(RADIX) + u64::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn face(key: [u8; 32]) -> PostFace {
        PostFace::new(&InstallationKey::from_bytes(key))
    }

    fn ascending() -> [u8; 32] {
        std::array::from_fn(|i| i as u8)
    }

    /// Computed with a second implementation, which gives the samples of SP 800-38G. If this fails, every id that people
    /// have kept is broken.
    #[test]
    fn the_face_of_a_number_never_changes() {
        let cases = [
            ([0; 32], 0, "ZHc3KgmA"),
            ([0; 32], 1, "NwgRBe7I"),
            ([0; 32], 6_000_000_000_000, "K6rXXB7E"),
            ([0; 32], PostNumber::END - 1, "16PvQk0G"),
            (ascending(), 0, "gNRnFWfq"),
            (ascending(), 1, "3X1go3VZ"),
            (ascending(), 6_000_000_000_000, "a4fvEum3"),
            (ascending(), PostNumber::END - 1, "UPhmQpS4"),
        ];
        for (key, number, id) in cases {
            assert_eq!(face(key).hide(PostNumber::new(number).unwrap()).as_str(), id);
            assert_eq!(face(key).reveal(id.parse().unwrap()).get(), number);
        }
    }

    #[test]
    fn the_cipher_gives_the_samples_of_sp_800_38g() {
        let mut key = [0u8; 32];
        key[..16].copy_from_slice(&0x2B7E_1516_28AE_D2A6_ABF7_1588_09CF_4F3C_u128.to_be_bytes());
        key[16..].copy_from_slice(&0xEF43_59D8_D580_AA4F_7F03_6D6F_04FC_6A94_u128.to_be_bytes());
        let encrypt = |radix, tweak: &[u8], plain: Vec<u16>| {
            let cipher = FF1::<Aes256>::new(&key, radix).unwrap();
            Vec::from(cipher.encrypt(tweak, &FlexibleNumeralString::from(plain)).unwrap())
        };
        // Samples 7 and 9, the ones for AES-256 without a tweak and with one.
        assert_eq!(encrypt(10, &[], (0..10).collect()), [6, 6, 5, 7, 6, 6, 7, 0, 0, 9]);
        assert_eq!(
            encrypt(36, b"7777pqrs777", (0..19).collect()),
            [33, 28, 8, 10, 0, 10, 35, 17, 2, 10, 31, 34, 10, 21, 34, 35, 30, 32, 13]
        );
    }

    proptest! {
        #[test]
        fn a_number_and_its_id_find_each_other(key: [u8; 32], number in 0..PostNumber::END) {
            let (face, number) = (face(key), PostNumber::new(number).unwrap());
            prop_assert_eq!(face.reveal(face.hide(number)), number);
        }

        #[test]
        fn every_id_hides_one_number(id in "[0-9A-Za-z]{8}") {
            let (face, id) = (face(ascending()), id.parse::<PostId>().unwrap());
            prop_assert_eq!(face.hide(face.reveal(id)), id);
        }
    }
}
