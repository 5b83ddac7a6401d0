//! What it costs to tell who sent a message: by a proxy's header, by the connection's certificate,
//! by `Mdm-Signature`, beside the bare check of one signature, which nobody can do without.
//!
//! Knows nothing of networks. Invariant: figures that are compared were measured in one run.

use std::fs;
use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as algorithms, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use divan::Bencher;
use mooring_identity::{Certificate, Shown, Trust, certificates_from_pem, header, signature};

/// When the fixtures are valid.
const NOW_MS: u64 = 1_830_297_600_000;

fn main() {
    divan::main();
}

fn file(path: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn certificates(name: &str) -> Vec<Certificate> {
    let read = certificates_from_pem(&file(&format!("certificates/{name}.pem")));
    read.unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn trust() -> Trust {
    Trust::new(certificates("ca")).unwrap_or_else(|error| panic!("{error}"))
}

fn plain_header(name: &str) -> Vec<u8> {
    format!(":{}:", STANDARD.encode(certificates(name)[0].der())).into_bytes()
}

/// As nginx sends it: PEM with escapes.
fn escaped_header(name: &str) -> Vec<u8> {
    let pem = String::from_utf8_lossy(&file(&format!("certificates/{name}.pem"))).into_owned();
    let begin = pem.find("-----BEGIN").unwrap_or(0);
    let escaped = pem[begin..].replace('\n', "%0A").replace('+', "%2B");
    escaped.replace(' ', "%20").into_bytes()
}

fn header_of(form: &str) -> Vec<u8> {
    match form {
        "rfc9440" => plain_header("p256"),
        _ => escaped_header("rsa"),
    }
}

/// Neither the header nor the chain is known.
#[divan::bench(args = ["rfc9440", "nginx"])]
fn header_cold(bencher: Bencher<'_, '_>, form: &str) {
    let value = header_of(form);
    let fresh = bencher.with_inputs(trust);
    fresh.bench_local_refs(|trust| trust.believe(Shown::Header(&value), NOW_MS).is_ok());
}

/// The chain is known, the header is not: it is read.
#[divan::bench(args = ["rfc9440", "nginx"])]
fn header_read(bencher: Bencher<'_, '_>, form: &str) {
    let (value, trust) = (header_of(form), trust());
    bencher.bench_local(|| {
        let leaf = header::certificate(black_box(&value)).ok()?;
        trust.verify(&leaf, &[], NOW_MS).ok()
    });
}

/// The header is known.
#[divan::bench(args = ["rfc9440", "nginx"])]
fn header_known(bencher: Bencher<'_, '_>, form: &str) {
    let (value, trust) = (header_of(form), trust());
    bencher.bench_local(|| {
        trust
            .believe(Shown::Header(black_box(&value)), NOW_MS)
            .is_ok()
    });
}

/// The connection's certificate is known.
#[divan::bench]
fn connection_known(bencher: Bencher<'_, '_>) {
    let (leaf, trust) = (certificates("p256")[0].der().to_vec(), trust());
    let shown = Shown::Connection {
        leaf: &leaf,
        sent: &[],
    };
    bencher.bench_local(|| trust.believe(black_box(shown), NOW_MS).is_ok());
}

/// `Mdm-Signature` over a body, with the chain known.
#[divan::bench(args = ["rsa-sha256", "p256-sha256"])]
fn mdm_signature(bencher: Bencher<'_, '_>, name: &str) {
    let value = STANDARD.encode(file(&format!("cms/{name}.der")));
    let (body, trust) = (file("cms/body"), trust());
    bencher.bench_local(|| {
        let cms = signature::decode_header(black_box(&value)).ok()?;
        let signed = signature::verify_detached(&cms, &body).ok()?;
        trust.verify(&signed.signer, &signed.others, NOW_MS).ok()
    });
}

/// The floor: one signature of a P-256 key.
#[divan::bench]
fn bare_p256(bencher: Bencher<'_, '_>) {
    let (random, body) = (SystemRandom::new(), file("cms/body"));
    let form = &algorithms::ECDSA_P256_SHA256_ASN1_SIGNING;
    let Ok(key) = algorithms::EcdsaKeyPair::generate(form) else {
        return;
    };
    let Ok(signed) = key.sign(&random, &body) else {
        return;
    };
    let public = key.public_key().as_ref();
    let public = UnparsedPublicKey::new(&algorithms::ECDSA_P256_SHA256_ASN1, public);
    bencher.bench_local(|| public.verify(black_box(&body), signed.as_ref()).is_ok());
}

/// The floor: one signature of an RSA key of 2048 bits.
#[divan::bench]
fn bare_rsa2048(bencher: Bencher<'_, '_>) {
    let (random, body) = (SystemRandom::new(), file("cms/body"));
    let Ok(key) = algorithms::RsaKeyPair::from_pkcs8(&file("certificates/rsa-key.der")) else {
        return;
    };
    let mut signed = vec![0; key.public_modulus_len()];
    if key
        .sign(&algorithms::RSA_PKCS1_SHA256, &random, &body, &mut signed)
        .is_err()
    {
        return;
    }
    let public = key.public_key().as_ref();
    let public = UnparsedPublicKey::new(&algorithms::RSA_PKCS1_2048_8192_SHA256, public);
    bencher.bench_local(|| public.verify(black_box(&body), &signed).is_ok());
}
