//! Changes of administrators, and jumps of the clock, between any two messages of a device.

use std::collections::BTreeMap;

use mooring_server::api::ProfileSwitch;
use mooring_tests::TestServer;
use mooring_tests::clock::HOUR_MS;

use super::puppet::{Order, Puppet, list_answer};
use super::{A, B, C, Dice, push, server_with};

/// Ten years.
const JUMP_MS: u64 = 10 * 365 * 24 * HOUR_MS;

/// A host's first contact, a calm one, an edit, and the contact that brings it. Before each message
/// `meanwhile` may do something. Gives the device.
fn play(server: &TestServer, mut meanwhile: impl FnMut(usize, &Puppet)) -> Puppet {
    let mut host = Puppet::enrolled(1, server);
    let mut message = 0;
    for stage in 0..3 {
        if stage == 2 {
            push(server, B, "second");
        }
        meanwhile(message, &host);
        message += 1;
        let mut next = host.idle(server);
        while let Some(order) = next {
            host.carry_out(&order);
            meanwhile(message, &host);
            message += 1;
            next = host.acknowledge(server, &order);
        }
    }
    host
}

/// A clock that jumps by ten years, either way, before any message: lists come due, and nothing is
/// installed or removed that would not have been (case F10).
#[test]
fn f10_jumping_clocks() {
    let calm = server_with(&[A, B]);
    let calm = play(&calm, |_, _| {});
    for seed in 0..60 {
        let server = server_with(&[A, B]);
        let mut dice = Dice::new(seed);
        let mut years = 0_i32;
        let mut host = play(&server, |message, _| {
            // A device that is asked for a list at every message would never be done.
            if message > 40 || !dice.percent(40) {
                return;
            }
            if dice.percent(50) && years > -30 {
                server.clock.set_back(JUMP_MS);
                years -= 10;
            } else {
                server.clock.advance(JUMP_MS);
                years += 10;
            }
        });
        host.settle(&server);
        server.assert_applied(1);
        for request_type in ["InstallProfile", "RemoveProfile"] {
            let (jumping, calm) = (host.uuids(request_type), calm.uuids(request_type));
            assert_eq!(jumping.len(), calm.len(), "seed {seed}, {request_type}");
        }
        assert!(host.settle(&server).is_empty(), "seed {seed}");
    }
}

/// What an administrator does at one moment.
type Change = fn(&TestServer);

const CHANGES: [(&str, Change); 8] = [
    ("edit", |server| drop(push(server, A, "edited"))),
    ("delete", |server| server.remove(A)),
    ("add", |server| drop(push(server, C, "first"))),
    ("add and delete", |server| {
        push(server, C, "first");
        server.remove(C);
    }),
    ("delete and add again", |server| {
        server.remove(A);
        push(server, A, "first");
    }),
    ("delete and add other content", |server| {
        server.remove(A);
        push(server, A, "edited");
    }),
    ("edit and back", |server| {
        push(server, A, "edited");
        push(server, A, "first");
    }),
    ("everything off", |server| {
        server.enable(A, false);
        server.enable(B, false);
    }),
];

/// What is wanted, by identifier and uuid.
fn wanted(server: &TestServer) -> BTreeMap<String, String> {
    let listing = server.profile_listing(false).profiles;
    let wanted = listing.iter().filter(|p| p.state == ProfileSwitch::Enabled);
    let named = wanted.filter_map(|p| {
        let uuid = p.payload_uuid.as_ref()?.to_string();
        Some((p.identifier.to_string(), uuid))
    });
    named.collect()
}

/// How many changes lead from one to the other.
fn difference(from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> usize {
    let installs = to.iter().filter(|(id, uuid)| from.get(*id) != Some(*uuid));
    let removals = from.keys().filter(|id| !to.contains_key(*id));
    installs.count() + removals.count()
}

/// Whatever is changed between whichever two messages, the device ends with what is desired last,
/// and the changes handed out after that moment are exactly the difference between what it had
/// then, the command on its way included, and the end (case F12).
#[test]
fn f12_changed_at_every_step() {
    let calm = server_with(&[A, B]);
    let mut messages = 0;
    play(&calm, |message, _| messages = message);
    assert!(messages >= 8, "{messages}");
    for (name, change) in CHANGES {
        for at in 0..=messages {
            let server = server_with(&[A, B]);
            let mut then = None;
            let is_change = |order: &&Order| order.identifier.is_some();
            let handed_out = |host: &Puppet| host.got.iter().filter(is_change).count();
            let mut host = play(&server, |message, host| {
                if message == at {
                    change(&server);
                    then = Some((host.profiles.clone(), handed_out(host)));
                }
            });
            let Some((had, before)) = then else {
                continue;
            };
            host.settle(&server);
            let wanted = wanted(&server);
            assert_eq!(host.profiles, wanted, "{name} before message {at}");
            let after = handed_out(&host) - before;
            // B is edited by the play itself, before or after the change.
            let own = difference(&had, &wanted) + usize::from(is_edited_between(&had, &wanted));
            assert_eq!(after, own, "{name} before message {at}: {:#?}", host.got);
            server.assert_applied(1);
            assert!(
                host.settle(&server).is_empty(),
                "{name} before message {at}"
            );
        }
    }
}

/// Whether B was not there at all and is wanted: it comes in its first version and then the second.
fn is_edited_between(had: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    !had.contains_key(B) && wanted.contains_key(B)
}

/// A list that is damaged, cut, of another form or of another channel is no list: nothing is
/// installed or removed for it, what is known stays, and the next good one goes on (case F13).
#[test]
fn f13_damaged_lists() {
    let entry = |rest: &str| format!("<key>ProfileList</key><array><dict>{rest}</dict></array>");
    let damaged = [
        String::new(),
        "<key>ProfileList</key><dict/>".to_owned(),
        "<key>ProfileList</key><string>none</string>".to_owned(),
        "<key>ProfileList</key><array><string>com.harborworks.a</string></array>".to_owned(),
        entry(""),
        entry(&format!("<key>PayloadIdentifier</key><string>{A}</string>")),
        entry("<key>PayloadUUID</key><string>00000000-0000-4000-8000-000000000001</string>"),
        entry(&format!(
            "<key>PayloadIdentifier</key><string>{A}</string><key>PayloadUUID</key><integer>1</integer>"
        )),
    ];
    for answer in damaged {
        let server = server_with(&[A, B]);
        let mut host = Puppet::settled(1, &server);
        server.remove(B);
        push(&server, C, "first");
        server.refresh_host(&host.id()).unwrap();
        let list = host.idle(&server).unwrap();
        let before = server.host_profiles(&host.id()).unwrap();
        let next = host.report(&server, "Acknowledged", Some(&list.uuid), &answer);
        let is_harmless = |order: Option<&Order>| order.is_none_or(|o| o.identifier.is_none());
        assert!(is_harmless(next.as_ref()), "{answer}: {next:?}");
        assert_eq!(
            server.host_profiles(&host.id()).unwrap(),
            before,
            "{answer}"
        );
        for _ in 0..3 {
            let again = host.idle(&server);
            assert!(is_harmless(again.as_ref()), "{answer}: {again:?}");
        }
        server.clock.advance(HOUR_MS);
        host.settle(&server);
        assert_eq!(host.holds(), [A, C], "{answer}");
        server.assert_applied(1);
    }
}

/// A body that breaks off in the middle of a list is refused as a whole, and a list that a user's
/// channel gives under the device's uuid says nothing of the device (case F13).
#[test]
fn f13_cut_and_foreign_lists() {
    let server = server_with(&[A, B]);
    let mut host = Puppet::settled(1, &server);
    let list = {
        server.refresh_host(&host.id()).unwrap();
        host.idle(&server).unwrap()
    };
    let before = server.host_profiles(&host.id()).unwrap();
    let whole = format!(
        "<key>Status</key><string>Acknowledged</string><key>CommandUUID</key><string>{}</string>{}",
        list.uuid,
        list_answer(&host.profiles)
    );
    for cut in [whole.len() / 2, whole.len() - 20, whole.len() - 8] {
        let (status, order) = host.say(&server, &whole[..cut]);
        assert_eq!((status, order), (400, None), "cut at {cut}");
    }
    let mut user = host.clone();
    user.user = Some("0C0FFEE0-0000-4000-8000-000000000001".to_owned());
    user.token_update(&server, false);
    let nothing = list_answer(&BTreeMap::new());
    let order = user.report(&server, "Acknowledged", Some(&list.uuid), &nothing);
    assert_eq!(order, None);
    let now = server.host_profiles(&host.id()).unwrap();
    assert_eq!(now.profiles, before.profiles);
    host.obey(&server, &list);
    host.settle(&server);
    user.profiles.clear();
    user.settle(&server);
    assert_eq!(host.count("InstallProfile"), 0);
    server.assert_applied(1);
}

/// A report makes the server choose an install; before the device repeats that report, the profile
/// is deleted: what was right when it was chosen is not handed out again (case F26).
#[test]
fn f26_checked_when_handed_out() {
    let server = server_with(&[]);
    let mut host = Puppet::settled(1, &server);
    push(&server, A, "first");
    server.refresh_host(&host.id()).unwrap();
    let list = host.idle(&server).unwrap();
    let question = host.acknowledge(&server, &list).unwrap();
    let install = host.acknowledge(&server, &question).unwrap();
    assert_eq!(install.what(), format!("InstallProfile {A}"));
    assert_eq!(host.acknowledge(&server, &question), Some(install));
    push(&server, A, "second");
    let stale = host.acknowledge(&server, &question);
    assert_eq!(stale, None, "not the version of before");
    server.remove(A);
    let unwanted = host.acknowledge(&server, &question);
    assert_eq!(unwanted, None, "nor what is not wanted");
    host.got.clear();
    let work = host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 0, "{work:?}");
    server.assert_applied(1);
}
