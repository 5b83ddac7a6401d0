//! The whole way on the command line, against a server of its own process.

use std::fs;

use mooring_tests::command::Served;
use mooring_tests::{Draft, Terminal};

use super::{HOSTILE, ID, provoking, version};

/// A folder with two versions of the plugin and two profiles, and a server that has the first.
fn bound() -> (Terminal, Served) {
    let terminal = Terminal::new();
    let write = |name: &str, bytes: &[u8]| fs::write(terminal.path(name), bytes).unwrap();
    write("one.wasm", HOSTILE);
    write("two.wasm", &version("0.2.0"));
    let good = Draft::new("com.harborworks.a", "1").xml();
    terminal.write("good.mobileconfig", &good);
    let bad = provoking("com.harborworks.b", "panic");
    terminal.write("bad.mobileconfig", &bad);
    let served = terminal.serve();
    let ran = terminal
        .run("plugin install one.wasm --data data")
        .expect(2);
    assert!(ran.err.contains("--allow-unsigned"), "{ran:#?}");
    let ran = terminal
        .run("plugin install one.wasm --allow-unsigned --data data")
        .expect(0);
    assert!(ran.out.contains("UNSIGNED"), "{ran:#?}");
    let next = "mooring plugin bind NAME --plugin";
    assert!(ran.err.contains(next), "{ran:#?}");
    let bind = format!("plugin bind all --plugin {ID} --role validator --data data");
    terminal.run(&bind).expect(0);
    (terminal, served)
}

/// A bound plugin refuses a profile, is upgraded and not set back, is compared, disabled, unbound and
/// removed: as an administrator types it.
#[test]
fn from_install_to_rm() {
    let (terminal, _served) = bound();
    let run = |line: &str, code| terminal.run(&format!("{line} --data data")).expect(code);
    run("profile push good.mobileconfig", 0);
    run("profile push bad.mobileconfig", 6);
    let ran = run("plugin list", 0);
    let is_told = ran.out.contains("UNSIGNED") && ran.out.contains("all");
    assert!(is_told, "{ran:#?}");
    run("plugin upgrade two.wasm --allow-unsigned --plan", 0);
    run("plugin upgrade two.wasm --allow-unsigned", 0);
    run("plugin upgrade one.wasm --allow-unsigned", 2);
    let json = run(&format!("plugin show {ID} --json"), 0).json();
    assert_eq!(json["version"], "0.2.0");
    assert_eq!(json["bound"][0]["name"], "all");
    let ran = terminal
        .run("plugin diff one.wasm two.wasm --profiles good.mobileconfig")
        .expect(0);
    let says = "0 of 1 profile judged otherwise";
    assert!(ran.err.contains(says), "{ran:#?}");
    run(&format!("plugin rm {ID}"), 2);
    run(&format!("plugin disable {ID}"), 0);
    run("profile push bad.mobileconfig", 0);
    run("plugin unbind all", 0);
    run(&format!("plugin rm {ID}"), 0);
    run(&format!("plugin show {ID}"), 5);
}

/// A server that was made of a backup has the plugin and what it is bound to.
#[test]
fn a_backup_has_them() {
    let (terminal, served) = bound();
    terminal.run("backup copy --data data").expect(0);
    drop(served);
    terminal.run("restore copy --data again").expect(0);
    let serve = "serve --data again --admin 127.0.0.1:0 --device 127.0.0.1:0 --json";
    let served = terminal.start(serve);
    assert!(served.is_some());
    let json = terminal
        .run(&format!("plugin show {ID} --data again --json"))
        .expect(0)
        .json();
    assert_eq!(json["bound"][0]["state"], "active");
    terminal
        .run("profile push bad.mobileconfig --data again")
        .expect(6);
}
