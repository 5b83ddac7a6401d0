//! Documents about backups. Invariant: see the parent module; none holds what is in a backup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// It is being written, or read back.
    Running,
    /// It can be fetched.
    Done,
    /// It was not made.
    Failed,
}

/// `POST /api/v1/backups` and `GET /api/v1/backups/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupDetail {
    /// Names it.
    pub id: String,
    /// How far it is.
    pub state: BackupState,
    /// When it was asked for. What it holds is of a moment soon after.
    pub made_at: String,
    /// Its size; while it is being written, what there is of it so far.
    pub bytes: u64,
    /// How many rows of each table it holds, by the table's name; empty unless it is done.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub rows: BTreeMap<String, u64>,
    /// The names of the files that it holds beside the store.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub files: Vec<String>,
    /// SHA-256 of all its bytes, in hex; once it is done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}
