//! How many files the process may have open, and how the listeners share them.
//!
//! Knows nothing of listeners. Invariant: all connections together leave files for everything
//! else, and administrators have a share that devices cannot take.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::{
    ADMIN_CONNECTIONS_MAX, DESCRIPTORS_RESERVED, DESCRIPTORS_WANTED, DEVICE_CONNECTIONS_MAX,
};

/// What macOS allows where it claims to have no limit.
const MACOS_OPEN_MAX: u64 = 10_240;

/// The most connections of each listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionShares {
    /// Of the admin listener.
    pub(crate) admin: usize,
    /// Of the device listener.
    pub(crate) device: usize,
}

impl ConnectionShares {
    /// The shares in a process that may have `descriptors` files open.
    ///
    /// Each is at least 1; below some 256 files the reserve is what shrinks.
    pub(crate) fn of(descriptors: u64) -> Self {
        let reserved = DESCRIPTORS_RESERVED.min(descriptors / 2);
        let free = usize::try_from(descriptors - reserved).unwrap_or(usize::MAX);
        let admin = (free / 4).clamp(1, ADMIN_CONNECTIONS_MAX);
        let device = free.saturating_sub(admin).clamp(1, DEVICE_CONNECTIONS_MAX);
        Self { admin, device }
    }
}

/// Raises the number of files that the process may have open as far as allowed and useful, and
/// says what it is now.
pub(crate) fn raise_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let has = limit.current.unwrap_or(DESCRIPTORS_WANTED);
    let may = limit.maximum.unwrap_or(DESCRIPTORS_WANTED);
    for wanted in [DESCRIPTORS_WANTED, MACOS_OPEN_MAX] {
        let wanted = wanted.min(may);
        if wanted <= has {
            return has;
        }
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => return wanted,
            Err(error) => tracing::debug!(%error, wanted, "the limit of open files stays"),
        }
    }
    has
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With few files or many, both listeners get some, and something is left for the rest.
    #[test]
    fn shares() {
        for descriptors in [0, 1, 16, 100, 256, 1024, 4096, 10_240, 65_536, u64::MAX] {
            let shares = ConnectionShares::of(descriptors);
            assert!(shares.admin >= 1 && shares.device >= 1);
            let used = u64::try_from(shares.admin + shares.device).unwrap();
            assert!(descriptors < 16 || used < descriptors, "{descriptors}");
        }
        let shares = |descriptors| {
            let shares = ConnectionShares::of(descriptors);
            (shares.admin, shares.device)
        };
        assert_eq!(shares(1024), (224, 672));
        assert_eq!(shares(65_536), (256, 8192));
    }

    /// The limit is never lowered, and what is said is what holds.
    #[test]
    fn raise() {
        let before = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let said = raise_limit();
        let now = getrlimit(Resource::Nofile)
            .current
            .unwrap_or(DESCRIPTORS_WANTED);
        assert_eq!(said, now);
        assert!(now >= before.min(DESCRIPTORS_WANTED));
    }
}
