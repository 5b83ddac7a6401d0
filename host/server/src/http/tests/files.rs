//! A listener's certificate and key: the forms they come in, and what happens when they change.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{PKCS_RSA_SHA256, RsaKeySize};

use super::client::{VERSIONS, ask, config, secure};
use super::*;
use crate::device::chain;
use crate::http::tls::TlsError;

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// The value of the first element of `der`, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, at) = match usize::from(der[1]) {
        short @ 0..=127 => (short, 2),
        129 => (usize::from(der[2]), 3),
        _ => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
    };
    der[at..].split_at(length)
}

/// The key inside PKCS#8, in the older form of its kind.
fn older_form(pkcs8: &[u8]) -> &[u8] {
    let (fields, _) = element(pkcs8);
    let (_, fields) = element(fields);
    let (_, fields) = element(fields);
    element(fields).0
}

async fn is_served(folder: &Folder, pair: &Pair) -> bool {
    let running = start(ListenerOptions {
        tls: Some(folder.tls()),
        ..options(patient())
    })
    .await;
    let mut is_served = true;
    for version in VERSIONS {
        let config = config(pair.der(), version, None);
        let mut client = secure(running.address, &config).await.unwrap();
        is_served &= ask(&mut client, "/").await.unwrap().0 == 200;
    }
    is_served
}

/// RSA and P-256 keys are read as PKCS#8, PKCS#1 and SEC 1, also behind other PEM sections.
#[tokio::test]
async fn forms_of_keys() {
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let pairs = [
        (Pair::of("rsa", rsa), "RSA PRIVATE KEY"),
        (Pair::new("p256"), "EC PRIVATE KEY"),
    ];
    for (pair, older) in pairs {
        let folder = Folder::new(&pair);
        assert!(is_served(&folder, &pair).await);
        let key = pem(older, older_form(&pair.key.serialize_der()));
        let parameters = pem("EC PARAMETERS", &[6, 8, 42, 134, 72, 206, 61, 3, 1, 7]);
        folder.write(&pair.certificate.pem(), &format!("{parameters}{key}"));
        assert!(is_served(&folder, &pair).await);
    }
}

/// What is wrong with a pair of files is told by its kind, and the file is named.
#[test]
fn unusable_files() {
    let (pair, other) = (Pair::new("server"), Pair::new("other"));
    let (certificate, key) = (pair.certificate.pem(), pair.key.serialize_pem());
    let folder = Folder::new(&pair);
    let load = |certificate: &str, key: &str| {
        folder.write(certificate, key);
        let clients = ClientCertificates::Ignored;
        let error = Tls::load(folder.files(), &clients, Duration::ZERO).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(".pem"), "{text}");
        assert!(!text.contains(key) || key.is_empty(), "{text}");
        error
    };
    let error = load("", &key);
    assert!(matches!(error, TlsError::NoCertificate { .. }), "{error:?}");
    let error = load(&key, &key);
    assert!(matches!(error, TlsError::NoCertificate { .. }), "{error:?}");
    let error = load(&pem("CERTIFICATE", b"no certificate"), &key);
    assert!(matches!(error, TlsError::Certificate { .. }), "{error:?}");
    let error = load(&certificate[..certificate.len() / 2], &key);
    assert!(matches!(error, TlsError::Pem { .. }), "{error:?}");
    let error = load(&certificate, "");
    assert!(matches!(error, TlsError::NoKey { .. }), "{error:?}");
    let error = load(&certificate, &certificate);
    assert!(matches!(error, TlsError::NoKey { .. }), "{error:?}");
    let error = load(&certificate, &pem("PRIVATE KEY", b"no key"));
    assert!(matches!(error, TlsError::Key { .. }), "{error:?}");
    let error = load(&certificate, &other.key.serialize_pem());
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error:?}");
    let error = load(&certificate, &pem("ENCRYPTED PRIVATE KEY", b"sealed"));
    assert!(matches!(error, TlsError::EncryptedKey { .. }), "{error:?}");
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                 DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let error = load(&certificate, older);
    assert!(matches!(error, TlsError::EncryptedKey { .. }), "{error:?}");
    std::fs::remove_file(folder.files().key).unwrap();
    let clients = ClientCertificates::Ignored;
    let error = Tls::load(folder.files(), &clients, Duration::ZERO).unwrap_err();
    assert!(matches!(error, TlsError::Read { .. }), "{error:?}");
}

/// A key in a file that lost its line breaks, or some of its characters, is in no error.
#[test]
fn keys_stay_out_of_errors() {
    let pair = Pair::new("server");
    let key = pair.key.serialize_pem();
    let secret = key.lines().nth(1).unwrap();
    let folder = Folder::new(&pair);
    let in_one_line = key.replace('\n', "");
    let in_one_word = in_one_line.replace(' ', "");
    let damaged = key.replace(&secret[20..22], "!?");
    for key in [&in_one_line, &in_one_word, &damaged, &key[..100].to_owned()] {
        folder.write(&pair.certificate.pem(), key);
        let clients = ClientCertificates::Ignored;
        let error = Tls::load(folder.files(), &clients, Duration::ZERO).unwrap_err();
        for text in [chain(&error), format!("{error:?}")] {
            assert!(!text.contains(&secret[..16]), "{text}");
        }
    }
}

/// Changed files serve the next handshake while older connections go on; files that cannot be
/// used, in whatever way, leave the pair before in use.
#[tokio::test]
async fn files_that_change() {
    let [first, second, third] = ["first", "second", "third"].map(Pair::new);
    let folder = Folder::new(&first);
    let running = start(ListenerOptions {
        tls: Some(folder.tls()),
        ..options(patient())
    })
    .await;
    let shown = async |pair: &Pair| {
        let config = config(pair.der(), VERSIONS[1], None);
        let mut client = secure(running.address, &config).await.unwrap();
        assert_eq!(ask(&mut client, "/").await.unwrap().0, 200);
        let (_, session) = client.get_ref();
        assert_eq!(session.peer_certificates().unwrap(), [pair.der()]);
        client
    };
    let mut older = shown(&first).await;
    folder.write(&second.certificate.pem(), &second.key.serialize_pem());
    shown(&second).await;
    for (certificate, key) in [
        (third.certificate.pem(), second.key.serialize_pem()),
        (third.certificate.pem(), "no key".to_owned()),
        (String::new(), third.key.serialize_pem()),
    ] {
        folder.write(&certificate, &key);
        shown(&second).await;
    }
    std::fs::remove_file(folder.files().certificate).unwrap();
    shown(&second).await;
    folder.write(&third.certificate.pem(), &third.key.serialize_pem());
    shown(&third).await;
    assert_eq!(ask(&mut older, "/").await.unwrap().0, 200);
}

/// Files are looked at no more often than they should be.
#[tokio::test]
async fn files_are_left_alone() {
    let (first, second) = (Pair::new("first"), Pair::new("second"));
    let folder = Folder::new(&first);
    let clients = ClientCertificates::Ignored;
    let tls = Tls::load(folder.files(), &clients, Duration::from_hours(1)).unwrap();
    folder.write(&second.certificate.pem(), &second.key.serialize_pem());
    let running = start(ListenerOptions {
        tls: Some(tls.clone()),
        ..options(patient())
    })
    .await;
    let config = config(first.der(), VERSIONS[1], None);
    let mut client = secure(running.address, &config).await.unwrap();
    assert_eq!(ask(&mut client, "/").await.unwrap().0, 200);
    assert_eq!(tls.leaf(), Some(first.der()));
}
