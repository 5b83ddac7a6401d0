//! TLS of a listener: its configuration, and which client certificates are asked for.
//!
//! Knows nothing of whom to trust. A client's certificate is taken as it is, whoever issued it and
//! whenever it ends, since a refusal must be an answer and not an alert; what is proved here is
//! that the client holds its key. Invariants: TLS 1.2 and 1.3 only, HTTP/1.1 only, no early data;
//! a session of one listener cannot be resumed at another.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certified::Certified;
use super::stream::BoundedStream;

/// Where a listener's certificate and key are, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those that lead to its root.
    pub certificate: PathBuf,
    /// Its private key, not encrypted: PKCS#8, PKCS#1 or SEC 1.
    pub key: PathBuf,
}

/// Why TLS cannot be offered, or a changed pair of files not be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of the certificate has none.
    #[error("{path} has no certificate; it must hold one in PEM, and those that lead to its root")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The first certificate of the file is none that TLS can use.
    #[error("the certificate in {path} cannot be used")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A file looks like PEM and is none. The reader's own error is not kept: it can quote the
    /// file, and so a key.
    #[error("{path} is damaged: {reason}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong, in words that do not come from the file.
        reason: &'static str,
    },
    /// The file of the key has none.
    #[error("{path} has no private key; it must hold one in PEM")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The key needs a password.
    #[error(
        "the private key in {path} is encrypted; there is nobody to ask for its password. \
         `openssl pkey` writes it without"
    )]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// The key is of a kind that TLS cannot use, or damaged.
    #[error("the private key in {path} cannot be used; it is RSA (2048 bits and up) or P-256")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// Key and certificate are of different pairs.
    #[error("the private key in {key} is not that of the certificate in {certificate}")]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// One of the authorities named to clients is no certificate.
    #[error("one of the certificates of authorities for devices cannot be used")]
    Authority {
        /// Why.
        source: rustls::Error,
    },
    /// The library refuses the configuration.
    #[error("TLS cannot be set up")]
    Setup {
        /// Why.
        source: rustls::Error,
    },
}

/// Whether clients are asked for a certificate in the handshake. None is ever required there.
#[derive(Debug)]
pub(crate) enum ClientCertificates {
    /// They are not asked.
    Ignored,
    /// They are asked, and told the names of `authorities` so that they choose the right one;
    /// without any they choose for themselves.
    Requested {
        authorities: Vec<CertificateDer<'static>>,
    },
}

/// TLS for one listener.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    certified: Arc<Certified>,
}

impl Tls {
    /// Reads `files` and prepares; blocks. Changed files are noticed at handshakes, at most once
    /// in `look_interval`.
    ///
    /// # Errors
    /// [`TlsError`], naming the file and what is wrong with it.
    pub(crate) fn load(
        files: TlsFiles,
        clients: &ClientCertificates,
        look_interval: Duration,
    ) -> Result<Self, TlsError> {
        let setup = |source| TlsError::Setup { source };
        let provider = Arc::new(default_provider());
        let certified = Certified::load(files, Arc::clone(&provider), look_interval)?;
        let certified = Arc::new(certified);
        let verifier: Arc<dyn ClientCertVerifier> = match clients {
            ClientCertificates::Ignored => WebPkiClientVerifier::no_client_auth(),
            ClientCertificates::Requested { authorities } => Arc::new(Holder {
                names: names(authorities)?,
                provider: Arc::clone(&provider),
            }),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(setup)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(&certified) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = Ticketer::new().map_err(setup)?;
        Ok(Self {
            config: Arc::new(config),
            certified,
        })
    }

    /// The certificate that is shown to clients now, in DER.
    pub(crate) fn leaf(&self) -> Option<CertificateDer<'static>> {
        self.certified.leaf()
    }

    /// Makes the handshake; does not bound its time.
    pub(super) async fn accept(
        &self,
        stream: BoundedStream,
    ) -> io::Result<TlsStream<BoundedStream>> {
        self.certified.look_if_due().await;
        TlsAcceptor::from(Arc::clone(&self.config))
            .accept(stream)
            .await
    }
}

/// The certificates that the client of `stream` holds, the leaf first.
pub(super) fn certificates(stream: &TlsStream<BoundedStream>) -> Vec<CertificateDer<'static>> {
    let (_, session) = stream.get_ref();
    let sent = session.peer_certificates().unwrap_or_default();
    sent.iter().map(|sent| sent.clone().into_owned()).collect()
}

fn names(authorities: &[CertificateDer<'static>]) -> Result<Vec<DistinguishedName>, TlsError> {
    let mut store = RootCertStore::empty();
    for authority in authorities {
        store
            .add(authority.clone())
            .map_err(|source| TlsError::Authority { source })?;
    }
    Ok(store.subjects())
}

/// Asks clients for a certificate and has them prove that they hold its key; that is all.
#[derive(Debug)]
struct Holder {
    names: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Holder {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    /// Any certificate will do here: each request is judged by who answers it.
    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
