//! What it costs to read a device's message and to write its command, beside the `plist` crate and
//! beside the bare event loop of `quick-xml`, which only finds the tags.
//!
//! Knows nothing of networks. Invariant: figures that are compared were measured in one run.

#[path = "wire/bodies.rs"]
mod bodies;

use std::hint::black_box;
use std::time::{Duration, Instant};

use mooring_mdm::command::{install_encoded_profile, install_profile};
use mooring_mdm::ids::CommandUuid;
use mooring_mdm::message::Message;
use mooring_mdm::plist::Base64;
use quick_xml::events::Event;

/// A way to read a body; whether it could.
type Way = fn(&[u8]) -> bool;

const WAYS: [(&str, Way); 3] = [
    ("Message::decode", ours),
    ("plist crate", plist_crate),
    ("quick-xml events", quick_xml_events),
];

fn main() {
    divan::main();
    ratios();
}

fn ours(body: &[u8]) -> bool {
    black_box(Message::decode(body)).is_ok()
}

fn plist_crate(body: &[u8]) -> bool {
    black_box(plist::Value::from_reader_xml(body)).is_ok()
}

fn quick_xml_events(body: &[u8]) -> bool {
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut events = 0_u32;
    while let Ok(event) = reader.read_event() {
        if matches!(black_box(&event), Event::Eof) {
            return black_box(events) > 0;
        }
        events += 1;
    }
    false
}

fn body_of(name: &str) -> Vec<u8> {
    match name {
        "idle" => bodies::idle(),
        "error" => bodies::error(),
        _ => bodies::list(),
    }
}

const BODIES: [&str; 3] = ["idle", "error", "list"];

#[divan::bench(args = BODIES)]
fn message(bencher: divan::Bencher<'_, '_>, name: &str) {
    let body = body_of(name);
    bencher.bench_local(|| ours(black_box(&body)));
}

#[divan::bench(args = BODIES)]
fn plist_values(bencher: divan::Bencher<'_, '_>, name: &str) {
    let body = body_of(name);
    bencher.bench_local(|| plist_crate(black_box(&body)));
}

#[divan::bench(args = BODIES)]
fn bare_events(bencher: divan::Bencher<'_, '_>, name: &str) {
    let body = body_of(name);
    bencher.bench_local(|| quick_xml_events(black_box(&body)));
}

/// The command that installs a profile of 6 KB: encoded for this one, or before.
#[divan::bench]
fn install_fresh(bencher: divan::Bencher<'_, '_>) {
    let (uuid, raw) = (CommandUuid::from(uuid::Uuid::nil()), vec![7; 4500]);
    bencher.bench_local(|| install_profile(&uuid, black_box(&raw)));
}

#[divan::bench]
fn install_cached(bencher: divan::Bencher<'_, '_>) {
    let (uuid, raw) = (CommandUuid::from(uuid::Uuid::nil()), vec![7; 4500]);
    let payload = Base64::of(&raw);
    bencher.bench_local(|| install_encoded_profile(&uuid, black_box(&payload)));
}

/// The same once more in turns, so that a noisy moment meets all ways alike.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn ratios() {
    for name in BODIES {
        let body = body_of(name);
        let mut samples = WAYS.map(|(_, way)| (way, Vec::new()));
        for _ in 0..101 {
            for (way, times) in &mut samples {
                times.push(timed(*way, &body));
            }
        }
        let medians = samples.map(|(_, times)| median(times));
        println!("\n{name}, {} bytes", body.len());
        for ((label, _), time) in WAYS.iter().zip(medians) {
            let ratio = time.as_secs_f64() / medians[2].as_secs_f64();
            println!("  {label:18} {:9.2} us  {ratio:5.2}", micros(time));
        }
    }
}

/// Mean over enough repetitions to take about a millisecond.
fn timed(way: Way, body: &[u8]) -> Duration {
    let times = u32::try_from(400_000 / body.len()).unwrap_or(1).max(1);
    let begin = Instant::now();
    for _ in 0..times {
        assert!(way(black_box(body)), "the body cannot be read");
    }
    begin.elapsed() / times
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
