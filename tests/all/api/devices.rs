//! The device listener: what messages are taken, and what anything else gets.

use mooring_tests::Running;
use mooring_tests::http::{Answer, exchange, request};

macro_rules! message {
    ($name:literal) => {
        &include_bytes!(concat!("../../data/messages/", $name, ".plist"))[..]
    };
}

const CHECK_IN: &str = "Content-Type: application/x-apple-aspen-mdm-checkin";
const CONNECT: &str = "Content-Type: application/x-apple-aspen-mdm";

fn send(running: &Running, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    exchange(running.device, &request(method, path, headers, body))
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(
        !answer.body.is_empty(),
        "the person at the wire is told why"
    );
}

/// A Mac enrolls, connects and leaves with messages as they are on the wire, by PUT or POST, to
/// one address or two, whatever the content type says.
#[test]
fn messages_on_the_wire() {
    let running = Running::start();
    for (method, check_in, headers) in [
        ("PUT", "/mdm", [CHECK_IN, CONNECT]),
        ("POST", "/mdm", [CONNECT, CONNECT]),
        ("PUT", "/checkin", [CHECK_IN, CONNECT]),
        (
            "POST",
            "/checkin",
            ["X-Proxied: yes", "Content-Type: text/xml"],
        ),
    ] {
        let taken =
            |answer: &Answer| assert_eq!((answer.status, answer.text()), (200, String::new()));
        let checks_in = |body| send(&running, method, check_in, &headers[..1], body);
        taken(&checks_in(message!("authenticate")));
        taken(&checks_in(message!("token-update")));
        let connect = |body| send(&running, method, "/mdm", &headers[1..], body);
        let command = connect(message!("idle"));
        assert_eq!(command.status, 200);
        assert_eq!(
            command.header("content-type"),
            Some("application/xml; charset=UTF-8")
        );
        assert!(command.text().contains("<string>ProfileList</string>"));
        taken(&connect(message!("unknown-command")));
        let host = running.get("/api/v1/hosts/H4RB0RW1DG").json();
        assert_eq!(host["device_name"], "Harbour office");
        taken(&checks_in(message!("check-out")));
        assert_eq!(running.get("/api/v1/status").json()["checked_out"], 1);
        let removed = running.api("DELETE", "/api/v1/hosts/H4RB0RW1DG", &[], b"");
        assert_eq!(removed.status, 204);
    }
}

/// Whatever is no message is refused with 400 and a reason, never with 401 or 403, which would
/// make a device leave; the server goes on.
#[test]
fn no_messages() {
    let running = Running::start();
    let idle = message!("idle");
    let as_text = String::from_utf8(idle.to_vec()).unwrap();
    let mut deep = "<array>".repeat(100_000);
    deep.insert_str(0, "<plist version=\"1.0\">");
    let entity = as_text.replace(
        "<plist",
        "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><plist",
    );
    let bodies: [&[u8]; 14] = [
        b"",
        b"\0\0\0\0",
        b"Status=Idle",
        b"{\"Status\": \"Idle\"}",
        b"bplist00\xd1\x01\x02VStatusTIdle\x08\x0b\x12\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x17",
        b"<plist version=\"1.0\"><array/></plist>",
        &idle[..idle.len() - 10],
        deep.as_bytes(),
        entity.as_bytes(),
        message!("odd-status"),
        message!("odd-type"),
        message!("nameless"),
        message!("user-authenticates"),
        // A message in order, of a device that is not enrolled.
        idle,
    ];
    for body in bodies {
        for path in ["/mdm", "/checkin"] {
            assert_refused(&send(&running, "PUT", path, &[CONNECT], body), 400);
        }
    }
    assert_eq!(running.message(message!("authenticate")).status, 200);
    assert_eq!(running.get("/api/v1/status").json()["hosts"], 1);
}

/// Bodies and heads over the limit are refused before anything looks at them.
#[test]
fn too_large() {
    let running = Running::start();
    let body = vec![b' '; 4 * 1024 * 1024 + 1];
    assert_refused(&send(&running, "PUT", "/mdm", &[CONNECT], &body), 413);
    let padding = format!("X-Padding: {}", "x".repeat(20_000));
    let answer = send(
        &running,
        "PUT",
        "/mdm",
        &[&padding],
        message!("authenticate"),
    );
    assert_eq!(answer.status, 431);
    assert_eq!(running.message(message!("authenticate")).status, 200);
}

/// The two listeners share nothing: no admin address answers devices, no device address
/// administrators, not even with the token.
#[test]
fn listeners_are_apart() {
    let running = Running::start();
    let token = format!("Authorization: Bearer {}", running.token);
    for path in [
        "/",
        "/healthz",
        "/version",
        "/api/v1/status",
        "/api/v1/profiles",
        "/mdm/",
        "//mdm",
        "/MDM",
    ] {
        for method in ["GET", "PUT", "POST"] {
            assert_refused(&send(&running, method, path, &[&token], b""), 404);
        }
    }
    for method in ["GET", "HEAD", "DELETE", "PATCH", "OPTIONS"] {
        let answer = send(&running, method, "/mdm", &[&token], b"");
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("PUT, POST"));
    }
    for path in ["/mdm", "/checkin"] {
        let answer = running.api("PUT", path, &[CHECK_IN], message!("authenticate"));
        assert_eq!(answer.status, 404);
    }
    assert_eq!(running.get("/api/v1/status").json()["hosts"], 0);
}
