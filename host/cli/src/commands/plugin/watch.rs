//! `mooring plugin watch`: builds and runs again whenever a file changes.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use mooring_author::watch::{changed, snapshot};
use mooring_plugin::Role;

use super::run::{self, RunArgs};
use crate::exit::Exit;
use crate::output;
use crate::paths;
use crate::text::clean;

/// How often the folder is looked at.
const INTERVAL: Duration = Duration::from_millis(300);

/// What `plugin watch` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// The plugin's folder
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Profiles to judge after each build, or to judge together [default: those in testdata]
    #[arg(long, value_name = "FILE")]
    profile: Vec<PathBuf>,
    /// The binding's settings: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<String>,
}

/// Goes on until it is interrupted.
pub(super) fn run(args: &WatchArgs) -> anyhow::Result<Exit> {
    loop {
        let before = snapshot(&args.dir);
        once(args)?;
        output::note("waiting for a change; Ctrl-C ends this");
        let path = loop {
            wait();
            if let Some(path) = changed(&before, &snapshot(&args.dir)) {
                break path;
            }
        };
        output::note(&format!("\n{} changed", clean(&path.display().to_string())));
    }
}

/// Builds, and runs what was built. What is wrong with the plugin is said, and ends nothing.
fn once(args: &WatchArgs) -> anyhow::Result<()> {
    let built = match super::built(&args.dir) {
        Ok(built) => built,
        Err(error) => {
            output::error(&error);
            return Ok(());
        }
    };
    let mut profiles = args.profile.clone();
    if profiles.is_empty() {
        profiles.extend(paths::gather(&[args.dir.join("testdata")]).files);
    }
    if built.manifest.roles == [Role::SetValidator] {
        let settings = args.settings.clone();
        return say(run::run(&RunArgs::of_set(built.path, profiles, settings)));
    }
    for profile in &profiles {
        say(run::run(&call(args, &built.path, Some(profile))))?;
    }
    if profiles.is_empty() {
        say(run::run(&call(args, &built.path, None)))?;
    }
    Ok(())
}

fn call(args: &WatchArgs, component: &Path, profile: Option<&PathBuf>) -> RunArgs {
    RunArgs::new(
        component.to_owned(),
        profile.cloned(),
        args.settings.clone(),
    )
}

/// Only an output that nobody reads any more ends the watch.
fn say(ran: anyhow::Result<Exit>) -> anyhow::Result<()> {
    match ran {
        Ok(_) => Ok(()),
        Err(error) if output::is_closed(&error) => Err(error),
        Err(error) => {
            output::error(&error);
            Ok(())
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person changes files in seconds, and nothing else runs here"
)]
fn wait() {
    thread::sleep(INTERVAL);
}
