//! Plugins of others on a server: installed, bound, upgraded, failing, and kept.
//!
//! Knows nothing of how a plugin is run. Invariant: every version here is the same component with a
//! few bytes of its manifest changed, so what differs is what the server makes of it.

mod assigning;
mod contracts;
mod generating;
mod granting;
mod installing;
mod judging;
mod keeping;
mod planning;
mod terminal;
mod together;
mod trusted;
mod weighing;

use std::collections::BTreeSet;
use std::sync::Arc;

use mooring_author::signing::{KeyPair, SecretKey, TrustList};
use mooring_server::api::{
    BindingDetail, BindingLimits, BindingWish, EnableWish, InstallWish, OnFailure, PluginDetail,
    PluginPlan, PluginRole,
};
use mooring_server::change::ChangeOptions;
use mooring_server::core::CoreOptions;
use mooring_server::plugins::{PluginChange, PluginError};
use mooring_store::{MemoryStore, Store};
use mooring_tests::server::judge;
use mooring_tests::{Draft, TestClock, TestServer};

/// The plugin that misbehaves on request.
const HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mooring-hostile.wasm"));

/// Its id.
const ID: &str = "com.mooring.test.hostile";

/// The component with `to` in the place of every `from`, of the same length.
#[track_caller]
pub(crate) fn changed(component: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut changed = component.to_vec();
    let places: Vec<_> = component
        .windows(from.len())
        .enumerate()
        .filter_map(|(at, part)| (part == from.as_bytes()).then_some(at))
        .collect();
    assert!(!places.is_empty(), "{from} is in the component");
    for at in places {
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    changed
}

/// The plugin in this version, `0.x.0`.
fn version(version: &str) -> Vec<u8> {
    let to = format!("\"version\": \"{version}\"");
    changed(HOSTILE, "\"version\": \"0.1.0\"", &to)
}

fn unsigned() -> InstallWish {
    InstallWish {
        allow_unsigned: true,
        ..InstallWish::default()
    }
}

fn by() -> ChangeOptions {
    ChangeOptions::by("test")
}

fn planned() -> ChangeOptions {
    ChangeOptions {
        is_plan: true,
        ..by()
    }
}

#[track_caller]
fn done<T>(change: PluginChange<T>) -> T {
    match change {
        PluginChange::Done(value) => value,
        PluginChange::Planned(plan) => panic!("only planned: {plan:#?}"),
    }
}

#[track_caller]
fn plan<T>(change: PluginChange<T>) -> PluginPlan {
    match change {
        PluginChange::Planned(plan) => *plan,
        PluginChange::Done(_) => panic!("it was made"),
    }
}

/// Installs a component without a signature.
fn install(server: &TestServer, component: &[u8]) -> Result<PluginDetail, PluginError> {
    server
        .install_plugin(component, &unsigned(), &by())
        .map(done)
}

/// Puts a component in the place of the installed one.
fn upgrade(server: &TestServer, component: &[u8]) -> Result<PluginDetail, PluginError> {
    let wish = InstallWish {
        is_upgrade: true,
        ..unsigned()
    };
    server.install_plugin(component, &wish, &by()).map(done)
}

/// A binding that judges every profile.
fn validator(on_failure: OnFailure) -> BindingWish {
    BindingWish {
        plugin: ID.to_owned(),
        role: Some(PluginRole::Validator),
        profiles: BTreeSet::new(),
        labels: BTreeSet::new(),
        settings: None,
        limits: BindingLimits::default(),
        on_failure,
        prefixes: BTreeSet::new(),
        values: BTreeSet::new(),
        allow_untrusted: false,
    }
}

fn bind(server: &TestServer, name: &str, wish: BindingWish) -> Result<BindingDetail, PluginError> {
    server.bind_plugin(name, wish, &by()).map(done)
}

/// Switches the plugin on or off.
#[track_caller]
fn switch(server: &TestServer, is_enabled: bool) -> PluginDetail {
    let switched = if is_enabled {
        server.enable_plugin(ID, EnableWish::default(), &by())
    } else {
        server.disable_plugin(ID, &by())
    };
    done(switched.unwrap())
}

/// A server with the plugin installed.
fn with_plugin() -> TestServer {
    let server = TestServer::new();
    install(&server, HOSTILE).expect("the plugin is taken");
    server
}

/// A profile that has the plugin misbehave in this way; otherwise there is nothing wrong with it.
fn provoking(identifier: &str, how: &str) -> String {
    Draft::new(identifier, how)
        .xml()
        .replace("<key>Greeting</key>", "<key>Misbehave</key>")
}

/// A pair of keys, and a server that trusts them.
fn trusting() -> (SecretKey, TestServer) {
    let pair = KeyPair::generate().unwrap();
    let options = CoreOptions {
        plugin_trust: TrustList::parse(&pair.public).unwrap().into(),
        ..CoreOptions::default()
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new().unwrap());
    let server = TestServer::with_options(store, judge(), &TestClock::new(), options);
    (SecretKey::read(&pair.secret, None).unwrap(), server)
}
