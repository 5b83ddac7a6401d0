//! Documents about enrollment, push and who may speak. Invariant: see the parent module; no
//! document holds a key, a challenge or the token of a link that was made before.

use serde::{Deserialize, Serialize};

/// `POST /api/v1/enrollment/links`, and `POST /api/v1/enrollment/profile`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkWish {
    /// Only the device with this serial number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serial: Option<String>,
    /// Only the device with this UDID.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub udid: Option<String>,
    /// Seconds until it expires; a day if absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_in_s: Option<u64>,
}

/// A one-time enrollment link, without what opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentLink {
    /// Names it.
    pub id: String,
    /// The serial number that it is for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serial: Option<String>,
    /// The UDID that it is for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub udid: Option<String>,
    /// `open`, `used` or `expired`.
    pub state: String,
    /// When it was made.
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
    /// When it expires.
    pub expires_at: String,
    /// When a certificate was issued on it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub used_at: Option<String>,
}

/// A link that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEnrollmentLink {
    /// What the device opens. A secret, shown this once.
    pub url: String,
    /// The link.
    #[serde(flatten)]
    pub link: EnrollmentLink,
}

/// `GET /api/v1/enrollment/links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentLinks {
    /// The newest first.
    pub links: Vec<EnrollmentLink>,
}

/// A certificate that may speak for a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedIdentity {
    /// SHA-256 of the certificate, in hex.
    pub fingerprint: String,
    /// When it expires.
    pub expires_at: String,
    /// When its renewal begins; absent if this server does not renew it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub renewal_at: Option<String>,
}

/// A certificate that tried to speak for a host and may not, yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldIdentity {
    /// SHA-256 of the certificate, in hex.
    pub fingerprint: String,
    /// When it last tried.
    pub at: String,
    /// Why it may not.
    pub reason: String,
}

/// `POST /api/v1/hosts/{id}/accept`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// SHA-256 of the certificate that is meant, in hex, or at least the first 16 digits of it.
    pub fingerprint: String,
}

/// How many hosts have an identity that expires soon. A host is in each that applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiringIdentities {
    /// In less than 60 days.
    pub under_60_days: u64,
    /// In less than 30 days.
    pub under_30_days: u64,
    /// In less than 7 days.
    pub under_7_days: u64,
    /// Already. These hosts cannot speak any more until they enroll again; they are in none of
    /// the above.
    #[serde(default)]
    pub expired: u64,
}

/// `GET /api/v1/pushcert` and the answer to `PUT /api/v1/pushcert`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushCertificateDetail {
    /// Its topic.
    pub topic: String,
    /// When it expires.
    pub not_after: String,
    /// Whole days until then; negative once it expired.
    pub days_left: i64,
    /// When it was set.
    pub set_at: String,
}

/// How waking devices goes, in `GET /api/v1/status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushSummary {
    /// Channels that are to be pushed to.
    pub waiting: u64,
    /// What is wrong as a whole, if something is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alarm: Option<String>,
    /// What an administrator should know, such as a certificate that expires soon.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
}
