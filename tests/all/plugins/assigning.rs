//! Validators that are bound to labels, before a profile that comes under a label.

use mooring_drift::scope::{Assignment, Label, LabelName};
use mooring_mdm::finding::Finding;
use mooring_server::api::{AssignmentDetail, BindingState, BindingWish, OnFailure, PushOutcome};
use mooring_server::change::Changed;
use mooring_server::scope::ScopeError;
use mooring_tests::server::id;
use mooring_tests::{Draft, TestServer};

use super::{bind, by, planned, provoking, validator, with_plugin};

const P: &str = "com.harborworks.p";

/// A server with two labels, and the plugin bound to `strict`.
fn strict(on_failure: OnFailure) -> TestServer {
    let server = with_plugin();
    for name in ["strict", "loose"] {
        let name = LabelName::parse(name).unwrap();
        server.set_label(&name, &Label::Manual, &by()).unwrap();
    }
    let wish = BindingWish {
        labels: [LabelName::parse("strict").unwrap()].into(),
        ..validator(on_failure)
    };
    bind(&server, "all", wish).unwrap();
    server
}

/// Assigns the profile to a label, or to every host.
fn assign(
    server: &TestServer,
    label: Option<&str>,
    is_plan: bool,
) -> Result<Changed<AssignmentDetail>, ScopeError> {
    let assignment = label.map(|label| Assignment {
        include_any: [LabelName::parse(label).unwrap()].into(),
        ..Assignment::default()
    });
    let options = if is_plan { planned() } else { by() };
    server.set_assignment(&id(P), assignment.as_ref(), &options)
}

#[track_caller]
fn findings(changed: Result<Changed<AssignmentDetail>, ScopeError>) -> Vec<Finding> {
    match changed.expect("a change") {
        Changed::Done(detail) => detail.findings,
        Changed::Planned(impact) => impact.findings,
    }
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|it| it.rule.as_str()).collect()
}

/// A profile that is pushed where nobody judges it, and then assigned to a label whose validator
/// refuses it, is refused there; the plan says so before. Also for every host it would come there.
#[test]
fn refused_when_it_comes_under_a_label() {
    let server = strict(OnFailure::Block);
    assert_eq!(findings(assign(&server, Some("loose"), false)), []);
    let pushed = server.push_one(provoking(P, "panic"));
    assert_eq!(pushed.outcome, PushOutcome::Created);
    let before = server.assignment(&id(P)).unwrap();
    for label in [Some("strict"), None] {
        let told = findings(assign(&server, label, true));
        assert_eq!(rules(&told), ["plugin-panic"]);
        let error = assign(&server, label, false).unwrap_err();
        let ScopeError::Judged { findings, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(rules(findings), ["plugin-panic"]);
        assert_eq!(server.assignment(&id(P)).unwrap(), before);
    }
    let state = server.binding("all").unwrap().state;
    assert_eq!(state, BindingState::Active);
}

/// Where a failing plugin only warns, or finds nothing grave, the profile is assigned and its findings
/// are told; within the same bindings nothing is asked again.
#[test]
fn told_when_it_is_taken() {
    let server = strict(OnFailure::Warn);
    assign(&server, Some("loose"), false).unwrap();
    server.push_taken(provoking(P, "panic"));
    let told = findings(assign(&server, Some("strict"), false));
    assert_eq!(rules(&told), ["plugin-panic"]);
    let calls = server.plugin_calls_made();
    assert_eq!(findings(assign(&server, None, false)), []);
    assert_eq!(server.plugin_calls_made(), calls, "it judged it already");

    assign(&server, Some("loose"), false).unwrap();
    server.push_taken(Draft::new(P, "well").xml());
    assert_eq!(rules(&findings(assign(&server, None, false))), ["H000"]);
}
