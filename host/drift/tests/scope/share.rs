//! The stable percentage of hosts.

use std::collections::BTreeSet;

use mooring_drift::scope::{Assignment, Truth, place};
use mooring_mdm::ids::{HostId, PayloadIdentifier};

use crate::{Host, profile, scope};

fn host(number: u32) -> HostId {
    HostId::parse(&format!("00008103-{number:016X}")).unwrap()
}

/// The share of 10,000 hosts is the percentage that was asked for, give or take one and a half.
#[test]
fn share_is_as_asked() {
    let places: Vec<u8> = (0..10_000).map(|n| place(&profile(), &host(n))).collect();
    for percent in [0, 1, 5, 10, 25, 50, 75, 90, 99, 100_u8] {
        let inside = places.iter().filter(|place| **place < percent).count();
        let asked = usize::from(percent) * 100;
        assert!(inside.abs_diff(asked) <= 150, "{percent}: {inside}");
    }
    assert!(places.iter().all(|place| *place < 100));
    // Every place is taken by about a hundred hosts.
    let taken: BTreeSet<u8> = places.iter().copied().collect();
    assert_eq!(taken.len(), 100);
}

/// Nobody is in 0 percent, everybody in 100, and who is in stays in when the number grows.
#[test]
fn share_grows() {
    let mut one = Host::silent();
    for number in 0..50 {
        one.id = host(number);
        let mut before = Truth::No;
        for percent in 0..=100 {
            let assignment = Assignment {
                percent: Some(percent),
                ..Assignment::default()
            };
            let now = scope(&[], assignment).memberships(&one.subject())[&profile()];
            assert!(now >= before && now != Truth::Unknown, "{number} {percent}");
            before = now;
        }
        assert_eq!(before, Truth::Yes);
    }
}

/// Places are pinned: another release must not choose other hosts. Another profile does.
#[test]
fn places_are_pinned() {
    let first: Vec<u8> = (0..8).map(|n| place(&profile(), &host(n))).collect();
    assert_eq!(first, PINNED);
    let other = PayloadIdentifier::parse("com.example.vpn").unwrap();
    let second: Vec<u8> = (0..8).map(|n| place(&other, &host(n))).collect();
    assert_ne!(first, second);
}

/// Made with Python: `int.from_bytes(sha256(b"com.example.wifi\0" + id).digest()[:8]) * 100 >> 64`.
const PINNED: [u8; 8] = [40, 6, 58, 68, 3, 61, 43, 25];
