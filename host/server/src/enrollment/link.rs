//! One-time enrollment links.
//!
//! Knows nothing of SCEP. Invariants: a link's token is shown once and stored as its SHA-256; a
//! link that was used, revoked or that expired gives no profile.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mooring_drift::policy::Timestamp;
use mooring_mdm::finding::Finding;
use mooring_store::{Change, DOCUMENTS_PAGE_MAX, KeyRange, Space, StoreError};
use serde::{Deserialize, Serialize};

use super::challenge::{self, CHALLENGE_MS, Challenge, Purpose};
use crate::api::{EnrollmentLink, NewEnrollmentLink};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::documents::{self, Document, Page};
use crate::limits::{LINK_FETCHES_MAX, LINK_LIFE_MAX_MS};

/// How long a link is good unless asked otherwise, in ms.
const LINK_LIFE_DEFAULT_MS: u64 = 24 * 3_600_000;

/// What a link is to be for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkRequest {
    /// The one device with this serial number.
    pub serial: Option<String>,
    /// The one device with this UDID.
    pub udid: Option<String>,
    /// For how long, in ms.
    pub life_ms: Option<u64>,
    /// Who asks.
    pub by: String,
}

/// Why there is no link or no profile.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// This server does not say how devices enroll.
    #[error(
        "this server does not enroll devices; start it with --public-url, the address at which \
         devices reach it"
    )]
    NotSet,
    /// There is no push certificate, and a profile needs its topic.
    #[error(
        "there is no push certificate, whose topic the profile needs; set one first: mooring pushcert set FILE"
    )]
    NoTopic,
    /// The link is none, or was used, revoked or expired.
    #[error("this link is not valid, or not any more; ask for a new one")]
    NotValid,
    /// There is no link of that name.
    #[error("there is no link {0}")]
    NotFound(String),
    /// Somebody else issues the identities.
    #[error(
        "another server issues the identities, so this one cannot tell which device gets one: \
         leave the serial number and UDID out"
    )]
    NotBindable,
    /// A life that is none.
    #[error("a link is good for a minute to {} days", LINK_LIFE_MAX_MS / 86_400_000)]
    Life,
    /// A serial number or UDID that cannot be one.
    #[error("{0:?} can be no serial number or UDID")]
    Device(String),
    /// The plugin did not make the profile.
    #[error("the enrollment profile cannot be made")]
    Profile(Vec<Finding>),
    /// The profile that was made cannot be filled in.
    #[error("the enrollment profile has no place for the challenge: {0}")]
    Placeholder(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The record of a link; its key is the SHA-256 of its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Names it for people.
    pub(crate) id: String,
    pub(crate) serial: Option<String>,
    pub(crate) udid: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) used_at: Option<Timestamp>,
    /// How often its profile was fetched.
    #[serde(default)]
    pub(crate) fetches: u32,
}

impl Document for Link {
    const SPACE: Space = Space::Link;
}

impl Link {
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.expires_at && self.fetches < LINK_FETCHES_MAX
    }

    fn document(&self, now: Timestamp) -> EnrollmentLink {
        let state = match self.used_at {
            Some(_) => "used",
            None if !self.is_good(now) => "expired",
            None => "open",
        };
        EnrollmentLink {
            id: self.id.clone(),
            serial: self.serial.clone(),
            udid: self.udid.clone(),
            state: state.to_owned(),
            created_at: rfc3339(self.created_at),
            created_by: self.created_by.clone(),
            expires_at: rfc3339(self.expires_at),
            used_at: self.used_at.map(rfc3339),
        }
    }
}

impl Core {
    /// Makes a link.
    ///
    /// # Errors
    /// [`LinkError`] if this server enrolls nobody, or the request is wrong.
    pub fn create_link(&self, request: &LinkRequest) -> Result<NewEnrollmentLink, LinkError> {
        let enrollment = self.enrollment.as_ref().ok_or(LinkError::NotSet)?;
        self.push_topic()?.ok_or(LinkError::NoTopic)?;
        let token = URL_SAFE_NO_PAD.encode(crate::random::secret());
        let (link, change) = self.new_link(request, &token)?;
        self.store.commit(vec![change])?;
        self.sweep_daily();
        Ok(NewEnrollmentLink {
            url: format!("{}/enroll/{token}", enrollment.settings.public_url),
            link: link.document(self.clock.now()),
        })
    }

    /// Makes a link and uses it up at once for a profile.
    ///
    /// # Errors
    /// Those of [`Core::create_link`] and [`Core::profile_of_link`].
    pub fn profile_for(&self, request: &LinkRequest) -> Result<Vec<u8>, LinkError> {
        // Before anything is stored that nobody could use.
        self.enrollment.as_ref().ok_or(LinkError::NotSet)?;
        self.push_topic()?.ok_or(LinkError::NoTopic)?;
        // The profile is there at once, and its challenge is good for no longer.
        let request = &LinkRequest {
            life_ms: Some(CHALLENGE_MS),
            ..request.clone()
        };
        let token = URL_SAFE_NO_PAD.encode(crate::random::secret());
        let (_, change) = self.new_link(request, &token)?;
        self.store.commit(vec![change])?;
        self.sweep_daily();
        self.profile_of_link(&token)
    }

    /// The enrollment profile with a fresh challenge, for whoever has the token of a link.
    ///
    /// # Errors
    /// [`LinkError`] if the link is not good, or there is no profile.
    pub fn profile_of_link(&self, token: &str) -> Result<Vec<u8>, LinkError> {
        let enrollment = self.enrollment.as_ref().ok_or(LinkError::NotSet)?;
        let key = challenge::key(token);
        let now = self.clock.now();
        let link = documents::read::<Link>(&*self.store, &key)?;
        let link = link.filter(|link| link.document.is_good(now));
        let link = link.ok_or(LinkError::NotValid)?;
        let secret = challenge::random();
        let topic = self.push_topic()?.ok_or(LinkError::NoTopic)?;
        let made = self.enrollment_profile(enrollment, Some(&secret), &topic)?;
        if made.has_challenge {
            let record = Challenge {
                purpose: Purpose::Link { key },
                expires_at: now.plus_ms(CHALLENGE_MS),
                redeemed_for: None,
            };
            let mut fetched = link.document.clone();
            fetched.fetches += 1;
            self.store.commit(vec![
                documents::create(&challenge::key(secret.expose()), &record)?,
                link.replaced_by(&key, &fetched)?,
            ])?;
        } else {
            // Somebody else issues the identity, so this server will not hear of it.
            let mut used = link.document.clone();
            used.used_at = Some(now);
            self.store.commit(vec![link.replaced_by(&key, &used)?])?;
        }
        Ok(made.raw)
    }

    /// The links that are remembered, newest first.
    ///
    /// # Errors
    /// [`LinkError::Store`] if they cannot be read.
    pub fn links(&self) -> Result<Vec<EnrollmentLink>, LinkError> {
        let now = self.clock.now();
        let mut links = self.all_links()?;
        links.sort_by_key(|(_, link)| std::cmp::Reverse(link.document.created_at));
        let documents = links.iter().map(|(_, link)| link.document.document(now));
        Ok(documents.collect())
    }

    /// Takes a link away before it is used.
    ///
    /// # Errors
    /// [`LinkError::NotFound`] if there is none of that name.
    pub fn revoke_link(&self, id: &str) -> Result<(), LinkError> {
        let mut links = self.all_links()?.into_iter();
        let (key, _) = links
            .find(|(_, link)| link.document.id == id)
            .ok_or_else(|| LinkError::NotFound(id.to_owned()))?;
        self.store
            .commit(vec![documents::delete(Space::Link, &key)])?;
        Ok(())
    }

    fn new_link(&self, request: &LinkRequest, token: &str) -> Result<(Link, Change), LinkError> {
        let life_ms = request.life_ms.unwrap_or(LINK_LIFE_DEFAULT_MS);
        if !(60_000..=LINK_LIFE_MAX_MS).contains(&life_ms) {
            return Err(LinkError::Life);
        }
        for text in request.serial.iter().chain(&request.udid) {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if text.is_empty() || text.len() > 64 || !text.chars().all(is_plain) {
                return Err(LinkError::Device(text.clone()));
            }
        }
        let issues = self
            .enrollment
            .as_ref()
            .is_some_and(|e| e.authority().is_some());
        if !issues && (request.serial.is_some() || request.udid.is_some()) {
            return Err(LinkError::NotBindable);
        }
        let key = challenge::key(token);
        let now = self.clock.now();
        let link = Link {
            id: crate::random::request_id(),
            serial: request.serial.clone(),
            udid: request.udid.clone(),
            created_at: now,
            created_by: request.by.clone(),
            expires_at: now.plus_ms(life_ms),
            used_at: None,
            fetches: 0,
        };
        let change = documents::create(&key, &link)?;
        Ok((link, change))
    }

    fn all_links(&self) -> Result<Page<Link>, StoreError> {
        self.all::<Link>()
    }

    fn all<D: Document>(&self) -> Result<Page<D>, StoreError> {
        let mut all = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let range = KeyRange {
                after: after.as_deref(),
                ..KeyRange::default()
            };
            let page = documents::page::<D>(&*self.store, range, DOCUMENTS_PAGE_MAX)?;
            let is_last = page.len() < DOCUMENTS_PAGE_MAX;
            after = page.last().map(|(key, _)| key.clone());
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }
}

/// A profile that is ready to be installed.
pub(crate) struct Made {
    pub(crate) raw: Vec<u8>,
    /// Whether a challenge of this server is in it.
    pub(crate) has_challenge: bool,
    /// Whether any challenge is in it, also that of another server.
    pub(crate) has_secrets: bool,
}

/// The profile without its challenge, as the plugin made it.
pub(super) type Template = Arc<Vec<u8>>;
