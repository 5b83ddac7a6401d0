//! `SignedData` (RFC 5652 section 5): one signer with signed attributes, and lists of certificates.
//!
//! Knows nothing of what the attributes mean. Invariant: what [`Verified`] holds was signed by the
//! certificate that the caller chose.

use aws_lc_rs::digest::{SHA256 as DIGEST, digest};

use super::PkiError;
use super::certificate::Certificate;
use super::der::{
    self, CONTEXT_0, Element, INTEGER, OCTET_STRING, Reader, SEQUENCE, SET, element, integer,
    sequence, sorted,
};
use super::key::PrivateKey;
use super::oid::{self, CONTENT_TYPE, DATA, MESSAGE_DIGEST, RSA, SHA256, SHA256_WITH_RSA};

const WHAT: &str = "the signed message";
/// `[1]`, constructed: the revocation lists, which nobody needs here.
const CONTEXT_1: u8 = 0xA1;

/// One attribute with one value.
pub(crate) struct Attribute {
    pub(crate) kind: &'static [u8],
    /// The value as DER.
    pub(crate) value: Vec<u8>,
}

/// Signs content, and carries it along unless it is detached.
pub(crate) fn sign(
    content: &[u8],
    is_detached: bool,
    attributes: Vec<Attribute>,
    signer: &Certificate,
    key: &PrivateKey,
) -> Result<Vec<u8>, PkiError> {
    let digest = digest(&DIGEST, content);
    let mut all = vec![
        Attribute {
            kind: CONTENT_TYPE,
            value: oid::object(DATA),
        },
        Attribute {
            kind: MESSAGE_DIGEST,
            value: element(OCTET_STRING, &[digest.as_ref()]),
        },
    ];
    all.extend(attributes);
    let attributes = sorted(all.iter().map(encode).collect());
    let signature = key.sign(&element(SET, &[&attributes]))?;
    let info = sequence(&[
        &integer(&[1]),
        &signer.name(),
        &oid::algorithm(SHA256),
        &element(CONTEXT_0, &[&attributes]),
        &oid::algorithm(RSA),
        &element(OCTET_STRING, &[&signature]),
    ]);
    let carried = (!is_detached).then(|| {
        let octets = element(OCTET_STRING, &[content]);
        element(CONTEXT_0, &[&octets])
    });
    let data = sequence(&[
        &integer(&[1]),
        &element(SET, &[&oid::algorithm(SHA256)]),
        &sequence(&[&oid::object(DATA), &carried.unwrap_or_default()]),
        &element(CONTEXT_0, &[&signer.der]),
        &element(SET, &[&info]),
    ]);
    Ok(sequence(&[
        &oid::object(oid::SIGNED_DATA),
        &element(CONTEXT_0, &[&data]),
    ]))
}

fn encode(attribute: &Attribute) -> Vec<u8> {
    let values = element(SET, &[&attribute.value]);
    sequence(&[&oid::object(attribute.kind), &values])
}

/// A message whose signature holds.
pub(crate) struct Verified<'a> {
    /// The content, where it was carried along.
    pub(crate) content: Option<&'a [u8]>,
    attributes: &'a [u8],
}

impl<'a> Verified<'a> {
    /// The value of a signed attribute, or nothing if it is not there exactly once.
    pub(crate) fn attribute(&self, kind: &[u8]) -> Option<Element<'a>> {
        attribute(self.attributes, kind).ok()?
    }
}

/// Reads a message and checks its one signer, who must be one of `signers`.
pub(crate) fn verify<'a>(
    message: &'a [u8],
    signers: &[Certificate],
) -> Result<Verified<'a>, PkiError> {
    let parts = Parts::read(message)?;
    let mut infos = parts.infos;
    let mut info = infos.take(SEQUENCE)?.inside(WHAT);
    infos.end()?;
    info.take(INTEGER)?;
    let mut name = info.take(SEQUENCE)?.inside(WHAT);
    let (issuer, serial) = (name.take(SEQUENCE)?.whole, name.take(INTEGER)?.content);
    let algorithm = info.take(SEQUENCE)?.inside(WHAT).object()?;
    if algorithm != SHA256 {
        return Err(PkiError::Unsupported {
            what: "the digest algorithm",
        });
    }
    let attributes = info.take(CONTEXT_0)?.content;
    let algorithm = info.take(SEQUENCE)?.inside(WHAT).object()?;
    if algorithm != RSA && algorithm != SHA256_WITH_RSA {
        return Err(PkiError::Unsupported {
            what: "the signature algorithm",
        });
    }
    let signature = info.take(OCTET_STRING)?.content;
    let signer = signers
        .iter()
        .find(|one| one.is_called(issuer, serial))
        .ok_or(PkiError::Unverified { what: "the signer" })?;
    signer.verify(&element(SET, &[attributes]), signature)?;
    let digest = digest(&DIGEST, parts.content.unwrap_or_default());
    let claimed = attribute(attributes, MESSAGE_DIGEST)?;
    if claimed.map(|claimed| claimed.content) != Some(digest.as_ref()) {
        return Err(PkiError::Unverified { what: "the digest" });
    }
    Ok(Verified {
        content: parts.content,
        attributes,
    })
}

/// The certificates of a message, signed by somebody or by nobody.
pub(crate) fn certificates(message: &[u8]) -> Result<Vec<Certificate>, PkiError> {
    let mut list = Parts::read(message)?.certificates;
    let mut certificates = Vec::new();
    while !list.is_at_end() {
        certificates.push(Certificate::read(list.take(SEQUENCE)?.whole)?);
    }
    Ok(certificates)
}

/// The content of a message that is of a given kind: `[0]` of its `ContentInfo`.
pub(crate) fn content_info<'a>(message: &'a [u8], kind: &[u8]) -> Result<Reader<'a>, PkiError> {
    let mut outer = der::only(message, SEQUENCE, WHAT)?.inside(WHAT);
    if outer.object()? != kind {
        return Err(outer.malformed());
    }
    let content = outer.take(CONTEXT_0)?;
    outer.end()?;
    Ok(der::only(content.content, SEQUENCE, WHAT)?.inside(WHAT))
}

struct Parts<'a> {
    content: Option<&'a [u8]>,
    certificates: Reader<'a>,
    infos: Reader<'a>,
}

impl<'a> Parts<'a> {
    fn read(message: &'a [u8]) -> Result<Self, PkiError> {
        let mut data = content_info(message, oid::SIGNED_DATA)?;
        data.take(INTEGER)?;
        data.take(SET)?;
        let mut encapsulated = data.take(SEQUENCE)?.inside(WHAT);
        encapsulated.object()?;
        let content = match encapsulated.take_if(CONTEXT_0)? {
            Some(carried) => Some(der::only(carried.content, OCTET_STRING, WHAT)?.content),
            None => None,
        };
        encapsulated.end()?;
        let certificates = data.take_if(CONTEXT_0)?.map(|list| list.content);
        data.take_if(CONTEXT_1)?;
        let infos = data.take(SET)?.inside(WHAT);
        data.end()?;
        Ok(Self {
            content,
            certificates: Reader::new(certificates.unwrap_or_default(), WHAT),
            infos,
        })
    }
}

fn attribute<'a>(attributes: &'a [u8], kind: &[u8]) -> Result<Option<Element<'a>>, PkiError> {
    let mut list = Reader::new(attributes, WHAT);
    let mut found = None;
    while !list.is_at_end() {
        let mut attribute = list.take(SEQUENCE)?.inside(WHAT);
        if attribute.object()? == kind {
            let mut values = attribute.take(SET)?.inside(WHAT);
            let value = values.any()?;
            values.end()?;
            if found.replace(value).is_some() {
                return Err(list.malformed());
            }
        }
    }
    Ok(found)
}
