//! What a validator asks of a certificate: whose it is, until when it holds, how strong it is.
//!
//! Reads RFC 5280, section 4.1; verifies no signature and builds no path. Knows nothing of
//! profiles. Invariant: a certificate that is read has every part that RFC 5280 demands, and no
//! byte behind it.

use super::der::{self, BIT_STRING, CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};

/// The context's tag of the extensions.
const EXTENSIONS: u8 = 0xa3;
const BOOLEAN: u8 = 0x01;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
const UNIT: &[u8] = &[0x55, 4, 11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];

const RSA_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const DSA_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
/// Signatures over SHA-1: with RSA (two identifiers), with ECDSA, with DSA.
const SHA1_SIGNATURES: [&[u8]; 4] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
    &[0x2b, 0x0e, 3, 2, 29],
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
    &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3],
];
/// Signatures over MD2, MD4 and MD5, all with RSA.
const MD_SIGNATURES: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 3],
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4],
];

/// What sort of key a certificate certifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA with a modulus of so many bits.
    Rsa(usize),
    /// DSA of any size.
    Dsa,
    /// Anything else, the elliptic curves among them.
    Other,
}

/// The digest under a certificate's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// MD2, MD4 or MD5.
    Md,
    /// Anything else, SHA-2 among them.
    Other,
}

/// One certificate, as far as a validator asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate<'a> {
    subject: &'a [u8],
    issuer: &'a [u8],
    not_before: (u8, &'a [u8]),
    not_after: (u8, &'a [u8]),
    /// The certified key.
    pub key: PublicKey,
    /// The digest of its signature.
    pub digest: Digest,
    /// What its basic constraints say of being an authority; `None` if it has none, as old roots.
    pub is_authority: Option<bool>,
}

impl<'a> Certificate<'a> {
    /// Reads one certificate in DER; `None` if the bytes are anything else.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let certificate = der::whole(bytes, SEQUENCE)?;
        let (body, rest) = der::element(certificate, SEQUENCE)?;
        let (algorithm, rest) = der::element(rest, SEQUENCE)?;
        der::whole(rest, BIT_STRING)?;
        let rest = der::element(body, CONTEXT_0).map_or(body, |(_, rest)| rest);
        let (_serial, rest) = der::element(rest, INTEGER)?;
        let (_algorithm, rest) = der::element(rest, SEQUENCE)?;
        let (issuer, rest) = der::element(rest, SEQUENCE)?;
        let (validity, rest) = der::element(rest, SEQUENCE)?;
        let (subject, rest) = der::element(rest, SEQUENCE)?;
        let (key, rest) = der::element(rest, SEQUENCE)?;
        let not_before = der::next(validity)?;
        let not_after = der::next(not_before.rest)?;
        Some(Self {
            subject,
            issuer,
            not_before: (not_before.tag, not_before.content),
            not_after: (not_after.tag, not_after.content),
            key: public_key(key)?,
            digest: digest(algorithm)?,
            is_authority: is_authority(rest),
        })
    }

    /// The subject's common name, else its unit or organization, cut to 64 characters.
    pub fn name(&self) -> Option<String> {
        let wanted = [COMMON_NAME, UNIT, ORGANIZATION];
        let text = wanted.iter().find_map(|kind| part(self.subject, kind))?;
        Some(text.chars().filter(|c| !c.is_control()).take(64).collect())
    }

    /// Whether subject and issuer are the same, as of a root.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The first day on which it holds, `YYYY-MM-DD`.
    pub fn first_day(&self) -> Option<String> {
        day(self.not_before)
    }

    /// The last day on which it holds, `YYYY-MM-DD`.
    pub fn last_day(&self) -> Option<String> {
        day(self.not_after)
    }
}

fn public_key(key: &[u8]) -> Option<PublicKey> {
    let (algorithm, rest) = der::element(key, SEQUENCE)?;
    let (oid, _) = der::element(algorithm, OID)?;
    let (bits, _) = der::element(rest, BIT_STRING)?;
    Some(match oid {
        RSA_KEY => {
            let (key, _) = der::element(bits.get(1..)?, SEQUENCE)?;
            let (modulus, _) = der::element(key, INTEGER)?;
            let digits = modulus.iter().skip_while(|byte| **byte == 0);
            let bytes = digits.clone().count();
            let zeros = digits.clone().next()?.leading_zeros();
            PublicKey::Rsa(bytes * 8 - zeros as usize)
        }
        DSA_KEY => PublicKey::Dsa,
        _ => PublicKey::Other,
    })
}

fn digest(algorithm: &[u8]) -> Option<Digest> {
    let (oid, _) = der::element(algorithm, OID)?;
    Some(if SHA1_SIGNATURES.contains(&oid) {
        Digest::Sha1
    } else if MD_SIGNATURES.contains(&oid) {
        Digest::Md
    } else {
        Digest::Other
    })
}

/// Looks through what follows the public key.
fn is_authority(rest: &[u8]) -> Option<bool> {
    let extensions = der::elements(rest).find(|element| element.tag == EXTENSIONS)?;
    let list = der::whole(extensions.content, SEQUENCE)?;
    let constraints = der::elements(list).find_map(|extension| {
        let (oid, rest) = der::element(extension.content, OID)?;
        let rest = der::element(rest, BOOLEAN).map_or(rest, |(_critical, rest)| rest);
        let value = der::whole(rest, OCTET_STRING)?;
        (oid == BASIC_CONSTRAINTS).then_some(value)
    })?;
    let content = der::whole(constraints, SEQUENCE)?;
    let flag = der::element(content, BOOLEAN).map(|(value, _)| value);
    Some(flag.is_some_and(|value| value != [0]))
}

/// The first part of a name that has this kind.
fn part(name: &[u8], wanted: &[u8]) -> Option<String> {
    der::elements(name)
        .filter(|set| set.tag == SET)
        .flat_map(|set| der::elements(set.content))
        .find_map(|pair| {
            let (oid, rest) = der::element(pair.content, OID)?;
            let value = der::next(rest)?;
            let is_text = matches!(
                value.tag,
                UTF8_STRING | PRINTABLE_STRING | TELETEX_STRING | IA5_STRING
            );
            let text = std::str::from_utf8(value.content).ok()?;
            (oid == wanted && is_text).then(|| text.to_owned())
        })
}

/// The day of a time: two digits of the year before 50 are of this century (RFC 5280, 4.1.2.5.1).
fn day((tag, content): (u8, &[u8])) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    let (century, digits) = match tag {
        UTC_TIME if text.get(..2)? < "50" => ("20", text.get(..6)?),
        UTC_TIME => ("19", text.get(..6)?),
        GENERALIZED_TIME => ("", text.get(..8)?),
        _ => return None,
    };
    let all = format!("{century}{digits}");
    let is_date = all.bytes().all(|byte| byte.is_ascii_digit());
    is_date.then(|| format!("{}-{}-{}", &all[..4], &all[4..6], &all[6..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DER: &[u8] = include_bytes!("../../tests/data/ca.der");

    /// A root says who it is, until when it holds and how strong it is.
    #[test]
    fn read() {
        let root = Certificate::read(DER).unwrap();
        assert!(root.is_self_issued() && root.name().is_some());
        assert!(root.first_day().unwrap() < root.last_day().unwrap());
        assert_eq!(root.is_authority, Some(true));
        assert_eq!(root.digest, Digest::Other);
    }

    /// No cut of a certificate is one, and none panics.
    #[test]
    fn cuts() {
        assert!((0..DER.len()).all(|length| Certificate::read(&DER[..length]).is_none()));
        for index in 0..DER.len() {
            let mut changed = DER.to_vec();
            changed[index] ^= 0xff;
            let _ = Certificate::read(&changed).map(|read| (read.name(), read.last_day()));
        }
    }

    /// Both forms of time give the same day.
    #[test]
    fn times() {
        assert_eq!(day((UTC_TIME, b"491231235959Z")).unwrap(), "2049-12-31");
        assert_eq!(day((UTC_TIME, b"500101000000Z")).unwrap(), "1950-01-01");
        assert_eq!(
            day((GENERALIZED_TIME, b"20500101000000Z")).unwrap(),
            "2050-01-01"
        );
        assert_eq!(day((GENERALIZED_TIME, b"2050x101000000Z")), None);
    }
}
