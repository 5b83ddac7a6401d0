//! What every backend promises about what administrators said of a host.

use mooring_drift::scope::LabelName;
use mooring_mdm::profile::placeholder::ValueName;

use super::{read_host, refuse};
use crate::tests::samples::{enroll, facts, host_change, host_id};
use crate::{
    Change, HOST_LABELS_MAX, HOST_VALUE_BYTES_MAX, HOST_VALUES_MAX, HostFacts, Store, StoreError,
};

fn change(host: &str, facts: HostFacts) -> Change {
    let id = host_id(host);
    Change::Facts { id, facts }
}

pub(super) fn stay_apart_from_what_the_device_told(store: &dyn Store) {
    store.commit(enroll("A")).unwrap();
    store.commit(enroll("B")).unwrap();
    assert_eq!(read_host(store, "A").facts, HostFacts::default());
    for seed in 0..20 {
        let before = read_host(store, "A");
        store.commit(vec![change("A", facts(seed, seed))]).unwrap();
        let stored = facts(seed + 1, seed);
        let mut wanted = before.clone();
        wanted.facts = stored.clone();
        assert_eq!(read_host(store, "A"), wanted);

        store
            .commit(vec![host_change(host_id("A"), seed + 2)])
            .unwrap();
        let after = read_host(store, "A");
        assert_ne!(after.attributes, before.attributes);
        assert_eq!(after.facts, stored);
        assert_eq!(after.enrollments, before.enrollments);
        assert_eq!(store.hosts(None, 1).unwrap(), [after]);
    }
    assert_eq!(read_host(store, "B").facts, HostFacts::default());
}

pub(super) fn stale_ones_conflict(store: &dyn Store) {
    store.commit(enroll("A")).unwrap();
    refuse(store, vec![change("A", facts(1, 1))]);
    store.commit(vec![change("A", facts(0, 1))]).unwrap();
    for revision in [0, 2] {
        refuse(store, vec![change("A", facts(revision, 2))]);
    }
    refuse(
        store,
        vec![change("A", facts(1, 2)), change("A", facts(1, 3))],
    );
    assert_eq!(read_host(store, "A").facts, facts(1, 1));
    let in_a_row = vec![change("A", facts(1, 2)), change("A", facts(2, 3))];
    store.commit(in_a_row).unwrap();
    assert_eq!(read_host(store, "A").facts, facts(3, 3));
}

pub(super) fn need_their_host(store: &dyn Store) {
    refuse(store, vec![change("A", facts(0, 1))]);
    // Anywhere in the batch.
    let mut batch = vec![change("A", facts(0, 1))];
    batch.extend(enroll("A"));
    store.commit(batch).unwrap();
    store.commit(enroll("A ")).unwrap();
    store.commit(vec![change("A ", facts(0, 4))]).unwrap();

    let remove = Change::RemoveHost(host_id("A"));
    refuse(store, vec![remove.clone(), change("A", facts(1, 2))]);
    refuse(store, vec![remove.clone(), change("A", facts(0, 2))]);
    let mut anew = vec![change("A", facts(1, 5)), remove.clone()];
    anew.extend(enroll("A"));
    store.commit(anew).unwrap();
    assert_eq!(read_host(store, "A").facts, HostFacts::default());
    store.commit(vec![change("A", facts(0, 6))]).unwrap();
    store.commit(vec![remove]).unwrap();
    store.commit(enroll("A")).unwrap();
    assert_eq!(read_host(store, "A").facts, HostFacts::default());
    assert_eq!(read_host(store, "A ").facts, facts(1, 4));
}

pub(super) fn are_bounded(store: &dyn Store) {
    store.commit(enroll("A")).unwrap();
    let labels = |count: usize| HostFacts {
        labels: (0..count)
            .map(|n| LabelName::parse(&format!("l{n}")).unwrap())
            .collect(),
        ..HostFacts::default()
    };
    let values = |count: usize, bytes: usize| {
        let value = |n| {
            (
                ValueName::parse(&format!("v{n}")).unwrap(),
                "x".repeat(bytes),
            )
        };
        (0..count).map(value).collect()
    };
    let attributes = |count, bytes| HostFacts {
        attributes: values(count, bytes),
        ..HostFacts::default()
    };
    let secrets = |count, bytes| HostFacts {
        secrets: values(count, bytes),
        ..HostFacts::default()
    };
    let too_much = [
        (labels(HOST_LABELS_MAX + 1), "65 labels"),
        (attributes(HOST_VALUES_MAX + 1, 1), "65 attributes"),
        (secrets(HOST_VALUES_MAX + 1, 1), "65 secrets"),
        (
            attributes(1, HOST_VALUE_BYTES_MAX + 1),
            "4097 bytes in one value",
        ),
        (
            secrets(1, HOST_VALUE_BYTES_MAX + 1),
            "4097 bytes in one value",
        ),
    ];
    for (facts, text) in too_much {
        let batch = vec![host_change(host_id("A"), 9), change("A", facts)];
        let error = store.commit(batch).unwrap_err();
        assert!(matches!(error, StoreError::HostFacts { .. }), "{error:?}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let most = HostFacts {
        labels: labels(HOST_LABELS_MAX).labels,
        attributes: values(HOST_VALUES_MAX, HOST_VALUE_BYTES_MAX),
        secrets: values(HOST_VALUES_MAX, HOST_VALUE_BYTES_MAX),
        revision: 0,
    };
    store.commit(vec![change("A", most.clone())]).unwrap();
    let stored = HostFacts {
        revision: 1,
        ..most
    };
    assert_eq!(read_host(store, "A").facts, stored);
}
