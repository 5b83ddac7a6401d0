//! The profile that enrolls a device: what its MDM and SCEP payloads say.
//!
//! Knows nothing of devices or of the network. Invariant: the challenge is shown nowhere and kept
//! in no file.
//! See <https://developer.apple.com/documentation/devicemanagement/mdm> and
//! <https://developer.apple.com/documentation/devicemanagement/scep>.

use std::fmt;

use plist::{Dictionary, Value};
use serde::{Deserialize, Serialize};

use crate::credential::Credential;
use crate::error_chain::ErrorChain;
use crate::message::Channel;
use crate::profile::{self, InstalledProfile};

/// Why a profile cannot enroll this device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrollmentProfileError {
    /// It is no profile that a Mac would install.
    #[error("this is no profile that can be installed")]
    NotAProfile(ErrorChain),
    /// It has no MDM payload.
    #[error("the profile has no com.apple.mdm payload")]
    NoMdm,
    /// A key of a payload is missing or of the wrong type.
    #[error("the {payload} payload has no usable {key}")]
    Missing {
        /// Which payload.
        payload: &'static str,
        /// Which key.
        key: &'static str,
    },
    /// The identity is not to be had by SCEP.
    #[error("the profile has no SCEP payload for its identity")]
    NoScep,
}

/// What a SCEP payload says. `Debug` leaves the challenge out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScepPayload {
    /// `URL`.
    pub url: String,
    /// `Name`, which the server is given with `GetCACert`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `Challenge`, a secret; gone once the profile is kept in a file.
    #[serde(skip)]
    pub challenge: Option<String>,
    /// `Keysize`, in bits.
    pub key_size: u32,
    /// `Subject`, flat: short name or dotted identifier, and value.
    pub subject: Vec<(String, String)>,
}

/// What an enrollment profile says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentProfile {
    /// The profile as the device's store keeps it.
    pub installed: InstalledProfile,
    /// `ServerURL`: where reports go.
    pub server_url: String,
    /// `CheckInURL`: where check-ins go, if not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_in_url: Option<String>,
    /// `Topic` of the push certificate.
    pub topic: String,
    /// `AccessRights`, a set of bits.
    pub access_rights: i64,
    /// `SignMessage`: whether messages carry `Mdm-Signature`.
    pub sign_message: bool,
    /// `CheckOutWhenRemoved`.
    pub check_out_when_removed: bool,
    /// `ServerCapabilities`.
    pub capabilities: Vec<String>,
    /// `IdentityCertificateUUID`: the `PayloadUUID` of the payload the identity comes from.
    pub identity_uuid: String,
    /// How to get the identity.
    pub scep: ScepPayload,
    /// Certificates (DER) that the profile makes the device trust.
    #[serde(skip)]
    pub anchors: Vec<Vec<u8>>,
}

impl EnrollmentProfile {
    /// Reads a profile, signed or not.
    ///
    /// # Errors
    /// [`EnrollmentProfileError`] if it is no profile or not one that enrolls by SCEP.
    pub fn read(bytes: &[u8]) -> Result<Self, EnrollmentProfileError> {
        Self::read_for(bytes, None)
    }

    /// Reads a profile whose payloads may be sealed for an identity.
    ///
    /// # Errors
    /// As [`EnrollmentProfile::read`].
    pub fn read_for(
        bytes: &[u8],
        credential: Option<&Credential>,
    ) -> Result<Self, EnrollmentProfileError> {
        let opened = profile::open(bytes, Channel::Device, credential)
            .map_err(EnrollmentProfileError::NotAProfile)?;
        let of_type = |wanted: &str| {
            let is_wanted = move |one: &&Dictionary| text(one, "PayloadType") == Some(wanted);
            let payloads = opened.payloads.iter().filter_map(Value::as_dictionary);
            payloads.filter(is_wanted).collect::<Vec<_>>()
        };
        let mdm = of_type("com.apple.mdm");
        let mdm = mdm.first().ok_or(EnrollmentProfileError::NoMdm)?;
        let identity_uuid = required(mdm, "com.apple.mdm", "IdentityCertificateUUID")?;
        let scep = of_type("com.apple.security.scep");
        let scep = scep
            .iter()
            .find(|one| text(one, "PayloadUUID") == Some(identity_uuid.as_str()))
            .ok_or(EnrollmentProfileError::NoScep)?;
        let mut anchors = Vec::new();
        for kind in ["com.apple.security.root", "com.apple.security.pkcs1"] {
            let found = of_type(kind);
            let content = found.iter().filter_map(|one| one.get("PayloadContent"));
            anchors.extend(content.filter_map(Value::as_data).map(<[u8]>::to_vec));
        }
        Ok(Self {
            server_url: required(mdm, "com.apple.mdm", "ServerURL")?,
            check_in_url: text(mdm, "CheckInURL").map(str::to_owned),
            topic: required(mdm, "com.apple.mdm", "Topic")?,
            access_rights: mdm
                .get("AccessRights")
                .and_then(Value::as_signed_integer)
                .ok_or(EnrollmentProfileError::Missing {
                    payload: "com.apple.mdm",
                    key: "AccessRights",
                })?,
            sign_message: flag(mdm, "SignMessage"),
            check_out_when_removed: flag(mdm, "CheckOutWhenRemoved"),
            capabilities: capabilities(mdm),
            identity_uuid,
            scep: read_scep(scep)?,
            anchors,
            installed: opened.installed,
        })
    }

    /// Top-level `PayloadIdentifier`.
    pub fn identifier(&self) -> &str {
        &self.installed.identifier
    }

    /// Whether the server wants a bootstrap token.
    pub fn wants_bootstrap_token(&self) -> bool {
        let name = "com.apple.mdm.bootstraptoken";
        self.capabilities.iter().any(|one| one == name)
    }

    /// Why this cannot take the place of the present profile; nothing if it can. Apple's rule: an
    /// update adds no access right and leaves server, topic and capabilities as they are.
    pub(crate) fn conflict_with(&self, present: &Self) -> Option<ErrorChain> {
        let is_same = self.identifier() == present.identifier()
            && self.server_url == present.server_url
            && self.check_in_url == present.check_in_url
            && self.topic == present.topic
            && self.capabilities == present.capabilities
            && self.access_rights & !present.access_rights == 0;
        let text = "The new MDM payload does not match the old payload.";
        let name = self.installed.display_name.as_deref();
        let name = name.unwrap_or(self.identifier());
        (!is_same).then(|| ErrorChain::installation(name, "MCMDMErrorDomain", 12_026, text))
    }
}

fn read_scep(payload: &Dictionary) -> Result<ScepPayload, EnrollmentProfileError> {
    let missing = |key| EnrollmentProfileError::Missing {
        payload: "com.apple.security.scep",
        key,
    };
    let content = payload
        .get("PayloadContent")
        .and_then(Value::as_dictionary)
        .ok_or_else(|| missing("PayloadContent"))?;
    let key_size = match content.get("Keysize") {
        None => 1024,
        Some(value) => value
            .as_signed_integer()
            .and_then(|bits| u32::try_from(bits).ok())
            .ok_or_else(|| missing("Keysize"))?,
    };
    Ok(ScepPayload {
        url: required(content, "com.apple.security.scep", "URL")?,
        name: text(content, "Name").map(str::to_owned),
        challenge: text(content, "Challenge").map(str::to_owned),
        key_size,
        subject: content
            .get("Subject")
            .map_or(Some(Vec::new()), subject)
            .ok_or_else(|| missing("Subject"))?,
    })
}

/// An array of levels, each an array of pairs.
fn subject(value: &Value) -> Option<Vec<(String, String)>> {
    let mut attributes = Vec::new();
    for level in value.as_array()? {
        for pair in level.as_array()? {
            let [kind, text] = pair.as_array()?.as_slice() else {
                return None;
            };
            attributes.push((kind.as_string()?.to_owned(), text.as_string()?.to_owned()));
        }
    }
    Some(attributes)
}

fn capabilities(mdm: &Dictionary) -> Vec<String> {
    let list = mdm.get("ServerCapabilities").and_then(Value::as_array);
    let names = list.into_iter().flatten().filter_map(Value::as_string);
    names.map(str::to_owned).collect()
}

fn text<'a>(of: &'a Dictionary, key: &str) -> Option<&'a str> {
    of.get(key).and_then(Value::as_string)
}

fn flag(of: &Dictionary, key: &str) -> bool {
    of.get(key).and_then(Value::as_boolean).unwrap_or(false)
}

fn required(
    of: &Dictionary,
    payload: &'static str,
    key: &'static str,
) -> Result<String, EnrollmentProfileError> {
    let found = text(of, key).filter(|text| !text.is_empty());
    let missing = || EnrollmentProfileError::Missing { payload, key };
    found.map(str::to_owned).ok_or_else(missing)
}

impl fmt::Debug for ScepPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            url,
            name,
            challenge,
            key_size,
            subject,
        } = self;
        f.debug_struct("ScepPayload")
            .field("url", url)
            .field("name", name)
            .field("has_challenge", &challenge.is_some())
            .field("key_size", key_size)
            .field("subject", subject)
            .finish()
    }
}
