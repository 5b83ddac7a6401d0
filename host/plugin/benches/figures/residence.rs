//! What an instance takes of the memory of the process while it is in a call.
//!
//! Invariant: nothing but the instances comes into being between the two looks at the memory.

use std::sync::Barrier;
use std::time::Duration;
use std::{fs, thread};

use mooring_plugin::{Allocation, Context, Limits, Plugin, Runtime, RuntimeOptions, Subject};

use crate::line::figure;
use crate::{profile, read};

/// Instances at once: so many that what else the process takes meanwhile, some 100 KiB here or there,
/// does not show in one of them.
const LIVE: usize = 200;

/// How often it is measured, the first time not counted: then the allocator has taken what it keeps.
const TRIALS: usize = 6;

/// How long the instances stay; at half of it all of them have begun, also on two processors.
const STAY: Duration = Duration::from_secs(6);

/// Memory of the process that is in use, in KiB.
fn resident_kib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

fn crowded(component: &[u8]) -> (Runtime, Plugin) {
    let runtime = Runtime::new(&RuntimeOptions {
        calls: LIVE,
        ..RuntimeOptions::default()
    })
    .unwrap();
    assert_eq!(runtime.allocation(), Allocation::Pool, "no room for them");
    let plugin = runtime.load(component).unwrap();
    (runtime, plugin)
}

/// The median over trials of what one instance takes, and how far the trials lie apart.
pub(crate) fn measure(component: &[u8]) {
    let (_warm, other) = crowded(component);
    let trials: Option<Vec<f64>> = (0..TRIALS).map(|_| trial(component, &other)).collect();
    let Some(mut trials) = trials else {
        println!("MISSING: this system does not say how much memory a process has");
        return;
    };
    trials.remove(0);
    trials.sort_unstable_by(f64::total_cmp);
    let (least, most) = (trials[0], trials[trials.len() - 1]);
    println!("{LIVE} live instances, from {least:.1} to {most:.1} KiB each");
    figure(
        "resident per live instance, the median",
        trials[trials.len() / 2],
        "KiB",
        128.0,
    );
}

/// KiB for each of many instances. They are of a runtime that had no call yet, so none of their memory
/// was there before; their threads were in a call of another runtime, so all of theirs was.
fn trial(component: &[u8], other: &Plugin) -> Option<f64> {
    let (_runtime, plugin) = crowded(component);
    let document = read(&profile());
    let call = |plugin: &Plugin, timeout| {
        let limits = Limits {
            timeout,
            ..Limits::default()
        };
        let context = Context {
            settings: "loop".to_owned(),
            ..Context::default()
        };
        plugin.validate(&Subject::new(&document, b"", |_| (1, 1)), &context, &limits);
    };
    let (ready, go) = (Barrier::new(LIVE + 1), Barrier::new(LIVE + 1));
    let taken = thread::scope(|scope| {
        for _ in 0..LIVE {
            scope.spawn(|| {
                call(other, Duration::from_millis(200));
                ready.wait();
                go.wait();
                call(&plugin, STAY);
            });
        }
        ready.wait();
        let before = resident_kib();
        go.wait();
        thread::park_timeout(STAY / 2);
        Some(resident_kib()? - before?)
    });
    taken.map(|kib| kib / LIVE as f64)
}
