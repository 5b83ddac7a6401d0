//! Signatures, labels and removals as an administrator meets them, through the binary.

mod keys;

use std::fs;

use mooring_tests::command::{Ran, Started};
use mooring_tests::{Draft, Terminal};

use super::{HOSTILE, ID, provoking, version};

/// A terminal with two versions of the plugin, the first of them signed, and a server that trusts the
/// key.
fn trusting() -> (Terminal, Started) {
    let terminal = Terminal::new();
    let write = |name: &str, bytes: &[u8]| fs::write(terminal.path(name), bytes).unwrap();
    write("one.wasm", HOSTILE);
    write("two.wasm", &version("0.2.0"));
    terminal.run("plugin keygen ours").expect(0);
    terminal.run("plugin keygen theirs").expect(0);
    let ports = "--admin 127.0.0.1:0 --device 127.0.0.1:0";
    let serve = format!("serve --data data {ports} --json --plugin-trust ours.pub");
    let started = terminal.start(&serve).expect("where the server is");
    (terminal, started)
}

/// Unsigned, signed by a stranger, and signed for another component are refused by a server that trusts
/// somebody; the signature beside the file is found, and API and terminal tell whose it is.
#[test]
fn signatures() {
    let (terminal, _server) = trusting();
    let run = |line: &str, code| terminal.run(&format!("{line} --data data")).expect(code);
    let refused = run("plugin install one.wasm", 2);
    assert!(refused.err.contains("not signed"), "{refused:#?}");
    assert!(refused.err.contains("--allow-unsigned"), "{refused:#?}");
    let sign = |file: &str, key: &str| {
        terminal
            .run(&format!("plugin sign {file} --key {key}.key"))
            .expect(0);
    };
    sign("one.wasm", "theirs");
    let refused = run("plugin install one.wasm", 2);
    assert!(
        refused.err.contains("signature is not taken"),
        "{refused:#?}"
    );
    run("plugin install one.wasm --allow-unsigned", 2);
    sign("one.wasm", "ours");
    fs::copy(terminal.path("one.wasm.minisig"), terminal.path("wrong")).unwrap();
    run("plugin install two.wasm --signature wrong", 2);

    let taken = run("plugin install one.wasm", 0);
    assert!(!taken.out.contains("UNSIGNED"), "{taken:#?}");
    let json = run(&format!("plugin show {ID} --json"), 0).json();
    assert!(json["signed_by"]["key"].is_string(), "{json}");
    assert!(json.get("is_unsigned").is_none(), "{json}");

    let refused = run("plugin upgrade two.wasm", 2);
    assert!(refused.err.contains("not signed"), "{refused:#?}");
    let taken = run("plugin upgrade two.wasm --allow-unsigned", 0);
    assert!(taken.out.contains("UNSIGNED"), "{taken:#?}");
    let json = run(&format!("plugin show {ID} --json"), 0).json();
    assert!(json.get("signed_by").is_none(), "{json}");
    assert_eq!(json["is_unsigned"], true);
    let listed = run("plugin list", 0);
    assert!(listed.out.contains("UNSIGNED"), "{listed:#?}");

    let older = run("plugin upgrade one.wasm", 2);
    assert!(older.err.contains("--allow-downgrade"), "{older:#?}");
    let back = run("plugin upgrade one.wasm --allow-downgrade", 0);
    assert!(!back.out.contains("UNSIGNED"), "{back:#?}");
    let json = run(&format!("plugin show {ID} --json"), 0).json();
    assert_eq!(json["version"], "0.1.0");
}

/// Once a key is taken off the list, list, show and status say so of the plugin that it signed, and the
/// plugin is bound and enabled only where that is meant; a list that broke refuses whatever is installed and the next
/// start, each time by its name.
#[test]
fn a_key_is_taken_off() {
    let (terminal, server) = trusting();
    let run = |line: &str, code| terminal.run(&format!("{line} --data data")).expect(code);
    terminal
        .run("plugin sign one.wasm --key ours.key")
        .expect(0);
    run("plugin install one.wasm", 0);
    let bind = format!("plugin bind all --plugin {ID} --role validator");
    run(&bind, 0);
    fs::copy(terminal.path("theirs.pub"), terminal.path("ours.pub")).unwrap();
    for line in ["plugin list", &format!("plugin show {ID}"), "status"] {
        let told = run(line, 0);
        let all = told.out.clone() + &told.err;
        assert!(all.contains("no longer trusted"), "{line}: {told:#?}");
    }
    push(&terminal, &provoking("com.harborworks.a", "panic"), 6);
    let refused = run(&bind, 2);
    assert!(refused.err.contains("--allow-untrusted"), "{refused:#?}");
    run(&format!("{bind} --allow-untrusted"), 0);
    run(&format!("plugin disable {ID}"), 0);
    let enable = format!("plugin enable {ID}");
    for plan in ["", " --plan"] {
        let refused = run(&format!("{enable}{plan}"), 2);
        assert!(refused.err.contains("--allow-untrusted"), "{refused:#?}");
    }
    assert!(
        run(&format!("plugin show {ID}"), 0)
            .out
            .contains("disabled")
    );
    run(&format!("{enable} --allow-untrusted"), 0);
    // It is enabled already, so there is nothing to allow.
    run(&enable, 0);

    terminal.write("ours.pub", "no key");
    run(&format!("plugin disable {ID}"), 0);
    let upgrade = "plugin upgrade two.wasm --allow-unsigned";
    for line in [upgrade, &format!("{enable} --allow-untrusted")] {
        let refused = run(line, 2);
        assert!(
            refused.err.contains("ours.pub cannot be used: line 1"),
            "{refused:#?}"
        );
    }
    drop(server);
    let serve = "serve --data data --admin 127.0.0.1:0 --device 127.0.0.1:0";
    let refused = terminal.run(&format!("{serve} --plugin-trust ours.pub"));
    assert_ne!(refused.code, 0, "{refused:#?}");
    for says in ["the keys in ours.pub cannot be used", "line 1 is no"] {
        assert!(refused.err.contains(says), "{refused:#?}");
    }
}

/// What `profile push` said of the profile.
fn push(terminal: &Terminal, text: &str, code: i32) -> Ran {
    terminal.write("p.mobileconfig", text);
    terminal
        .run("profile push p.mobileconfig --data data")
        .expect(code)
}

/// A binding by label judges the pushes of profiles that are assigned to that label and of those for
/// every host, and no others; a plan of disabling says what would be gone.
#[test]
fn labels_and_plans() {
    let terminal = Terminal::new();
    let _served = terminal.serve();
    let run = |line: &str, code| terminal.run(&format!("{line} --data data")).expect(code);
    fs::write(terminal.path("one.wasm"), HOSTILE).unwrap();
    run("plugin install one.wasm --allow-unsigned", 0);
    for label in ["offices", "homes"] {
        run(&format!("label set {label}"), 0);
    }
    let (office, home) = ("com.harborworks.office", "com.harborworks.home");
    push(&terminal, &Draft::new(office, "1").xml(), 0);
    push(&terminal, &Draft::new(home, "1").xml(), 0);
    run(&format!("profile assign {office} --include-any offices"), 0);
    run(&format!("profile assign {home} --include-any homes"), 0);
    let bind = format!("plugin bind byl --plugin {ID} --role validator --label offices");
    run(&bind, 0);

    let refused = push(&terminal, &provoking(office, "panic"), 6);
    assert!((refused.out + &refused.err).contains("plugin-panic"));
    push(&terminal, &provoking(home, "panic"), 0);
    push(&terminal, &provoking("com.harborworks.all", "panic"), 6);

    let told = run(&format!("plugin disable {ID} --plan"), 0);
    assert!(told.out.contains(office), "{told:#?}");
    assert!(
        told.out.contains("- ") && !told.out.contains(home),
        "{told:#?}"
    );
    let json = run(&format!("plugin show {ID} --json"), 0).json();
    assert_eq!(json["state"], "enabled");
    run(&format!("plugin disable {ID}"), 0);
    let refused = run(&bind, 2);
    assert!(refused.err.contains("plugin enable"), "{refused:#?}");
    push(&terminal, &provoking(office, "panic"), 0);
    run(&format!("plugin enable {ID} --plan"), 0);
    run(&format!("plugin enable {ID}"), 0);
    push(&terminal, &provoking(office, "memory"), 6);
}
