//! Cases of T017, T018 and T020 to T025.

use serde_json::json;

use crate::{Case, add, case, graded, payload, remove, run};

const REMOVAL_PASSWORD: &str = "com.apple.profileRemovalPassword";

pub(crate) const CASES: &[Case] = &[
    // T017: it is the first day of 2026.
    case(
        |p| p["RemovalDate"] = json!({"$date": "2025-12-31T23:59:59Z"}),
        &["T017 error"],
    ),
    case(
        |p| p["RemovalDate"] = json!({"$date": "2026-01-01T00:00:00Z"}),
        &["T017 warning"],
    ),
    case(
        |p| p["PayloadExpirationDate"] = json!({"$date": "2026-01-31T00:00:00Z"}),
        &["T017 warning"],
    ),
    case(
        |p| p["PayloadExpirationDate"] = json!({"$date": "2026-02-01T00:00:00Z"}),
        &[],
    ),
    // T018
    case(|p| p["DurationUntilRemoval"] = json!(0), &["T018 error"]),
    case(|p| p["DurationUntilRemoval"] = json!(-0.5), &["T018 error"]),
    case(|p| p["DurationUntilRemoval"] = json!(0.5), &[]),
    // T020
    case(
        |p| p["ConsentText"] = json!({"default": "Agree."}),
        &["T020 warning"],
    ),
    case(
        |p| p["ConsentText"] = json!({"en": "Agree."}),
        &["T020 warning"],
    ),
    // T021
    case(
        |p| {
            remove(p, "PayloadContent");
            p["IsEncrypted"] = json!(true);
            p["EncryptedPayloadContent"] = json!({"$data": "3080"});
        },
        &[],
    ),
    case(
        |p| p["EncryptedPayloadContent"] = json!({"$data": "3080"}),
        &["T021 error"],
    ),
    case(|p| p["IsEncrypted"] = json!(true), &["T021 error"]),
    case(
        |p| {
            remove(p, "PayloadContent");
            p["IsEncrypted"] = json!(true);
        },
        &["T021 error"],
    ),
    case(|p| p["IsEncrypted"] = json!(false), &[]),
    // T022
    case(|p| p["HasRemovalPasscode"] = json!(true), &["T022 warning"]),
    case(
        |p| add(p, payload(REMOVAL_PASSWORD, "removal")),
        &["T022 warning"],
    ),
    case(
        |p| {
            p["HasRemovalPasscode"] = json!(true);
            add(p, payload(REMOVAL_PASSWORD, "removal"));
        },
        &[],
    ),
    // T023
    case(
        |p| p["PayloadOrganization"] = json!("YOUR COMPANY HERE"),
        &["T023 warning"],
    ),
    case(
        |p| p["PayloadContent"][0]["list"] = json!(["REPLACE_ME"]),
        &["T023 warning"],
    ),
    case(
        |p| p["PayloadUUID"] = json!("00000000-0000-0000-0000-000000000000"),
        &["T023 warning"],
    ),
    case(
        |p| p["PayloadIdentifier"] = json!("com.example.wifi"),
        &["L006 info", "T023 warning"],
    ),
    case(|p| p["PayloadOrganization"] = json!("Your company"), &[]),
    case(
        |p| p["PayloadContent"][0]["url"] = json!("https://www.example.com"),
        &[],
    ),
    // T024
    case(
        |p| p["PayloadContent"][0]["name"] = json!("{{host.serial}} {{attribute.a}} {{secret.b}}"),
        &[],
    ),
    case(
        |p| p["PayloadContent"][0]["name"] = json!("{{host.colour}}"),
        &["T024 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["name"] = json!("{{enrollment.id}}"),
        &["T024 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["name"] = json!("$FLEET_VAR_HOST_UUID"),
        &["T024 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["name"] = json!("mac-$SERIALNUMBER"),
        &["T024 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["name"] = json!("{{SERIALNUMBER}}"),
        &["T024 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["name"] = json!("mac-{{host.serial"),
        &["T024 error"],
    ),
    graded(
        |p| p["PayloadContent"][0]["name"] = json!("$USERNAME"),
        &["T024 warning"],
        &["T024 error"],
    ),
    graded(
        |p| p["PayloadContent"][0]["name"] = json!("{{email}}"),
        &["T024 warning"],
        &["T024 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["name"] = json!("%ComputerName% %SerialNumber% {{ count }}"),
        &[],
    ),
    // T025
    case(
        |p| p["PayloadContent"][0]["PayloadIdentifier"] = json!("org.mooring.test.{{host.serial}}"),
        &["T025 warning"],
    ),
    // The bytes spell $USERNAME.
    case(
        |p| p["PayloadContent"][0]["blob"] = json!({"$data": "24555345524e414d45"}),
        &["T025 warning"],
    ),
    case(
        |p| p["PayloadContent"][0]["blob"] = json!({"$data": "ff24555345524e414d45"}),
        &[],
    ),
];

/// The rules about values find what they name, and nothing else.
#[test]
fn value_cases() {
    run(CASES);
}

/// Without a date from the host, no profile is over.
#[test]
fn no_date_no_finding() {
    let mut profile = crate::sound();
    profile["RemovalDate"] = json!({"$date": "1999-01-01T00:00:00Z"});
    assert!(crate::findings(&profile, &mooring_sdk::Context::default()).is_empty());
}

/// By hand `ConsentText` is shown, so that it only needs a default.
#[test]
fn consent_by_hand() {
    let mut context = crate::context(mooring_sdk::Grade::default());
    context
        .extra
        .push(("enrollment".to_owned(), "local".to_owned()));
    let mut profile = crate::sound();
    profile["ConsentText"] = json!({"default": "Agree."});
    assert!(crate::findings(&profile, &context).is_empty());
    profile["ConsentText"] = json!({"en": "Agree."});
    assert_eq!(crate::judged(&profile, &context), ["T020 warning"]);
}
