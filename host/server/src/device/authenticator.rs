//! From what came with a message to who sent it.
//!
//! Knows nothing of hosts and enrollments. Invariants: a certificate that is not trusted at this
//! moment makes no [`Speaker`]; a header is believed from listed proxies alone; what is asked for
//! and missing is refused, and never answered with 401. Whoever was known a moment ago is told by a
//! digest, in a microsecond; a signature is checked every time.

use std::net::IpAddr;

use ipnet::IpNet;
use mooring_drift::policy::Timestamp;
use mooring_identity::header::HeaderError;
use mooring_identity::signature::{self, SignatureError};
use mooring_identity::{BeliefError, Certificate, CertificateError, Shown, Trust, TrustError};

use super::speaker::{DeviceAuth, Speaker, Stamp};

/// How devices show who they are here.
pub struct Authenticator {
    ways: Vec<DeviceAuth>,
    trust: Option<Trust>,
    /// The header's name, lower case.
    header: Option<String>,
    proxies: Vec<IpNet>,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator")
            .field("ways", &self.ways)
            .field("header", &self.header)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

/// What came with a message.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    /// Where the connection came from.
    pub address: Option<IpAddr>,
    /// The client's certificates of the TLS connection, leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// Every value of the proxy's header.
    pub header: Vec<Vec<u8>>,
    /// Every value of `Mdm-Signature`.
    pub signature: Vec<Vec<u8>>,
}

/// Why nobody can be said to have sent a message.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// Nothing that is accepted here came with it.
    #[error("it came without {0}")]
    Missing(String),
    /// The header came from an address that is not a listed proxy.
    #[error("the certificate header came from {0}, which is no trusted proxy")]
    Stranger(IpAddr),
    /// A header came more than once.
    #[error("the header {0} came more than once")]
    Twice(&'static str),
    /// The certificate in the header is none.
    #[error("the certificate header cannot be read")]
    Header(#[from] HeaderError),
    /// The client's certificate is none.
    #[error("the client certificate cannot be read")]
    Certificate(#[from] CertificateError),
    /// The signature does not hold.
    #[error("Mdm-Signature is refused")]
    Signature(#[from] SignatureError),
    /// The certificate is not trusted.
    #[error("the certificate {fingerprint} is refused")]
    Untrusted {
        /// SHA-256 of the certificate, in hex.
        fingerprint: String,
        /// Why.
        source: TrustError,
    },
    /// There is nobody to trust.
    #[error("no CA is set for devices")]
    NoTrust,
}

impl Authenticator {
    /// Devices are not authenticated.
    pub fn none() -> Self {
        Self {
            ways: vec![DeviceAuth::None],
            trust: None,
            header: None,
            proxies: Vec::new(),
        }
    }

    /// Devices show a certificate that `trust` accepts, in one of `ways`.
    pub fn new(ways: Vec<DeviceAuth>, trust: Trust) -> Self {
        Self {
            ways,
            trust: Some(trust),
            header: None,
            proxies: Vec::new(),
        }
    }

    /// The same with a header that is believed from these networks.
    #[must_use]
    pub fn with_header(mut self, name: &str, proxies: Vec<IpNet>) -> Self {
        self.header = Some(name.to_ascii_lowercase());
        self.proxies = proxies;
        self
    }

    /// The name of the proxy's header, if one is believed.
    pub fn header(&self) -> Option<&str> {
        self.header
            .as_deref()
            .filter(|_| self.has(DeviceAuth::Header))
    }

    /// Networks whose header is believed.
    pub fn proxies(&self) -> &[IpNet] {
        &self.proxies
    }

    /// Whether who sent a message can be told without its body.
    pub fn needs_no_body(&self) -> bool {
        !self.has(DeviceAuth::Signature)
    }

    /// Tells who sent `body`.
    ///
    /// # Errors
    /// [`AuthenticationError`] if that cannot be told.
    pub fn identify(
        &self,
        presented: &Presented,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Speaker, AuthenticationError> {
        if self.has(DeviceAuth::None) {
            return Ok(Speaker::Anyone);
        }
        if self.has(DeviceAuth::Header)
            && let Some(value) = single("certificate", &presented.header)?
        {
            return self.by_header(presented.address, value, now);
        }
        if self.has(DeviceAuth::Mtls)
            && let Some((leaf, sent)) = presented.certificates.split_first()
        {
            let leaf = self.believe(Shown::Connection { leaf, sent }, now)?;
            return Ok(Speaker::Connection(leaf));
        }
        if self.has(DeviceAuth::Signature)
            && let Some(value) = single("Mdm-Signature", &presented.signature)?
        {
            return self.by_signature(value, body, now);
        }
        let ways: Vec<_> = self.ways.iter().map(|way| self.name(*way)).collect();
        Err(AuthenticationError::Missing(ways.join(" or ")))
    }

    fn by_header(
        &self,
        address: Option<IpAddr>,
        value: &[u8],
        now: Timestamp,
    ) -> Result<Speaker, AuthenticationError> {
        // An IPv4 proxy may be seen under its address within IPv6.
        let address = address.map(|address| address.to_canonical());
        let is_listed = address.is_some_and(|a| self.proxies.iter().any(|net| net.contains(&a)));
        if !is_listed {
            let unknown = IpAddr::from([0, 0, 0, 0]);
            return Err(AuthenticationError::Stranger(address.unwrap_or(unknown)));
        }
        self.believe(Shown::Header(value), now).map(Speaker::Proxy)
    }

    fn by_signature(
        &self,
        value: &[u8],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Speaker, AuthenticationError> {
        let text = String::from_utf8_lossy(value);
        let cms = signature::decode_header(&text)?;
        let signed = signature::verify_detached(&cms, body)?;
        let trusted = self.trust()?.verify(&signed.signer, &signed.others, now.0);
        trusted.map_err(|source| untrusted(&signed.signer, source))?;
        let mut digest = [0; 16];
        digest.copy_from_slice(&signed.digest[..16]);
        Ok(Speaker::Signature {
            certificate: signed.signer,
            stamp: signed.signed_at_ms.map(|at| Stamp {
                digest,
                signed_at: Timestamp(at),
            }),
        })
    }

    fn believe(
        &self,
        shown: Shown<'_>,
        now: Timestamp,
    ) -> Result<Certificate, AuthenticationError> {
        Ok(self.trust()?.believe(shown, now.0)?)
    }

    fn trust(&self) -> Result<&Trust, AuthenticationError> {
        self.trust.as_ref().ok_or(AuthenticationError::NoTrust)
    }

    fn has(&self, way: DeviceAuth) -> bool {
        self.ways.contains(&way)
    }

    fn name(&self, way: DeviceAuth) -> String {
        match way {
            DeviceAuth::Mtls => "a client certificate".to_owned(),
            DeviceAuth::Signature => "the header Mdm-Signature".to_owned(),
            DeviceAuth::Header => format!("the header {}", self.header().unwrap_or("of a proxy")),
            DeviceAuth::None => "anything".to_owned(),
        }
    }
}

fn untrusted(certificate: &Certificate, source: TrustError) -> AuthenticationError {
    AuthenticationError::Untrusted {
        fingerprint: certificate.fingerprint().to_string(),
        source,
    }
}

impl From<BeliefError> for AuthenticationError {
    fn from(error: BeliefError) -> Self {
        match error {
            BeliefError::Header(source) => Self::Header(source),
            BeliefError::Certificate(source) => Self::Certificate(source),
            BeliefError::Untrusted {
                certificate,
                source,
            } => untrusted(&certificate, source),
        }
    }
}

fn single<'a>(
    name: &'static str,
    values: &'a [Vec<u8>],
) -> Result<Option<&'a [u8]>, AuthenticationError> {
    match values {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        [..] => Err(AuthenticationError::Twice(name)),
    }
}
