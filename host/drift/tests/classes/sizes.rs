//! Hosts that cannot be told apart.

use mooring_drift::classes::{Classes, Filter, OwnCopies, Seen, Tally};
use mooring_drift::desired::{Catalog, Circumstances};
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{Observed, Phase, SyncState};
use mooring_drift::status::Status;
use mooring_mdm::ids::EnrollmentId;

use crate::naive::{Host, World};
use crate::random::Random;
use crate::states::{NOW, identifier, profile};

/// Ten thousand hosts in one state are one class; a new version moves all of them without visiting
/// any, and pages of few among many are found too.
#[test]
fn one_class() {
    let mut random = Random::new(1);
    let mut catalog = Catalog::default();
    let mut wanted = profile(&mut random, 0);
    wanted.is_wanted = true;
    catalog.profiles.insert(identifier(0), wanted.clone());
    let world = World {
        catalog: catalog.clone(),
        policy: mooring_drift::policy::Policy::default(),
        names: mooring_drift::command::CommandNames::new(&[1; 32], [2; 16]),
    };
    let mut state = SyncState::new();
    state.phase = Phase::Enrolled;
    let set = ProfileSet::from_entries(vec![(identifier(0), wanted.latest.uuid.clone())]);
    state.observed = Some(Observed {
        set: set.clone(),
        unmanaged: Vec::new(),
        sequence: 5,
        at: NOW,
    });
    state.delivered = set;
    state.attributes.answered_at = Some(NOW);
    let host = Host {
        value: 0,
        is_missing: false,
        can_have_user: true,
        build: None,
        circumstances: Circumstances::default(),
        channels: vec![(EnrollmentId::parse("host").unwrap(), state)],
        own: OwnCopies::NONE,
    };
    let mut classes = Classes::new(&catalog);
    let group = classes.group(&host.circumstances, true);
    let seen: Vec<Seen<'_>> = world.seen(&host);
    for number in 0..10_000 {
        classes.place(number, group, &seen);
    }
    let applied = Tally {
        applied: 10_000,
        ..Tally::default()
    };
    assert_eq!((classes.len(), classes.counts()), (1, applied));
    assert_eq!(classes.with_work(), 0);

    let mut asked = host.clone();
    asked.channels[0].1.list_asked = Some(7);
    asked.channels[0].1.sequence = 7;
    classes.place(9_000, group, &world.seen(&asked));
    assert_eq!(classes.next_with_work(None, 10), [9_000]);

    let profile = catalog.profiles.get_mut(&identifier(0)).unwrap();
    profile.latest.version += 1;
    profile.latest.uuid = mooring_mdm::ids::PayloadUuid::parse("new").unwrap();
    assert!(classes.set_catalog(&catalog).is_empty());
    assert_eq!((classes.len(), classes.counts().pending), (2, 10_000));
    let filter = Filter {
        profile: Some(&identifier(0)),
        status: Some(Status::Pending),
    };
    assert_eq!(classes.page(&filter, Some(9_997), 10), [9_998, 9_999]);
}
