//! Every enrollment, page by page.
//!
//! Knows nothing of commands. Invariant: no token, magic or certificate in a listing.

use mooring_drift::state::Phase;
use mooring_mdm::ids::{Channel, EnrollmentId};
use mooring_store::{EnrollmentRecord, HOSTS_PAGE_MAX, HostRecord, StoreError};
use serde::{Deserialize, Serialize};

use crate::clock::rfc3339;
use crate::core::Core;

/// Enrollments on a page unless asked otherwise.
pub(crate) const ENROLLMENTS_PAGE_DEFAULT: usize = 100;
/// Most enrollments on a page.
pub(crate) const ENROLLMENTS_PAGE_MAX: usize = 1000;

/// Which enrollments to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingQuery {
    /// Those behind this one, in order of id.
    pub after: Option<EnrollmentId>,
    /// At most so many.
    pub limit: usize,
}

impl Default for ListingQuery {
    fn default() -> Self {
        Self {
            after: None,
            limit: ENROLLMENTS_PAGE_DEFAULT,
        }
    }
}

/// `GET /v1/enrollments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentListing {
    /// In order of host, the device channel first.
    pub enrollments: Vec<EnrollmentEntry>,
    /// What to pass as `after` for the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// One enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentEntry {
    /// `DEVICE` or `DEVICE:USER`.
    pub id: String,
    /// `Device` or `User`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The device's id, for a user.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent_id: Option<String>,
    /// The device's serial number, if it told one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serial_number: Option<String>,
    /// The user's short name, if it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_short_name: Option<String>,
    /// Whether it is enrolled now.
    pub enabled: bool,
    /// When it was last heard of.
    pub last_seen_at: String,
    /// The push topic, once it told one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub topic: Option<String>,
    /// `TokenUpdate`s since it authenticated.
    pub token_update_tally: u32,
}

impl Core {
    /// A page of all enrollments.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub fn enrollment_listing(
        &self,
        query: &ListingQuery,
    ) -> Result<EnrollmentListing, StoreError> {
        let limit = query.limit.clamp(1, ENROLLMENTS_PAGE_MAX);
        let mut enrollments = Vec::new();
        let mut after_host = query.after.as_ref().map(|id| id.host().clone());
        if let Some(after) = &query.after
            && let Some(host) = self.host(after.host())?
        {
            // Those of its host that come behind it; all of them if it is gone.
            let at = host
                .enrollments
                .iter()
                .position(|record| record.id == *after);
            let rest = host.enrollments.iter().skip(at.map_or(0, |at| at + 1));
            enrollments.extend(rest.map(|record| self.entry(&host, record)));
        }
        // One more than asked for tells whether there is a next page.
        while enrollments.len() <= limit {
            let wanted = (limit + 1 - enrollments.len()).min(HOSTS_PAGE_MAX);
            let hosts = self.hosts(after_host.as_ref(), wanted)?;
            for host in &hosts {
                let entries = host.enrollments.iter();
                enrollments.extend(entries.map(|record| self.entry(host, record)));
            }
            if hosts.len() < wanted {
                break;
            }
            after_host = hosts.last().map(|host| host.id.clone());
        }
        let has_more = enrollments.len() > limit;
        enrollments.truncate(limit);
        let last = enrollments.last().filter(|_| has_more);
        Ok(EnrollmentListing {
            next: last.map(|entry| entry.id.clone()),
            enrollments,
        })
    }

    fn entry(&self, host: &HostRecord, record: &EnrollmentRecord) -> EnrollmentEntry {
        let is_user = record.id.channel() == Channel::User;
        EnrollmentEntry {
            id: record.id.to_string(),
            kind: if is_user { "User" } else { "Device" }.to_owned(),
            parent_id: is_user.then(|| host.id.to_string()),
            serial_number: host.attributes.serial_number.clone(),
            user_short_name: record.user_short_name.clone(),
            enabled: record.sync.phase == Phase::Enrolled,
            last_seen_at: rfc3339(self.last_seen(&record.id, record.last_seen_at)),
            topic: record.push.as_ref().map(|push| push.topic.clone()),
            token_update_tally: record.token_updates,
        }
    }
}
