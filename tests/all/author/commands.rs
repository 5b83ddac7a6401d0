//! Running, measuring and watching plugins, good and bad ones.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use mooring_tests::command::mooring;

use super::workshop::Workshop;

const HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mooring-hostile.wasm"));

const PROFILE: &str = include_str!("../../data/profiles/wifi-pier.mobileconfig");

/// Every way in which a call can end badly is named, and ends the command with 1.
#[test]
fn outcomes_are_named() {
    let workshop = Workshop::new("outcomes");
    workshop.write("hostile.wasm", HOSTILE);
    workshop.write("p.mobileconfig", PROFILE);
    for (how, outcome) in [
        ("loop", "plugin-timeout"),
        ("memory", "plugin-memory"),
        ("panic", "plugin-panic"),
        ("recursion", "plugin-trap"),
        ("findings", "plugin-output"),
        ("failure", "plugin-failure"),
    ] {
        let line = format!("run hostile.wasm --profile p.mobileconfig --json --settings {how}");
        let report = workshop.plugin(&line).expect(1).json();
        assert_eq!(report["outcome"], outcome, "{report}");
        let finding = &report["findings"][0];
        assert_eq!(finding["rule"], outcome, "{report}");
        assert!(finding["hint"].is_string(), "{report}");
    }
    let line = "run hostile.wasm --profile p.mobileconfig --settings panic";
    let ran = workshop.plugin(line).expect(1);
    assert!(ran.out.contains("the profile is frightening"), "{ran:#?}");
}

/// What a plugin is told comes from the command line: settings from a file, grade, day, device; and
/// what it logs is shown.
#[test]
fn a_call_with_everything() {
    let workshop = Workshop::new("context");
    workshop.write("hostile.wasm", HOSTILE);
    workshop.write("p.mobileconfig", PROFILE);
    workshop.write("settings", "nothing bad");
    let ran = workshop
        .plugin(
            "run hostile.wasm --profile p.mobileconfig --settings @settings --context \
             grade=apple-strict --context today=2026-02-03 --context device.labels=a,b",
        )
        .expect(0);
    for part in ["apple-strict", "today 2026-02-03", "device Some(2)"] {
        assert!(ran.out.contains(part), "{part}: {ran:#?}");
    }
    assert!(ran.err.contains("log debug: well behaved"), "{ran:#?}");
    for wrong in ["--context grade=x", "--context nothing", "--settings @gone"] {
        let line = format!("run hostile.wasm --profile p.mobileconfig {wrong}");
        workshop.plugin(&line).expect(64);
    }
    workshop.write("bad.mobileconfig", "<plist><dict>");
    let ran = workshop
        .plugin("run hostile.wasm --profile bad.mobileconfig")
        .expect(6);
    assert!(ran.err.contains("the host itself"), "{ran:#?}");
}

/// The suite holds against a plugin that reports rules of nowhere, check by check.
#[test]
fn a_bad_plugin_fails_the_suite() {
    let workshop = Workshop::new("suite");
    let unlisted = crate::plugins::changed(HOSTILE, "\"id\": \"H000\"", "\"id\": \"X000\"");
    workshop.write("hostile.wasm", unlisted);
    let report = workshop.plugin("test hostile.wasm --json").expect(1).json();
    let verdict = |name: &str| {
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name);
        check.unwrap_or_else(|| panic!("{name}: {report}"))["verdict"].clone()
    };
    assert_eq!(verdict("lists its rules"), "failed");
    assert_eq!(verdict("withstands deep nesting"), "passed");
    assert_eq!(verdict("points at nodes that exist"), "passed");
    assert_eq!(verdict("makes profiles"), "skipped");
    assert!(report["failed"].as_u64().unwrap() >= 1, "{report}");
}

/// The figures of a bench are there, and of the same run.
#[test]
fn figures() {
    let workshop = Workshop::new("bench");
    workshop.write("hostile.wasm", HOSTILE);
    workshop.write("p.mobileconfig", PROFILE);
    let report = workshop
        .plugin("bench hostile.wasm --profile p.mobileconfig --calls 5 --json")
        .expect(0)
        .json();
    assert_eq!(report["calls"], 5, "{report}");
    let ratio = report["call"]["median_us"].as_f64().unwrap()
        / report["parse"]["median_us"].as_f64().unwrap();
    assert!((report["ratio"].as_f64().unwrap() / ratio - 1.0).abs() < 0.01);
    assert!(
        report["peak_memory_bytes"].as_u64().unwrap() > 0,
        "{report}"
    );
    assert!(report["instructions"].as_u64().unwrap() > 1000, "{report}");
    assert!(report["reference"].is_string(), "{report}");
    let line = "bench hostile.wasm --profile p.mobileconfig --settings panic";
    workshop.plugin(line).expect(1);
}

/// Profiles are judged together by what judges sets alone, and each of them by what judges one; who asks
/// the wrong one is told what it takes.
#[test]
fn profiles_together() {
    let workshop = Workshop::new("together");
    workshop.write("hostile.wasm", HOSTILE);
    workshop.write("set.wasm", mooring_builtin::PROFILE_SET.component);
    for name in ["p/one.mobileconfig", "p/two.mobileconfig"] {
        std::fs::create_dir_all(workshop.path("p")).expect("a folder");
        workshop.write(name, PROFILE);
    }
    let report = workshop.plugin("run set.wasm --set p --json").expect(6);
    let found = &report.json()["together"][0];
    assert_eq!(found["rule"], "R005", "{found}");
    assert_eq!(found["file"], "p/two.mobileconfig", "{found}");
    assert_eq!(found["other"]["file"], "p/one.mobileconfig", "{found}");
    assert_eq!(found["line"], found["other"]["line"], "{found}");
    let one = "run set.wasm --set p/one.mobileconfig";
    workshop.plugin(one).expect(0);
    let bench = workshop.plugin("bench set.wasm --set p --calls 3 --json");
    let figures = bench.expect(0).json();
    assert_eq!(
        figures["findings"],
        report.json()["together"].as_array().unwrap().len()
    );
    workshop.write("p/bad.mobileconfig", "<plist><dict>");
    let refused = workshop.plugin("run set.wasm --set p").expect(6);
    assert!(refused.err.contains("the host itself"), "{refused:#?}");
    for (wrong, hint) in [
        ("set.wasm --profile p/one.mobileconfig", "--set FILE"),
        ("set.wasm", "--set FILE"),
        ("set.wasm --set nothing", "cannot be read"),
        ("hostile.wasm --set p", "--profile FILE"),
    ] {
        let refused = workshop.plugin(&format!("run {wrong}")).expect(64);
        assert!(refused.err.contains(hint), "{refused:#?}");
    }
}

/// Another version is compared in the roles that both have: what a set validator says of profiles
/// together, and what a generator makes. Where nothing was compared, nothing passes for the same.
#[test]
fn versions_are_compared() {
    let workshop = Workshop::new("versions");
    let (set, baseline) = (mooring_builtin::PROFILE_SET, mooring_builtin::BASELINE);
    let changed = crate::plugins::changed;
    workshop.write("hostile.wasm", HOSTILE);
    workshop.write("set.wasm", set.component);
    workshop.write("set-2.wasm", changed(set.component, "R005", "R905"));
    workshop.write("make.wasm", baseline.component);
    let other = changed(baseline.component, "EnableFirewall", "EnableFirewalk");
    workshop.write("make-2.wasm", other);
    std::fs::create_dir_all(workshop.path("p")).expect("a folder");
    for name in ["p/one.mobileconfig", "p/two.mobileconfig"] {
        workshop.write(name, PROFILE);
    }
    let line = "diff set.wasm set-2.wasm --profiles p --json";
    let together = &workshop.plugin(line).expect(0).json()["together"];
    assert_eq!(together["profiles"], 2, "{together}");
    assert_eq!(together["added"][0]["rule"], "R905", "{together}");
    assert_eq!(together["removed"][0]["rule"], "R005", "{together}");
    let same = workshop.plugin("diff set.wasm set.wasm --profiles p");
    let says = "2 profiles together: 0 findings of only one of them";
    assert!(same.expect(0).err.contains(says), "the same differs");

    let line = "diff make.wasm make-2.wasm --settings {\"firewall\":{}}";
    let ran = workshop.plugin(line).expect(0);
    for part in [
        "made firewall: changed\n",
        "firewall].EnableFirewall\n",
        "firewall].EnableFirewalk\n",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran:#?}");
    }
    assert!(ran.err.contains("0 new, 0 gone, 1 changed"), "{ran:#?}");
    let settings = "--settings {\"firewall\":{},\"screenlock\":{}}";
    let ran = workshop.plugin(&format!("diff make.wasm make.wasm {settings}"));
    let says = "2 profiles made, 2 before: 0 new, 0 gone, 0 changed";
    assert!(ran.expect(0).err.contains(says), "the same differs");

    for (line, code, says) in [
        ("make.wasm make.wasm", 1, "neither makes anything"),
        ("set.wasm make.wasm", 64, "no role in common"),
        ("set.wasm set.wasm", 64, "--profiles"),
        (
            "hostile.wasm hostile.wasm --profiles p --settings failure",
            1,
            "did not end well",
        ),
    ] {
        let ran = workshop.plugin(&format!("diff {line}")).expect(code);
        assert!(ran.err.contains(says), "{ran:#?}");
    }
}

/// A generator is measured on what it makes, and told when it is given profiles.
#[test]
fn figures_of_a_generator() {
    let workshop = Workshop::new("bench-generator");
    workshop.write("make.wasm", mooring_builtin::BASELINE.component);
    workshop.write("p.mobileconfig", PROFILE);
    let line = "bench make.wasm --settings {\"firewall\":{}} --calls 3 --json";
    let figures = workshop.plugin(line).expect(0).json();
    assert_eq!(figures["calls"], 3, "{figures}");
    assert_eq!(figures["made"], 1, "{figures}");
    for name in ["instructions", "peak_memory_bytes", "profile_bytes"] {
        assert!(figures[name].as_u64().unwrap() > 1000, "{name}: {figures}");
    }
    let ran = workshop.plugin("bench make.wasm --profile p.mobileconfig");
    assert!(ran.expect(64).err.contains("leave --profile"), "a profile");
}

/// A watch that ends with the test.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        // It goes on until it is told to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A change of a profile, and one of the code, are each followed by a build and a run.
#[test]
fn changes_are_followed() {
    let workshop = Workshop::new("watch");
    workshop.plugin("new watched").expect(0);
    let mut command = workshop.command(&mooring());
    command.args(["plugin", "watch", "watched"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut watch = Watch(command.spawn().expect("the binary runs"));
    let output = watch.0.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let mut wait_for = |text: &str| {
        assert!(
            lines.any(|line| line.contains(text)),
            "it ended without {text}"
        );
    };
    wait_for("the network guests is open");
    workshop.replace("watched/testdata/bad.mobileconfig", ">guests<", ">harbour<");
    wait_for("the network harbour is open");
    workshop.replace("watched/src/lib.rs", "is open", "is wide open");
    wait_for("the network harbour is wide open");
}
