//! Attempts that fail, and servers that fail: crashes, old copies, clocks.

use super::script::{Script, error, install, listed, remove};
use crate::check::Rule;
use crate::log::{Action, Answered, Heard, Ordered, ServerEvent};

fn fails(script: &mut Script, domain: &str, code: i64) {
    let name = script.idle_gets(install("p", "u1"));
    script.reports(&name, error(domain, code));
    script.empty();
}

/// Proves that a content that fails is tried three times with growing waits, then no more.
#[test]
fn three_attempts_with_waits() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    for wait in [11, 22, 0] {
        fails(&mut script, "MCInstallationErrorDomain", 4001);
        script.wait_minutes(wait);
    }
    script.is_fine();
    script.wait_minutes(12 * 60);
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::TriedTooOften);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    fails(&mut script, "MCInstallationErrorDomain", 4001);
    script.wait_minutes(9);
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::TriedTooEarly);
}

/// Proves that an error that content alone mends ends the attempts, until content or a person
/// changes something.
#[test]
fn one_attempt_for_a_permanent_error() {
    let permanent = ("MCProfileErrorDomain", 1003);
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    fails(&mut script, permanent.0, permanent.1);
    script.wait_minutes(60);
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::TriedTooOften);

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    fails(&mut script, permanent.0, permanent.1);
    script.push("p", "u2");
    script.idle_gets(install("p", "u2"));
    script.is_fine();

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    fails(&mut script, permanent.0, permanent.1);
    let (host, identifier) = (0, "p".to_owned());
    script.admin(Action::Resent { host, identifier });
    script.idle_gets(install("p", "u1"));
    script.is_fine();
}

/// Proves that an acknowledgement that no list confirms is a failure.
#[test]
fn acknowledged_is_not_applied() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    let name = script.idle_gets(install("p", "u1"));
    script.done(&name);
    let name = script.gets(Ordered::List);
    script.reports(&name, listed(&[]));
    script.gets(install("p", "u1"));
    script.broke(Rule::TriedTooEarly);
}

/// Proves that three outcomes lost in a row end the attempts.
#[test]
fn three_lost_outcomes_park() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    for _ in 0..3 {
        script.idle_gets(install("p", "u1"));
        script.learns(&[]);
        script.wait_minutes(60);
    }
    script.is_fine();
    script.idle_gets(install("p", "u1"));
    script.broke(Rule::TriedTooOften);
}

/// Proves that an installation whose report was lost, and that a list shows, is ours to remove.
#[test]
fn a_list_proves_a_lost_installation() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.idle_gets(install("p", "u1"));
    script.learns(&[("p", "u1")]);
    script.delete("p");
    let name = script.idle_gets(remove("p"));
    script.done(&name);
    script.is_fine();
}

/// Proves that a message whose commit failed changed nothing, unless it was stored nevertheless.
#[test]
fn commits_that_fail() {
    for was_stored in [false, true] {
        let mut script = Script::enrolled(&[]);
        script.push("p", "u1");
        let name = script.idle_gets(install("p", "u1"));
        script.done(&name);
        script.server(ServerEvent::CommitFailed { was_stored });
        script.answered(Answered::Status(503));
        // Either it is answered now, or the list that nobody saw is handed out again.
        script.done(&name);
        script.gets(Ordered::List);
        script.is_fine();
    }
    let mut script = Script::enrolled(&[]);
    script.idle();
    script.answered(Answered::Status(503));
    script.broke(Rule::RefusedDevice);
}

/// Proves that after a crash whose answer nobody saw, a list is neither demanded nor spurious.
#[test]
fn a_crash_leaves_both_open() {
    for command in [Ordered::List, install("p", "u1")] {
        let mut script = Script::enrolled(&[]);
        script.push("p", "u1");
        script.idle();
        script.server(ServerEvent::Restarted);
        script.idle_gets(command);
        script.is_fine();
    }
}

/// Proves that an old copy of the store is judged by what it knows: it may give names anew, and
/// must look again once a device proves that it forgot.
#[test]
fn a_rolled_back_store() {
    let script = || {
        let mut script = Script::enrolled(&[]);
        script.push("p", "u1");
        script.push("q", "u1");
        script.server(ServerEvent::Copied { copy: 0 });
        let first = script.idle_gets(install("p", "u1"));
        script.done(&first);
        let second = script.gets(install("q", "u1"));
        script.server(ServerEvent::RolledBack { copy: 0 });
        (script, first, second)
    };
    let (mut again, first, _) = script();
    again.idle();
    again.gets_named(&first, install("p", "u1"));
    again.is_fine();

    let (mut proven, _, second) = script();
    proven.done(&second);
    proven.gets(Ordered::List);
    proven.is_fine();

    let (mut blind, _, second) = script();
    blind.done(&second);
    blind.gets(install("p", "u1"));
    blind.broke(Rule::ChangedBeforeList);
}

/// Proves that a copy of an old copy has forgotten what that one had, whatever was proven since, and
/// that a name which is given again tells nothing of those that came after it.
#[test]
fn a_store_rolled_back_twice() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.server(ServerEvent::Copied { copy: 0 });
    let forgotten = script.idle_gets(install("p", "u1"));
    script.server(ServerEvent::RolledBack { copy: 0 });
    script.server(ServerEvent::Copied { copy: 1 });
    for _ in 0..2 {
        script.done(&forgotten);
        script.gets(Ordered::List);
        script.server(ServerEvent::RolledBack { copy: 1 });
    }
    script.is_fine();

    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.server(ServerEvent::Copied { copy: 0 });
    let first = script.idle_gets(install("p", "u1"));
    script.done(&first);
    let second = script.gets(Ordered::List);
    for _ in 0..2 {
        script.server(ServerEvent::RolledBack { copy: 0 });
        script.idle();
        script.gets_named(&first, install("p", "u1"));
    }
    script.reports(&second, listed(&[]));
    script.gets(Ordered::List);
    script.is_fine();
}

/// Proves that after a restore nothing counts that was seen, and no name comes twice.
#[test]
fn a_restored_store() {
    let script = || {
        let mut script = Script::enrolled(&[]);
        script.server(ServerEvent::Copied { copy: 0 });
        script.push("p", "u1");
        let name = script.idle_gets(install("p", "u1"));
        script.server(ServerEvent::Restored { copy: 0 });
        script.push("p", "u1");
        (script, name)
    };
    let (mut looks, _) = script();
    looks.learns(&[]);
    looks.idle_gets(install("p", "u1"));
    looks.is_fine();

    let (mut blind, _) = script();
    blind.idle_gets(install("p", "u1"));
    blind.broke(Rule::ChangedBeforeList);

    let (mut same, name) = script();
    same.idle();
    same.gets_named(&name, Ordered::List);
    same.broke(Rule::NameReused);
}

/// Proves that a jump of the clock ends waits and ages, without making a list spurious.
#[test]
fn a_clock_that_jumps() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    fails(&mut script, "MCInstallationErrorDomain", 4001);
    script.server(ServerEvent::ClockJumped { by_ms: -1 });
    script.idle_gets(install("p", "u1"));
    script.is_fine();
}

/// Proves that work in answer to a check-in is found.
#[test]
fn check_ins_get_no_work() {
    let mut script = Script::enrolled(&[]);
    script.heard(Heard::TokenUpdate {
        magic: "m".to_owned(),
        is_awaiting_configuration: None,
    });
    script.gets(Ordered::List);
    script.broke(Rule::SentToUnenrolled);
}
