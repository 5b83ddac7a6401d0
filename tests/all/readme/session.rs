//! A person at a terminal: commands in one folder, one after the other, some in the background.
//!
//! Knows nothing of the README. Invariants: what was started is ended with the session; addresses
//! that the README names stand for those that the system chose.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::tidy::root;

/// The addresses of a server that was told none, as the README shows them.
const ADDRESSES: [(&str, &str); 2] = [
    ("administrators", "http://127.0.0.1:9000"),
    ("devices", "http://127.0.0.1:9001"),
];
/// What lets the system choose others.
const FREE_PORTS: &str = " --admin 127.0.0.1:0 --device 127.0.0.1:0";

/// Longest wait for a line of a command in the background; reached only where it says something
/// else than the README.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// A folder, and what runs in it.
pub(super) struct Session {
    folder: TempDir,
    /// Addresses of the README and what they are here.
    addresses: Vec<(String, String)>,
    background: Vec<Background>,
    commands: usize,
}

/// A command that goes on.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        // Whether it had ended by itself does not matter any more.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Session {
    /// An empty folder in which `tests` is the repository's.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink(root().join("tests"), folder.path().join("tests"))
            .expect("a link to the tests");
        Self {
            folder,
            addresses: Vec::new(),
            background: Vec::new(),
            commands: 0,
        }
    }

    /// How many commands were run.
    pub(super) fn commands(&self) -> usize {
        self.commands
    }

    /// Runs a command, in the background if it ends in `&`, and compares what it prints.
    pub(super) fn run(&mut self, command: &str, expected: &str) {
        self.commands += 1;
        match command.strip_suffix('&') {
            Some(command) => self.start(command.trim_end(), expected),
            None => self.finish(command, expected),
        }
    }

    fn finish(&self, command: &str, expected: &str) {
        let mut here = command.to_owned();
        for (shown, actual) in &self.addresses {
            here = here.replace(shown, actual);
        }
        // One stream, as on a terminal, so that the order of lines is what a person sees.
        let output = self.shell(&format!("{{ {here}; }} 2>&1")).output();
        let output = output.expect("a shell");
        let mut actual = String::from_utf8(output.stdout).expect("text");
        for (shown, here) in &self.addresses {
            actual = actual.replace(here, shown);
        }
        let status = output.status;
        assert!(
            status.success(),
            "`{command}` ended with {status}:\n{actual}"
        );
        assert!(
            matches(expected, &actual),
            "`{command}` printed\n{actual}\nand the README says\n{expected}"
        );
    }

    fn start(&mut self, command: &str, expected: &str) {
        let log = self.folder.path().join("log");
        let mut shell = self.shell(&format!("exec {command}{FREE_PORTS}"));
        shell.stdout(Stdio::piped());
        shell.stderr(File::create(&log).expect("a log"));
        let mut child = shell.spawn().expect("a shell");
        let lines = lines_of(child.stdout.take().expect("a pipe"));
        self.background.push(Background(child));
        let mut actual = String::new();
        while !matches(expected, &actual) {
            let Ok(mut line) = lines.recv_timeout(WAIT_MAX) else {
                let said = fs::read_to_string(&log).unwrap_or_default();
                panic!(
                    "`{command}` printed\n{actual}\nand the README says\n{expected}\n\nlog:\n{said}"
                );
            };
            self.learn(&line);
            for (shown, here) in &self.addresses {
                line = line.replace(here, shown);
            }
            actual.push_str(&line);
            actual.push('\n');
        }
    }

    /// Keeps the address on a line that tells one.
    fn learn(&mut self, line: &str) {
        for (name, shown) in ADDRESSES {
            let Some(url) = line.trim().strip_prefix(name) else {
                continue;
            };
            let origin: Vec<&str> = url.trim().splitn(4, '/').take(3).collect();
            self.addresses.push((shown.to_owned(), origin.join("/")));
        }
    }

    fn shell(&self, script: &str) -> Command {
        let folder = binary().parent().map(Path::to_owned).unwrap_or_default();
        let path = env::var_os("PATH").unwrap_or_default();
        let mut all = vec![folder];
        all.extend(env::split_paths(&path));
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.folder.path());
        command.env("PATH", env::join_paths(all).expect("a search path"));
        for name in ["MOORING_DATA", "MOORING_URL", "MOORING_TOKEN", "RUST_LOG"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }
}

/// The lines of a command as they come. They are read to the end, whether anybody takes them or not,
/// so that the command can go on writing.
fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody takes it any more once the example is done.
            let _ = sender.send(line);
        }
    });
    lines
}

/// The binary beside this test's own folder, where cargo puts it.
pub(crate) fn binary() -> PathBuf {
    let own = env::current_exe().expect("a path of its own");
    let profile = own.parent().and_then(Path::parent).expect("target/PROFILE");
    let binary = profile.join(format!("mooring{}", env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "there is no {}: `cargo test --workspace` builds it, because the package mooring-cli has an \
         integration test; before testing this package alone, run `cargo build`",
        binary.display()
    );
    binary
}

/// Whether `actual` is what `expected` says. A line `...` stands for any number of lines, `...` in
/// a line for any text. Spaces at the ends of lines do not count, nor do empty lines at the end.
pub(super) fn matches(expected: &str, actual: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        let text = text.trim_end().to_owned();
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    match_lines(&lines(expected), &lines(actual))
}

fn match_lines(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((mark, rest)) if mark == "..." => {
            (0..=actual.len()).any(|skipped| match_lines(rest, &actual[skipped..]))
        }
        Some((wanted, rest)) => actual
            .split_first()
            .is_some_and(|(line, others)| match_line(wanted, line) && match_lines(rest, others)),
    }
}

fn match_line(wanted: &str, line: &str) -> bool {
    let Some((start, rest)) = wanted.split_once("...") else {
        return wanted == line;
    };
    let Some(line) = line.strip_prefix(start) else {
        return false;
    };
    let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    ends.into_iter().any(|at| match_line(rest, &line[at..]))
}
