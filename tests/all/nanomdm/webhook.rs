//! The webhook: in order, until it is taken, through restarts, and within its bound.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_server::ServeOptions;
use mooring_server::webhook::WebhookOptions;
use serde_json::Value;

use super::http::Site;
use super::{answer_to, authenticate, report, token_update};

/// Longest wait for a delivery; reached only where it fails.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// One delivery as it came.
struct Received {
    head: String,
    body: Vec<u8>,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn topic(&self) -> String {
        self.json()["topic"].as_str().expect("a topic").to_owned()
    }

    fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.to_owned())
    }
}

/// The administrator's program: it answers when the test says so, and what the test says.
struct Hook {
    url: String,
    received: Receiver<Received>,
    answers: Sender<String>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
        let (told, received) = channel();
        let (answers, wanted) = channel::<String>();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let serve = move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                while let Some(request) = read(&mut stream) {
                    if told.send(request).is_err() {
                        return;
                    }
                    let Ok(answer) = wanted.recv() else { return };
                    if answer.is_empty() || stream.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        };
        Self {
            url,
            received,
            answers,
            is_over,
            thread: Some(std::thread::spawn(serve)),
        }
    }

    /// The next delivery. It has to be answered.
    #[track_caller]
    fn next(&self) -> Received {
        self.received.recv_timeout(WAIT_MAX).expect("a delivery")
    }

    fn answer(&self, status: u16, more: &str) {
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n{more}\r\nok");
        self.answers.send(answer).unwrap();
    }

    /// Breaks the connection in place of an answer.
    fn hang_up(&self) {
        self.answers.send(String::new()).unwrap();
    }

    /// Takes the next delivery.
    #[track_caller]
    fn take(&self) -> Received {
        let received = self.next();
        self.answer(200, "");
        received
    }

    fn options(&self, options: &mut ServeOptions) {
        let mut webhook = WebhookOptions::new(&self.url);
        webhook.limits.backoff_first = Duration::from_millis(1);
        webhook.limits.backoff_max = Duration::from_millis(4);
        options.webhook = Some(webhook);
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Whatever it waits for comes now.
        self.answers = channel().0;
        let address = self.url.trim_start_matches("http://").split('/').next();
        let _ = TcpStream::connect(address.unwrap_or_default());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request of a connection that is kept; `None` at its end.
fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let received = Received {
                head,
                body: bytes[end + 4..].to_vec(),
            };
            let length = received.header("content-length")?.parse::<usize>().ok()?;
            if received.body.len() >= length {
                return Some(received);
            }
        }
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
    }
}

/// Whatever goes wrong at the webhook, every event arrives, in order, and the very same again
/// until it is taken.
#[test]
fn events_arrive_in_order() {
    let hook = Hook::start();
    let site = Site::start(|options| {
        hook.options(options);
        let webhook = options.webhook.as_mut().unwrap();
        webhook.hmac_key = Some(mooring_identity::Secret::new("key"));
    });
    site.message("/mdm?group=a%20b", &authenticate("D"));
    site.message("/mdm", &token_update("D", None));
    let reply = site.message("/mdm", &report("D", "Idle", None));
    let sent = answer_to("D", &reply.body);
    site.message("/mdm", &sent);

    let first = hook.next();
    hook.answer(500, "");
    let same = |received: &Received| {
        let is_signed = received.header("x-hmac-signature") == first.header("x-hmac-signature");
        assert!(received.body == first.body && is_signed);
    };
    same(&hook.next());
    hook.answer(302, "Location: http://127.0.0.1:1/\r\n");
    same(&hook.next());
    hook.hang_up();
    same(&hook.take());
    let rest = [hook.take(), hook.take(), hook.take()];
    let topics = rest.each_ref().map(Received::topic);
    assert_eq!(first.topic(), "mdm.Authenticate");
    assert_eq!(topics, ["mdm.TokenUpdate", "mdm.Connect", "mdm.Connect"]);

    let head = first.head.lines().next();
    assert_eq!(head, Some("POST /hook?x=1 HTTP/1.1"));
    let kind = first.header("content-type");
    assert_eq!(kind.as_deref(), Some("application/json; charset=utf-8"));
    let signature = first.header("x-hmac-signature").expect("a signature");
    assert_eq!(STANDARD.decode(signature).unwrap().len(), 32);
    assert_ne!(
        first.header("x-hmac-signature"),
        rest[0].header("x-hmac-signature")
    );
    assert_eq!(first.json()["checkin_event"]["url_params"]["group"], "a b");
    let update = rest[0].json();
    assert_eq!(update["checkin_event"]["token_update_tally"], 1);
    let last = &rest[2].json()["acknowledge_event"];
    assert_eq!(last["status"], "Acknowledged");
    assert_eq!(last["raw_payload"], STANDARD.encode(&sent));
    assert_eq!(last["ids"]["type"], "Device");
}

/// A webhook that is down for as long as the server runs loses nothing: the events are delivered
/// after the next start, in order, before new ones.
#[test]
fn events_survive_a_restart() {
    let hook = Hook::start();
    let mut site = Site::start(|options| hook.options(options));
    site.message("/mdm", &authenticate("D"));
    let first = hook.next();
    site.message("/mdm", &token_update("D", None));
    // Its answer is still out when the server stops.
    site.stop();
    hook.hang_up();
    site.restart(|options| hook.options(options));
    site.message("/mdm", &report("D", "Idle", None));
    assert_eq!(hook.take().body, first.body);
    assert_eq!(hook.take().topic(), "mdm.TokenUpdate");
    assert_eq!(hook.take().topic(), "mdm.Connect");
}

/// A message that is refused is no event.
#[test]
fn refused_messages_are_no_events() {
    let hook = Hook::start();
    let site = Site::start(|options| hook.options(options));
    assert_eq!(site.message("/mdm", &report("D", "Idle", None)).status, 400);
    assert_eq!(site.message("/mdm", b"no").status, 400);
    site.message("/mdm", &authenticate("D"));
    assert_eq!(hook.take().topic(), "mdm.Authenticate");
}

/// When too many events wait, the oldest are dropped, and the newest arrive in order.
#[test]
fn the_oldest_are_dropped() {
    let hook = Hook::start();
    let site = Site::start(|options| {
        hook.options(options);
        options.webhook.as_mut().unwrap().limits.outbox_max = 3;
    });
    let udids = ["A", "B", "C", "D", "E", "F"];
    site.message("/mdm", &authenticate(udids[0]));
    let first = hook.next().json();
    for udid in &udids[1..] {
        site.message("/mdm", &authenticate(udid));
    }
    hook.answer(503, "");
    for udid in ["D", "E", "F"] {
        assert_eq!(hook.take().json()["checkin_event"]["udid"], udid);
    }

    assert_eq!(first["checkin_event"]["udid"], "A");
}

/// Events wait up to a number of bytes: beyond it the oldest are dropped, and the newest arrive.
#[test]
fn the_oldest_are_dropped_by_bytes() {
    const BYTES_MAX: usize = 2500;
    let hook = Hook::start();
    let site = Site::start(|options| {
        hook.options(options);
        options.webhook.as_mut().unwrap().limits.outbox_bytes_max = BYTES_MAX as u64;
    });
    let udids = ["A", "B", "C", "D", "E", "F", "G", "H"];
    site.message("/mdm", &authenticate(udids[0]));
    let first = hook.next();
    for udid in &udids[1..] {
        site.message("/mdm", &authenticate(udid));
    }
    hook.answer(503, "");
    let kept = BYTES_MAX / first.body.len();
    assert!((1..udids.len()).contains(&kept), "{kept}");
    for udid in &udids[udids.len() - kept..] {
        assert_eq!(hook.take().json()["checkin_event"]["udid"], *udid);
    }
}

/// An event that the webhook refuses for good is told without its payload, and dropped if that is
/// refused too; the others arrive, and are whole.
#[test]
fn a_refused_event_blocks_no_others() {
    let hook = Hook::start();
    let site = Site::start(|options| hook.options(options));
    for udid in ["A", "B", "C", "D"] {
        site.message("/mdm", &authenticate(udid));
    }
    let refused = |udid: &str, status: u16| {
        let received = hook.next();
        let said = &received.json()["checkin_event"];
        assert!(said["udid"] == udid && said["raw_payload"].is_string());
        hook.answer(status, "");
    };
    let stripped = |udid: &str, status: u16| {
        let received = hook.next();
        let said = &received.json()["checkin_event"];
        assert!(said["udid"] == udid && said.get("raw_payload").is_none());
        assert_eq!(said["raw_payload_omitted"], true);
        hook.answer(status, "");
    };
    for status in [413, 400, 503, 422, 413, 413] {
        refused("A", status);
    }
    // What does not speak of the event ends nothing.
    stripped("A", 503);
    stripped("A", 200);
    for _ in 0..5 {
        refused("B", 422);
    }
    stripped("B", 422);
    // As large as one that was too large.
    refused("C", 413);
    stripped("C", 200);
    let last = hook.take().json();
    assert_eq!(last["checkin_event"]["udid"], "D");
    assert!(last["checkin_event"]["raw_payload"].is_string());
    assert!(last["checkin_event"].get("raw_payload_omitted").is_none());
}
