//! Clients that are slow or take more than their share, against the real binary.
//!
//! Knows the bounds of the server by their documented values. What takes longer than a test may is
//! proved with short bounds in the server's own tests.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use mooring_server::limits::HEADER_TIMEOUT;

use super::process::{Attacked, mac, sync};
use super::wire::Wire;

/// Silent connections at once.
const SILENT: usize = 1_000;
/// Open files that are left to other tests of this process.
const OTHER_FILES: usize = 300;
/// Longest time for an answer to somebody else meanwhile.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);
/// How late a connection may be cut on a busy computer.
const LATE_MAX: Duration = Duration::from_secs(10);
/// Most memory that clients who never read may cost, in KiB.
const UNREAD_KIB_MAX: u64 = 32 * 1024;

/// As many connections as the system lets this process open, `SILENT` at most.
#[expect(clippy::print_stderr, reason = "a smaller test says so")]
fn silent(address: SocketAddr) -> Vec<TcpStream> {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    let count = soft
        .unwrap_or(1024_usize)
        .saturating_sub(OTHER_FILES)
        .min(SILENT);
    if count < SILENT {
        eprintln!("only {count} silent connections: this process may open few files");
    }
    (0..count).map(|_| Wire::connect(address)).collect()
}

/// Whether the other side has ended the connection, looked at for `time`.
fn is_ended(stream: &mut TcpStream, time: Duration) -> bool {
    stream.set_read_timeout(Some(time)).unwrap();
    match stream.read(&mut [0; 512]) {
        // An answer such as 408 comes before the end.
        Ok(read) => read == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// While a thousand connections say nothing and others dribble, administrators and devices are
/// answered; all of those are cut at the bound of a head.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn slow_heads() {
    let mut server = Attacked::start();
    let mut device = mac(2);
    sync(server.device, &mut device);
    let began = Instant::now();
    let mut silent = silent(server.device);
    eprintln!(
        "{} connections made in {} ms",
        silent.len(),
        began.elapsed().as_millis()
    );
    let began = Instant::now();
    let mut dribbling = [server.device, server.admin].map(Wire::connect);
    for stream in &mut dribbling {
        stream.write_all(b"PUT /mdm HTTP/1.1\r\nX-Slow: ").unwrap();
    }
    let (mut slowest, mut cut) = (Duration::ZERO, [None; 2]);
    while cut.contains(&None) {
        for (stream, cut) in dribbling.iter_mut().zip(&mut cut) {
            let is_over = stream.write_all(b"x").is_err();
            if cut.is_none() && (is_over || is_ended(stream, Duration::from_millis(50))) {
                *cut = Some(began.elapsed());
            }
        }
        let asked = Instant::now();
        assert_eq!(server.api("GET", "/api/v1/status", b"").status, 200);
        slowest = slowest.max(asked.elapsed());
        assert!(
            began.elapsed() < HEADER_TIMEOUT + LATE_MAX,
            "slow clients stay"
        );
    }
    for cut in cut.into_iter().flatten() {
        assert!(
            cut + Duration::from_millis(100) >= HEADER_TIMEOUT,
            "cut early: {cut:?}"
        );
    }
    let open = silent.iter_mut().filter_map(|stream| {
        let is_open = !is_ended(stream, LATE_MAX) && !is_ended(stream, LATE_MAX);
        is_open.then_some(())
    });
    assert_eq!(open.count(), 0, "silent connections stay");
    eprintln!(
        "{} silent connections were cut by {} ms, those that dribble at {cut:?}; slowest answer \
         meanwhile {} ms",
        silent.len(),
        began.elapsed().as_millis(),
        slowest.as_millis()
    );
    assert!(slowest <= ANSWER_TIME_MAX, "{slowest:?}");
    server.assert_serves(&mut device);
}

/// Clients that send request after request and read no answer cost a bounded amount of memory, and
/// hold up nobody else.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn answers_that_nobody_reads() {
    let mut server = Attacked::start();
    let mut device = mac(3);
    sync(server.device, &mut device);
    let request = b"PUT /mdm HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n<".repeat(1000);
    let mut streams: Vec<_> = (0..64).map(|_| Wire::connect(server.device)).collect();
    let ((), cost) = server.measured().cost(|| {
        for stream in &mut streams {
            stream
                .set_write_timeout(Some(Duration::from_millis(20)))
                .unwrap();
            let mut sent = 0;
            // Until the server takes no more.
            while sent < 64 * request.len() {
                match stream.write(&request) {
                    Ok(written) => sent += written,
                    Err(_) => break,
                }
            }
        }
        assert_eq!(server.api("GET", "/api/v1/status", b"").status, 200);
    });
    eprintln!(
        "64 clients that never read: {} KiB more at most, processor {} ms",
        cost.peak_kib,
        cost.cpu_us / 1000
    );
    assert!(cost.peak_kib <= UNREAD_KIB_MAX, "{} KiB", cost.peak_kib);
    server.assert_serves(&mut device);
}
