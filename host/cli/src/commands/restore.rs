//! `mooring restore`: the folder of a server, made of a backup.
//!
//! Knows nothing of the form of a backup. Invariant: a folder that has a store, or over which a
//! server runs, is left as it is.

use std::path::PathBuf;

use mooring_server::backup::{BackupError, RestoreError, RestoreSummary, restore_to};
use serde::Serialize;

use super::backup::{Content, hex};
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::text::{clean, pairs, shell_word};

/// What `restore` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Folder to make; it must have no store
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Restored {
    data: String,
    incarnation: String,
    era: u32,
    backup: Content,
}

/// Makes the folder.
pub(crate) fn run(args: &RestoreArgs) -> anyhow::Result<Exit> {
    let made = restore_to(&args.file, &args.data).map_err(explained)?;
    let data = args.data.display().to_string();
    if args.json {
        output::json(&Restored {
            data,
            incarnation: hex(&made.incarnation),
            era: made.era,
            backup: Content::of(&made.backup),
        })?;
    } else {
        output::data(&render(&data, &made))?;
        output::note(&next(&data));
    }
    Ok(Exit::Fine)
}

/// What was named makes no sense, or the restore failed.
fn explained(error: RestoreError) -> anyhow::Error {
    let text = error.to_string();
    match error {
        RestoreError::Running { .. } | RestoreError::HasStore { .. } => {
            UsageError::new(text).into()
        }
        RestoreError::Backup(BackupError::Foreign { .. }) => UsageError::new(text)
            .with_hint("name a file that `mooring backup` wrote")
            .into(),
        RestoreError::Folder { .. } | RestoreError::Backup(_) => error.into(),
    }
}

fn render(data: &str, made: &RestoreSummary) -> String {
    let mut lines = vec![("folder", clean(data))];
    lines.extend(Content::of(&made.backup).lines());
    lines.push(("incarnation", hex(&made.incarnation)));
    lines.push(("era", made.era.to_string()));
    pairs(&lines)
}

/// What happens now, and what must not.
fn next(data: &str) -> String {
    let data = shell_word(data);
    format!(
        "next: mooring serve --data {data}, with the options of the server before\n  \
         that server must not run any more: two would undo each other's work\n  \
         every host is unknown until it has listed its profiles; before that nothing is installed on \
         it or removed from it\n  \
         the token of administrators is not in a backup: a new one is made if the folder has none"
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Proves that what is named wrongly is wrong usage, and that nothing is made then.
    #[test]
    fn wrong_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let run = |file: &str, data: &str| {
            run(&RestoreArgs {
                file: path(file),
                data: path(data),
                json: false,
            })
        };
        fs::write(
            path("other"),
            "something else than a backup, and quite long",
        )
        .unwrap();
        assert!(run("other", "new").unwrap_err().is::<UsageError>());
        assert!(!run("missing", "new").unwrap_err().is::<UsageError>());
        fs::write(path("mooring.redb"), "a store").unwrap();
        assert!(run("other", "").unwrap_err().is::<UsageError>());
        assert!(!path("new").exists());
        assert_eq!(fs::read(path("mooring.redb")).unwrap(), b"a store");
    }
}
