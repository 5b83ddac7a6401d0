//! Many large bodies at once: what they hold together is bounded, and others are served meanwhile.
//!
//! Knows nothing of what is in the bodies. Invariant: every connection has sent a part of its body
//! before any has sent the whole.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::hostile_bodies::hostile_bodies;
use super::process::{Attacked, mac, sync};
use super::wire::{self, Wire};
use mooring_server::limits::{BODY_BYTES_FREE, BODY_ROOM_BYTES};

/// What is written to one connection before the next has its turn, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// Longest time for an answer to somebody else meanwhile.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);
/// Memory beside the bodies: the trees of those that are decoded, and what the process grows by.
const OTHER_KIB: u64 = 128 * 1024;
/// A crowd that is not done by then has found a server that hangs.
const CROWD_TIME_MAX: Duration = Duration::from_mins(1);

/// One connection on which a body is sent whenever there is room in its socket.
struct Sender {
    stream: TcpStream,
    sent: usize,
    status: Option<u16>,
}

impl Sender {
    fn new(server: &Attacked) -> Self {
        let stream = Wire::connect(server.device);
        stream.set_nonblocking(true).unwrap();
        let (sent, status) = (0, None);
        Self {
            stream,
            sent,
            status,
        }
    }

    /// Writes a piece, and looks for the answer.
    fn turn(&mut self, request: &[u8]) {
        if self.status.is_some() {
            return;
        }
        let rest = &request[self.sent..];
        match self.stream.write(&rest[..rest.len().min(PIECE_BYTES)]) {
            Ok(written) => self.sent += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Refused early: its answer is there, or lost with the connection.
            Err(_) => self.status = Some(0),
        }
        let mut first = [0];
        match self.stream.read(&mut first) {
            Ok(1) => {
                let mut whole = (&first[..]).chain(&self.stream);
                self.stream.set_nonblocking(false).unwrap();
                self.status = Some(wire::read_answer(&mut whole).map_or(0, |answer| answer.status));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => self.status = Some(0),
        }
    }
}

/// The figures of one crowd.
struct Crowd {
    statuses: BTreeMap<u16, usize>,
    peak_kib: u64,
    slowest: Duration,
}

/// Sends the body on so many connections, in turns, and asks as an administrator in between.
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn crowd(server: &Attacked, connections: usize, body: &[u8]) -> Crowd {
    let request = [wire::head("PUT /mdm", "", body.len()), body.to_vec()].concat();
    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    let (senders, cost) = server.measured().cost(|| {
        let mut senders: Vec<_> = (0..connections).map(|_| Sender::new(server)).collect();
        while senders.iter().any(|sender| sender.status.is_none()) {
            for sender in &mut senders {
                sender.turn(&request);
            }
            let asked = Instant::now();
            assert_eq!(server.api("GET", "/api/v1/status", b"").status, 200);
            slowest = slowest.max(asked.elapsed());
            assert!(began.elapsed() < CROWD_TIME_MAX, "the server hangs");
        }
        senders
    });
    let mut statuses = BTreeMap::new();
    for sender in senders {
        *statuses.entry(sender.status.unwrap_or(0)).or_insert(0) += 1;
    }
    let (peak_kib, took) = (cost.peak_kib, began.elapsed());
    eprintln!(
        "{connections} bodies of {} bytes at once: {} MiB more at most, processor {} ms, slowest \
         answer to an administrator {} ms, all done in {} ms, statuses {statuses:?}",
        body.len(),
        peak_kib / 1024,
        cost.cpu_us / 1000,
        slowest.as_millis(),
        took.as_millis()
    );
    Crowd {
        statuses,
        peak_kib,
        slowest,
    }
}

/// Bodies of 4 MiB on 64 and on 256 connections at once, sent slowly, stay within the room for
/// bodies; an administrator is answered within two seconds meanwhile, and devices after it.
#[test]
fn many_large_bodies_at_once() {
    let mut server = Attacked::start();
    let mut device = mac(1);
    sync(server.device, &mut device);
    let (_, body) = hostile_bodies()
        .find(|(name, _)| name.starts_with("50,000 long keys"))
        .expect("a body whose tree is large");
    for connections in [64, 256] {
        let crowd = crowd(&server, connections, &body);
        let beginnings = connections * BODY_BYTES_FREE;
        let bodies = u64::try_from((BODY_ROOM_BYTES + beginnings) / 1024).unwrap();
        assert!(
            crowd.peak_kib <= bodies + OTHER_KIB,
            "{} KiB",
            crowd.peak_kib
        );
        assert!(crowd.slowest <= ANSWER_TIME_MAX, "{:?}", crowd.slowest);
        for (status, count) in &crowd.statuses {
            assert!([0, 400, 503].contains(status), "{count} times {status}");
        }
        // Those that found room are read and refused for what they are.
        assert!(crowd.statuses.get(&400).is_some_and(|count| *count >= 32));
    }
    server.assert_serves(&mut device);
}
