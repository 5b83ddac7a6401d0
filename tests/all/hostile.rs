//! Plugins that misbehave: they are stopped and reported as findings about the plugin, and the
//! server goes on.

mod compiling;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use mooring_mdm::finding::Severity;
use mooring_plugin::Limits;
use mooring_server::api::{PushOutcome, PushResult};
use mooring_server::judge::Judge;
use mooring_tests::{Draft, Host, TestServer, settle_one};

const HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mooring-hostile.wasm"));

/// The plugins of the binary with the hostile one among them.
fn judge_with(limits: Limits) -> Arc<Judge> {
    let own = mooring_builtin::ALL.iter().map(|b| (b.name, b.component));
    let mut components: Vec<_> = own.collect();
    components.insert(1, ("hostile", HOSTILE));
    Arc::new(Judge::with_plugins(components, limits).expect("the plugins load"))
}

fn server() -> TestServer {
    static JUDGE: OnceLock<Arc<Judge>> = OnceLock::new();
    let judge = JUDGE.get_or_init(|| judge_with(Limits::default()));
    TestServer::with_judge(Arc::clone(judge))
}

/// A profile that has the plugin misbehave in this way; otherwise there is nothing wrong with it.
fn provoking(identifier: &str, how: &str) -> String {
    Draft::new(identifier, how)
        .xml()
        .replace("<key>Greeting</key>", "<key>Misbehave</key>")
}

/// Checks that a push was refused for what the plugin did and nothing else.
#[track_caller]
fn assert_blamed(result: &PushResult, rule: &str, how: &str) {
    assert_eq!(result.outcome, PushOutcome::Refused, "{how}: {result:#?}");
    let errors = result
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error);
    let errors: Vec<_> = errors.collect();
    assert_eq!(errors.len(), 1, "{how}: {errors:#?}");
    assert_eq!(errors[0].rule, rule, "{how}");
    assert_eq!(errors[0].source, "com.mooring.test.hostile", "{how}");
    assert!(
        errors[0].message.contains("com.mooring.test.hostile"),
        "{how}"
    );
    assert!(errors[0].hint.is_some(), "{how}");
}

/// Endless loops, memory hogs, panics and every other way to misbehave refuse the one profile with
/// a finding about the plugin; the same server takes the next profile and answers devices.
#[test]
fn misbehaviour_is_a_finding() {
    let server = server();
    let mut host = Host::without_user(0);
    let mut taken = Vec::new();
    for (number, (how, rule)) in [
        ("loop", "plugin-timeout"),
        ("memory", "plugin-memory"),
        ("panic", "plugin-panic"),
        ("recursion", "plugin-trap"),
        ("abort", "plugin-trap"),
        ("findings", "plugin-output"),
        ("output", "plugin-output"),
        ("failure", "plugin-failure"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("com.harborworks.p{number}");
        let bad = server.push_one(provoking(&name, how));
        assert_blamed(&bad, rule, how);
        server.push_taken(Draft::new(&name, "in order").xml());
        taken.push(name);
        settle_one(&server, &mut host);
        assert_eq!(host.identifiers(), taken, "{how}");
        server.assert_applied(1);
    }
}

/// A panic is reported with the text that the plugin panicked with.
#[test]
fn a_panic_says_its_text() {
    let result = server().push_one(provoking("com.harborworks.a", "panic"));
    let message = &result.findings[0].message;
    assert!(message.contains("the profile is frightening"), "{message}");
}

/// In one push, files that the plugin stumbles over do not stop the others.
#[test]
fn others_of_the_push_are_taken() {
    let server = server();
    let files = [
        ("1", Draft::new("com.harborworks.a", "one").xml()),
        ("2", provoking("com.harborworks.b", "loop")),
        ("3", provoking("com.harborworks.c", "panic")),
        ("4", Draft::new("com.harborworks.d", "one").xml()),
    ];
    let results = server.push_files(&files);
    assert_eq!(results[0].outcome, PushOutcome::Created);
    assert_blamed(&results[1], "plugin-timeout", "loop");
    assert_blamed(&results[2], "plugin-panic", "panic");
    assert_eq!(results[3].outcome, PushOutcome::Created);
}

/// A replacement that the plugin stumbles over leaves the version that hosts have.
#[test]
fn the_last_version_stays() {
    let server = server();
    let known = server.push_taken(Draft::new("com.harborworks.a", "one").xml());
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    host.take_work();
    let bad = server.push_one(provoking("com.harborworks.a", "memory"));
    assert_blamed(&bad, "plugin-memory", "memory");
    settle_one(&server, &mut host);
    assert!(host.take_work().is_empty());
    server.assert_applied(1);
    let again = Draft::new("com.harborworks.a", "one").xml();
    assert_eq!(server.push_taken(again), known);
}

/// While a plugin loops, devices are answered.
#[test]
fn devices_are_answered_meanwhile() {
    let limits = Limits {
        timeout: Duration::from_secs(5),
        ..Limits::default()
    };
    let server = TestServer::with_judge(judge_with(limits));
    server.push_taken(Draft::new("com.harborworks.a", "one").xml());
    let (begins, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            begins.store(true, Ordering::SeqCst);
            let bad = server.push_one(provoking("com.harborworks.b", "loop"));
            is_over.store(true, Ordering::SeqCst);
            assert_blamed(&bad, "plugin-timeout", "loop");
        });
        while !begins.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        // So many that most are answered while it loops, whenever it began.
        for index in 0..10 {
            settle_one(&server, &mut Host::without_user(index));
        }
        assert!(!is_over.load(Ordering::SeqCst), "the plugin still loops");
        server.assert_applied(10);
    });
}

/// The profile in order is judged by every validator that works, also beside a hostile one.
#[test]
fn well_behaved_beside_it() {
    let server = server();
    let result = server.push_one(Draft::new("com.harborworks.a", "one").xml());
    assert_eq!(result.outcome, PushOutcome::Created);
    let sources: Vec<_> = result.findings.iter().map(|f| f.source.as_str()).collect();
    assert!(sources.contains(&"com.mooring.test.hostile"), "{sources:?}");
    let wrong = Draft::new("com.harborworks.b", "one").xml();
    let wrong = wrong.replace("<string>Configuration</string>", "<string>Other</string>");
    let result = server.push_one(wrong);
    assert_eq!(result.findings[0].rule, "T001");
    assert_eq!(result.findings[0].source, "structure");
}
