//! Rows of the sync state and of the sets it refers to.
//!
//! Knows nothing of tables. Invariant: a set is stored once, under its id; a sync row holds ids
//! only. Since schema 4 a sync state is packed (`hot`, `rest`), and [`SyncRow`] is how earlier
//! schemas had it.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use mooring_drift::policy::Timestamp;
use mooring_drift::set::{ProfileSet, SetId};
use mooring_drift::state::{
    Attempts, Begun, Hardware, InFlight, Lost, NotNow, Observed, Periodic, Phase, SyncState,
    Unproven,
};
use mooring_mdm::device::ListedProfile;
use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use mooring_mdm::os::OsVersion;

use super::life::{BegunRow, HardwareRow};
use super::work::{AttemptsRow, InFlightRow, LostRow, NotNowRow, PeriodicRow, RevisionRow};
use crate::RowError;

/// The entries of one set, in order of identifier.
#[derive(Encode, Decode)]
pub(in super::super) struct SetRow {
    #[n(0)]
    entries: Vec<(String, String)>,
}

impl From<&ProfileSet> for SetRow {
    fn from(set: &ProfileSet) -> Self {
        let texts = |(id, uuid): &(PayloadIdentifier, PayloadUuid)| {
            (id.as_str().to_owned(), uuid.as_str().to_owned())
        };
        Self {
            entries: set.entries().iter().map(texts).collect(),
        }
    }
}

impl SetRow {
    /// The set, if its entries still are those that `id` was made from.
    pub(in super::super) fn into_set(self, id: SetId) -> Result<ProfileSet, RowError> {
        let mut entries = Vec::with_capacity(self.entries.len());
        for (identifier, uuid) in &self.entries {
            entries.push((
                PayloadIdentifier::parse(identifier)?,
                PayloadUuid::parse(uuid)?,
            ));
        }
        let set = ProfileSet::from_entries(entries);
        if set.id() == id {
            Ok(set)
        } else {
            Err(RowError::SetAltered)
        }
    }
}

/// A sync state as schemas 1 to 3 had it, its sets replaced by their ids.
#[derive(Encode, Decode)]
pub(in super::super) struct SyncRow {
    #[n(0)]
    epoch: u32,
    #[n(1)]
    phase: PhaseRow,
    #[n(2)]
    sequence: u32,
    #[n(3)]
    observed: Option<ObservedRow>,
    #[cbor(n(4), with = "minicbor::bytes")]
    delivered: [u8; 16],
    #[n(5)]
    unproven: BTreeMap<String, UnprovenRow>,
    #[n(6)]
    in_flight: Option<InFlightRow>,
    #[n(7)]
    lost: Vec<LostRow>,
    #[n(8)]
    last_lost: u32,
    #[n(9)]
    list_asked: Option<u32>,
    #[n(10)]
    list: PeriodicRow,
    #[n(11)]
    attributes: PeriodicRow,
    #[n(12)]
    not_now: Option<NotNowRow>,
    #[n(13)]
    attempts: BTreeMap<String, AttemptsRow>,
    #[n(14)]
    renewal: Option<PeriodicRow>,
    // What schema 2 did not have. Each is left out while it has its default.
    #[n(15)]
    era: Option<u32>,
    #[n(16)]
    begun: Option<BegunRow>,
    #[n(17)]
    resend: Option<Vec<String>>,
    #[n(18)]
    installed_on: Option<BTreeMap<String, String>>,
    #[n(19)]
    contested: Option<BTreeMap<String, u8>>,
    #[n(20)]
    hardware: Option<HardwareRow>,
}

/// Only tests write rows of earlier schemas.
#[cfg(test)]
impl From<&SyncState> for SyncRow {
    fn from(state: &SyncState) -> Self {
        Self {
            epoch: state.epoch,
            phase: match state.phase {
                Phase::Authenticated => PhaseRow::Authenticated,
                Phase::Enrolled => PhaseRow::Enrolled,
                Phase::CheckedOut => PhaseRow::CheckedOut,
            },
            sequence: state.sequence,
            observed: state.observed.as_ref().map(ObservedRow::from),
            delivered: state.delivered.id().0,
            unproven: by_text(&state.unproven, UnprovenRow::from),
            in_flight: state.in_flight.as_ref().map(InFlightRow::from),
            lost: state.lost.iter().map(LostRow::from).collect(),
            last_lost: state.last_lost,
            list_asked: state.list_asked,
            list: state.list.into(),
            attributes: state.attributes.into(),
            not_now: state.not_now.map(NotNowRow::from),
            attempts: by_text(&state.attempts, AttemptsRow::from),
            renewal: (state.renewal != Periodic::default()).then(|| state.renewal.into()),
            era: (state.era != 0).then_some(state.era),
            begun: BegunRow::of(state.begun),
            resend: (!state.resend.is_empty())
                .then(|| state.resend.iter().map(ToString::to_string).collect()),
            installed_on: filled(by_text(&state.installed_on, OsVersion::to_string)),
            contested: filled(by_text(&state.contested, |count| *count)),
            hardware: (state.hardware != Hardware::default()).then(|| (&state.hardware).into()),
        }
    }
}

/// The entries under the text of their keys.
pub(super) fn by_text<'a, T, R>(
    map: &'a BTreeMap<PayloadIdentifier, T>,
    row: impl Fn(&'a T) -> R,
) -> BTreeMap<String, R> {
    let entries = map.iter();
    entries
        .map(|(id, what)| (id.as_str().to_owned(), row(what)))
        .collect()
}

/// The entries under the identifiers that their keys are.
pub(super) fn by_identifier<R, T>(
    map: BTreeMap<String, R>,
    value: impl Fn(R) -> Result<T, RowError>,
) -> Result<BTreeMap<PayloadIdentifier, T>, RowError> {
    let entry = |(id, row): (String, R)| Ok((PayloadIdentifier::parse(&id)?, value(row)?));
    map.into_iter().map(entry).collect()
}

/// An empty map takes no room in a row.
pub(super) fn filled<R>(map: BTreeMap<String, R>) -> Option<BTreeMap<String, R>> {
    (!map.is_empty()).then_some(map)
}

pub(super) fn os_version(text: &str) -> Result<OsVersion, RowError> {
    OsVersion::parse(text).map_err(RowError::content)
}

impl SyncRow {
    /// The id of the set that the last complete list showed, if there is a list.
    pub(in super::super) fn observed_set(&self) -> Option<SetId> {
        self.observed.as_ref().map(|observed| SetId(observed.set))
    }

    /// The id of the set that was delivered.
    pub(in super::super) fn delivered_set(&self) -> SetId {
        SetId(self.delivered)
    }

    /// The state, with the sets that the ids name.
    pub(super) fn into_state(
        self,
        observed: Option<ProfileSet>,
        delivered: ProfileSet,
    ) -> Result<SyncState, RowError> {
        let observed = match (self.observed, observed) {
            (Some(row), Some(set)) => Some(row.into_observed(set)?),
            (Some(row), None) => return Err(RowError::SetMissing(SetId(row.set))),
            (None, _) => None,
        };
        let lost = self.lost.into_iter().map(Lost::try_from);
        let resend = self.resend.unwrap_or_default();
        let resend = resend.iter().map(|id| PayloadIdentifier::parse(id));
        let installed_on = self.installed_on.unwrap_or_default();
        Ok(SyncState {
            epoch: self.epoch,
            phase: match self.phase {
                PhaseRow::Authenticated => Phase::Authenticated,
                PhaseRow::Enrolled => Phase::Enrolled,
                PhaseRow::CheckedOut => Phase::CheckedOut,
            },
            sequence: self.sequence,
            observed,
            delivered,
            unproven: by_identifier(self.unproven, Unproven::try_from)?,
            in_flight: self.in_flight.map(InFlight::try_from).transpose()?,
            lost: lost.collect::<Result<_, _>>()?,
            last_lost: self.last_lost,
            list_asked: self.list_asked,
            list: self.list.into(),
            attributes: self.attributes.into(),
            renewal: self.renewal.map(Periodic::from).unwrap_or_default(),
            not_now: self.not_now.map(NotNow::from),
            attempts: by_identifier(self.attempts, Attempts::try_from)?,
            era: self.era.unwrap_or_default(),
            begun: self.begun.map(Begun::from).unwrap_or_default(),
            resend: resend.collect::<Result<_, _>>()?,
            installed_on: by_identifier(installed_on, |text| os_version(&text))?,
            contested: by_identifier(self.contested.unwrap_or_default(), Ok)?,
            hardware: self.hardware.map(Hardware::from).unwrap_or_default(),
        })
    }
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum PhaseRow {
    #[n(0)]
    Authenticated,
    #[n(1)]
    Enrolled,
    #[n(2)]
    CheckedOut,
}

#[derive(Encode, Decode)]
struct ObservedRow {
    #[cbor(n(0), with = "minicbor::bytes")]
    set: [u8; 16],
    #[n(1)]
    unmanaged: Vec<ListedRow>,
    #[n(2)]
    sequence: u32,
    #[n(3)]
    at: u64,
}

#[derive(Encode, Decode)]
pub(super) struct ListedRow {
    #[n(0)]
    identifier: String,
    #[n(1)]
    uuid: String,
    #[n(2)]
    display_name: Option<String>,
}

#[cfg(test)]
impl From<&Observed> for ObservedRow {
    fn from(observed: &Observed) -> Self {
        Self {
            set: observed.set.id().0,
            unmanaged: observed.unmanaged.iter().map(ListedRow::from).collect(),
            sequence: observed.sequence,
            at: observed.at.0,
        }
    }
}

impl ObservedRow {
    fn into_observed(self, set: ProfileSet) -> Result<Observed, RowError> {
        let unmanaged = self.unmanaged.into_iter().map(ListedProfile::try_from);
        Ok(Observed {
            set,
            unmanaged: unmanaged.collect::<Result<_, _>>()?,
            sequence: self.sequence,
            at: Timestamp(self.at),
        })
    }
}

impl From<&ListedProfile> for ListedRow {
    fn from(profile: &ListedProfile) -> Self {
        Self {
            identifier: profile.identifier.as_str().to_owned(),
            uuid: profile.uuid.as_str().to_owned(),
            display_name: profile.display_name.clone(),
        }
    }
}

impl TryFrom<ListedRow> for ListedProfile {
    type Error = RowError;
    fn try_from(row: ListedRow) -> Result<Self, RowError> {
        Ok(Self {
            identifier: PayloadIdentifier::parse(&row.identifier)?,
            uuid: PayloadUuid::parse(&row.uuid)?,
            display_name: row.display_name,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) enum UnprovenRow {
    #[n(0)]
    Installed(#[n(0)] RevisionRow),
    #[n(1)]
    Removed,
}

impl From<&Unproven> for UnprovenRow {
    fn from(unproven: &Unproven) -> Self {
        match unproven {
            Unproven::Installed(revision) => Self::Installed(revision.into()),
            Unproven::Removed => Self::Removed,
        }
    }
}

impl TryFrom<UnprovenRow> for Unproven {
    type Error = RowError;
    fn try_from(row: UnprovenRow) -> Result<Self, RowError> {
        Ok(match row {
            UnprovenRow::Installed(revision) => Self::Installed(revision.try_into()?),
            UnprovenRow::Removed => Self::Removed,
        })
    }
}
