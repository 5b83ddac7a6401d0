//! `mooring schema` and the table that it makes: a newer one changes what `check` says, without a
//! new binary.
//!
//! Knows the binary only. Invariant: no test reads or writes a table outside of its own folder.

use std::path::Path;

use mooring_tests::Terminal;
use serde_json::{Value, json};

/// A checkout with the shape of Apple's, and manifests, that belong to the tests of `host/schema`.
fn sample(name: &str) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/schema/tests/data");
    data.join(name).display().to_string()
}

/// A profile with one payload of the sample's type.
const PROFILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>com.harborworks.plain</string>
<key>PayloadUUID</key><string>5B3A6C04-6B0D-4B8B-8C5C-0C6C5D3F1A01</string>
<key>PayloadContent</key><array><dict>
<key>PayloadType</key><string>com.example.plain</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>com.harborworks.plain.one</string>
<key>PayloadUUID</key><string>A7F1C9D2-3E4B-4A6D-9B8F-2D1E0C3B4A05</string>
<key>Mode</key><string>Slow</string>
</dict></array>
</dict></plist>
"#;

/// The rules of this plugin that a check of the profile names.
fn judged(terminal: &Terminal, rest: &str, config: &str) -> Vec<String> {
    let line = format!("check a.mobileconfig --json {rest}");
    let ran = terminal.run_with(&line, &[("XDG_CONFIG_HOME", config)]);
    let findings = ran.json()["files"][0]["findings"].clone();
    let own = findings.as_array().unwrap().iter();
    own.filter(|one| one["source"] == "apple-schema")
        .map(|one| one["rule"].as_str().unwrap().to_owned())
        .collect()
}

/// A table is made of a checkout and put where `check` finds it; types that the built-in table
/// lacks are judged from then on, and a named table goes before it.
#[test]
fn a_newer_table_is_used() {
    let terminal = Terminal::new();
    terminal.write("a.mobileconfig", PROFILE);
    let config = terminal.path("config").display().to_string();
    assert_eq!(judged(&terminal, "", &config), Vec::<String>::new());
    let line = format!("schema update {} --json", sample("checkout"));
    let ran = terminal.run_with(&line, &[("XDG_CONFIG_HOME", &config)]);
    let made = ran.expect(0).json();
    assert_eq!(made["types"], 2);
    assert_eq!(made["remarks"].as_array().unwrap().len(), 1);
    let added = json!(["com.example.plain", "com.example.several"]);
    assert_eq!(made["changes"]["types_added"], added);
    assert!(terminal.path("config/mooring/schema.table").exists());
    assert_eq!(judged(&terminal, "", &config), ["A009", "A003"]);
    terminal.write("other.table", "mooring-schema 1\nindex 0 0\n");
    let named = judged(&terminal, "--schema other.table", &config);
    assert_eq!(named, Vec::<String>::new());
}

/// A damaged file is named and left out, the table is made of the others, and the command fails, so
/// that scripts see the hole; where nothing is left, the table stays.
#[test]
fn damaged_files_are_told() {
    let terminal = Terminal::new();
    let plain = std::fs::read_to_string(format!(
        "{}/mdm/profiles/com.example.plain.yaml",
        sample("checkout")
    ));
    terminal.write("d/good.yaml", &plain.unwrap());
    terminal.write("d/bad.yaml", "payload: [\n");
    let ran = terminal.run("schema update d --out t").expect(1);
    assert!(ran.err.contains("SKIPPED: d/bad.yaml:2:"), "{}", ran.err);
    assert!(ran.out.contains("bytes, 1 file skipped)"), "{}", ran.out);
    let made = terminal.run("schema update d --out t --json").expect(1);
    let made = made.json();
    assert_eq!(made["skipped"].as_array().unwrap().len(), 1);
    assert_eq!(made["types"], 1);
    std::fs::remove_file(terminal.path("d/good.yaml")).unwrap();
    let nothing = terminal.run("schema update d --out t").expect(1);
    assert!(nothing.err.contains("bad.yaml:2:"), "{}", nothing.err);
    assert!(terminal.path("t").exists());
}

/// Updating again changes nothing; manifests add the domains of other makers to the same table.
#[test]
fn changes_are_told() {
    let terminal = Terminal::new();
    let line = format!("schema update {} --out t", sample("checkout"));
    assert!(terminal.run(&line).expect(0).out.contains("types new:"));
    let again = terminal.run(&line).expect(0).out;
    assert!(again.starts_with("nothing changed"), "{again}");
    let manifests = format!("{line} --profile-manifests {} --json", sample("manifests"));
    let made = terminal.run(&manifests).expect(0).json();
    assert_eq!(made["changes"]["types_added"], json!(["com.example.app"]));
    let shown = terminal
        .run("schema show com.example.app --schema t --json")
        .expect(0)
        .json();
    let keys = shown["variants"][0]["keys"].as_array().unwrap();
    let names: Vec<_> = keys.iter().map(|key| &key["key"]).collect();
    assert_eq!(names[0], "Mode");
}

/// The table is listed and one type is shown, to people and to programs; an unknown type and a
/// folder that is no checkout are wrong usage and a failure, and leave the table as it was.
#[test]
fn showing() {
    let terminal = Terminal::new();
    let data = "--data .";
    let listed = terminal
        .run(&format!("schema show --json {data}"))
        .expect(0);
    let listed = listed.json();
    let types = listed["types"].as_array().unwrap();
    assert!(types.len() > 100);
    let dock = types.iter().find(|one| one["type"] == "com.apple.dock");
    assert_eq!(dock.unwrap()["systems"]["macOS"]["introduced"], "10.7");
    let shown = terminal.run(&format!("schema show com.apple.dock {data}"));
    let text = shown.expect(0).out;
    for part in [
        "com.apple.dock: macOS 10.7\n",
        "tilesize",
        "16..128",
        "bottom | left | right",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let described: Value = terminal
        .run(&format!(
            "schema show com.apple.homescreenlayout --json {data}"
        ))
        .expect(0)
        .json();
    assert_eq!(described["variants"].as_array().unwrap().len(), 1);
    terminal
        .run(&format!("schema show com.apple.dokc {data}"))
        .expect(64);
    terminal.write("schema.table", "nonsense");
    terminal.run(&format!("schema show {data}")).expect(1);
    terminal.run("schema update . --out schema.table").expect(1);
    let left = std::fs::read_to_string(terminal.path("schema.table")).unwrap();
    assert_eq!(left, "nonsense");
}
