//! Chance that can be repeated.

/// A generator of numbers that only look random (SplitMix64): the same seed gives the same numbers, on every machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The numbers that follow from `seed`.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for what `names` name: whatever is thrown elsewhere, theirs fall as they do.
    pub fn of(seed: u64, names: &[&[u8]]) -> Self {
        let mut dice = Self(seed);
        for name in names {
            // FNV-1a; the number thrown in between keeps parts apart.
            let start = 0xCBF2_9CE4_8422_2325 ^ dice.next();
            dice.0 = name.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
        }
        dice
    }

    /// The next number; all 64 bits are equally likely.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if that is 0. The bias is below `bound` / 2^64.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // The upper half of a 128-bit product.
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// True in so many of 1,000 cases.
    pub const fn per_mille(&mut self, share: u16) -> bool {
        self.below(1_000) < share as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // From the reference implementation, seed 1234567.
        let mut dice = Dice::seeded(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(expected.map(|_| dice.next()), expected);
    }

    #[test]
    fn dice_of_a_name_fall_the_same_each_time_and_otherwise_than_those_of_another() {
        let first = |seed, names: &[&[u8]]| Dice::of(seed, names).next();
        assert_eq!(first(1, &[b"a", b"1"]), first(1, &[b"a", b"1"]));
        for other in [first(2, &[b"a", b"1"]), first(1, &[b"a", b"2"]), first(1, &[b"a1"]), first(1, &[b"", b"a1"])] {
            assert_ne!(first(1, &[b"a", b"1"]), other);
        }
    }

    #[test]
    fn a_share_comes_about_as_often_as_it_says() {
        let mut dice = Dice::seeded(7);
        let hits = (0..10_000).filter(|_| dice.per_mille(100)).count();
        assert!((850..1_150).contains(&hits), "{hits}");
        assert!(!dice.per_mille(0) && dice.per_mille(1_000));
    }
}
