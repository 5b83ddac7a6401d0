//! Folders to write plugins in, with one cargo target and one cache of compiled code for all.
//!
//! Invariant: cargo is offline here, since a new plugin needs nothing that this workspace lacks.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mooring_tests::command::{Ran, mooring};

/// An empty folder, and what runs in it.
pub(super) struct Workshop {
    folder: PathBuf,
}

/// What all workshops share.
fn shared() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("author")
}

impl Workshop {
    /// The folder of this name, without what was in it the last time.
    pub(super) fn new(name: &str) -> Self {
        let folder = shared().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old folder goes");
        }
        Self::with_tools(name)
    }

    /// The same with what was in it.
    pub(super) fn with_tools(name: &str) -> Self {
        let folder = shared().join(name);
        fs::create_dir_all(folder.join(".cargo")).expect("a folder");
        let target = shared().join("target");
        let target = target.display();
        let config = format!("[build]\ntarget-dir = \"{target}\"\n\n[net]\noffline = true\n");
        fs::write(folder.join(".cargo/config.toml"), config).expect("a file");
        Self { folder }
    }

    /// A path in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of a file in the folder.
    #[track_caller]
    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a file in the folder.
    #[track_caller]
    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// Changes a file in the folder, which has `from` in it.
    #[track_caller]
    pub(super) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from}:\n{text}");
        self.write(name, text.replace(from, to));
    }

    /// Runs `mooring plugin` with these words as arguments.
    #[track_caller]
    pub(super) fn plugin(&self, line: &str) -> Ran {
        let words = line.split_whitespace().collect::<Vec<_>>();
        self.finish(self.command(&mooring()).arg("plugin").args(words))
    }

    /// Runs a line of shell in a folder of this one, as a person would type it.
    #[track_caller]
    pub(super) fn shell(&self, folder: &Path, line: &str) -> Ran {
        let binary = mooring();
        let mut path = vec![binary.parent().expect("a folder").to_owned()];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let mut command = self.command(Path::new("sh"));
        command
            .args(["-c", line])
            .current_dir(self.folder.join(folder));
        command.env("PATH", env::join_paths(path).expect("a search path"));
        self.finish(&mut command)
    }

    /// A command in the folder, with nothing of the environment that would change what it does.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.env("XDG_CACHE_HOME", shared().join("cache"));
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("MOORING_") || ["RUST_LOG", "VIRTUAL_ENV"].contains(&&*text) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    #[expect(clippy::unused_self, reason = "a command is one of a workshop")]
    pub(super) fn finish(&self, command: &mut Command) -> Ran {
        let output = command.output().expect("the command starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}
