//! Signed messages that somebody else saw and sends once more: nothing is learned from them but
//! what was said already, and nothing changes.

use mooring_server::device::DeviceReply;
use mooring_tests::host::read_command;
use mooring_tests::identity::{Card, Letter, Site, SiteOptions, Stamp, Way, outside, sign};
use mooring_tests::{Draft, TestClock};

use super::matrix::OURS;

const WAY: Way = Way::Signature;

/// A server with an enrolled device, and every letter that the device sent.
struct Scene {
    site: Site,
    card: Card,
    letters: Vec<(String, Letter)>,
}

impl Scene {
    fn new(site: Site) -> Self {
        site.server
            .push_taken(Draft::new("com.harborworks.a", "first").xml());
        let mut scene = Self {
            site,
            card: outside().card("ours", 0),
            letters: Vec::new(),
        };
        for row in ["authenticate", "token-update"] {
            assert_eq!(scene.say(row, ""), DeviceReply::Empty);
        }
        scene
    }

    fn say(&mut self, row: &str, uuid: &str) -> DeviceReply {
        self.site.server.clock.advance(1000);
        let letter = self.site.letter(WAY, &self.card, &OURS.says_of(row, uuid));
        let reply = self.site.send(&letter);
        self.letters.push((row.to_owned(), letter));
        reply
    }

    fn last(&self) -> &Letter {
        &self.letters.last().expect("a letter").1
    }

    /// Sends it once more: it is answered like this, and nothing is different.
    #[track_caller]
    fn assert_again(&self, letter: &Letter, reply: &DeviceReply, what: &str) {
        let before = self.site.snapshot();
        self.site.server.clock.advance(60_000);
        for _ in 0..3 {
            assert_eq!(self.site.send(letter), *reply, "{what}");
        }
        assert!(self.site.snapshot() == before, "{what} changed something");
    }

    fn command(&mut self, row: &str, uuid: &str) -> (DeviceReply, String) {
        let reply = self.say(row, uuid);
        let DeviceReply::Command(bytes) = &reply else {
            panic!("{row}: {reply:?}")
        };
        let uuid = read_command(mooring_sim::Channel::Device, bytes).uuid;
        (reply, uuid)
    }
}

/// A server that tells others of what devices say, so that a message is seen to be told once.
fn site() -> Site {
    Site::with(&SiteOptions {
        ways: vec![WAY],
        keeps_events: true,
        ..SiteOptions::default()
    })
}

/// The last message gets the command that is in flight, byte for byte, however often; every one
/// before it gets nothing; the device goes on where it was.
#[test]
fn messages_again() {
    let mut scene = Scene::new(site());
    let (first, list) = scene.command("idle", "");
    scene.assert_again(scene.last(), &first, "the last Idle");
    let (second, _) = scene.command("acknowledged-profile-list", &list);
    scene.assert_again(scene.last(), &second, "the last report");
    for (row, letter) in &scene.letters[..scene.letters.len() - 1] {
        scene.assert_again(letter, &DeviceReply::Empty, row);
    }
    // The device lost its reply: it asks again and goes on.
    let (_, next) = scene.command("idle", "");
    scene.command("acknowledged-device-information", &next);
    for (row, letter) in &scene.letters[..scene.letters.len() - 1] {
        scene.assert_again(letter, &DeviceReply::Empty, row);
    }
}

/// A profile that is on its way does not go out again once it is deleted, switched off, replaced or
/// not for this host; while it is meant, it does.
#[test]
fn a_profile_that_is_not_meant_any_more() {
    use mooring_drift::scope::Assignment;
    use mooring_server::change::ChangeOptions;

    type Change<'a> = (&'a str, &'a dyn Fn(&Site));
    const A: &str = "com.harborworks.a";
    let nobody: Assignment = serde_json::from_str(r#"{"percent":0}"#).unwrap();
    let ways: [Change<'_>; 4] = [
        ("deleted", &|site| site.server.remove(A)),
        ("switched off", &|site| site.server.enable(A, false)),
        ("replaced", &|site| {
            site.server.push_taken(Draft::new(A, "second").xml());
        }),
        ("out of scope", &|site| {
            let (a, by) = (mooring_tests::server::id(A), ChangeOptions::by("test"));
            let set = site.server.set_assignment(&a, Some(&nobody), &by);
            drop(set.unwrap());
        }),
    ];
    for (what, change) in ways {
        let mut scene = Scene::new(site());
        let (_, list) = scene.command("idle", "");
        let (_, query) = scene.command("acknowledged-profile-list", &list);
        let (install, uuid) = scene.command("acknowledged-device-information", &query);
        let DeviceReply::Command(bytes) = &install else {
            panic!("{install:?}")
        };
        let sent = read_command(mooring_sim::Channel::Device, bytes);
        assert_eq!(
            (sent.what, sent.uuid),
            (format!("InstallProfile {A}"), uuid)
        );
        scene.assert_again(scene.last(), &install, "the last report");
        change(&scene.site);
        scene.assert_again(scene.last(), &DeviceReply::Empty, what);
    }
}

/// Check-ins that come again, whenever: no new epoch, no lost push token, nobody checked out, and
/// no secret for whoever sends them.
#[test]
fn check_ins_again() {
    let mut scene = Scene::new(site());
    for row in [
        "user-token-update",
        "set-bootstrap-token",
        "get-bootstrap-token",
        "authenticate",
        "token-update",
        "set-bootstrap-token",
        "get-bootstrap-token",
    ] {
        scene.say(row, "");
        scene.assert_again(scene.last(), &DeviceReply::Empty, row);
    }
    for _ in 0..40 {
        scene.say("idle", "");
    }
    for (row, letter) in scene.letters.iter().filter(|(row, _)| row != "idle") {
        scene.assert_again(letter, &DeviceReply::Empty, row);
    }
    assert_eq!(scene.say("check-out", ""), DeviceReply::Empty);
    scene.say("authenticate", "");
    scene.say("token-update", "");
    for (row, letter) in scene.letters.iter().filter(|(row, _)| row != "idle") {
        scene.assert_again(letter, &DeviceReply::Empty, row);
    }
    assert!(matches!(scene.say("idle", ""), DeviceReply::Command(_)));
}

/// What was stored is known again after a restart: check-ins, and the reports that changed
/// something.
#[test]
fn again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mooring.redb");
    let clock = TestClock::new();
    let mut scene = Scene::new(Site::open(&file, &clock, WAY));
    scene.say("set-bootstrap-token", "");
    scene.say("get-bootstrap-token", "");
    let (_, list) = scene.command("idle", "");
    let (second, _) = scene.command("acknowledged-profile-list", &list);
    let (card, letters) = (scene.card.clone(), std::mem::take(&mut scene.letters));
    drop(scene);
    let scene = Scene {
        site: Site::open(&file, &clock, WAY),
        card,
        letters,
    };
    scene.assert_again(scene.last(), &second, "the last report");
    for (row, letter) in &scene.letters[..scene.letters.len() - 1] {
        scene.assert_again(letter, &DeviceReply::Empty, row);
    }
}

/// A commit that fails, or that somebody else's came before, does not make a message one that was
/// heard: sent again, it is taken.
#[test]
fn messages_that_were_not_stored() {
    use std::sync::{Arc, Mutex};

    use mooring_mdm::ids::{EnrollmentId, HostId};
    use mooring_store::StoreError;
    use mooring_tests::flaky::{Failure, FlakyStore, Script};

    let script: Script = Arc::new(Mutex::new(std::collections::VecDeque::new()));
    let options = SiteOptions {
        ways: vec![WAY],
        ..SiteOptions::default()
    };
    let store = Arc::new(FlakyStore::new(&script));
    let site = Site::over(store, &TestClock::new(), &options);
    let mut scene = Scene::new(site);
    let enrollment = EnrollmentId::device(HostId::parse(OURS.udid).unwrap());
    let conflict = StoreError::Conflict {
        what: enrollment.to_string(),
    };
    let fail = |error: &StoreError| {
        script.lock().unwrap().push_back(Some(Failure {
            error: error.clone(),
            is_stored: false,
        }));
    };
    fail(&conflict);
    let (_, list) = scene.command("idle", "");
    for _ in 0..8 {
        fail(&conflict);
    }
    let reply = scene.say("acknowledged-profile-list", &list);
    assert_eq!(reply, DeviceReply::Unavailable);
    let reply = scene.site.send(&scene.last().clone());
    assert!(matches!(reply, DeviceReply::Command(_)), "{reply:?}");
}

/// A signature that states no time says nothing about which message it is: two equal ones are two,
/// and the second gets the work that came up in between.
#[test]
fn equal_signatures_without_a_time() {
    let site = Site::new(WAY);
    let card = outside().card("ours", 0);
    site.enroll(WAY, &card, &OURS);
    let letter = |row: &str, uuid: &str, stamp| {
        let body = OURS.says_of(row, uuid);
        let mut letter = site.letter(WAY, &card, &body);
        letter.presented.signature = vec![sign(&card, &body, stamp).into_bytes()];
        letter
    };
    let idle = letter("idle", "", Stamp::Bare);
    let mut kinds = Vec::new();
    let mut reply = site.send(&idle);
    while let DeviceReply::Command(bytes) = &reply {
        let command = read_command(mooring_sim::Channel::Device, bytes);
        let row = match command.what.as_str() {
            "ProfileList" => "acknowledged-profile-list",
            "DeviceInformation" => "acknowledged-device-information",
            _ => "acknowledged",
        };
        kinds.push(command.what);
        reply = site.send(&letter(row, &command.uuid, Stamp::Bare));
        assert!(kinds.len() < 20, "{kinds:?}");
    }
    assert_eq!(site.send(&idle), DeviceReply::Empty);
    site.server
        .push_taken(Draft::new("com.harborworks.b", "first").xml());
    let reply = site.send(&idle);
    assert!(matches!(reply, DeviceReply::Command(_)), "{reply:?}");
    // With a time, the same would be a message that comes again.
    let timed = letter("idle", "", Stamp::At("231114221320Z"));
    let first = site.send(&timed);
    assert!(matches!(first, DeviceReply::Command(_)), "{first:?}");
    assert_eq!(site.send(&timed), first);
}
