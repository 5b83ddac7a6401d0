//! Pushing profiles: each file is judged apart, all accepted ones are stored in one commit.
//!
//! Knows nothing of how files arrive. Invariant: the results come in the order of the files, and
//! a file's outcome does not depend on that order.

use std::collections::BTreeMap;

use mooring_drift::policy::Timestamp;
use mooring_mdm::device::bounded_text;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_mdm::profile::introduced::introductions;
use mooring_mdm::profile::{Digest, Identified, Profile, ProfileLimits, Scope};
use mooring_store::{Change, Origin, ProfileRecord, StoreError, VersionRecord};

use super::GIVEN_PREFIX;
use super::candidate::{check_candidate, places_for_values, secrets};
use super::duplicates::refuse_duplicates;
use crate::api::{PushOutcome, PushResult};
use crate::change::{ChangeError, ChangeOptions, Changed};
use crate::clock::day;
use crate::core::Core;
use crate::findings::{measure, refuses};
use crate::limits::{PROFILE_TEXT_BYTES_MAX, SOURCE_NAME_BYTES_MAX};
use crate::random;
use crate::shelf::{Shelf, latest};
use crate::signature;

/// One file to push.
#[derive(Clone)]
pub struct Upload {
    /// Its name, for messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({:?}, {} bytes)", self.name, self.bytes.len())
    }
}

/// What became of a push.
#[derive(Debug)]
pub struct Pushed {
    /// One result a file, in the order of the files; of a planned push, what it would be.
    pub results: Vec<PushResult>,
    /// What became of the accepted ones.
    pub change: Changed<()>,
}

/// A file on its way: still a candidate, or already decided.
pub(super) enum Verdict {
    /// It may be stored.
    Candidate(Box<Identified>),
    /// It is not stored, for the reason in the result.
    Decided(PushResult),
}

impl Core {
    /// Pushes files. A file that is refused changes nothing and does not stop the others; one in
    /// which nothing but inner payload uuids changed is held unless `accepts_uuid_changes`.
    ///
    /// # Errors
    /// [`ChangeError`] if the accepted files are not stored; then none of them is.
    pub fn push(
        &self,
        uploads: &[Upload],
        accepts_uuid_changes: bool,
        options: &ChangeOptions,
    ) -> Result<Pushed, ChangeError> {
        let _change = self.change();
        let shelf = self.shelf();
        let identified = identify_all(uploads, &shelf);
        let mut verdicts = refuse_duplicates(uploads, identified);
        let asking = self.asking(options.is_plan);
        for (upload, verdict) in uploads.iter().zip(&mut verdicts) {
            if let Verdict::Candidate(candidate) = verdict {
                let judged = self.judge_upload(&asking, candidate, &shelf);
                candidate.notices = self.said_of(candidate, judged)?;
                if refuses(&candidate.notices) {
                    *verdict = Verdict::Decided(refused(upload, candidate));
                }
            }
        }
        let manner = Manner {
            accepts_uuid_changes,
            keeps_switch: false,
            by: &options.by,
            now: self.clock.now(),
        };
        let mut changes = Vec::new();
        let mut results = Vec::with_capacity(uploads.len());
        for (upload, verdict) in uploads.iter().zip(verdicts) {
            results.push(match verdict {
                Verdict::Decided(result) => result,
                Verdict::Candidate(candidate) => {
                    let known = shelf.profiles.get(&candidate.identifier);
                    accept(upload, *candidate, known, &manner, &mut changes)
                }
            });
        }
        let change = self.commit_change(changes, options)?;
        Ok(Pushed { results, change })
    }

    /// Everything that is to be said of a candidate, with what validators judged of it, as it counts
    /// here.
    ///
    /// # Errors
    /// [`StoreError`] if the policy, or what is accepted, cannot be read.
    pub(crate) fn said_of(
        &self,
        candidate: &Identified,
        judged: Vec<Finding>,
    ) -> Result<Vec<Finding>, StoreError> {
        let mut findings = candidate.notices.clone();
        if candidate.signed {
            let today = day(self.clock.now());
            let trusted = self.profile_signers.as_ref();
            signature::judge(&candidate.raw, &today, trusted, &mut findings);
        }
        findings.extend(judged);
        let place = |node| candidate.place(node);
        measure(&mut findings, candidate.document.nodes(), place);
        self.settled(&candidate.identifier, findings)
    }
}

fn identify_all(uploads: &[Upload], shelf: &Shelf) -> Vec<Verdict> {
    // Files without an identifier, by content: two copies of one are duplicates too.
    let mut given = BTreeMap::new();
    let identify = |upload: &Upload| {
        let identified =
            Profile::parse(&upload.bytes, &ProfileLimits::default()).and_then(|profile| {
                let identifier = identifier_for(&profile, shelf, &mut given);
                profile.identify(identifier)
            });
        let mut candidate = match identified {
            Ok(identified) => identified,
            Err(finding) => return Verdict::Decided(refused_early(upload, finding)),
        };
        match check_candidate(&candidate, shelf) {
            Ok(()) => Verdict::Candidate(Box::new(candidate)),
            Err(finding) => {
                candidate.notices.push(finding);
                Verdict::Decided(refused(upload, &candidate))
            }
        }
    };
    uploads.iter().map(identify).collect()
}

/// The identifier for a file that has none: the one under which the same content is known,
/// else a random one.
fn identifier_for(
    profile: &Profile,
    shelf: &Shelf,
    given: &mut BTreeMap<Digest, PayloadIdentifier>,
) -> Option<PayloadIdentifier> {
    if profile.identifier().is_some() {
        return None;
    }
    let (content, loose) = (profile.content_digest(), profile.loose_digest());
    let uploaded = || {
        shelf
            .profiles
            .values()
            .filter(|record| record.origin == Origin::Uploaded)
    };
    let is_live = |record: &&ProfileRecord| record.deleted_at.is_none();
    let is_given = |record: &&ProfileRecord| is_given(&record.identifier);
    let has = |record: &&ProfileRecord| {
        record
            .versions
            .iter()
            .any(|v| v.content_digest == *content.as_bytes())
    };
    // Where only inner uuids changed it is the same profile too; what becomes of that follows.
    let has_loosely = |record: &&ProfileRecord| {
        latest(record).is_some_and(|v| v.loose_digest == *loose.as_bytes())
    };
    // First the profiles that got their identifier here. One that its author named is found while
    // it is there, but never brought back by a file without a name.
    let given_here = || uploaded().filter(is_given);
    let known = given_here().filter(is_live).find(has);
    let known = known.or_else(|| given_here().filter(is_live).find(has_loosely));
    let known = known.or_else(|| uploaded().filter(is_live).find(has));
    let known = known.or_else(|| given_here().find(has));
    let identifier = match known {
        Some(record) => record.identifier.clone(),
        None => given
            .entry(content)
            .or_insert_with(random::profile_identifier)
            .clone(),
    };
    Some(identifier)
}

/// Whether an identifier is one of those that this server gives to files without one.
fn is_given(identifier: &PayloadIdentifier) -> bool {
    let uuid = identifier.as_str().strip_prefix(GIVEN_PREFIX);
    uuid.is_some_and(|uuid| uuid::Uuid::try_parse(uuid).is_ok())
}

/// How files are taken.
pub(crate) struct Manner<'a> {
    pub(crate) accepts_uuid_changes: bool,
    /// Whether a profile that comes back is off if it was off when it went.
    pub(crate) keeps_switch: bool,
    pub(crate) by: &'a str,
    pub(crate) now: Timestamp,
}

/// Decides what an accepted file does, and adds that to `changes`.
pub(crate) fn accept(
    upload: &Upload,
    candidate: Identified,
    known: Option<&ProfileRecord>,
    manner: &Manner<'_>,
    changes: &mut Vec<Change>,
) -> PushResult {
    let newest = known.and_then(latest);
    let is_deleted = known.is_some_and(|record| record.deleted_at.is_some());
    let mut result = PushResult {
        name: upload.name.clone(),
        outcome: PushOutcome::Created,
        identifier: Some(candidate.identifier.clone()),
        version: newest.map(|version| version.version),
        payload_uuid: newest.map(|version| version.uuid.clone()),
        findings: sorted(candidate.notices.clone()),
    };
    if let Some(newest) = newest.filter(|_| !is_deleted) {
        result.outcome = PushOutcome::Updated;
        let is_same = newest.content_digest == *candidate.content.as_bytes();
        if is_same && is_same_packing(newest, &candidate) {
            result.outcome = PushOutcome::Unchanged;
            return result;
        }
        let is_loosely_same = newest.loose_digest == *candidate.loose.as_bytes();
        if !is_same && is_loosely_same && !manner.accepts_uuid_changes {
            result.outcome = PushOutcome::Held;
            result.findings.insert(0, only_uuids_changed());
            return result;
        }
    }
    let version = newest.map_or(1, |version| version.version + 1);
    let record = match version_record(upload, &candidate, version, manner) {
        Ok(record) => record,
        Err(finding) => return refused_early(upload, finding),
    };
    result.version = Some(version);
    result.payload_uuid = Some(candidate.uuid.clone());
    let scope = candidate.scope;
    changes.push(Change::Profile(ProfileRecord {
        identifier: candidate.identifier.clone(),
        channel: channel(scope),
        origin: Origin::Uploaded,
        // Pushing new content does not switch a disabled profile on; a person who brings one back
        // does.
        is_enabled: known
            .is_none_or(|record| record.is_enabled || is_deleted && !manner.keeps_switch),
        deleted_at: None,
        versions: vec![record],
        revision: known.map_or(0, |record| record.revision),
    }));
    let Identified {
        identifier, raw, ..
    } = candidate;
    changes.push(Change::Raw {
        identifier,
        version,
        bytes: raw,
    });
    result
}

/// Whether the candidate is delivered as the version is. A signed file goes out as it came, so its
/// bytes count: signing a profile, or signing it anew, changes what devices get and show.
fn is_same_packing(newest: &VersionRecord, candidate: &Identified) -> bool {
    newest.is_signed == candidate.signed
        && (!candidate.signed || newest.uploaded_digest == *candidate.uploaded_digest.as_bytes())
}

fn version_record(
    upload: &Upload,
    candidate: &Identified,
    version: u32,
    manner: &Manner<'_>,
) -> Result<VersionRecord, Finding> {
    let placeholders = places_for_values(candidate)?;
    Ok(VersionRecord {
        version,
        uuid: candidate.uuid.clone(),
        is_signed: candidate.signed,
        display_name: candidate.display_name.as_deref().map(kept),
        scope: candidate.scope.map(|scope| scope.to_string()),
        payload_types: candidate
            .payload_types
            .iter()
            .map(|kind| kept(kind))
            .collect(),
        content_digest: *candidate.content.as_bytes(),
        loose_digest: *candidate.loose.as_bytes(),
        uploaded_digest: *candidate.uploaded_digest.as_bytes(),
        uploaded_uuid: candidate.uploaded_uuid.as_ref().map(ToString::to_string),
        findings: sorted(candidate.notices.clone()),
        uploaded_at: manner.now,
        uploaded_by: manner.by.to_owned(),
        source_name: bounded_text(&upload.name, SOURCE_NAME_BYTES_MAX),
        bytes: u32::try_from(candidate.raw.len()).unwrap_or(u32::MAX),
        secrets: Some(secrets(candidate, &placeholders)),
        placeholders,
        introduced: introductions(&candidate.document),
    })
}

/// A profile's text, as far as it is kept beside the bytes.
fn kept(text: &str) -> String {
    bounded_text(text, PROFILE_TEXT_BYTES_MAX)
}

/// The channel of a profile: only `User` is for a user; absent means the whole device, as other
/// servers take it.
pub(crate) fn channel(scope: Option<Scope>) -> Channel {
    match scope {
        Some(Scope::User) => Channel::User,
        Some(Scope::System) | None => Channel::Device,
    }
}

fn only_uuids_changed() -> Finding {
    let message = "nothing but inner PayloadUUIDs changed; devices would remove and re-add every \
                   payload for that";
    Finding::host(Severity::Warning, "held", (0, 0), message)
        .with_hint("keep the old PayloadUUIDs, or push with --accept-uuid-changes if it is meant")
}

pub(super) fn refused(upload: &Upload, candidate: &Identified) -> PushResult {
    PushResult {
        identifier: Some(candidate.identifier.clone()),
        findings: sorted(candidate.notices.clone()),
        ..refused_early(upload, only_uuids_changed())
    }
}

fn refused_early(upload: &Upload, finding: Finding) -> PushResult {
    PushResult {
        name: upload.name.clone(),
        outcome: PushOutcome::Refused,
        identifier: None,
        version: None,
        payload_uuid: None,
        findings: vec![finding],
    }
}

/// Errors first, then by place.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        let order = b.severity.cmp(&a.severity);
        order.then_with(|| (a.line, a.column).cmp(&(b.line, b.column)))
    });
    findings
}
