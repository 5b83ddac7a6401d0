//! The hostile set: guests and files that try to harm the host, each in a way of its own, and what
//! becomes of them.
//!
//! A program of its own, since the memory of the whole process is measured.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "what was not tested has to be said")]

mod compiling;
mod forge;
mod loading;
mod running;
mod speaking;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, iter, thread};

use mooring_mdm::finding::Finding;
use mooring_mdm::plist::{ReaderLimits, read_xml};
use mooring_plugin::{
    Call, ChildCompiler, CompileLimits, Compiler, Context, LoadError, Outcome, Plugin, Runtime,
    RuntimeOptions, Subject,
};

use crate::compiling::AMPLE;
use crate::forge::Guest;
use crate::running::{Case, Ends, limits};

/// How much later than its limit a call may end.
const OVERSHOOT: Duration = Duration::from_millis(20);

/// How much more memory than before the process may have when all is over.
const GIVEN_BACK_KIB: u64 = 5 << 10;

const PROFILE: &[u8] =
    b"<plist version=\"1.0\"><dict><key>A</key><string>b</string></dict></plist>";

fn child(limits: CompileLimits) -> Runtime {
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

fn validate(plugin: &Plugin) -> Call<Vec<Finding>> {
    let document = read_xml(PROFILE, &ReaderLimits::default())
        .unwrap()
        .document;
    let subject = Subject::new(&document, PROFILE, |_| (1, 1));
    plugin.validate(&subject, &Context::default(), &limits())
}

fn is_right(call: &Call<Vec<Finding>>, ends: Ends) -> bool {
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

/// What was wrong with any of the guests that misbehave when they are asked.
fn misbehaving(runtime: &Runtime) -> Vec<String> {
    let judge = |Case { name, guest, ends }| {
        let plugin = match runtime.load(&guest.component()) {
            Ok(plugin) => plugin,
            Err(error) => return Some(format!("{name}: not loaded: {error:?}")),
        };
        let call = validate(&plugin);
        if !is_right(&call, ends) {
            return Some(format!("{name}: {:?} is not {ends:?}", call.outcome));
        }
        // Somebody else may have had the processor: it has to be in time in one of a few attempts.
        let allowed = limits().timeout + OVERSHOOT;
        let mut durations = iter::once(call.duration)
            .chain(iter::repeat_with(|| validate(&plugin).duration))
            .take(5);
        let is_late = durations.all(|duration| duration > allowed);
        is_late.then(|| format!("{name}: took {:?} every time", call.duration))
    };
    running::cases().into_iter().filter_map(judge).collect()
}

/// What was wrong with any of the files that are no plugins.
fn no_plugins(runtime: &Runtime) -> Vec<String> {
    let judge = |case: loading::Case| match runtime.load(&case.component) {
        Ok(_) => Some(format!("{}: loaded", case.name)),
        Err(error) => {
            let is_right = (case.is_right)(&error);
            (!is_right).then(|| format!("{}: {error:?}", case.name))
        }
    };
    loading::cases().into_iter().filter_map(judge).collect()
}

/// What was wrong with any of those that are too much for a compiler.
fn burdens() -> Vec<String> {
    let judge = |case: compiling::Case| {
        let start = Instant::now();
        let loaded = child(case.limits).load(&case.component);
        let elapsed = start.elapsed();
        if elapsed > case.limits.time * 3 {
            return Some(format!("{}: took {elapsed:?}", case.name));
        }
        match loaded {
            Err(LoadError::Compile(error)) if (case.is_right)(&error) => None,
            other => Some(format!("{}: {other:?}", case.name)),
        }
    };
    compiling::cases().into_iter().filter_map(judge).collect()
}

/// Memory of this process that is in use, in KiB; none where the system does not say.
fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// How long each of many calls of a plugin in order took, until `is_over`.
fn bystander(runtime: &Runtime, is_over: &AtomicBool) -> Vec<Duration> {
    let plugin = runtime.load(&Guest::default().component()).unwrap();
    let mut durations = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let start = Instant::now();
        let call = validate(&plugin);
        assert!(matches!(call.outcome, Outcome::Done(_)), "{call:?}");
        durations.push(start.elapsed());
        thread::park_timeout(Duration::from_millis(2));
    }
    durations.sort_unstable();
    durations
}

/// The whole set, one after the other: each ends in time and as it should, a plugin in order beside
/// them is answered all the while, and what they took is given back.
#[test]
fn the_set_is_contained() {
    let runtime = child(AMPLE);
    validate(&runtime.load(&Guest::default().component()).unwrap());
    let before = resident_kib();
    let is_over = AtomicBool::new(false);
    let (wrong, durations) = thread::scope(|scope| {
        let beside = scope.spawn(|| bystander(&runtime, &is_over));
        let wrong = [misbehaving(&runtime), no_plugins(&runtime), burdens()].concat();
        is_over.store(true, Ordering::SeqCst);
        (wrong, beside.join().unwrap())
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let at = |percent: usize| durations[(durations.len() - 1) * percent / 100];
    assert!(at(50) < limits().timeout / 10, "the half took {:?}", at(50));
    assert!(at(95) < limits().timeout / 2, "of 100, 5 took {:?}", at(95));

    let Some(before) = before else {
        eprintln!("NOT TESTED: this system does not say how much memory a process has");
        return;
    };
    let patience = Instant::now() + Duration::from_secs(10);
    let most = before + GIVEN_BACK_KIB;
    while resident_kib().is_some_and(|now| now > most) && Instant::now() < patience {
        thread::park_timeout(Duration::from_millis(100));
    }
    let after = resident_kib().unwrap();
    assert!(after <= most, "{before} KiB before, {after} KiB after");
}
