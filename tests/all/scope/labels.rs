//! Labels: what is accepted, who has them, and that a removed one leaves nothing behind.

use mooring_drift::scope::{Label, Rule};
use mooring_server::scope::{FACTS_BATCH_MAX, MembersQuery, ScopeError, ValueKind};
use mooring_tests::TestServer;
use mooring_tests::server::id;

use super::mac::Mac;
use super::{
    A, assign, by_rule, declare, done, label_name, manual, members, options, push, set_values,
};

/// A rule is judged by what the device tells, and again by what it tells next: a host joins with
/// an upgrade and leaves with another.
#[test]
fn a_rule_follows_the_device() {
    let server = TestServer::new();
    push(&server, A, "1");
    by_rule(
        &server,
        "fifteen",
        r#"host.os_version >= "15" && host.os_version < "16""#,
    );
    assign(&server, A, r#"{"include_all":["fifteen"]}"#);
    let mut mac = Mac::new(0);
    for (system, holds) in [("14.7", 0), ("15.1", 1), ("16.0", 0)] {
        mac.runs(system, system);
        if system != "14.7" {
            server.refresh_host(&mac.id()).unwrap();
        }
        mac.settle(&server);
        assert_eq!(mac.identifiers().len(), holds, "{system}");
        let shown = server.labels().unwrap().labels.remove(0);
        assert_eq!(
            (shown.hosts, shown.hosts_unknown),
            (Some(holds as u64), Some(0))
        );
        assert_eq!(shown.used_by, [id(A)]);
    }
    // Another rule under the same name counts from the next contact on.
    by_rule(&server, "fifteen", r#"host.os_version >= "16""#);
    mac.settle(&server);
    assert_eq!(mac.identifiers(), [A]);
}

/// A rule names attributes that are declared; they cannot be taken back while it does.
#[test]
fn rules_and_attributes() {
    let server = TestServer::new();
    declare(&server, "wifi", ValueKind::Secret, None);
    let rule = Rule::parse(r#"attributes.site == "oslo" || has(attributes.wifi)"#).unwrap();
    let name = label_name("north");
    let refused = server.set_label(&name, &Label::Rule(rule), &options());
    let text = refused.unwrap_err().to_string();
    assert!(
        text.starts_with("the rule names site, wifi, which no attribute"),
        "{text}"
    );
    declare(&server, "site", ValueKind::Attribute, None);
    by_rule(&server, "north", r#"attributes.site == "oslo""#);
    let withdrawn = server.withdraw_value(&super::value_name("site"), &options());
    let text = withdrawn.unwrap_err().to_string();
    assert_eq!(
        text,
        "site is used by the rules of the labels north; change those first"
    );
}

/// Hosts are named by id or serial number; if any of them is not known nothing is done, and all
/// that are not known are told.
#[test]
fn unknown_members() {
    let server = TestServer::new();
    manual(&server, &["staff"]);
    by_rule(&server, "macs", r#"host.platform == "macos""#);
    let mut mac = Mac::new(0);
    mac.settle(&server);
    let (name, none) = (label_name("staff"), Vec::new());
    let add = [mac.serial(), "NOBODY".to_owned(), "no such host".to_owned()];
    let error = server
        .change_members(&name, &add, &none, &options())
        .unwrap_err();
    let text = error.to_string();
    assert_eq!(
        text,
        "no host is known as NOBODY, no such host; nothing was changed"
    );
    let detail = server.label(&name, &MembersQuery::default()).unwrap();
    assert_eq!(detail.summary.hosts, Some(0));
    let both = server.change_members(&name, &[mac.id()], &[mac.serial()], &options());
    assert!(matches!(both, Err(ScopeError::AddedAndRemoved { .. })));
    let by_rule = server.change_members(&label_name("macs"), &[mac.id()], &none, &options());
    assert!(matches!(by_rule, Err(ScopeError::FollowsRule(_))));
    let undefined = server.change_members(&label_name("x"), &[mac.id()], &none, &options());
    assert!(matches!(undefined, Err(ScopeError::NoLabel(_))));
    members(&server, "staff", &[mac.serial()], &[]);
    let detail = server.label(&name, &MembersQuery::default()).unwrap();
    assert_eq!(detail.members[0].id.as_str(), mac.id());
}

/// A label in use cannot be removed; one that is removed, or gets a rule for a while, has no
/// members when it is manual again.
#[test]
fn members_do_not_come_back() {
    let server = TestServer::new();
    manual(&server, &["staff"]);
    let mut mac = Mac::new(0);
    mac.settle(&server);
    members(&server, "staff", &[mac.id()], &[]);
    assign(&server, A, r#"{"include_all":["staff"]}"#);
    let name = label_name("staff");
    let error = server.remove_label(&name, &options()).unwrap_err();
    assert!(error.to_string().contains(A), "{error}");
    server.set_assignment(&id(A), None, &options()).unwrap();
    let hosts = || {
        server
            .label(&name, &MembersQuery::default())
            .unwrap()
            .summary
            .hosts
    };
    by_rule(&server, "staff", r#"host.platform == "macos""#);
    assert_eq!(hosts(), Some(1), "by its rule");
    manual(&server, &["staff"]);
    assert_eq!(hosts(), Some(0));
    members(&server, "staff", &[mac.id()], &[]);
    assert_eq!(hosts(), Some(1));
    done(server.remove_label(&name, &options()).unwrap());
    assert!(matches!(
        server.remove_label(&name, &options()),
        Err(ScopeError::NoLabel(_))
    ));
    manual(&server, &["staff"]);
    assert_eq!(hosts(), Some(0));
}

/// More hosts than fit into one commit get a label too, each of them once, and the list of them
/// comes in pages.
#[test]
fn more_than_a_batch() {
    let server = TestServer::new();
    manual(&server, &["all"]);
    let count = u32::try_from(FACTS_BATCH_MAX).unwrap() + 10;
    let mut ids = Vec::new();
    for index in 0..count {
        let mut mac = Mac::new(index);
        mac.contact(&server);
        ids.push(mac.id());
    }
    let name = label_name("all");
    let change = |add: &[String], remove: &[String]| {
        done(
            server
                .change_members(&name, add, remove, &options())
                .unwrap(),
        )
    };
    let changed = change(&ids, &[]);
    assert_eq!((changed.added, changed.removed), (u64::from(count), 0));
    assert_eq!(change(&ids, &[]).added, 0, "they have it");
    let (mut seen, mut after) = (0, None);
    loop {
        let query = MembersQuery { after, limit: 100 };
        let page = server.label(&name, &query).unwrap();
        seen += page.members.len();
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ids.len());
    let changed = change(&[], &ids);
    assert_eq!((changed.added, changed.removed), (0, u64::from(count)));
}

/// What somebody set of a host goes with the host.
#[test]
fn a_removed_host_is_forgotten() {
    let server = TestServer::new();
    manual(&server, &["staff"]);
    declare(&server, "site", ValueKind::Attribute, None);
    let mut mac = Mac::new(0);
    mac.settle(&server);
    members(&server, "staff", &[mac.id()], &[]);
    set_values(&server, &mac.id(), &[("site", "oslo")]);
    server.remove_host(&mac.id()).unwrap();
    let mut again = Mac::new(0);
    again.settle(&server);
    let values = server.host_values(&again.id()).unwrap();
    assert!(values.labels.is_empty() && !values.values[0].is_set);
}
