//! The program that tests have components compiled by. Its first argument says how it misbehaves
//! once its limits hold; the others are the limits.
//!
//! Knows nothing of plugins. Invariant: asked for `compile` it does what the real one does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "the parent reads it")]

use std::io::{self, Read, Write};
use std::process::ExitCode;

use mooring_plugin::{REFUSED, compile_child};

/// An input that never ends.
struct Misbehaving(String);

impl Read for Misbehaving {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0.as_str() {
            "spin" => spin(),
            "wait" => loop {
                std::thread::park();
            },
            "hoard" => loop {
                std::hint::black_box(vec![1_u8; 16 << 20].leak());
            },
            "abort" => {
                eprintln!("about to abort");
                std::process::abort()
            }
            "panic" => panic!("the compiler has a mistake"),
            "flood" => loop {
                io::stdout().write_all(&[0; 1 << 12])?;
            },
            "chatter" => loop {
                io::stderr().write_all(&[b'x'; 1 << 12])?;
            },
            "nothing" => std::process::exit(0),
            "nonsense" => {
                io::stdout().write_all(b"no native code")?;
                std::process::exit(0)
            }
            "sorry" => std::process::exit(3),
            other => panic!("{other} is no way to misbehave"),
        }
    }
}

fn spin() -> ! {
    let mut n = 0_u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let limit = |name: &str| {
        let value = arguments.iter().find_map(|one| one.strip_prefix(name));
        value.unwrap().parse::<u64>().unwrap()
    };
    let (memory_bytes, seconds) = (limit("--memory-bytes="), limit("--seconds="));
    assert!(std::env::vars_os().next().is_none(), "an environment");
    let done = match arguments[1].as_str() {
        "compile" => compile_child(memory_bytes, seconds, io::stdin(), io::stdout()),
        how => {
            let input = Misbehaving(how.to_owned());
            compile_child(memory_bytes, seconds, input, io::stdout())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.in_one_line());
            ExitCode::from(if error.is_refusal() { REFUSED } else { 1 })
        }
    }
}
