//! A file of an earlier schema: nothing of it is lost, and raising it survives a failing disk.
//!
//! The tables and rows are written here as schemas 1 to 3 had them, by hand.

mod split;

use std::path::Path;

use minicbor::Encoder;
use mooring_drift::command::{Command, RequestType};
use mooring_drift::desired::Revision;
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{InFlight, Periodic, Phase, SyncState, Unproven};
use mooring_mdm::ids::{Channel, PayloadUuid};
use redb::{
    Database, ReadableDatabase, ReadableTable, TableDefinition, TableHandle, WriteTransaction,
};

use super::disk::Disk;
use super::open;
use super::samples::{enrollment_id, facts, host_id, identifier};
use crate::{
    BuiltInRecord, Change, EnrollmentRecord, HostFacts, KeyRange, Origin, RedbStore, Space, Store,
    builtins,
};

type Row = Vec<u8>;

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const PROFILES: TableDefinition<&str, (u64, &[u8])> = TableDefinition::new("profiles");
const VERSIONS: TableDefinition<(&str, u32), &[u8]> =
    TableDefinition::new("mdm_apple_configuration_profiles");
const RAW: TableDefinition<(&str, u32), &[u8]> =
    TableDefinition::new("mdm_apple_configuration_profiles_raw");
const HOSTS: TableDefinition<&str, &[u8]> = TableDefinition::new("hosts");
const FACTS: TableDefinition<&str, (u64, &[u8])> = TableDefinition::new("host_facts");
const ENROLLMENTS: TableDefinition<(&str, &str), (u64, &[u8])> =
    TableDefinition::new("enrollments");
const SETS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("profile_sets");
const COMMANDS: TableDefinition<(&str, &str, u32), &[u8]> = TableDefinition::new("commands");
const DOCUMENTS: TableDefinition<(u8, &[u8]), &[u8]> = TableDefinition::new("documents");
const BUILTINS: TableDefinition<&str, &[u8]> = TableDefinition::new("builtins");

fn row(
    write: impl FnOnce(
        &mut Encoder<Row>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>>,
) -> Row {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder).unwrap();
    encoder.into_writer()
}

fn delivered() -> ProfileSet {
    let uuid = PayloadUuid::parse("uuid-1").unwrap();
    ProfileSet::from_entries(vec![(identifier("com.example.a"), uuid)])
}

fn sync_state() -> SyncState {
    SyncState {
        epoch: 7,
        phase: Phase::Enrolled,
        sequence: 3,
        delivered: delivered(),
        unproven: [(identifier("com.example.b"), Unproven::Removed)].into(),
        in_flight: Some(InFlight {
            sequence: 3,
            command: Command::InstallProfile {
                identifier: identifier("com.example.a"),
                revision: Revision {
                    version: 1,
                    uuid: PayloadUuid::parse("uuid-1").unwrap(),
                },
            },
            at: Timestamp(1000),
            in_reply_to: Some(2),
            in_reply_to_raw: None,
        }),
        last_lost: 1,
        list: Periodic {
            answered_at: Some(Timestamp(900)),
            failed: 0,
            retry_at: None,
        },
        ..SyncState::new()
    }
}

/// The row of an enrollment with that state.
fn enrollment_row() -> Row {
    row(|e| {
        e.array(5)?.null()?.bytes(b"unlock")?.null()?.u64(1234)?;
        e.array(14)?.u32(7)?.u32(1)?.u32(3)?.null()?;
        e.bytes(&delivered().id().0)?;
        e.map(1)?.str("com.example.b")?.array(2)?.u32(1)?.array(0)?;
        e.array(4)?.u32(3)?.array(2)?.u32(2)?;
        e.array(2)?.str("com.example.a")?;
        e.array(2)?.u32(1)?.str("uuid-1")?;
        e.u64(1000)?.u32(2)?;
        e.array(0)?.u32(1)?.null()?;
        e.array(2)?.u64(900)?.u8(0)?;
        e.array(2)?.null()?.u8(0)?;
        e.null()?.map(0)?;
        Ok(())
    })
}

fn version_row() -> Row {
    row(|e| {
        e.array(14)?
            .str("uuid-1")?
            .bool(false)?
            .str("Name")?
            .null()?;
        e.array(1)?.str("com.apple.dock")?;
        e.bytes(&[1; 32])?
            .bytes(&[2; 32])?
            .bytes(&[3; 32])?
            .null()?;
        e.array(0)?
            .u64(5)?
            .str("admin")?
            .str("a.mobileconfig")?
            .u32(4)?;
        Ok(())
    })
}

/// Makes an empty database one of schema 1 with a row in each table.
fn fill(transaction: &WriteTransaction) {
    let mut meta = transaction.open_table(META).unwrap();
    meta.insert("schema", &[0, 0, 0, 1][..]).unwrap();
    meta.insert("incarnation", &[4; 16][..]).unwrap();
    meta.insert("command_key", &[5; 32][..]).unwrap();
    let profile = row(|e| {
        e.array(3)?.u32(0)?.array(2)?.u32(0)?.array(0)?.bool(true)?;
        Ok(())
    });
    let mut profiles = transaction.open_table(PROFILES).unwrap();
    let name = "com.example.a";
    profiles.insert(name, (6, profile.as_slice())).unwrap();
    let mut versions = transaction.open_table(VERSIONS).unwrap();
    versions
        .insert((name, 1), version_row().as_slice())
        .unwrap();
    let mut raw = transaction.open_table(RAW).unwrap();
    raw.insert((name, 1), &b"<a/>"[..]).unwrap();
    let host = row(|e| {
        e.array(3)?.array(1)?.str("C02")?.null()?.u64(17)?;
        Ok(())
    });
    let mut hosts = transaction.open_table(HOSTS).unwrap();
    hosts.insert("A", host.as_slice()).unwrap();
    let mut enrollments = transaction.open_table(ENROLLMENTS).unwrap();
    let enrollment = enrollment_row();
    enrollments
        .insert(("A", ""), (9, enrollment.as_slice()))
        .unwrap();
    let set = row(|e| {
        e.array(1)?.array(1)?.array(2)?.str(name)?.str("uuid-1")?;
        Ok(())
    });
    let mut sets = transaction.open_table(SETS).unwrap();
    sets.insert(&delivered().id().0, set.as_slice()).unwrap();
    let command = row(|e| {
        e.array(5)?
            .str("command-3")?
            .u32(2)?
            .str(name)?
            .u32(1)?
            .u64(1000)?;
        Ok(())
    });
    let mut commands = transaction.open_table(COMMANDS).unwrap();
    commands.insert(("A", "", 3), command.as_slice()).unwrap();
    let mut builtins = transaction.open_table(BUILTINS).unwrap();
    for (n, is_enabled) in [(1, true), (2, false)] {
        let setting = row(|e| {
            let settings = format!("{{\"n\":{n}}}");
            e.array(2)?.bool(is_enabled)?.str(&settings)?;
            Ok(())
        });
        let key = format!("com.mooring.builtin.{n}");
        builtins.insert(key.as_str(), setting.as_slice()).unwrap();
    }
}

/// Makes a database of schema 1 one of schema 2, as the release of that schema did.
fn raise_to_2(transaction: &WriteTransaction) {
    let mut meta = transaction.open_table(META).unwrap();
    meta.insert("schema", &[0, 0, 0, 2][..]).unwrap();
    let builtins = transaction.open_table(BUILTINS).unwrap();
    let mut documents = transaction.open_table(DOCUMENTS).unwrap();
    for row in builtins.iter().unwrap() {
        let (key, setting) = row.unwrap();
        let key = (1, key.value().as_bytes());
        documents.insert(key, setting.value()).unwrap();
    }
    transaction.delete_table(builtins).unwrap();
}

/// Makes a database of schema 2 one of schema 3.
fn raise_to_3(transaction: &WriteTransaction) {
    let mut meta = transaction.open_table(META).unwrap();
    meta.insert("schema", &[0, 0, 0, 3][..]).unwrap();
    transaction.open_table(FACTS).unwrap();
}

fn fill_database(db: &Database, schema: u32) {
    let transaction = db.begin_write().unwrap();
    fill(&transaction);
    if schema >= 2 {
        raise_to_2(&transaction);
    }
    if schema == 3 {
        raise_to_3(&transaction);
    }
    transaction.commit().unwrap();
}

fn settings() -> [BuiltInRecord; 2] {
    [(1, true), (2, false)].map(|(n, is_enabled)| BuiltInRecord {
        identifier: identifier(&format!("com.mooring.builtin.{n}")),
        is_enabled,
        settings: format!("{{\"n\":{n}}}"),
    })
}

fn assert_whole(store: &dyn Store) {
    let identity = store.identity();
    assert_eq!((identity.schema, identity.incarnation), (4, [4; 16]));
    assert_eq!(identity.command_key, [5; 32]);
    assert_eq!(builtins(store).unwrap(), settings());
    let host = store.host(&host_id("A")).unwrap().unwrap();
    assert_eq!(host.facts, HostFacts::default());
    assert_eq!(host.attributes.serial_number.as_deref(), Some("C02"));
    let wanted = EnrollmentRecord {
        unlock_token: Some(b"unlock".to_vec()),
        revision: 9,
        ..EnrollmentRecord::new(enrollment_id("A"), sync_state(), Timestamp(1234))
    };
    assert_eq!(host.enrollments, [wanted]);
    let profile = store.profiles().unwrap().remove(0);
    assert_eq!(profile.identifier, identifier("com.example.a"));
    assert_eq!(
        (profile.channel, profile.origin),
        (Channel::Device, Origin::Uploaded)
    );
    assert_eq!(profile.versions[0].secrets, None);
    assert!(profile.versions[0].placeholders.is_empty());
    assert!(profile.versions[0].introduced.is_empty());
    assert_eq!(profile.versions[0].source_name, "a.mobileconfig");
    let raw = store.raw(&identifier("com.example.a"), 1).unwrap();
    assert_eq!(raw.unwrap(), b"<a/>");
    let command = store.commands(&enrollment_id("A"), 9).unwrap().remove(0);
    assert_eq!(command.request_type, RequestType::InstallProfile);
    for space in Space::ALL.into_iter().filter(|it| *it != Space::BuiltIn) {
        let found = store.documents(space, KeyRange::default(), 10).unwrap();
        assert_eq!(found, []);
    }
}

fn tables(path: &Path) -> Vec<String> {
    let db = Database::open(path).unwrap();
    let transaction = db.begin_read().unwrap();
    let tables = transaction.list_tables().unwrap();
    tables.map(|table| table.name().to_owned()).collect()
}

/// A file of schema 1 is raised with all that it holds, once, and is used from then on.
#[test]
fn schema_1_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    fill_database(&Database::create(&path).unwrap(), 1);
    assert!(tables(&path).contains(&"builtins".to_owned()));
    assert_whole(&open(&path));
    let tables = tables(&path);
    assert!(!tables.contains(&"builtins".to_owned()), "{tables:?}");
    assert!(tables.contains(&"documents".to_owned()), "{tables:?}");

    let store = open(&path);
    assert_whole(&store);
    let mut changed = settings()[1].clone();
    changed.is_enabled = true;
    let host = store.host(&host_id("A")).unwrap().unwrap();
    let mut record = host.enrollments[0].clone();
    record.access.is_blocked = true;
    store
        .commit(vec![
            Change::BuiltIn(changed.clone()),
            Change::Enrollment(record),
        ])
        .unwrap();
    drop(store);
    let store = open(&path);
    assert_eq!(builtins(&store).unwrap()[1], changed);
    let host = store.host(&host_id("A")).unwrap().unwrap();
    assert!(host.enrollments[0].access.is_blocked);
}

/// A file of schema 2 is raised with all that it holds, and takes what schema 3 brought.
#[test]
fn schema_2_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    fill_database(&Database::create(&path).unwrap(), 2);
    assert!(!tables(&path).contains(&"host_facts".to_owned()));
    let store = open(&path);
    assert_whole(&store);
    let said = Change::Facts {
        id: host_id("A"),
        facts: facts(0, 3),
    };
    store.commit(vec![said]).unwrap();
    drop(store);
    let host = open(&path).host(&host_id("A")).unwrap().unwrap();
    assert_eq!(host.facts, facts(1, 3));
}

/// Wherever raising the schema fails and the power goes, the next start finds everything.
#[test]
fn raising_the_schema_survives_a_failing_disk() {
    let image = |schema| {
        let disk = Disk::default();
        let db = Database::builder().create_with_backend(disk.clone());
        fill_database(&db.unwrap(), schema);
        disk.live()
    };
    raising_survives(&image(1));
    raising_survives(&image(2));
    raising_survives(&image(3));
}

fn raising_survives(image: &[u8]) {
    let whole = Disk::holding(image.to_vec());
    drop(RedbStore::open_backend(whole.clone()).unwrap());
    for n in 1..=whole.changes() {
        let disk = Disk::holding(image.to_vec());
        disk.fail_at(n, true);
        drop(RedbStore::open_backend(disk.clone()));
        for seed in 0..4 {
            let after = Disk::holding(disk.after_power_loss(seed));
            assert_whole(&RedbStore::open_backend(after).unwrap());
        }
    }
}
