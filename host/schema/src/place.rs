//! Where a table lies that replaces the built-in one, and how it gets there.
//!
//! Knows nothing of a table's content but that it must parse. Invariants: a file that is named must
//! be there, one that is only looked for need not; a file appears whole or not at all.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::TABLE_BYTES_MAX;
use crate::error::TableError;
use crate::text::parse;

/// What a table's file is called in a data folder, and in the user's own.
pub const FILE_NAME: &str = "schema.table";

/// The table to use in place of the built-in one: the file that is named, else the one in the
/// server's data folder, else, where no data folder is given, the user's own. `None` if there is
/// none of them.
///
/// # Errors
/// [`TableError`] if the named file is not there, or the file to use is no table.
pub fn in_use(
    explicit: Option<&Path>,
    data: Option<&Path>,
) -> Result<Option<Arc<str>>, TableError> {
    if let Some(path) = explicit {
        return load(path).map(Some);
    }
    let path = match data {
        Some(folder) => Some(folder.join(FILE_NAME)),
        None => of_user(),
    };
    match path {
        Some(path) if path.exists() => load(&path).map(Some),
        Some(_) | None => Ok(None),
    }
}

/// The file in the user's own configuration: `$XDG_CONFIG_HOME/mooring/schema.table`, else
/// `~/.config/mooring/schema.table`. `None` where there is no home.
pub fn of_user() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let configs =
        absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    configs.map(|folder| folder.join("mooring").join(FILE_NAME))
}

/// The text of one table, checked.
///
/// # Errors
/// [`TableError`] if the file cannot be read, is longer than [`TABLE_BYTES_MAX`] or is no table.
pub fn load(path: &Path) -> Result<Arc<str>, TableError> {
    let failed = |source| TableError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes > TABLE_BYTES_MAX {
        return Err(TableError::TooLarge {
            path: path.to_owned(),
            bytes,
            limit: TABLE_BYTES_MAX,
        });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let checked = parse(&text);
    checked.map_err(|source| TableError::TableFile {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    Ok(text.into())
}

/// Puts a table's text into a file, in place of what was there; makes the folder if need be.
///
/// # Errors
/// [`TableError::Write`], and then the file is as it was.
pub fn write(path: &Path, text: &str) -> Result<(), TableError> {
    let failed = |source| TableError::Write {
        path: path.to_owned(),
        source,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}.new", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let written = fs::File::create(&fresh)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&fresh, path));
    written.map_err(|source| {
        // What is left of a failed attempt is of no use; the error that matters is the first.
        let _ = fs::remove_file(&fresh);
        failed(source)
    })
}
