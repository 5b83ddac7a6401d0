//! The real binary, as a person or a script runs it.
//!
//! Invariants: a command sees nothing of the environment that would change what it does; a server
//! that was started is ended when it is dropped.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The binary, beside the folder of the test's own executable, where cargo puts it.
#[track_caller]
pub fn mooring() -> PathBuf {
    let own = env::current_exe().expect("a path of its own");
    let profile = own.parent().and_then(Path::parent).expect("target/PROFILE");
    let binary = profile.join(format!("mooring{}", env::consts::EXE_SUFFIX));
    assert!(
        binary.is_file(),
        "there is no {}: run `cargo build`, or test the whole workspace",
        binary.display()
    );
    binary
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Ran {
    /// The same, if it ended with `code`.
    #[track_caller]
    #[expect(
        clippy::return_self_not_must_use,
        reason = "that it ended so is often all there is to know"
    )]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Its standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// An empty folder to run commands in.
#[derive(Debug)]
pub struct Terminal {
    folder: TempDir,
}

impl Terminal {
    /// A new folder.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs `mooring` with these words as arguments.
    #[track_caller]
    pub fn run(&self, line: &str) -> Ran {
        self.run_with(line, &[])
    }

    /// The same with variables set.
    #[track_caller]
    pub fn run_with(&self, line: &str, variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(line);
        command.envs(variables.iter().copied());
        let output = command.output().expect("the binary runs");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Starts `mooring serve` over the folder `data`, on ports that the system chooses.
    #[track_caller]
    pub fn serve(&self) -> Served {
        let line = "serve --data data --admin 127.0.0.1:0 --device 127.0.0.1:0 --json";
        let started = self.start(line).expect("where the server is");
        let text = |key: &str| started.ready[key].as_str().expect("a text").to_owned();
        Served {
            admin_url: text("admin_url"),
            device_url: text("device_url"),
            started,
        }
    }

    /// Starts a command that goes on, and waits for its one line of JSON; `None` if it ends without.
    #[track_caller]
    pub fn start(&self, line: &str) -> Option<Started> {
        let mut command = self.command(line);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a line");
        let started = Started {
            ready: serde_json::from_str(&first).unwrap_or(Value::Null),
            child,
            _out: out,
        };
        Some(started).filter(|started| !started.ready.is_null())
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(mooring());
        command.args(line.split_whitespace());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in env::vars_os() {
            if name == "RUST_LOG" || name.to_string_lossy().starts_with("MOORING_") {
                command.env_remove(name);
            }
        }
        command
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

/// A server in a process of its own.
#[derive(Debug)]
pub struct Served {
    /// Where administrators reach it.
    pub admin_url: String,
    /// Where devices reach it.
    pub device_url: String,
    started: Started,
}

impl Served {
    /// Sends it a signal, named as for `kill`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let id = self.started.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("there is a kill").success(), "{name}");
    }
}

/// A command that goes on, in a process of its own.
#[derive(Debug)]
pub struct Started {
    /// What it said when it was ready.
    pub ready: Value,
    child: Child,
    /// Kept open, so that it can go on writing.
    _out: BufReader<ChildStdout>,
}

impl Drop for Started {
    /// Ends it as `kill -9` does.
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
