//! What few hosts have of a sync state, behind the packed part of a hot row.
//!
//! Knows nothing of what the packed part looks like. Invariants: every field is optional and left
//! out while it has its default, so a state that has nothing of all this has no rest; a field's
//! number is never used for another field.

use std::collections::BTreeMap;

use minicbor::{Decode, Decoder, Encode};
use mooring_drift::state::{
    Attempts, Hardware, InFlight, Lost, NotNow, Periodic, SyncState, Unproven,
};
use mooring_mdm::device::ListedProfile;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::os::OsVersion;

use super::encode;
use super::life::HardwareRow;
use super::plain::{answered, asked_again, serial};
use super::sync::{ListedRow, UnprovenRow, by_identifier, by_text, filled, os_version};
use super::work::{AttemptsRow, InFlightRow, LostRow, NotNowRow, PeriodicRow};
use crate::RowError;

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct RestRow {
    #[n(0)]
    unmanaged: Option<Vec<ListedRow>>,
    #[n(1)]
    unproven: Option<BTreeMap<String, UnprovenRow>>,
    #[n(2)]
    in_flight: Option<InFlightRow>,
    #[n(3)]
    lost: Option<Vec<LostRow>>,
    #[n(4)]
    list_asked: Option<u32>,
    #[n(5)]
    list: Option<PeriodicRow>,
    #[n(6)]
    attributes: Option<PeriodicRow>,
    #[n(7)]
    renewal: Option<PeriodicRow>,
    #[n(8)]
    not_now: Option<NotNowRow>,
    #[n(9)]
    attempts: Option<BTreeMap<String, AttemptsRow>>,
    #[n(10)]
    resend: Option<Vec<String>>,
    #[n(11)]
    installed_on: Option<BTreeMap<String, String>>,
    #[n(12)]
    contested: Option<BTreeMap<String, u8>>,
    #[n(13)]
    hardware: Option<HardwareRow>,
}

/// The bytes of the rest of a state, none if there is none.
pub(super) fn encode_rest(state: &SyncState) -> Vec<u8> {
    const EMPTY_MAP: [u8; 1] = [0xa0];
    let bytes = encode(&RestRow::of(state));
    if bytes == EMPTY_MAP {
        return Vec::new();
    }
    bytes
}

/// The row of something periodic, unless the packed part tells it.
fn periodic(periodic: Periodic, is_packed: bool) -> Option<PeriodicRow> {
    (!is_packed && periodic != Periodic::default()).then(|| periodic.into())
}

impl RestRow {
    fn of(state: &SyncState) -> Self {
        let unmanaged = state.observed.as_ref().map(|it| it.unmanaged.as_slice());
        let is_packed = |it: Periodic| periodic(it, answered(it).is_some());
        let is_serial = serial(&state.hardware).is_some();
        let hardware = &state.hardware;
        Self {
            unmanaged: listed(unmanaged.unwrap_or_default(), ListedRow::from),
            unproven: filled(by_text(&state.unproven, UnprovenRow::from)),
            in_flight: state.in_flight.as_ref().map(InFlightRow::from),
            lost: listed(&state.lost, LostRow::from),
            list_asked: state.list_asked,
            list: is_packed(state.list),
            attributes: is_packed(state.attributes),
            renewal: periodic(state.renewal, asked_again(state.renewal).is_some()),
            not_now: state.not_now.map(NotNowRow::from),
            attempts: filled(by_text(&state.attempts, AttemptsRow::from)),
            resend: (!state.resend.is_empty())
                .then(|| state.resend.iter().map(ToString::to_string).collect()),
            installed_on: filled(by_text(&state.installed_on, OsVersion::to_string)),
            contested: filled(by_text(&state.contested, |count| *count)),
            hardware: (!is_serial && *hardware != Hardware::default()).then(|| hardware.into()),
        }
    }

    /// Reads a rest, which has to end where the row ends.
    pub(super) fn decode_whole(bytes: &[u8]) -> Result<Self, RowError> {
        let mut decoder = Decoder::new(bytes);
        let row = decoder.decode()?;
        if decoder.position() == bytes.len() {
            return Ok(row);
        }
        Err(RowError::content("it does not end where it should"))
    }

    /// Adds to a state what this tells of it.
    pub(super) fn complete(self, state: &mut SyncState) -> Result<(), RowError> {
        match (&mut state.observed, self.unmanaged) {
            (Some(observed), Some(rows)) => {
                let unmanaged = rows.into_iter().map(ListedProfile::try_from);
                observed.unmanaged = unmanaged.collect::<Result<_, _>>()?;
            }
            (None, Some(_)) => return Err(RowError::content("it lists profiles without a list")),
            (_, None) => {}
        }
        state.unproven = by_identifier(self.unproven.unwrap_or_default(), Unproven::try_from)?;
        state.in_flight = self.in_flight.map(InFlight::try_from).transpose()?;
        let lost = self.lost.unwrap_or_default().into_iter();
        state.lost = lost.map(Lost::try_from).collect::<Result<_, _>>()?;
        state.list_asked = self.list_asked;
        for (row, periodic) in [
            (self.list, &mut state.list),
            (self.attributes, &mut state.attributes),
            (self.renewal, &mut state.renewal),
        ] {
            if let Some(row) = row {
                *periodic = row.into();
            }
        }
        state.not_now = self.not_now.map(NotNow::from);
        state.attempts = by_identifier(self.attempts.unwrap_or_default(), Attempts::try_from)?;
        let resend = self.resend.unwrap_or_default();
        let resend = resend.iter().map(|id| PayloadIdentifier::parse(id));
        state.resend = resend.collect::<Result<_, _>>()?;
        let installed_on = self.installed_on.unwrap_or_default();
        state.installed_on = by_identifier(installed_on, |text| os_version(&text))?;
        state.contested = by_identifier(self.contested.unwrap_or_default(), Ok)?;
        if let Some(row) = self.hardware {
            state.hardware = row.into();
        }
        Ok(())
    }
}

/// The rows of a list; an empty one takes no room.
fn listed<'a, T, R>(list: &'a [T], row: impl Fn(&'a T) -> R) -> Option<Vec<R>> {
    (!list.is_empty()).then(|| list.iter().map(row).collect())
}
