//! What is kept, what is not, and that the bound holds.

use std::collections::BTreeSet;
use std::time::Duration;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::{Document, ReaderLimits, read_xml};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{Context, Device, Digest, Grade, Limits, Subject};

fn document(inner: &str) -> Document {
    let text = format!("<plist version=\"1.0\"><dict>{inner}</dict></plist>");
    let read = read_xml(text.as_bytes(), &ReaderLimits::default());
    read.unwrap().document
}

fn finding(message: &str) -> Located {
    Located {
        node: Some(3),
        is_misplaced: false,
        finding: Finding::host(Severity::Info, "X001", (0, 0), message),
    }
}

fn key(number: u8) -> ResultKey {
    let document = document("");
    let bytes = [number];
    let subject = Subject::new(&document, &bytes, |_| (0, 0));
    let digest = Digest::of(b"plugin");
    let (context, limits) = (Context::default(), Limits::default());
    ResultKey::of_validation(digest, "0.1.0", &subject, &context, &limits)
}

/// Everything that an answer may depend on makes another key, and nothing else does: where the
/// values stand in the file does not.
#[test]
fn keys() {
    let one = document("<key>A</key><string>b</string>");
    let moved = document("\n\n <key>A</key>\n<string>b</string>");
    let digest = Digest::of(b"plugin");
    let of =
        |plugin: &[u8], document: &Document, bytes: &[u8], context: &Context, limits: &Limits| {
            let subject = Subject::new(document, bytes, |_| (0, 0));
            ResultKey::of_validation(Digest::of(plugin), "0.1.0", &subject, context, limits)
        };
    let (context, limits) = (Context::default(), Limits::default());
    let first = of(b"plugin", &one, b"x", &context, &limits);
    assert_eq!(first, of(b"plugin", &moved, b"x", &context, &limits));

    let mut keys = vec![
        first,
        of(b"other", &one, b"x", &context, &limits),
        of(b"plugin", &one, b"y", &context, &limits),
        of(b"plugin", &one, b"", &context, &limits),
    ];
    let subject = Subject::new(&one, b"x", |_| (0, 0));
    keys.push(ResultKey::of_validation(
        digest, "0.2.0", &subject, &context, &limits,
    ));
    for inner in [
        "",
        "<key>A</key><string>c</string>",
        "<key>B</key><string>b</string>",
        "<key>A</key><data>Yg==</data>",
        "<key>A</key><date>2026-01-02T03:04:05Z</date>",
        "<key>A</key><integer>1</integer>",
        "<key>A</key><real>1</real>",
        "<key>A</key><true/>",
        "<key>A</key><false/>",
        "<key>A</key><dict/>",
        "<key>A</key><array/>",
        "<key>A</key><array/><key>B</key><string>b</string>",
        "<key>A</key><array><string>b</string></array>",
    ] {
        keys.push(of(b"plugin", &document(inner), b"x", &context, &limits));
    }
    for other in contexts() {
        keys.push(of(b"plugin", &one, b"x", &other, &limits));
    }
    for other in all_limits() {
        keys.push(of(b"plugin", &one, b"x", &context, &other));
    }
    let distinct: BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
}

/// Each of many parts counts, however the parts are gathered before they are hashed.
#[test]
fn every_part_counts() {
    let of = |bytes: &[u8], changed: Option<usize>| {
        let text = |n: usize| if Some(n) == changed { "b" } else { "a" };
        let inner = |n| format!("<key>{n}</key><string>{}</string>", text(n).repeat(n % 70));
        let document = document(&(1..400).map(inner).collect::<String>());
        let subject = Subject::new(&document, bytes, |_| (0, 0));
        let (context, limits) = (Context::default(), Limits::default());
        ResultKey::of_validation(Digest::of(b"plugin"), "0.1.0", &subject, &context, &limits)
    };
    let mut keys = BTreeSet::from([of(b"", None)]);
    for length in [1, 100, 3000, 3900, 3990, 4000, 4095, 4096, 4097, 9000] {
        let mut bytes = vec![0; length];
        keys.insert(of(&bytes, None));
        bytes[length - 1] = 1;
        keys.insert(of(&bytes, None));
    }
    for changed in (1..400).filter(|n| n % 70 != 0).step_by(7) {
        keys.insert(of(b"", Some(changed)));
    }
    assert_eq!(keys.len(), 1 + 20 + 57);
}

fn contexts() -> Vec<Context> {
    let text = |text: &str| text.to_owned();
    let with = |device| Context {
        device: Some(device),
        ..Context::default()
    };
    let none = Device::default;
    vec![
        Context {
            settings: text("{}"),
            ..Context::default()
        },
        Context {
            grade: Grade::AppleStrict,
            ..Context::default()
        },
        Context::default().on("2026-01-02"),
        Context::default().on("2026-01-03"),
        with(none()),
        with(Device {
            platform: text("macOS"),
            ..none()
        }),
        with(Device {
            os_version: Some(text("")),
            ..none()
        }),
        with(Device {
            model: Some(text("")),
            ..none()
        }),
        with(Device {
            supervised: Some(false),
            ..none()
        }),
        with(Device {
            supervised: Some(true),
            ..none()
        }),
        with(Device {
            channel: text("user"),
            ..none()
        }),
        with(Device {
            labels: vec![text("ab")],
            ..none()
        }),
        with(Device {
            labels: vec![text("a"), text("b")],
            ..none()
        }),
        with(Device {
            extra: vec![(text("a"), text("b"))],
            ..none()
        }),
    ]
}

fn all_limits() -> Vec<Limits> {
    let usual = Limits::default;
    vec![
        Limits {
            timeout: Duration::from_millis(1),
            ..usual()
        },
        Limits {
            memory_bytes: 1,
            ..usual()
        },
        Limits {
            input_bytes: 1,
            ..usual()
        },
        Limits {
            findings: 1,
            ..usual()
        },
        Limits {
            output_bytes: 1,
            ..usual()
        },
        Limits {
            log_bytes: 1,
            ..usual()
        },
    ]
}

/// Answers of the plugin are kept, and what the moment brought about is not.
#[test]
fn lasting() {
    let text = || "text".to_owned();
    for (answer, is_kept) in [
        (Outcome::Done(vec![finding("a")]), true),
        (Outcome::Failed(Failure::Other(text())), true),
        (Outcome::Panicked { text: text() }, true),
        (Outcome::OutputTooLarge { limit: text() }, true),
        (Outcome::OutOfMemory { limit_bytes: 1 }, false),
        (
            Outcome::TimedOut {
                elapsed: Duration::ZERO,
                limit: Duration::ZERO,
            },
            false,
        ),
        (Outcome::Trapped { text: text() }, false),
        (Outcome::Unavailable { text: text() }, false),
        (Outcome::Unsteady, false),
    ] {
        let cache = ResultCache::default();
        cache.keep(key(0), &answer);
        let found = cache.find(&key(0));
        assert_eq!(found.is_some(), is_kept, "{answer:?}");
        assert!(found.is_none_or(|found| *found == answer));
    }
}

/// An answer that alone is over the bound is not kept and drives no other out.
#[test]
fn too_large() {
    let cache = ResultCache::new(2000);
    let small = Outcome::Done(vec![finding("a")]);
    cache.keep(key(0), &small);
    cache.keep(key(1), &Outcome::Done(vec![finding(&"x".repeat(2000))]));
    assert!(cache.find(&key(1)).is_none());
    assert_eq!(*cache.find(&key(0)).unwrap(), small);
}

/// Every text of a finding counts, so that the bound is one on memory.
#[test]
fn every_text_counts() {
    let text = || "x".repeat(1000);
    let plain = || finding("a").finding;
    let bytes = |finding: Finding| {
        size(&Outcome::Done(vec![Located {
            finding,
            ..self::finding("a")
        }]))
    };
    let none = bytes(plain());
    for longer in [
        plain().with_hint(text()),
        plain().with_fix(text()),
        plain().accepted(&text()),
        Finding {
            rule: text(),
            ..plain()
        },
        Finding {
            message: text(),
            ..plain()
        },
        Finding {
            source: text(),
            ..plain()
        },
    ] {
        assert!(bytes(longer.clone()) >= none + 990, "{longer}");
    }
}

proptest! {
    /// After every step the bound holds, the counts add up, what is found is what was kept last
    /// under that key, and what was asked for last is still there.
    #[test]
    fn bounded(steps in vec((0_u8..20, 0_usize..600, any::<bool>()), 1..200)) {
        const BYTES_MAX: usize = 5000;
        let keys: Vec<_> = (0..20).map(key).collect();
        let cache = ResultCache::new(BYTES_MAX);
        let mut kept = BTreeMap::new();
        for (number, length, is_asked) in steps {
            let key = keys[usize::from(number)];
            if is_asked {
                if let Some(found) = cache.find(&key) {
                    prop_assert_eq!(Some(&*found), kept.get(&key));
                }
            } else {
                let answer = Outcome::Done(vec![finding(&"x".repeat(length))]);
                cache.keep(key, &answer);
                kept.insert(key, answer);
                prop_assert!(cache.find(&key).is_some());
            }
            let table = cache.table();
            let bytes: usize = table.entries.values().map(|entry| size(&entry.answer)).sum();
            prop_assert_eq!(table.counts.bytes, bytes);
            prop_assert!(bytes <= BYTES_MAX);
            prop_assert_eq!(table.counts.entries, table.entries.len());
            prop_assert_eq!(table.turns.len(), table.entries.len());
        }
    }
}
