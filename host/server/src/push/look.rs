//! The look at who has something to do: at everybody, or at those who were noted.
//!
//! Knows nothing of connections. Everything here blocks. Invariants: a look reads and decides, and
//! stores nothing; one look at a time; what a crash lost is found again by a look at everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::EnrollmentId;
use mooring_push::{Apns, PushCertificate};
use mooring_store::{EnrollmentRecord, HOSTS_PAGE_MAX, HostRecord, StoreError};
use sha2::{Digest, Sha256};

use super::certificate::{StoredCertificate, days_left};
use super::error::ClientError;
use super::lanes::ClientId;
use super::scheduler::Scheduler;
use super::state::CertificateState;
use super::work::{Moment, Reason, Work, record_of, target_of, work_of};
use crate::device::chain;
use crate::shelf::Shelf;

/// A clock that goes back by more than this makes all waits meaningless.
const SET_BACK_MS: u64 = 60 * 1000;
/// Between two warnings about the same certificate.
const WARNING_MS: u64 = 24 * 3_600_000;

/// Who is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// All hosts of the store.
    Everybody,
    /// Those who were noted since the last look.
    Noted,
}

/// What looks remember of each other.
#[derive(Debug, Default)]
pub(super) struct Memory {
    number: u64,
    at: Timestamp,
    shelf: Option<Arc<Shelf>>,
    generation: u64,
    /// When a certificate was last warned about.
    warned_at: BTreeMap<String, Timestamp>,
    /// Stored certificates that cannot be used and were told so.
    unusable: BTreeSet<ClientId>,
    /// Topics without a certificate that were told.
    told: BTreeSet<String>,
}

/// What is to be done with what a look found of one enrollment.
enum Verdict {
    Want(String, Reason),
    Keep,
    Done,
}

impl Scheduler {
    /// Looks, and lets those wait for a push who have something to do.
    pub(super) fn look(&self, scope: Scope) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.try_look(scope, &mut memory) {
            tracing::error!(error = %chain(&error), "not all devices with work could be found");
        }
    }

    fn try_look(&self, scope: Scope, memory: &mut Memory) -> Result<(), StoreError> {
        let now = self.core.now();
        let is_set_back = now.0.saturating_add(SET_BACK_MS) < memory.at.0;
        memory.at = now;
        if is_set_back {
            tracing::warn!("the clock went back; pushes are paced anew");
            self.lanes().restart();
        }
        let has_new_client = self.adopt_certificates(memory)?;
        let shelf = self.core.shelf();
        let is_known = |known: &Arc<Shelf>| Arc::ptr_eq(known, &shelf);
        if !memory.shelf.as_ref().is_some_and(is_known) {
            memory.generation += 1;
            memory.shelf = Some(Arc::clone(&shelf));
        }
        let moment = Moment {
            shelf: &shelf,
            generation: memory.generation,
        };
        let noted = self.core.contacts.drain();
        {
            let mut lanes = self.lanes();
            for enrollment in &noted.came {
                lanes.contacted(enrollment, now);
            }
        }
        if scope == Scope::Everybody || noted.has_more || has_new_client || is_set_back {
            return self.look_at_everybody(moment, memory);
        }
        for enrollment in noted.came.union(&noted.wanted) {
            self.look_at(moment, enrollment);
        }
        Ok(())
    }

    fn look_at(&self, moment: Moment<'_>, enrollment: &EnrollmentId) {
        let verdict = match self.core.host(enrollment.host()) {
            Ok(host) => {
                let host = host.as_ref();
                let found = host.and_then(|host| Some((host, record_of(host, enrollment)?)));
                found.map_or(Verdict::Done, |(host, record)| {
                    self.verdict(moment, host, record)
                })
            }
            Err(error) => unreadable(enrollment, &error),
        };
        self.apply(vec![(enrollment.clone(), verdict)], None);
    }

    fn look_at_everybody(&self, moment: Moment<'_>, memory: &mut Memory) -> Result<(), StoreError> {
        memory.number += 1;
        let topics: BTreeSet<_> = self.lanes().topics().into_iter().collect();
        let mut uncertified = BTreeMap::<String, usize>::new();
        let mut after = None;
        loop {
            if self.is_stopping.load(Ordering::Relaxed) {
                return Ok(());
            }
            let hosts = self.core.hosts(after.as_ref(), HOSTS_PAGE_MAX)?;
            let mut verdicts = Vec::new();
            for host in &hosts {
                for record in &host.enrollments {
                    let target = target_of(host, record);
                    if let Some(target) = target.filter(|t| !topics.contains(&t.topic)) {
                        *uncertified.entry(target.topic.clone()).or_default() += 1;
                    }
                    verdicts.push((record.id.clone(), self.verdict(moment, host, record)));
                }
            }
            self.apply(verdicts, Some(memory.number));
            match hosts.last() {
                Some(last) if hosts.len() == HOSTS_PAGE_MAX => after = Some(last.id.clone()),
                Some(_) | None => break,
            }
        }
        self.lanes().sweep(memory.number);
        tell_uncertified(&uncertified, &mut memory.told);
        *self.uncertified() = uncertified;
        Ok(())
    }

    fn verdict(&self, moment: Moment<'_>, host: &HostRecord, record: &EnrollmentRecord) -> Verdict {
        let Some(target) = target_of(host, record) else {
            return Verdict::Done;
        };
        match work_of(&self.core, moment, host, record) {
            Ok(Work::None) => Verdict::Done,
            Ok(Work::Settling) => Verdict::Keep,
            Ok(Work::Due(reason)) => Verdict::Want(target.topic.clone(), reason),
            Err(error) => unreadable(&record.id, &error),
        }
    }

    fn apply(&self, verdicts: Vec<(EnrollmentId, Verdict)>, look: Option<u64>) {
        let now = self.core.now();
        let mut lanes = self.lanes();
        for (enrollment, verdict) in verdicts {
            match verdict {
                Verdict::Want(topic, reason) => lanes.want(&enrollment, &topic, reason, now),
                Verdict::Keep => {}
                Verdict::Done => lanes.done(&enrollment),
            }
            if let Some(look) = look {
                lanes.found(&enrollment, look);
            }
        }
    }

    /// Makes clients for certificates that are new and ends those of others. Says whether there is
    /// a new one: its lane is empty, so that everybody has to be looked at.
    fn adopt_certificates(&self, memory: &mut Memory) -> Result<bool, StoreError> {
        let stored = self.core.push_certificates()?;
        let mut has_new = false;
        for topic in self.lanes().topics() {
            if stored.iter().all(|(known, _)| *known != topic) {
                self.lanes().close(&topic);
            }
        }
        for (topic, stored) in &stored {
            match self.adopt(topic, stored) {
                Ok(is_new) => has_new |= is_new,
                Err(error) if memory.unusable.insert(client_id(stored)) => {
                    tracing::error!(topic, error = %chain(&error), "no pushes for this topic");
                }
                Err(_) => {}
            }
            warn_of_end(topic, stored, memory);
        }
        Ok(has_new)
    }

    /// Says whether the certificate was new.
    pub(super) fn adopt(
        &self,
        topic: &str,
        stored: &StoredCertificate,
    ) -> Result<bool, ClientError> {
        let id = client_id(stored);
        let known = self.lanes().client(topic);
        if known.is_some_and(|(known, _)| known == id) {
            return Ok(false);
        }
        let certificate = PushCertificate::from_pem(stored.pem.as_bytes())?;
        let client = Apns::new(&certificate, &self.options)?;
        self.lanes().open(topic, id, Arc::new(client));
        tracing::info!(topic, "pushes leave with this certificate from now on");
        Ok(true)
    }
}

/// One enrollment that cannot be read keeps no other from its push.
fn unreadable(enrollment: &EnrollmentId, error: &StoreError) -> Verdict {
    tracing::error!(%enrollment, error = %chain(error), "it is not known what a device has to do");
    Verdict::Keep
}

fn warn_of_end(topic: &str, stored: &StoredCertificate, memory: &mut Memory) {
    let now = memory.at;
    let warned_at = memory.warned_at.get(topic);
    if warned_at.is_some_and(|at| now.0.abs_diff(at.0) < WARNING_MS) {
        return;
    }
    // Looked at once a day, whether there is something to say or not.
    memory.warned_at.insert(topic.to_owned(), now);
    let Ok(certificate) = PushCertificate::from_pem(stored.pem.as_bytes()) else {
        return;
    };
    let state = CertificateState::new(topic, days_left(certificate.not_after_ms(), now));
    if let Some(warning) = state.warning {
        tracing::warn!(topic, days_left = state.days_left, "{warning}");
    }
}

fn client_id(stored: &StoredCertificate) -> ClientId {
    Sha256::digest(&stored.pem).into()
}

/// Each topic is told once, and again after it had a certificate in between.
fn tell_uncertified(uncertified: &BTreeMap<String, usize>, told: &mut BTreeSet<String>) {
    told.retain(|topic| uncertified.contains_key(topic));
    for (topic, channels) in uncertified {
        if told.insert(topic.clone()) {
            tracing::warn!(topic, channels, "no push certificate is set for this topic");
        }
    }
}
