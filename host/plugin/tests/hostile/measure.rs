//! How guests of the set are run, and what is measured meanwhile.
//!
//! Knows nothing of the cases. Invariant: what a plugin in order takes beside the set is compared with
//! what it took alone in the same process a moment before, and with nothing else.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use mooring_mdm::finding::Finding;
use mooring_mdm::plist::{ReaderLimits, read_xml};
use mooring_plugin::{
    Call, ChildCompiler, CompileLimits, Compiler, Context, Outcome, Plugin, Runtime,
    RuntimeOptions, Subject,
};

use crate::forge::Guest;
use crate::running::{Ends, limits};

/// How much later than its limit a call may end.
pub(crate) const OVERSHOOT: Duration = Duration::from_millis(20);

/// How much more memory than before the process may have when all is over.
pub(crate) const GIVEN_BACK_KIB: u64 = 5 << 10;

/// How long the memory has until then.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Between two calls of the plugin in order.
const PAUSE: Duration = Duration::from_millis(2);

const PROFILE: &[u8] =
    b"<plist version=\"1.0\"><dict><key>A</key><string>b</string></dict></plist>";

/// A runtime that has plugins compiled in a process of its own, within these limits.
pub(crate) fn child(limits: CompileLimits) -> Runtime {
    let compiler = Compiler::Child(ChildCompiler {
        program: PathBuf::from(env!("CARGO_BIN_EXE_compile-plugin-child")),
        args: vec![OsString::from("compile")],
        compiled: limits,
        interpreted: limits,
    });
    Runtime::new(&RuntimeOptions {
        compiler,
        ..RuntimeOptions::default()
    })
    .unwrap()
}

/// One call.
pub(crate) fn validate(plugin: &Plugin) -> Call<Vec<Finding>> {
    let document = read_xml(PROFILE, &ReaderLimits::default())
        .unwrap()
        .document;
    let subject = Subject::new(&document, PROFILE, |_| (1, 1));
    plugin.validate(&subject, &Context::default(), &limits())
}

/// Whether a call ended as it should.
pub(crate) fn is_right(call: &Call<Vec<Finding>>, ends: Ends) -> bool {
    match (&call.outcome, ends) {
        (Outcome::Done(findings), Ends::Fine(count)) => findings.len() == count,
        (Outcome::TimedOut { .. }, Ends::TimedOut)
        | (Outcome::OutOfMemory { .. }, Ends::OutOfMemory)
        | (Outcome::Failed(_), Ends::Failed) => true,
        (Outcome::Panicked { text }, Ends::Panicked(part))
        | (Outcome::Trapped { text }, Ends::Trapped(part))
        | (Outcome::OutputTooLarge { limit: text }, Ends::OutputTooLarge(part)) => {
            text.contains(part)
        }
        _ => false,
    }
}

/// By how much a call ended later than its limit.
pub(crate) fn late(call: &Call<Vec<Finding>>) -> Duration {
    call.duration.saturating_sub(limits().timeout)
}

/// Durations in order of length; never none.
#[derive(Debug)]
pub(crate) struct Sorted(Vec<Duration>);

impl Sorted {
    pub(crate) fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// So many of a hundred are not longer.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// How a plugin in order fared.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Its calls.
    pub(crate) calls: Sorted,
    /// How much later than asked its thread woke between them: what the machine itself is late by,
    /// whatever the host does.
    pub(crate) wakings: Sorted,
}

/// Calls a plugin in order again and again until `is_over`.
fn pace(plugin: &Plugin, mut is_over: impl FnMut() -> bool) -> Pace {
    let (mut calls, mut wakings) = (Vec::new(), Vec::new());
    loop {
        let start = Instant::now();
        let call = validate(plugin);
        assert!(matches!(call.outcome, Outcome::Done(_)), "{call:?}");
        calls.push(start.elapsed());
        let start = Instant::now();
        thread::park_timeout(PAUSE);
        wakings.push(start.elapsed().saturating_sub(PAUSE));
        if is_over() {
            break;
        }
    }
    Pace {
        calls: Sorted::new(calls),
        wakings: Sorted::new(wakings),
    }
}

/// A plugin in order.
pub(crate) fn in_order(runtime: &Runtime) -> Plugin {
    runtime.load(&Guest::default().component()).unwrap()
}

/// How it fares when nobody disturbs it.
pub(crate) fn alone(plugin: &Plugin, calls: usize) -> Pace {
    let mut left = calls;
    pace(plugin, || {
        left = left.saturating_sub(1);
        left == 0
    })
}

/// How it fares while something else is done.
pub(crate) fn beside<T>(plugin: &Plugin, work: impl FnOnce() -> T) -> (T, Pace) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let beside = scope.spawn(|| pace(plugin, || is_over.load(Ordering::SeqCst)));
        let done = work();
        is_over.store(true, Ordering::SeqCst);
        (done, beside.join().unwrap())
    })
}

/// Memory of this process that is in use, in KiB; none where the system does not say.
pub(crate) fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// The same once it is at most so much, or patience is over.
pub(crate) fn resident_after(most_kib: u64) -> Option<u64> {
    let until = Instant::now() + PATIENCE;
    while resident_kib()? > most_kib && Instant::now() < until {
        thread::park_timeout(Duration::from_millis(100));
    }
    resident_kib()
}
