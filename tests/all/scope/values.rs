//! Values that differ from host to host, filled into profiles.

use std::collections::BTreeSet;

use mooring_drift::status::{PendingReason, ProfileStatus, Remark};
use mooring_server::api::PushOutcome;
use mooring_server::scope::{DeclaredValue, ScopeError, ValueKind};
use mooring_sim::Channel;
use mooring_tests::{Draft, TestServer};

use super::mac::Mac;
use super::{A, declare, done, options, push, set_values, value_name, wish};

const B: &str = "com.harborworks.b";

/// Each host gets its own serial number, name and site in the same profile, under a uuid of its
/// own, and all of them are applied.
#[test]
fn filled_for_each_host() {
    let server = TestServer::new();
    declare(&server, "site", ValueKind::Attribute, Some("nowhere"));
    let (_, uuid) = server.push_taken(
        Draft::new(
            A,
            "{{host.serial}} {{host.id}} {{host.model}} {{ attribute.site }}",
        )
        .xml(),
    );
    let mut macs: Vec<_> = (0..3).map(Mac::new).collect();
    macs[1].contact(&server);
    set_values(&server, &macs[1].id(), &[("site", "R&D <1>")]);
    let mut uuids = BTreeSet::from([uuid]);
    for (index, mac) in macs.iter_mut().enumerate() {
        mac.settle(&server);
        let site = if index == 1 {
            "R&amp;D &lt;1&gt;"
        } else {
            "nowhere"
        };
        let model = mac.host.device.identity().model;
        let expected = format!(
            "<string>{} {} {model} {site}</string>",
            mac.serial(),
            mac.id()
        );
        let body = mac.bodies.last().unwrap();
        assert!(body.contains(&expected), "{expected}\n{body}");
        assert!(uuids.insert(mac.host.holds(Channel::Device)[A].clone()));
        assert!(mac.settle(&server).is_empty(), "then silence");
    }
    server.assert_applied(3);
}

/// A value that one host lacks keeps the profile from that host alone, names itself there, and
/// nothing is removed because of it.
#[test]
fn missing_values() {
    let server = TestServer::new();
    declare(&server, "site", ValueKind::Attribute, None);
    declare(&server, "wifi", ValueKind::Secret, None);
    push(&server, B, "1");
    push(&server, A, "{{attribute.site}} {{secret.wifi}}");
    let mut macs: Vec<_> = (0..2).map(Mac::new).collect();
    for mac in &mut macs {
        mac.contact(&server);
    }
    set_values(
        &server,
        &macs[0].id(),
        &[("site", "oslo"), ("wifi", "open sesame")],
    );
    set_values(&server, &macs[1].id(), &[("wifi", "open sesame")]);
    for mac in &mut macs {
        mac.settle(&server);
    }
    assert_eq!(macs[0].identifiers(), [A, B]);
    assert_eq!(macs[1].identifiers(), [B]);
    let shown = server.profile_of(&macs[1].id(), A).unwrap();
    let reason = PendingReason::Blocked;
    assert_eq!(shown.status, ProfileStatus::Pending { reason });
    let names = vec!["attribute.site".to_owned()];
    assert_eq!(shown.remark, Some(Remark::ValuesMissing { names }));
    assert_eq!(
        shown.note.as_deref(),
        Some("this host has no value for attribute.site")
    );
    // What is there stays when a value goes away.
    let unset = server.set_host_values(&macs[0].id(), &wish(&[], &["site"]), &options());
    done(unset.unwrap());
    assert!(macs[0].settle(&server).is_empty());
    assert_eq!(macs[0].identifiers(), [A, B]);
    set_values(&server, &macs[1].id(), &[("site", "bergen")]);
    assert_eq!(
        macs[1].settle(&server),
        ["InstallProfile com.harborworks.a", "ProfileList"]
    );
}

/// Another value of a secret resends the profiles with a place for it, to that host, and no others.
#[test]
fn rotating_a_secret() {
    let server = TestServer::new();
    declare(&server, "wifi", ValueKind::Secret, Some("first"));
    push(&server, A, "{{secret.wifi}}");
    push(&server, B, "{{host.serial}}");
    let mut macs: Vec<_> = (0..2).map(Mac::new).collect();
    for mac in &mut macs {
        mac.settle(&server);
    }
    server.assert_applied(2);
    let work = ["InstallProfile com.harborworks.a", "ProfileList"];
    set_values(&server, &macs[0].id(), &[("wifi", "second")]);
    assert_eq!(macs[0].settle(&server), work);
    assert!(
        macs[0]
            .bodies
            .last()
            .unwrap()
            .contains("<string>second</string>")
    );
    assert!(macs[1].settle(&server).is_empty());
    set_values(&server, &macs[0].id(), &[("wifi", "second")]);
    assert!(
        macs[0].settle(&server).is_empty(),
        "the same value is no change"
    );
    // The default is for those without a value of their own.
    declare(&server, "wifi", ValueKind::Secret, Some("third"));
    assert!(macs[0].settle(&server).is_empty());
    assert_eq!(macs[1].settle(&server), work);
    // Back to what it was: back to the uuid that it had.
    server.assert_applied(2);
}

/// A profile that names what nobody declared, or declared as something else, is refused.
#[test]
fn undeclared_places() {
    let server = TestServer::new();
    declare(&server, "wifi", ValueKind::Secret, None);
    for (value, rule) in [
        ("{{attribute.site}}", "V002"),
        ("{{attribute.wifi}}", "V002"),
        ("{{host.colour}}", "V001"),
    ] {
        let result = server.push_one(Draft::new(A, value).xml());
        assert_eq!(result.outcome, PushOutcome::Refused, "{value}");
        assert_eq!(result.findings[0].rule, rule, "{value}");
    }
    // Devices list what stands in names, and show it to everybody.
    let named = Draft::new(A, "fine").xml().replacen(
        "<key>PayloadDisplayName</key>",
        "<key>PayloadDescription</key><string>{{secret.wifi}}</string><key>PayloadDisplayName</key>",
        1,
    );
    let result = server.push_one(named);
    assert_eq!(result.findings[0].rule, "V003", "{result:?}");
}

/// A declaration stays what it is while something uses it; hosts have declared values only, within
/// the bounds of a profile.
#[test]
fn declarations() {
    let server = TestServer::new();
    declare(&server, "wifi", ValueKind::Secret, None);
    push(&server, A, "{{secret.wifi}}");
    let mut mac = Mac::new(0);
    mac.settle(&server);
    let (wifi, host) = (value_name("wifi"), mac.id());
    let attribute = DeclaredValue {
        kind: ValueKind::Attribute,
        default: None,
    };
    let error = server
        .declare_value(&wifi, &attribute, &options())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("wifi is declared as a secret"),
        "{error}"
    );
    let error = server.withdraw_value(&wifi, &options()).unwrap_err();
    assert!(error.to_string().contains(A), "{error}");
    let set = |values: &[(&str, &str)]| {
        server
            .set_host_values(&host, &wish(values, &[]), &options())
            .unwrap_err()
    };
    assert_eq!(
        set(&[("a", "1"), ("b", "1"), ("wifi", "1")]).to_string(),
        "no value is declared as a, b; declare it first (`value set NAME --attribute` or --secret)"
    );
    let long = "x".repeat(4097);
    for bad in ["two\nlines", "\u{7}", long.as_str()] {
        let error = set(&[("wifi", bad)]);
        assert!(matches!(&error, ScopeError::Unfit { .. }), "{error}");
    }
    server.remove(A);
    done(server.withdraw_value(&wifi, &options()).unwrap());
    declare(&server, "wifi", ValueKind::Attribute, None);
    let values = server.host_values(&host).unwrap();
    assert!(!values.values[0].is_set);
}

/// No host has more values than fit into its record.
#[test]
fn too_many_values() {
    let server = TestServer::new();
    let mut mac = Mac::new(0);
    mac.contact(&server);
    let names: Vec<_> = (0..65).map(|number| format!("v{number}")).collect();
    for name in &names {
        declare(&server, name, ValueKind::Attribute, None);
    }
    let values: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let set = server.set_host_values(&mac.id(), &wish(&values, &[]), &options());
    assert!(matches!(set, Err(ScopeError::Bounds(_))));
    set_values(&server, &mac.id(), &values[..64]);
}
