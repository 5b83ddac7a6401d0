//! Handlers about backups.
//!
//! Knows nothing of what is in a backup. Invariant: an answer never holds more of one than its
//! bound.

use super::admin::json;
use super::body::{Answer, answer};
use super::problem::{Kind, Problem};
use super::route::{BackupRoute, query_value};
use crate::backup::{Backups, BackupsError};
use crate::device::chain;

/// The type of bytes that are for nobody in particular.
const BYTES: &str = "application/octet-stream";

/// Answers the routes of this module.
pub(super) fn handle(
    backups: &Backups,
    route: &BackupRoute,
    query: &str,
) -> Result<Answer, Problem> {
    match route {
        BackupRoute::Begin => json(202, &backups.begin()?),
        BackupRoute::Show(id) => json(200, &backups.show(id)?),
        BackupRoute::Bytes(id) => Ok(answer(200, BYTES, backups.piece(id, offset(query)?)?)),
        BackupRoute::Remove(id) => {
            backups.remove(id)?;
            Ok(answer(204, "", ""))
        }
    }
}

fn offset(query: &str) -> Result<u64, Problem> {
    let offset = query_value(query, "offset").map(|text| text.parse());
    let offset = offset.transpose().map_err(|_| {
        Problem::new(Kind::BadRequest, "the parameter offset is wrong")
            .at("offset", "it is a number of bytes")
    })?;
    Ok(offset.unwrap_or(0))
}

impl From<BackupsError> for Problem {
    fn from(error: BackupsError) -> Self {
        let text = error.to_string();
        match error {
            BackupsError::Running | BackupsError::NotDone(_) => Self::new(Kind::Conflict, text),
            BackupsError::NotFound(_) => Self::new(Kind::NotFound, text),
            BackupsError::Beyond { .. } => {
                Self::new(Kind::BadRequest, text.clone()).at("offset", text)
            }
            BackupsError::File { .. } => {
                tracing::error!(error = %chain(&error), "a backup cannot be handled");
                Self::new(
                    Kind::Internal,
                    "the backup cannot be handled; the log says why",
                )
            }
        }
    }
}
