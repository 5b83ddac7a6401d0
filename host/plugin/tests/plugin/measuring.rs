//! What is measured and checked about a plugin beside its answers.

use mooring_mdm::plist::{ReaderLimits, read_xml};
use mooring_plugin::{Context, Limits, Outcome, Plugin, Runtime, RuntimeOptions, Subject};

use crate::{HOSTILE, PLUGIN};

const PROFILE: &[u8] =
    b"<plist version=\"1.0\"><dict><key>PayloadContent</key><array/></dict></plist>";

fn context(settings: &str) -> Context {
    Context {
        settings: settings.into(),
        ..Context::default()
    }
}

/// Instructions are counted where the runtime was told to, the same in every call, and more for more
/// work; elsewhere they are not.
#[test]
fn instructions() {
    let runtime = Runtime::new(&RuntimeOptions {
        counts_instructions: true,
        ..RuntimeOptions::default()
    })
    .unwrap();
    let counting = runtime.load(&HOSTILE).unwrap();
    let document = read_xml(PROFILE, &ReaderLimits::default())
        .unwrap()
        .document;
    let subject = Subject::new(&document, PROFILE, |_| (1, 1));
    let count = |plugin: &Plugin, settings: &str| {
        let call = plugin.validate(&subject, &context(settings), &Limits::default());
        call.instructions
    };
    let plain = count(&counting, "").unwrap();
    assert!(plain > 1000, "{plain}");
    assert_eq!(count(&counting, ""), Some(plain));
    assert!(count(&counting, "log").unwrap() > plain);
    assert_eq!(count(&PLUGIN, ""), None);
}

/// A finding about a node beyond the last is told apart; a path may end where something is missing.
#[test]
fn misplaced_findings() {
    let document = read_xml(PROFILE, &ReaderLimits::default())
        .unwrap()
        .document;
    let subject = Subject::new(&document, PROFILE, |_| (1, 1));
    let lost = |settings: &str| {
        let call = PLUGIN.misplaced(&subject, &context(settings), &Limits::default());
        let Outcome::Done(lost) = call.outcome else {
            panic!("{settings}: {:?}", call.outcome);
        };
        lost.len()
    };
    assert_eq!(lost("wrong-node"), 1);
    assert_eq!(lost("wrong-path"), 0);
    assert_eq!(lost(""), 0);
}
