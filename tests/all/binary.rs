//! A few runs of the real binary, from the first command to the last.

mod changing;
mod enrolling;

use std::collections::BTreeSet;
use std::path::Path;

use mooring_tests::command::Served;
use mooring_tests::{Draft, Terminal};
use serde_json::{Value, json};

/// The profiles that the repository ships.
fn shipped() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/profiles");
    folder.display().to_string()
}

/// The sum of a member of `profiles` over all uuids of one identifier.
fn devices_with(sim: &Value, identifier: &str) -> u64 {
    let uuids = sim["profiles"][identifier].as_object();
    uuids.map_or(0, |uuids| uuids.values().filter_map(Value::as_u64).sum())
}

fn sim(terminal: &Terminal, served: &Served, rest: &str) -> Value {
    let url = &served.device_url;
    let line = format!("sim --device-url {url} --poll-ms 20 --exit-when-idle --json {rest}");
    let report = terminal.run(&line).expect(0).json();
    assert_eq!(report["errors"], 0, "{report}");
    report
}

/// The demo on the profiles shipped ends with every host applied, and says so in JSON. No host comes
/// by itself after it enrolled: pushes alone bring them.
#[test]
fn demo() {
    let line = format!(
        "demo --hosts 20 --profiles {} --poll-ms 600000 --exit-when-applied --json",
        shipped()
    );
    let report = Terminal::new().run(&line).expect(0).json();
    for (key, expected) in [
        ("hosts", 20),
        ("applied", 20),
        ("pending", 0),
        ("failed", 0),
        ("unknown", 0),
        ("profiles_accepted", 12),
        ("profiles_refused", 0),
        ("errors", 0),
    ] {
        assert_eq!(report[key], expected, "{key} in {report}");
    }
    let built_in = report["builtins_enabled"].as_u64().unwrap();
    let sent = report["commands_sent"].as_u64().unwrap();
    // The installs, a list before and after on the device channel, one or two on the user channel
    // (a user profile is among the twelve), and the attributes.
    assert_eq!(sent, 20 * (12 + built_in + 5), "{report}");
    // A user profile is among the twelve, so both channels of each host are woken.
    assert!(report["pushes"].as_u64().unwrap() >= 40, "{report}");
    assert!(report["elapsed_ms"].as_u64().unwrap() > 0);
}

/// A demo with a bad file reports it and brings the rest in sync; one with a profile that never
/// installs does not end with 0.
#[test]
fn demo_in_trouble() {
    let terminal = Terminal::new();
    let good = Draft::new("com.harborworks.a", "one").xml();
    terminal.write("p/good.mobileconfig", &good);
    terminal.write("p/bad.mobileconfig", &good.replace("<dict>", "<dct>"));
    let line = "demo --hosts 3 --profiles p --exit-when-applied --json";
    let report = terminal.run(line).expect(0).json();
    assert_eq!(
        (&report["applied"], &report["profiles_refused"]),
        (&json!(3), &json!(1))
    );
    let refused = &report["refused"][0];
    assert!(
        refused["file"]
            .as_str()
            .unwrap()
            .ends_with("bad.mobileconfig")
    );
    assert!(refused["line"].as_u64().unwrap() > 0, "{refused}");

    let line = format!("{line} --behaviour fail=com.harborworks.a@1 --timeout 1m");
    let report = terminal.run(&line).expect(1).json();
    assert_eq!(
        (&report["applied"], &report["failed"]),
        (&json!(2), &json!(1))
    );
}

/// `check` is quiet about what is in order and names file, line, column, severity and rule of what
/// is not.
#[test]
fn check() {
    let terminal = Terminal::new();
    let ran = terminal.run(&format!("check {}", shipped())).expect(0);
    assert!(!ran.out.contains(" error "), "{}", ran.out);

    let draft = Draft::new("com.harborworks.a", "one");
    let lines = draft.xml().lines().count();
    terminal.write(
        "bad.mobileconfig",
        &draft.xml().replace("Configuration", "Other"),
    );
    let ran = terminal.run("check bad.mobileconfig").expect(6);
    let error = ran.out.lines().find(|line| line.contains(" error T001"));
    let error = error.unwrap_or_else(|| panic!("{ran:#?}"));
    let mut parts = error.splitn(4, [':', ' ']);
    assert_eq!(parts.next(), Some("bad.mobileconfig"));
    let place: Vec<usize> = parts.by_ref().take(2).map(|n| n.parse().unwrap()).collect();
    assert!((1..=lines).contains(&place[0]) && place[1] > 0, "{error}");
    let json = terminal
        .run("check bad.mobileconfig --json")
        .expect(6)
        .json();
    assert_eq!(json["errors"], 1);
    let findings = json["files"][0]["findings"].as_array().unwrap();
    let error = findings.iter().find(|f| f["severity"] == "error").unwrap();
    assert_eq!(
        (&error["line"], &error["rule"]),
        (&json!(place[0]), &json!("T001"))
    );

    let nameless = Draft {
        identifier: None,
        ..draft
    };
    terminal.write("nameless.mobileconfig", &nameless.xml());
    let ran = terminal.run("check nameless.mobileconfig").expect(0);
    assert!(ran.out.contains(" warning T003"), "{ran:#?}");
    let ran = terminal
        .run("check nameless.mobileconfig --strict")
        .expect(6);
    assert!(ran.out.contains(" error T003"), "{ran:#?}");
}

/// A server, a fleet with a memory, profiles pushed and half of them removed: those and no others
/// are gone from every simulated device, also after the server was killed in between.
#[test]
fn serve_push_sim_remove() {
    let terminal = Terminal::new();
    let served = terminal.serve();
    let names: Vec<_> = (0..6).map(|n| format!("com.harborworks.p{n}")).collect();
    for name in &names {
        let file = format!("p/{name}.mobileconfig");
        terminal.write(&file, &Draft::new(name, "one").xml());
    }
    let pushed = terminal
        .run("profile push p --data data --json")
        .expect(0)
        .json();
    assert_eq!(
        pushed["results"].as_array().map(Vec::len),
        Some(6),
        "{pushed}"
    );
    let fleet = "--hosts 10 --seed 5 --state fleet.json";
    let first = sim(&terminal, &served, fleet);
    assert_eq!(first["hosts"], 10);
    assert!(
        names.iter().all(|name| devices_with(&first, name) == 10),
        "{first}"
    );
    let status = terminal.run("status --data data --json").expect(0).json();
    assert_eq!(
        (&status["hosts"], &status["applied"]),
        (&json!(10), &json!(10))
    );
    assert_eq!(status["profiles"][0]["identifier"], "com.harborworks.p0");
    assert_eq!(status["profiles"][0]["version"], 1);
    assert_eq!(status["profiles"][0]["applied"], 10);

    drop(served);
    let served = terminal.serve();
    let status = terminal.run("status --data data --json").expect(0).json();
    assert_eq!(status["applied"], 10, "{status}");
    let leaving = [&names[0], &names[2], &names[4]]
        .map(String::as_str)
        .join(" ");
    let removed = terminal.run(&format!("profile rm {leaving} --data data --json"));
    assert_eq!(
        removed.expect(0).json()["results"].as_array().map(Vec::len),
        Some(3)
    );
    let second = sim(&terminal, &served, fleet);
    assert_eq!(second["commands"]["RemoveProfile"], 30);
    assert_eq!(second["commands"].get("InstallProfile"), None);
    let left: BTreeSet<_> = second["profiles"].as_object().unwrap().keys().collect();
    assert_eq!(left, BTreeSet::from([&names[1], &names[3], &names[5]]));
    assert!(left.iter().all(|name| devices_with(&second, name) == 10));

    let third = sim(&terminal, &served, fleet);
    assert_eq!(third["commands"], json!({}), "then silence");
}

/// Profiles and hosts by the command line, with the token from the folder or the environment.
#[test]
fn administration() {
    let terminal = Terminal::new();
    let served = terminal.serve();
    terminal.write(
        "a.mobileconfig",
        &Draft::new("com.harborworks.a", "one").xml(),
    );
    let ran = terminal
        .run("profile push a.mobileconfig --data data")
        .expect(0);
    assert!(ran.out.contains("com.harborworks.a"), "{ran:#?}");
    let token = std::fs::read_to_string(terminal.path("data/admin-token")).unwrap();
    let environment = [
        ("MOORING_URL", served.admin_url.as_str()),
        ("MOORING_TOKEN", token.trim()),
    ];
    let listed = terminal.run_with("profile list --json", &environment);
    let listed = listed.expect(0).json().to_string();
    assert!(listed.contains("com.harborworks.a"), "{listed}");
    let show = "profile show com.harborworks.a --data data --download out.mobileconfig";
    terminal.run(show).expect(0);
    let downloaded = std::fs::read_to_string(terminal.path("out.mobileconfig")).unwrap();
    assert!(downloaded.contains("<string>one</string>"));

    sim(&terminal, &served, "--hosts 2");
    let hosts = terminal
        .run("host list --data data --json")
        .expect(0)
        .json();
    let host = hosts["hosts"][0]["id"].as_str().unwrap().to_owned();
    let shown = terminal
        .run(&format!("host show {host} --data data"))
        .expect(0);
    assert!(shown.out.contains("com.harborworks.a") && shown.out.contains("applied"));
    terminal
        .run(&format!("host refresh {host} --data data"))
        .expect(0);
    terminal
        .run(&format!("host rm {host} --data data"))
        .expect(0);
    let status = terminal.run("status --data data --json").expect(0).json();
    assert_eq!(status["hosts"], 1);
}

/// A server goes on when its terminal is closed, or somebody asks it to read its files again.
#[test]
fn a_hangup_ends_nothing() {
    let terminal = Terminal::new();
    let served = terminal.serve();
    for _ in 0..2 {
        served.signal("HUP");
        terminal.run("status --data data").expect(0);
    }
}

/// Every kind of failure has its exit code, and says on standard error what to do.
#[test]
fn exit_codes() {
    let terminal = Terminal::new();
    let served = terminal.serve();
    let file = Draft::new("com.harborworks.a", "one").xml();
    terminal.write("bad.mobileconfig", &file.replace("Configuration", "Other"));
    let wrong = [
        ("MOORING_URL", served.admin_url.as_str()),
        ("MOORING_TOKEN", "wrong"),
    ];
    let nobody = [
        ("MOORING_URL", "http://127.0.0.1:1"),
        ("MOORING_TOKEN", "any"),
    ];
    for (line, variables, code) in [
        ("", &[][..], 64),
        ("nosuch", &[], 64),
        ("check", &[], 64),
        ("demo --hosts many", &[], 64),
        (
            "profile enable com.mooring.builtin.filevault --data data",
            &[],
            2,
        ),
        ("status", &nobody, 3),
        ("sim --device-url http://127.0.0.1:1 --hosts 1", &[], 3),
        ("status", &wrong, 4),
        ("host show nobody --data data", &[], 5),
        ("profile rm com.harborworks.nosuch --data data", &[], 5),
        ("profile push bad.mobileconfig --data data", &[], 6),
        (
            "serve --data data --admin 127.0.0.1:0 --device 127.0.0.1:0",
            &[],
            1,
        ),
        ("serve --data other --device 0.0.0.0:0", &[], 1),
        ("serve --data other --device-auth signature", &[], 1),
        ("serve --data other --tls-cert c", &[], 64),
        (
            "serve --data other --public-url http://127.0.0.1:1 --scep-challenge-file none",
            &[],
            64,
        ),
        ("serve --data other --apns-url http://127.0.0.1:1", &[], 64),
        ("serve --data other --apns-ca bad.mobileconfig", &[], 64),
        ("status --data data --ca none", &[], 64),
        ("sim --hosts 1", &[], 64),
        ("sim --hosts 1 --data data", &[], 2),
        ("enroll --data data", &[], 2),
        ("enroll revoke nosuch --data data", &[], 5),
        ("pushcert show --data data", &[], 5),
        ("pushcert set none --data data", &[], 64),
        ("pushcert set bad.mobileconfig --data data", &[], 2),
        (
            "host accept nobody --fingerprint 0011223344556677 --data data",
            &[],
            5,
        ),
        ("--help", &[], 0),
        ("--version", &[], 0),
    ] {
        let ran = terminal.run_with(line, variables);
        assert_eq!(ran.code, code, "{line}: {ran:#?}");
        let said = if code == 0 { &ran.out } else { &ran.err };
        assert!(!said.trim().is_empty(), "{line}: {ran:#?}");
        assert!(!ran.err.contains("panicked"), "{line}: {ran:#?}");
    }
}
