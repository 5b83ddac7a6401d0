//! Hosts that are placed at once, one of each kind.

use std::collections::BTreeMap;

use mooring_drift::classes::{ClassId, Classes, GroupId};

use crate::fleet::Fleet;

const SEEDS: u64 = 150;
const HOSTS: u32 = 60;

/// Hosts of one group with the same marks are in one class, and placing one of each kind gives the
/// classes and counts that placing each host by itself gives.
#[test]
fn kinds_are_classes() {
    let mut repeated = 0;
    for seed in 0..SEEDS {
        let mut fleet = Fleet::new(seed);
        for number in 0..HOSTS {
            if number % 3 == 0 {
                fleet.place(number);
                fleet.trim_own(number);
            } else {
                // Like the one before, so that there are kinds.
                fleet.place_like(number, number - number % 3);
            }
        }
        fleet.restock();
        repeated += check(&fleet, &format!("seed {seed}"));
    }
    assert!(repeated > 1000, "{repeated}");
}

fn check(fleet: &Fleet, about: &str) -> u32 {
    let catalog = &fleet.world.catalog;
    let mut filling = Classes::new(catalog).fill();
    let mut kinds: BTreeMap<(GroupId, Vec<u8>), (ClassId, u32)> = BTreeMap::new();
    let mut repeated = 0;
    for (number, host) in &fleet.hosts {
        let group = filling.group(&host.circumstances, host.can_have_user);
        let (seen, mut marks) = (fleet.world.seen(host), Vec::new());
        let has_kind = seen.iter().all(|channel| channel.mark(catalog, &mut marks));
        let key = (group, marks);
        if let Some((class, first)) = kinds.get(&key).filter(|_| has_kind) {
            let class_of = |number| fleet.classes.class_of(number);
            assert_eq!(class_of(*number), class_of(*first), "{about}: {number}");
            filling.repeat(*class);
            repeated += 1;
        } else {
            let class = filling.place(group, &seen);
            kinds.insert(key, (class, *number));
        }
    }
    let (bulk, single) = (filling.finish(), &fleet.classes);
    assert_eq!(bulk.len(), single.len(), "{about}");
    assert_eq!(bulk.counts(), single.counts(), "{about}");
    assert_eq!(bulk.checked_out(), single.checked_out(), "{about}");
    assert_eq!(bulk.with_work(), single.with_work(), "{about}");
    let profiles = |classes: &Classes| {
        let counts = classes.profile_counts();
        let counts = counts.map(|(identifier, tally)| (identifier.clone(), tally));
        counts.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(profiles(&bulk), profiles(single), "{about}");
    for number in fleet.hosts.keys() {
        assert_eq!(bulk.status(*number), single.status(*number), "{about}");
        assert_eq!(bulk.has_work(*number), single.has_work(*number), "{about}");
    }
    repeated
}
