//! Rows of the sync state and of the sets it refers to.
//!
//! Knows nothing of tables. Invariant: a set is stored once, under its id; a sync row holds ids
//! only, so an enrollment in a common state takes about a hundred bytes.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use mooring_drift::policy::Timestamp;
use mooring_drift::set::{ProfileSet, SetId};
use mooring_drift::state::{
    InFlight, Lost, NotNow, Observed, Periodic, Phase, SyncState, Unproven,
};
use mooring_mdm::device::ListedProfile;
use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};

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

/// A sync state with its sets replaced by their ids.
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
}

impl From<&SyncState> for SyncRow {
    fn from(state: &SyncState) -> Self {
        let unproven = state.unproven.iter();
        let attempts = state.attempts.iter();
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
            unproven: unproven
                .map(|(id, what)| (id.as_str().to_owned(), what.into()))
                .collect(),
            in_flight: state.in_flight.as_ref().map(InFlightRow::from),
            lost: state.lost.iter().map(LostRow::from).collect(),
            last_lost: state.last_lost,
            list_asked: state.list_asked,
            list: state.list.into(),
            attributes: state.attributes.into(),
            not_now: state.not_now.map(NotNowRow::from),
            attempts: attempts
                .map(|(id, what)| (id.as_str().to_owned(), what.into()))
                .collect(),
            renewal: (state.renewal != Periodic::default()).then(|| state.renewal.into()),
        }
    }
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
        let mut unproven = BTreeMap::new();
        for (identifier, what) in self.unproven {
            unproven.insert(PayloadIdentifier::parse(&identifier)?, what.try_into()?);
        }
        let mut attempts = BTreeMap::new();
        for (identifier, what) in self.attempts {
            attempts.insert(PayloadIdentifier::parse(&identifier)?, what.try_into()?);
        }
        let lost = self.lost.into_iter().map(Lost::try_from);
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
            unproven,
            in_flight: self.in_flight.map(InFlight::try_from).transpose()?,
            lost: lost.collect::<Result<_, _>>()?,
            last_lost: self.last_lost,
            list_asked: self.list_asked,
            list: self.list.into(),
            attributes: self.attributes.into(),
            renewal: self.renewal.map(Periodic::from).unwrap_or_default(),
            not_now: self.not_now.map(NotNow::from),
            attempts,
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
struct ListedRow {
    #[n(0)]
    identifier: String,
    #[n(1)]
    uuid: String,
    #[n(2)]
    display_name: Option<String>,
}

impl From<&Observed> for ObservedRow {
    fn from(observed: &Observed) -> Self {
        let row = |profile: &ListedProfile| ListedRow {
            identifier: profile.identifier.as_str().to_owned(),
            uuid: profile.uuid.as_str().to_owned(),
            display_name: profile.display_name.clone(),
        };
        Self {
            set: observed.set.id().0,
            unmanaged: observed.unmanaged.iter().map(row).collect(),
            sequence: observed.sequence,
            at: observed.at.0,
        }
    }
}

impl ObservedRow {
    fn into_observed(self, set: ProfileSet) -> Result<Observed, RowError> {
        let mut unmanaged = Vec::with_capacity(self.unmanaged.len());
        for row in self.unmanaged {
            unmanaged.push(ListedProfile {
                identifier: PayloadIdentifier::parse(&row.identifier)?,
                uuid: PayloadUuid::parse(&row.uuid)?,
                display_name: row.display_name,
            });
        }
        Ok(Observed {
            set,
            unmanaged,
            sequence: self.sequence,
            at: Timestamp(self.at),
        })
    }
}

#[derive(Encode, Decode)]
enum UnprovenRow {
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
