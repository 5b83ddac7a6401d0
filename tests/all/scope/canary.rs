//! A secret goes to the device that it is for, and nowhere else, not even if the device repeats it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_mdm::ids::HostId;
use mooring_server::hosts::HostsQuery;
use mooring_server::scope::{DeclaredValue, ValueKind};
use mooring_sim::{Channel, ErrorChain};
use mooring_store::{KeyRange, MemoryStore, Space, Store};
use mooring_tests::host::{read_command, without_user};
use mooring_tests::{Host, TestClock, TestServer, judge};
use std::sync::Arc;

use super::mac::Mac;
use super::{A, declare, options, push, set_values, value_name, wish};

const OWN: &str = "canary-of-one-host";
const DEFAULT: &str = "canary-of-every-host";

/// Neither a host's secret nor a default is in any document, error or `Debug` of the server, while
/// both reach the devices.
#[test]
fn secrets_are_not_shown() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let server = TestServer::with_options(
        Arc::clone(&store) as Arc<dyn Store>,
        judge(),
        &TestClock::new(),
        mooring_server::core::CoreOptions::default(),
    );
    declare(&server, "wifi", ValueKind::Secret, Some(DEFAULT));
    push(&server, A, "{{secret.wifi}}");
    let mut macs: Vec<_> = (0..2).map(Mac::new).collect();
    for mac in &mut macs {
        mac.contact(&server);
    }
    set_values(&server, &macs[0].id(), &[("wifi", OWN)]);
    for mac in &mut macs {
        mac.settle(&server);
    }
    for (mac, secret) in macs.iter().zip([OWN, DEFAULT]) {
        assert!(
            mac.bodies.iter().any(|body| body.contains(secret)),
            "{secret}"
        );
    }
    let mut seen = shown(&server, &macs);
    for mac in &macs {
        let record = store.host(&HostId::parse(&mac.id()).unwrap()).unwrap();
        seen.push(format!("{record:?}"));
    }
    seen.push(format!("{:?}", server.shelf()));
    seen.push(format!("{:?}", wish(&[("wifi", OWN)], &[])));
    let twice = format!("{OWN}\n");
    let unfit = server.set_host_values(&macs[0].id(), &wish(&[("wifi", &twice)], &[]), &options());
    seen.push(format!("{:?}", unfit.unwrap_err()));
    let declared = DeclaredValue {
        kind: ValueKind::Attribute,
        default: Some(DEFAULT.to_owned()),
    };
    let other = server.declare_value(&value_name("wifi"), &declared, &options());
    seen.push(format!("{:?} {declared:?}", other.unwrap_err()));
    for text in seen {
        for canary in [OWN, DEFAULT] {
            assert!(!text.contains(canary), "{text}");
        }
    }
}

/// What some devices say in their error: the end of it is cut in any description that is kept.
fn quoting(secret: &str) -> ErrorChain {
    let words = format!("cannot use \"{secret}\"");
    ErrorChain::installation(A, "MCProfileErrorDomain", 1009, &words)
}

/// A device that quotes a secret in its error, even a longer one than is kept, or one that was
/// replaced or taken away since, leaves it in no record, document or event; nor does the same
/// report once more. Domain and code are still there, and the words of others.
#[test]
fn quoted_secrets_are_not_kept() {
    let long = format!("canary-long-{}", "x".repeat(3000));
    for (secret, rotated) in [(OWN, false), (OWN, true), (&long, false), (&long, true)] {
        let store = Arc::new(MemoryStore::new().unwrap());
        let options = mooring_server::core::CoreOptions {
            keeps_events: true,
            ..mooring_server::core::CoreOptions::default()
        };
        let shared = Arc::clone(&store) as Arc<dyn Store>;
        let server = TestServer::with_options(shared, judge(), &TestClock::new(), options);
        declare(&server, "wifi", ValueKind::Secret, Some(DEFAULT));
        push(&server, A, "{{secret.wifi}}");
        let mut faults = without_user();
        faults.failing.insert(A.to_owned(), quoting(secret));
        let mut mac = Mac::of(Host::with_faults(0, faults));
        mac.contact(&server);
        set_values(&server, &mac.id(), &[("wifi", secret)]);
        let (host, mut reports) = (mac.id(), Vec::new());
        for _ in 0..3 {
            mac.host.contact_through(&server, |_, request, reply| {
                let is_install = !reply.body.is_empty()
                    && read_command(Channel::Device, &reply.body).what
                        == format!("InstallProfile {A}");
                if is_install && rotated {
                    // Another value, and a latest version without a place for one.
                    set_values(&server, &host, &[("wifi", "canary-of-later")]);
                    push(&server, A, "no secret");
                }
                reports.push(request.body.clone());
                reply
            });
        }
        let quotes = |report: &&Vec<u8>| String::from_utf8_lossy(report).contains(&secret[..12]);
        let quoted: Vec<_> = reports.iter().filter(quotes).cloned().collect();
        assert!(!quoted.is_empty(), "the device never said it");
        for report in &quoted {
            server.answer_device(&mooring_server::device::DeviceRequest::from_anyone(report));
        }
        let mut seen = shown(&server, std::slice::from_ref(&mac));
        let record = store
            .host(&HostId::parse(&mac.id()).unwrap())
            .unwrap()
            .unwrap();
        seen.push(format!("{:?}", record.enrollments));
        seen.push(format!(
            "{:?}",
            store.commands(&record.enrollments[0].id, 100).unwrap()
        ));
        let told = events(&*store);
        assert!(
            told.iter()
                .any(|event| event.contains("raw_payload_omitted"))
        );
        seen.extend(told);
        assert!(seen.iter().any(|text| text.contains("1009")), "the code");
        assert!(
            seen.iter()
                .any(|text| text.contains("(not kept: the profile"))
        );
        for text in seen {
            assert!(!text.contains(&secret[..12]), "{text}");
        }
    }
}

/// Every event that waits, with its payload as it is.
fn events(store: &dyn Store) -> Vec<String> {
    let page = store.documents(Space::Outbox, KeyRange::default(), 1000);
    let texts = page.unwrap().into_iter().flat_map(|event| {
        let text = String::from_utf8(event.value).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let payload = ["acknowledge_event", "checkin_event"]
            .iter()
            .find_map(|said| json[said]["raw_payload"].as_str())
            .map(|payload| String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap());
        [Some(text), payload]
    });
    texts.flatten().collect()
}

/// Everything that administrators are shown of hosts, profiles and values.
fn shown(server: &TestServer, macs: &[Mac]) -> Vec<String> {
    let json = |document: serde_json::Result<String>| document.unwrap();
    let query = HostsQuery {
        limit: 10,
        ..HostsQuery::default()
    };
    let mut seen = vec![
        json(serde_json::to_string(&server.host_listing(&query).unwrap())),
        json(serde_json::to_string(&server.values().unwrap())),
        json(serde_json::to_string(&server.labels().unwrap())),
        json(serde_json::to_string(&server.summary().unwrap())),
        json(serde_json::to_string(&server.profile_listing(true))),
    ];
    for host in macs.iter().map(Mac::id) {
        let id = mooring_tests::server::id(A);
        seen.push(json(serde_json::to_string(
            &server.host_detail(&host).unwrap(),
        )));
        seen.push(json(serde_json::to_string(
            &server.host_profiles(&host).unwrap(),
        )));
        seen.push(json(serde_json::to_string(
            &server.host_values(&host).unwrap(),
        )));
        seen.push(json(serde_json::to_string(
            &server.why(&host, &id).unwrap(),
        )));
    }
    seen
}
