//! Built-in profiles: off until they are enabled, and what FileVault demands.

use mooring_server::api::{ProfileOrigin, ProfileSwitch};
use mooring_server::profiles::ProfileError;
use mooring_sim::Channel;
use mooring_tests::server::id;
use mooring_tests::{Host, TestServer, fleet, settle, settle_one};
use serde_json::json;

const FIREWALL: &str = "com.mooring.builtin.firewall";
const FILEVAULT: &str = "com.mooring.builtin.filevault";
const ESCROW: &str = include_str!("../../data/certificates/escrow.pem");

/// Every built-in is listed and off at first, so a host gets none of them.
#[test]
fn all_off_at_first() {
    let server = TestServer::new();
    let profiles = server.profile_listing(false).profiles;
    let names: Vec<_> = profiles.iter().map(|p| p.identifier.to_string()).collect();
    let expected = [
        "filevault",
        "firewall",
        "gatekeeper",
        "passcode",
        "screenlock",
    ];
    assert_eq!(names, expected.map(|n| format!("com.mooring.builtin.{n}")));
    for profile in &profiles {
        assert_eq!(profile.state, ProfileSwitch::Disabled);
        assert_eq!(profile.version, None);
        assert!(matches!(profile.origin, ProfileOrigin::BuiltIn { .. }));
    }
    let mut host = Host::new(0);
    settle_one(&server, &mut host);
    assert!(host.identifiers().is_empty());
    server.assert_applied(1);
}

/// An enabled built-in is installed, other settings replace it, a disabled one is removed, and
/// enabled again it has its settings and uuid back.
#[test]
fn enable_configure_disable() {
    let server = TestServer::new();
    let mut hosts = fleet(3);
    server.enable(FIREWALL, true);
    settle(&server, &mut hosts);
    let uuid = |host: &Host| host.holds(Channel::Device).get(FIREWALL).cloned();
    let first = uuid(&hosts[0]).expect("installed");
    server.assert_applied(3);

    let strict = json!({"block_all_incoming": true});
    let switched = server.switch(&id(FIREWALL), true, Some(&strict));
    switched.unwrap();
    settle(&server, &mut hosts);
    let second = uuid(&hosts[0]).expect("installed");
    assert_ne!(first, second);

    server.enable(FIREWALL, false);
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| uuid(host).is_none()));
    server.assert_applied(3);

    server.enable(FIREWALL, true);
    settle(&server, &mut hosts);
    assert!(
        hosts
            .iter()
            .all(|host| uuid(host).as_ref() == Some(&second))
    );
    assert!(hosts.iter().all(|host| host.count("InstallProfile") == 3));
    let detail = server.profile_detail(&id(FIREWALL)).unwrap();
    assert_eq!(detail.settings, Some(strict));
    assert_eq!(detail.versions.len(), 2);
}

/// Settings that are wrong are refused with findings, and change nothing.
#[test]
fn wrong_settings() {
    let server = TestServer::new();
    server.enable(FIREWALL, true);
    let before = server.profile_detail(&id(FIREWALL)).unwrap();
    for settings in [
        json!({"no_such": 1}),
        json!({"stealth_mode": "yes"}),
        json!(3),
    ] {
        let refused = server.switch(&id(FIREWALL), true, Some(&settings));
        let Err(ProfileError::Settings { findings, .. }) = refused else {
            panic!("{settings}: {refused:?}");
        };
        assert!(!findings.is_empty());
        assert_eq!(server.profile_detail(&id(FIREWALL)).unwrap(), before);
    }
}

/// FileVault is refused without an escrow certificate, with the reason, and works with one.
#[test]
fn filevault_needs_a_certificate() {
    let server = TestServer::new();
    let enable = |settings| server.switch(&id(FILEVAULT), true, Some(&settings));
    for settings in [json!({}), json!({"escrow_certificate": "no certificate"})] {
        let Err(ProfileError::Settings { findings, .. }) = enable(settings) else {
            panic!("FileVault without a certificate");
        };
        let told = findings.iter().any(|f| f.message.contains("certificate"));
        assert!(told, "{findings:?}");
    }
    let refused = server.switch(&id(FILEVAULT), true, None);
    assert!(matches!(refused, Err(ProfileError::Settings { .. })));
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    assert!(host.identifiers().is_empty());

    enable(json!({"escrow_certificate": ESCROW})).unwrap();
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [FILEVAULT]);
    let detail = server.version_detail(&id(FILEVAULT), 1).unwrap();
    let escrow = "com.apple.security.FDERecoveryKeyEscrow".to_owned();
    assert!(detail.payload_types.contains(&escrow));
    server.assert_applied(1);
}

/// A built-in is neither deleted nor overwritten.
#[test]
fn not_deleted() {
    let server = TestServer::new();
    server.enable(FIREWALL, true);
    for name in [FIREWALL, FILEVAULT] {
        let refused = server.delete(&id(name));
        assert!(matches!(refused, Err(ProfileError::IsBuiltIn(_))));
    }
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [FIREWALL]);
}
