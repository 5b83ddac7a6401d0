//! Rows of what changes with every message of an enrollment.
//!
//! Knows nothing of tables. A fleet has a row of these per enrollment and reads all of them when it
//! starts, so what most hosts have is packed by hand, and what few have follows as CBOR. Invariants:
//! what a row was made from is what it turns back into; sets are named, not held; what is not there
//! takes no room, and reading a row copies nothing.

use mooring_drift::policy::Timestamp;
use mooring_drift::set::{ProfileSet, SetId};
use mooring_drift::state::{Observed, Periodic, SyncState};
use mooring_mdm::ids::EnrollmentId;

use super::flags::{Shown, begun, flag, flags, phase, via};
use super::plain::{answered, asked_again, serial};
use super::rest::{RestRow, encode_rest};
use super::varint::{Reader, put, put_distance};
use crate::RowError;
use crate::record::{EnrollmentOutline, EnrollmentRecord};

/// The first 64 bits of SHA-256 over a cold row: tells whether it has to be written again, and
/// whether two rows belong together.
pub(in super::super) type ColdDigest = [u8; 8];

/// A row that was read, its sets named.
#[derive(Debug)]
pub(in super::super) struct HotRow<'b> {
    pub(in super::super) revision: u64,
    pub(in super::super) cold: ColdDigest,
    flags: u32,
    epoch: u32,
    era: u32,
    sequence: u32,
    last_lost: u32,
    last_seen_at: u64,
    delivered: SetId,
    observed: Option<ObservedHead>,
    list: Option<u64>,
    attributes: Option<u64>,
    renewal: Option<(u64, u64)>,
    /// When the validity of the oldest identity begins and ends.
    identity: Option<(u64, u64)>,
    serial: Option<&'b str>,
    newest_signed_at: Option<u64>,
    messages: &'b [u8],
    check_ins: &'b [u8],
    rest: &'b [u8],
}

#[derive(Debug, Clone, Copy)]
struct ObservedHead {
    set: SetId,
    sequence: u32,
    at: u64,
}

/// Times of certificates are whole seconds; their milliseconds take no room.
pub(super) const SECOND_MS: u64 = 1000;

/// Writes a row. The revision is the one that is stored from now on.
pub(in super::super) fn encode_hot(
    record: &EnrollmentRecord,
    revision: u64,
    cold: ColdDigest,
) -> Vec<u8> {
    let (sync, seen) = (&record.sync, record.last_seen_at.0);
    let shown = Shown::of(record);
    let rest = encode_rest(sync);
    let flags = flags(record, &shown, !rest.is_empty());
    let mut bytes = Vec::with_capacity(96 + rest.len());
    put(&mut bytes, revision);
    put(&mut bytes, u64::from(flags));
    bytes.extend_from_slice(&cold);
    bytes.extend_from_slice(&sync.epoch.to_be_bytes());
    if flags & flag::ERA != 0 {
        bytes.extend_from_slice(&sync.era.to_be_bytes());
    }
    let sequence = u64::from(sync.sequence);
    put(&mut bytes, sequence);
    if flags & flag::LAST_LOST != 0 {
        put_distance(&mut bytes, sequence, u64::from(sync.last_lost));
    }
    put(&mut bytes, seen);
    put_sets(&mut bytes, sync, flags, seen);
    let listed = sync.observed.as_ref().map_or(seen, |it| it.at.0);
    let told = [answered(sync.list), answered(sync.attributes)];
    for at in told.into_iter().flatten() {
        put_distance(&mut bytes, listed, at);
    }
    if let Some((answered, retry)) = asked_again(sync.renewal) {
        put_distance(&mut bytes, seen, answered);
        put_distance(&mut bytes, answered, retry);
    }
    if let Some((begins, ends)) = shown.identity {
        let unit = unit(flags);
        put(&mut bytes, ends / unit);
        put_distance(&mut bytes, ends / unit, begins / unit);
    }
    put_texts(&mut bytes, record, seen);
    bytes.extend_from_slice(&rest);
    bytes
}

fn put_sets(bytes: &mut Vec<u8>, sync: &SyncState, flags: u32, seen: u64) {
    if flags & flag::DELIVERED != 0 {
        bytes.extend_from_slice(&sync.delivered.id().0);
    }
    if let Some(observed) = &sync.observed {
        if flags & flag::SAME == 0 {
            bytes.extend_from_slice(&observed.set.id().0);
        }
        let sequence = u64::from(sync.sequence);
        put_distance(bytes, sequence, u64::from(observed.sequence));
        put_distance(bytes, seen, observed.at.0);
    }
}

fn put_texts(bytes: &mut Vec<u8>, record: &EnrollmentRecord, seen: u64) {
    if let Some(serial) = serial(&record.sync.hardware) {
        put(bytes, serial.len() as u64);
        bytes.extend_from_slice(serial.as_bytes());
    }
    if let Some(at) = record.newest_signed_at {
        put_distance(bytes, seen, at.0);
    }
    let (messages, check_ins) = (&record.recent_messages, &record.recent_check_ins);
    if !messages.is_empty() || !check_ins.is_empty() {
        put(bytes, messages.len() as u64);
        put(bytes, check_ins.len() as u64);
        bytes.extend_from_slice(messages.as_flattened());
        bytes.extend_from_slice(check_ins.as_flattened());
    }
}

fn unit(flags: u32) -> u64 {
    match flags & flag::SECONDS {
        0 => 1,
        _ => SECOND_MS,
    }
}

impl<'b> HotRow<'b> {
    /// Reads a row; what few have of it is looked at when it is used.
    pub(in super::super) fn read(bytes: &'b [u8]) -> Result<Self, RowError> {
        let mut reader = Reader(bytes);
        let revision = reader.number()?;
        let flags = flags_of(&mut reader)?;
        let has = |flag: u32| flags & flag != 0;
        let cold = reader.bytes()?;
        let epoch = u32::from_be_bytes(reader.bytes()?);
        let era = if has(flag::ERA) {
            u32::from_be_bytes(reader.bytes()?)
        } else {
            0
        };
        let sequence = reader.small()?;
        let last_lost = if has(flag::LAST_LOST) {
            reader.small_distance(sequence)?
        } else {
            0
        };
        let last_seen_at = reader.number()?;
        let mut row = Self {
            revision,
            cold,
            flags,
            epoch,
            era,
            sequence,
            last_lost,
            last_seen_at,
            delivered: ProfileSet::empty().id(),
            observed: None,
            list: None,
            attributes: None,
            renewal: None,
            identity: None,
            serial: None,
            newest_signed_at: None,
            messages: &[],
            check_ins: &[],
            rest: &[],
        };
        row.read_sets(&mut reader)?;
        row.read_times(&mut reader)?;
        row.read_texts(&mut reader)?;
        if reader.0.is_empty() == has(flag::REST) {
            return Err(RowError::content("it does not end where it should"));
        }
        row.rest = reader.0;
        Ok(row)
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    fn read_sets(&mut self, reader: &mut Reader<'b>) -> Result<(), RowError> {
        if self.has(flag::DELIVERED) {
            self.delivered = SetId(reader.bytes()?);
        }
        if self.has(flag::OBSERVED) {
            let set = if self.has(flag::SAME) {
                self.delivered
            } else {
                SetId(reader.bytes()?)
            };
            self.observed = Some(ObservedHead {
                set,
                sequence: reader.small_distance(self.sequence)?,
                at: reader.distance(self.last_seen_at)?,
            });
        }
        Ok(())
    }

    fn read_times(&mut self, reader: &mut Reader<'b>) -> Result<(), RowError> {
        let listed = self.observed.map_or(self.last_seen_at, |it| it.at);
        if self.has(flag::LIST) {
            self.list = Some(reader.distance(listed)?);
        }
        if self.has(flag::ATTRIBUTES) {
            self.attributes = Some(reader.distance(listed)?);
        }
        if self.has(flag::RENEWAL) {
            let answered = reader.distance(self.last_seen_at)?;
            self.renewal = Some((answered, reader.distance(answered)?));
        }
        if self.has(flag::IDENTITY) {
            let ends = reader.number()?;
            let begins = reader.distance(ends)?;
            let ms = |number: u64| {
                let ms = number.checked_mul(unit(self.flags));
                ms.ok_or_else(|| RowError::content("a time in it is too far away"))
            };
            self.identity = Some((ms(begins)?, ms(ends)?));
        }
        Ok(())
    }

    fn read_texts(&mut self, reader: &mut Reader<'b>) -> Result<(), RowError> {
        if self.has(flag::SERIAL) {
            self.serial = Some(reader.text()?);
        }
        if self.has(flag::SIGNED) {
            self.newest_signed_at = Some(reader.distance(self.last_seen_at)?);
        }
        if self.has(flag::RECENT) {
            let (messages, check_ins) = (reader.small()?, reader.small()?);
            self.messages = reader.slice((messages as usize).saturating_mul(16))?;
            self.check_ins = reader.slice((check_ins as usize).saturating_mul(16))?;
        }
        Ok(())
    }

    /// The name of the delivered set.
    pub(in super::super) fn delivered(&self) -> SetId {
        self.delivered
    }

    /// The name of the observed set, if there is one.
    pub(in super::super) fn observed(&self) -> Option<SetId> {
        self.observed.map(|it| it.set)
    }

    /// Whether what an outline shows of the cold row is what this record has there.
    pub(in super::super) fn shows(&self, record: &EnrollmentRecord) -> bool {
        let shown = Shown::of(record);
        self.flags & flag::SHOWN == shown.flags && self.identity == shown.identity
    }

    fn state(
        &self,
        delivered: ProfileSet,
        observed: Option<ProfileSet>,
    ) -> Result<SyncState, RowError> {
        let mut state = SyncState {
            epoch: self.epoch,
            era: self.era,
            sequence: self.sequence,
            phase: phase(self.flags)?,
            begun: begun(self.flags)?,
            delivered,
            last_lost: self.last_lost,
            list: plain(self.list),
            attributes: plain(self.attributes),
            ..SyncState::new()
        };
        if let (Some(head), Some(set)) = (self.observed, observed) {
            state.observed = Some(Observed {
                set,
                unmanaged: Vec::new(),
                sequence: head.sequence,
                at: Timestamp(head.at),
            });
        }
        if let Some((answered, retry)) = self.renewal {
            state.renewal = plain(Some(answered));
            state.renewal.retry_at = Some(Timestamp(retry));
        }
        state.hardware.serial = self.serial.map(str::to_owned);
        if !self.rest.is_empty() {
            RestRow::decode_whole(self.rest)?.complete(&mut state)?;
        }
        Ok(state)
    }

    /// The outline, with the sets that the names in the row stand for.
    pub(in super::super) fn into_outline(
        self,
        id: EnrollmentId,
        delivered: ProfileSet,
        observed: Option<ProfileSet>,
    ) -> Result<EnrollmentOutline, RowError> {
        let has = |flag| self.has(flag);
        Ok(EnrollmentOutline {
            id,
            last_seen_at: Timestamp(self.last_seen_at),
            revision: self.revision,
            via: via(self.flags)?,
            is_blocked: has(flag::BLOCKED),
            is_held: has(flag::HELD),
            is_rsa: has(flag::RSA),
            identity_begins_at: self.identity.map(|(begins, _)| Timestamp(begins)),
            identity_ends_at: self.identity.map(|(_, ends)| Timestamp(ends)),
            is_pushable: has(flag::PUSHABLE),
            sync: self.state(delivered, observed)?,
        })
    }

    /// The record but for what the cold row holds.
    pub(in super::super) fn to_record(
        &self,
        id: EnrollmentId,
        delivered: ProfileSet,
        observed: Option<ProfileSet>,
    ) -> Result<EnrollmentRecord, RowError> {
        let sync = self.state(delivered, observed)?;
        Ok(EnrollmentRecord {
            revision: self.revision,
            recent_messages: self.messages.as_chunks().0.to_vec(),
            recent_check_ins: self.check_ins.as_chunks().0.to_vec(),
            newest_signed_at: self.newest_signed_at.map(Timestamp),
            ..EnrollmentRecord::new(id, sync, Timestamp(self.last_seen_at))
        })
    }
}

fn flags_of(reader: &mut Reader<'_>) -> Result<u32, RowError> {
    let flags = reader.small()?;
    if flags < flag::END {
        return Ok(flags);
    }
    Err(RowError::content("it has flags that do not exist"))
}

fn plain(answered_at: Option<u64>) -> Periodic {
    Periodic {
        answered_at: answered_at.map(Timestamp),
        ..Periodic::default()
    }
}
