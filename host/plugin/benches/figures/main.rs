//! What plugins cost, beside the same code run natively, each figure with its limit.
//!
//! `cargo bench -p mooring-plugin --bench figures [CORPUS]`. Ratios compare medians of one run in
//! which every case had its turn once a round, so that what else the machine does hits all alike.
//! Knows nothing of servers. Invariant: a figure that could not be measured is said to be missing.
//! What hostile plugins cost is the bench beside this one.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "printing figures is all it does")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod judging;
mod line;
mod residence;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mooring_mdm::plist::{Document, NodeRef, ReaderLimits, Value, read_xml};
use mooring_plugin::{
    CodeCache, Context, Limits, Outcome, Plugin, ResultCache, Runtime, RuntimeOptions, Subject,
};
use mooring_sdk::Validator as _;
use mooring_sdk::testing::{self, Tree};
use mooring_structure::Structure;

use crate::line::figure;

const ROUNDS: usize = 400;

fn main() {
    if let Some(wish) = judging::asked_for() {
        judging::judge(&wish);
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let names = [
        "mooring-structure",
        "mooring-apple-schema",
        "mooring-security",
        "mooring-profile-set",
        "mooring-baseline",
        "mooring-enrollment",
        "mooring-hostile",
    ];
    let guests = mooring_guest_build::build(&names, folder).unwrap();
    let paths: Vec<PathBuf> = guests.into_iter().map(|guest| guest.component).collect();
    let components: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
    let structure = runtime.load(&components[0]).unwrap();
    let own = names.len() - 1;
    let misbehaving = &components[own];
    let hostile = runtime.load(misbehaving).unwrap();

    validation(&structure);
    loading(&components[0]);
    containment(&hostile);
    residence::measure(misbehaving);
    for (name, component) in names.iter().zip(&components).take(own) {
        let size = component.len() as f64 / 1000.0;
        figure(&format!("size of {name}"), size, "KB", 200.0);
    }
    judging::on_one_processor(&paths[..own]);
}

fn median(durations: &mut [Duration]) -> f64 {
    durations.sort_unstable();
    durations[durations.len() / 2].as_secs_f64()
}

fn timed<T>(durations: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = black_box(work());
    durations.push(start.elapsed());
    made
}

/// A profile of about 5 KB with a few things wrong in it.
fn profile() -> Vec<u8> {
    let payload = |n: usize| {
        let setting = |k: u32| format!("<key>Setting{k}</key><string>value {k} of {n}</string>");
        let settings = [0, 1, 2, 3, 4].map(setting).concat();
        format!(
            "<dict><key>PayloadType</key><string>com.apple.notificationsettings</string>\
             <key>PayloadVersion</key><integer>1</integer>\
             <key>PayloadIdentifier</key><string>com.example.bench.{n}</string>\
             <key>PayloadUUID</key><string>00000000-0000-4000-8000-00000000000{n}</string>\
             <key>On</key><true/>{settings}</dict>"
        )
    };
    let payloads: Vec<String> = (0..8).map(payload).collect();
    let payloads = payloads.concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
         <key>PayloadType</key><string>Configuration</string>\
         <key>PayloadVersion</key><integer>1</integer>\
         <key>PayloadIdentifier</key><string>com.example.bench</string>\
         <key>PayloadUUID</key><string>not-a-uuid</string>\
         <key>PayloadDisplayName</key><string>Bench</string>\
         <key>PayloadContent</key><array>{payloads}</array></dict></plist>"
    )
    .into_bytes()
}

fn read(bytes: &[u8]) -> Document {
    read_xml(bytes, &ReaderLimits::default()).unwrap().document
}

/// The tree as the plugin's code has it when it is run natively.
fn native(document: &Document, node: NodeRef<'_>) -> Tree {
    match &document.nodes()[node.id() as usize].value {
        Value::Dictionary => testing::dictionary(
            node.entries()
                .map(|(key, child)| (key, native(document, child))),
        ),
        Value::Array => testing::array(node.items().map(|child| native(document, child))),
        Value::String(text) => Tree::String(text.clone()),
        Value::Integer(number) => Tree::Integer(*number),
        Value::Real(number) => Tree::Real(*number),
        Value::Boolean(value) => Tree::Boolean(*value),
        Value::Date(text) => Tree::Date(text.clone()),
        Value::Data(bytes) => Tree::Data(bytes.clone()),
    }
}

/// A fresh instance, the same natively, a kept answer, and an instance that does nothing. What the
/// plugin's code natively takes to get the host's tree in its own shape is not counted.
fn validation(plugin: &Plugin) {
    let bytes = profile();
    println!("a profile of {} bytes, {ROUNDS} rounds", bytes.len());
    let document = read(&bytes);
    let sdk_profile = mooring_sdk::Profile::new(
        testing::document(&native(&document, document.root())),
        bytes.clone(),
    );
    let (context, sdk_context) = (Context::default(), mooring_sdk::Context::default());
    let (limits, results) = (Limits::default(), ResultCache::default());
    let known = Subject::new(&document, &bytes, |_| (1, 1));
    plugin.validate_once(&known, &context, &limits, &results);
    let [mut natively, mut fresh, mut call, mut kept, mut empty] = [const { Vec::new() }; 5];
    for _ in 0..ROUNDS {
        let found = timed(&mut natively, || {
            black_box(read(&bytes));
            Structure::validate(&sdk_profile, &sdk_context).unwrap()
        });
        let answer = timed(&mut fresh, || {
            let document = read(&bytes);
            let subject = Subject::new(&document, &bytes, |_| (1, 1));
            plugin.validate(&subject, &context, &limits)
        });
        let done = answer.outcome.done().unwrap();
        assert_eq!(done.len(), found.len(), "both find the same");
        timed(&mut call, || plugin.validate(&known, &context, &limits));
        timed(&mut kept, || {
            plugin.validate_once(&known, &context, &limits, &results)
        });
        empty.push(plugin.check_settings("", &limits).duration);
    }
    let natively = median(&mut natively);
    let (fresh, call) = (median(&mut fresh), median(&mut call));
    println!(
        "natively {:.1} us, fresh {:.1} us",
        natively * 1e6,
        fresh * 1e6
    );
    figure(
        "fresh instance, to native, with parsing",
        fresh / natively,
        "x",
        2.0,
    );
    figure(
        "instantiate, with an empty call",
        median(&mut empty) * 1e6,
        "us",
        25.0,
    );
    figure("kept answer, to a call", median(&mut kept) / call, "x", 0.1);
}

/// Code from the cache against compiling.
fn loading(component: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(&folder.path().join("compiled")).unwrap();
    let caching = Runtime::new(&RuntimeOptions {
        cache: Some(cache),
        ..RuntimeOptions::default()
    })
    .unwrap();
    let plain = Runtime::new(&RuntimeOptions::default()).unwrap();
    caching.load(component).unwrap();
    let (mut compiled, mut loaded) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        timed(&mut compiled, || plain.load(component).unwrap());
        timed(&mut loaded, || caching.load(component).unwrap());
    }
    let (compiled, loaded) = (median(&mut compiled), median(&mut loaded));
    println!(
        "compiled {:.1} ms, loaded {:.2} ms",
        compiled * 1e3,
        loaded * 1e3
    );
    figure(
        "load from the cache, to compiling",
        loaded / compiled * 100.0,
        "%",
        1.0,
    );
}

/// How late a loop is stopped, and how soon a hoard.
fn containment(plugin: &Plugin) {
    let document = read(&profile());
    let limits = Limits {
        timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let misbehave = |how: &str| {
        let context = Context {
            settings: how.to_owned(),
            ..Context::default()
        };
        plugin.validate(&Subject::new(&document, b"", |_| (1, 1)), &context, &limits)
    };
    let late = |_| {
        let Outcome::TimedOut { elapsed, limit } = misbehave("loop").outcome else {
            panic!("a loop that ends")
        };
        elapsed.saturating_sub(limit)
    };
    let overshoot = (0..20).map(late).max().unwrap_or_default();
    figure(
        "timeout overshoot, the worst of 20",
        overshoot.as_secs_f64() * 1e3,
        "ms",
        20.0,
    );
    let stopped = (0..10).map(|_| misbehave("memory").duration);
    let stopped = stopped.max().unwrap_or_default();
    figure(
        "memory bomb stopped, the worst of 10",
        stopped.as_secs_f64() * 1e3,
        "ms",
        100.0,
    );
}
