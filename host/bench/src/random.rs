//! Numbers that look random and follow from a number alone.
//!
//! Knows nothing of what they are for, and of no other source of them. Invariant: the same number
//! gives the same.

/// The next number after `state`, well mixed (`SplitMix64`).
pub(crate) fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 32 bytes that follow from `seed` and `salt`.
pub(crate) fn bytes(seed: u64, salt: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut state = mixed(seed ^ salt.rotate_left(32));
    for part in bytes.chunks_exact_mut(8) {
        state = mixed(state);
        part.copy_from_slice(&state.to_be_bytes());
    }
    bytes
}

/// A uuid in upper case that follows from `high` and `low`.
pub(crate) fn uuid(high: u64, low: u64) -> String {
    format!(
        "{:08X}-{:04X}-4{:03X}-8{:03X}-{:012X}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 52) & 0xfff,
        low & 0xffff_ffff_ffff
    )
}
