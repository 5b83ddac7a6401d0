//! What work costs a process: processor time in nanoseconds and the peak of its memory, as Linux
//! counts them.
//!
//! Knows nothing of servers. Invariant: elsewhere than on Linux everything costs nothing, and that
//! is said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What one piece of work cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// Processor time, in microseconds.
    pub(super) cpu_us: u64,
    /// Most memory during it, beyond what was resident before, in KiB.
    pub(super) peak_kib: u64,
}

/// A process, or some threads of this one.
#[derive(Debug)]
pub(super) struct Measured {
    folder: PathBuf,
    /// Only threads of this name count, and no memory.
    thread: Option<&'static str>,
}

impl Measured {
    /// A whole process.
    pub(super) fn process(id: u32) -> Self {
        Self::new(format!("/proc/{id}").into(), None)
    }

    /// The threads of this process that have this name, of 15 bytes at most.
    pub(super) fn threads(name: &'static str) -> Self {
        Self::new("/proc/self".into(), Some(name))
    }

    #[expect(clippy::print_stderr, reason = "a test that measures nothing says so")]
    fn new(folder: PathBuf, thread: Option<&'static str>) -> Self {
        if !folder.join("schedstat").exists() {
            eprintln!("NOTHING IS MEASURED: this system does not tell what a process costs");
        }
        Self { folder, thread }
    }

    /// Does the work and says what it cost.
    pub(super) fn cost<T>(&self, work: impl FnOnce() -> T) -> (T, Cost) {
        if self.thread.is_none() {
            // Where it cannot be reset the peak is that of the whole life, which is no less.
            drop(fs::write(self.folder.join("clear_refs"), "5"));
        }
        let (resident, before) = (self.status_kib("VmRSS:"), self.cpu_ns());
        let done = work();
        let after = self.cpu_ns();
        let spent = after.iter().map(|(task, ns)| {
            // A thread that is new has spent all of its time since.
            ns.saturating_sub(before.get(task).copied().unwrap_or(0))
        });
        let cpu_us = spent.sum::<u64>() / 1000;
        let peak_kib = self.status_kib("VmHWM:").saturating_sub(resident);
        (done, Cost { cpu_us, peak_kib })
    }

    /// A line of the process's status, in KiB.
    pub(super) fn status_kib(&self, name: &str) -> u64 {
        if self.thread.is_some() {
            return 0;
        }
        let status = fs::read_to_string(self.folder.join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.map_or(0, |number| number.parse().expect("a number of KiB"))
    }

    /// Processor time of each thread, by its id.
    fn cpu_ns(&self) -> BTreeMap<PathBuf, u64> {
        let tasks = fs::read_dir(self.folder.join("task")).into_iter().flatten();
        let tasks = tasks.map(|task| task.expect("a thread").path());
        let counted = tasks.filter(|task| self.counts(task));
        counted
            .filter_map(|task| {
                // A thread may end at any moment.
                let line = fs::read_to_string(task.join("schedstat")).ok()?;
                let ns = line.split_whitespace().next()?.parse().ok()?;
                Some((task, ns))
            })
            .collect()
    }

    fn counts(&self, task: &Path) -> bool {
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        self.thread.is_none_or(|wanted| name.trim_end() == wanted)
    }
}
