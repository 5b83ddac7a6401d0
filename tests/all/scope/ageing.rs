//! What a device told grows old; what its system has come to know is installed once more.

use mooring_drift::status::{ProfileStatus, Remark};
use mooring_server::device::DeviceRequest;
use mooring_tests::clock::HOUR_MS;
use mooring_tests::{Draft, TestServer};

use super::mac::Mac;
use super::{A, assign, by_rule, push};

/// A host of which nothing was heard for two intervals is neither in nor out: its profile stays,
/// and it comes back when the device speaks again.
#[test]
fn attributes_age() {
    let server = TestServer::new();
    push(&server, A, "1");
    by_rule(&server, "new", r#"host.os_version >= "14""#);
    assign(&server, A, r#"{"include_all":["new"]}"#);
    let mut mac = Mac::new(0);
    mac.settle(&server);
    server.assert_applied(1);
    server.clock.advance(47 * HOUR_MS);
    let status = server.status_of(&mac.id(), A);
    assert_eq!(status, ProfileStatus::Applied);
    server.clock.advance(2 * HOUR_MS);
    let shown = server.profile_of(&mac.id(), A).unwrap();
    assert_eq!(shown.status, ProfileStatus::Unknown);
    assert_eq!(shown.remark, Some(Remark::MembershipUnknown));
    let work = mac.settle(&server);
    assert_eq!(
        work,
        ["ProfileList", "DeviceInformation"],
        "and nothing is removed"
    );
    server.assert_applied(1);
}

/// A restriction with a key that macOS 15 brought is installed once more when the host's system is
/// one that knows the key, and not again after that.
#[test]
fn a_newer_system() {
    let server = TestServer::new();
    // `allowGenmoji` came with macOS 15.0: see host/mdm/data/introduced.tsv.
    let mut draft = Draft::new(A, "1");
    draft.payload_type = "com.apple.applicationaccess".to_owned();
    let xml = draft.xml().replace(
        "<key>Greeting</key><string>1</string>",
        "<key>allowGenmoji</key><false/>",
    );
    assert!(xml.contains("allowGenmoji"));
    server.push_taken(xml);
    let mut mac = Mac::new(0);
    mac.runs("14.4", "23E214");
    mac.settle(&server);
    server.assert_applied(1);
    for (system, build, installs) in [
        ("14.5", "23F79", 0),
        ("15.1", "24B83", 1),
        ("15.2", "24C101", 0),
    ] {
        mac.runs(system, build);
        server.refresh_host(&mac.id()).unwrap();
        let mut work = mac.settle(&server);
        work.extend(mac.settle(&server));
        let count = work
            .iter()
            .filter(|work| work.starts_with("InstallProfile"))
            .count();
        assert_eq!(count, installs, "{system}: {work:?}");
        server.assert_applied(1);
    }
}

/// A device that authenticates and tells its serial number alone keeps what was known of it, but not
/// what was too old by then; what a migration brings is of unknown age.
#[test]
fn old_facts_do_not_become_fresh() {
    let authenticate = |udid: &str, system: &str| {
        format!(
            "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>MessageType</key>\
             <string>Authenticate</string><key>UDID</key><string>{udid}</string>{system}</dict></plist>"
        )
        .into_bytes()
    };
    for (hours, is_kept) in [(47, true), (49, false)] {
        let server = TestServer::new();
        let mut mac = Mac::new(0);
        mac.settle(&server);
        server.clock.advance(hours * HOUR_MS);
        let body = authenticate(&mac.id(), "");
        server.answer_device(&DeviceRequest::from_anyone(&body));
        let shown = server.host_detail(&mac.id()).unwrap().summary.attributes;
        assert_eq!(shown.os_version.is_some(), is_kept, "after {hours} hours");
        assert!(shown.serial_number.is_some() && shown.model.is_some());
    }
    let server = TestServer::new();
    let system = "<key>OSVersion</key><string>15.1</string>";
    server.migrate(&authenticate("D", system)).unwrap();
    let shown = server.host_detail("D").unwrap();
    let system = shown.summary.attributes.os_version;
    assert_eq!(
        (system.as_deref(), shown.attributes_at),
        (Some("15.1"), None)
    );
}
