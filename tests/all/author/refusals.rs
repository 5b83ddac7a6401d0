//! What an author is told when something is not as it should be.
//!
//! Invariant: every text names the thing and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::workshop::Workshop;

/// A component that imports this, and nothing else.
fn importing(name: &str) -> Vec<u8> {
    let mut import = vec![1, 0, u8::try_from(name.len()).unwrap()];
    import.extend_from_slice(name.as_bytes());
    // An instance, of type 0.
    import.extend_from_slice(&[5, 0]);
    // A component; one type, an empty instance; the import.
    let mut component = b"\0asm\x0d\0\x01\0\x07\x03\x01\x42\x00".to_vec();
    component.extend_from_slice(&[10, u8::try_from(import.len()).unwrap()]);
    component.extend(import);
    component
}

/// WASI is refused by the name of the import, and what is inside is shown all the same.
#[test]
fn wasi_is_refused_by_name() {
    let workshop = Workshop::new("wasi");
    workshop.write("wasi.wasm", importing("wasi:io/poll@0.2.0"));
    let ran = workshop.plugin("inspect wasi.wasm").expect(1);
    let verdict = ran.out.lines().last().unwrap_or_default();
    assert!(verdict.starts_with("verdict: refused: "), "{ran:#?}");
    assert!(
        verdict.contains("imports `wasi:io/poll@0.2.0`"),
        "{verdict}"
    );
    assert!(verdict.contains("wasm32-unknown-unknown"), "{verdict}");
    let json = workshop.plugin("inspect wasi.wasm --json").expect(1).json();
    assert_eq!(json["imports"][0], "wasi:io/poll@0.2.0");
    let ran = workshop.plugin("test wasi.wasm").expect(1);
    assert!(ran.err.contains("wasi:io/poll@0.2.0"), "{ran:#?}");
}

/// Bytes that are no component are told apart, and nothing that is no file is read.
#[test]
fn other_bytes() {
    let workshop = Workshop::new("bytes");
    workshop.write("core.wasm", b"\0asm\x01\0\0\0");
    workshop.write("text.wasm", "hello");
    for (file, form) in [
        ("core.wasm", "core module"),
        ("text.wasm", "no WebAssembly"),
    ] {
        let ran = workshop.plugin(&format!("inspect {file}")).expect(1);
        assert!(ran.out.contains(form), "{ran:#?}");
        assert!(ran.out.contains("verdict: refused"), "{ran:#?}");
    }
    workshop.plugin("inspect nothing.wasm").expect(64);
    let ran = workshop.plugin("build .").expect(1);
    assert!(ran.err.contains("no folder of a plugin"), "{ran:#?}");
}

/// A folder that exists, and names that are none, are refused and touch nothing.
#[test]
fn new_into_what_exists() {
    let workshop = Workshop::new("exists");
    workshop.plugin("new taken").expect(0);
    workshop.write("taken/src/lib.rs", "mine");
    let ran = workshop.plugin("new taken --role generator").expect(64);
    assert!(ran.err.contains("taken exists already"), "{ran:#?}");
    assert_eq!(workshop.read("taken/src/lib.rs"), "mine");
    workshop.plugin("new ../escape").expect(64);
    workshop.plugin("new x --id No!").expect(64);
    workshop.plugin("new x --lang cobol").expect(64);
    assert!(!workshop.path("x").exists());
}

/// Without the wasm target, and without Rust, the one thing to do is named.
#[test]
fn missing_tools() {
    let workshop = Workshop::new("tools");
    workshop.plugin("new toolless").expect(0);
    fs::create_dir(workshop.path("bin")).unwrap();
    let build = || {
        let mut command = workshop.command(&mooring_tests::command::mooring());
        command.args(["plugin", "build", "toolless"]);
        workshop.finish(command.env("PATH", workshop.path("bin")))
    };
    let ran = build();
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.err.contains("install Rust"), "{ran:#?}");
    workshop.write("bin/rustc", "#!/bin/sh\necho /no/such/folder\n");
    let rustc = workshop.path("bin/rustc");
    fs::set_permissions(rustc, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = build();
    assert_eq!(ran.code, 1, "{ran:#?}");
    let command = "Run: rustup target add wasm32-unknown-unknown";
    assert!(ran.err.contains(command), "{ran:#?}");
    assert!(!workshop.path("toolless/dist").exists());
}

/// A manifest that says other than the component does is found, by the build or by the tests.
#[test]
fn a_manifest_that_lies() {
    let workshop = Workshop::new("lies");
    workshop.plugin("new liar").expect(0);
    workshop.plugin("build liar").expect(0);
    let before = fs::read(workshop.path("liar/dist/liar.wasm")).unwrap();
    let honest = workshop.read("liar/manifest.json");

    workshop.replace("liar/manifest.json", "[\"validator\"]", "[\"generator\"]");
    let ran = workshop.plugin("build liar").expect(1);
    assert!(ran.err.contains("the roles generator"), "{ran:#?}");
    assert!(ran.err.contains("exports validator"), "{ran:#?}");
    let after = fs::read(workshop.path("liar/dist/liar.wasm")).unwrap();
    assert!(
        before == after,
        "a component that no host takes was written"
    );

    workshop.write(
        "liar/manifest.json",
        honest.replace("\"id\": \"LIAR-1\"", "\"id\": \"LIAR-2\""),
    );
    let ran = workshop.plugin("test liar").expect(1);
    let says = "lists its rules: the manifest does not list the rules `LIAR-1`";
    assert!(ran.out.contains(says), "{ran:#?}");

    workshop.write(
        "liar/manifest.json",
        honest.replace("\"line\": 34", "\"line\": 35"),
    );
    let ran = workshop.plugin("test liar").expect(1);
    assert!(
        ran.out.contains("`LIAR-1` at line 35 is expected"),
        "{ran:#?}"
    );

    workshop.write(
        "liar/manifest.json",
        honest.replace("bad.mobileconfig", "gone.mobileconfig"),
    );
    let ran = workshop.plugin("build liar").expect(1);
    assert!(ran.err.contains("gone.mobileconfig"), "{ran:#?}");
}

/// A plugin whose code does not compile leaves the component of before, and shows what is wrong.
#[test]
fn code_that_does_not_compile() {
    let workshop = Workshop::new("broken");
    workshop.plugin("new broken").expect(0);
    workshop.write("broken/src/lib.rs", "//! Broken.\nfn f( {}\n");
    let ran = workshop.plugin("build broken").expect(1);
    assert!(ran.err.contains("src/lib.rs:2"), "{ran:#?}");
    assert!(ran.err.contains("cargo build failed"), "{ran:#?}");
}
