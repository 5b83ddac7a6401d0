//! The binary starts. That this package has an integration test makes cargo build the binary for
//! the tests of the other packages too.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

/// `--version` ends well, whatever the environment.
#[test]
fn starts() {
    let binary = env!("CARGO_BIN_EXE_mooring");
    assert!(
        std::process::Command::new(binary)
            .arg("--version")
            .status()
            .unwrap()
            .success()
    );
}
