//! A server without sockets.
//!
//! Knows nothing of devices. Invariant: every count that it shows is checked to add up.

use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use mooring_drift::status::{ProfileStatus, Status};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_plugin::RuntimeOptions;
use mooring_server::api::{HostProfile, PushOutcome, PushResult, Summary};
use mooring_server::change::{ChangeError, ChangeOptions};
use mooring_server::core::{Core, CoreOptions};
use mooring_server::hosts::HostsQuery;
use mooring_server::judge::Judge;
use mooring_server::profiles::{ProfileError, Upload};
use mooring_store::{MemoryStore, RedbOptions, RedbStore, Store};

use crate::TestClock;

/// The built-in plugins, compiled once a process.
pub fn judge() -> Arc<Judge> {
    static JUDGE: OnceLock<Arc<Judge>> = OnceLock::new();
    Arc::clone(JUDGE.get_or_init(|| {
        Arc::new(Judge::load_on(&RuntimeOptions::default()).expect("the plugins load"))
    }))
}

/// A server without sockets; beside what is here it has everything of [`Core`].
#[derive(Debug)]
pub struct TestServer {
    core: Arc<Core>,
    /// Its time.
    pub clock: TestClock,
}

impl Deref for TestServer {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl TestServer {
    /// A new server that forgets everything at the end.
    pub fn new() -> Self {
        Self::with_judge(judge())
    }

    /// The same with other plugins.
    pub fn with_judge(judge: Arc<Judge>) -> Self {
        let store = MemoryStore::new().expect("randomness");
        Self::over(Arc::new(store), judge, &TestClock::new())
    }

    /// A server over the store in a file, which is made if it is not there.
    pub fn open(file: &Path, clock: &TestClock) -> Self {
        let store = RedbStore::open(file, RedbOptions::default()).expect("a store that opens");
        Self::over(Arc::new(store), judge(), clock)
    }

    /// A server over a store of the test's own.
    pub fn with_store(store: impl Store + 'static) -> Self {
        Self::over(Arc::new(store), judge(), &TestClock::new())
    }

    fn over(store: Arc<dyn Store>, judge: Arc<Judge>, clock: &TestClock) -> Self {
        Self::with_options(store, judge, clock, CoreOptions::default())
    }

    /// A server over `store` that is more than a sync server.
    pub fn with_options(
        store: Arc<dyn Store>,
        judge: Arc<Judge>,
        clock: &TestClock,
        options: CoreOptions,
    ) -> Self {
        let core = Core::new(store, judge, clock.for_server(), options);
        Self {
            core: Arc::new(core.expect("a server over this store")),
            clock: clock.clone(),
        }
    }

    /// The server itself, for those who share it.
    pub fn shared(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }

    /// Pushes files.
    ///
    /// # Errors
    /// As the server says it.
    pub fn push(
        &self,
        uploads: &[Upload],
        accepts_uuid_changes: bool,
    ) -> Result<Vec<PushResult>, ChangeError> {
        let pushed = self.core.push(uploads, accepts_uuid_changes, &by_test())?;
        Ok(pushed.results)
    }

    /// Enables or disables a profile, with settings if it takes any.
    ///
    /// # Errors
    /// As the server says it.
    pub fn switch(
        &self,
        identifier: &PayloadIdentifier,
        is_enabled: bool,
        settings: Option<&serde_json::Value>,
    ) -> Result<(), ProfileError> {
        let switched = self
            .core
            .switch(identifier, is_enabled, settings, &by_test());
        switched.map(drop)
    }

    /// Deletes a profile.
    ///
    /// # Errors
    /// As the server says it.
    pub fn delete(&self, identifier: &PayloadIdentifier) -> Result<(), ProfileError> {
        self.core.delete(identifier, &by_test()).map(drop)
    }

    /// Pushes files given as name and text.
    pub fn push_files<T: AsRef<[u8]>>(&self, files: &[(&str, T)]) -> Vec<PushResult> {
        let uploads: Vec<_> = files
            .iter()
            .map(|(name, text)| upload(name, text))
            .collect();
        self.push(&uploads, false).expect("a push")
    }

    /// Pushes one file.
    pub fn push_one(&self, bytes: impl AsRef<[u8]>) -> PushResult {
        self.push_files(&[("profile.mobileconfig", bytes)])
            .remove(0)
    }

    /// Pushes one file that must be taken, and tells its version and uuid.
    pub fn push_taken(&self, bytes: impl AsRef<[u8]>) -> (u32, String) {
        let result = self.push_one(bytes);
        assert!(
            matches!(
                result.outcome,
                PushOutcome::Created | PushOutcome::Updated | PushOutcome::Unchanged
            ),
            "{result:#?}"
        );
        (
            result.version.unwrap(),
            result.payload_uuid.unwrap().to_string(),
        )
    }

    /// Pushes one file in which changed inner uuids are meant.
    pub fn push_accepting(&self, bytes: impl AsRef<[u8]>) -> PushResult {
        let upload = upload("profile.mobileconfig", bytes);
        self.push(&[upload], true).expect("a push").remove(0)
    }

    /// Enables or disables a profile.
    pub fn enable(&self, identifier: &str, is_enabled: bool) {
        self.switch(&id(identifier), is_enabled, None)
            .expect("a switch");
    }

    /// Deletes a profile.
    pub fn remove(&self, identifier: &str) {
        self.delete(&id(identifier)).expect("a profile to delete");
    }

    /// The counts, checked against each other, against the listing of every status and against a
    /// walk over the store.
    pub fn counts(&self) -> Summary {
        let faults = self.fleet_faults().expect("hosts that can be read");
        assert_eq!(faults, [], "the index says what the store says");
        let summary = self.summary().expect("a summary");
        let own = summary.counts;
        let sum = own.applied + own.pending + own.failed + own.unknown;
        assert_eq!(sum, summary.hosts, "the counts of hosts add up");
        for (status, count) in [
            (Status::Applied, own.applied),
            (Status::Pending, own.pending),
            (Status::Failed, own.failed),
            (Status::Unknown, own.unknown),
        ] {
            let query = HostsQuery {
                limit: usize::MAX,
                status: Some(status),
                ..HostsQuery::default()
            };
            let listed = self.host_listing(&query).expect("a listing").hosts.len();
            assert_eq!(listed as u64, count, "{status:?} in the listing");
        }
        for profile in &summary.profiles {
            let counts = profile.counts;
            let sum = counts.applied + counts.pending + counts.failed + counts.unknown;
            assert!(sum <= summary.hosts, "{profile:?}");
        }
        summary
    }

    /// Checks that every one of `hosts` hosts is applied.
    #[track_caller]
    pub fn assert_applied(&self, hosts: u64) {
        let summary = self.counts();
        assert_eq!(
            (summary.hosts, summary.counts.applied),
            (hosts, hosts),
            "{summary:#?}"
        );
    }

    /// What is said about one profile of one host, if it is shown at all.
    pub fn profile_of(&self, host: &str, identifier: &str) -> Option<HostProfile> {
        let profiles = self.host_profiles(host).expect("a host").profiles;
        let mut found = profiles
            .into_iter()
            .filter(|p| p.identifier.as_str() == identifier);
        found.next()
    }

    /// The status of one profile of one host.
    #[track_caller]
    pub fn status_of(&self, host: &str, identifier: &str) -> ProfileStatus {
        self.profile_of(host, identifier)
            .expect("the profile is shown")
            .status
    }
}

impl Default for TestServer {
    fn default() -> Self {
        Self::new()
    }
}

/// An identifier.
pub fn id(text: &str) -> PayloadIdentifier {
    PayloadIdentifier::parse(text).expect("an identifier")
}

/// A file to push.
pub fn upload(name: &str, bytes: impl AsRef<[u8]>) -> Upload {
    Upload {
        name: name.to_owned(),
        bytes: bytes.as_ref().to_vec(),
    }
}

fn by_test() -> ChangeOptions {
    ChangeOptions::by("test")
}
