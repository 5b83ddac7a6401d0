//! Each rule about a single command: what keeps it, and what breaks it.

use super::script::{Script, cut, error, install, listed, remove, told};
use crate::check::Rule;
use crate::log::{Action, Answered, Heard, LabelKind, Ordered, Reach, Reported};

/// Proves that an installation, its proof and a later removal are all called for.
#[test]
fn the_usual_course_is_fine() {
    let mut script = Script::enrolled(&[("other", "x")]);
    script.push("p", "u1");
    let name = script.idle_gets(install("p", "u1"));
    script.done(&name);
    let name = script.gets(Ordered::List);
    script.reports(&name, listed(&[("other", "x"), ("p", "u1")]));
    script.empty();
    script.delete("p");
    let name = script.idle_gets(remove("p"));
    script.reports(&name, error("MDMClientError", 89));
    let name = script.gets(Ordered::List);
    script.reports(&name, listed(&[("other", "x")]));
    script.empty();
    script.is_fine();
}

/// Proves that what is desired decides what may be installed and removed.
#[test]
fn desire_is_the_measure() {
    type Case = (fn(&mut Script), Ordered, Rule);
    let cases: [Case; 5] = [
        (|_| {}, install("p", "u1"), Rule::InstalledUnwanted),
        (|_| {}, remove("other"), Rule::RemovedForeign),
        (
            |s| {
                s.push("p", "u1");
                s.push("p", "u2");
            },
            install("p", "u1"),
            Rule::InstalledOldContent,
        ),
        (
            |s| {
                s.push("other", "u1");
            },
            remove("other"),
            Rule::RemovedWanted,
        ),
        (
            |s| {
                s.push("other", "u1");
                s.delete("other");
            },
            remove("other"),
            Rule::RemovedUnmanaged,
        ),
    ];
    for (prepare, command, rule) in cases {
        let mut script = Script::enrolled(&[("other", "x")]);
        prepare(&mut script);
        script.idle_gets(command);
        script.broke(rule);
    }
}

/// Proves that what the host is known to have is neither installed nor removed again.
#[test]
fn what_is_known_is_not_repeated() {
    let mut script = Script::enrolled(&[("p", "u1")]);
    script.push("p", "u1");
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::InstalledTwice);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.delete("p");
    script.idle_gets(remove("p"));
    script.broke(Rule::RemovedNothing);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let name = script.idle_gets(install("p", "u1"));
    script.done(&name);
    script.gets(install("p", "u1"));
    script.broke(Rule::InstalledTwice);
}

/// Proves that nothing changes before a complete list of the enrollment, and that an incomplete
/// one, a lost outcome or a person asking call for another.
#[test]
fn a_list_comes_first() {
    let mut script = Script::new();
    script.enroll();
    script.push("p", "u1");
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::ChangedBeforeList);

    let mut script = Script::new();
    script.enroll();
    script.push("p", "u1");
    let name = script.idle_gets(Ordered::List);
    script.reports(&name, cut());
    script.gets(install("p", "u1"));
    script.broke(Rule::ChangedBeforeList);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.idle_gets(install("p", "u1"));
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::ChangedBeforeFreshList);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.admin(Action::Refreshed { host: 0 });
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::ChangedBeforeFreshList);
}

/// Proves that a list from before the device authenticated anew says nothing.
#[test]
fn a_new_enrollment_knows_nothing() {
    let mut script = Script::enrolled(&[("p", "u1")]);
    script.push("p", "u1");
    script.delete("p");
    script.enroll();
    script.idle_gets(remove("p"));
    script.broke(Rule::ChangedBeforeList);

    let mut script = Script::enrolled(&[("p", "u1")]);
    script.push("p", "u2");
    script.token("another");
    script.idle_gets(install("p", "u2"));
    script.broke(Rule::ChangedBeforeList);
}

/// Proves that one command is open at a time, and that its name is its own.
#[test]
fn one_command_at_a_time() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let first = script.idle_gets(install("p", "u1"));
    script.reports("c-unknown", Reported::NotNow);
    script.gets(Ordered::List);
    assert_eq!(
        script.broken,
        [
            Rule::TwoInFlight,
            Rule::StirredByDuplicate,
            Rule::ListedWithoutReason
        ]
    );

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.idle_gets(install("p", "u1"));
    script.idle();
    script.gets_named(&first, Ordered::List);
    script.broke(Rule::NameReused);
}

/// Proves that a report on a closed command brings nothing, or what is open once more.
#[test]
fn duplicates_stir_nothing() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let list = script.idle_gets(install("p", "u1"));
    script.done(&list);
    let again = script.gets(Ordered::List);
    script.done(&list);
    script.gets_named(&again, Ordered::List);
    script.reports(&again, listed(&[("p", "u1")]));
    script.empty();
    script.is_fine();
    script.push("q", "u1");
    script.reports(&again, listed(&[]));
    script.gets(install("q", "u1"));
    script.broke(Rule::StirredByDuplicate);
}

/// Proves that the first late word on a lost change may bring a list, and nothing else.
#[test]
fn a_late_word_is_compared() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let lost = script.idle_gets(install("p", "u1"));
    script.learns(&[]);
    script.done(&lost);
    script.gets(install("p", "u1"));
    script.broke(Rule::ChangedBeforeFreshList);
}

/// Proves that a contact is over once the device said `NotNow`, and that the next one is not.
#[test]
fn not_now_ends_a_contact() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let name = script.idle_gets(install("p", "u1"));
    script.reports(&name, Reported::NotNow);
    script.empty();
    script.idle_gets(install("p", "u1"));
    script.is_fine();

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let name = script.idle_gets(install("p", "u1"));
    script.reports(&name, Reported::NotNow);
    script.gets(install("p", "u1"));
    script.broke(Rule::WorkAfterNotNow);
}

/// Proves that lists are asked for only where something calls for one, and not at once after one
/// that was cut.
#[test]
fn lists_have_reasons() {
    let mut script = Script::enrolled(&[]);
    script.wait_minutes(12 * 60);
    script.idle_gets(Ordered::List);
    script.broke(Rule::ListedWithoutReason);

    let mut script = Script::enrolled(&[]);
    script.wait_minutes(24 * 60);
    let name = script.idle_gets(Ordered::List);
    script.reports(&name, cut());
    script.empty();
    script.wait_minutes(11);
    let name = script.idle_gets(Ordered::List);
    script.is_fine();
    script.reports(&name, cut());
    script.empty();
    script.wait_minutes(11);
    script.idle_gets(Ordered::List);
    script.broke(Rule::TriedTooEarly);
}

/// Proves that a pause, an unknown label and a duplicate hold changes back.
#[test]
fn holds_hold() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.admin(Action::Paused);
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::SentWhilePaused);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let label = "sequoia".to_owned();
    let kind = LabelKind::OsAtLeast("15".to_owned());
    script.admin(Action::Labelled { label, kind });
    script.admin(Action::Assigned {
        identifier: "p".to_owned(),
        assignment: Some(Reach {
            include_any: ["sequoia".to_owned()].into(),
            ..Reach::default()
        }),
    });
    script.wait_minutes(3 * 24 * 60);
    script.learns(&[]);
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::ChangedWhileUnknown);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let name = script.idle_gets(Ordered::Information);
    script.reports(
        &name,
        Reported::Acknowledged {
            profiles: None,
            told: Some(told("B")),
        },
    );
    script.gets(install("p", "u1"));
    script.broke(Rule::ChangedDuplicate);
}

/// Proves that no answer but 200, or 400 to a stranger, is let pass.
#[test]
fn answers_harm_nobody() {
    let mut script = Script::new();
    script.idle();
    script.answered(Answered::Status(400));
    script.is_fine();
    script.idle();
    script.answered(Answered::Status(401));
    script.broke(Rule::HarmfulStatus);

    let mut script = Script::enrolled(&[]);
    script.idle();
    script.answered(Answered::Status(400));
    script.broke(Rule::RefusedDevice);

    let mut script = Script::new();
    script.heard(Heard::CheckOut);
    script.gets(Ordered::List);
    script.broke(Rule::SentToUnenrolled);
}
