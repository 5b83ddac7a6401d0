//! A CA that somebody else has made, taken over with its keys.

use mooring_identity::{Authority, AuthorityError, AuthorityPem, LeafRequest, Secret, Trust};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer,
    KeyIdMethod, KeyPair, PKCS_RSA_SHA256,
};

use crate::client::public_key_info;
use crate::der::{certificate, sequence, value};
use crate::{NOW_MS, device_key};

const KEY_IDENTIFIER: [u8; 4] = [1, 2, 3, 4];

/// A CA with this name and a recipient that it has issued.
fn made(name: DistinguishedName) -> AuthorityPem {
    let [ca_key, recipient_key] =
        [(); 2].map(|()| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());
    let mut ca = CertificateParams::default();
    ca.distinguished_name = name;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_identifier_method = KeyIdMethod::PreSpecified(KEY_IDENTIFIER.to_vec());
    let ca_certificate = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::from_params(&ca, &ca_key);
    let recipient = CertificateParams::default()
        .signed_by(&recipient_key, &issuer)
        .unwrap();
    AuthorityPem {
        ca_certificate,
        ca_key: Secret::new(ca_key.serialize_pem()),
        recipient_certificate: recipient.pem(),
        recipient_key: Secret::new(recipient_key.serialize_pem()),
    }
}

/// What is issued names that CA byte for byte, by its name and by its key identifier, and is
/// trusted.
#[test]
fn its_name_is_repeated_exactly() {
    let mut name = DistinguishedName::new();
    name.push(
        DnType::CountryName,
        DnValue::PrintableString("DE".try_into().unwrap()),
    );
    name.push(
        DnType::OrganizationName,
        DnValue::PrintableString("Acme".try_into().unwrap()),
    );
    name.push(DnType::CommonName, "Acme Geräte");
    let authority = Authority::from_pem(&made(name)).expect("an authority");
    let leaf = LeafRequest {
        common_name: "device",
        days: 30,
    };
    let info = public_key_info(device_key());
    let leaf = authority.issue(&info, &leaf, NOW_MS).expect("a leaf");
    let fields = certificate(leaf.der());
    let ca = certificate(authority.ca_certificate().der());
    assert_eq!(fields.issuer.whole, ca.subject.whole);
    let identifier = sequence(&[&value(0x80, &KEY_IDENTIFIER)]);
    assert_eq!(
        fields.extension("2.5.29.35"),
        Some((false, &identifier[..]))
    );
    assert_eq!(leaf.subject(), "CN=device,O=Acme");
    let trust = Trust::new(vec![authority.ca_certificate().clone()]).unwrap();
    trust.verify(&leaf, &[], NOW_MS).expect("trusted");
    let renewed = authority.renew_recipient(NOW_MS).expect("a new recipient");
    Authority::from_pem(&renewed.to_pem()).expect("it can be stored");
}

/// A CA whose name cannot be repeated is refused when it is taken over, not when it issues.
#[test]
fn other_names_are_refused() {
    let mut name = DistinguishedName::new();
    name.push(
        DnType::CommonName,
        DnValue::BmpString("Acme".try_into().unwrap()),
    );
    let refused = Authority::from_pem(&made(name)).expect_err("refused");
    assert!(matches!(refused, AuthorityError::NotACa));
}

/// An authority can be shared between threads.
#[test]
fn it_can_be_shared() {
    const fn is_shared<T: Send + Sync>() {}
    const { is_shared::<Authority>() };
}
