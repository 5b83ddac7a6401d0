//! What a plan says is what then happens, and saying it changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use mooring_server::api::{Impact, ImpactChange};
use mooring_server::change::{AffectedPage, ChangeOptions};
use mooring_tests::flaky::{FlakyStore, Script};
use mooring_tests::server::{id, upload};
use mooring_tests::{Draft, Host, TestClock, TestServer, judge, settle};

use super::{A, B, USER, draft, impact, planning};

/// A server whose store can be sealed, with A, B and a profile for users.
fn server() -> (TestServer, Arc<FlakyStore>) {
    let store = Arc::new(FlakyStore::new(&Script::default()));
    let options = mooring_server::core::CoreOptions::default();
    let server =
        TestServer::with_options(Arc::clone(&store) as _, judge(), &TestClock::new(), options);
    server.push_taken(draft(A, "first"));
    server.push_taken(draft(B, "first"));
    let for_user = Draft {
        scope: Some("User"),
        ..Draft::new(USER, "first")
    };
    server.push_taken(for_user.xml());
    (server, store)
}

/// Two hosts with users and one without, at rest.
fn fleet(server: &TestServer) -> Vec<Host> {
    let mut hosts = vec![Host::new(0), Host::new(1), Host::without_user(2)];
    settle(server, &mut hosts);
    hosts.iter_mut().for_each(Host::forget_work);
    hosts
}

/// What a plan says each channel would get, as the log of commands says it.
fn said(impact: &Impact) -> BTreeMap<String, Vec<String>> {
    let mut said = BTreeMap::<_, Vec<_>>::new();
    for host in &impact.affected {
        let changes = host.changes.iter().map(|change| match change {
            ImpactChange::Install { identifier, .. } => format!("InstallProfile {identifier}"),
            ImpactChange::Remove { identifier } => format!("RemoveProfile {identifier}"),
        });
        let of_host = said.entry(host.host.to_string()).or_default();
        of_host.extend(changes);
        of_host.push("ProfileList".to_owned());
    }
    said
}

/// Plans a change with the store sealed, makes it, and compares what every device then got.
#[track_caller]
fn agree(
    server: &TestServer,
    store: &FlakyStore,
    hosts: &mut [Host],
    change: impl Fn(&ChangeOptions) -> Option<Impact>,
) -> Impact {
    store.seal(true);
    let plan = change(&planning()).expect("a plan");
    assert_eq!(change(&planning()).as_ref(), Some(&plan), "twice the same");
    for host in hosts.iter_mut() {
        host.contact(server);
        assert!(host.take_work().is_empty(), "a plan sends nothing");
    }
    store.seal(false);
    assert_eq!(change(&ChangeOptions::by("test")), None);
    settle(server, hosts);
    let mut commands = 0;
    let mut sent = BTreeMap::new();
    for host in hosts {
        let mut work = host.take_work();
        commands += work.len();
        work.sort();
        if !work.is_empty() {
            sent.insert(host.id(), work);
        }
    }
    let mut said = said(&plan);
    for work in said.values_mut() {
        work.sort();
    }
    assert_eq!(said, sent);
    assert_eq!(plan.commands, commands as u64);
    assert_eq!(plan.hosts, said.len() as u64);
    plan
}

fn only(changed: mooring_server::change::Changed<()>) -> Option<Impact> {
    match changed {
        mooring_server::change::Changed::Planned(plan) => Some(*plan),
        mooring_server::change::Changed::Done(()) => None,
    }
}

/// New profiles, edited ones, switches and deletions, on both channels: every command that follows
/// was planned, and every planned one follows.
#[test]
fn plans_are_kept() {
    let (server, store) = server();
    let mut hosts = fleet(&server);
    let core = server.shared();
    let push = |files: &[(&str, &str)]| {
        let files: Vec<_> = files
            .iter()
            .map(|(id, text)| upload(id, draft(id, text)))
            .collect();
        let core = Arc::clone(&core);
        move |options: &ChangeOptions| only(core.push(&files, false, options).unwrap().change)
    };
    let both = push(&[(A, "second"), ("com.harborworks.new", "first")]);
    let plan = agree(&server, &store, &mut hosts, both);
    assert_eq!((plan.installs, plan.replaces, plan.removes), (3, 3, 0));
    assert_eq!(
        (plan.hosts_of, plan.hosts_losing, plan.hosts_changed),
        (3, 0, 3)
    );
    // The same files are no change.
    let both = push(&[(A, "second"), ("com.harborworks.new", "first")]);
    let plan = agree(&server, &store, &mut hosts, both);
    assert_eq!(
        plan,
        Impact {
            hosts_of: 0,
            ..plan.clone()
        }
    );

    let disable =
        |options: &ChangeOptions| only(core.switch(&id(B), false, None, options).unwrap());
    let plan = agree(&server, &store, &mut hosts, disable);
    assert_eq!((plan.removes, plan.hosts_losing, plan.commands), (3, 3, 6));
    let enable = |options: &ChangeOptions| only(core.switch(&id(B), true, None, options).unwrap());
    assert_eq!(agree(&server, &store, &mut hosts, enable).installs, 3);
    let delete = |options: &ChangeOptions| only(core.delete(&id(USER), options).unwrap());
    let plan = agree(&server, &store, &mut hosts, delete);
    assert_eq!((plan.hosts, plan.removes), (2, 2));
    assert_eq!(plan.profiles.len(), 1);
    let firewall = id("com.mooring.builtin.firewall");
    let enable =
        |options: &ChangeOptions| only(core.switch(&firewall, true, None, options).unwrap());
    assert_eq!(agree(&server, &store, &mut hosts, enable).installs, 3);
    server.assert_applied(3);
}

/// What is pending already is not planned again; a change that ends it says what it cancels.
#[test]
fn pending_work_is_not_planned_again() {
    let (server, _) = server();
    let mut hosts = fleet(&server);
    server.push_taken(draft(A, "second"));
    let core = server.shared();
    let third = [upload("a", draft(A, "third"))];
    let plan = impact(core.push(&third, false, &planning()).unwrap().change);
    assert_eq!((plan.replaces, plan.cancels, plan.commands), (3, 3, 6));
    let first = [upload("a", draft(A, "first"))];
    let plan = impact(core.push(&first, false, &planning()).unwrap().change);
    assert_eq!((plan.hosts, plan.cancels, plan.commands), (0, 3, 0));
    let other = [upload("b", draft(B, "second"))];
    let plan = impact(core.push(&other, false, &planning()).unwrap().change);
    assert_eq!((plan.replaces, plan.cancels), (3, 0));
    // It is gone from none of them yet, so it is removed from none a second time.
    server.remove(B);
    let plan = impact(core.delete(&id(A), &planning()).unwrap());
    assert_eq!((plan.removes, plan.cancels), (3, 3));
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.identifiers() == [A]));
}

/// Hosts that told no list are not guessed at; pages name every host once, in order.
#[test]
fn hosts_without_a_list_and_pages() {
    let (server, _) = server();
    let mut hosts = fleet(&server);
    let mut newcomer = Host::without_user(9);
    newcomer.contact_through(&server, |_, _, reply| {
        if reply.body.is_empty() {
            reply
        } else {
            mooring_sim::Reply::lost()
        }
    });
    let core = server.shared();
    let delete = |page: AffectedPage| {
        let options = ChangeOptions { page, ..planning() };
        impact(core.delete(&id(A), &options).unwrap())
    };
    let whole = delete(AffectedPage::default());
    assert_eq!(
        (whole.hosts_of, whole.hosts, whole.hosts_unknown),
        (4, 3, 1)
    );
    assert_eq!((whole.affected.len(), whole.next.clone()), (3, None));
    let mut named = Vec::new();
    let mut after = None;
    loop {
        let page = delete(AffectedPage { after, limit: 2 });
        assert_eq!((page.hosts, page.removes), (3, 3), "every page counts all");
        named.extend(page.affected);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(named, whole.affected);
    hosts.push(newcomer);
    settle(&server, &mut hosts);
}
