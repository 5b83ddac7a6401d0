//! How pushes reach the devices of a fleet.
//!
//! Knows nothing of schedules. Invariant: a device listens for its own tokens and magics alone, the
//! ones that its `TokenUpdate` tells.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;

use crate::apns::{ApnsHandle, Bell};
use crate::device::Device;
use crate::message::{self, Channel};

/// From now on pushes of the devices' tokens ring the bell.
pub(super) fn listen<'a>(
    wake: &ApnsHandle,
    devices: impl Iterator<Item = &'a Device>,
) -> Arc<Bell> {
    let bell = Arc::new(Bell::default());
    for (index, device) in devices.enumerate() {
        let who = device.identity();
        for channel in [Channel::Device, Channel::User] {
            let token = message::push_token(who, channel);
            let magic = message::push_magic(who, channel);
            wake.listen(&token, &magic, (index, channel), &bell);
        }
    }
    bell
}

/// Who was pushed; nobody ever where there are no pushes.
pub(super) async fn pushes(bell: Option<&Bell>) -> BTreeSet<(usize, Channel)> {
    match bell {
        Some(bell) => bell.wait().await,
        None => pending().await,
    }
}
