//! A start from a store with hosts that cannot be read.

use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::HostId;
use mooring_plugin::Limits;
use mooring_store::{Change, Store as _};

use crate::clock::Clock;
use crate::core::{Core, CoreOptions};
use crate::judge::Judge;
use crate::store_double::StoreDouble;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Wherever the page is that cannot be made, the start ends with its error, and neither hand waits for
/// the other.
#[test]
fn a_start_ends_at_a_page_that_cannot_be_made() {
    for page in [1, 2, 3, 6, 7] {
        let store = StoreDouble::with_damaged_page(page);
        let host = |n: u32| Change::Host {
            id: HostId::parse(&format!("{n:08}")).unwrap(),
            attributes: Attributes::default(),
            attributes_at: None,
            enrolled_at: NOW,
        };
        store.commit((0..10_500).map(host).collect()).unwrap();
        let judge = Arc::new(Judge::with_plugins([], Limits::default()).unwrap());
        let clock = Clock::from_fn(|| NOW);
        let core = Core::new(Arc::new(store), judge, clock, CoreOptions::default());
        let is_damaged = page <= 6;
        assert_eq!(core.err().is_some(), is_damaged, "page {page}");
    }
}
