//! The row of an enrollment, read for an outline: what an outline does not show is skipped.
//!
//! Knows nothing of tables. Invariants: the numbers of the fields are those of `enrollment`, whose
//! rows these are; nothing is copied that is not shown.

use minicbor::decode::Error;
use minicbor::{Decode, Decoder};
use mooring_drift::policy::Timestamp;
use mooring_drift::set::{ProfileSet, SetId};
use mooring_mdm::ids::EnrollmentId;

use super::enrollment::ViaRow;
use super::sync::SyncRow;
use crate::RowError;
use crate::record::EnrollmentOutline;

/// One enrollment, as far as an outline shows it.
#[derive(Decode)]
pub(in super::super) struct OutlineRow {
    #[n(0)]
    push: Option<Present>,
    #[n(3)]
    last_seen_at: u64,
    /// The sync state, its sets replaced by their ids.
    #[n(4)]
    pub(in super::super) sync: SyncRow,
    #[n(5)]
    access: Option<AccessShown>,
    #[n(8)]
    push_disabled_at: Option<u64>,
}

#[derive(Decode)]
struct AccessShown {
    #[n(0)]
    pins: Vec<PinShown>,
    #[n(1)]
    held: Option<Present>,
    #[n(2)]
    is_blocked: bool,
    #[n(4)]
    via: Option<ViaRow>,
}

#[derive(Decode)]
struct PinShown {
    #[n(2)]
    not_after: u64,
    #[n(4)]
    is_rsa: bool,
}

/// Something that is there, whatever it is.
struct Present;

impl<'b, C> Decode<'b, C> for Present {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        decoder.skip()?;
        Ok(Self)
    }
}

/// The sets that the row of an enrollment refers to.
#[derive(Decode)]
pub(in super::super) struct RefersRow {
    #[n(4)]
    sync: RefersSync,
}

#[derive(Decode)]
struct RefersSync {
    #[n(3)]
    observed: Option<RefersObserved>,
    #[cbor(n(4), with = "minicbor::bytes")]
    delivered: [u8; 16],
}

#[derive(Decode)]
struct RefersObserved {
    #[cbor(n(0), with = "minicbor::bytes")]
    set: [u8; 16],
}

impl RefersRow {
    /// Their ids.
    pub(in super::super) fn sets(&self) -> impl Iterator<Item = SetId> {
        let observed = self.sync.observed.iter().map(|observed| observed.set);
        observed.chain([self.sync.delivered]).map(SetId)
    }
}

impl OutlineRow {
    /// The outline, with the parts that stand outside the row and the sets that its ids name.
    pub(in super::super) fn into_outline(
        self,
        id: EnrollmentId,
        revision: u64,
        observed: Option<ProfileSet>,
        delivered: ProfileSet,
    ) -> Result<EnrollmentOutline, RowError> {
        let access = self.access.as_ref();
        let pins = access.map_or(&[][..], |access| &access.pins);
        let (newest, oldest) = (pins.first(), pins.last());
        Ok(EnrollmentOutline {
            id,
            last_seen_at: Timestamp(self.last_seen_at),
            revision,
            is_blocked: access.is_some_and(|access| access.is_blocked),
            is_held: access.is_some_and(|access| access.held.is_some()),
            is_rsa: newest.is_some_and(|pin| pin.is_rsa),
            identity_ends_at: oldest.map(|pin| Timestamp(pin.not_after)),
            is_pushable: self.push.is_some() && self.push_disabled_at.is_none(),
            via: self.access.and_then(|access| access.via).map(Into::into),
            sync: self.sync.into_state(observed, delivered)?,
        })
    }
}
