//! Fleets over real HTTP, against a server small enough to see through.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tasks end with the test's runtime"
)]

mod kit;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use kit::{install, list, profile, text};
use mooring_sim::{CHECK_IN_TYPE, Ended, Fleet, FleetOptions, Reply, Summary};
use tokio::net::TcpListener;

const DOCK: &str = "com.harborworks.dock";
const MENU: &str = "com.harborworks.menu";

/// What the server makes of a message.
type Answer = fn(&mut Seen, &Message) -> Reply;

/// What the server saw.
#[derive(Default)]
struct Seen {
    authenticated: Vec<String>,
    /// Commands handed out, by enrollment.
    sent: BTreeMap<String, u32>,
    wrong: Vec<String>,
}

/// The part of a message that a script looks at.
struct Message {
    enrollment: String,
    is_check_in: bool,
    status: String,
}

struct Server {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Serves on a free loopback port until the test's runtime ends.
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&shared);
                let service = hyper::service::service_fn(move |request| {
                    serve(request, Arc::clone(&seen), answer)
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, seen }
    }
}

async fn serve(
    request: hyper::Request<Incoming>,
    seen: Arc<Mutex<Seen>>,
    answer: Answer,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_put = request.method() == Method::PUT && request.uri().path() == "/mdm";
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let plist = kit::read(&body);
    let message = Message {
        enrollment: format!("{}:{}", text(&plist, "UDID"), text(&plist, "UserID")),
        is_check_in: content_type == CHECK_IN_TYPE,
        status: text(&plist, "Status").to_owned(),
    };
    let mut seen = seen.lock().unwrap();
    if !is_put || message.is_check_in != plist.contains_key("MessageType") {
        seen.wrong.push(content_type);
    }
    if text(&plist, "MessageType") == "Authenticate" {
        seen.authenticated.push(message.enrollment.clone());
    }
    let reply = answer(&mut seen, &message);
    let body = Full::new(Bytes::from(reply.body));
    Ok(Response::builder().status(reply.status).body(body).unwrap())
}

/// Gives each enrollment two profiles and a list, once, then nothing.
fn two_profiles(seen: &mut Seen, message: &Message) -> Reply {
    if message.is_check_in {
        return kit::EMPTY;
    }
    let sent = seen.sent.entry(message.enrollment.clone()).or_default();
    *sent += 1;
    match *sent {
        1 => install("c1", &profile(DOCK, "A")),
        2 => install("c2", &profile(MENU, "B")),
        3 => list("c3"),
        _ => kit::EMPTY,
    }
}

fn options(server: &Server, hosts: u32) -> FleetOptions {
    FleetOptions {
        poll_ms: 1,
        exit_when_idle: true,
        ..FleetOptions::new(&server.url, hosts)
    }
}

async fn run(options: FleetOptions) -> Summary {
    let mut fleet = Fleet::new(options).unwrap();
    fleet.run(std::future::pending(), |_| {}).await.unwrap()
}

fn with_state(server: &Server, hosts: u32, state: &Path) -> FleetOptions {
    FleetOptions {
        state: Some(state.to_owned()),
        ..options(server, hosts)
    }
}

/// Proves that a fleet enrolls, obeys on both channels, ends when idle and counts devices once.
#[tokio::test]
async fn a_fleet_obeys_and_ends_when_idle() {
    let server = Server::start(two_profiles).await;
    let summary = run(options(&server, 20)).await;
    assert_eq!(summary.ended, Ended::Idle);
    assert_eq!(
        (summary.hosts, summary.enrolled, summary.unenrolled),
        (20, 20, 0)
    );
    assert_eq!(summary.errors, 0, "{:?}", summary.first_error);
    assert_eq!(
        summary.commands["InstallProfile"], 80,
        "two for each of two channels"
    );
    assert_eq!(summary.commands["ProfileList"], 40);
    let expected = [(DOCK, "A"), (MENU, "B")].map(|(identifier, uuid)| {
        (
            identifier.to_owned(),
            BTreeMap::from([(uuid.to_owned(), 20)]),
        )
    });
    assert_eq!(summary.profiles, BTreeMap::from(expected));
    let seen = server.seen.lock().unwrap();
    assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
    assert_eq!(seen.authenticated.iter().collect::<BTreeSet<_>>().len(), 20);
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["profiles"][DOCK]["A"], 20);
    assert_eq!(json["ended"], "idle");
}

/// Proves that misbehaving hosts are as many as asked for, and that the run ends all the same.
#[tokio::test]
async fn behaviours_reach_their_share() {
    let server = Server::start(two_profiles).await;
    let behaviours = [
        "nouser=all",
        "fail=com.harborworks.dock@25%",
        "drop=0",
        "slow=10%:3",
    ];
    let behaviours = behaviours.map(|text| text.parse().unwrap()).to_vec();
    let summary = run(FleetOptions {
        behaviours,
        ..options(&server, 10)
    })
    .await;
    assert_eq!(summary.ended, Ended::Idle);
    assert_eq!(
        summary.profiles[DOCK]["A"], 7,
        "a quarter of ten, rounded up, failed"
    );
    assert_eq!(summary.profiles[MENU]["B"], 10);
    assert_eq!(summary.reports["Error"], 3);
}

/// Proves that a second run goes on with the same fleet, enrolls only hosts that are new, and
/// finds the same profiles.
#[tokio::test]
async fn the_state_file_keeps_the_fleet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.json");
    let server = Server::start(two_profiles).await;
    let first = run(with_state(&server, 5, &file)).await;
    let again = run(FleetOptions {
        seed: 99,
        ..with_state(&server, 3, &file)
    })
    .await;
    assert_eq!(again.hosts, 5, "the file's devices all come back");
    assert_eq!((again.seed, first.seed), (1, 1), "and keep their seed");
    assert_eq!(again.profiles, first.profiles);
    assert!(again.commands.is_empty());
    assert_eq!(server.seen.lock().unwrap().authenticated.len(), 5);
    let bytes = std::fs::read(&file).unwrap();
    run(with_state(&server, 5, &file)).await;
    assert_eq!(
        bytes,
        std::fs::read(&file).unwrap(),
        "nothing happened, nothing changed"
    );
    let more = run(with_state(&server, 8, &file)).await;
    assert_eq!(more.profiles[DOCK]["A"], 8);
    assert_eq!(server.seen.lock().unwrap().authenticated.len(), 8);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no file left beside it"
    );
}

/// Proves that a damaged or foreign state file is refused, not overwritten.
#[tokio::test]
async fn a_bad_state_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.json");
    let side = r#"{"progress":"new","profiles":[4]}"#;
    for text in [
        "no json".to_owned(),
        r#"{"format":9,"seed":1,"profiles":[],"devices":[]}"#.to_owned(),
        format!(r#"{{"format":1,"seed":1,"profiles":[],"devices":[{{"device":{side}}}]}}"#),
    ] {
        std::fs::write(&file, &text).unwrap();
        let state = Some(file.clone());
        let options = FleetOptions {
            state,
            ..FleetOptions::new("http://127.0.0.1:1", 1)
        };
        assert!(Fleet::new(options).is_err(), "{text}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

/// Proves that a stopped run ends at once, writes its state and can be continued.
#[tokio::test]
async fn a_stopped_run_keeps_its_state() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.json");
    let server = Server::start(two_profiles).await;
    let options = FleetOptions {
        exit_when_idle: false,
        ..with_state(&server, 10, &file)
    };
    let (enough, is_enough) = tokio::sync::watch::channel(false);
    let mut fleet = Fleet::new(options).unwrap();
    let mut wait = is_enough.clone();
    let stop = async move {
        wait.wait_for(|is_enough| *is_enough).await.unwrap();
    };
    let summary = fleet
        .run(stop, |progress| {
            if progress.enrolled >= 5 {
                enough.send_replace(true);
            }
        })
        .await
        .unwrap();
    assert_eq!(summary.ended, Ended::Stopped);
    assert_eq!(fleet.devices().count(), 10, "every device is back");
    let later = run(with_state(&server, 10, &file)).await;
    assert_eq!((later.ended, later.enrolled), (Ended::Idle, 10));
}

/// Proves that an unreachable server and one that never has enough end at their bounds.
#[tokio::test]
async fn faults_that_never_end_are_bounded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let nobody = FleetOptions {
        poll_ms: 1,
        exit_when_idle: true,
        ..FleetOptions::new(url, 3)
    };
    let summary = run(FleetOptions {
        polls_max: Some(4),
        ..nobody
    })
    .await;
    assert_eq!((summary.ended, summary.errors), (Ended::PollsMax, 12));
    assert!(summary.first_error.is_some() && summary.enrolled == 0);

    let greedy: Answer = |_, message| {
        if message.status == "Idle" {
            list("c1")
        } else {
            kit::EMPTY
        }
    };
    let server = Server::start(greedy).await;
    let time_max = Some(Duration::from_millis(50));
    let summary = run(FleetOptions {
        time_max,
        ..options(&server, 3)
    })
    .await;
    assert_eq!((summary.ended, summary.errors), (Ended::TimeMax, 0));
}

/// Proves that a server's refusal is an error, and that only a dismissal unenrolls.
#[tokio::test]
async fn refusals_are_counted_and_dismissals_obeyed() {
    let refusing: Answer = |_, message| {
        let status = if message.is_check_in { 200 } else { 400 };
        Reply {
            status,
            body: b"go away".to_vec(),
        }
    };
    let server = Server::start(refusing).await;
    let summary = run(FleetOptions {
        polls_max: Some(2),
        ..options(&server, 2)
    })
    .await;
    assert_eq!(
        (summary.unenrolled, summary.enrolled, summary.errors),
        (0, 2, 8)
    );
    assert_eq!(
        summary.first_error.unwrap(),
        "the server answered 400: go away"
    );

    let dismissing: Answer = |_, message| {
        let status = if message.status == "Idle" { 401 } else { 200 };
        Reply {
            status,
            body: Vec::new(),
        }
    };
    let server = Server::start(dismissing).await;
    let summary = run(options(&server, 2)).await;
    assert_eq!(
        (summary.unenrolled, summary.enrolled, summary.ended),
        (2, 0, Ended::Idle)
    );
}
