//! Cases of T001 to T016 and T019.

use serde_json::json;

use crate::{Case, add, case, graded, payload, remove, run};

pub(crate) const CASES: &[Case] = &[
    // T001
    case(|p| remove(p, "PayloadType"), &["T001 error"]),
    case(
        |p| p["PayloadType"] = json!("configuration"),
        &["T001 error"],
    ),
    case(|p| p["PayloadType"] = json!(1), &["T001 error"]),
    // T002
    case(|p| remove(p, "PayloadVersion"), &["T002 error"]),
    case(|p| p["PayloadVersion"] = json!(2), &["T002 error"]),
    case(|p| p["PayloadVersion"] = json!("1"), &["T002 error"]),
    case(|p| p["PayloadVersion"] = json!(1.0), &["T002 error"]),
    // T003: in a lenient check the host has filled it in, but the rule does not rely on that.
    case(|p| remove(p, "PayloadIdentifier"), &["T003 error"]),
    case(|p| p["PayloadIdentifier"] = json!(""), &["T003 error"]),
    case(|p| p["PayloadIdentifier"] = json!(true), &["T003 error"]),
    // T004
    case(|p| remove(p, "PayloadUUID"), &["T004 error"]),
    case(|p| p["PayloadUUID"] = json!(""), &["T004 error"]),
    // T005
    graded(
        |p| p["PayloadUUID"] = json!("81927370-ef798a72-978d-4ffc-81a3-88ba36f52585"),
        &["T005 warning"],
        &["T005 error"],
    ),
    graded(
        |p| p["PayloadContent"][0]["PayloadUUID"] = json!("206DA067-8CBG-43C5-A3CB-10A683F98104"),
        &["T005 warning"],
        &["T005 error"],
    ),
    graded(
        |p| p["PayloadUUID"] = json!("{81927370-ef79-8a72-978d-88ba36f52585}"),
        &["T005 warning"],
        &["T005 error"],
    ),
    case(
        |p| p["PayloadUUID"] = json!("81927370-ef79-8a72-978d-88ba36f52585"),
        &[],
    ),
    // T006
    case(|p| remove(p, "PayloadContent"), &["T006 error"]),
    case(
        |p| p["PayloadContent"] = json!({"PayloadType": "com.apple.dock"}),
        &["T006 error"],
    ),
    // T007
    case(|p| p["PayloadContent"] = json!([]), &["T007 error"]),
    // T008
    case(|p| add(p, json!("com.apple.dock")), &["T008 error"]),
    case(|p| add(p, json!(["a"])), &["T008 error"]),
    case(|p| add(p, payload("com.apple.finder", "finder")), &[]),
    // T009
    case(|p| p["PayloadScope"] = json!("system"), &["T009 error"]),
    case(|p| p["PayloadScope"] = json!("Users"), &["T009 error"]),
    case(|p| p["PayloadScope"] = json!(1), &["T009 error"]),
    case(|p| p["PayloadScope"] = json!("User"), &[]),
    // T010
    case(|p| remove(p, "PayloadScope"), &["T010 warning"]),
    // T011, which stands for the rules about the absent key
    case(
        |p| {
            remove(p, "PayloadType");
            remove(p, "PayloadScope");
            remove(p, "PayloadContent");
            p["payloadtype"] = json!("Configuration");
            p["payloadScope"] = json!("System");
            p["payloadcontent"] = json!([]);
        },
        &["T011 error"],
    ),
    case(
        |p| {
            remove(&mut p["PayloadContent"][0], "PayloadUUID");
            p["PayloadContent"][0]["PayloadUuid"] = json!("A7F1C9D2-3E4B-4A6D-9B8F-2D1E0C3B4AFF");
        },
        &["T011 error"],
    ),
    // A payload's own keys are not the concern of T011.
    case(|p| p["PayloadContent"][0]["payloadscope"] = json!("x"), &[]),
    // T012
    case(|p| p["SoftwareUpdate"] = json!({}), &["T012 warning"]),
    case(|p| p["PayloadRemovalDisallowed"] = json!(true), &[]),
    // T013
    case(|p| p["PayloadEnabled"] = json!(true), &["T013 info"]),
    case(
        |p| p["PayloadContent"][0]["PayloadEnabled"] = json!(true),
        &[],
    ),
    // T014: another identifier also has other payload identifiers under it.
    case(
        |p| p["PayloadIdentifier"] = json!("65062E5E-6D68-454A-BDE8-F2FE3606BD84"),
        &["L006 info", "T014 warning"],
    ),
    case(
        |p| p["PayloadIdentifier"] = json!("org.Block AirDrop"),
        &["L006 info", "T014 warning"],
    ),
    case(
        |p| p["PayloadIdentifier"] = json!(format!("org.{}", "a".repeat(252))),
        &["L006 info", "T014 warning"],
    ),
    case(
        |p| p["PayloadIdentifier"] = json!(format!("org.{}", "a".repeat(251))),
        &["L006 info"],
    ),
    // T015
    case(|p| remove(p, "PayloadDisplayName"), &["T015 warning"]),
    case(|p| p["PayloadDisplayName"] = json!(""), &["T015 warning"]),
    // T016
    case(|p| remove(p, "PayloadOrganization"), &["T016 info"]),
    case(|p| remove(p, "PayloadDescription"), &["T016 info"]),
    // T019: the host of the cases is a Mac.
    case(|p| p["TargetDeviceType"] = json!(7), &["T019 error"]),
    case(|p| p["TargetDeviceType"] = json!(-1), &["T019 error"]),
    case(|p| p["TargetDeviceType"] = json!("5"), &["T019 error"]),
    case(|p| p["TargetDeviceType"] = json!(1), &["T019 error"]),
    case(|p| p["TargetDeviceType"] = json!(0), &[]),
    case(|p| p["TargetDeviceType"] = json!(5), &[]),
];

/// The envelope's rules find what they name, and nothing else.
#[test]
fn envelope_cases() {
    run(CASES);
}

/// The hint of a scope in the wrong case is the right spelling.
#[test]
fn scope_hint() {
    let mut profile = crate::sound();
    profile["PayloadScope"] = json!("system");
    let findings = crate::findings(&profile, &crate::context(mooring_sdk::Grade::default()));
    assert_eq!(
        findings[0].hint.as_deref(),
        Some("write System, with a capital S")
    );
}

/// Without a host, any of Apple's device types is fine.
#[test]
fn target_without_host() {
    let mut profile = crate::sound();
    profile["TargetDeviceType"] = json!(6);
    assert!(crate::findings(&profile, &mooring_sdk::Context::default()).is_empty());
}
