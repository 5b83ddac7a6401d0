//! Any bytes as a profile in XML.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mooring_fuzz::invariants::profile(bytes);
});
