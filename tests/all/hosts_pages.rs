//! Pages of hosts by profile and status, as administrators get them over HTTP.
//!
//! Invariant: what is expected of a page is what the hosts say one by one.

use std::collections::{BTreeMap, BTreeSet};

use mooring_sim::{Device, DeviceOptions, ErrorChain, Faults, Reply};
use mooring_tests::{Draft, Running};
use serde_json::{Value, json};

const STATUSES: [&str; 4] = ["applied", "pending", "failed", "unknown"];
const WIFI: &str = "com.example.wifi";
const VPN: &str = "com.example.vpn";
const MAIL: &str = "com.example.mail";

/// Contacts after which a healthy device is at rest, and one that fails has failed.
const CONTACTS: usize = 4;

fn push(running: &Running, draft: &Draft) {
    let pushed = running.api("POST", "/api/v1/profiles", &[], draft.xml().as_bytes());
    assert_eq!(pushed.status, 200, "{}", pushed.text());
}

fn device(index: u32, faults: Faults) -> Device {
    Device::new(DeviceOptions {
        seed: 11,
        index,
        has_user: !faults.is_without_user,
        faults,
    })
}

fn contact(running: &Running, device: &mut Device) {
    device.contact(|_, request| {
        let answer = running.message(&request.body);
        Reply {
            status: answer.status,
            body: answer.body,
        }
    });
}

fn failing(identifier: &str) -> Faults {
    let chain = ErrorChain::new("MCInstallationErrorDomain", 4009, "no");
    Faults {
        failing: BTreeMap::from([(identifier.to_owned(), chain)]),
        ..Faults::default()
    }
}

/// A fleet with hosts in every status: healthy ones, some on which a profile fails, busy ones, some
/// without a user, one that checked out of which nothing counts, and one that only authenticated.
fn fleet(running: &Running) -> Vec<Device> {
    let busy = Faults {
        locked_contacts: u32::MAX,
        ..Faults::default()
    };
    let alone = Faults {
        is_without_user: true,
        ..Faults::default()
    };
    let mut devices = Vec::new();
    for (faults, number) in [
        (Faults::default(), 5),
        (failing(WIFI), 3),
        (failing(VPN), 2),
        (busy, 3),
        (alone, 2),
    ] {
        for _ in 0..number {
            let index = u32::try_from(devices.len()).unwrap();
            devices.push(device(index, faults.clone()));
        }
    }
    for device in &mut devices {
        for _ in 0..CONTACTS {
            contact(running, device);
        }
    }
    let authenticate = include_bytes!("../data/messages/authenticate.plist");
    assert_eq!(running.message(authenticate).status, 200);
    devices
}

/// Every page of a query, hosts as they were shown.
fn pages(running: &Running, query: &str, limit: usize) -> Vec<Value> {
    pages_behind(running, query, limit, None)
}

fn pages_behind(running: &Running, query: &str, limit: usize, first: Option<&str>) -> Vec<Value> {
    let mut hosts = Vec::new();
    let mut after = first.map_or_else(String::new, |id| format!("&after={id}"));
    loop {
        let path = format!("/api/v1/hosts?limit={limit}{query}{after}");
        let page = running.get(&path).json();
        let shown = page["hosts"].as_array().expect("hosts");
        assert!(shown.len() <= limit);
        hosts.extend(shown.iter().cloned());
        let Some(next) = page.get("next") else {
            return hosts;
        };
        assert_eq!(shown.len(), limit, "a page that is not the last is full");
        after = format!("&after={}", next.as_str().expect("an id"));
    }
}

fn ids(hosts: &[Value]) -> Vec<String> {
    let ids = hosts.iter().map(|host| host["id"].as_str().expect("an id"));
    ids.map(str::to_owned).collect()
}

/// The status of every host, and the worst of each of its profiles, asked host by host.
fn one_by_one(running: &Running) -> BTreeMap<String, (Option<String>, BTreeMap<String, String>)> {
    let all = ids(&pages(running, "", 1000));
    let told = all.into_iter().map(|id| {
        let host = running.get(&format!("/api/v1/hosts/{id}/profiles")).json();
        let mut worst: BTreeMap<String, String> = BTreeMap::new();
        for profile in host["profiles"].as_array().expect("profiles") {
            let text = |name: &str| profile[name].as_str().expect("a text").to_owned();
            let word = worst.entry(text("identifier")).or_insert(text("status"));
            if badness(&text("status")) > badness(word) {
                *word = text("status");
            }
        }
        (id, (host["status"].as_str().map(str::to_owned), worst))
    });
    told.collect()
}

/// The status of a host, and that of each profile on it.
type Told = (Option<String>, BTreeMap<String, String>);

fn badness(status: &str) -> usize {
    let words = ["applied", "unknown", "pending", "failed"];
    words
        .iter()
        .position(|word| *word == status)
        .expect("one of the words")
}

/// Compares every page of every profile and status with the hosts one by one, and with the counts.
fn check(running: &Running) {
    let hosts = one_by_one(running);
    let summary = running.get("/api/v1/status").json();
    let with = |is_meant: &dyn Fn(&Told) -> bool| {
        let meant = hosts.iter().filter(|(_, told)| is_meant(told));
        meant.map(|(id, _)| id.clone()).collect::<Vec<_>>()
    };
    for status in STATUSES {
        let expected = with(&|(own, _)| own.as_deref() == Some(status));
        let listed = pages(running, &format!("&status={status}"), 2);
        assert_eq!(ids(&listed), expected, "{status}");
        assert_eq!(summary[status], json!(expected.len()), "{status}");
        assert!(listed.iter().all(|host| host["status"] == json!(status)));
    }
    for profile in summary["profiles"].as_array().expect("profiles") {
        let name = profile["identifier"].as_str().expect("an identifier");
        let mut sum = BTreeSet::new();
        for status in STATUSES {
            let expected = with(&|(_, own)| own.get(name).is_some_and(|own| own == status));
            let listed = pages(running, &format!("&profile={name}&status={status}"), 2);
            assert_eq!(ids(&listed), expected, "{name} {status}");
            assert_eq!(profile[status], json!(expected.len()), "{name} {status}");
            assert!(listed.iter().all(|host| {
                let own = hosts[host["id"].as_str().unwrap()].0.as_deref();
                host["profile_status"] == json!(status) && host["status"].as_str() == own
            }));
            sum.extend(expected);
        }
        let all = pages(running, &format!("&profile={name}"), 3);
        assert_eq!(ids(&all), Vec::from_iter(sum), "{name}");
        for host in &all {
            let own = &hosts[host["id"].as_str().unwrap()].1[name];
            assert_eq!(host["profile_status"], json!(own));
        }
    }
}

/// Pages by status, by profile and by both have exactly the hosts that say so themselves, in order of
/// id, whatever the size of a page; and the counts are as many. So it is before and after a profile
/// is changed, disabled and for some hosts only.
#[test]
fn by_profile_and_status() {
    let running = Running::start();
    push(&running, &Draft::new(WIFI, "1"));
    push(&running, &Draft::new(VPN, "1"));
    let mail = Draft {
        scope: Some("User"),
        ..Draft::new(MAIL, "1")
    };
    push(&running, &mail);
    let mut devices = fleet(&running);
    check(&running);
    let number = |query: &str| pages(&running, query, 1000).len();
    let unknown = number(&format!("&profile={WIFI}&status=unknown"));
    assert_eq!(unknown, 1, "it only authenticated");
    assert_eq!(number(&format!("&profile={WIFI}&status=failed")), 3);
    assert_eq!(number(&format!("&profile={VPN}&status=failed")), 2);
    assert_eq!(number(&format!("&profile={WIFI}&status=pending")), 3);
    assert_eq!(number(""), 16);

    push(&running, &Draft::new(WIFI, "2"));
    check(&running);
    assert_eq!(number(&format!("&profile={WIFI}&status=pending")), 15);
    for device in devices.iter_mut().take(4) {
        contact(&running, device);
        contact(&running, device);
    }
    check(&running);
    let disabled = running.api(
        "PATCH",
        &format!("/api/v1/profiles/{VPN}"),
        &["Content-Type: application/json"],
        br#"{"enabled": false}"#,
    );
    assert_eq!(disabled.status, 200);
    check(&running);
    let canary = running.api(
        "PUT",
        &format!("/api/v1/profiles/{WIFI}/assignment"),
        &["Content-Type: application/json"],
        br#"{"percent": 50}"#,
    );
    assert_eq!(canary.status, 200);
    check(&running);
}

/// A page goes on behind an id whatever became of that host; an id behind all others gives an empty
/// page, and a profile that nobody has gives none.
#[test]
fn cursors() {
    let running = Running::start();
    push(&running, &Draft::new(WIFI, "1"));
    let mut devices: Vec<Device> = (0..5).map(|n| device(n, Faults::default())).collect();
    for device in &mut devices {
        contact(&running, device);
    }
    let query = format!("&profile={WIFI}");
    for query in ["", query.as_str(), "&status=applied"] {
        let path = |rest: &str| format!("/api/v1/hosts?limit=2{query}{rest}");
        let first = running.get(&path("")).json();
        let last = first["next"].as_str().expect("there are more").to_owned();
        let rest = pages_behind(&running, query, 2, Some(&last));
        assert!(ids(&rest).iter().all(|id| *id > last), "{rest:?}");
        let behind = running.get(&path("&after=zzzz")).json();
        assert_eq!(behind, json!({"hosts": []}));
    }
    let all = ids(&pages(&running, "", 1000));
    let gone = &all[2];
    let removed = running.api("DELETE", &format!("/api/v1/hosts/{gone}"), &[], b"");
    assert_eq!(removed.status, 204);
    for query in ["", query.as_str(), "&status=applied"] {
        let rest = pages_behind(&running, query, 1, Some(gone));
        assert_eq!(ids(&rest), all[3..], "{query}");
    }
    assert!(pages(&running, "&profile=com.example.nobody", 10).is_empty());
}

/// Wrong parameters are refused by name.
#[test]
fn refused() {
    let running = Running::start();
    let wrong_profile = format!("profile={}", "a".repeat(2000));
    for (query, name) in [
        ("status=fine", "status"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=", "after"),
        (wrong_profile.as_str(), "profile"),
    ] {
        let answer = running.get(&format!("/api/v1/hosts?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(
            answer.json()["errors"][0]["pointer"],
            json!(name),
            "{query}"
        );
    }
}

/// A failed profile is tried once more on every host on which it failed, and on no other.
#[test]
fn failed_ones_are_sent_again() {
    let running = Running::start();
    push(&running, &Draft::new(WIFI, "1"));
    push(&running, &Draft::new(VPN, "1"));
    fleet(&running);
    let resent = running.api("POST", &format!("/api/v1/profiles/{WIFI}/resend"), &[], b"");
    assert_eq!(resent.status, 202, "{}", resent.text());
    assert_eq!(resent.json()["hosts"], json!(3));
    check(&running);
    for (profile, is_at_once) in [(WIFI, true), (VPN, false)] {
        let failed = pages(&running, &format!("&profile={profile}&status=failed"), 10);
        for id in ids(&failed) {
            let host = running.get(&format!("/api/v1/hosts/{id}/profiles")).json();
            let mut shown = host["profiles"].as_array().expect("profiles").iter();
            let own = shown.find(|own| own["identifier"] == json!(profile));
            let next = &own.expect("the profile")["next_attempt"];
            assert_eq!(*next == json!("now"), is_at_once, "{profile}: {next}");
        }
    }
}
