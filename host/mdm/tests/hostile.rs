//! Bodies that no device sends: each is answered, and none makes the reader panic.

use std::collections::BTreeSet;
use std::time::Instant;

use mooring_mdm::command::RawCommand;
use mooring_mdm::message::{MESSAGE_LIMITS, Message};
use mooring_mdm::profile::{Profile, ProfileLimits};

#[path = "../../../tests/src/hostile_bodies.rs"]
#[expect(unreachable_pub, reason = "the file is part of a library, too")]
mod hostile_bodies;

/// Every hostile body is read to an end, with a message or an error that is short enough to log;
/// the slowest are shown.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn every_body_ends() {
    let mut names = BTreeSet::new();
    let mut times = Vec::new();
    let mut accepted = 0;
    for (name, body) in hostile_bodies::hostile_bodies() {
        let begin = Instant::now();
        let decoded = Message::decode(&body);
        times.push((begin.elapsed(), body.len(), name.clone()));
        match decoded {
            Ok(_) => accepted += 1,
            Err(error) => {
                let text = error.to_string();
                assert!(text.len() < 1000, "{name}: {text}");
                assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
            }
        }
        let is_too_long = body.len() > MESSAGE_LIMITS.bytes;
        assert!(names.insert(name.clone()), "two bodies are called {name}");
        assert!(!is_too_long || Message::decode(&body).is_err(), "{name}");
    }
    assert!(names.len() >= 300, "{} bodies are too few", names.len());
    times.sort_unstable_by(|a, b| b.cmp(a));
    eprintln!(
        "{} bodies, {accepted} of them messages; slowest:",
        names.len()
    );
    for (time, bytes, name) in times.iter().take(15) {
        eprintln!("{:8} us, {bytes:8} bytes: {name}", time.as_micros());
    }
}

/// The same bodies as an administrator's command or profile are read to an end too, and none of
/// them is a command.
#[test]
fn other_readers_end() {
    for (name, body) in hostile_bodies::hostile_bodies() {
        assert!(RawCommand::parse(&body).is_err(), "{name}");
        if let Err(finding) = Profile::parse(&body, &ProfileLimits::default()) {
            assert!(finding.to_string().len() < 1000, "{name}");
        }
    }
}
