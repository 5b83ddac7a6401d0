//! What strangers try against a real server, over real connections: it answers each in its bounds
//! and serves on.
//!
//! Knows nothing of how the server is built. Invariants: whatever is sent, a device is never
//! answered 401 or 403; what an attack costs the server is measured, not guessed. The figures go to
//! standard error: `cargo test -p mooring-tests --test all attack -- --nocapture --test-threads 1`.

mod bodies;
mod crowd;
mod der;
mod forged;
mod herd;
mod measure;
mod paths;
mod process;
mod routes;
mod scep;
mod secrets;
mod signatures;
mod slow;
mod texts;
mod threads;
mod wire;

#[path = "../src/hostile_bodies.rs"]
#[expect(unreachable_pub, reason = "another crate's tests include it too")]
mod hostile_bodies;

use std::fmt::Write as _;

use measure::Cost;

/// Most processor time that one message may cost the server.
const CPU_MS_MAX: u64 = 100;
/// Most memory that one message may cost the server.
const MEMORY_KIB_MAX: u64 = 32 * 1024;

/// What each of many messages cost.
#[derive(Debug, Default)]
struct Costs(Vec<(String, Cost)>);

impl Costs {
    fn add(&mut self, name: impl Into<String>, cost: Cost) {
        self.0.push((name.into(), cost));
    }

    /// Checks every one against the bounds of time and memory, and shows the most expensive.
    #[expect(clippy::print_stderr, reason = "the figures are for people")]
    #[track_caller]
    fn check(mut self, what: &str) {
        let mut text = format!("{what}: {} messages; most processor time:", self.0.len());
        self.0
            .sort_by_key(|(_, cost)| std::cmp::Reverse(cost.cpu_us));
        self.show(&mut text);
        let slowest = self.0.first().map_or(0, |(_, cost)| cost.cpu_us);
        self.0
            .sort_by_key(|(_, cost)| std::cmp::Reverse(cost.peak_kib));
        let largest = self.0.first().map_or(0, |(_, cost)| cost.peak_kib);
        if largest > 0 {
            text.push_str("\nmost memory:");
            self.show(&mut text);
        }
        eprintln!("{text}");
        assert!(
            slowest > 0 || !cfg!(target_os = "linux"),
            "nothing was measured"
        );
        assert!(slowest <= CPU_MS_MAX * 1000, "{text}");
        assert!(largest <= MEMORY_KIB_MAX, "{text}");
    }

    fn show(&self, text: &mut String) {
        for (name, Cost { cpu_us, peak_kib }) in self.0.iter().take(5) {
            let (ms, us) = (cpu_us / 1000, cpu_us % 1000);
            // The memory of threads is not told apart.
            let mib = match peak_kib.div_ceil(1024) {
                0 => String::new(),
                mib => format!("  {mib:2} MiB"),
            };
            let line = write!(text, "\n  {ms:3}.{us:03} ms{mib}  {name}");
            line.expect("memory takes any text");
        }
    }
}
