//! Fleets to measure with: a server's folder with any number of hosts, made in minutes.
//!
//! Knows nothing of figures. Invariants: profiles are pushed through a running server, so that
//! their uuids and versions are its own; hosts are written by way of the store, so that no file is
//! made that a server would not make; a folder that somebody else uses is never touched.

mod authority;
pub(crate) mod files;
mod plan;
pub(crate) mod profiles;
mod record;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_drift::policy::Timestamp;
use mooring_store::{RedbOptions, RedbStore, Store as _};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::BenchError;
use crate::clock;
use crate::device::Device;
use crate::error::file;
use crate::server::{Entrance, Program, Site};
use authority::Authority;
pub use plan::Kind;
pub(crate) use plan::{Plan, Seen};
use profiles::Known;
use record::Clerk;

/// Hosts that are written at once.
const BATCH: u32 = 1000;
/// Goes up when fleets are made in another way, so that kept ones are made anew.
const FORMAT: u32 = 1;
/// Memory of the store while it is filled.
const CACHE_BYTES: usize = 256 * 1024 * 1024;

/// A fleet in a folder.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) folder: PathBuf,
    pub(crate) plan: Plan,
    pub(crate) profiles: Vec<Known>,
    leaves: Vec<Vec<u8>>,
    /// The key of all of them, PKCS#8.
    pub(crate) device_key: Vec<u8>,
}

/// What is in a folder.
#[derive(Debug, Serialize, Deserialize)]
struct Summary {
    format: u32,
    plan: Plan,
    profiles: Vec<Known>,
}

impl Fleet {
    /// Makes a fleet in a new folder. It can be stopped at any host.
    pub(crate) async fn make(
        program: &Program,
        folder: &Path,
        plan: &Plan,
        note: &mut dyn FnMut(&str),
    ) -> Result<Self, BenchError> {
        fs::create_dir_all(folder).map_err(file(folder, "made"))?;
        let now = clock::now_ms();
        let authority = Authority::create(folder, now)?;
        let site = program.serve(folder, Entrance::Proxy).await?;
        let pushed = push_twice(&site, plan.profiles).await;
        site.stop().await?;
        let profiles = pushed?;
        Self::fill(folder, plan, profiles, &authority, note).await
    }

    /// Writes the hosts for profiles that are stored already.
    async fn fill(
        folder: &Path,
        plan: &Plan,
        profiles: Vec<Known>,
        authority: &Authority,
        note: &mut dyn FnMut(&str),
    ) -> Result<Self, BenchError> {
        let leaves: Result<Vec<_>, _> = (0..plan.speakers()).map(|n| authority.issue(n)).collect();
        let leaves = leaves?;
        files::write(folder, files::LEAVES, &authority::packed(&leaves))?;
        let now = Timestamp(clock::now_ms());
        let mut clerk = Clerk::new(plan, &profiles, authority.validity(), now)?;
        let options = RedbOptions {
            cache_bytes: CACHE_BYTES,
        };
        let store = RedbStore::open(folder.join(files::DATA).join(files::STORE), options)?;
        let mut said = 0;
        for first in (0..plan.hosts).step_by(BATCH as usize) {
            let mut batch = Vec::with_capacity(BATCH as usize * 2);
            for host in first..plan.hosts.min(first + BATCH) {
                let leaf = plan.leaf(host).and_then(|leaf| leaves.get(leaf as usize));
                let fingerprint = leaf.map(|leaf| authority::fingerprint(leaf));
                batch.extend(clerk.changes(host, fingerprint)?);
            }
            store.commit(batch)?;
            if first >= said + 100_000 {
                said = first;
                note(&format!("wrote {first} of {} hosts", plan.hosts));
            }
            // So that Ctrl-C is noticed.
            tokio::task::yield_now().await;
        }
        drop(store);
        let summary = json!(Summary {
            format: FORMAT,
            plan: plan.clone(),
            profiles,
        });
        files::write(folder, files::SUMMARY, summary.to_string().as_bytes())?;
        Self::open(folder)
    }

    /// A fleet for a server in this process, whose profiles `push` has pushed.
    #[cfg(test)]
    pub(crate) async fn make_with(
        folder: &Path,
        plan: &Plan,
        push: impl AsyncFnOnce(&Path) -> Result<Vec<Known>, BenchError>,
    ) -> Result<Self, BenchError> {
        fs::create_dir_all(folder).map_err(file(folder, "made"))?;
        let authority = Authority::create(folder, clock::now_ms())?;
        let profiles = push(folder).await?;
        Self::fill(folder, plan, profiles, &authority, &mut |_| {}).await
    }

    /// Reads what was made.
    pub(crate) fn open(folder: &Path) -> Result<Self, BenchError> {
        let summary = files::read(folder, files::SUMMARY)?;
        let summary: Summary =
            serde_json::from_slice(&summary).map_err(|source| BenchError::Kept {
                path: folder.join(files::SUMMARY),
                source,
            })?;
        Ok(Self {
            folder: folder.to_owned(),
            plan: summary.plan,
            profiles: summary.profiles,
            leaves: authority::unpacked(&files::read(folder, files::LEAVES)?),
            device_key: files::read(folder, files::DEVICE_KEY)?,
        })
    }

    /// Whether a folder holds a whole fleet of this plan.
    pub(crate) fn is_kept(folder: &Path, plan: &Plan) -> bool {
        let text = files::read(folder, files::SUMMARY).ok();
        let summary = text.and_then(|text| serde_json::from_slice::<Summary>(&text).ok());
        summary.is_some_and(|kept| kept.plan == *plan && kept.format == FORMAT)
    }

    /// The devices in sync.
    pub(crate) fn idle(&self) -> Vec<Device> {
        self.devices(|leaf| !self.plan.is_behind(leaf))
    }

    /// The devices that lack everything.
    pub(crate) fn behind(&self) -> Vec<Device> {
        self.devices(|leaf| self.plan.is_behind(leaf))
    }

    fn devices(&self, is_wanted: impl Fn(u32) -> bool) -> Vec<Device> {
        let leaves = (0..self.plan.speakers()).zip(&self.leaves);
        let wanted = leaves.filter(|(leaf, _)| is_wanted(*leaf));
        let device = |(leaf, der): (u32, &Vec<u8>)| {
            let udid = self.plan.udid(self.plan.speaker(leaf));
            Device::new(&udid, Some(der))
        };
        wanted.map(device).collect()
    }

    /// The devices in sync with their certificates, for connections of their own.
    pub(crate) fn idle_with_certificates(&self) -> Vec<(Device, Vec<u8>)> {
        let leaves = (0..self.plan.speakers()).zip(&self.leaves);
        let wanted = leaves.filter(|(leaf, _)| !self.plan.is_behind(*leaf));
        let device = |(leaf, der): (u32, &Vec<u8>)| {
            let udid = self.plan.udid(self.plan.speaker(leaf));
            (Device::new(&udid, None), der.clone())
        };
        wanted.map(device).collect()
    }

    /// The list that a device answers once it has everything, and `more` besides.
    pub(crate) fn full_list(&self, more: &[(usize, &str, &str)]) -> String {
        let own = self.profiles.iter().enumerate();
        let own = own.map(|(at, one)| (at, one.identifier.as_str(), one.uuid.as_str()));
        let all = own.chain(more.iter().copied());
        let entries: Vec<_> = all
            .map(|(at, identifier, uuid)| profiles::listed(at, identifier, uuid))
            .collect();
        crate::device::profile_list(entries.iter().map(String::as_str))
    }

    /// Removes its folder.
    pub(crate) fn forget(self) -> Result<(), BenchError> {
        fs::remove_dir_all(&self.folder).map_err(file(self.folder, "removed"))
    }

    /// Bytes of sync state in the store's file, which nobody may have open.
    pub(crate) fn sync_bytes(&self) -> Result<u64, BenchError> {
        let path = self.folder.join(files::DATA).join(files::STORE);
        let store = RedbStore::open(path, RedbOptions::default())?;
        Ok(store.sync_bytes()?)
    }

    /// Bytes of the store's file.
    pub(crate) fn store_bytes(&self) -> Result<u64, BenchError> {
        let path = self.folder.join(files::DATA).join(files::STORE);
        let found = fs::metadata(&path).map_err(file(path, "read"))?;
        Ok(found.len())
    }
}

/// Pushes two versions of every profile; the second is the one that is wanted.
pub(crate) async fn push_twice(site: &Site, profiles: usize) -> Result<Vec<Known>, BenchError> {
    let numbers: Vec<usize> = (0..profiles).collect();
    let older = push(site, &numbers, 0).await?;
    let newer = push(site, &numbers, 1).await?;
    let both = older.into_iter().zip(newer);
    Ok(both
        .map(|((identifier, old_uuid), (_, uuid))| Known {
            identifier,
            old_uuid,
            uuid,
        })
        .collect())
}

/// Pushes one edition of some profiles and returns their identifiers and uuids.
pub(crate) async fn push(
    site: &Site,
    numbers: &[usize],
    edition: u64,
) -> Result<Vec<(String, String)>, BenchError> {
    #[derive(Deserialize)]
    struct Pushed {
        results: Vec<Outcome>,
    }
    #[derive(Deserialize)]
    struct Outcome {
        identifier: Option<String>,
        payload_uuid: Option<String>,
    }
    let content = |number: usize| STANDARD.encode(profiles::file(number, edition));
    let named = |number: &usize| json!({ "name": "bench", "content": content(*number) });
    let files: Vec<_> = numbers.iter().map(named).collect();
    let body = json!({ "files": files });
    let mut administrator = site.administrator().await?;
    let to = ("POST", "/api/v1/profiles");
    let pushed: Pushed = administrator
        .send("pushing profiles", to, Some(&body))
        .await?;
    let taken = pushed.results.into_iter().map(|one| {
        let both = one.identifier.zip(one.payload_uuid);
        both.ok_or_else(|| BenchError::Wrong {
            doing: "pushing profiles",
            wrong: "a profile was refused".to_owned(),
        })
    });
    taken.collect()
}
