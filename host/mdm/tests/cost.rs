//! What a file may cost: at most 64 MiB beyond the file itself, whatever is in it.
//!
//! One test in a program of its own, since it counts every byte that the program asks for. Time is
//! not judged here but by `cargo bench -p mooring-mdm --bench hostile`; what is counted is the same
//! on every machine.

#![expect(unsafe_code, reason = "an allocator that counts is one")]

#[path = "../benches/hostile/files.rs"]
mod files;
#[path = "../benches/hostile/reading.rs"]
mod reading;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// The system's allocator, and what is allocated now, was at most, and how often.
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
    calls: AtomicUsize,
}

impl Counting {
    fn add(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes, Relaxed) + bytes;
        self.most.fetch_max(now, Relaxed);
        self.calls.fetch_add(1, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.add(layout.size());
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.now.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both exist while one is copied into the other, at worst.
        self.add(size);
        self.now.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting {
    now: AtomicUsize::new(0),
    most: AtomicUsize::new(0),
    calls: AtomicUsize::new(0),
};

/// Most bytes beyond the file.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most allocations: a few for each of the 100,000 values that are read three times.
const CALLS_MAX: usize = 2_000_000;

/// No file makes the reading of a profile ask for more than its bound; the dearest are shown.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn memory_is_bounded() {
    let mut costs = Vec::new();
    for (name, file) in files::files() {
        let before = COUNTING.now.load(Relaxed);
        COUNTING.most.store(before, Relaxed);
        let calls = COUNTING.calls.load(Relaxed);
        let begin = Instant::now();
        let outcome = reading::read(&file);
        let time = begin.elapsed();
        let calls = COUNTING.calls.load(Relaxed) - calls;
        let bytes = COUNTING.most.load(Relaxed) - before;
        costs.push((bytes, calls, time, name, outcome));
    }
    costs.sort_by(|a, b| b.cmp(a));
    eprintln!("{} files; the dearest in memory:", costs.len());
    for (bytes, calls, time, name, outcome) in costs.iter().take(12) {
        let (kib, ms) = (bytes / 1024, time.as_millis());
        eprintln!("{kib:8} KiB, {calls:8} calls, {ms:4} ms: {name}: {outcome}");
    }
    costs.sort_by_key(|(_, _, time, ..)| std::cmp::Reverse(*time));
    eprintln!("the slowest here (the bench judges time):");
    for (_, calls, time, name, outcome) in costs.iter().take(12) {
        eprintln!(
            "{:4} ms, {calls:8} calls: {name}: {outcome}",
            time.as_millis()
        );
    }
    for (bytes, calls, _, name, _) in &costs {
        assert!(*bytes <= BYTES_MAX, "{name} costs {bytes} bytes");
        assert!(*calls <= CALLS_MAX, "{name} costs {calls} allocations");
    }
}
