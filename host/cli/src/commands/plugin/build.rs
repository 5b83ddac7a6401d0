//! `mooring plugin build`: from a folder to a component.

use std::path::PathBuf;

use serde::Serialize;

use super::built;
use crate::exit::Exit;
use crate::output;
use crate::text::{clean, pairs};

/// What `plugin build` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BuildArgs {
    /// The plugin's folder
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was built, as JSON.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    id: String,
    version: String,
    bytes: usize,
    digest: String,
}

/// Builds the component.
pub(super) fn run(args: &BuildArgs) -> anyhow::Result<Exit> {
    let built = built(&args.dir)?;
    let path = built.path.strip_prefix(".").unwrap_or(&built.path);
    let report = Report {
        file: path.display().to_string(),
        id: built.manifest.id.to_string(),
        version: built.manifest.version.clone(),
        bytes: built.component.len(),
        digest: built.digest.to_string(),
    };
    if args.json {
        output::json(&report)?;
    } else {
        let text = format!("built {}\n", clean(&report.file));
        let plugin = format!("{} {}", report.id, report.version);
        let rest = pairs(&[
            ("plugin", plugin),
            ("size", format!("{} bytes", report.bytes)),
            ("digest", report.digest),
        ]);
        output::data(&(text + &rest))?;
    }
    Ok(Exit::Fine)
}
