//! Rows of hosts and commands.
//!
//! Knows nothing of tables. Invariant: what a row was made from is what it turns back into.

use minicbor::{Decode, Encode};
use mooring_drift::command::RequestType;
use mooring_drift::policy::Timestamp;
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{CommandUuid, EnrollmentId, HostId, PayloadIdentifier};

use super::failure::FailureRow;
use crate::RowError;
use crate::record::{
    CommandOutcome, CommandRecord, EnrollmentOutline, EnrollmentRecord, HostFacts, HostOutline,
    HostRecord,
};

/// What belongs to a host as a whole.
#[derive(Encode, Decode)]
pub(in super::super) struct HostRow {
    #[n(0)]
    attributes: AttributesRow,
    #[n(1)]
    attributes_at: Option<u64>,
    #[n(2)]
    enrolled_at: u64,
}

#[derive(Encode, Decode)]
struct AttributesRow {
    #[n(0)]
    serial_number: Option<String>,
    #[n(1)]
    model: Option<String>,
    #[n(2)]
    device_name: Option<String>,
    #[n(3)]
    os_version: Option<String>,
    #[n(4)]
    build_version: Option<String>,
    #[n(5)]
    is_supervised: Option<bool>,
}

impl From<AttributesRow> for Attributes {
    fn from(row: AttributesRow) -> Self {
        Self {
            serial_number: row.serial_number,
            model: row.model,
            device_name: row.device_name,
            os_version: row.os_version,
            build_version: row.build_version,
            is_supervised: row.is_supervised,
        }
    }
}

impl HostRow {
    /// The row of these facts.
    pub(in super::super) fn new(
        attributes: &Attributes,
        attributes_at: Option<Timestamp>,
        enrolled_at: Timestamp,
    ) -> Self {
        let attributes = AttributesRow {
            serial_number: attributes.serial_number.clone(),
            model: attributes.model.clone(),
            device_name: attributes.device_name.clone(),
            os_version: attributes.os_version.clone(),
            build_version: attributes.build_version.clone(),
            is_supervised: attributes.is_supervised,
        };
        let attributes_at = attributes_at.map(|at| at.0);
        Self {
            attributes,
            attributes_at,
            enrolled_at: enrolled_at.0,
        }
    }

    /// The outline, with the parts that stand outside the row.
    pub(in super::super) fn into_outline(
        self,
        id: HostId,
        facts: HostFacts,
        enrollments: Vec<EnrollmentOutline>,
    ) -> HostOutline {
        HostOutline {
            id,
            attributes: self.attributes.into(),
            attributes_at: self.attributes_at.map(Timestamp),
            facts,
            enrollments,
        }
    }

    /// The record, with the parts that stand outside the row.
    pub(in super::super) fn into_record(
        self,
        id: HostId,
        facts: HostFacts,
        enrollments: Vec<EnrollmentRecord>,
    ) -> HostRecord {
        HostRecord {
            id,
            attributes: self.attributes.into(),
            attributes_at: self.attributes_at.map(Timestamp),
            enrolled_at: Timestamp(self.enrolled_at),
            facts,
            enrollments,
        }
    }
}

/// One command; enrollment and sequence stand in the key.
#[derive(Encode, Decode)]
pub(in super::super) struct CommandRow {
    #[n(0)]
    uuid: String,
    #[n(1)]
    request_type: RequestTypeRow,
    #[n(2)]
    identifier: Option<String>,
    #[n(3)]
    profile_version: Option<u32>,
    #[n(4)]
    sent_at: u64,
    #[n(5)]
    closed_at: Option<u64>,
    #[n(6)]
    outcome: Option<OutcomeRow>,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum RequestTypeRow {
    #[n(0)]
    ProfileList,
    #[n(1)]
    DeviceInformation,
    #[n(2)]
    InstallProfile,
    #[n(3)]
    RemoveProfile,
}

#[derive(Encode, Decode)]
enum OutcomeRow {
    #[n(0)]
    Acknowledged,
    #[n(1)]
    NotNow,
    #[n(2)]
    Lost,
    #[n(3)]
    Failed(#[n(0)] FailureRow),
}

impl From<&CommandRecord> for CommandRow {
    fn from(record: &CommandRecord) -> Self {
        Self {
            uuid: record.uuid.as_str().to_owned(),
            request_type: match record.request_type {
                RequestType::ProfileList => RequestTypeRow::ProfileList,
                RequestType::DeviceInformation => RequestTypeRow::DeviceInformation,
                RequestType::InstallProfile => RequestTypeRow::InstallProfile,
                RequestType::RemoveProfile => RequestTypeRow::RemoveProfile,
            },
            identifier: record.identifier.as_ref().map(|id| id.as_str().to_owned()),
            profile_version: record.profile_version,
            sent_at: record.sent_at.0,
            closed_at: record.closed_at.map(|at| at.0),
            outcome: record.outcome.as_ref().map(|outcome| match outcome {
                CommandOutcome::Acknowledged => OutcomeRow::Acknowledged,
                CommandOutcome::NotNow => OutcomeRow::NotNow,
                CommandOutcome::Lost => OutcomeRow::Lost,
                CommandOutcome::Failed(reason) => OutcomeRow::Failed(reason.into()),
            }),
        }
    }
}

impl CommandRow {
    /// The record, with the parts that stand in the key.
    pub(in super::super) fn into_record(
        self,
        enrollment: EnrollmentId,
        sequence: u32,
    ) -> Result<CommandRecord, RowError> {
        Ok(CommandRecord {
            enrollment,
            sequence,
            uuid: CommandUuid::parse(&self.uuid)?,
            request_type: match self.request_type {
                RequestTypeRow::ProfileList => RequestType::ProfileList,
                RequestTypeRow::DeviceInformation => RequestType::DeviceInformation,
                RequestTypeRow::InstallProfile => RequestType::InstallProfile,
                RequestTypeRow::RemoveProfile => RequestType::RemoveProfile,
            },
            identifier: self
                .identifier
                .as_deref()
                .map(PayloadIdentifier::parse)
                .transpose()?,
            profile_version: self.profile_version,
            sent_at: Timestamp(self.sent_at),
            closed_at: self.closed_at.map(Timestamp),
            outcome: self.outcome.map(|outcome| match outcome {
                OutcomeRow::Acknowledged => CommandOutcome::Acknowledged,
                OutcomeRow::NotNow => CommandOutcome::NotNow,
                OutcomeRow::Lost => CommandOutcome::Lost,
                OutcomeRow::Failed(reason) => CommandOutcome::Failed(reason.into()),
            }),
        })
    }
}
