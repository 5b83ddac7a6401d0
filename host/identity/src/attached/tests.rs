//! Signatures with their content: good ones, and what becomes of them when bytes change.

use super::*;
use crate::testdata::{NOW_MS, bytes, certificate, cms};

fn fault(bytes: &[u8]) -> Option<Fault> {
    read(bytes).unwrap().signers[0].fault
}

/// Changes the last byte of the one place where `part` stands.
fn spoiled(file: &[u8], part: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = file.windows(part.len()).position(|window| window == part);
    file[at.unwrap() + part.len() - 1] ^= 1;
    file
}

/// Proves that a good signature names its signer, and that a change of content, of the signed digest
/// or of the signature is a fault of its own kind.
#[test]
fn faults_are_told_apart() {
    let good = cms("attached");
    let found = read(&good).unwrap();
    assert_eq!(found.signers.len(), 1);
    let signer = &found.signers[0];
    assert_eq!((signer.fault, signer.weaknesses.len()), (None, 0));
    assert_eq!(signer.certificate, Some(certificate("rsa")));
    assert_eq!(fault(&cms("ber-attached")), None);

    assert_eq!(
        fault(&spoiled(&good, &bytes("cms/body"))),
        Some(Fault::OtherContent)
    );
    let mut last = good.clone();
    *last.last_mut().unwrap() ^= 1;
    assert_eq!(fault(&last), Some(Fault::OtherKey));
    // The subject key identifier of another issuer leads to no certificate at all.
    assert!(read(&cms("rsa-sha256")).is_err(), "it has no content");
    assert!(read(&cms("certs-only")).is_err(), "it has no signer");
    assert!(read(b"0\x03\x02\x01\x01").is_err());
}

/// Proves that no bit of a signed file can change so that it still counts but as what it was.
#[test]
fn every_bit_matters_or_changes_nothing() {
    let good = cms("attached");
    let content = bytes("cms/body");
    for at in (0..good.len()).step_by(3) {
        let mut other = good.clone();
        other[at] ^= 1 << (at % 8);
        let Ok(found) = read(&other) else { continue };
        let is_good = found.signers.iter().all(|signer| signer.fault.is_none());
        let parts = Parts::parse(&other).unwrap();
        assert!(
            !is_good || parts.content.as_deref() == Some(&*content),
            "byte {at}"
        );
    }
}

/// Proves that a signer is trusted by its own certificate or by its issuer's, at any time.
#[test]
fn trusted_signers() {
    let signer = certificate("rsa");
    let by = |name: &str| Signers::new(vec![certificate(name)]).includes(&signer, &[], NOW_MS);
    assert!(by("rsa") && by("ca"));
    assert!(!by("p256") && !by("other") && !by("impostor"));
    assert!(!Signers::new(Vec::new()).includes(&signer, &[], NOW_MS));
    let below = certificate("below");
    let ca = Signers::new(vec![certificate("ca")]);
    assert!(!ca.includes(&below, &[], NOW_MS));
    assert!(ca.includes(&below, &[certificate("intermediate")], NOW_MS));
    assert!(
        ca.includes(&signer, &[], 0),
        "the signer's own validity is another question"
    );
}
