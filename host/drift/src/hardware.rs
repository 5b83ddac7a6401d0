//! Which device speaks for a host, as far as serial numbers tell.
//!
//! Knows nothing of certificates. Invariant: two devices that speak in turn are noticed at the
//! second word of either, and stay noticed until a person settles it.

/// Serial numbers that one host told, to notice that two devices use one identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardware {
    /// The one told last.
    pub serial: Option<String>,
    /// Those told before it, newest first; at most [`SERIALS_MAX`].
    pub earlier: Vec<String>,
    /// Whether two devices speak in turn.
    pub is_contradicted: bool,
}

/// Earlier serial numbers that are remembered: a repaired board has one, a cloned disk a few.
pub const SERIALS_MAX: usize = 4;

impl Hardware {
    /// Notes the serial number that a device told. Another one than before is fine once, where the
    /// host authenticates: a repair, or a move to another device. One that changes without that, or
    /// changes back, comes from two devices that speak in turn.
    pub(crate) fn told(&mut self, serial: &str, authenticates: bool) {
        let Some(before) = self.serial.replace(serial.to_owned()) else {
            return;
        };
        if before == serial {
            return;
        }
        let is_back = self.earlier.iter().any(|earlier| earlier == serial);
        self.is_contradicted |= is_back || !authenticates;
        self.earlier
            .retain(|earlier| *earlier != before && earlier != serial);
        self.earlier.insert(0, before);
        self.earlier.truncate(SERIALS_MAX);
    }
}
