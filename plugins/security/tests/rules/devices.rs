//! Cases of X070 to X086.

use mooring_sdk::Grade;
use serde_json::{Value, json};

use crate::{Case, case, context, judged, preferences, profile_of, profile_with};

const SYSTEM_EXTENSIONS: &str = "com.apple.system-extension-policy";
const FILEVAULT: &str = "com.apple.MCX.FileVault2";

fn one(kind: &str, key: &str, value: Value) -> Value {
    let mut payload = json!({"PayloadType": kind});
    payload[key] = value;
    payload
}

fn rule(rule: &Value) -> Value {
    one("com.apple.servicemanagement", "Rules", json!([rule]))
}

fn scep(content: Value) -> Value {
    let mut payload = one("com.apple.security.scep", "PayloadContent", content);
    payload["PayloadContent"]["Name"] = json!("ca");
    payload
}

const PASSCODE: &str = "com.apple.mobiledevice.passwordpolicy";
const REMOVAL: &str = "com.apple.profileRemovalPassword";

pub(crate) const POLICIES: &[Case] = &[
    // X071
    case(
        || one(REMOVAL, "RemovalPassword", json!("s3cr3t")),
        &["X071 error"],
    ),
    case(
        || one(REMOVAL, "RemovalPassword", json!("s3cr3t of eight or more")),
        &["X071 error"],
    ),
    case(
        || one(REMOVAL, "RemovalPassword", json!("{{secret.removal}}")),
        &[],
    ),
    // X072
    case(|| one(PASSCODE, "minLength", json!(4)), &["X072 warning"]),
    case(|| one(PASSCODE, "minLength", json!(6)), &[]),
    case(
        || one(PASSCODE, "maxFailedAttempts", json!(0)),
        &["X072 warning"],
    ),
    case(|| one(PASSCODE, "pinHistory", json!(0)), &["X072 warning"]),
    case(
        || one(PASSCODE, "forcePIN", json!(false)),
        &["X072 warning"],
    ),
    // X073
    case(|| one(FILEVAULT, "Enable", json!("On")), &["X073 warning"]),
    case(
        || json!({"PayloadType": FILEVAULT, "Enable": "On", "ShowRecoveryKey": false}),
        &["X073 error"],
    ),
    case(
        || json!({"PayloadType": FILEVAULT, "Enable": "On", "UseKeychain": true}),
        &[],
    ),
    case(|| one(FILEVAULT, "Enable", json!("Off")), &[]),
    // X074
    case(
        || {
            one(
                "com.apple.systempolicy.control",
                "EnableAssessment",
                json!(false),
            )
        },
        &["X074 error"],
    ),
    case(
        || {
            one(
                "com.apple.systempolicy.control",
                "EnableAssessment",
                json!(true),
            )
        },
        &[],
    ),
    case(
        || preferences("org.company.alf", "Forced", "globalstate", json!(0)),
        &[],
    ),
    case(
        || preferences("com.apple.alf", "Forced", "globalstate", json!(0)),
        &["X074 error"],
    ),
    case(
        || {
            one(
                "com.apple.systempolicy.rule",
                "Requirement",
                json!("always"),
            )
        },
        &["X074 error"],
    ),
];

const KEXT: &str = "com.apple.syspolicy.kernel-extension-policy";

pub(crate) const CODE: &[Case] = &[
    // X075
    case(
        || one(KEXT, "AllowedTeamIdentifiers", json!(["ABCDE12345"])),
        &["X075 warning"],
    ),
    case(
        || {
            one(
                KEXT,
                "AllowedKernelExtensions",
                json!({"ABCDE12345": ["org.company.kext"]}),
            )
        },
        &[],
    ),
    // X076
    case(
        || one(SYSTEM_EXTENSIONS, "AllowUserOverrides", json!(true)),
        &["X076 warning"],
    ),
    case(
        || one(SYSTEM_EXTENSIONS, "AllowUserOverrides", json!(false)),
        &[],
    ),
    case(
        || {
            one(
                SYSTEM_EXTENSIONS,
                "AllowedSystemExtensions",
                json!({"ABCDE12345": ["*"]}),
            )
        },
        &["X076 warning"],
    ),
    // X077
    case(
        || rule(&json!({"RuleType": "LabelPrefix", "RuleValue": "org.company."})),
        &["X077 warning"],
    ),
    case(
        || {
            rule(
                &json!({"RuleType": "LabelPrefix", "RuleValue": "org.company.",
                    "TeamIdentifier": "ABCDE12345"}),
            )
        },
        &[],
    ),
    case(
        || rule(&json!({"RuleType": "Label", "RuleValue": "agent"})),
        &["X077 warning"],
    ),
    case(
        || rule(&json!({"RuleType": "Label", "RuleValue": "org.company.agent"})),
        &[],
    ),
    case(
        || rule(&json!({"RuleType": "TeamIdentifier", "RuleValue": "ABCDE12345"})),
        &[],
    ),
];

pub(crate) const LOGIN: &[Case] = &[
    // X078
    case(
        || one("com.apple.loginwindow", "AutologinUsername", json!("kiosk")),
        &["X078 error"],
    ),
    case(
        || one("com.apple.MCX", "EnableGuestAccount", json!(true)),
        &["X078 error"],
    ),
    case(
        || one("com.apple.MCX", "EnableGuestAccount", json!(false)),
        &[],
    ),
    // X079
    case(
        || {
            preferences(
                "com.apple.RemoteManagement",
                "Forced",
                "ARD_AllLocalUsers",
                json!(1),
            )
        },
        &["X079 warning"],
    ),
    case(
        || {
            one(
                "org.company.app",
                "Script",
                json!("systemsetup -f -setremotelogin on"),
            )
        },
        &["X079 warning"],
    ),
    case(
        || {
            one(
                "org.company.app",
                "Script",
                json!("systemsetup -getremotelogin"),
            )
        },
        &[],
    ),
    // X080
    case(
        || one("com.apple.extensiblesso", "Hosts", json!(["*.company.com"])),
        &["X080 warning"],
    ),
    case(
        || {
            one(
                "com.apple.extensiblesso",
                "URLs",
                json!(["http://company.com/"]),
            )
        },
        &["X080 warning"],
    ),
    case(
        || one("com.apple.extensiblesso", "Hosts", json!([".company.com"])),
        &[],
    ),
    // X081
    case(
        || {
            one(
                "com.apple.webClip.managed",
                "URL",
                json!("javascript:alert(1)"),
            )
        },
        &["X081 error"],
    ),
    case(
        || {
            one(
                "com.apple.webClip.managed",
                "URL",
                json!("http://company.com/"),
            )
        },
        &[],
    ),
    // X082
    case(
        || preferences("org.company.app", "Set-Once", "Colour", json!("red")),
        &["X082 warning"],
    ),
    case(
        || preferences("org.company.app", "Forced", "Colour", json!("red")),
        &[],
    ),
    // X083
    case(
        || preferences("com.apple.dock", "Forced", "autohide", json!(true)),
        &["X083 warning"],
    ),
    case(
        || preferences("com.apple.Safari", "Forced", "HomePage", json!("")),
        &[],
    ),
    // X084
    case(
        || json!({"PayloadType": "com.apple.mcxloginscripts"}),
        &["X084 warning"],
    ),
    case(
        || one("com.apple.loginwindow", "LoginHook", json!("/x.sh")),
        &["X084 warning"],
    ),
    case(
        || one("com.apple.loginwindow", "SHOWFULLNAME", json!(true)),
        &[],
    ),
];

const ACME: &str = "com.apple.security.acme";

pub(crate) const IDENTITIES: &[Case] = &[
    // X085
    case(
        || scep(json!({"Keysize": 2048, "URL": "https://company.com/"})),
        &[],
    ),
    case(
        || scep(json!({"Keysize": 2048, "URL": "http://company.com/"})),
        &["X085 warning"],
    ),
    case(|| scep(json!({"Keysize": 1024})), &["X085 warning"]),
    case(|| scep(json!({})), &["X085 warning"]),
    case(
        || scep(json!({"Keysize": 2048, "Key Usage": 0})),
        &["X085 warning"],
    ),
    case(
        || scep(json!({"Keysize": 2048, "KeyIsExtractable": true})),
        &["X085 warning"],
    ),
    case(
        || scep(json!({"Keysize": 2048, "Challenge": "s3cr3t"})),
        &["X003 error"],
    ),
    case(
        || json!({"PayloadType": ACME, "KeyType": "ECSECPrimeRandom", "KeySize": 384}),
        &[],
    ),
    case(
        || json!({"PayloadType": ACME, "KeyType": "RSA", "KeySize": 1024}),
        &["X085 warning"],
    ),
    // X086
    case(
        || json!({"PayloadType": ACME, "Attest": true, "HardwareBound": false}),
        &["X086 error"],
    ),
    case(|| json!({"PayloadType": ACME, "HardwareBound": false}), &[]),
];

/// X070 is a remark under MDM, a warning by hand, and silent where a removal password is.
#[test]
fn removal() {
    let mut profile = profile_with(json!({"PayloadType": "org.company.app"}));
    profile["PayloadRemovalDisallowed"] = json!(true);
    assert_eq!(judged(&profile, &context()), ["X070 info"]);
    let mut by_hand = context();
    by_hand
        .extra
        .push(("enrollment".to_owned(), "local".to_owned()));
    assert_eq!(judged(&profile, &by_hand), ["X070 warning"]);
    let password = json!({"PayloadType": "com.apple.profileRemovalPassword",
        "RemovalPassword": "{{secret.removal}}"});
    let mut profile = profile_with(password);
    profile["PayloadRemovalDisallowed"] = json!(true);
    assert_eq!(judged(&profile, &by_hand), [""; 0]);
}

/// X071 tells a password that is used elsewhere.
#[test]
fn reused_password() {
    let removal = || {
        one(
            "com.apple.profileRemovalPassword",
            "RemovalPassword",
            json!("s3cr3tXYZ"),
        )
    };
    let message = |payloads| {
        let found = crate::findings(&profile_of(payloads), &context());
        let mut found = found.into_iter().filter(|finding| finding.rule == "X071");
        found.next().unwrap().message
    };
    assert!(message(vec![removal()]).ends_with("is in the clear"));
    let other = one("com.apple.wifi.managed", "Password", json!("s3cr3tXYZ"));
    assert!(message(vec![removal(), other]).contains("elsewhere"));
}

/// X073 is silent where the profile keeps the key, and an error in `apple-strict` where it does not.
#[test]
fn escrow() {
    let on = || one(FILEVAULT, "Enable", json!("On"));
    let keep = json!({"PayloadType": "com.apple.security.FDERecoveryKeyEscrow"});
    assert_eq!(judged(&profile_of(vec![on(), keep]), &context()), [""; 0]);
    let mut strict = context();
    strict.grade = Grade::AppleStrict;
    assert_eq!(judged(&profile_with(on()), &strict), ["X073 error"]);
}
