//! Hosts that change while others look at them: the store has more of them than the index.

use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_drift::scope::{Assignment, LabelName};
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{Observed, Phase, SyncState};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_plugin::Limits;
use mooring_store::{Change, EnrollmentRecord, MemoryStore, Store};

use crate::change::{AffectedPage, ChangeOptions};
use crate::clock::Clock;
use crate::core::{Core, CoreOptions};
use crate::documents;
use crate::impact::Weight;
use crate::judge::Judge;
use crate::profiles::Upload;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const HOSTS: u32 = 40;

fn id(n: u32) -> HostId {
    HostId::parse(&format!("{n:08}")).unwrap()
}

fn listing(set: ProfileSet) -> SyncState {
    SyncState {
        phase: Phase::Enrolled,
        sequence: 1,
        delivered: set.clone(),
        observed: Some(Observed {
            set,
            unmanaged: Vec::new(),
            sequence: 1,
            at: NOW,
        }),
        ..SyncState::new()
    }
}

/// A fleet of one class, which all have one profile.
fn fleet(store: &Arc<MemoryStore>) -> (Core, PayloadIdentifier) {
    let judge = Arc::new(Judge::with_plugins([], Limits::default()).unwrap());
    let clock = Clock::from_fn(|| NOW);
    let shared: Arc<dyn Store> = Arc::clone(store) as _;
    let core = Core::new(shared, judge, clock, CoreOptions::default()).unwrap();
    let identifier = PayloadIdentifier::parse("com.example.profile").unwrap();
    let upload = Upload {
        name: "a.mobileconfig".to_owned(),
        bytes: crate::fleet::tests::written(identifier.as_str(), 0).into_bytes(),
    };
    core.push(&[upload], true, &ChangeOptions::by("test"))
        .unwrap();
    let shelf = core.shelf();
    let uuid = &shelf.profiles[&identifier].versions.last().unwrap().uuid;
    let set = ProfileSet::from_entries(vec![(identifier.clone(), uuid.clone())]);
    let mut state = listing(set);
    state.era = core.era();
    for n in 0..HOSTS {
        let host = Change::Host {
            id: id(n),
            attributes: Attributes::default(),
            attributes_at: None,
            enrolled_at: NOW,
        };
        let record = EnrollmentRecord::new(EnrollmentId::device(id(n)), state.clone(), NOW);
        core.commit(vec![host, Change::Enrollment(record)]).unwrap();
    }
    assert_eq!(core.fleet_samples().unwrap().len(), 1);
    (core, identifier)
}

/// What the hosts of these numbers list from now on is nothing, and the index is not told.
fn empty_behind_its_back(store: &MemoryStore, numbers: impl Iterator<Item = u32>) {
    for n in numbers {
        let mut record = store.host(&id(n)).unwrap().unwrap().enrollments.remove(0);
        let era = record.sync.era;
        record.sync = listing(ProfileSet::empty());
        record.sync.era = era;
        store.commit(vec![Change::Enrollment(record)]).unwrap();
    }
}

/// A host that has lost everything a moment ago does not make a removal from all others look like one
/// from nobody, whether it is the first of its class, one of many, or all that are tried.
#[test]
fn a_host_that_moves_stands_for_no_other() {
    for moved in [1, 2, 5, 15, 30] {
        let store = Arc::new(MemoryStore::new().unwrap());
        let (core, identifier) = fleet(&store);
        empty_behind_its_back(&store, 0..moved);
        let shelf = core.shelf();
        let mut deleted = shelf.profiles[&identifier].clone();
        deleted.deleted_at = Some(NOW);
        let nobody = Assignment {
            include_any: [LabelName::parse("nobody").unwrap()].into(),
            ..Assignment::default()
        };
        let label = documents::put(b"nobody", &mooring_drift::scope::Label::Manual).unwrap();
        let assigned = documents::put(identifier.as_str().as_bytes(), &nobody).unwrap();
        for changes in [vec![Change::Profile(deleted)], vec![label, assigned]] {
            let page = AffectedPage::default();
            let impact = core
                .impact(&shelf, &changes, &page, Weight::Removals)
                .unwrap();
            // Those that moved may be counted as well: the index has not heard of it.
            let losing = u64::from(HOSTS - moved)..=u64::from(HOSTS);
            let found = impact.hosts_losing;
            assert!(losing.contains(&found), "{moved}: {found}, {changes:#?}");
        }
    }
}
