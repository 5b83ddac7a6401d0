//! The files of this server's own CA.
//!
//! Knows nothing of what is issued with it. Invariants: keys are in files that their owner alone
//! can read, from the moment they exist; a file that cannot be read is never replaced.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mooring_drift::policy::Timestamp;
use mooring_identity::{Authority, AuthorityError, AuthorityPem, Secret};

use crate::owned_file::write_new;

/// Certificate of the CA, PEM. Not a secret.
pub(super) const CA_CERTIFICATE_FILE: &str = "device-ca.pem";
const CA_KEY_FILE: &str = "device-ca-key.pem";
const RECIPIENT_CERTIFICATE_FILE: &str = "scep.pem";
const RECIPIENT_KEY_FILE: &str = "scep-key.pem";
/// The name in the certificates, beside what each is for.
const NAME: &str = "Mooring";

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
    /// Some of the four files are there and others are not.
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

/// The CA whose files are in `folder`, made if there is none.
///
/// # Errors
/// [`AuthorityFileError`], naming the file.
pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Authority, AuthorityFileError> {
    let unusable = |source| AuthorityFileError::Unusable {
        folder: folder.to_owned(),
        source,
    };
    let Some(stored) = read(folder)? else {
        let authority = Authority::create(NAME, now.0).map_err(unusable)?;
        let pem = authority.to_pem();
        write(folder, RECIPIENT_KEY_FILE, pem.recipient_key.expose())?;
        write(
            folder,
            RECIPIENT_CERTIFICATE_FILE,
            &pem.recipient_certificate,
        )?;
        write(folder, CA_CERTIFICATE_FILE, &pem.ca_certificate)?;
        write(folder, CA_KEY_FILE, pem.ca_key.expose())?;
        tracing::info!(folder = %folder.display(), "made a CA for devices");
        return Ok(authority);
    };
    let authority = Authority::from_pem(&stored).map_err(unusable)?;
    if !authority.recipient_due(now.0) {
        return Ok(authority);
    }
    let renewed = authority.renew_recipient(now.0).map_err(unusable)?;
    let pem = renewed.to_pem();
    write(folder, RECIPIENT_KEY_FILE, pem.recipient_key.expose())?;
    write(
        folder,
        RECIPIENT_CERTIFICATE_FILE,
        &pem.recipient_certificate,
    )?;
    tracing::info!("renewed the certificate that SCEP messages are encrypted to");
    Ok(renewed)
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
        recipient_certificate: needed(recipient_certificate, RECIPIENT_CERTIFICATE_FILE)?,
        recipient_key: Secret::new(needed(recipient_key, RECIPIENT_KEY_FILE)?),
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
