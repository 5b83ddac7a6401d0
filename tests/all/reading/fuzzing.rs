//! The stand-in for the fuzz targets of `tests/fuzz`, for a toolchain without them: random damage of
//! a fixed seed, a few thousand files a run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{damaged, files, invariants};
use crate::mutants::source::Random;

const ROUNDS: u64 = 4000;

/// Does something with a damaged file, and says which seed it was if that panics.
fn survives(seed: u64, file: &[u8], work: impl FnOnce(&[u8])) {
    let outcome = catch_unwind(AssertUnwindSafe(|| work(file)));
    assert!(
        outcome.is_ok(),
        "seed {seed}: {:?}",
        String::from_utf8_lossy(file)
    );
}

/// Whatever becomes of a profile, plain, binary or signed, its reading ends with a tree that is read
/// back equal, or with a rule and a place.
#[test]
fn damage_is_survived() {
    let files = files("reading::fuzzing::damage_is_survived");
    let mut accepted = 0;
    for seed in 0..ROUNDS {
        let file = damaged(&files, &mut Random(seed));
        survives(seed, &file, |file| {
            accepted += u32::from(invariants::profile(file).is_some());
        });
    }
    let is_mixed = accepted > 100 && u64::from(accepted) < ROUNDS - 100;
    assert!(
        is_mixed,
        "{accepted} of {ROUNDS} are accepted: damage of another sort is needed"
    );
}

/// Any bytes behind the beginning of a binary property list, and a signed file with any byte
/// changed, are survived by the reader and by whoever checks the signature.
#[test]
fn containers_are_survived() {
    let mut files = files("reading::fuzzing::containers_are_survived");
    files.retain(|file| file.starts_with(b"0"));
    for seed in 0..ROUNDS {
        let random = &mut Random(seed);
        let length = random.below(200);
        let noise: Vec<u8> = (0..length)
            .map(|_| random.next().to_be_bytes()[3])
            .collect();
        let binary = [b"bplist00".as_slice(), &noise].concat();
        survives(seed, &binary, |file| drop(invariants::profile(file)));
        let mut signed = files[random.below(files.len())].clone();
        let at = random.below(signed.len());
        signed[at] ^= 1 << random.below(8);
        survives(seed, &signed, |file| {
            invariants::profile(file);
            drop(mooring_identity::attached::read(file));
        });
    }
}
