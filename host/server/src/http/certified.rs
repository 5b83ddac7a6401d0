//! A listener's own certificate and key: read from files, and again when these change.
//!
//! Knows no time but how long ago it looked. Invariants: there is always a pair that fits
//! together, since one that cannot be used never replaces another; files are read where they hold
//! up no connection but the one that noticed the change.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustls::InconsistentKeys;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::tls::{TlsError, TlsFiles};
use crate::device::chain;

/// The pair in use, and what its files looked like when they were read.
#[derive(Debug)]
pub(super) struct Certified {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    look_interval: Duration,
    current: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    stamps: [Option<Stamp>; 2],
    looked_at: Instant,
}

/// What tells one state of a file from another, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Certified {
    /// Reads `files`; blocks.
    pub(super) fn load(
        files: TlsFiles,
        provider: Arc<CryptoProvider>,
        look_interval: Duration,
    ) -> Result<Self, TlsError> {
        // Looked at before they are read: what changes in between is then read again.
        let stamps = stamps(&files);
        let current = read(&files, &provider)?;
        Ok(Self {
            files,
            provider,
            look_interval,
            current: RwLock::new(Arc::new(current)),
            seen: Mutex::new(Seen {
                stamps,
                looked_at: Instant::now(),
            }),
        })
    }

    /// The certificate in use.
    pub(super) fn leaf(&self) -> Option<CertificateDer<'static>> {
        self.current().cert.first().cloned()
    }

    /// Reads the files again if they changed, unless somebody looked a moment ago.
    pub(super) async fn look_if_due(self: &Arc<Self>) {
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.looked_at.elapsed() < self.look_interval {
                return;
            }
            seen.looked_at = Instant::now();
        }
        let certified = Arc::clone(self);
        if let Err(error) = tokio::task::spawn_blocking(move || certified.look()).await {
            tracing::error!(%error, "looking for a changed certificate failed");
        }
    }

    fn look(&self) {
        let now = stamps(&self.files);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.stamps == now {
                return;
            }
            // Whatever comes of it: the same files are not tried twice.
            seen.stamps = now;
        }
        let certificate = self.files.certificate.display();
        match read(&self.files, &self.provider) {
            Ok(pair) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(pair);
                tracing::info!(%certificate, "the changed certificate is in use");
            }
            Err(error) => tracing::error!(
                error = %chain(&error), %certificate,
                "THE CHANGED CERTIFICATE CANNOT BE USED; the one before stays until the files change again"
            ),
        }
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }
}

impl ResolvesServerCert for Certified {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn stamps(files: &TlsFiles) -> [Option<Stamp>; 2] {
    [&files.certificate, &files.key].map(|path| {
        let found = fs::metadata(path).ok()?;
        Some(Stamp {
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    })
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let certificates = certificates(&files.certificate)?;
    let key = provider
        .key_provider
        .load_private_key(key(&files.key)?)
        .map_err(|source| TlsError::Key {
            path: files.key.clone(),
            source,
        })?;
    let pair = CertifiedKey::new(certificates, key);
    match pair.keys_match() {
        // Some keys cannot say which public key is theirs; then the handshakes will tell.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
        }),
        Err(source) => Err(TlsError::Certificate {
            path: files.certificate.clone(),
            source,
        }),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = file(path)?;
    let all = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|error| damaged(path, &error))?;
    if all.is_empty() {
        return Err(TlsError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(all)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = file(path)?;
    // PKCS#8 says so in the label, the older forms in a header.
    let is_encrypted = pem
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"-----BEGIN ENCRYPTED") || line.starts_with(b"Proc-Type:"));
    if is_encrypted {
        return Err(TlsError::EncryptedKey {
            path: path.to_owned(),
        });
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        if matches!(error, PemError::NoItemsFound) {
            TlsError::NoKey {
                path: path.to_owned(),
            }
        } else {
            damaged(path, &error)
        }
    })
}

/// What `error` says, without what it quotes.
fn damaged(path: &Path, error: &PemError) -> TlsError {
    let reason = if matches!(error, PemError::MissingSectionEnd { .. }) {
        "a section has no last line"
    } else if matches!(error, PemError::IllegalSectionStart { .. }) {
        "the first line of a section is not one, or does not stand alone"
    } else if matches!(error, PemError::Base64Decode(_)) {
        "a section is not base64"
    } else {
        "it cannot be read as PEM"
    };
    TlsError::Pem {
        path: path.to_owned(),
        reason,
    }
}

fn file(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source: io::Error| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}
