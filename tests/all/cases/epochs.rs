//! Devices that begin anew, whatever the reason: nothing of before is known, sent or believed.

use std::collections::BTreeSet;

use mooring_drift::state::Begun;
use mooring_server::api::ProfileSwitch;
use mooring_tests::TestServer;

use super::puppet::{Order, Puppet};
use super::{A, B, C, push, server_with};

/// How a device begins anew, or only seems to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rebirth {
    /// Erased: it authenticates, and waits in Setup Assistant.
    Wiped,
    /// It left and enrolled again; what came with the management is gone.
    LeftAndBack,
    /// Enrolled once more over the top; its profiles stay.
    OverTheTop,
    /// Restored from a backup of its own: no Authenticate, an older push magic, older profiles.
    Restored,
    /// Its identity was renewed: a `TokenUpdate` with the magic that is known.
    Renewed,
    /// The account moved to another machine.
    OtherHardware,
}

impl Rebirth {
    /// What people are told of it.
    fn begun(self) -> Option<Begun> {
        match self {
            Self::Wiped => Some(Begun::Wiped),
            Self::LeftAndBack | Self::OverTheTop | Self::OtherHardware => Some(Begun::Reenrolled),
            Self::Restored => Some(Begun::Restored),
            Self::Renewed => None,
        }
    }
}

const REBIRTHS: [Rebirth; 6] = [
    Rebirth::Wiped,
    Rebirth::LeftAndBack,
    Rebirth::OverTheTop,
    Rebirth::Restored,
    Rebirth::Renewed,
    Rebirth::OtherHardware,
];

/// What a device had at each step of its life.
type Past = std::collections::BTreeMap<String, String>;

fn begin_anew(rebirth: Rebirth, server: &TestServer, host: &mut Puppet, older: &Past) {
    match rebirth {
        Rebirth::Wiped => {
            host.profiles.clear();
            host.magic.push('w');
            host.authenticate(server);
            host.token_update(server, true);
        }
        Rebirth::LeftAndBack => {
            host.check_out(server);
            host.profiles.clear();
            host.magic.push('l');
            host.enroll(server);
        }
        Rebirth::OverTheTop => {
            host.magic.push('o');
            host.enroll(server);
        }
        Rebirth::Restored => {
            host.profiles.clone_from(older);
            host.magic.push('r');
            "CQgHBgUEAwIBAA==".clone_into(&mut host.token);
            host.token_update(server, false);
        }
        Rebirth::Renewed => host.token_update(server, false),
        Rebirth::OtherHardware => {
            host.profiles.clear();
            host.serial.push('X');
            host.magic.push('h');
            host.enroll(server);
        }
    }
}

/// The life of a device on a server with A and B, of which B is deleted and C is new in its middle.
/// It ends after so many messages; what is left is the server, the device, and the command that
/// it had and never reported on.
fn life_until(message: usize) -> Option<(TestServer, Puppet, Option<Order>)> {
    let server = server_with(&[A, B]);
    let mut host = Puppet::new(1);
    let mut messages = 0;
    let mut is_over = || {
        messages += 1;
        messages > message
    };
    host.authenticate(&server);
    if is_over() {
        return Some((server, host, None));
    }
    host.token_update(&server, false);
    for stage in 0..2 {
        if stage == 1 {
            server.remove(B);
            push(&server, C, "first");
        }
        if is_over() {
            return Some((server, host, None));
        }
        let mut next = host.idle(&server);
        while let Some(order) = next {
            if is_over() {
                return Some((server, host, Some(order)));
            }
            next = host.obey(&server, &order);
        }
    }
    None
}

/// Every life that ends somewhere, and every way to begin anew after it.
fn every_rebirth(check: impl Fn(&str, Rebirth, &TestServer, Puppet, Option<Order>)) {
    let mut message = 0;
    while life_until(message).is_some() {
        for rebirth in REBIRTHS {
            // An identity is renewed, and a backup made, once a device is enrolled.
            let needs_token = matches!(rebirth, Rebirth::Renewed | Rebirth::Restored);
            if needs_token && message == 0 {
                continue;
            }
            let (server, host, open) = life_until(message).unwrap();
            let point = format!("{rebirth:?} after message {message}");
            check(&point, rebirth, &server, host, open);
        }
        message += 1;
    }
    assert!(message > 10, "{message} messages");
}

/// What is wanted on the server at the end of a life.
fn wanted(server: &TestServer) -> Vec<String> {
    let listing = server.profile_listing(false).profiles;
    let such = listing.iter().filter(|p| p.state == ProfileSwitch::Enabled);
    such.map(|p| p.identifier.to_string()).collect()
}

/// However and at whatever point a device begins anew, no command of before is ever sent again, no
/// report on one counts, and it ends with what is desired (case F6).
#[test]
fn f06_no_command_outlives_its_enrollment() {
    every_rebirth(|point, rebirth, server, mut host, open| {
        let old: BTreeSet<_> = host.got.iter().map(|order| order.uuid.clone()).collect();
        host.got.clear();
        begin_anew(rebirth, server, &mut host, &Past::new());
        let is_new_epoch = rebirth != Rebirth::Renewed;
        if let Some(open) = open.as_ref().filter(|_| is_new_epoch) {
            let before = server.host_detail(&host.id()).unwrap();
            assert_eq!(host.acknowledge(server, open), None, "{point}");
            assert_eq!(server.host_detail(&host.id()).unwrap(), before, "{point}");
        }
        host.settle(server);
        assert_eq!(host.holds(), wanted(server), "{point}");
        server.assert_applied(1);
        assert!(
            host.got.iter().all(|order| !old.contains(&order.uuid)),
            "{point}"
        );
        let uuids: BTreeSet<_> = host.got.iter().map(|order| &order.uuid).collect();
        assert_eq!(uuids.len(), host.got.len(), "{point}: a uuid came twice");
    });
}

/// After each of them, but for a mere renewal, what the device has is unknown and not empty: the
/// first command is a list, and a renewal alone costs no command at all. People can tell a wipe, a
/// restore and a new enrollment apart (case F7).
#[test]
fn f07_unknown_until_listed() {
    every_rebirth(|point, rebirth, server, mut host, open| {
        let is_at_rest = {
            let mut twin = host.clone();
            open.is_none() && rebirth == Rebirth::Renewed && twin.contact(server).is_empty()
        };
        host.got.clear();
        // The backup is from before B was deleted and C was new.
        let older: Past = host
            .profiles
            .iter()
            .filter(|(identifier, _)| *identifier != C)
            .map(|(identifier, uuid)| (identifier.clone(), uuid.clone()))
            .collect();
        begin_anew(rebirth, server, &mut host, &older);
        let held = host.profiles.clone();
        if rebirth == Rebirth::Renewed {
            let work = host.settle(server);
            assert!(!is_at_rest || work.is_empty(), "{point}: {work:?}");
            return;
        }
        assert_eq!(server.counts().counts.unknown, 1, "{point}");
        let told = server.host_detail(&host.id()).unwrap().enrollments[0].begun;
        // What only authenticated, and did not leave, had not enrolled before.
        let has_left = matches!(rebirth, Rebirth::LeftAndBack);
        let had_enrolled = has_left || !point.ends_with("after message 0");
        let begun = rebirth.begun().filter(|_| had_enrolled);
        assert_eq!(told, begun.unwrap_or(Begun::Enrolled), "{point}");
        let list = host.idle(server).expect("a list");
        assert_eq!(list.what(), "ProfileList", "{point}");
        // As long as it has not answered, nothing is changed.
        let list = host.idle(server).expect("the list once more");
        assert_eq!(list.what(), "ProfileList", "{point}");
        host.obey(server, &list);
        host.settle(server);
        let wanted = wanted(server);
        assert_eq!(host.holds(), wanted, "{point}");
        let removals = held.keys().filter(|held| !wanted.contains(held)).count();
        assert_eq!(host.uuids("RemoveProfile").len(), removals, "{point}");
        let missing = wanted.iter().filter(|wanted| !held.contains_key(*wanted));
        assert_eq!(
            host.uuids("InstallProfile").len(),
            missing.count(),
            "{point}"
        );
        server.assert_applied(1);
    });
}
