//! What every backend promises about profiles and their versions.

use super::refuse;
use crate::tests::samples::{identifier, profile};
use crate::{Change, Store};

pub(super) fn every_version_is_kept(store: &dyn Store) {
    let raw = |version: u32| Change::Raw {
        identifier: identifier("p"),
        version,
        bytes: format!("bytes of version {version}").into_bytes(),
    };
    let whole = profile("p", 0, 12, 5);
    for version in 1..=12 {
        // Naming only the newest version must not cost the earlier ones.
        let mut record = whole.clone();
        record.versions.retain(|kept| kept.version == version);
        record.revision = u64::from(version) - 1;
        store
            .commit(vec![Change::Profile(record), raw(version)])
            .unwrap();
    }
    store
        .commit(vec![Change::Profile(profile("p2", 0, 1, 1))])
        .unwrap();
    let mut tombstone = whole.clone();
    (tombstone.versions, tombstone.revision, tombstone.is_enabled) = (Vec::new(), 12, false);
    store.commit(vec![Change::Profile(tombstone)]).unwrap();

    let read = store.profiles().unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].versions, whole.versions);
    for version in 1..=12 {
        let bytes = store.raw(&identifier("p"), version).unwrap().unwrap();
        assert_eq!(bytes, format!("bytes of version {version}").into_bytes());
    }
    assert_eq!(store.raw(&identifier("p"), 13).unwrap(), None);
}

pub(super) fn bytes_never_change(store: &dyn Store) {
    let raw = |bytes: &[u8]| {
        vec![Change::Raw {
            identifier: identifier("p"),
            version: 1,
            bytes: bytes.to_vec(),
        }]
    };
    store.commit(raw(b"one")).unwrap();
    store.commit(raw(b"one")).unwrap();
    refuse(store, raw(b"two"));
    assert_eq!(store.raw(&identifier("p"), 1).unwrap().unwrap(), b"one");
}
