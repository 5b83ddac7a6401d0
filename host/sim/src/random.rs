//! Reproducible numbers: `SplitMix64`, and what is derived from it.
//!
//! Knows nothing of devices. Invariant: the same seed, purpose and index give the same numbers on
//! every platform and in every release, since state files keep only the seed.

/// Steele, Lea and Flood's `SplitMix64`; small, seedable by any number, good enough for choices.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A stream of its own for one purpose of one host, so that using more numbers for one thing
    /// changes no other.
    pub(crate) fn new(seed: u64, purpose: &str, index: u32) -> Self {
        let mut mixed = Self { state: seed };
        for byte in purpose.bytes() {
            mixed.state = mixed.state.rotate_left(7) ^ u64::from(byte);
            mixed.next();
        }
        mixed.state ^= u64::from(index).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed.next();
        mixed
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound` (0 if `bound` is 0); the slight bias of a modulus does not matter.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// One of a list, which must not be empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        let index = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        list[index]
    }

    /// That many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// A version-4 uuid in upper case, as Macs write them.
    pub(crate) fn uuid(&mut self) -> String {
        let high = (self.next() & !0xF000) | 0x4000;
        let low = (self.next() & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08X}-{:04X}-{:04X}-{:04X}-{:012X}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the stream is the published one, so that seeds stay good across releases.
    #[test]
    fn matches_the_reference_sequence() {
        let mut random = SplitMix64 { state: 1_234_567 };
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    /// Proves that uuids have the version-4 form and that purposes and hosts do not share them.
    #[test]
    fn uuids_are_well_formed_and_apart() {
        let mut all = std::collections::BTreeSet::new();
        for index in 0..500 {
            for purpose in ["udid", "user"] {
                let uuid = SplitMix64::new(7, purpose, index).uuid();
                assert_eq!(uuid.len(), 36);
                assert_eq!(&uuid[14..15], "4");
                assert!("89AB".contains(&uuid[19..20]), "{uuid}");
                assert!(all.insert(uuid));
            }
        }
        assert_eq!(
            SplitMix64::new(7, "udid", 3).uuid(),
            SplitMix64::new(7, "udid", 3).uuid()
        );
    }
}
