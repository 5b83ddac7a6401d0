//! `openssl` and a shell enroll against a real server: proof that what goes over the wire is what
//! everybody else makes of the standards, and not what two programs of this repository agreed on.
//!
//! Invariant: where there is no openssl 3 or no sh, this says so aloud and proves nothing.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output};

use mooring_drift::status::ProfileStatus;
use mooring_server::clock::Clock;
use mooring_server::device::DeviceAuth;
use mooring_tests::Draft;

use crate::device_life::site::Site;
use crate::tidy::root;

const SERIAL: &str = "C0SHELL0XY";
const UDID: &str = "C0DE5E11-0000-4000-8000-0000000000AB";
const A: &str = "com.harborworks.a";
const WIFI: &str = "com.harborworks.network.wifi.pier";

fn is_there() -> bool {
    let version = Command::new("openssl").arg("version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let is_there = version.is_ok_and(|text| {
        let number = text.strip_prefix("OpenSSL ").unwrap_or_default();
        number
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            >= Some(3)
    });
    if !is_there {
        // Past the test runner, which shows nothing of a test that passes.
        let said = writeln!(
            io::stdout(),
            "\nSKIPPED: openssl 3 is not on this machine, so nothing was proven with it"
        );
        said.expect("somebody to tell");
    }
    is_there
}

fn enroll(site: &Site, options: &[&str], link: &str) -> Output {
    let script = root().join("tests/openssl/enroll.sh");
    let mut command = Command::new("sh");
    command.arg(script).args(options);
    command.arg(site.device.to_string()).arg(site.ca_file());
    command.args([link, SERIAL, UDID]);
    command.env(
        "TMPDIR",
        site.ca_file().parent().unwrap_or(Path::new("/tmp")),
    );
    command.output().expect("there is a sh")
}

#[track_caller]
fn assert_success(output: &Output) {
    let (said, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{failed}");
    assert_eq!(failed, "", "{said}");
}

#[track_caller]
fn assert_failure(output: &Output, reason: &str) {
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && failed.contains(reason),
        "{failed}"
    );
}

/// Two profiles, one with a secret: after a session without the farewell both are proven to be
/// installed; another session by another link is a fresh enrollment and ends with it.
fn lives(way: DeviceAuth, options: &[&str]) {
    let site = Site::start(way, true, &Clock::system());
    site.push(&Draft::new(A, "first").xml());
    site.accept(WIFI, "X003");
    site.push(include_str!("../data/secrets/wifi-pier.mobileconfig"));

    let stays: Vec<_> = options.iter().copied().chain(["--stay"]).collect();
    let link = site.link(SERIAL);
    assert_success(&enroll(&site, &stays, &link.url));
    assert_eq!(site.state_of(&link), "used");
    let host = site.host(UDID);
    assert_eq!(host.authenticated_by.as_deref(), Some(way.as_str()));
    assert_eq!(
        host.summary.attributes.serial_number.as_deref(),
        Some(SERIAL)
    );
    let shown = site.profiles(UDID);
    for identifier in [A, WIFI] {
        let found = shown
            .profiles
            .iter()
            .find(|one| one.identifier.as_str() == identifier);
        let status = found.map(|one| &one.status);
        assert_eq!(status, Some(&ProfileStatus::Applied), "{identifier}");
    }
    assert_eq!(site.summary().counts.applied, 1);

    // A link is good once; a challenge that is none is refused in a reply that openssl verifies.
    assert_failure(&enroll(&site, options, &link.url), "got 404");
    assert_failure(&enroll(&site, options, "no-such-challenge"), "failInfo 2");

    let second = site.link(SERIAL);
    assert_success(&enroll(&site, options, &second.url));
    assert_ne!(site.host(UDID).identities, host.identities);
    let summary = site.summary();
    assert_eq!((summary.hosts, summary.checked_out), (0, 1));
}

/// openssl alone enrolls by SCEP, signs its messages and speaks a session.
#[test]
fn signing_its_messages() {
    if is_there() {
        lives(DeviceAuth::Signature, &[]);
    }
}

/// The same with a client certificate in the handshake.
#[test]
fn over_mutual_tls() {
    if is_there() {
        lives(DeviceAuth::Mtls, &["--mtls"]);
    }
}
