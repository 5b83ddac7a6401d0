//! Checkouts become tables, and tables text and back.
//!
//! The checkouts in `tests/data` are our own and hold what Apple's files and manifests have. The
//! test of Apple's own data reads `../shared/corpus` beside the repository; where that is absent it
//! says that it is skipped.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use mooring_schema::{
    BUILT_IN, Facet, Kind, Origin, Platform, Schema, TableError, add_manifests, changes, head,
    in_use, load, parse, read_apple, render, write,
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn sample() -> Schema {
    read_apple(&data("checkout")).unwrap().schema
}

/// Facts of every sort come over, prose and keys of the future do not, and what is not understood
/// is named with its line.
#[test]
fn facts_only() {
    let read = read_apple(&data("checkout")).unwrap();
    let (schema, remarks) = (read.schema, read.remarks);
    assert!(read.skipped.is_empty());
    let plain = &schema.types["com.example.plain"][0];
    assert_eq!(plain.name, "");
    let mac = &plain.supports[&Platform::Macos];
    assert_eq!(mac[&Facet::Removed], "14.0");
    assert_eq!(mac[&Facet::UserChannel], "false");
    assert_eq!(mac[&Facet::UserEnrollment], "forbidden");
    let keys = &plain.groups[0];
    assert_eq!(keys[0].choices, ["Fast", "a|b"]);
    assert!(keys[0].is_required && keys[0].default.as_deref() == Some("Fast"));
    assert_eq!(keys[1].range, Some(("1".to_owned(), "9".to_owned())));
    assert_eq!(keys[2].kind, Kind::Any);
    assert_eq!(remarks.len(), 1);
    assert!(
        remarks[0].contains("com.example.plain.yaml:39: "),
        "{remarks:?}"
    );
    let text = render(&schema, "head");
    assert!(!text.contains("rose"), "{text}");
}

/// A list that holds itself is one group that leads back to itself.
#[test]
fn recursion() {
    let schema = sample();
    let plain = &schema.types["com.example.plain"][0];
    let tree = plain.groups[0]
        .iter()
        .find(|key| key.name == "Tree")
        .unwrap();
    let branch = &plain.groups[tree.group.unwrap()][0];
    let inner = &plain.groups[branch.group.unwrap()];
    assert_eq!(inner[1].name, "Branches");
    assert_eq!(inner[1].group, tree.group);
    let paths: Vec<_> = plain.paths().into_iter().map(|(path, _)| path).collect();
    assert!(
        paths.contains(&"Tree.Branch.Branches".to_owned()),
        "{paths:?}"
    );
}

/// Several files of one type are its variants, named by what stands in parentheses.
#[test]
fn variants() {
    let schema = sample();
    let names: Vec<_> = schema.types["com.example.several"]
        .iter()
        .map(|variant| variant.name.as_str())
        .collect();
    assert_eq!(names, ["One", "Two"]);
}

/// What is written is read back the same, and texts that are damaged are refused with their line.
#[test]
fn there_and_back() {
    let mut schema = sample();
    schema.sources = vec!["a source | with\tmarks \\ of all sorts".to_owned()];
    add_manifests(&mut schema, &data("manifests")).unwrap();
    let text = render(&schema, "two\nlines");
    assert_eq!(parse(&text).unwrap(), schema);
    let damaged = [
        text.replace("mooring-schema 1", "mooring-schema 2"),
        text.replace("index 3", "index 4"),
        text.replace("com.example.app\t0", "com.example.app\t1"),
        text.replace("s!Mode", "q!Mode"),
        text.replace("\t>1", "\t>99"),
        text.replace("\n=One", "\n=One\tnonsense"),
        text[..text.len() - 5].to_owned(),
        format!("{text}s?More\n"),
    ];
    for text in damaged {
        let error = parse(&text).unwrap_err();
        assert!(matches!(error, TableError::Table { .. }), "{text}");
    }
}

/// Manifests add domains of other makers; keys of every payload, and of the editor, are left out,
/// a type that is there stays, and files that are no manifests are passed over or named.
#[test]
fn manifests() {
    let mut schema = sample();
    let remarks = add_manifests(&mut schema, &data("manifests")).unwrap();
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].contains("broken.plist"), "{remarks:?}");
    let app = &schema.types["com.example.app"][0];
    assert_eq!(app.origin, Origin::Manifest);
    assert_eq!(app.supports[&Platform::Macos][&Facet::Multiple], "false");
    let names: Vec<_> = app.groups[0].iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["Mode", "Server", "Ratio", "Sites"]);
    assert_eq!(app.groups[0][0].choices, ["0", "1"]);
    assert!(app.groups[0][1].is_required);
    assert_eq!(app.groups[0][2].kind, Kind::Real);
    assert_eq!(
        app.groups[0][2].range,
        Some(("0.5".to_owned(), String::new()))
    );
    let sites = &app.groups[app.groups[0][3].group.unwrap()];
    assert_eq!(app.groups[sites[0].group.unwrap()][0].name, "ANY");
    let nothing = add_manifests(&mut schema, &data("checkout")).unwrap_err();
    assert!(matches!(nothing, TableError::NoManifests { .. }));
}

/// A folder without Apple's files, and a file that is not one of them, are named.
#[test]
fn wrong_checkouts() {
    let missing = read_apple(&data("manifests")).unwrap_err();
    assert!(matches!(missing, TableError::NoCheckout { .. }));
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("mdm/profiles");
    fs::create_dir_all(&profiles).unwrap();
    for (text, wanted) in [
        (
            "payload:\n  payloadtype: a\npayloadkeys:\n- key: K\n",
            "f.yaml:4: `type`",
        ),
        ("payload:\n  other: a\n", "f.yaml:2: `payloadtype`"),
        (
            "payload:\n  payloadtype: a\npayloadkeys: b\n",
            "f.yaml:3: a list",
        ),
        ("payload: [\n", "f.yaml:"),
    ] {
        fs::write(profiles.join("f.yaml"), text).unwrap();
        let error = read_apple(folder.path()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

/// A damaged file is left out and named with its line, and the others are read.
#[test]
fn damaged_files_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("mdm/profiles");
    fs::create_dir_all(&profiles).unwrap();
    let good = "payload:\n  payloadtype: a\npayloadkeys:\n- key: K\n  type: <string>\n";
    for (name, text) in [
        ("a.yaml", "payload: [\n"),
        ("b.yaml", good),
        ("c.yaml", "payload:\n  payloadtype: c\npayloadkeys: d\n"),
    ] {
        fs::write(profiles.join(name), text).unwrap();
    }
    fs::write(profiles.join("d.yaml"), b"\xff").unwrap();
    let read = read_apple(folder.path()).unwrap();
    assert_eq!(read.schema.types.keys().collect::<Vec<_>>(), ["a"]);
    let skipped: Vec<_> = read.skipped.iter().map(ToString::to_string).collect();
    assert_eq!(skipped.len(), 3);
    for (error, wanted) in skipped.iter().zip(["a.yaml:2:", "c.yaml:3:", "d.yaml"]) {
        assert!(error.contains(wanted), "{error}");
    }
}

/// The folder of the files may be given in place of the checkout; the licence is that of the
/// checkout.
#[test]
fn parts_of_checkouts() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("mdm/profiles");
    fs::create_dir_all(&profiles).unwrap();
    let from = data("checkout/mdm/profiles");
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, profiles.join(path.file_name().unwrap())).unwrap();
    }
    fs::write(folder.path().join("LICENSE.txt"), "Take it.").unwrap();
    for part in [folder.path(), &folder.path().join("mdm"), &profiles] {
        assert_eq!(read_apple(part).unwrap().schema, sample(), "{part:?}");
        assert!(head([part]).ends_with("Take it.\n"), "{part:?}");
    }
}

/// Types and keys that come, go and change are told apart.
#[test]
fn what_changed() {
    let old = sample();
    let mut new = old.clone();
    let several = new.types.remove("com.example.several").unwrap();
    new.types.insert("com.example.new".to_owned(), several);
    let plain = &mut new.types.get_mut("com.example.plain").unwrap()[0];
    plain.groups[0][0].is_required = false;
    plain.groups[0][1].name = "Number".to_owned();
    let found = changes(&old, &new);
    let at = |key: &str| vec![("com.example.plain".to_owned(), key.to_owned())];
    assert_eq!(found.types_added, ["com.example.new"]);
    assert_eq!(found.types_removed, ["com.example.several"]);
    assert_eq!(found.keys_added, at("Number"));
    assert_eq!(found.keys_removed, at("Count"));
    assert_eq!(found.keys_changed, at("Mode"));
    assert!(changes(&old, &old).is_empty());
}

/// A table is written whole, found in a data folder, and refused where it is none.
#[test]
fn places() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(in_use(None, Some(&data)).unwrap().is_none());
    let file = data.join(mooring_schema::FILE_NAME);
    let text = render(&sample(), "");
    write(&file, &text).unwrap();
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
    assert_eq!(
        in_use(None, Some(&data)).unwrap().as_deref(),
        Some(text.as_str())
    );
    assert_eq!(
        in_use(Some(&file), None).unwrap().as_deref(),
        Some(text.as_str())
    );
    assert!(in_use(Some(&data.join("other")), None).is_err());
    fs::write(&file, "nonsense").unwrap();
    let error = load(&file).unwrap_err();
    assert!(matches!(error, TableError::TableFile { .. }), "{error}");
}

/// The table of this program is sound, and is what the tool makes of Apple's data.
#[test]
fn built_in() {
    let built_in = parse(BUILT_IN).unwrap();
    assert!(built_in.types.len() > 100);
    assert!(
        BUILT_IN.contains("Apple Inc."),
        "the licence goes with the facts"
    );
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/corpus/apple-device-management");
    if !beside.is_dir() {
        let missing = beside.display();
        let line =
            format!("SKIPPED: no copy of Apple's data at {missing}, the table was not compared");
        let _ = writeln!(std::io::stderr(), "{line}");
        return;
    }
    let read = read_apple(&beside).unwrap();
    assert_eq!(read.remarks, Vec::<String>::new());
    assert!(read.skipped.is_empty());
    let mut schema = read.schema;
    schema.sources.clone_from(&built_in.sources);
    let text = render(&schema, &head([beside.as_path()]));
    assert!(
        text == BUILT_IN,
        "make it anew: mooring schema update DIR --out plugins/apple-schema/schema.table"
    );
}
