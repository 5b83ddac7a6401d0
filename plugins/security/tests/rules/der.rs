//! Certificates and PKCS#12 files of any make, for the cases.
//!
//! They have every part and no valid signature: no rule verifies one.

/// What a certificate of the cases is made of.
#[derive(Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) subject: &'static str,
    pub(crate) issuer: &'static str,
    /// `YYMMDD`.
    pub(crate) not_before: &'static str,
    /// `YYMMDD`.
    pub(crate) not_after: &'static str,
    pub(crate) rsa_bytes: usize,
    pub(crate) signature: &'static [u8],
    pub(crate) authority: Option<bool>,
}

pub(crate) const SHA256_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
pub(crate) const SHA1_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
pub(crate) const MD5_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 1];
const SHROUDED_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2];

/// A root of 2048 bits that holds from 2020 to 2040.
pub(crate) const ROOT: Recipe = Recipe {
    subject: "Test Root",
    issuer: "Test Root",
    not_before: "200101",
    not_after: "400101",
    rsa_bytes: 256,
    signature: SHA256_RSA,
    authority: Some(true),
};

/// A server's certificate that the root issued.
pub(crate) const LEAF: Recipe = Recipe {
    subject: "server",
    authority: Some(false),
    ..ROOT
};

/// The certificate of a recipe; `rsa_bytes` of 0 stands for a DSA key.
pub(crate) fn certificate(recipe: &Recipe) -> Vec<u8> {
    let time = |day: &str| tlv(0x17, format!("{day}000000Z").as_bytes());
    let algorithm = seq(&[&tlv(6, recipe.signature), &tlv(5, &[])]);
    let key = if recipe.rsa_bytes == 0 {
        let algorithm = seq(&[&tlv(6, DSA)]);
        seq(&[&algorithm, &tlv(3, &[0, 1])])
    } else {
        let modulus = [&[0][..], &vec![0xc3; recipe.rsa_bytes]].concat();
        let key = seq(&[&tlv(2, &modulus), &tlv(2, &[1, 0, 1])]);
        let algorithm = seq(&[&tlv(6, RSA), &tlv(5, &[])]);
        seq(&[&algorithm, &tlv(3, &[&[0], &key[..]].concat())])
    };
    let extensions = recipe.authority.map_or(Vec::new(), |is_authority| {
        let flag = if is_authority {
            tlv(1, &[0xff])
        } else {
            Vec::new()
        };
        let value = tlv(4, &seq(&[&flag]));
        let extension = seq(&[&tlv(6, BASIC_CONSTRAINTS), &tlv(1, &[0xff]), &value]);
        tlv(0xa3, &seq(&[&extension]))
    });
    let body = seq(&[
        &tlv(0xa0, &tlv(2, &[2])),
        &tlv(2, &[1]),
        &algorithm,
        &name(recipe.issuer),
        &seq(&[&time(recipe.not_before), &time(recipe.not_after)]),
        &name(recipe.subject),
        &key,
        &extensions,
    ]);
    seq(&[&body, &algorithm, &tlv(3, &[0, 1, 2, 3])])
}

/// A PKCS#12 file with one key, encrypted or not.
pub(crate) fn pkcs12(is_encrypted: bool) -> Vec<u8> {
    let kind = if is_encrypted { SHROUDED_BAG } else { KEY_BAG };
    let bag = seq(&[&tlv(6, kind), &tlv(0xa0, &seq(&[&tlv(2, &[0])]))]);
    let info = |content: &[u8]| seq(&[&tlv(6, DATA), &tlv(0xa0, &tlv(4, content))]);
    let safes = seq(&[&info(&seq(&[&bag]))]);
    seq(&[&tlv(2, &[3]), &info(&safes)])
}

/// The value that the JSON of the cases has for bytes.
pub(crate) fn data(bytes: &[u8]) -> serde_json::Value {
    use std::fmt::Write;
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}").unwrap();
    }
    serde_json::json!({ "$data": hex })
}

fn name(common_name: &str) -> Vec<u8> {
    let pair = seq(&[&tlv(6, COMMON_NAME), &tlv(0x0c, common_name.as_bytes())]);
    seq(&[&tlv(0x31, &pair)])
}

fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
    let head = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content.to_vec()].concat()
}
