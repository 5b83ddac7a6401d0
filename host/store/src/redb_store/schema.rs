//! The tables, and how a file comes to have them.
//!
//! Knows nothing of the rows' insides. Invariant: every table exists from the store's creation
//! on, and a file is used only in exactly the schema of this release.
//!
//! `host/docs/DATA.md` describes each table; keep the two in step.

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::fault::{backend, corrupt};
use super::split::split_enrollments;
use crate::record::Identity;
use crate::{RowError, Space, StoreError};

/// The schema that this release writes.
pub(crate) const SCHEMA: u32 = 4;

/// The first schema in which an enrollment has two rows.
pub(super) const SPLIT_SCHEMA: u32 = 4;

/// Raises a file by one schema version, inside the transaction that also stores the new number.
type Migration = fn(&WriteTransaction) -> Result<(), StoreError>;

/// Step `n` raises schema `n + 1` to `n + 2`. The journal is laid over the tables after all steps: one
/// that changes rows which it may hold has to fold it first.
const MIGRATIONS: [Migration; SCHEMA as usize - 1] = [move_builtins, add_facts, split_enrollments];

/// Facts about the store as a whole.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// identifier -> (revision, profile).
pub(super) const PROFILES: TableDefinition<&str, (u64, &[u8])> = TableDefinition::new("profiles");
/// (identifier, version) -> version, without its bytes.
pub(super) const VERSIONS: TableDefinition<(&str, u32), &[u8]> =
    TableDefinition::new("mdm_apple_configuration_profiles");
/// (identifier, version) -> the bytes exactly as delivered.
pub(super) const RAW: TableDefinition<(&str, u32), &[u8]> =
    TableDefinition::new("mdm_apple_configuration_profiles_raw");
/// host -> facts about the host as a whole.
pub(super) const HOSTS: TableDefinition<&str, &[u8]> = TableDefinition::new("hosts");
/// host -> (revision, what administrators said of it).
pub(super) const FACTS: TableDefinition<&str, (u64, &[u8])> = TableDefinition::new("host_facts");
/// (host, user or "" for the device channel) -> (the revision at which this was last written, what
/// changes seldom of the enrollment).
pub(super) const ENROLLMENTS: TableDefinition<(&str, &str), (u64, &[u8])> =
    TableDefinition::new("enrollments");
/// (host, user or "") -> what changes with every message of the enrollment, its revision too.
pub(super) const SYNC: TableDefinition<(&str, &str), &[u8]> =
    TableDefinition::new("enrollment_sync");
/// number -> what one transaction wrote of hosts.
pub(super) const JOURNAL: TableDefinition<u64, &[u8]> = TableDefinition::new("journal");
/// set id -> entries.
pub(super) const SETS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("profile_sets");
/// (host, user or "", sequence) -> command.
pub(super) const COMMANDS: TableDefinition<(&str, &str, u32), &[u8]> =
    TableDefinition::new("commands");
/// (number of a space, key) -> document.
pub(super) const DOCUMENTS: TableDefinition<(u8, &[u8]), &[u8]> = TableDefinition::new("documents");

/// Schema 1 only: identifier -> setting of a built-in profile.
const BUILTINS: TableDefinition<&str, &[u8]> = TableDefinition::new("builtins");

/// Row of [`META`]: u32, big-endian.
pub(crate) const KEY_SCHEMA: &str = "schema";
/// Row of [`META`]: 16 bytes.
pub(crate) const KEY_INCARNATION: &str = "incarnation";
/// Row of [`META`]: 32 bytes.
pub(super) const KEY_COMMAND_KEY: &str = "command_key";

/// Brings the file to this release's schema, creating everything in an empty one.
pub(super) fn prepare(db: &Database) -> Result<Identity, StoreError> {
    match stored_schema(db)? {
        None => create(db),
        Some(SCHEMA) => identity(db),
        Some(found) if found > SCHEMA => Err(StoreError::NewerSchema {
            found,
            supported: SCHEMA,
        }),
        Some(found) => {
            migrate(db, found)?;
            identity(db)
        }
    }
}

/// A transaction that is durable when it commits, its root switched in a second step: the bytes
/// stored come from outside, and a single-step commit trusts a checksum that they could forge.
pub(super) fn begin_write(db: &Database) -> Result<WriteTransaction, StoreError> {
    let doing = "starting a transaction";
    let mut transaction = db.begin_write().map_err(backend(doing))?;
    transaction
        .set_durability(redb::Durability::Immediate)
        .map_err(backend(doing))?;
    transaction.set_two_phase_commit(true);
    Ok(transaction)
}

fn stored_schema(db: &Database) -> Result<Option<u32>, StoreError> {
    let doing = "reading the schema version";
    let transaction = db.begin_read().map_err(backend(doing))?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(backend(doing)(error)),
    };
    fixed(&meta, KEY_SCHEMA).map(|bytes| Some(u32::from_be_bytes(bytes)))
}

fn create(db: &Database) -> Result<Identity, StoreError> {
    let doing = "creating the tables";
    let identity = Identity::random(SCHEMA)?;
    let transaction = begin_write(db)?;
    {
        let mut meta = transaction.open_table(META).map_err(backend(doing))?;
        let rows: [(&str, &[u8]); 3] = [
            (KEY_SCHEMA, &SCHEMA.to_be_bytes()),
            (KEY_INCARNATION, &identity.incarnation),
            (KEY_COMMAND_KEY, &identity.command_key),
        ];
        for (key, value) in rows {
            meta.insert(key, value).map_err(backend(doing))?;
        }
    }
    transaction.open_table(PROFILES).map_err(backend(doing))?;
    transaction.open_table(VERSIONS).map_err(backend(doing))?;
    transaction.open_table(RAW).map_err(backend(doing))?;
    transaction.open_table(HOSTS).map_err(backend(doing))?;
    transaction.open_table(FACTS).map_err(backend(doing))?;
    transaction
        .open_table(ENROLLMENTS)
        .map_err(backend(doing))?;
    transaction.open_table(SYNC).map_err(backend(doing))?;
    transaction.open_table(JOURNAL).map_err(backend(doing))?;
    transaction.open_table(SETS).map_err(backend(doing))?;
    transaction.open_table(COMMANDS).map_err(backend(doing))?;
    transaction.open_table(DOCUMENTS).map_err(backend(doing))?;
    transaction.commit().map_err(backend(doing))?;
    Ok(identity)
}

/// One transaction for all steps: a file is never left between two schemas.
fn migrate(db: &Database, from: u32) -> Result<(), StoreError> {
    let doing = "raising the schema";
    let transaction = begin_write(db)?;
    for step in MIGRATIONS.iter().skip(from.saturating_sub(1) as usize) {
        step(&transaction)?;
    }
    {
        let mut meta = transaction.open_table(META).map_err(backend(doing))?;
        meta.insert(KEY_SCHEMA, &SCHEMA.to_be_bytes()[..])
            .map_err(backend(doing))?;
    }
    transaction.commit().map_err(backend(doing))
}

/// 1 to 2: settings of built-in profiles become documents, under the same keys and as they are.
fn move_builtins(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let doing = "raising the schema from 1 to 2";
    let builtins = transaction.open_table(BUILTINS).map_err(backend(doing))?;
    let mut documents = transaction.open_table(DOCUMENTS).map_err(backend(doing))?;
    for row in builtins.iter().map_err(backend(doing))? {
        let (identifier, setting) = row.map_err(backend(doing))?;
        let key = (Space::BuiltIn.number(), identifier.value().as_bytes());
        documents
            .insert(key, setting.value())
            .map_err(backend(doing))?;
    }
    transaction.delete_table(builtins).map_err(backend(doing))?;
    Ok(())
}

/// 2 to 3: rows stay as they are. A release that knows nothing of assignments and placeholders
/// would send every profile to every host, so it must not open the file any more.
fn add_facts(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let doing = "raising the schema from 2 to 3";
    transaction.open_table(FACTS).map_err(backend(doing))?;
    Ok(())
}

/// Makes durable whatever a database that was opened after a failure shows: writes a transaction
/// that changes nothing. A file that is not ours any more is refused.
pub(super) fn settle(db: &Database) -> Result<(), StoreError> {
    let doing = "settling the store after a failure";
    if stored_schema(db)? != Some(SCHEMA) {
        return Err(corrupt("meta", KEY_SCHEMA, RowError::Missing));
    }
    let transaction = begin_write(db)?;
    {
        let mut meta = transaction.open_table(META).map_err(backend(doing))?;
        meta.insert(KEY_SCHEMA, &SCHEMA.to_be_bytes()[..])
            .map_err(backend(doing))?;
    }
    transaction.commit().map_err(backend(doing))
}

fn identity(db: &Database) -> Result<Identity, StoreError> {
    let doing = "reading the store's identity";
    let transaction = db.begin_read().map_err(backend(doing))?;
    let meta = transaction.open_table(META).map_err(backend(doing))?;
    Ok(Identity {
        incarnation: fixed(&meta, KEY_INCARNATION)?,
        command_key: fixed(&meta, KEY_COMMAND_KEY)?,
        schema: fixed(&meta, KEY_SCHEMA).map(u32::from_be_bytes)?,
    })
}

fn fixed<const N: usize>(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<[u8; N], StoreError> {
    let value = meta
        .get(key)
        .map_err(backend("reading the store's identity"))?;
    let value = value.ok_or_else(|| corrupt("meta", key, RowError::Missing))?;
    let bytes = value.value();
    let wrong = |_| RowError::Length {
        found: bytes.len(),
        wanted: N,
    };
    bytes
        .try_into()
        .map_err(wrong)
        .map_err(|error| corrupt("meta", key, error))
}
