//! `mooring plugin`: for those who write plugins, and for those who install them on a server.
//!
//! Invariants: a plugin is loaded, limited and judged here as a server does it; a command that needs a
//! server is one of an administrator, and no author's command needs one.

mod bench;
mod bind;
mod build;
mod diff;
mod disable;
mod inspect;
mod install;
mod list;
mod new;
mod plan;
mod rm;
mod run;
mod show;
mod signing;
mod test;
mod view;
mod watch;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mooring_author::build::Built;
use mooring_author::workshop::Workshop;
use mooring_plugin::Compiler;

use crate::client::segment;
use crate::exit::{Exit, UsageError};
use crate::output;

/// Where the API keeps plugins.
const PLUGINS: &str = "/api/v1/plugins";

/// Largest file that is taken for a component, in bytes; no host takes as much.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// What can be done with plugins.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PluginCommand {
    /// Make the folder of a new plugin
    New(new::NewArgs),
    /// Build the component of a plugin's folder
    Build(build::BuildArgs),
    /// Show what a component is, wants and has, without running it
    Inspect(inspect::InspectArgs),
    /// Run a plugin on a profile, or have it make profiles
    Run(run::RunArgs),
    /// Run a plugin's self-tests, and what every plugin must withstand
    Test(test::TestArgs),
    /// Measure how long a plugin's calls take
    Bench(bench::BenchArgs),
    /// Build and run a plugin again whenever one of its files changes
    Watch(watch::WatchArgs),
    /// Make a pair of keys to sign with
    Keygen(signing::KeygenArgs),
    /// Sign a component
    Sign(signing::SignArgs),
    /// Verify the signature of a component
    Verify(signing::VerifyArgs),
    /// Say what another version of a plugin finds in profiles, or makes, that the first does not
    Diff(diff::DiffArgs),
    /// Install a plugin on a server
    Install(install::InstallArgs),
    /// Put another version in the place of an installed one, which serves until that has passed
    Upgrade(install::UpgradeArgs),
    /// List the plugins that a server has
    List(list::ListArgs),
    /// Show one of them with its rules and bindings
    Show(show::ShowArgs),
    /// Say which profiles a plugin judges, or which it may make
    Bind(bind::BindArgs),
    /// Remove a binding
    Unbind(bind::UnbindArgs),
    /// Ask a plugin nothing any more, and leave it where it is
    Disable(disable::SwitchArgs),
    /// Ask it again
    Enable(disable::EnableArgs),
    /// End the quarantine of a plugin that failed again and again
    Lift(disable::LiftArgs),
    /// Remove a plugin that is not bound
    Rm(rm::RmArgs),
}

/// Runs the command.
pub(crate) fn run(command: &PluginCommand) -> anyhow::Result<Exit> {
    match command {
        PluginCommand::New(args) => new::run(args),
        PluginCommand::Build(args) => build::run(args),
        PluginCommand::Inspect(args) => inspect::run(args),
        PluginCommand::Run(args) => run::run(args),
        PluginCommand::Test(args) => test::run(args),
        PluginCommand::Bench(args) => bench::run(args),
        PluginCommand::Watch(args) => watch::run(args),
        PluginCommand::Keygen(args) => signing::keygen(args),
        PluginCommand::Sign(args) => signing::sign(args),
        PluginCommand::Verify(args) => signing::verify(args),
        PluginCommand::Diff(args) => diff::run(args),
        PluginCommand::Install(args) => install::install(args),
        PluginCommand::Upgrade(args) => install::upgrade(args),
        PluginCommand::List(args) => list::run(args),
        PluginCommand::Show(args) => show::run(args),
        PluginCommand::Bind(args) => bind::bind(args),
        PluginCommand::Unbind(args) => bind::unbind(args),
        PluginCommand::Disable(args) => disable::disable(args),
        PluginCommand::Enable(args) => disable::enable(args),
        PluginCommand::Lift(args) => disable::lift(args),
        PluginCommand::Rm(args) => rm::run(args),
    }
}

/// Does what needs a server.
fn on_server<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

/// Where the API keeps a plugin.
fn plugin_path(id: &str) -> String {
    format!("{PLUGINS}/{}", segment(id))
}

/// What compiles components: this program in a process of its own, since nobody knows whose they are.
fn compiler() -> anyhow::Result<Compiler> {
    Compiler::this_program([OsString::from("compile-plugin")])
        .context("the system does not say which program this is")
}

/// A plugin, ready to be called.
fn workshop(path: &Path, component: &[u8]) -> anyhow::Result<Workshop> {
    Workshop::open(component, &compiler()?)
        .with_context(|| format!("{} cannot be used", path.display()))
}

/// Builds the plugin in a folder.
fn built(folder: &Path) -> anyhow::Result<Built> {
    mooring_author::build::build(folder, &compiler()?, &|step| output::note(step))
        .with_context(|| format!("the plugin in {} is not built", folder.display()))
}

/// A component by its file, or by the folder of its plugin, which is built first
/// unless it is up to date.
fn component(path: &Path) -> anyhow::Result<(PathBuf, Vec<u8>)> {
    if let Some(component) = mooring_author::build::up_to_date(path) {
        let bytes = component_file(&component)?;
        return Ok((component, bytes));
    }
    if path.is_dir() {
        let built = built(path)?;
        return Ok((built.path, built.component));
    }
    Ok((path.to_owned(), component_file(path)?))
}

fn component_file(path: &Path) -> Result<Vec<u8>, UsageError> {
    let unreadable = |why: String| {
        UsageError::new(format!("{} cannot be read: {why}", path.display()))
            .with_hint("name a component, or the folder of a plugin")
    };
    let length = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if length.len() > COMPONENT_BYTES_MAX {
        return Err(unreadable(format!(
            "it has more than {COMPONENT_BYTES_MAX} bytes"
        )));
    }
    fs::read(path).map_err(|error| unreadable(error.to_string()))
}

/// Settings as they stand on the command line, or in the file that is named there.
fn settings(argument: Option<&str>) -> Result<String, UsageError> {
    let text = argument.unwrap_or_default();
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some(path) => fs::read_to_string(path)
            .map_err(|error| UsageError::new(format!("{path} cannot be read: {error}"))),
    }
}
