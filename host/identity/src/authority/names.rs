//! Names in the certificates of our CA.
//!
//! It must not know keys or times. **Invariant.** The issuer's name in what is issued is the
//! subject of the CA's certificate, byte for byte: a name that cannot be repeated that way is
//! refused.

use std::net::IpAddr;

use der::asn1::{Ia5StringRef, PrintableStringRef, Utf8StringRef};
use rcgen::string::{Ia5String, PrintableString};
use rcgen::{DistinguishedName, DnType, DnValue, SanType};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

use super::AuthorityError;

/// Characters of a common name (X.520, `ub-common-name`).
pub(super) const COMMON_NAME_MAX: usize = 64;
/// Characters of an authority's name: the rest of its common names must fit behind it.
pub(super) const AUTHORITY_MAX: usize = 48;
/// The organization where a CA from elsewhere names none.
const ORGANIZATION: &str = "Mooring";

/// The name of the CA, and how those that it issues for are called.
#[derive(Debug, Clone)]
pub(super) struct Names {
    ca: DistinguishedName,
    organization: String,
}

impl Names {
    /// The names of a new authority.
    pub(super) fn of(name: &str) -> Result<Self, AuthorityError> {
        if !is_plain(name, AUTHORITY_MAX) {
            return Err(AuthorityError::Name);
        }
        let organization = name.to_owned();
        let ca = distinguished(&organization, &format!("{name} device CA"));
        Ok(Self { ca, organization })
    }

    /// The names of a CA whose certificate is there already. None if its name has more than one
    /// value of a kind, or values in an encoding that nobody uses any more.
    pub(super) fn read(subject: &Name) -> Option<Self> {
        let (mut ca, mut organization) = (DistinguishedName::new(), None);
        for relative in &subject.0 {
            let [attribute] = relative.0.as_slice() else {
                return None;
            };
            let kind: Vec<u64> = attribute.oid.arcs().map(u64::from).collect();
            let (kind, value) = (DnType::from_oid(&kind), value(attribute)?);
            if ca.get(&kind).is_some() {
                return None;
            }
            if let (DnType::OrganizationName, Some(text)) = (&kind, text(&value)) {
                organization = Some(text.to_owned());
            }
            ca.push(kind, value);
        }
        let organization = organization.unwrap_or_else(|| ORGANIZATION.to_owned());
        Some(Self { ca, organization })
    }

    /// The CA's own name.
    pub(super) fn ca(&self) -> &DistinguishedName {
        &self.ca
    }

    /// What the SCEP recipient is called. Devices do not look at it.
    pub(super) fn recipient_name(&self) -> String {
        let organization: String = self.organization.chars().take(AUTHORITY_MAX).collect();
        format!("{organization} SCEP")
    }

    /// The subject of something issued: our organization and a common name.
    pub(super) fn leaf(&self, common_name: &str) -> Result<DistinguishedName, AuthorityError> {
        if !is_plain(common_name, COMMON_NAME_MAX) {
            return Err(AuthorityError::CommonName);
        }
        Ok(distinguished(&self.organization, common_name))
    }
}

/// The names and addresses of a server.
pub(super) fn server(names: &[String]) -> Result<Vec<SanType>, AuthorityError> {
    let entry = |name: &String| {
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(SanType::IpAddress(address));
        }
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '*');
        let text = Ia5String::try_from(name.as_str()).ok();
        let text = text.filter(|text| !name.is_empty() && text.as_str().chars().all(is_host));
        text.map(SanType::DnsName)
            .ok_or_else(|| AuthorityError::ServerName { name: name.clone() })
    };
    names.iter().map(entry).collect()
}

fn distinguished(organization: &str, common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, organization);
    name.push(DnType::CommonName, common_name);
    name
}

fn is_plain(name: &str, characters_max: usize) -> bool {
    let count = name.chars().count();
    (1..=characters_max).contains(&count) && !name.chars().any(char::is_control)
}

/// The value of an attribute in an encoding that can be written again as it was.
fn value(attribute: &AttributeTypeAndValue) -> Option<DnValue> {
    let value = &attribute.value;
    if let Ok(text) = value.decode_as::<Utf8StringRef<'_>>() {
        return Some(DnValue::Utf8String(text.as_str().to_owned()));
    }
    if let Ok(text) = value.decode_as::<PrintableStringRef<'_>>() {
        let text = PrintableString::try_from(text.as_str()).ok()?;
        return Some(DnValue::PrintableString(text));
    }
    let text = value.decode_as::<Ia5StringRef<'_>>().ok()?;
    Some(DnValue::Ia5String(Ia5String::try_from(text.as_str()).ok()?))
}

fn text(value: &DnValue) -> Option<&str> {
    if let DnValue::Utf8String(text) = value {
        return Some(text);
    }
    let DnValue::PrintableString(text) = value else {
        return None;
    };
    Some(text.as_str())
}
