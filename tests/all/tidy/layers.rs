//! Who may depend on whom: the shape of the workspace as a table.
//!
//! Knows nothing of source files. Invariants: a crate that is not in the table is a complaint, and
//! so is an edge that is not; every complaint names the edge and the rule.

use std::collections::BTreeSet;

use serde_json::Value;

/// One crate: its name, what of ours it may use, and what besides for its build and its own tests.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// `cli -> soak -> server -> {store, plugin, builtin} -> drift -> mdm`, `plugins/* -> sdk`. An
/// arrow reaches everything further down; nothing points up or sideways.
const EDGES: [Row; 24] = [
    ("mooring-mdm", &[], &[]),
    ("mooring-schema", &[], &[]),
    ("mooring-drift", &["mooring-mdm"], &[]),
    ("mooring-identity", &[], &[]),
    ("mooring-push", &[], &["mooring-sim"]),
    ("mooring-store", &["mooring-drift", "mooring-mdm"], &[]),
    (
        "mooring-plugin",
        &["mooring-drift", "mooring-mdm"],
        // A benchmark calls a plugin as a plugin and as plain code.
        &["mooring-guest-build", "mooring-sdk", "mooring-structure"],
    ),
    ("mooring-guest-build", &[], &[]),
    ("mooring-builtin", &[], &["mooring-guest-build"]),
    (
        "mooring-server",
        &[
            "mooring-schema",
            "mooring-store",
            "mooring-plugin",
            // What is installed passes the tests that its author ran, and is verified alike.
            "mooring-author",
            "mooring-builtin",
            "mooring-identity",
            "mooring-push",
            "mooring-drift",
            "mooring-mdm",
        ],
        &[],
    ),
    (
        "mooring-author",
        &["mooring-plugin", "mooring-builtin", "mooring-mdm"],
        &[],
    ),
    // A simulated device that shared the server's decoder would agree with its mistakes.
    ("mooring-sim", &[], &[]),
    (
        "mooring-soak",
        &[
            "mooring-server",
            "mooring-store",
            "mooring-drift",
            "mooring-mdm",
            "mooring-sim",
        ],
        &[],
    ),
    // It measures the server as a process, and lets one run beside it in a test only.
    (
        "mooring-bench",
        &["mooring-store", "mooring-drift", "mooring-mdm"],
        &["mooring-server"],
    ),
    (
        "mooring-cli",
        &[
            "mooring-schema",
            "mooring-author",
            "mooring-bench",
            "mooring-soak",
            "mooring-server",
            "mooring-sim",
            "mooring-store",
            "mooring-plugin",
            "mooring-builtin",
            "mooring-identity",
            "mooring-push",
            "mooring-drift",
            "mooring-mdm",
        ],
        &[],
    ),
    ("mooring-sdk", &[], &[]),
    ("mooring-structure", &["mooring-sdk"], &[]),
    ("mooring-apple-schema", &["mooring-sdk"], &[]),
    ("mooring-security", &["mooring-sdk"], &[]),
    ("mooring-profile-set", &["mooring-sdk"], &[]),
    ("mooring-baseline", &["mooring-sdk"], &["mooring-structure"]),
    (
        "mooring-enrollment",
        &["mooring-sdk"],
        &["mooring-structure"],
    ),
    ("mooring-hostile", &["mooring-sdk"], &[]),
    (
        "mooring-tests",
        &[
            "mooring-schema",
            "mooring-mdm",
            "mooring-drift",
            "mooring-store",
            "mooring-plugin",
            "mooring-author",
            "mooring-builtin",
            "mooring-identity",
            "mooring-push",
            "mooring-server",
            "mooring-sim",
            "mooring-soak",
            "mooring-cli",
            "mooring-sdk",
            "mooring-apple-schema",
            "mooring-structure",
            "mooring-baseline",
            "mooring-enrollment",
        ],
        &["mooring-guest-build"],
    ),
];

const EDGE: &[&str] = &[
    "mooring-server",
    "mooring-push",
    "mooring-sim",
    "mooring-bench",
    "mooring-cli",
    "mooring-tests",
];

/// Crates of others that few may use: which, who, and why.
const RESERVED: [(&[&str], &[&str], &str); 4] = [
    (
        &["wasmtime"],
        &["mooring-plugin"],
        "only plugin knows the wasm runtime",
    ),
    (
        &["redb"],
        &["mooring-store"],
        "only store knows the database",
    ),
    (
        &["tokio", "hyper", "hyper-util", "http-body-util"],
        EDGE,
        "async and the network stay at the edge",
    ),
    (
        &["anyhow", "clap", "indicatif"],
        &["mooring-cli"],
        "libraries have errors of their own and no terminal",
    ),
];

/// The crates that decide. They have no async, clock, randomness or I/O, and each crate that they
/// use was looked at for that.
const PURE: [&str; 2] = ["mooring-mdm", "mooring-drift"];
const PURE_MAY_USE: [&str; 12] = [
    "base64",
    "cms",
    "der",
    "hashbrown",
    "hmac",
    "roaring",
    "rustc-hash",
    "serde",
    "sha2",
    "thiserror",
    "unicode-normalization",
    "uuid",
];

/// One crate's dependency on another.
pub(super) struct Edge {
    to: String,
    /// Of the crate itself, and not only of its build or its tests.
    is_normal: bool,
}

/// One crate of the workspace.
pub(super) struct Crate {
    name: String,
    edges: Vec<Edge>,
}

/// Reads what `cargo metadata` says.
pub(super) fn read(metadata: &Value) -> Vec<Crate> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let edge = |dependency: &Value| Edge {
        to: name(dependency),
        is_normal: dependency["kind"].is_null(),
    };
    let packages = list(&metadata["packages"]);
    let crates = packages.iter().map(|package| Crate {
        name: name(package),
        edges: list(&package["dependencies"]).iter().map(edge).collect(),
    });
    crates.collect()
}

/// Everything that is against the table.
pub(super) fn complaints(crates: &[Crate]) -> Vec<String> {
    let ours: BTreeSet<&str> = crates.iter().map(|one| one.name.as_str()).collect();
    let mut complaints = Vec::new();
    for one in crates {
        let from = one.name.as_str();
        let Some((_, normal, besides)) = EDGES.iter().find(|(name, _, _)| *name == from) else {
            complaints.push(format!(
                "{from} is not in the table of crates: say there what it may depend on"
            ));
            continue;
        };
        for edge in &one.edges {
            let to = edge.to.as_str();
            let is_allowed = normal.contains(&to) || (!edge.is_normal && besides.contains(&to));
            if ours.contains(to) && !is_allowed {
                let may = normal.join(", ");
                complaints.push(format!(
                    "{from} -> {to} is against the direction of the crates; {from} may use: [{may}]"
                ));
            } else if !ours.contains(to) {
                complaints.extend(foreign(from, edge));
            }
        }
    }
    for (name, _, _) in EDGES.iter().filter(|(name, _, _)| !ours.contains(name)) {
        complaints.push(format!("{name} is in the table but not in the workspace"));
    }
    complaints
}

fn foreign(from: &str, edge: &Edge) -> Option<String> {
    let to = edge.to.as_str();
    if PURE.contains(&from) && edge.is_normal && !PURE_MAY_USE.contains(&to) {
        return Some(format!(
            "{from} -> {to}: {from} is pure (no async, clock, randomness or I/O) and uses nothing \
             that was not looked at for that"
        ));
    }
    let (_, who, why) = RESERVED.iter().find(|(what, _, _)| what.contains(&to))?;
    (!who.contains(&from)).then(|| format!("{from} -> {to}: {why} ({})", who.join(", ")))
}

/// Wrong edges of every sort are named with their rule; right ones are not.
#[test]
fn wrong_edges_are_found() {
    let check = |from: &str, to: &str, kind: &str, expected: &str| {
        let kind = match kind {
            "" => Value::Null,
            kind => Value::from(kind),
        };
        let dependency = serde_json::json!({ "name": to, "kind": kind });
        let mut crates: Vec<Crate> = Vec::new();
        for (name, _, _) in EDGES {
            let none: [Value; 0] = [];
            let all = [dependency.clone()];
            let dependencies = if name == from { &all[..] } else { &none[..] };
            let package = serde_json::json!({ "name": name, "dependencies": dependencies });
            crates.extend(read(&serde_json::json!({ "packages": [package] })));
        }
        let found = complaints(&crates).join("\n");
        assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
        assert!(found.contains(expected), "{found}");
    };
    check("mooring-server", "mooring-store", "", "");
    check("mooring-baseline", "mooring-structure", "dev", "");
    check(
        "mooring-baseline",
        "mooring-structure",
        "",
        "mooring-baseline -> mooring-structure",
    );
    check(
        "mooring-mdm",
        "mooring-drift",
        "",
        "mooring-mdm -> mooring-drift",
    );
    check(
        "mooring-sim",
        "mooring-mdm",
        "dev",
        "mooring-sim -> mooring-mdm",
    );
    check("mooring-server", "wasmtime", "", "only plugin");
    check("mooring-store", "tokio", "", "stay at the edge");
    check("mooring-drift", "getrandom", "", "is pure");
    check("mooring-drift", "proptest", "dev", "");
    check("mooring-server", "anyhow", "", "errors of their own");
    let stray = serde_json::json!({ "packages": [{ "name": "mooring-x", "dependencies": [] }] });
    assert!(complaints(&read(&stray))[0].contains("mooring-x is not in the table"));
}
