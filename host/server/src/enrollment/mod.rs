//! How devices enroll: links, the enrollment profile, and the identities that are issued.
//!
//! Knows nothing of sockets. Invariants: a challenge is good once, for an hour at most, and only
//! its SHA-256 is stored; the CA's key is read from its file and goes nowhere; what a certificate
//! says is decided here and not by who asks for it.

pub(crate) mod authority;
pub(crate) mod challenge;
pub(crate) mod leaf;
pub(crate) mod link;
pub(crate) mod profile;
pub(crate) mod renewal;
pub(crate) mod scep;
pub(crate) mod sweep;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use mooring_identity::{Authority, Secret};

pub use authority::AuthorityFileError;
pub use link::{LinkError, LinkRequest};
pub use scep::ScepAnswer;

/// The identifier of the enrollment profile. It is never part of drift.
pub const ENROLLMENT_IDENTIFIER: &str = "com.mooring.enrollment";

/// How devices enroll.
#[derive(Debug, Clone)]
pub struct EnrollmentSettings {
    /// Where devices reach this server, such as `https://mdm.example.com`; without a slash at the
    /// end.
    pub public_url: String,
    /// Who issues their identities.
    pub identities: Identities,
    /// Shown with the profile.
    pub organization: Option<String>,
    /// Whether devices sign their messages.
    pub signs_messages: bool,
    /// A challenge that all devices may use, beside the links.
    pub static_challenge: Option<Secret>,
    /// Days for which an identity is issued.
    pub leaf_days: u16,
}

/// Who issues the identities of devices.
#[derive(Debug, Clone)]
pub enum Identities {
    /// This server, over SCEP.
    Own(Arc<Authority>),
    /// Another SCEP server.
    Scep {
        /// Its address.
        url: String,
        /// The challenge that it wants.
        challenge: Option<Secret>,
    },
    /// An ACME server.
    Acme {
        /// The address of its directory.
        directory_url: String,
        /// What devices say that they are.
        client_identifier: String,
        /// Whether they attest their hardware, with a key that is bound to it.
        attests: bool,
    },
}

/// Days for which an identity is issued unless settings say otherwise.
pub const LEAF_DAYS_DEFAULT: u16 = 365;

/// How devices enroll, with what is kept in memory for it.
#[derive(Debug)]
pub struct Enrollment {
    pub(crate) settings: EnrollmentSettings,
    /// The profile as the plugin made it last, and the settings that it was made from.
    made: Mutex<Option<(String, Arc<Vec<u8>>)>>,
    pace: Mutex<renewal::Pace>,
    /// The own CA with the recipient that it got since the start.
    renewed: Mutex<Option<Arc<Authority>>>,
    /// Where the files of the own CA are.
    folder: Option<PathBuf>,
    /// When old records were forgotten last, in Unix ms.
    swept_at: AtomicU64,
}

impl Enrollment {
    /// Devices enroll like this.
    pub fn new(settings: EnrollmentSettings) -> Self {
        Self {
            settings,
            made: Mutex::new(None),
            pace: Mutex::new(renewal::Pace::default()),
            renewed: Mutex::new(None),
            folder: None,
            swept_at: AtomicU64::new(0),
        }
    }

    /// The same with the files of the own CA in `folder`; without, a recipient that is renewed
    /// is kept in memory alone.
    #[must_use]
    pub fn with_files_in(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// This server's own CA, if it has one, as it was at the start.
    pub fn authority(&self) -> Option<&Arc<Authority>> {
        match &self.settings.identities {
            Identities::Own(authority) => Some(authority),
            Identities::Scep { .. } | Identities::Acme { .. } => None,
        }
    }
}
