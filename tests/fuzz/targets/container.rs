//! Any bytes behind the first ones of a binary property list, and as a signed file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mooring_fuzz::invariants::profile(&[b"bplist00", bytes].concat());
    mooring_fuzz::invariants::profile(bytes);
    let _ = mooring_identity::attached::read(bytes);
});
