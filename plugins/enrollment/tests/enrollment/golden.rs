//! The whole profile, byte for byte.

use expect_test::expect_file;

use crate::{acme, everything, generate, scep};

/// The output has not changed. Where a change is meant, `UPDATE_EXPECT=1` writes it down.
#[test]
fn golden() {
    for (settings, expected) in [
        (scep(), expect_file!["../data/scep.mobileconfig"]),
        (acme(), expect_file!["../data/acme.mobileconfig"]),
        (
            everything(),
            expect_file!["../data/everything.mobileconfig"],
        ),
    ] {
        let made = generate("golden", &settings).unwrap().profile;
        expected.assert_eq(&String::from_utf8(made).unwrap());
    }
}
