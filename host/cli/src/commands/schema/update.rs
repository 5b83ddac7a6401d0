//! `mooring schema update`: the table from checkouts, put where `check` and `serve` find it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mooring_schema::{Changes, Schema, TableError};
use serde::Serialize;

use crate::exit::Exit;
use crate::output;
use crate::text::{clean, count};

/// How many changes of one sort are listed; `--json` has all.
const LISTED_MAX: usize = 20;

/// What `update` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct UpdateArgs {
    /// Checkouts of github.com/apple/device-management, or their mdm/profiles; of several the last that
    /// has a type counts
    #[arg(required = true, value_name = "DIR")]
    checkouts: Vec<PathBuf>,
    /// A checkout of github.com/ProfileManifests/ProfileManifests, for preference domains of apps
    #[arg(long, value_name = "DIR")]
    profile_manifests: Option<PathBuf>,
    /// What to call the source in the table, such as its commit and date
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "github.com/apple/device-management"
    )]
    source: String,
    /// File to write [default: your own, which `mooring check` uses]
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    out: Option<PathBuf>,
    /// Write into the data folder of a server, which uses it from its next start on
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    file: String,
    types: usize,
    bytes: usize,
    changes: Listed,
    /// What was not understood and is not judged.
    remarks: Vec<String>,
    /// Files that could not be read: what they describe is not in the table.
    skipped: Vec<String>,
}

/// The changes against the table that was in use.
#[derive(Debug, Serialize)]
struct Listed {
    types_added: Vec<String>,
    types_removed: Vec<String>,
    keys_added: Vec<Place>,
    keys_removed: Vec<Place>,
    keys_changed: Vec<Place>,
}

/// One key.
#[derive(Debug, Serialize)]
struct Place {
    r#type: String,
    key: String,
}

/// Makes the table.
pub(crate) fn run(args: &UpdateArgs) -> anyhow::Result<Exit> {
    let file = target(args)?;
    let (schema, mut remarks, skipped) = read(args)?;
    let text = mooring_schema::render(&schema, &head(args));
    // What the plugin gets is what was read back, and a mistake is found here and not there.
    mooring_schema::parse(&text)?;
    let before = in_use(args, &file)?;
    let changes = mooring_schema::changes(&before, &schema);
    mooring_schema::write(&file, &text)?;
    for remark in &mut remarks {
        *remark = clean(remark);
    }
    let made = Made {
        file: file.display().to_string(),
        types: schema.types.len(),
        bytes: text.len(),
        changes: listed(changes),
        remarks,
        skipped,
    };
    // A table with a hole judges less than people believe: a script has to notice.
    let exit = if made.skipped.is_empty() {
        Exit::Fine
    } else {
        Exit::Failed
    };
    if args.json {
        output::json(&made)?;
        return Ok(exit);
    }
    for remark in &made.remarks {
        output::note(&format!("note: {remark}"));
    }
    for file in &made.skipped {
        output::note(&format!("SKIPPED: {file}"));
    }
    output::data(&told(&made))?;
    Ok(exit)
}

/// Where the table goes.
fn target(args: &UpdateArgs) -> Result<PathBuf, TableError> {
    match (&args.out, &args.data) {
        (Some(file), _) => Ok(file.clone()),
        (None, Some(folder)) => Ok(folder.join(mooring_schema::FILE_NAME)),
        (None, None) => mooring_schema::of_user().ok_or(TableError::NoHome),
    }
}

/// The schema, what was not understood, and the files that could not be read.
fn read(args: &UpdateArgs) -> Result<(Schema, Vec<String>, Vec<String>), TableError> {
    let mut schema = Schema::default();
    let mut remarks = Vec::new();
    let mut skipped = Vec::new();
    for checkout in &args.checkouts {
        let read = mooring_schema::read_apple(checkout)?;
        schema.types.extend(read.schema.types);
        remarks.extend(read.remarks);
        skipped.extend(read.skipped.iter().map(|error| clean(&told_whole(error))));
    }
    schema.sources.push(args.source.clone());
    if let Some(checkout) = &args.profile_manifests {
        remarks.extend(mooring_schema::add_manifests(&mut schema, checkout)?);
        let source = "github.com/ProfileManifests/ProfileManifests, from a checkout of the user";
        schema.sources.push(source.to_owned());
    }
    Ok((schema, remarks, skipped))
}

/// An error with what is behind it, in one line.
fn told_whole(error: &TableError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// The licence of the facts goes with them.
fn head(args: &UpdateArgs) -> String {
    let checkouts = args.checkouts.iter().map(PathBuf::as_path);
    mooring_schema::head(checkouts)
}

/// The table that is replaced, or else the one that is used so far.
fn in_use(args: &UpdateArgs, file: &Path) -> Result<Schema, TableError> {
    let text = if file.exists() {
        Some(mooring_schema::load(file)?)
    } else {
        mooring_schema::in_use(None, args.data.as_deref())?
    };
    mooring_schema::parse(text.as_deref().unwrap_or(mooring_schema::BUILT_IN))
}

fn listed(changes: Changes) -> Listed {
    let places = |keys: Vec<(String, String)>| {
        let places = keys.into_iter();
        places.map(|(r#type, key)| Place { r#type, key }).collect()
    };
    Listed {
        types_added: changes.types_added,
        types_removed: changes.types_removed,
        keys_added: places(changes.keys_added),
        keys_removed: places(changes.keys_removed),
        keys_changed: places(changes.keys_changed),
    }
}

fn told(made: &Made) -> String {
    let keys = |places: &[Place]| -> Vec<String> {
        let named = places.iter();
        named
            .map(|place| format!("{}: {}", place.r#type, place.key))
            .collect()
    };
    let changes = &made.changes;
    let sorts = [
        ("type", "new", changes.types_added.clone()),
        ("type", "gone", changes.types_removed.clone()),
        ("key", "new", keys(&changes.keys_added)),
        ("key", "gone", keys(&changes.keys_removed)),
        ("key", "changed", keys(&changes.keys_changed)),
    ];
    let mut text = String::new();
    for (what, how, names) in sorts.iter().filter(|(_, _, names)| !names.is_empty()) {
        let _ = writeln!(text, "{} {how}:", count(names.len(), what));
        for name in names.iter().take(LISTED_MAX) {
            let _ = writeln!(text, "  {}", clean(name));
        }
        if names.len() > LISTED_MAX {
            let _ = writeln!(text, "  and {} more", names.len() - LISTED_MAX);
        }
    }
    if text.is_empty() {
        text.push_str("nothing changed against the table in use\n");
    }
    let types = count(made.types, "type");
    let skipped = match made.skipped.len() {
        0 => String::new(),
        files => format!(", {} skipped", count(files, "file")),
    };
    text + &format!(
        "wrote {} ({types}, {} bytes{skipped})\n",
        clean(&made.file),
        made.bytes
    )
}
