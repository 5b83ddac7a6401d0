//! Rows of profiles and their versions.
//!
//! Knows nothing of tables. Invariant: what a row was made from is what it turns back into.

use minicbor::{Decode, Encode};
use mooring_drift::desired::Secrets;
use mooring_drift::policy::Timestamp;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::{Channel, PayloadIdentifier, PayloadUuid};
use mooring_mdm::os::OsVersion;
use mooring_mdm::profile::introduced::Introduction;
use mooring_mdm::profile::placeholder::Placeholder;

use crate::RowError;
use crate::record::{Origin, ProfileRecord, VersionRecord};

/// A profile without its versions; identifier and revision stand outside the row.
#[derive(Encode, Decode)]
pub(in super::super) struct ProfileRow {
    #[n(0)]
    channel: ChannelRow,
    #[n(1)]
    origin: OriginRow,
    #[n(2)]
    is_enabled: bool,
    #[n(3)]
    deleted_at: Option<u64>,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum ChannelRow {
    #[n(0)]
    Device,
    #[n(1)]
    User,
}

#[derive(Encode, Decode)]
enum OriginRow {
    #[n(0)]
    Uploaded,
    #[n(1)]
    BuiltIn(#[n(0)] String),
}

impl From<&ProfileRecord> for ProfileRow {
    fn from(record: &ProfileRecord) -> Self {
        Self {
            channel: match record.channel {
                Channel::Device => ChannelRow::Device,
                Channel::User => ChannelRow::User,
            },
            origin: match &record.origin {
                Origin::Uploaded => OriginRow::Uploaded,
                Origin::BuiltIn { plugin } => OriginRow::BuiltIn(plugin.clone()),
            },
            is_enabled: record.is_enabled,
            deleted_at: record.deleted_at.map(|at| at.0),
        }
    }
}

impl ProfileRow {
    /// The record, with the parts that stand outside the row.
    pub(in super::super) fn into_record(
        self,
        identifier: PayloadIdentifier,
        revision: u64,
        versions: Vec<VersionRecord>,
    ) -> ProfileRecord {
        ProfileRecord {
            identifier,
            channel: match self.channel {
                ChannelRow::Device => Channel::Device,
                ChannelRow::User => Channel::User,
            },
            origin: match self.origin {
                OriginRow::Uploaded => Origin::Uploaded,
                OriginRow::BuiltIn(plugin) => Origin::BuiltIn { plugin },
            },
            is_enabled: self.is_enabled,
            deleted_at: self.deleted_at.map(Timestamp),
            versions,
            revision,
        }
    }
}

/// One version; its number stands in the key.
#[derive(Encode, Decode)]
pub(in super::super) struct VersionRow {
    #[n(0)]
    uuid: String,
    #[n(1)]
    is_signed: bool,
    #[n(2)]
    display_name: Option<String>,
    #[n(3)]
    scope: Option<String>,
    #[n(4)]
    payload_types: Vec<String>,
    #[cbor(n(5), with = "minicbor::bytes")]
    content_digest: [u8; 32],
    #[cbor(n(6), with = "minicbor::bytes")]
    loose_digest: [u8; 32],
    #[cbor(n(7), with = "minicbor::bytes")]
    uploaded_digest: [u8; 32],
    #[n(8)]
    uploaded_uuid: Option<String>,
    #[n(9)]
    findings: Vec<FindingRow>,
    #[n(10)]
    uploaded_at: u64,
    #[n(11)]
    uploaded_by: String,
    #[n(12)]
    source_name: String,
    #[n(13)]
    bytes: u32,
    #[n(14)]
    secrets: Option<SecretsRow>,
    // What schema 2 did not have.
    #[n(15)]
    placeholders: Option<Vec<String>>,
    /// Each a platform and a version.
    #[n(16)]
    introduced: Option<Vec<(String, String)>>,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum SecretsRow {
    #[n(0)]
    None,
    #[n(1)]
    Encryptable,
    #[n(2)]
    Fixed,
}

impl From<&VersionRecord> for VersionRow {
    fn from(record: &VersionRecord) -> Self {
        Self {
            uuid: record.uuid.as_str().to_owned(),
            is_signed: record.is_signed,
            display_name: record.display_name.clone(),
            scope: record.scope.clone(),
            payload_types: record.payload_types.clone(),
            content_digest: record.content_digest,
            loose_digest: record.loose_digest,
            uploaded_digest: record.uploaded_digest,
            uploaded_uuid: record.uploaded_uuid.clone(),
            findings: record.findings.iter().map(FindingRow::from).collect(),
            uploaded_at: record.uploaded_at.0,
            uploaded_by: record.uploaded_by.clone(),
            source_name: record.source_name.clone(),
            bytes: record.bytes,
            secrets: record.secrets.map(|secrets| match secrets {
                Secrets::None => SecretsRow::None,
                Secrets::Encryptable => SecretsRow::Encryptable,
                Secrets::Fixed => SecretsRow::Fixed,
            }),
            placeholders: (!record.placeholders.is_empty()).then(|| {
                record
                    .placeholders
                    .iter()
                    .map(ToString::to_string)
                    .collect()
            }),
            introduced: (!record.introduced.is_empty())
                .then(|| record.introduced.iter().map(introduction_row).collect()),
        }
    }
}

impl VersionRow {
    /// The record, with its number from the key.
    pub(in super::super) fn into_record(self, version: u32) -> Result<VersionRecord, RowError> {
        let placeholders = self.placeholders.unwrap_or_default();
        let placeholders = placeholders.iter().map(|text| Placeholder::parse(text));
        let introduced = self.introduced.unwrap_or_default();
        Ok(VersionRecord {
            version,
            uuid: PayloadUuid::parse(&self.uuid)?,
            is_signed: self.is_signed,
            display_name: self.display_name,
            scope: self.scope,
            payload_types: self.payload_types,
            content_digest: self.content_digest,
            loose_digest: self.loose_digest,
            uploaded_digest: self.uploaded_digest,
            uploaded_uuid: self.uploaded_uuid,
            findings: self.findings.into_iter().map(Finding::from).collect(),
            uploaded_at: Timestamp(self.uploaded_at),
            uploaded_by: self.uploaded_by,
            source_name: self.source_name,
            bytes: self.bytes,
            secrets: self.secrets.map(|secrets| match secrets {
                SecretsRow::None => Secrets::None,
                SecretsRow::Encryptable => Secrets::Encryptable,
                SecretsRow::Fixed => Secrets::Fixed,
            }),
            placeholders: placeholders
                .collect::<Result<_, _>>()
                .map_err(RowError::content)?,
            introduced: introduced
                .iter()
                .map(introduction)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn introduction_row(introduction: &Introduction) -> (String, String) {
    let version = introduction.version.to_string();
    (introduction.platform.as_str().to_owned(), version)
}

fn introduction((platform, version): &(String, String)) -> Result<Introduction, RowError> {
    Ok(Introduction {
        platform: platform.parse().map_err(RowError::content)?,
        version: OsVersion::parse(version).map_err(RowError::content)?,
    })
}

#[derive(Encode, Decode)]
struct FindingRow {
    #[n(0)]
    severity: SeverityRow,
    #[n(1)]
    rule: String,
    #[n(2)]
    message: String,
    #[n(3)]
    hint: Option<String>,
    #[n(4)]
    line: u32,
    #[n(5)]
    column: u32,
    #[n(6)]
    source: String,
    #[n(7)]
    fix: Option<String>,
    #[n(8)]
    length: Option<u32>,
    #[n(9)]
    was: Option<SeverityRow>,
    #[n(10)]
    accepted: Option<String>,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum SeverityRow {
    #[n(0)]
    Info,
    #[n(1)]
    Warning,
    #[n(2)]
    Error,
}

impl From<Severity> for SeverityRow {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

impl From<SeverityRow> for Severity {
    fn from(row: SeverityRow) -> Self {
        match row {
            SeverityRow::Info => Self::Info,
            SeverityRow::Warning => Self::Warning,
            SeverityRow::Error => Self::Error,
        }
    }
}

impl From<&Finding> for FindingRow {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.into(),
            rule: finding.rule.clone(),
            message: finding.message.clone(),
            hint: finding.hint.clone(),
            line: finding.line,
            column: finding.column,
            source: finding.source.clone(),
            fix: finding.fix.clone(),
            length: (finding.length != 0).then_some(finding.length),
            was: finding.was.map(SeverityRow::from),
            accepted: finding.accepted.clone(),
        }
    }
}

impl From<FindingRow> for Finding {
    fn from(row: FindingRow) -> Self {
        Self {
            severity: row.severity.into(),
            rule: row.rule,
            message: row.message,
            hint: row.hint,
            fix: row.fix,
            line: row.line,
            column: row.column,
            length: row.length.unwrap_or_default(),
            source: row.source,
            was: row.was.map(Severity::from),
            accepted: row.accepted,
        }
    }
}
