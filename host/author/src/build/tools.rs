//! Plugins in other languages: npm and pip, in the plugin's own folder.
//!
//! Knows nothing of Rust. Invariant: nothing is installed outside the plugin's folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mooring_plugin::{Manifest, Role};
use serde_json::Value;

use super::{BuildError, DIST};

/// Where tools are installed, in a plugin's folder.
pub const INSTALL_FOLDERS: [&str; 2] = [NODE_MODULES, VENV];

const NODE_MODULES: &str = "node_modules";
const VENV: &str = ".venv";

const INSTALL_NODE: &str =
    "install Node.js 18 or later, which brings npm (on Debian: apt-get install nodejs npm)";
const INSTALL_PYTHON: &str =
    "install Python 3.10 or later (on Debian: apt-get install python3 python3-venv)";

/// The file in a folder of tools that tells what was installed there.
const INSTALLED: &str = ".mooring-installed";

/// Where the contract lies in a plugin's folder.
const WIT: &str = "sdk/wit";

/// Runs a program to its end.
pub(super) fn output(
    command: &mut Command,
    tool: &'static str,
    remedy: &'static str,
) -> Result<Output, BuildError> {
    command.output().map_err(|source| {
        if source.kind() == io::ErrorKind::NotFound {
            return BuildError::NoTool { tool, remedy };
        }
        let tool = tool.to_owned();
        BuildError::Start { tool, source }
    })
}

/// Runs a program that has to succeed. What it says goes to standard error, as far as it does.
fn run(command: &mut Command, tool: &'static str, remedy: &'static str) -> Result<(), BuildError> {
    command.stderr(Stdio::inherit()).stdin(Stdio::null());
    let ended = output(command, tool, remedy)?;
    if ended.status.success() {
        return Ok(());
    }
    let what = tool.to_owned();
    Err(BuildError::Failed { what })
}

/// A plugin in JavaScript: its name, and its component.
pub(super) fn js(
    folder: &Path,
    manifest: &Manifest,
    say: &dyn Fn(&str),
) -> Result<(String, Vec<u8>), BuildError> {
    let wanted = read(&folder.join("package.json"))?;
    let package: Value = serde_json::from_slice(&wanted).unwrap_or_default();
    let Some(name) = package["name"].as_str().filter(|name| is_plain(name)) else {
        let what = "package.json has no `name` of a-z, 0-9 and '-'".to_owned();
        return Err(BuildError::Nothing { what });
    };
    if !is_installed(folder, NODE_MODULES, &wanted) {
        say("npm install: the tools of package.json, into node_modules");
        let mut npm = Command::new("npm");
        npm.current_dir(folder);
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error"]);
        run(&mut npm, "npm", INSTALL_NODE)?;
        mark_installed(folder, NODE_MODULES, &wanted)?;
    }
    say("componentize-qjs: src/plugin.js");
    let raw = raw(folder, name)?;
    let tool = absolute(folder, "node_modules/componentize-qjs/cli.mjs")?;
    let mut node = Command::new("node");
    node.current_dir(folder).arg(tool);
    node.args(["--wit", WIT, "--world", world(manifest)]);
    node.args(["--js", "src/plugin.js", "--module-root", "."]);
    // Without WASI, and without the async part of the component model.
    node.args(["--stub-wasi", "--sync", "--output"]).arg(&raw.0);
    run(&mut node, "node", INSTALL_NODE)?;
    Ok((name.to_owned(), read(&folder.join(&raw.0))?))
}

/// A plugin in Python: its name, and its component.
pub(super) fn python(
    folder: &Path,
    manifest: &Manifest,
    say: &dyn Fn(&str),
) -> Result<(String, Vec<u8>), BuildError> {
    let id = manifest.id.as_str();
    let name = id.rsplit('.').next().unwrap_or(id);
    let wanted = read(&folder.join("requirements.txt"))?;
    if !is_installed(folder, VENV, &wanted) {
        say("pip install: the tools of requirements.txt, into .venv");
        let mut venv = Command::new("python3");
        venv.current_dir(folder)
            .args(["-m", "venv", "--clear", VENV]);
        run(&mut venv, "python3", INSTALL_PYTHON)?;
        let mut pip = Command::new(absolute(folder, ".venv/bin/python")?);
        pip.current_dir(folder);
        pip.args(["-m", "pip", "install", "--quiet", "-r", "requirements.txt"]);
        run(&mut pip, "pip", INSTALL_PYTHON)?;
        mark_installed(folder, VENV, &wanted)?;
    }
    say("componentize-py: src/plugin.py; this takes some seconds");
    let raw = raw(folder, name)?;
    let mut tool = Command::new(absolute(folder, ".venv/bin/componentize-py")?);
    tool.current_dir(folder).env("VIRTUAL_ENV", VENV);
    tool.args(["-q", "-d", WIT, "-w", world(manifest), "componentize"]);
    tool.args(["--stub-wasi", "-p", "src", "-p", "sdk", "-o"])
        .arg(&raw.0);
    tool.arg("plugin");
    run(&mut tool, "componentize-py", INSTALL_PYTHON)?;
    Ok((name.to_owned(), read(&folder.join(&raw.0))?))
}

/// The world of the contract that has the plugin's roles.
fn world(manifest: &Manifest) -> &'static str {
    match manifest.roles.as_slice() {
        [Role::Validator] => "validator-plugin",
        [Role::Generator] => "generator-plugin",
        [Role::SetValidator] => "set-validator-plugin",
        _ => "plugin",
    }
}

fn is_plain(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.bytes().all(allowed)
}

/// A file that a tool writes and nobody needs afterwards, from the plugin's folder.
struct Raw(PathBuf, PathBuf);

impl Drop for Raw {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = fs::remove_file(&self.1);
    }
}

fn raw(folder: &Path, name: &str) -> Result<Raw, BuildError> {
    let path = folder.join(DIST);
    fs::create_dir_all(&path).map_err(|source| BuildError::File { path, source })?;
    let path = Path::new(DIST).join(format!(".{name}.{}.raw", std::process::id()));
    let whole = folder.join(&path);
    Ok(Raw(path, whole))
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| BuildError::File {
        path: path.to_owned(),
        source,
    })
}

/// A tool's path for a process that starts in `folder`.
fn absolute(folder: &Path, tool: &str) -> Result<PathBuf, BuildError> {
    let path = folder.join(tool);
    std::path::absolute(&path).map_err(|source| BuildError::File { path, source })
}

/// Whether exactly this was installed: what a person changes is installed anew.
fn is_installed(folder: &Path, tools: &str, wanted: &[u8]) -> bool {
    fs::read(folder.join(tools).join(INSTALLED)).is_ok_and(|there| there == wanted)
}

fn mark_installed(folder: &Path, tools: &str, wanted: &[u8]) -> Result<(), BuildError> {
    let path = folder.join(tools).join(INSTALLED);
    fs::write(&path, wanted).map_err(|source| BuildError::File { path, source })
}
