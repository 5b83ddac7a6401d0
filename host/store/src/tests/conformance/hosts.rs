//! What every backend promises about hosts, their enrollments and their histories.

use super::{read_host, refuse};
use crate::tests::samples::{
    Draw, command, enroll, enrollment, enrollment_id, host_change, host_id,
};
use crate::{COMMANDS_KEPT_MAX, Change, HOSTS_PAGE_MAX, Store};

pub(super) fn no_orphans(store: &dyn Store) {
    let user = Change::Enrollment(enrollment(enrollment_id("A:501"), 0, 1));
    refuse(store, vec![user.clone()]);
    let sent = Change::Command(command(enrollment_id("A"), 1, 1));
    refuse(store, vec![sent.clone()]);
    store.commit(enroll("A")).unwrap();
    store.commit(vec![user.clone(), sent.clone()]).unwrap();

    // The device speaks while an administrator removes the host.
    let stale = Change::Enrollment(enrollment(enrollment_id("A"), 1, 2));
    let remove = Change::RemoveHost(host_id("A"));
    refuse(store, vec![remove.clone(), user.clone()]);
    refuse(store, vec![remove.clone(), sent.clone()]);
    store.commit(vec![remove]).unwrap();
    for change in [stale, user, sent] {
        refuse(store, vec![change]);
    }
    assert_eq!(store.commands(&enrollment_id("A"), 10).unwrap(), []);
}

pub(super) fn pages(store: &dyn Store) {
    let mut ids: Vec<String> = (0..25).map(|n| format!("H{n:02}")).collect();
    ids.extend(["H1", "H1!", "H10.", "Ä"].map(str::to_owned));
    for id in &ids {
        store.commit(enroll(id)).unwrap();
    }
    ids.sort();
    for limit in [1, 7, 29, 30] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.hosts(after.as_ref(), limit).unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            found.extend(page.into_iter().map(|host| host.id.to_string()));
        }
        assert_eq!(found, ids, "pages of {limit}");
    }
    assert_eq!(store.hosts(None, 0).unwrap(), []);
    let behind_a_missing_one = store.hosts(Some(&host_id("H10 ")), 1).unwrap();
    assert_eq!(behind_a_missing_one[0].id, host_id("H10."));

    let fleet: Vec<Change> = (0..=HOSTS_PAGE_MAX)
        .flat_map(|n| enroll(&format!("Z{n}")))
        .collect();
    store.commit(fleet).unwrap();
    assert_eq!(store.hosts(None, usize::MAX).unwrap().len(), HOSTS_PAGE_MAX);
    let outlines = store.outlines(None, usize::MAX).unwrap();
    assert_eq!(outlines.len(), ids.len() + HOSTS_PAGE_MAX + 1);
    assert_eq!(store.outlines(None, 0).unwrap(), []);
}

/// Batches that are queued without waiting are told of in order, each with its own verdict.
pub(super) fn queued(store: &dyn Store) {
    let (told, verdicts) = std::sync::mpsc::channel();
    for n in 0..100 {
        let batch = match n % 10 {
            3 => vec![Change::Enrollment(enrollment(enrollment_id("none"), 0, 1))],
            7 => Vec::new(),
            _ => enroll(&format!("Q{n:02}")),
        };
        let told = told.clone();
        let done = move |verdict: Result<(), _>| told.send((n, verdict.is_ok())).unwrap();
        store.submit(batch, Box::new(done));
    }
    drop(told);
    let mut verdicts: Vec<(u32, bool)> = verdicts.iter().collect();
    // One that changes nothing needs not wait for the others.
    verdicts.retain(|(n, _)| n % 10 != 7);
    let wanted = (0..100).filter(|n| n % 10 != 7).map(|n| (n, n % 10 != 3));
    assert_eq!(verdicts, wanted.collect::<Vec<_>>());
    assert_eq!(store.outlines(None, 1000).unwrap().len(), 80);
}

pub(super) fn channels_of_a_host(store: &dyn Store) {
    for host in ["A", "AB", "A "] {
        store.commit(enroll(host)).unwrap();
    }
    for user in ["A:z", "A:a:b", "A :x", "A:ü"] {
        let record = enrollment(enrollment_id(user), 0, 3);
        store.commit(vec![Change::Enrollment(record)]).unwrap();
    }
    let ids = |host| {
        let enrollments = read_host(store, host).enrollments;
        enrollments
            .iter()
            .map(|record| record.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("A"), ["A", "A:a:b", "A:z", "A:ü"]);
    assert_eq!(ids("AB"), ["AB"]);
    assert_eq!(ids("A "), ["A ", "A :x"]);
    let paged = store.hosts(None, 10).unwrap();
    assert_eq!(
        paged
            .iter()
            .map(|host| host.enrollments.len())
            .collect::<Vec<_>>(),
        [4, 2, 1]
    );
}

pub(super) fn re_enroll_leaves_no_residue(store: &dyn Store) {
    let a = enrollment_id("A");
    for host in ["A", "A "] {
        store.commit(enroll(host)).unwrap();
        let record = enrollment(enrollment_id(&format!("{host}:u")), 0, 3);
        let sent = [host, &format!("{host}:u")].map(|id| command(enrollment_id(id), 4, 4));
        let batch = sent.map(Change::Command).into_iter();
        store
            .commit(batch.chain([Change::Enrollment(record)]).collect())
            .unwrap();
    }
    let mut batch = vec![Change::RemoveHost(host_id("A"))];
    batch.extend(enroll("A"));
    store.commit(batch).unwrap();
    let host = read_host(store, "A");
    assert_eq!(host.enrollments, [enrollment(a.clone(), 1, 1)]);
    for id in ["A", "A:u"] {
        assert_eq!(store.commands(&enrollment_id(id), 10).unwrap(), []);
    }
    assert_eq!(read_host(store, "A ").enrollments.len(), 2);
    assert_eq!(store.commands(&enrollment_id("A :u"), 10).unwrap().len(), 1);
}

pub(super) fn removing_a_missing_host(store: &dyn Store) {
    store.commit(enroll("AB")).unwrap();
    store
        .commit(vec![Change::RemoveHost(host_id("A"))])
        .unwrap();
    store
        .commit(vec![Change::RemoveHost(host_id("AB"))])
        .unwrap();
    store
        .commit(vec![Change::RemoveHost(host_id("AB"))])
        .unwrap();
    assert_eq!(store.hosts(None, 10).unwrap(), []);
}

pub(super) fn history_is_bounded(store: &dyn Store) {
    let (a, b) = (enrollment_id("A"), enrollment_id("A:u"));
    let mut batch = enroll("A");
    batch.push(Change::Enrollment(enrollment(b.clone(), 0, 1)));
    batch.push(Change::Command(command(b.clone(), 1, 1)));
    store.commit(batch).unwrap();
    let sequences = |limit| {
        let commands = store.commands(&a, limit).unwrap();
        commands
            .iter()
            .map(|command| command.sequence)
            .collect::<Vec<_>>()
    };
    for sequence in 1..=150 {
        store
            .commit(vec![Change::Command(command(a.clone(), sequence, 1))])
            .unwrap();
    }
    let kept: Vec<u32> = (1..=150).rev().take(COMMANDS_KEPT_MAX as usize).collect();
    assert_eq!(sequences(usize::MAX), kept);
    assert_eq!(sequences(3), [150, 149, 148]);
    assert_eq!(sequences(0), []);

    // Closing a command that fell out of the window does not bring it back; one inside changes.
    let closed = [80, 100].map(|sequence| Change::Command(command(a.clone(), sequence, 2)));
    store.commit(closed.to_vec()).unwrap();
    assert_eq!(sequences(usize::MAX), kept);
    assert!(
        store
            .commands(&a, 64)
            .unwrap()
            .contains(&command(a.clone(), 100, 2))
    );

    // A jump forgets all that is now too old.
    store
        .commit(vec![Change::Command(command(a.clone(), 1000, 1))])
        .unwrap();
    assert_eq!(sequences(usize::MAX), [1000]);
    assert_eq!(store.commands(&b, 10).unwrap().len(), 1);
}

pub(super) fn sets_round_trip(store: &dyn Store) {
    let shared = Draw(9).set();
    for n in 0..20 {
        let mut record = enrollment(enrollment_id(&format!("H{n:02}")), 0, n);
        record.sync.delivered = shared.clone();
        let batch = [
            host_change(record.id.host().clone(), n),
            Change::Enrollment(record),
        ];
        store.commit(batch.to_vec()).unwrap();
    }
    for (n, host) in store.hosts(None, 100).unwrap().into_iter().enumerate() {
        let mut wanted = enrollment(host.enrollments[0].id.clone(), 1, u64::try_from(n).unwrap());
        wanted.sync.delivered = shared.clone();
        assert_eq!(host.enrollments, [wanted]);
    }
}
