//! Every way in which a call can end, and that the next call is none the worse for it.

use std::time::{Duration, Instant};

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::{Document, LineIndex, NodeId, ReaderLimits, read_xml};
use mooring_plugin::{
    Call, Context, Device, Failure, Grade, HANDOVER_PER_NODE, Limits, LogLevel, Outcome, Subject,
};

use crate::PLUGIN;

const PROFILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>Größe</key><integer>18446744073709551615</integer>
      <key>Least</key><integer>-9223372036854775808</integer>
      <key>Real</key><real>2.5</real>
      <key>On</key><true/>
      <key>When</key><date>2026-01-02T03:04:05Z</date>
      <key>What</key><data>AP8=</data>
      <key>Empty</key><string></string>
    </dict>
    <string>last</string>
  </array>
</dict>
</plist>
"#;

fn document() -> Document {
    read_xml(PROFILE.as_bytes(), &ReaderLimits::default())
        .unwrap()
        .document
}

fn place(document: &Document, lines: &LineIndex<'_>, id: NodeId) -> (u32, u32) {
    lines.position(document.nodes()[id as usize].start() as usize)
}

fn validate_within(settings: &str, limits: &Limits) -> Call<Vec<Finding>> {
    let document = document();
    let lines = LineIndex::new(PROFILE.as_bytes());
    let subject = Subject::new(&document, PROFILE.as_bytes(), |id| {
        place(&document, &lines, id)
    });
    let context = Context {
        settings: settings.to_owned(),
        ..Context::default()
    };
    PLUGIN.validate(&subject, &context, limits)
}

fn validate(settings: &str) -> Call<Vec<Finding>> {
    validate_within(settings, &Limits::default())
}

fn complaint(call: &Call<Vec<Finding>>) -> Finding {
    let finding = call.complaint(PLUGIN.id()).unwrap();
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.source, "com.mooring.test.hostile");
    finding
}

/// The tree, the bytes and the context arrive whole, and a finding comes back with its place.
#[test]
fn everything_arrives() {
    let document = document();
    let lines = LineIndex::new(PROFILE.as_bytes());
    let subject = Subject::new(&document, b"signed", |id| place(&document, &lines, id));
    let context = Context {
        grade: Grade::AppleStrict,
        device: Some(Device {
            labels: vec!["a".into(), "b".into()],
            ..Device::default()
        }),
        ..Context::default()
    }
    .on("2026-02-03");
    let call = PLUGIN.validate(&subject, &context, &Limits::default());
    assert_eq!(call.log.len(), 1);
    assert_eq!(
        (call.log[0].level, call.log[0].text.as_str()),
        (LogLevel::Debug, "well behaved")
    );
    assert!(call.peak_memory_bytes > 0 && call.peak_memory_bytes < 4 << 20);
    let findings = call.findings(PLUGIN.id());
    assert_eq!(
        findings[0].to_string(),
        "3:1 info H000 dictionary(10) PayloadContent=array(9) dictionary(7) \
         Größe=18446744073709551615 Least=-9223372036854775808 Real=2.5 On=Some(true) \
         When=2026-01-02T03:04:05Z What=[0, 255] Empty=\"\" \"last\" | 6 bytes | apple-strict | \
         today 2026-02-03 | device Some(2) (behave)"
    );
}

/// An endless loop is stopped within its limit and a tick or two, and the text says both times.
#[test]
fn endless_loop() {
    let limits = Limits {
        timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let start = Instant::now();
    let call = validate_within("loop", &limits);
    let Outcome::TimedOut { elapsed, limit } = call.outcome else {
        panic!("{call:?}")
    };
    let values = u32::try_from(document().nodes().len()).unwrap();
    assert_eq!(limit, limits.timeout + HANDOVER_PER_NODE * values);
    assert!(elapsed >= limit && elapsed <= start.elapsed());
    let finding = complaint(&call);
    assert_eq!(finding.rule, "plugin-timeout");
    assert!(
        finding.message.ends_with("its limit is 50 ms"),
        "{}",
        finding.message
    );
}

/// A memory hog is told from every other trap, with its limit, and never had more.
#[test]
fn memory_hog() {
    let call = validate("memory");
    assert_eq!(
        call.outcome,
        Outcome::OutOfMemory {
            limit_bytes: 32 << 20
        }
    );
    assert!(
        call.peak_memory_bytes <= 32 << 20,
        "{}",
        call.peak_memory_bytes
    );
    assert!(
        call.peak_memory_bytes > 16 << 20,
        "{}",
        call.peak_memory_bytes
    );
    assert_eq!(complaint(&call).rule, "plugin-memory");
}

/// A limit above what the runtime has reserved counts as that, and says so.
#[test]
fn memory_of_the_runtime_is_the_most() {
    let limits = Limits {
        memory_bytes: 1 << 30,
        ..Limits::default()
    };
    let call = validate_within("memory", &limits);
    assert_eq!(
        call.outcome,
        Outcome::OutOfMemory {
            limit_bytes: 64 << 20
        }
    );
}

/// A guest that does not even start within its memory says so.
#[test]
fn memory_too_small_to_start() {
    let limits = Limits {
        memory_bytes: 1 << 10,
        ..Limits::default()
    };
    let call = validate_within("", &limits);
    assert_eq!(
        call.outcome,
        Outcome::OutOfMemory {
            limit_bytes: 1 << 10
        }
    );
}

/// A panic arrives with its file, line and text.
#[test]
fn panic() {
    let call = validate("panic");
    let Outcome::Panicked { text } = &call.outcome else {
        panic!("{call:?}")
    };
    assert!(text.contains("src/lib.rs:"), "{text}");
    assert!(text.ends_with(": the profile is frightening"), "{text}");
    assert_eq!(complaint(&call).rule, "plugin-panic");
    let settings = PLUGIN.check_settings("panic", &Limits::default());
    assert!(
        matches!(settings.outcome, Outcome::Panicked { .. }),
        "{settings:?}"
    );
}

/// Endless recursion and an abort are traps; the text of the first says what it usually means.
#[test]
fn traps() {
    let call = validate("recursion");
    let Outcome::Trapped { text } = &call.outcome else {
        panic!("{call:?}")
    };
    assert!(text.contains("recursion"), "{text}");
    assert_eq!(complaint(&call).rule, "plugin-trap");
    let call = validate("abort");
    assert!(matches!(call.outcome, Outcome::Trapped { .. }), "{call:?}");
}

/// Too many findings, too long ones and too large profiles are named by the limit they pass.
#[test]
fn too_much_output() {
    let call = validate("findings");
    assert_eq!(complaint(&call).rule, "plugin-output");
    let limits = Limits {
        findings: 20_000,
        output_bytes: 64 << 20,
        ..Limits::default()
    };
    let call = validate_within("findings", &limits);
    assert_eq!(call.findings(PLUGIN.id()).len(), 20_000);
    let limits = Limits {
        findings: 19_999,
        ..limits
    };
    let call = validate_within("findings", &limits);
    assert_eq!(
        call.outcome,
        Outcome::OutputTooLarge {
            limit: "19999 findings".into()
        }
    );
    let call = validate("output");
    assert_eq!(
        call.outcome,
        Outcome::OutputTooLarge {
            limit: "4 MiB".into()
        }
    );
    let context = Context {
        settings: "output".into(),
        ..Context::default()
    };
    let call = PLUGIN.generate("seed", &context, &Limits::default());
    assert_eq!(
        call.outcome,
        Outcome::OutputTooLarge {
            limit: "4 MiB".into()
        }
    );
}

/// A flood of log lines is cut, counted, and changes no result.
#[test]
fn log_flood() {
    let limits = Limits {
        timeout: Duration::from_secs(5),
        ..Limits::default()
    };
    let call = validate_within("log", &limits);
    let kept: usize = call.log.iter().map(|line| line.text.len()).sum();
    assert!(kept <= 256 << 10 && kept > 200 << 10, "{kept}");
    assert_eq!(call.log.len() as u64 + call.log_lines_dropped, 10_000);
    assert_eq!(call.outcome, Outcome::Done(Vec::new()));
}

/// A plugin's own failures keep their sort and text.
#[test]
fn failures() {
    let failure = |settings| {
        let outcome = validate(settings).outcome;
        let Outcome::Failed(failure) = outcome else {
            panic!("{outcome:?}")
        };
        failure
    };
    assert_eq!(failure("failure"), Failure::Other("it did not work".into()));
    assert_eq!(
        failure("bad-settings"),
        Failure::BadSettings("they are bad".into())
    );
    assert_eq!(
        failure("unsupported"),
        Failure::Unsupported("not this one".into())
    );
    assert_eq!(complaint(&validate("failure")).rule, "plugin-failure");
}

/// A node that is not there has no place, and a path that ends early is shown where it ends.
#[test]
fn crooked_places() {
    let place = |settings| {
        let finding = validate(settings).findings(PLUGIN.id()).remove(0);
        (finding.line, finding.column)
    };
    assert_eq!(place("wrong-node"), (0, 0));
    assert_eq!(place("wrong-path"), (6, 5));
}

/// There is no clock, no environment and no file system to be had.
#[test]
fn nothing_outside() {
    let outcome = |settings| validate(settings).outcome;
    assert!(matches!(outcome("clock"), Outcome::Panicked { .. }));
    assert!(!matches!(outcome("env"), Outcome::Done(f) if f[0].message.contains('/')));
    let Outcome::Done(findings) = outcome("file") else {
        panic!("{:?}", outcome("file"))
    };
    assert!(
        findings[0].message.contains("not supported"),
        "{findings:?}"
    );
}

/// The largest profiles that the reader takes fit the default limits, whatever fills them.
#[test]
fn the_largest_profiles_fit() {
    let reader = ReaderLimits::default();
    let blob = format!("<string>{}</string>", "x".repeat(4 << 20));
    let items = [
        "<dict><key>K</key><string>s</string></dict>",
        "<string>short</string>",
        &blob,
    ];
    for item in items {
        let values = if item.starts_with("<dict>") { 2 } else { 1 };
        let count = ((reader.bytes - 100) / item.len()).min((reader.nodes - 1) / values);
        let text = format!(
            "<plist version=\"1.0\"><array>{}</array></plist>",
            item.repeat(count)
        );
        let document = read_xml(text.as_bytes(), &reader).unwrap().document;
        let subject = Subject::new(&document, text.as_bytes(), |_| (0, 0));
        let context = Context {
            settings: "wrong-node".into(),
            ..Context::default()
        };
        // Unoptimised it takes half of its time: on a machine with much else to do, not every time.
        let mut calls = (0..5).map(|_| PLUGIN.validate(&subject, &context, &Limits::default()));
        let fits = calls.any(|call| call.complaint(PLUGIN.id()).is_none());
        assert!(fits, "{count} times {item:.20}");
    }
}

/// A profile over the input limit is not handed over at all.
#[test]
fn too_much_input() {
    let limits = Limits {
        input_bytes: PROFILE.len(),
        ..Limits::default()
    };
    let call = validate_within("", &limits);
    assert!(
        matches!(call.outcome, Outcome::InputTooLarge { .. }),
        "{call:?}"
    );
    assert_eq!(complaint(&call).rule, "plugin-input");
}

/// Settings are judged by the plugin, without a place.
#[test]
fn settings() {
    let limits = Limits::default();
    assert_eq!(
        PLUGIN.check_settings("good", &limits).outcome,
        Outcome::Done(Vec::new())
    );
    let findings = PLUGIN.check_settings("bad", &limits).findings(PLUGIN.id());
    assert_eq!(
        findings[0].to_string(),
        "0:0 error H001 these settings are bad"
    );
}

/// A bad call leaves others alone: they run beside it and after it, more of them than slots.
#[test]
fn misbehaviour_is_contained() {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for settings in ["panic", "", "memory", "", "recursion", ""] {
                    let call = validate(settings);
                    let done = matches!(call.outcome, Outcome::Done(_));
                    assert_eq!(done, settings.is_empty(), "thread {thread}: {call:?}");
                }
            });
        }
    });
}
