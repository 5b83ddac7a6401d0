//! Pages of hosts, all of them or those of a profile and status.
//!
//! Knows nothing of how hosts are judged. Invariants: a page costs what it shows, however many hosts
//! there are; pages are in order of id, so that a page goes on behind the last one whatever changed
//! meanwhile.

use mooring_drift::status::Status;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::{HOSTS_PAGE_MAX, HostRecord, StoreError};

use crate::api::{HostListing, HostSummary};
use crate::core::Core;
use crate::fleet::FleetFilter;

/// Which hosts to list.
#[derive(Debug, Clone, Default)]
pub struct HostsQuery {
    /// Only those behind this id.
    pub after: Option<HostId>,
    /// At most so many, and [`HOSTS_PAGE_MAX`].
    pub limit: usize,
    /// Only those that should have this profile or still have it.
    pub profile: Option<PayloadIdentifier>,
    /// Only those in this status: with a profile, that of the profile on the host.
    pub status: Option<Status>,
}

impl Core {
    /// One page of hosts, in order of id.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub fn host_listing(&self, query: &HostsQuery) -> Result<HostListing, StoreError> {
        let limit = query.limit.clamp(1, HOSTS_PAGE_MAX);
        if query.profile.is_none() && query.status.is_none() {
            return self.plain_listing(query.after.as_ref(), limit);
        }
        let page = self.fleet_page(&FleetFilter {
            profile: query.profile.clone(),
            status: query.status,
            after: query.after.clone(),
            limit,
        })?;
        // Some may be gone since.
        let hosts = self.hosts_of(&page.hosts)?;
        let hosts = hosts.iter().map(|host| self.listed(host, query));
        Ok(HostListing {
            hosts: hosts.collect::<Result<_, _>>()?,
            next: page.next,
        })
    }

    /// A page of all hosts, those that checked out too.
    fn plain_listing(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<HostListing, StoreError> {
        let page = self.hosts(after, limit)?;
        let last = page.last().map(|host| host.id.clone());
        let has_more = page.len() == limit && !self.hosts(last.as_ref(), 1)?.is_empty();
        let query = HostsQuery::default();
        let hosts = page.iter().map(|host| self.listed(host, &query));
        Ok(HostListing {
            hosts: hosts.collect::<Result<_, _>>()?,
            next: last.filter(|_| has_more),
        })
    }

    /// A host as a page shows it.
    fn listed(&self, host: &HostRecord, query: &HostsQuery) -> Result<HostSummary, StoreError> {
        let (status, profile_status) = match (&query.profile, query.status) {
            (None, _) => (self.fleet_status(&host.id)?, None),
            (Some(_), Some(asked_for)) => (self.fleet_status(&host.id)?, Some(asked_for)),
            (Some(profile), None) => {
                let judgement = self.judgement(&self.shelf(), host);
                let profile = judgement.by_profile().get(profile).copied();
                (judgement.status, profile)
            }
        };
        Ok(HostSummary {
            profile_status,
            ..self.host_summary(host, status)
        })
    }
}
