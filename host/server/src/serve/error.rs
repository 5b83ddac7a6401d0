//! Why a server does not start.
//!
//! Knows nothing of how it starts. Invariant: each text says what to do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

use mooring_identity::{CertificateError, TrustError};
use mooring_store::StoreError;

use crate::enrollment::AuthorityFileError;
use crate::http::TlsError;
use crate::judge::JudgeError;
use crate::plugins::PluginTrustError;
use crate::webhook::WebhookError;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Devices would not be authenticated.
    #[error(
        "the device address {0} is not loopback, and devices would not be authenticated: anybody \
         could act as one. Say how they are: --device-auth mtls, signature or header"
    )]
    DeviceNotLoopback(SocketAddr),
    /// Devices would be served in clear.
    #[error(
        "the device address {0} is not loopback, so it needs TLS: --tls-cert FILE and --tls-key FILE"
    )]
    DeviceWithoutTls(SocketAddr),
    /// The admin API would be served in clear.
    #[error(
        "the admin address {0} is not loopback, so it needs TLS: --admin-tls-cert FILE and \
         --admin-tls-key FILE"
    )]
    AdminNotLoopback(SocketAddr),
    /// One of several ways is none.
    #[error("--device-auth none goes with no other way: it would let everybody in")]
    NoneAmongOthers,
    /// Client certificates need TLS.
    #[error("--device-auth mtls needs TLS: --tls-cert FILE and --tls-key FILE")]
    MtlsWithoutTls,
    /// A header is believed from listed proxies.
    #[error(
        "a proxy's header needs all three: --device-auth header, --cert-header NAME and \
         --trusted-proxy CIDR"
    )]
    HeaderIncomplete,
    /// No header has that name.
    #[error("{0:?} is no name of a header")]
    HeaderName(String),
    /// The public address is of no use.
    #[error(
        "{0:?} is no address for devices; it is https://HOST or https://HOST:PORT, and http on \
         loopback only"
    )]
    PublicUrl(String),
    /// The address of an issuer is of no use.
    #[error(
        "{0:?} is no address of a SCEP or ACME server: it begins with https://, and with http:// on loopback only"
    )]
    IssuerUrl(String),
    /// A file of CAs holds something else.
    #[error("{path} holds the certificate of {subject:?}, which is no CA's; give those that issue")]
    NotACa {
        /// The file.
        path: PathBuf,
        /// Whose certificate it is.
        subject: String,
    },
    /// Two issuers.
    #[error("identities come from a SCEP server or from an ACME server: give one of the two")]
    ScepAndAcme,
    /// There would be no certificate to accept.
    #[error(
        "nobody could be trusted: give --device-ca FILE, the CAs of devices, or --public-url URL, \
         so that this server issues their certificates itself"
    )]
    NobodyToTrust,
    /// A file or folder cannot be made or read.
    #[error("{path} cannot be {doing}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The token file holds no token.
    #[error("{0} holds no token; delete the file and start again to get a new one")]
    EmptyToken(PathBuf),
    /// The store cannot be opened.
    #[error("the store in {path} cannot be opened")]
    Store {
        /// The store's file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The file of CAs cannot be used.
    #[error("the CAs in {path} cannot be used")]
    DeviceCa {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CertificateError,
    },
    /// The keys whose signatures of plugins count cannot be used.
    #[error(transparent)]
    PluginTrust(#[from] PluginTrustError),
    /// The file of those who sign profiles cannot be used.
    #[error("the certificates of signers in {path} cannot be used")]
    ProfileSigners {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CertificateError,
    },
    /// No trust can be made of the CAs.
    #[error("the CAs of devices cannot be used")]
    Trust(#[from] TrustError),
    /// The own CA cannot be used.
    #[error(transparent)]
    Authority(#[from] AuthorityFileError),
    /// TLS cannot be offered.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The webhook cannot be called.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The plugins cannot be loaded.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// An address cannot be listened on.
    #[error("{address} cannot be listened on; is another server running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The work that had to be done off the reactor did not end.
    #[error("the start was interrupted")]
    Interrupted,
}
