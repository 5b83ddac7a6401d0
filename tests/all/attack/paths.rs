//! Addresses that look like others, and requests that are hardly any.
//!
//! Knows nothing of what routes do. Invariant: none of them reaches a handler.

use mooring_tests::Running;

use super::routes::{ROUTES, is_open};
use super::wire::{self, Wire};
use std::io::Write;

const DEVICE_PATHS: [&str; 5] = [
    "/mdm",
    "/checkin",
    "/scep",
    "/scep/pkiclient.exe",
    "/enroll/x",
];

/// Whether the last part of an address is a name that callers choose, so that it can be anything.
fn ends_with_a_name(path: &str) -> bool {
    ["a", "1", "H", "L", "C", "com.apple.maid"]
        .iter()
        .any(|name| path.rsplit(['/', '.']).next() == Some(name) || path.ends_with(name))
}

/// What a path can be made to look like.
fn disguised(path: &str) -> Vec<String> {
    let (first, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let mut all = vec![
        format!("/{path}"),
        format!("//{}", path.replace('/', "//")),
        path.replace('/', "//"),
        format!("/.{path}"),
        format!("/%2e{path}"),
        format!("/x/..{path}"),
        format!("/x/%2e%2e{path}"),
        format!("/healthz/..{path}"),
        format!("/healthz/%2E%2E{path}"),
        format!("/healthz;{path}"),
        format!("/healthz%2f..{path}"),
        format!("{path}/"),
        format!("{path}//"),
        format!("{path}/."),
        format!("{path}/.."),
        format!("/{first};x/{rest}"),
        format!("/{first}%20/{rest}"),
        format!("/{first}%00/{rest}"),
        format!("/%252f{first}/{rest}"),
        format!("\\{}", &path[1..]),
        path.replace('/', "%2F"),
        path.replace('/', "\\"),
        format!("/{}/{rest}", first.to_uppercase()),
        format!("/{path}").repeat(2),
        format!("/{}{path}", "x/".repeat(2_000)),
        format!("{path}/x/x/x/{}", "x".repeat(8_000)),
        format!("*{path}"),
        path[1..].to_owned(),
        "*".to_owned(),
        String::new(),
    ];
    if !ends_with_a_name(path) {
        let suffixes = [
            ";x", ".", "%00", "%20", "%2e", "%2F", "~", "\\", "%c0%af", ".json",
        ];
        all.extend(suffixes.map(|suffix| format!("{path}{suffix}")));
    }
    all
}

/// With the token, addresses that are made to look like one of the table are none; without it they
/// are as closed as any.
#[test]
fn tricks_with_paths() {
    let running = Running::start();
    let token = format!("Authorization: Bearer {}\r\n", running.token);
    let mut wire = Wire::new(running.admin);
    let mut tried = 0;
    for (method, path) in ROUTES {
        for disguise in disguised(path) {
            let line = format!("{method} {disguise}");
            let inside = wire.send(&line, &token, b"").status;
            assert!([400, 404, 414, 431].contains(&inside), "{inside}: {line}");
            let outside = wire.send(&line, "", b"").status;
            assert!([400, 401, 414, 431].contains(&outside), "{outside}: {line}");
            tried += 1;
        }
        // An address with a scheme and a host is the same address (RFC 9112 section 3.2.2).
        for host in [
            "http://127.0.0.1",
            "http://elsewhere.example",
            "https://a:b@c",
        ] {
            let outside = wire.send(&format!("{method} {host}{path}"), "", b"").status;
            let expected: &[u16] = if is_open(path) { &[200] } else { &[400, 401] };
            assert!(expected.contains(&outside), "{outside}: {host}{path}");
        }
    }
    assert!(tried > 1_000, "{tried}");
    let answer = wire.send("CONNECT localhost:9001", "", b"").status;
    assert!([400, 401].contains(&answer), "{answer}");
    assert_eq!(wire.send("GET /healthz", "", b"").status, 200);
}

/// No device's address is on the admin listener, and no administrator's on that of devices, with
/// the token or without.
#[test]
fn listeners_share_nothing() {
    let running = Running::start();
    let token = format!("Authorization: Bearer {}\r\n", running.token);
    let (mut admin, mut device) = (Wire::new(running.admin), Wire::new(running.device));
    for path in DEVICE_PATHS {
        for method in ["GET", "PUT", "POST"] {
            let line = format!("{method} {path}");
            assert_eq!(admin.send(&line, &token, b"").status, 404, "{line}");
            assert_eq!(admin.send(&line, "", b"").status, 401, "{line}");
        }
    }
    for (method, path) in ROUTES {
        for headers in ["", &token] {
            let line = format!("{method} {path}");
            assert_eq!(device.send(&line, headers, b"").status, 404, "{line}");
            let disguises = disguised(path);
            for disguise in disguises.iter().filter(|path| path.starts_with('/')) {
                let status = device
                    .send(&format!("{method} {disguise}"), headers, b"")
                    .status;
                assert!(
                    [400, 404, 414, 431].contains(&status),
                    "{status}: {disguise}"
                );
            }
        }
    }
    for path in DEVICE_PATHS
        .into_iter()
        .filter(|path| !path.starts_with("/enroll"))
    {
        for disguise in [
            format!("/{path}"),
            format!("{path}/"),
            format!("{path};x"),
            format!("/x/..{path}"),
            format!("/.{path}"),
            format!("{path}%00"),
            path.to_uppercase(),
            path.replacen('/', "/%2e/", 1),
            path.replacen('m', "%6d", 1)
                .replacen("/s", "/%73", 1)
                .replacen("/c", "/%63", 1),
        ] {
            let status = device.send(&format!("PUT {disguise}"), "", b"").status;
            assert!([400, 404].contains(&status), "{status}: {disguise}");
        }
    }
}

/// Heads that are too long, of too many lines or of two lengths are refused by both listeners.
#[test]
fn odd_heads() {
    let running = Running::start();
    let long = format!("X-Padding: {}\r\n", "x".repeat(17 * 1024));
    let many = "X-A: b\r\n".repeat(200);
    for address in [running.admin, running.device] {
        for (headers, statuses) in [
            (long.as_str(), &[431][..]),
            (many.as_str(), &[431, 400]),
            ("Content-Length: 5\r\n", &[400]),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                &[400],
            ),
            ("Transfer-Encoding: gzip\r\n", &[400]),
            ("X-A: \0\r\n", &[400]),
            (" folded: x\r\n", &[400]),
            ("no colon\r\n", &[400]),
        ] {
            let mut stream = Wire::connect(address);
            stream
                .write_all(&wire::head("PUT /mdm", headers, 0))
                .unwrap();
            let status = wire::read_answer(&mut stream).expect("an answer").status;
            let shown = &headers[..headers.len().min(40)];
            assert!(statuses.contains(&status), "{status}: {shown:?}");
        }
        for raw in [
            "\0",
            "GET\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "\x16\x03\x01\x02\0\x01\0\r\n\r\n",
        ] {
            let mut stream = Wire::connect(address);
            stream.write_all(raw.as_bytes()).unwrap();
            let _ = stream.shutdown(std::net::Shutdown::Write);
            // Refused, or closed without a word.
            let status = wire::read_answer(&mut stream).map_or(400, |answer| answer.status);
            assert_eq!(status, 400, "{raw:?}");
        }
    }
    assert_eq!(running.get("/healthz").status, 200);
}
