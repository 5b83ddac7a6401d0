//! Reads a profile the way a Mac's installer does, and keeps what a `ProfileList` shows of it.
//!
//! Knows nothing of commands or channels' contents. Invariant: what [`open`] returns can be
//! installed; every refusal carries the code that a Mac gives.
//! See <https://developer.apple.com/documentation/devicemanagement/toplevel>.

use std::collections::BTreeSet;
use std::io::Cursor;

use plist::{Dictionary, Value};
use serde::{Deserialize, Serialize};

use crate::cms;
use crate::credential::Credential;
use crate::error_chain::ErrorChain;
use crate::message::Channel;

const PROFILE_ERRORS: &str = "MCProfileErrorDomain";
const PAYLOAD_ERRORS: &str = "MCPayloadErrorDomain";
/// The name in an error about a profile that gives none.
const NAMELESS: &str = "Unknown profile";

/// A profile as the device remembers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InstalledProfile {
    /// Top-level `PayloadIdentifier`.
    pub identifier: String,
    /// Top-level `PayloadUUID`, as written in the profile.
    pub uuid: String,
    /// Top-level `PayloadDisplayName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Top-level `PayloadOrganization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Top-level `PayloadDescription`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether its content came encrypted; `payloads` is empty if the device could not open it.
    #[serde(default)]
    pub is_encrypted: bool,
    /// Top-level `PayloadRemovalDisallowed`.
    #[serde(default)]
    pub is_removal_disallowed: bool,
    /// Whether the server installed it, or installed over it.
    #[serde(default)]
    pub is_managed: bool,
    /// The payloads in the profile's order.
    #[serde(default)]
    pub payloads: Vec<PayloadTuple>,
}

/// What a list shows of one payload; values are never shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PayloadTuple {
    /// `PayloadType`.
    pub payload_type: String,
    /// `PayloadVersion`.
    pub version: i64,
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID`.
    pub uuid: String,
    /// `PayloadDisplayName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// A profile with the payloads as the author wrote them.
pub(crate) struct Opened {
    pub(crate) installed: InstalledProfile,
    /// Decrypted, if they were sealed and there was a key.
    pub(crate) payloads: Vec<Value>,
}

/// Reads profile bytes (XML or binary plist, or either inside CMS) that came by `channel`. Sealed
/// payloads are opened with the device's identity; without one they stay closed.
///
/// # Errors
/// The chain that a Mac reports when it refuses to install these bytes there.
pub(crate) fn open(
    bytes: &[u8],
    channel: Channel,
    credential: Option<&Credential>,
) -> Result<Opened, ErrorChain> {
    let malformed = || refusal(NAMELESS, PROFILE_ERRORS, 1000, "The profile is malformed.");
    let signed = cms::signed_content(bytes);
    let value = read_plist(signed.as_deref().unwrap_or(bytes)).ok_or_else(malformed)?;
    let root = value.as_dictionary().ok_or_else(malformed)?;
    let name = optional_text(root, "PayloadDisplayName")
        .or_else(|| optional_text(root, "PayloadIdentifier"))
        .unwrap_or_else(|| NAMELESS.to_owned());
    let fields = Fields {
        name: &name,
        domain: PROFILE_ERRORS,
        base: 1000,
        of: root,
    };
    if fields.text("PayloadType")? != "Configuration" {
        return Err(fields.refuse(0, "The profile is not a configuration profile."));
    }
    let version = fields.version()?;
    if version != 1 {
        return Err(fields.refuse(1, &format!("Profile version {version} is not supported.")));
    }
    let is_encrypted = fields.flag("IsEncrypted")?;
    let mut installed = InstalledProfile {
        identifier: fields.text("PayloadIdentifier")?,
        uuid: fields.text("PayloadUUID")?,
        display_name: optional_text(root, "PayloadDisplayName"),
        organization: optional_text(root, "PayloadOrganization"),
        description: optional_text(root, "PayloadDescription"),
        is_encrypted,
        is_removal_disallowed: fields.flag("PayloadRemovalDisallowed")?,
        is_managed: false,
        payloads: Vec::new(),
    };
    let payloads = if is_encrypted {
        fields.sealed_payloads(credential)?
    } else {
        Some(fields.plain_payloads()?)
    };
    if let Some(payloads) = &payloads {
        installed.payloads = fields.tuples(payloads)?;
    }
    check_scope(root, channel)?;
    Ok(Opened {
        installed,
        payloads: payloads.unwrap_or_default(),
    })
}

/// XML or binary; not the old text form, which profiles never had.
pub(crate) fn read_plist(bytes: &[u8]) -> Option<Value> {
    let cursor = Cursor::new(bytes);
    if bytes.starts_with(b"bplist00") {
        Value::from_reader(cursor).ok()
    } else {
        Value::from_reader_xml(cursor).ok()
    }
}

fn check_scope(root: &Dictionary, channel: Channel) -> Result<(), ErrorChain> {
    match (root.get("PayloadScope").and_then(Value::as_string), channel) {
        (Some("User"), Channel::Device) => Err(ErrorChain::wrong_channel("user")),
        (Some("System"), Channel::User) => Err(ErrorChain::wrong_channel("system")),
        (Some(_) | None, Channel::Device | Channel::User) => Ok(()),
    }
}

fn refusal(name: &str, domain: &str, code: i64, text: &str) -> ErrorChain {
    ErrorChain::installation(name, domain, code, text)
}

fn optional_text(of: &Dictionary, key: &str) -> Option<String> {
    of.get(key).and_then(Value::as_string).map(str::to_owned)
}

/// Reads the keys of a profile or of one payload, refusing in the right error domain. Both domains
/// number their errors alike: base + 1 version, + 2 missing, + 3 type, and so on.
struct Fields<'a> {
    name: &'a str,
    domain: &'static str,
    base: i64,
    of: &'a Dictionary,
}

impl Fields<'_> {
    fn refuse(&self, offset: i64, text: &str) -> ErrorChain {
        refusal(self.name, self.domain, self.base + offset, text)
    }

    fn required(&self, key: &str) -> Result<&Value, ErrorChain> {
        let absent = || self.refuse(2, &format!("The field \u{201c}{key}\u{201d} is missing."));
        self.of.get(key).ok_or_else(absent)
    }

    fn wrong_type(&self, key: &str) -> ErrorChain {
        self.refuse(
            3,
            &format!("The field \u{201c}{key}\u{201d} has the wrong type."),
        )
    }

    fn text(&self, key: &str) -> Result<String, ErrorChain> {
        let text = self
            .required(key)?
            .as_string()
            .ok_or_else(|| self.wrong_type(key))?;
        if text.is_empty() {
            return Err(self.refuse(2, &format!("The field \u{201c}{key}\u{201d} is empty.")));
        }
        Ok(text.to_owned())
    }

    fn version(&self) -> Result<i64, ErrorChain> {
        let key = "PayloadVersion";
        self.required(key)?
            .as_signed_integer()
            .ok_or_else(|| self.wrong_type(key))
    }

    fn flag(&self, key: &str) -> Result<bool, ErrorChain> {
        let Some(value) = self.of.get(key) else {
            return Ok(false);
        };
        // A Mac takes 0 and 1 for a boolean, and many old profiles are written so.
        let number = value.as_signed_integer().map(|number| number != 0);
        value
            .as_boolean()
            .or(number)
            .ok_or_else(|| self.wrong_type(key))
    }

    /// What is sealed, or nothing if there is no key to open it with.
    fn sealed_payloads(
        &self,
        credential: Option<&Credential>,
    ) -> Result<Option<Vec<Value>>, ErrorChain> {
        let key = "EncryptedPayloadContent";
        let sealed = self
            .required(key)?
            .as_data()
            .ok_or_else(|| self.wrong_type(key))?;
        let closed = || self.refuse(6, "The profile could not be decrypted.");
        if sealed.is_empty() {
            return Err(closed());
        }
        let Some(credential) = credential else {
            return Ok(None);
        };
        let opened = credential.decrypt(sealed).map_err(|_| closed())?;
        let payloads = read_plist(&opened).and_then(Value::into_array);
        payloads.map(Some).ok_or_else(closed)
    }

    fn plain_payloads(&self) -> Result<Vec<Value>, ErrorChain> {
        let key = "PayloadContent";
        let content = self
            .required(key)?
            .as_array()
            .ok_or_else(|| self.wrong_type(key))?;
        Ok(content.clone())
    }

    fn tuples(&self, content: &[Value]) -> Result<Vec<PayloadTuple>, ErrorChain> {
        if content.is_empty() {
            return Err(self.refuse(5, "The profile is empty."));
        }
        let payloads: Vec<PayloadTuple> = content
            .iter()
            .map(|entry| self.payload(entry))
            .collect::<Result<_, _>>()?;
        let mut uuids = BTreeSet::new();
        let mut identifiers = BTreeSet::new();
        for payload in &payloads {
            if !uuids.insert(&payload.uuid) {
                return Err(self.refuse(7, "The profile has payloads with the same UUID."));
            }
            if !identifiers.insert(&payload.identifier) {
                return Err(self.refuse(8, "The profile has payloads with the same identifier."));
            }
        }
        Ok(payloads)
    }

    fn payload(&self, entry: &Value) -> Result<PayloadTuple, ErrorChain> {
        let of = entry
            .as_dictionary()
            .ok_or_else(|| self.wrong_type("PayloadContent"))?;
        let fields = Fields {
            name: self.name,
            domain: PAYLOAD_ERRORS,
            base: 2000,
            of,
        };
        let payload_type = fields.text("PayloadType")?;
        let version = fields.version()?;
        if version != 1 {
            let text = format!("Version {version} of \u{201c}{payload_type}\u{201d} is unknown.");
            return Err(fields.refuse(1, &text));
        }
        Ok(PayloadTuple {
            payload_type,
            version,
            identifier: fields.text("PayloadIdentifier")?,
            uuid: fields.text("PayloadUUID")?,
            display_name: optional_text(of, "PayloadDisplayName"),
        })
    }
}
