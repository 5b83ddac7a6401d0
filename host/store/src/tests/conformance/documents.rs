//! What every backend promises about documents.

use super::refuse;
use crate::tests::samples::{builtin, enroll, host_id};
use crate::{
    Change, DOCUMENT_KEY_BYTES_MAX, DOCUMENT_VALUE_BYTES_MAX, DOCUMENTS_PAGE_MAX, Expected,
    KeyRange, Space, Store, StoreError, builtins, document,
};

fn change(key: &[u8], value: Option<&[u8]>, expected: Expected) -> Change {
    Change::Document {
        space: Space::Link,
        key: key.to_vec(),
        value: value.map(<[u8]>::to_vec),
        expected,
    }
}

fn put(key: &[u8]) -> Change {
    change(key, Some(key), Expected::Any)
}

fn same(value: &[u8]) -> Expected {
    Expected::Same(value.to_vec())
}

fn read(store: &dyn Store, key: &[u8]) -> Option<Vec<u8>> {
    document(store, Space::Link, key).unwrap()
}

fn keys(store: &dyn Store, range: KeyRange<'_>, limit: usize) -> Vec<Vec<u8>> {
    let page = store.documents(Space::Link, range, limit).unwrap();
    assert!(page.iter().all(|found| found.key == found.value));
    page.into_iter().map(|found| found.key).collect()
}

pub(super) fn written_read_and_deleted(store: &dyn Store) {
    assert_eq!(read(store, b"a"), None);
    for value in [&b"one"[..], b"", b"three"] {
        let write = change(b"a", Some(value), Expected::Any);
        store.commit(vec![write]).unwrap();
        assert_eq!(read(store, b"a").as_deref(), Some(value));
    }
    for unknown in [&b""[..], b"aa", b"b", &[b'a'; 700]] {
        assert_eq!(read(store, unknown), None);
    }
    // A longer key is never taken for the one that was asked for.
    store.commit(vec![put(b"cc")]).unwrap();
    assert_eq!(read(store, b"c"), None);
    let delete = change(b"a", None, Expected::Any);
    store.commit(vec![delete.clone(), delete]).unwrap();
    assert_eq!(read(store, b"a"), None);
}

pub(super) fn spaces_are_apart(store: &dyn Store) {
    let key = b"\xff\xff";
    for (n, space) in Space::ALL.into_iter().enumerate() {
        let value = vec![u8::try_from(n).unwrap()];
        let absent = Change::Document {
            space,
            key: key.to_vec(),
            value: Some(value),
            expected: Expected::Absent,
        };
        store.commit(vec![absent]).unwrap();
    }
    for (n, space) in Space::ALL.into_iter().enumerate() {
        for is_reversed in [false, true] {
            let range = KeyRange {
                is_reversed,
                ..KeyRange::default()
            };
            let all = store.documents(space, range, 10).unwrap();
            assert_eq!(all.len(), 1, "{space:?}");
            assert_eq!(all[0].value, [u8::try_from(n).unwrap()]);
        }
    }
}

pub(super) fn expectations(store: &dyn Store) {
    let absent = |value| change(b"a", Some(value), Expected::Absent);
    refuse(store, vec![change(b"a", Some(b"1"), same(b""))]);
    refuse(store, vec![change(b"a", None, same(b"1"))]);
    store.commit(vec![absent(b"1")]).unwrap();
    refuse(store, vec![absent(b"2")]);
    refuse(store, vec![change(b"a", None, Expected::Absent)]);
    refuse(store, vec![change(b"a", Some(b"2"), same(b"3"))]);
    let error = store.commit(vec![absent(b"2")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Link document a was changed by someone else meanwhile"
    );
    store
        .commit(vec![change(b"a", Some(b"2"), same(b"1"))])
        .unwrap();
    assert_eq!(read(store, b"a").unwrap(), b"2");
    store.commit(vec![change(b"a", None, same(b"2"))]).unwrap();
    store.commit(vec![absent(b"")]).unwrap();
    refuse(store, vec![absent(b"1")]);
    store
        .commit(vec![change(b"a", Some(b"4"), same(b""))])
        .unwrap();

    // All or nothing, wherever in the batch the conflict is.
    let mut batch = enroll("A");
    batch.extend([put(b"b"), change(b"a", None, same(b"4")), absent(b"5")]);
    batch.push(change(b"b", Some(b"6"), Expected::Absent));
    refuse(store, batch);
    assert_eq!(store.host(&host_id("A")).unwrap(), None);
    assert_eq!(
        keys(
            store,
            KeyRange {
                prefix: b"b",
                ..KeyRange::default()
            },
            9
        )
        .len(),
        0
    );
    assert_eq!(read(store, b"a").unwrap(), b"4");
}

pub(super) fn a_batch_sees_its_own(store: &dyn Store) {
    let batch = vec![
        change(b"a", Some(b"1"), Expected::Absent),
        change(b"a", Some(b"2"), same(b"1")),
        change(b"a", None, same(b"2")),
        change(b"a", None, Expected::Absent),
        change(b"a", Some(b"3"), Expected::Absent),
        change(b"b", Some(b"4"), Expected::Absent),
    ];
    store.commit(batch).unwrap();
    assert_eq!(read(store, b"a").unwrap(), b"3");
    assert_eq!(read(store, b"b").unwrap(), b"4");
    let twice = vec![
        change(b"a", Some(b"5"), same(b"3")),
        change(b"a", Some(b"6"), same(b"3")),
    ];
    refuse(store, twice);
    assert_eq!(read(store, b"a").unwrap(), b"3");

    // A setting of a built-in profile is a document like any.
    let setting = |expected| Change::Document {
        space: Space::BuiltIn,
        key: b"p".to_vec(),
        value: None,
        expected,
    };
    let write = Change::BuiltIn(builtin("p", 1));
    refuse(store, vec![write.clone(), setting(Expected::Absent)]);
    store
        .commit(vec![setting(Expected::Absent), write])
        .unwrap();
    assert_eq!(builtins(store).unwrap(), [builtin("p", 1)]);
    refuse(store, vec![setting(Expected::Absent)]);
    store.commit(vec![setting(Expected::Any)]).unwrap();
    assert_eq!(builtins(store).unwrap(), []);
}

pub(super) fn one_of_many_wins(store: &dyn Store) {
    let won: usize = std::thread::scope(|scope| {
        let claim = |n: u8| {
            let write = change(b"once", Some(&[n]), Expected::Absent);
            usize::from(store.commit(vec![write]).is_ok())
        };
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || claim(n))).collect();
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert_eq!(won, 1);
}

pub(super) fn ranges(store: &dyn Store) {
    let mut all: Vec<&[u8]> = vec![
        b"\x00",
        b"a",
        b"a\x00",
        b"a/1",
        b"a/10",
        b"a/2",
        b"a\xff",
        b"a\xff\xff",
        b"b",
        b"\xff",
        b"\xff\xff",
    ];
    all.sort_unstable();
    store
        .commit(all.iter().rev().map(|key| put(key)).collect())
        .unwrap();
    let afters = all.iter().copied().map(Some);
    let afters: Vec<_> = afters
        .chain([None, Some(&b""[..]), Some(b"a/"), Some(b"zz")])
        .collect();
    for prefix in [
        &b""[..],
        b"a",
        b"a/",
        b"a/1",
        b"a\xff",
        b"\xff",
        b"zz",
        &[1; 700],
    ] {
        for after in afters.iter().copied() {
            for is_reversed in [false, true] {
                let mut wanted: Vec<_> = all
                    .iter()
                    .filter(|key| key.starts_with(prefix))
                    .filter(|key| match after {
                        Some(after) if is_reversed => **key < after,
                        Some(after) => **key > after,
                        None => true,
                    })
                    .collect();
                if is_reversed {
                    wanted.reverse();
                }
                for limit in [0, 1, 2, 100] {
                    let range = KeyRange {
                        prefix,
                        after,
                        is_reversed,
                    };
                    let page: Vec<_> = wanted.iter().take(limit).map(|key| key.to_vec()).collect();
                    assert_eq!(keys(store, range, limit), page, "{range:?}");
                }
            }
        }
    }
}

pub(super) fn pages_are_bounded(store: &dyn Store) {
    let key = |n: usize| format!("{n:05}").into_bytes();
    let many = 2 * DOCUMENTS_PAGE_MAX;
    store
        .commit((0..many).map(|n| put(&key(n))).collect())
        .unwrap();
    let all = KeyRange::default();
    assert_eq!(keys(store, all, usize::MAX).len(), DOCUMENTS_PAGE_MAX);
    let newest = KeyRange {
        is_reversed: true,
        ..all
    };
    assert_eq!(keys(store, newest, 2), [key(many - 1), key(many - 2)]);

    // More settings than one page holds, and exactly as many as two pages hold.
    let settings = (0..many).map(|n| Change::BuiltIn(builtin(&format!("p{n:05}"), 1)));
    store.commit(settings.collect()).unwrap();
    let found = builtins(store).unwrap();
    assert_eq!(found.len(), many);
    assert!(found.is_sorted_by(|a, b| a.identifier < b.identifier));
}

pub(super) fn sizes_are_bounded(store: &dyn Store) {
    let longest = vec![7; DOCUMENT_KEY_BYTES_MAX];
    let largest = vec![7; DOCUMENT_VALUE_BYTES_MAX];
    let write = change(&longest, Some(&largest), Expected::Absent);
    store.commit(vec![write]).unwrap();
    assert!(read(store, &longest).unwrap() == largest);
    let long = vec![7; DOCUMENT_KEY_BYTES_MAX + 1];
    for key in [&b""[..], &long] {
        for value in [None, Some(&b"1"[..])] {
            let batch = vec![put(b"other"), change(key, value, Expected::Any)];
            let error = store.commit(batch).unwrap_err();
            assert!(matches!(error, StoreError::DocumentKey { .. }), "{error}");
        }
    }
    let large = vec![7; DOCUMENT_VALUE_BYTES_MAX + 1];
    let batch = vec![put(b"other"), change(b"a", Some(&large), Expected::Any)];
    let error = store.commit(batch).unwrap_err();
    assert!(matches!(error, StoreError::DocumentValue { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "one of the documents Link has 16777217 bytes; at most 16777216 are accepted"
    );
    assert_eq!(read(store, b"other"), None);
}

pub(super) fn a_host_goes_without_documents(store: &dyn Store) {
    store.commit(enroll("A")).unwrap();
    store.commit(vec![put(b"A"), put(b"B")]).unwrap();
    let remove = vec![
        Change::RemoveHost(host_id("A")),
        change(b"A", None, Expected::Any),
    ];
    store.commit(remove).unwrap();
    assert_eq!(read(store, b"A"), None);
    store
        .commit(vec![Change::RemoveHost(host_id("B"))])
        .unwrap();
    assert!(read(store, b"B").is_some());
}
