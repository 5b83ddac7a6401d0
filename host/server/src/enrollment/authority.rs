//! The files of this server's own CA.
//!
//! Knows nothing of what is issued with it. Invariants: keys are in files that their owner alone
//! can read, from the moment they exist; a file that cannot be read is never replaced, and those of
//! the CA never are.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use mooring_drift::policy::Timestamp;
use mooring_identity::{Authority, AuthorityError, AuthorityPem, Secret};

use super::Enrollment;
use crate::device::chain;
use crate::owned_file::write_new;

/// Certificate of the CA, PEM. Not a secret.
pub(super) const CA_CERTIFICATE_FILE: &str = "device-ca.pem";
const CA_KEY_FILE: &str = "device-ca-key.pem";
const RECIPIENT_CERTIFICATE_FILE: &str = "scep.pem";
const RECIPIENT_KEY_FILE: &str = "scep-key.pem";
/// All of them.
pub(crate) const FILES: [&str; 4] = [
    CA_CERTIFICATE_FILE,
    CA_KEY_FILE,
    RECIPIENT_CERTIFICATE_FILE,
    RECIPIENT_KEY_FILE,
];
/// The name in the certificates, beside what each is for.
const NAME: &str = "Mooring";
/// What the group and others may do with a file.
const OTHERS_MODE: u32 = 0o077;

/// Why there is no CA.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityFileError {
    /// A file cannot be read or written.
    #[error("{path} cannot be {doing}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A file of the CA itself is missing and others are there.
    #[error(
        "{path} is missing beside the other files of the CA; put it back from a backup, or move \
         the others away for a new CA, for which every device enrolls anew"
    )]
    Incomplete {
        /// The one that is missing.
        path: PathBuf,
    },
    /// What is in the files is no CA.
    #[error("the files of the CA in {folder} cannot be used")]
    Unusable {
        /// Their folder.
        folder: PathBuf,
        /// Why.
        source: AuthorityError,
    },
}

/// The CA whose files are in `folder`, made if there is none. A recipient that is missing, does not
/// fit or expires soon is made anew: no device keeps it.
///
/// # Errors
/// [`AuthorityFileError`], naming the file.
pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Authority, AuthorityFileError> {
    let unusable = |source| AuthorityFileError::Unusable {
        folder: folder.to_owned(),
        source,
    };
    for path in exposed(folder) {
        tracing::error!(
            "others can read the private key in {path}, and whoever has it can pass for a device; \
             run: chmod 600 {path}",
            path = path.display()
        );
    }
    let Some(stored) = read(folder)? else {
        let authority = Authority::create(NAME, now.0).map_err(unusable)?;
        let pem = authority.to_pem();
        // The CA first: a recipient can be made for it at any time.
        write(folder, CA_KEY_FILE, pem.ca_key.expose())?;
        write(folder, CA_CERTIFICATE_FILE, &pem.ca_certificate)?;
        write_recipient(folder, &authority)?;
        tracing::info!(folder = %folder.display(), "made a CA for devices");
        return Ok(authority);
    };
    let renewed = match Authority::from_pem(&stored) {
        Ok(authority) if !authority.recipient_due(now.0) => return Ok(authority),
        Ok(authority) => authority.renew_recipient(now.0).map_err(unusable)?,
        Err(error) => {
            // Fails as well if it is the CA that cannot be used.
            let remade = Authority::from_pem_of_ca(&stored, now.0).map_err(unusable)?;
            tracing::warn!(
                error = %chain(&error),
                "{RECIPIENT_CERTIFICATE_FILE} and {RECIPIENT_KEY_FILE} are no pair of this CA"
            );
            remade
        }
    };
    write_recipient(folder, &renewed)?;
    tracing::info!("renewed the certificate that SCEP messages are encrypted to");
    Ok(renewed)
}

impl Enrollment {
    /// The own CA as it is now, if there is one.
    pub(super) fn issuing(&self) -> Option<Arc<Authority>> {
        let own = self.authority()?;
        let renewed = self.renewed.lock();
        let renewed = renewed.unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(renewed.as_ref().unwrap_or(own)))
    }

    /// The same for whoever asks for its certificates: the recipient is renewed before, if it
    /// expires soon. Devices ask before each request, so none is on its way to the old one for
    /// long.
    pub(super) fn issuing_renewed(&self, now: Timestamp) -> Option<Arc<Authority>> {
        let own = self.authority()?;
        let renewed = self.renewed.lock();
        let mut renewed = renewed.unwrap_or_else(PoisonError::into_inner);
        let current = Arc::clone(renewed.as_ref().unwrap_or(own));
        if !current.recipient_due(now.0) {
            return Some(current);
        }
        let new = match current.renew_recipient(now.0) {
            Ok(new) => Arc::new(new),
            Err(error) => {
                tracing::error!(error = %chain(&error), "the certificate that SCEP messages are encrypted to cannot be renewed");
                return Some(current);
            }
        };
        // It is good without its files as well; the next start makes another one then.
        if let Some(folder) = &self.folder
            && let Err(error) = write_recipient(folder, &new)
        {
            tracing::error!(error = %chain(&error), "a renewed certificate could not be stored");
        }
        tracing::info!("renewed the certificate that SCEP messages are encrypted to");
        *renewed = Some(Arc::clone(&new));
        Some(new)
    }
}

/// Writes the recipient's two files. Between them they do not fit; [`open`] mends that.
fn write_recipient(folder: &Path, authority: &Authority) -> Result<(), AuthorityFileError> {
    let pem = authority.to_pem();
    write(folder, RECIPIENT_KEY_FILE, pem.recipient_key.expose())?;
    write(
        folder,
        RECIPIENT_CERTIFICATE_FILE,
        &pem.recipient_certificate,
    )
}

/// The files of keys that others than their owner can open.
fn exposed(folder: &Path) -> Vec<PathBuf> {
    let keys = [CA_KEY_FILE, RECIPIENT_KEY_FILE].map(|file| folder.join(file));
    let is_exposed = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|file| file.permissions().mode() & OTHERS_MODE != 0)
    };
    keys.into_iter().filter(is_exposed).collect()
}

fn read(folder: &Path) -> Result<Option<AuthorityPem>, AuthorityFileError> {
    let ca_key = text(folder, CA_KEY_FILE)?;
    let ca_certificate = text(folder, CA_CERTIFICATE_FILE)?;
    let recipient_key = text(folder, RECIPIENT_KEY_FILE)?;
    let recipient_certificate = text(folder, RECIPIENT_CERTIFICATE_FILE)?;
    let is_new = [
        &ca_key,
        &ca_certificate,
        &recipient_key,
        &recipient_certificate,
    ]
    .iter()
    .all(|part| part.is_none());
    if is_new {
        return Ok(None);
    }
    let needed = |part: Option<String>, file| {
        part.ok_or_else(|| AuthorityFileError::Incomplete {
            path: folder.join(file),
        })
    };
    Ok(Some(AuthorityPem {
        ca_certificate: needed(ca_certificate, CA_CERTIFICATE_FILE)?,
        ca_key: Secret::new(needed(ca_key, CA_KEY_FILE)?),
        recipient_certificate: recipient_certificate.unwrap_or_default(),
        recipient_key: Secret::new(recipient_key.unwrap_or_default()),
    }))
}

fn text(folder: &Path, file: &str) -> Result<Option<String>, AuthorityFileError> {
    let path = folder.join(file);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityFileError::File {
            path,
            doing: "read",
            source,
        }),
    }
}

fn write(folder: &Path, file: &str, text: &str) -> Result<(), AuthorityFileError> {
    let path = folder.join(file);
    write_new(&path, text).map_err(|source| AuthorityFileError::File {
        path,
        doing: "written",
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrollment::{EnrollmentSettings, Identities};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);
    const DAY_MS: u64 = 24 * 3_600_000;

    fn pem(folder: &Path) -> [String; 4] {
        let files = [
            CA_KEY_FILE,
            CA_CERTIFICATE_FILE,
            RECIPIENT_KEY_FILE,
            RECIPIENT_CERTIFICATE_FILE,
        ];
        files.map(|file| fs::read_to_string(folder.join(file)).unwrap())
    }

    /// A recipient that is missing, half replaced or broken is made anew beside the same CA, and
    /// is whole from then on; a CA that is broken or half gone is never replaced.
    #[test]
    fn recipients_are_remade_and_the_ca_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let made = open(folder, NOW).unwrap();
        let first = pem(folder);
        let other = made.renew_recipient(NOW.0).unwrap().to_pem();
        let key = folder.join(RECIPIENT_KEY_FILE);
        let certificate = folder.join(RECIPIENT_CERTIFICATE_FILE);
        let damages: [&dyn Fn(); 5] = [
            &|| fs::write(&key, other.recipient_key.expose()).unwrap(),
            &|| fs::remove_file(&key).unwrap(),
            &|| fs::remove_file(&certificate).unwrap(),
            &|| fs::write(&key, "").unwrap(),
            &|| fs::copy(folder.join(CA_KEY_FILE), &key).map(drop).unwrap(),
        ];
        for (n, damage) in damages.iter().enumerate() {
            damage();
            let before = open(folder, NOW).unwrap();
            let after = pem(folder);
            assert_eq!(after[..2], first[..2], "{n}: the CA");
            let again = open(folder, NOW).unwrap();
            assert_eq!(
                before.recipient_certificate(),
                again.recipient_certificate(),
                "{n}: stored"
            );
            assert_eq!(pem(folder), after, "{n}: nothing more to do");
        }
        let whole = pem(folder);
        fs::write(folder.join(CA_KEY_FILE), "").unwrap();
        assert!(matches!(
            open(folder, NOW),
            Err(AuthorityFileError::Unusable { .. })
        ));
        assert_eq!(pem(folder)[1..], whole[1..]);
        fs::remove_file(folder.join(CA_KEY_FILE)).unwrap();
        assert!(matches!(
            open(folder, NOW),
            Err(AuthorityFileError::Incomplete { .. })
        ));
    }

    /// Key files that others can open are found; those that are made here are not among them.
    #[test]
    fn exposed_keys_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        open(folder, NOW).unwrap();
        assert!(exposed(folder).is_empty());
        let key = folder.join(CA_KEY_FILE);
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                exposed(folder).as_slice(),
                std::slice::from_ref(&key),
                "{mode:o}"
            );
        }
    }

    /// A server that runs for years renews its recipient when somebody asks for it, once, and the
    /// next start finds the same one.
    #[test]
    fn renewal_while_running() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let authority = open(folder, NOW).unwrap();
        let first = authority.recipient_certificate().clone();
        let enrollment = Enrollment::new(EnrollmentSettings {
            public_url: "https://mdm.example.com".to_owned(),
            identities: Identities::Own(Arc::new(authority)),
            organization: None,
            signs_messages: false,
            static_challenge: None,
            leaf_days: 365,
        })
        .with_files_in(folder);
        let at = |days: u64| {
            let now = NOW.plus_ms(days * DAY_MS);
            let own = enrollment.issuing_renewed(now).unwrap();
            own.recipient_certificate().clone()
        };
        assert_eq!(at(1700), first);
        let second = at(1800);
        assert!(second != first);
        assert_eq!(at(1801), second);
        let current = enrollment.issuing().unwrap();
        assert_eq!(*current.recipient_certificate(), second);
        let stored = open(folder, NOW.plus_ms(1801 * DAY_MS)).unwrap();
        assert_eq!(*stored.recipient_certificate(), second);
    }
}
