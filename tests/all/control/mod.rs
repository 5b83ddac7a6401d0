//! Changes with care: what a plan says and what then happens, the guard that holds what would remove
//! too much, the pause, sending again, and hosts with two devices.
//!
//! Knows nothing of how it is decided. Invariant: what was planned or held has changed nothing, seen
//! by the store itself.

mod builtins;
mod duplicates;
mod guard;
mod http;
mod pause;
mod plan;
mod resend;
mod shown;

use std::sync::Arc;

use mooring_server::api::Impact;
use mooring_server::change::{ChangeError, ChangeOptions, Changed};
use mooring_server::core::CoreOptions;
use mooring_server::impact::RemovalGuard;
use mooring_server::profiles::ProfileError;
use mooring_store::Store;
use mooring_tests::{Draft, Host, TestClock, TestServer, judge, settle};

const A: &str = "com.harborworks.a";
const B: &str = "com.harborworks.b";
const USER: &str = "com.harborworks.user";

/// More than one host is too many, if it is more than half of them.
const SMALL: RemovalGuard = RemovalGuard {
    hosts_max: 1000,
    share_max: 50,
    hosts_min: 1,
};

/// Says what would follow.
fn planning() -> ChangeOptions {
    ChangeOptions {
        is_plan: true,
        ..ChangeOptions::by("test")
    }
}

fn confirming(number: u64) -> ChangeOptions {
    ChangeOptions {
        confirm: Some(number),
        ..ChangeOptions::by("test")
    }
}

/// A server over `store` whose changes are guarded.
fn guarded(store: Arc<dyn Store>, guard: RemovalGuard) -> TestServer {
    let options = CoreOptions {
        removal_guard: Some(guard),
        ..CoreOptions::default()
    };
    TestServer::with_options(store, judge(), &TestClock::new(), options)
}

/// That many hosts without users, at rest.
fn settled(server: &TestServer, hosts: u32) -> Vec<Host> {
    let mut hosts: Vec<_> = (0..hosts).map(Host::without_user).collect();
    settle(server, &mut hosts);
    hosts.iter_mut().for_each(Host::forget_work);
    hosts
}

fn draft(identifier: &str, content: &str) -> String {
    Draft::new(identifier, content).xml()
}

/// What a planned change said.
#[track_caller]
fn impact<T: std::fmt::Debug>(changed: Changed<T>) -> Impact {
    match changed {
        Changed::Planned(impact) => *impact,
        Changed::Done(done) => panic!("it was made: {done:?}"),
    }
}

/// What a held change would have done.
#[track_caller]
fn held<T: std::fmt::Debug>(result: Result<T, ProfileError>) -> Impact {
    match result {
        Err(ProfileError::Change(ChangeError::Held(impact))) => *impact,
        other => panic!("it was not held: {other:?}"),
    }
}
