//! What the durable store costs, beside a bare log on the same disk.
//!
//! Knows nothing of servers. Invariant: figures that are compared were measured in one run; the
//! log is the limit of the disk, so only ratios to it say anything about another machine.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{Observed, Phase, SyncState};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier, PayloadUuid};
use mooring_store::{
    Change, EnrollmentRecord, OUTLINES_PAGE_MAX, PushTarget, RedbOptions, RedbStore, Store,
};

const HOSTS: u64 = 100_000;
const GROUP: u64 = 256;

fn main() {
    divan::main();
}

struct Site {
    store: RedbStore,
    file: PathBuf,
    folder: tempfile::TempDir,
}

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let file = folder.path().join("store.redb");
    let store = open(&file);
    for first in (0..HOSTS).step_by(2000) {
        let batch = (first..first + 2000).flat_map(enroll).collect();
        store
            .commit(batch)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    Site {
        store,
        file,
        folder,
    }
});

fn open(file: &PathBuf) -> RedbStore {
    RedbStore::open(file, RedbOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// Ids in no order, as those of devices.
fn host(n: u64) -> HostId {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let id = format!("{mixed:016X}-0000-4000-8000-{n:010X}");
    HostId::parse(&id).unwrap_or_else(|error| panic!("{error}"))
}

fn profiles() -> ProfileSet {
    let entry = |n: u32| {
        let identifier = PayloadIdentifier::parse(&format!("com.example.profile.{n}"));
        let uuid = PayloadUuid::parse(&format!("00000000-0000-4000-8000-{n:012}"));
        identifier.ok().zip(uuid.ok())
    };
    ProfileSet::from_entries((0..20).filter_map(entry).collect())
}

/// A host in sync, with a push target.
fn enroll(n: u64) -> Vec<Change> {
    let now = Timestamp(1_800_000_000_000 + n);
    let set = profiles();
    let sync = SyncState {
        phase: Phase::Enrolled,
        sequence: 42,
        delivered: set.clone(),
        observed: Some(Observed {
            set,
            unmanaged: Vec::new(),
            sequence: 42,
            at: now,
        }),
        ..SyncState::new()
    };
    let mut record = EnrollmentRecord::new(EnrollmentId::device(host(n)), sync, now);
    record.push = Some(PushTarget {
        topic: "com.apple.mgmt.External.00000000-0000-4000-8000-000000000000".to_owned(),
        magic: "00000000-0000-4000-8000-000000000000".to_owned(),
        token: vec![7; 32],
    });
    let attributes = Attributes {
        serial_number: Some(format!("C02{n:09}")),
        os_version: Some("26.1".to_owned()),
        ..Attributes::default()
    };
    vec![
        Change::Host {
            id: host(n),
            attributes,
            attributes_at: Some(now),
            enrolled_at: now,
        },
        Change::Enrollment(record),
    ]
}

/// The limit: 64 bytes a row into a file that has its length already, one flush for a group.
#[divan::bench]
fn raw_log_of_256(bencher: Bencher<'_, '_>) {
    let mut file = tempfile::tempfile().unwrap_or_else(|error| panic!("{error}"));
    let filled = file.write_all(&vec![1; 1 << 24]).and(file.sync_all());
    filled.unwrap_or_else(|error| panic!("{error}"));
    let rows = [2; 64 * 256];
    bencher.counter(ItemsCount::new(GROUP)).bench_local(|| {
        let at = file.stream_position().map_or(0, |at| at % (1 << 23));
        let written = file
            .seek(SeekFrom::Start(at))
            .and_then(|_| file.write_all(&rows))
            .and_then(|()| file.sync_data());
        written.unwrap_or_else(|error| panic!("{error}"));
    });
}

/// A group of sync states of hosts that lie anywhere, durable.
#[divan::bench]
fn commit_of_256(bencher: Bencher<'_, '_>) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let site = &*SITE;
    bencher
        .counter(ItemsCount::new(GROUP))
        .with_inputs(|| {
            let first = NEXT.fetch_add(GROUP, Ordering::Relaxed);
            let records = (first..first + GROUP).filter_map(|n| {
                let found = site.store.host(&host(n % HOSTS)).ok().flatten();
                let mut record = found?.enrollments.pop()?;
                record.sync.sequence += 1;
                Some(Change::Enrollment(record))
            });
            records.collect::<Vec<Change>>()
        })
        .bench_values(|batch| site.store.commit(batch));
}

/// One host with its enrollment.
#[divan::bench]
fn point_read(bencher: Bencher<'_, '_>) {
    let site = &*SITE;
    let id = host(77);
    bencher.bench(|| site.store.host(black_box(&id)));
}

/// The outlines of all hosts, as at a start.
#[divan::bench(sample_count = 10)]
fn all_outlines(bencher: Bencher<'_, '_>) {
    let site = &*SITE;
    bencher.counter(ItemsCount::new(HOSTS)).bench(|| {
        let mut after = None;
        let mut hosts = 0;
        while let Ok(page) = site.store.outlines(after.as_ref(), OUTLINES_PAGE_MAX) {
            hosts += page.len();
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
        }
        hosts
    });
}

/// Opening the file of a store that was never closed.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn open_after_a_kill(bencher: Bencher<'_, '_>) {
    let site = &*SITE;
    let copy = site.folder.path().join("killed.redb");
    bencher
        .with_inputs(|| {
            // Nobody writes now, so the copy is what a killed process leaves.
            let copied = fs::copy(&site.file, &copy).and_then(|_| File::open(&copy)?.sync_all());
            copied.unwrap_or_else(|error| panic!("{error}"));
        })
        .bench_values(|()| open(&copy));
}
