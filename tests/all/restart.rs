//! Restarts between any two messages, of the device or of the administrator: nothing is lost,
//! nothing is done twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use mooring_sim::{Channel, Next, Reply, Request};
use mooring_tests::clock::MINUTE_MS;
use mooring_tests::host::read_command;
use mooring_tests::{Draft, Host, TestClock, TestServer};
use tempfile::TempDir;

const A: &str = "com.harborworks.a";
const B: &str = "com.harborworks.b";
const C: &str = "com.harborworks.c";
const D: &str = "com.harborworks.d";

/// How the server is interrupted after it has processed a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// It crashes before its reply is delivered: what is in the file at that moment is all there
    /// is, and the device sees its connection break.
    Crash,
    /// It is stopped and started again after its reply was delivered.
    Restart,
}

/// One host, one store file, and the point at which the server is interrupted.
struct Scene {
    folder: TempDir,
    file: PathBuf,
    clock: TestClock,
    server: Option<TestServer>,
    host: Host,
    messages: usize,
    cut: Option<(usize, Cut)>,
    /// Whether the reply that was lost carried a command, and which.
    lost: Option<String>,
    loses_next_report: bool,
}

impl Scene {
    fn new(cut: Option<(usize, Cut)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("first.redb");
        let clock = TestClock::new();
        Self {
            server: Some(TestServer::open(&file, &clock)),
            folder,
            file,
            clock,
            host: Host::new(0),
            messages: 0,
            cut,
            lost: None,
            loses_next_report: false,
        }
    }

    fn server(&self) -> &TestServer {
        self.server.as_ref().expect("a server")
    }

    /// Enrolling, three profiles, one replaced, one deleted, a NotNow, a lost report, a new one.
    fn play(&mut self) {
        let user = Draft {
            scope: Some("User"),
            ..Draft::new(C, "first")
        };
        for draft in [Draft::new(A, "first"), Draft::new(B, "first"), user] {
            self.server().push_taken(draft.xml());
            self.after_change();
        }
        self.settle();
        self.server().push_taken(Draft::new(A, "second").xml());
        self.after_change();
        self.server().remove(B);
        self.after_change();
        self.host.device.lock(1);
        self.contact();
        self.settle();
        self.server().push_taken(Draft::new(D, "first").xml());
        self.after_change();
        self.loses_next_report = true;
        self.settle();
        self.server().refresh_host(&self.host.id()).unwrap();
        self.after_change();
        self.settle();
    }

    /// What an administrator was promised is a message too: the server may be interrupted right
    /// after it.
    fn after_change(&mut self) {
        self.messages += 1;
        if let Some((_, cut)) = self.cut.filter(|(at, _)| *at == self.messages) {
            self.restart(cut == Cut::Crash);
        }
    }

    /// Contacts until two in a row bring no command.
    fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..12 {
            self.clock.advance(MINUTE_MS);
            let before = self.host.sent.len();
            let is_whole = self.contact();
            quiet = if is_whole && self.host.sent.len() == before {
                quiet + 1
            } else {
                0
            };
            if quiet == 2 {
                return;
            }
        }
        panic!("no rest: {:#?}", self.host.sent);
    }

    /// One contact; whether every message was answered.
    fn contact(&mut self) -> bool {
        let mut is_whole = true;
        for channel in [Channel::Device, Channel::User] {
            let Some(mut request) = self.host.device.begin(channel) else {
                continue;
            };
            loop {
                let reply = self.deliver(channel, &request);
                is_whole &= reply.status == 200;
                match self.host.device.answer(channel, &reply) {
                    Next::Send(next) => request = next,
                    Next::Over(_) | Next::Renew(_) => break,
                }
            }
        }
        is_whole
    }

    fn deliver(&mut self, channel: Channel, request: &Request) -> Reply {
        let is_report = request.body.windows(11).any(|w| w == b"CommandUUID");
        let of_install = self
            .host
            .sent
            .last()
            .is_some_and(|s| s.what.starts_with("Install"));
        if self.loses_next_report && is_report && of_install {
            self.loses_next_report = false;
            return Reply::lost();
        }
        self.messages += 1;
        let server = self.server.take().expect("a server");
        let reply = self.host.say(&server, channel, request);
        self.server = Some(server);
        match self.cut.filter(|(at, _)| *at == self.messages) {
            None => reply,
            Some((_, Cut::Restart)) => {
                self.restart(false);
                reply
            }
            Some((_, Cut::Crash)) => {
                self.restart(true);
                let carried = (!reply.body.is_empty()).then(|| read_command(channel, &reply.body));
                self.lost = carried.map(|sent| sent.what);
                Reply::lost()
            }
        }
    }

    fn restart(&mut self, is_crash: bool) {
        let shown = |server: &TestServer| {
            let id = self.host.id();
            let detail = server.host_detail(&id).map(|mut detail| {
                // The moment of a contact that changed nothing is kept in memory alone.
                detail.summary.last_seen_at.clear();
                detail
            });
            let profiles = server.host_profiles(&id);
            format!("{detail:?} {profiles:?} {:?}", server.profile_listing(true))
        };
        let before = shown(self.server());
        if is_crash {
            let copy = self.folder.path().join("after-crash.redb");
            fs::copy(&self.file, &copy).unwrap();
            self.file = copy;
        }
        self.server = None;
        self.server = Some(TestServer::open(&self.file, &self.clock));
        assert_eq!(shown(self.server()), before);
    }

    fn assert_done(&self, point: &str) {
        self.server().assert_applied(1);
        let held: Vec<_> = self.host.identifiers();
        assert_eq!(held, [A, D], "{point}");
        let users: Vec<_> = self.host.holds(Channel::User).into_keys().collect();
        assert_eq!(users, [C], "{point}");
        let uuids: BTreeSet<_> = self.host.sent.iter().map(|sent| &sent.uuid).collect();
        assert_eq!(
            uuids.len(),
            self.host.sent.len(),
            "{point}: a uuid came twice"
        );
        assert_eq!(self.host.device.tally().duplicates, 0, "{point}");
    }

    fn work(&self) -> Vec<&str> {
        self.host
            .sent
            .iter()
            .map(|sent| sent.what.as_str())
            .collect()
    }
}

fn count(work: &[&str], start: &str) -> usize {
    work.iter().filter(|what| what.starts_with(start)).count()
}

/// The scenario without any restart, for comparison.
fn undisturbed() -> Scene {
    let mut scene = Scene::new(None);
    scene.play();
    scene.assert_done("undisturbed");
    scene
}

/// A server that is stopped and started after any one message sends exactly what it would have
/// sent anyway, in the same order.
#[test]
fn restarted_after_any_message() {
    let undisturbed = undisturbed();
    assert!(undisturbed.messages > 30, "{}", undisturbed.messages);
    for at in 1..=undisturbed.messages {
        let mut scene = Scene::new(Some((at, Cut::Restart)));
        scene.play();
        let point = format!("restart after message {at}");
        scene.assert_done(&point);
        assert_eq!(scene.work(), undisturbed.work(), "{point}");
        assert_eq!(scene.messages, undisturbed.messages, "{point}");
    }
}

/// A server that crashes after it has stored any one message and before its reply leaves ends in
/// the same state; only the command of the lost reply comes again, after a list.
#[test]
fn crashed_before_any_reply() {
    let undisturbed = undisturbed();
    let expected = undisturbed.work();
    for at in 1..=undisturbed.messages {
        let mut scene = Scene::new(Some((at, Cut::Crash)));
        scene.play();
        let lost = scene.lost.clone().unwrap_or_default();
        let point = format!("crash after message {at}, which lost {lost:?}");
        scene.assert_done(&point);
        let work = scene.work();
        for (kind, spare) in [
            ("InstallProfile", 1),
            ("RemoveProfile", 1),
            ("DeviceInf", 1),
        ] {
            // Two outcomes lost in a row are a reason to ask who it is that answers.
            let is_asked = kind == "DeviceInf" && lost.starts_with("InstallProfile");
            let is_spared = lost.starts_with(kind) || is_asked;
            let most = count(&expected, kind) + if is_spared { spare } else { 0 };
            assert!(count(&work, kind) <= most, "{point}: {work:#?}");
        }
        let lists = count(&work, "ProfileList");
        assert!(
            lists <= count(&expected, "ProfileList") + 1,
            "{point}: {work:#?}"
        );
    }
}
