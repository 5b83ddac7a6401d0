//! Plugins in JavaScript and Python: built by their tools, run by the same host, tested alike.
//!
//! Invariant: where a tool is missing or cannot be installed, this says so aloud and proves nothing.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use mooring_tests::Terminal;

use super::workshop::Workshop;

fn skip(language: &str, why: &str) {
    // Past the test runner, which shows nothing of a test that passes.
    let said = writeln!(
        io::stdout(),
        "\nSKIPPED: plugins in {language}: {why}, so nothing was proven with it"
    );
    said.expect("somebody to tell");
}

/// A new plugin, with the tools of the last time: `tools` is where they are installed.
fn new(language: &str, tools: &str) -> Workshop {
    let workshop = Workshop::with_tools(language);
    let (plugin, kept) = (workshop.path("rules"), workshop.path("tools"));
    if plugin.join(tools).exists() {
        // Without them they are installed anew.
        let _ = fs::remove_dir_all(&kept);
        fs::rename(plugin.join(tools), &kept).expect("tools that can be moved");
    }
    if plugin.exists() {
        fs::remove_dir_all(&plugin).expect("an old folder goes");
    }
    workshop
        .plugin(&format!("new rules --lang {language}"))
        .expect(0);
    if kept.exists() {
        fs::rename(&kept, plugin.join(tools)).expect("tools that can be moved");
    }
    workshop
}

/// Builds the template, looks inside, runs it and has it pass the suite; then has it throw, by changing
/// its source.
fn lives(language: &str, (program, tools): (&str, &str), (file, from, to): (&str, &str, &str)) {
    let workshop = new(language, tools);
    let here = Path::new("");
    if workshop.shell(here, &format!("{program} --version")).code != 0 {
        return skip(language, &format!("there is no {program}"));
    }
    let built = workshop.plugin("build rules");
    if built.code != 0 && is_about_tools(&built.err) {
        return skip(language, "its tools cannot be installed here");
    }
    built.expect(0);
    let report = workshop.plugin("inspect rules --json").expect(0).json();
    let imports = report["imports"].as_array().unwrap();
    let is_ours = |name: &serde_json::Value| name.as_str().unwrap().starts_with("mooring:plugin/");
    assert!(imports.iter().all(is_ours), "{imports:?}");
    let line = "run rules --profile rules/testdata/bad.mobileconfig";
    let ran = workshop.plugin(line).expect(6);
    let finding = "bad.mobileconfig:34:4 error W001 the network guests is open";
    assert!(ran.out.contains(finding), "{ran:#?}");
    workshop
        .plugin("run rules --profile rules/testdata/good.mobileconfig")
        .expect(0);
    let ran = workshop.plugin("test rules").expect(0);
    assert!(
        ran.out.contains("withstands a profile of 1 MiB"),
        "{ran:#?}"
    );
    if language == "js" {
        is_taken_by_a_server(&workshop);
    }
    workshop.replace(&format!("rules/{file}"), from, to);
    let ran = workshop.plugin(line).expect(1);
    assert!(ran.out.contains("error plugin-panic"), "{ran:#?}");
    assert!(ran.out.contains("a plugin has no clock"), "{ran:#?}");
}

/// An interpreted plugin is installed where that is allowed, and judges a push. Only in JavaScript:
/// compiling `CPython` anew, in a host that is not optimised, takes minutes.
fn is_taken_by_a_server(workshop: &Workshop) {
    let terminal = Terminal::new();
    let _served = terminal.serve();
    for (from, to) in [
        ("rules/dist/rules.wasm", "rules.wasm"),
        ("rules/testdata/bad.mobileconfig", "bad.mobileconfig"),
    ] {
        fs::copy(workshop.path(from), terminal.path(to)).expect("a copy");
    }
    let install = "plugin install rules.wasm --allow-unsigned --data data";
    let refused = terminal.run(install).expect(2);
    assert!(refused.err.contains("--allow-interpreted"), "{refused:#?}");
    let taken = terminal
        .run(&format!("{install} --allow-interpreted --json"))
        .expect(0)
        .json();
    assert_eq!(taken["class"], "interpreted", "{taken}");
    let id = taken["id"].as_str().expect("an id");
    terminal
        .run(&format!("plugin bind all --plugin {id} --data data"))
        .expect(0);
    let pushed = terminal
        .run("profile push bad.mobileconfig --data data")
        .expect(6);
    let said = pushed.out + &pushed.err;
    assert!(said.contains("the network guests is open"), "{said}");
}

/// Whether a build ended where tools are installed.
fn is_about_tools(said: &str) -> bool {
    [
        "npm failed",
        "python3 failed",
        "pip failed",
        "is not there; install",
    ]
    .iter()
    .any(|part| said.contains(part))
}

/// A plugin in JavaScript imports no WASI, finds what the one in Rust finds, passes the suite, and says
/// why when it cannot go on.
#[test]
fn javascript() {
    let change = (
        "src/plugin.js",
        "    return root\n",
        "    return Date.now() && root\n",
    );
    lives("js", ("npm", "node_modules"), change);
}

/// A plugin in Python does as well.
#[test]
fn python() {
    let (from, to) = (
        "    for network",
        "    import time; time.time()\n    for network",
    );
    lives("python", ("python3", ".venv"), ("src/plugin.py", from, to));
}
