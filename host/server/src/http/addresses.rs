//! How many connections each address holds.
//!
//! Knows nothing of what they are for. Invariant: a place that was taken is given back when it is
//! dropped, and an address without connections takes no memory.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// The connections of a listener by address, with a bound for each.
#[derive(Debug)]
pub(super) struct Addresses {
    each_max: usize,
    exempt: Vec<IpNet>,
    open: Mutex<BTreeMap<IpAddr, usize>>,
}

/// A connection's place; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    of: Option<(Arc<Addresses>, IpAddr)>,
}

impl Addresses {
    /// Counts; each address has at most `each_max` places, those in `exempt` as many as they want.
    pub(super) fn new(each_max: usize, exempt: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            each_max,
            exempt,
            open: Mutex::default(),
        })
    }

    /// A place for a connection from `address`, unless it has as many as it may.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if self.exempt.iter().any(|network| network.contains(&address)) {
            return Some(Place { of: None });
        }
        let key = network(address);
        let mut open = self.open();
        let count = open.entry(key).or_default();
        if *count >= self.each_max {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place {
            of: Some((Arc::clone(self), key)),
        })
    }
}

impl Addresses {
    fn open(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether more than half of its address's places are taken.
    pub(super) fn is_crowded(&self) -> bool {
        self.of.as_ref().is_some_and(|(addresses, key)| {
            let open = addresses.open();
            open.get(key)
                .is_some_and(|count| *count > addresses.each_max / 2)
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((addresses, key)) = &self.of else {
            return;
        };
        let mut open = addresses.open();
        if let Some(count) = open.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                open.remove(key);
            }
        }
    }
}

/// What counts as one: an IPv4 address, or a /64 network, of which one client has every address.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Each address has its own bound, IPv6 counts by /64, places come back, and nothing remains.
    #[test]
    fn places() {
        let addresses = Addresses::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let first = addresses.take(address("2001:db8::1")).unwrap();
        let second = addresses.take(address("2001:db8::ffff:2")).unwrap();
        assert!(addresses.take(address("2001:db8::3")).is_none());
        let alone = addresses.take(address("2001:db8:0:1::3")).unwrap();
        assert!(first.is_crowded() && second.is_crowded() && !alone.is_crowded());
        drop((first, alone));
        let third = addresses.take(address("2001:db8::3")).unwrap();
        assert!(addresses.take(address("2001:db8::3")).is_none());
        let mapped = addresses.take(address("::ffff:192.0.2.1")).unwrap();
        let plain = addresses.take(address("192.0.2.1")).unwrap();
        assert!(addresses.take(address("192.0.2.1")).is_none());
        let exempt: Vec<_> = (0..5)
            .map(|_| addresses.take(address("10.1.2.3")))
            .collect();
        assert!(exempt.iter().all(Option::is_some));
        drop((second, third, mapped, plain, exempt));
        assert!(addresses.open.lock().unwrap().is_empty());
    }
}
