//! The file grows to what it needs, and not for ever.

use std::fs::metadata;
use std::path::Path;

use super::disk::Disk;
use super::open;
use super::samples::{enroll, host_change, host_id};
use crate::{Change, Expected, RedbStore, Space, Store};

fn bytes(path: &Path) -> u64 {
    metadata(path).unwrap().len()
}

/// Writes an enrollment of each host anew.
fn touch(store: &dyn Store, hosts: u32) {
    for n in 0..hosts {
        let host = store.host(&host_id(&format!("H{n}"))).unwrap().unwrap();
        let records = host.enrollments.into_iter().map(Change::Enrollment);
        store.commit(records.collect()).unwrap();
    }
}

/// Hosts that are written again and again, each time through the journal and into their tables,
/// take no more of the file than at first.
#[test]
fn a_busy_fleet_does_not_grow_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let hosts = 100;
    {
        let store = open(&path);
        let batch = (0..hosts).flat_map(|n| enroll(&format!("H{n}")));
        store.commit(batch.collect()).unwrap();
    }
    let mut sizes = Vec::new();
    for _ in 0..6 {
        let store = super::open_folding(&path);
        touch(&store, hosts);
        drop(store);
        sizes.push(bytes(&path));
    }
    assert!(sizes[5] <= sizes[1] + sizes[1] / 4, "{sizes:?}");
}

/// What was deleted is given back when the store is closed, if it is most of a large file; what is
/// left is what is read afterwards.
#[test]
fn a_file_that_is_mostly_empty_becomes_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let document = |n: u8, value: Option<Vec<u8>>| Change::Document {
        space: Space::RawBody,
        key: vec![n],
        value,
        expected: Expected::Any,
    };
    let store = open(&path);
    store.commit(enroll("A")).unwrap();
    for n in 0..11 {
        store
            .commit(vec![document(n, Some(vec![n; 8 << 20]))])
            .unwrap();
    }
    let before = store.host(&host_id("A")).unwrap();
    drop(store);
    assert!(bytes(&path) > 88 << 20);
    let store = open(&path);
    let deleted = (1..11).map(|n| document(n, None));
    store.commit(deleted.collect()).unwrap();
    drop(store);
    assert!(bytes(&path) < 64 << 20, "{}", bytes(&path));
    let store = open(&path);
    assert_eq!(store.host(&host_id("A")).unwrap(), before);
    let kept = store.documents(Space::RawBody, crate::KeyRange::default(), 10);
    assert_eq!(kept.unwrap()[0].value.len(), 8 << 20);
}

/// A host that is read after each of many transactions keeps few pages from being used again.
#[test]
fn reading_holds_nothing_back() {
    let bytes = |reads: bool| {
        let disk = Disk::default();
        let store = RedbStore::open_backend(disk.clone()).unwrap();
        for n in 0..1_500 {
            store.commit(vec![host_change(host_id("H0"), n)]).unwrap();
            if reads {
                store.host(&host_id("H0")).unwrap().unwrap();
            }
        }
        disk.live().len()
    };
    let (unread, read) = (bytes(false), bytes(true));
    let most = unread + (4 << 20);
    assert!(read <= most, "{read} bytes, {unread} without reading");
}
