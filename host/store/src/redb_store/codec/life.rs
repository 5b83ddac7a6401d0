//! Rows of what outlasts a single contact: how an epoch began, and which device speaks.
//!
//! Knows nothing of tables. Invariant: what a row was made from is what it turns back into.

use minicbor::{Decode, Encode};
use mooring_drift::state::{Begun, Hardware};

/// How an epoch began; the default has no row.
#[derive(Encode, Decode)]
#[cbor(index_only)]
pub(super) enum BegunRow {
    #[n(0)]
    Reenrolled,
    #[n(1)]
    Wiped,
    #[n(2)]
    Restored,
    #[n(3)]
    Observed,
}

#[cfg(test)]
impl BegunRow {
    /// The row, or none for a first enrollment.
    pub(super) fn of(begun: Begun) -> Option<Self> {
        match begun {
            Begun::Enrolled => None,
            Begun::Reenrolled => Some(Self::Reenrolled),
            Begun::Wiped => Some(Self::Wiped),
            Begun::Restored => Some(Self::Restored),
            Begun::Observed => Some(Self::Observed),
        }
    }
}

impl From<BegunRow> for Begun {
    fn from(row: BegunRow) -> Self {
        match row {
            BegunRow::Reenrolled => Self::Reenrolled,
            BegunRow::Wiped => Self::Wiped,
            BegunRow::Restored => Self::Restored,
            BegunRow::Observed => Self::Observed,
        }
    }
}

#[derive(Encode, Decode)]
pub(super) struct HardwareRow {
    #[n(0)]
    serial: Option<String>,
    #[n(1)]
    earlier: Vec<String>,
    #[n(2)]
    is_contradicted: bool,
}

impl From<&Hardware> for HardwareRow {
    fn from(hardware: &Hardware) -> Self {
        Self {
            serial: hardware.serial.clone(),
            earlier: hardware.earlier.clone(),
            is_contradicted: hardware.is_contradicted,
        }
    }
}

impl From<HardwareRow> for Hardware {
    fn from(row: HardwareRow) -> Self {
        Self {
            serial: row.serial,
            earlier: row.earlier,
            is_contradicted: row.is_contradicted,
        }
    }
}
