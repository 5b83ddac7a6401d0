//! A fleet that comes back all at once: everybody is answered, and the server does not grow with it.
//!
//! Knows nothing of what devices ask. Invariant: every connection is open, and its message sent,
//! before any answer is read.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use mooring_sim::Channel;

use super::process::{Attacked, mac, sync};
use super::wire::{self, Wire};

/// Devices that come at once.
const DEVICES: u32 = 500;
/// Most memory that they cost together, in KiB: less than 64 for each.
const MEMORY_KIB_MAX: u64 = 32 * 1024;
/// Most threads of the server, whatever comes.
const THREADS_MAX: u64 = 64;
/// Longest time for an answer to an administrator right after.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// Five hundred devices whose connections are all open at once, with a message on each, are all
/// answered, and an administrator after them; the memory and the threads that this takes are bounded.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn five_hundred_at_once() {
    let mut server = Attacked::start();
    let mut devices: Vec<_> = (0..DEVICES).map(|number| mac(1000 + number)).collect();
    for device in &mut devices {
        sync(server.device, device);
    }
    let requests: Vec<_> = devices
        .iter_mut()
        .map(|device| device.begin(Channel::Device).expect("a message").body)
        .collect();
    let mut threads = 0;
    let (statuses, cost) = server.measured().cost(|| {
        let mut streams: Vec<TcpStream> = requests
            .iter()
            .map(|_| Wire::connect(server.device))
            .collect();
        for (stream, body) in streams.iter_mut().zip(&requests) {
            let request = [wire::head("PUT /mdm", "", body.len()), body.clone()].concat();
            stream.write_all(&request).expect("a server that reads");
        }
        let mut statuses = BTreeMap::new();
        for stream in &mut streams {
            let answer = wire::read_answer(stream).expect("an answer");
            *statuses.entry(answer.status).or_insert(0) += 1;
            threads = threads.max(server.measured().status_kib("Threads:"));
        }
        statuses
    });
    eprintln!(
        "{DEVICES} devices at once: {} KiB more at most, {threads} threads at most, processor {} \
         ms, statuses {statuses:?}",
        cost.peak_kib,
        cost.cpu_us / 1000
    );
    assert_eq!(statuses, BTreeMap::from([(200, DEVICES)]));
    assert!(cost.peak_kib <= MEMORY_KIB_MAX, "{} KiB", cost.peak_kib);
    assert!(threads <= THREADS_MAX, "{threads} threads");
    let asked = std::time::Instant::now();
    assert_eq!(server.api("GET", "/api/v1/status", b"").status, 200);
    assert!(asked.elapsed() <= ANSWER_TIME_MAX);
    server.assert_serves(&mut devices[0]);
}
