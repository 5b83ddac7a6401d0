//! Which profiles are for which hosts, and with which values: labels, assignments, values, and the
//! words for all of it, with devices that obey.
//!
//! Knows nothing of how a rule is judged. Invariant: a profile that leaves a device leaves it
//! because somebody said so, never because something was not known.

mod ageing;
mod api;
mod assigning;
mod canary;
mod channels;
mod index;
mod labels;
mod mac;
mod values;
mod why;

use mooring_drift::scope::{Assignment, Label, LabelName, Rule};
use mooring_mdm::profile::placeholder::ValueName;
use mooring_server::api::HostValuesWish;
use mooring_server::change::{ChangeOptions, Changed};
use mooring_server::scope::{DeclaredValue, ValueKind};
use mooring_tests::server::id;
use mooring_tests::{Draft, TestServer};

/// The profile that most tests are about.
const A: &str = "com.harborworks.a";

fn options() -> ChangeOptions {
    ChangeOptions::by("test")
}

fn done<T>(changed: Changed<T>) -> T {
    match changed {
        Changed::Done(value) => value,
        Changed::Planned(plan) => panic!("it was only planned: {plan:?}"),
    }
}

fn label_name(name: &str) -> LabelName {
    LabelName::parse(name).expect("a label's name")
}

fn value_name(name: &str) -> ValueName {
    ValueName::parse(name).expect("a value's name")
}

/// Pushes a profile for the device channel.
fn push(server: &TestServer, identifier: &str, content: &str) -> String {
    server.push_taken(Draft::new(identifier, content).xml()).1
}

/// Defines manual labels.
fn manual(server: &TestServer, names: &[&str]) {
    for name in names {
        let set = server.set_label(&label_name(name), &Label::Manual, &options());
        done(set.expect("a label"));
    }
}

/// Defines a label by a rule.
fn by_rule(server: &TestServer, name: &str, rule: &str) {
    let label = Label::Rule(Rule::parse(rule).expect("a rule"));
    let set = server.set_label(&label_name(name), &label, &options());
    done(set.expect("a label"));
}

/// Gives a label to hosts and takes it from others.
fn members(server: &TestServer, label: &str, add: &[String], remove: &[String]) {
    let changed = server.change_members(&label_name(label), add, remove, &options());
    done(changed.expect("a change of members"));
}

/// Assigns a profile by the document of an assignment.
fn assign(server: &TestServer, identifier: &str, assignment: &str) {
    let assignment: Assignment = serde_json::from_str(assignment).expect("an assignment");
    let set = server.set_assignment(&id(identifier), Some(&assignment), &options());
    done(set.expect("an assignment that is taken"));
}

/// Declares a value.
fn declare(server: &TestServer, name: &str, kind: ValueKind, default: Option<&str>) {
    let declared = DeclaredValue {
        kind,
        default: default.map(str::to_owned),
    };
    done(
        server
            .declare_value(&value_name(name), &declared, &options())
            .expect("a declaration"),
    );
}

/// Values for a host.
fn wish(set: &[(&str, &str)], unset: &[&str]) -> HostValuesWish {
    let set = set
        .iter()
        .map(|(name, value)| (value_name(name), (*value).to_owned()));
    HostValuesWish {
        set: set.collect(),
        unset: unset.iter().map(|name| value_name(name)).collect(),
    }
}

/// Sets values of a host.
fn set_values(server: &TestServer, host: &str, set: &[(&str, &str)]) {
    let set = server.set_host_values(host, &wish(set, &[]), &options());
    done(set.expect("values"));
}
