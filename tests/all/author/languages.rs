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
fn new(language: &str, tools: &str, role: &str) -> Workshop {
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
        .plugin(&format!("new rules --lang {language} --role {role}"))
        .expect(0);
    if kept.exists() {
        fs::rename(&kept, plugin.join(tools)).expect("tools that can be moved");
    }
    workshop
}

/// Builds the template, looks inside, runs it and has it pass the suite; then has it throw, by changing
/// its source.
fn lives(language: &str, (program, tools): (&str, &str), (file, from, to): (&str, &str, &str)) {
    let workshop = new(language, tools, "validator");
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
    let finding = "bad.mobileconfig:34:4 error RULES-1 the network guests is open";
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
    judges_sets(&new(language, tools, "set-validator"));
    let workshop = new(language, tools, "generator");
    makes_profiles(&workshop);
    if language == "js" {
        is_measured_and_compared(&workshop, file);
    }
}

/// The template of a set validator finds what the one in Rust finds, and passes the suite.
fn judges_sets(workshop: &Workshop) {
    workshop.plugin("build rules").expect(0);
    let ran = workshop.plugin("run rules --set rules/testdata").expect(6);
    for part in [
        "studio.mobileconfig:32:4 error RULES-1 the network office is in two profiles",
        "other: rules/testdata/office.mobileconfig:32:4",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran:#?}");
    }
    let folder = "rules/testdata";
    let line = format!("run rules --set {folder}/office.mobileconfig {folder}/guests.mobileconfig");
    workshop.plugin(&line).expect(0);
    let ran = workshop.plugin("test rules").expect(0);
    let check = "withstands every odd profile at once";
    assert!(ran.out.contains(check), "{ran:#?}");
}

/// The template of a generator imports no WASI, makes what every language's makes of that seed and
/// these settings (the uuids are what other programs derive), and passes the suite.
fn makes_profiles(workshop: &Workshop) {
    workshop.plugin("build rules").expect(0);
    let report = workshop.plugin("inspect rules --json").expect(0).json();
    let imports = report["imports"].as_array().unwrap();
    let is_ours = |name: &serde_json::Value| name.as_str().unwrap().starts_with("mooring:plugin/");
    assert!(imports.iter().all(is_ours), "{imports:?}");
    workshop.write(
        "settings",
        r#"{"text": "Call <4711> & \u0007\ud83d\ude00"}"#,
    );
    let line = "run rules --settings @settings --seed one --out made";
    let ran = workshop.plugin(line).expect(0);
    let says = "made login-text: 1216 bytes in made/login-text.mobileconfig";
    assert!(ran.out.contains(says), "{ran:#?}");
    let made = workshop.read("made/login-text.mobileconfig");
    for part in [
        "<string>597336C1-13EC-5103-AA5B-E42645DBF4BB</string>",
        "<string>92FA3083-02CF-59D2-AAF9-06047AF201AA</string>",
        "<string>Call &lt;4711&gt; &amp; \u{1f600}</string>",
    ] {
        assert!(made.contains(part), "{part}: {made}");
    }
    let ran = workshop.plugin("run rules --settings [1]").expect(6);
    let says = "error settings the settings are no object";
    assert!(ran.out.contains(says), "{ran:#?}");
    let ran = workshop.plugin("test rules").expect(0);
    let check = "makes other uuids of another seed";
    assert!(ran.out.contains(check), "{ran:#?}");
    assert!(!ran.out.contains("skipped"), "{ran:#?}");
}

/// What a generator makes is measured without a profile; another version's differs in what was
/// changed. Only in JavaScript, for the time that it takes.
fn is_measured_and_compared(workshop: &Workshop, file: &str) {
    let line = "bench rules --settings @settings --calls 3 --json";
    let figures = workshop.plugin(line).expect(0).json();
    assert_eq!(figures["made"], 1, "{figures}");
    let diff = |settings| {
        let line = "diff old.wasm rules --json";
        workshop.plugin(&format!("{line}{settings}"))
    };
    fs::copy(
        workshop.path("rules/dist/rules.wasm"),
        workshop.path("old.wasm"),
    )
    .expect("a copy");
    workshop.replace(&format!("rules/{file}"), "\"Example\"", "\"Another\"");
    let report = diff(" --settings @settings").expect(0).json();
    let changed = &report["made"]["profiles"][0];
    let value = &changed["values"][0];
    assert_eq!(changed["change"], "changed", "{report}");
    assert_eq!(value["path"], "PayloadOrganization", "{report}");
    assert_eq!(value["was"], serde_json::Value::Null, "{report}");
    let failed = diff("").expect(1).json();
    assert_eq!(failed["failed"].as_array().unwrap().len(), 2, "{failed}");
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
