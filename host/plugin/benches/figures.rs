//! What plugins cost, beside the same code run natively, each figure with its limit.
//!
//! `cargo bench -p mooring-plugin --bench figures [CORPUS]`. Ratios compare medians of one run in
//! which every case had its turn once a round, so that what else the machine does hits all alike.
//! Knows nothing of servers. Invariant: a figure that could not be measured is said to be missing.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "printing figures is all it does")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::{Duration, Instant};
use std::{fs, thread};

use mooring_mdm::plist::{Document, NodeRef, ReaderLimits, Value, read_xml};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::{
    CodeCache, Context, Limits, Outcome, Plugin, ResultCache, Runtime, RuntimeOptions, Subject,
};
use mooring_sdk::Validator as _;
use mooring_sdk::testing::{self, Tree};
use mooring_structure::Structure;

const ROUNDS: usize = 400;

/// So many of the plugins, the first ones, judge profiles one by one.
const VALIDATORS: usize = 3;

fn main() {
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
    let components: Vec<Vec<u8>> = guests
        .iter()
        .map(|guest| fs::read(&guest.component).unwrap())
        .collect();
    let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
    let structure = runtime.load(&components[0]).unwrap();
    let misbehaving = &components[names.len() - 1];
    let hostile = runtime.load(misbehaving).unwrap();

    validation(&structure);
    loading(&components[0]);
    containment(&hostile);
    residence(misbehaving);
    for (name, component) in names.iter().zip(&components).take(names.len() - 1) {
        let size = component.len() as f64 / 1000.0;
        figure(&format!("size of {name}"), size, "KB", 200.0);
    }
    corpus(&components[..VALIDATORS]);
}

/// One line: what was measured, and what it may be.
fn figure(name: &str, value: f64, unit: &str, most: f64) {
    let verdict = if value <= most { "fine" } else { "OVER" };
    println!("{name:<58} {value:>10.3} {unit:<5} at most {most:>7} {unit:<5} {verdict}");
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
    let cache = CodeCache::open(folder.path()).unwrap();
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

/// Memory of the process that is in use, in KiB.
fn resident_kib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Memory of an instance in a call, over many of them at once.
fn residence(component: &[u8]) {
    const LIVE: usize = 64;
    let runtime = Runtime::new(&RuntimeOptions {
        calls: LIVE,
        ..RuntimeOptions::default()
    })
    .unwrap();
    let plugin = runtime.load(component).unwrap();
    let document = read(&profile());
    let context = Context {
        settings: "loop".to_owned(),
        ..Context::default()
    };
    let limits = Limits {
        timeout: Duration::from_secs(3),
        ..Limits::default()
    };
    // The threads' own memory is none of the instances': all of it is used once before.
    let other = Runtime::new(&RuntimeOptions {
        calls: LIVE,
        ..RuntimeOptions::default()
    })
    .unwrap();
    let other = other.load(component).unwrap();
    let (ready, go) = (Barrier::new(LIVE + 1), Barrier::new(LIVE + 1));
    let taken = thread::scope(|scope| {
        for _ in 0..LIVE {
            scope.spawn(|| {
                let subject = Subject::new(&document, b"", |_| (1, 1));
                other.validate(&subject, &Context::default(), &limits);
                ready.wait();
                go.wait();
                plugin.validate(&Subject::new(&document, b"", |_| (1, 1)), &context, &limits)
            });
        }
        ready.wait();
        let before = resident_kib();
        go.wait();
        thread::park_timeout(Duration::from_secs(2));
        Some(resident_kib()? - before?)
    });
    match taken {
        Some(kib) => figure(
            "resident per live instance",
            kib / LIVE as f64,
            "KiB",
            128.0,
        ),
        None => println!("MISSING: this system does not say how much memory a process has"),
    }
}

/// Every profile below `folder`.
fn profiles(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            profiles(&path, found);
        } else if path.extension().is_some_and(|end| end == "mobileconfig") {
            found.push(path);
        }
    }
}

/// All validators of ours over a folder of real profiles, on one processor, with nothing kept: from
/// compiling the plugins to the last finding.
fn corpus(components: &[Vec<u8>]) {
    let named = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let folder = named.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let mut paths = Vec::new();
    profiles(&folder, &mut paths);
    if paths.is_empty() {
        println!(
            "MISSING: no profiles in {}, the corpus was not judged",
            folder.display()
        );
        return;
    }
    let start = Instant::now();
    let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
    let load = |component: &Vec<u8>| runtime.load(component).unwrap();
    let plugins: Vec<Plugin> = components.iter().map(load).collect();
    let loaded = start.elapsed();
    let (mut judged, mut findings) = (0, 0);
    for path in &paths {
        let bytes = fs::read(path).unwrap();
        let Ok(profile) = Profile::parse(&bytes, &ProfileLimits::default()) else {
            continue;
        };
        let subject = Subject::new(profile.document(), &bytes, |_| (1, 1));
        for plugin in &plugins {
            let call = plugin.validate(&subject, &Context::default(), &Limits::default());
            findings += call.findings(plugin.id()).len();
        }
        judged += 1;
    }
    let all = start.elapsed().as_secs_f64();
    println!(
        "{judged} of {} profiles, {findings} findings, of it {:.0} ms to compile",
        paths.len(),
        loaded.as_secs_f64() * 1e3
    );
    figure("all validators over the corpus, cold", all, "s", 2.0);
}
