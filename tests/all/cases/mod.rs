//! What sync engines in the field got wrong, one test a case: A is what has to happen, F is what
//! goes wrong meanwhile.
//!
//! Knows nothing of how the engine decides: it has a server, devices and time. Invariants: a test
//! is named for its case; a case without a test here is in exactly one of the two tables, which
//! `tidy` compares with the sources.

mod asking;
mod channels;
mod contested;
mod crossing;
mod delivery;
mod epochs;
mod hosts;
mod interleaving;
mod judging;
mod losing;
mod plugins;
mod puppet;
mod rollback;
mod scopes;
mod storms;
mod uploads;

use mooring_tests::{Draft, TestServer};

/// Cases that cannot come up here, and why.
pub(crate) const UNTESTED: [(&str, &str); 4] = [
    (
        "A36",
        "one evaluator for profiles and declarations: there are no declarations; every profile is \
         judged by mooring_drift::scope, and nothing else judges",
    ),
    (
        "A42",
        "a budget of certificates shared by two windows: no profile holds a certificate of its \
         own here; renewals of identities are paced by the day they end",
    ),
    (
        "A44",
        "declarations removed and added again: declarative management is not built; status \
         reports of devices are taken and passed on",
    ),
    (
        "F19",
        "a command sent upstream before it is stored: this server has no upstream, and hands out \
         nothing before it is stored",
    ),
];

/// Cases whose proof lies elsewhere: a file of the repository and a test in it.
pub(crate) const ELSEWHERE: [(&str, &str); 19] = [
    // An error in the middle of the work.
    ("A41", "tests/all/faults/storing.rs any_commit_fails"),
    ("A41", "tests/all/restart.rs crashed_before_any_reply"),
    // Answers of the push service.
    ("F8", "tests/all/push/answers.rs newer_410"),
    ("F8", "tests/all/push/answers.rs older_410"),
    ("F8", "tests/all/push/answers.rs an_hour_of_bad_tokens"),
    ("F8", "tests/all/push/answers.rs certificate_replaced"),
    // Everybody at once.
    ("F17", "tests/all/sync/crowd.rs everybody_at_once"),
    (
        "F17",
        "host/push/src/pace/tests/repeats.rs repetition_is_spread",
    ),
    ("F17", "host/push/src/pace/tests/waves.rs bounded"),
    // Hosts that are off before those that are on.
    (
        "F18",
        "tests/all/push.rs the_absent_do_not_starve_the_others",
    ),
    (
        "F18",
        "host/push/src/pace/tests/waves.rs the_absent_do_not_starve_the_others",
    ),
    // A disk that is full, and one that fails.
    (
        "F20",
        "host/store/src/tests/fault.rs a_full_disk_that_has_room_again",
    ),
    (
        "F20",
        "host/store/src/tests/fault.rs a_failing_disk_is_told_and_loses_nothing",
    ),
    // A damaged file.
    (
        "F21",
        "host/store/src/tests/file.rs a_damaged_row_is_quarantined",
    ),
    (
        "F21",
        "host/store/src/tests/backup/damage.rs a_flipped_bit_is_found_anywhere",
    ),
    // Plugins that say something else each time, and that misbehave.
    (
        "F23",
        "host/plugin/tests/plugin/generating.rs generating_twice",
    ),
    ("F23", "host/plugin/tests/plugin/calls.rs nothing_outside"),
    ("F24", "tests/all/hostile.rs the_last_version_stays"),
    ("F24", "tests/all/hostile.rs well_behaved_beside_it"),
];

/// Profiles that most cases are about.
const A: &str = "com.harborworks.a";
const B: &str = "com.harborworks.b";
const C: &str = "com.harborworks.c";

/// A server with these profiles.
fn server_with(identifiers: &[&str]) -> TestServer {
    let server = TestServer::new();
    for identifier in identifiers {
        push(&server, identifier, "first");
    }
    server
}

/// Pushes a profile for the device channel; gives its uuid.
fn push(server: &TestServer, identifier: &str, content: &str) -> String {
    server.push_taken(Draft::new(identifier, content).xml()).1
}

/// Chance that a seed repeats.
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// Yes, in so many of a hundred.
    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}
