//! What a change of plugins would alter, told before it is made.

use std::sync::Arc;

use mooring_server::api::{BindingState, EnableWish, Impact, OnFailure, PluginPlan, PluginState};
use mooring_server::change::{ChangeError, ChangeOptions};
use mooring_server::core::CoreOptions;
use mooring_server::impact::RemovalGuard;
use mooring_server::plugins::PluginError;
use mooring_store::{MemoryStore, Store};
use mooring_tests::server::{judge, upload};
use mooring_tests::{Draft, Host, TestClock, TestServer, settle};
use serde_json::Value;

use super::generating::{generator, made};
use super::{
    HOSTILE, ID, bind, by, done, install, plan, planned, provoking, switch, upgrade, validator,
    version, with_plugin,
};

const A: &str = "com.harborworks.a";

/// A plan of a binding names what it would find, binds nothing, and one of a removal names what
/// would be gone.
#[test]
fn plans() {
    let server = with_plugin();
    server.push_taken(Draft::new(A, "1").xml());
    let wish = || validator(OnFailure::Block);
    let found = plan(server.bind_plugin("all", wish(), &planned()).unwrap());
    assert_eq!((found.judged, found.profiles.len()), (1, 1));
    assert_eq!(found.profiles[0].added[0].rule, "H000");
    assert!(server.binding("all").is_err());
    bind(&server, "all", wish()).unwrap();
    let found = plan(server.unbind_plugin("all", &planned()).unwrap());
    assert_eq!(found.profiles[0].removed[0].rule, "H000");
    assert!(server.binding("all").is_ok());
}

/// Disabling names the findings that would be gone, enabling those that would come; a plan does
/// neither.
#[test]
fn switching() {
    let server = with_plugin();
    server.push_taken(Draft::new(A, "1").xml());
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    let off = plan(server.disable_plugin(ID, &planned()).unwrap());
    assert_eq!((off.judged, off.profiles.len()), (1, 1));
    assert_eq!(off.profiles[0].removed[0].rule, "H000");
    assert!(off.profiles[0].added.is_empty() && off.hosts.is_none());
    assert_eq!(
        server.plugin(ID).unwrap().summary.state,
        PluginState::Enabled
    );
    switch(&server, false);
    let wish = EnableWish::default();
    let on = plan(server.enable_plugin(ID, wish, &planned()).unwrap());
    assert_eq!(on.profiles[0].added[0].rule, "H000");
    assert_eq!(
        server.plugin(ID).unwrap().summary.state,
        PluginState::Disabled
    );
    switch(&server, true);
    assert_eq!(
        server.plugin(ID).unwrap().summary.state,
        PluginState::Enabled
    );
}

/// A plan over profiles on which the plugin runs out of time asks a few times only and counts the
/// others; the binding at work is as it was, also after a planned push.
#[test]
fn plans_leave_breakers_alone() {
    let server = with_plugin();
    for number in 0..8 {
        server.push_taken(provoking(&format!("{A}{number}"), "loop"));
    }
    let mut wish = validator(OnFailure::Warn);
    wish.limits.timeout_ms = Some(20);
    let counts = |told: &PluginPlan| (told.judged, told.left_out, told.profiles.len());
    let told = plan(server.bind_plugin("all", wish.clone(), &planned()).unwrap());
    assert_eq!(counts(&told), (5, 3, 5));
    assert_eq!(told.profiles[0].added[0].rule, "plugin-timeout");
    bind(&server, "all", wish).unwrap();
    for _ in 0..8 {
        let told = plan(server.unbind_plugin("all", &planned()).unwrap());
        assert_eq!(counts(&told), (5, 3, 5));
    }
    let file = |number| upload("a", provoking(&format!("{A}.{number}"), "loop"));
    let files: Vec<_> = (0..6).map(file).collect();
    let pushed = server.shared().push(&files, false, &planned()).unwrap();
    let last = &pushed.results[5].findings;
    assert!(last.iter().any(|it| it.rule == "plugin-back-off"));
    let state = server.binding("all").unwrap().state;
    assert_eq!(state, BindingState::Active);
}

/// A plugin that is disabled is not run to bind it, not even to check settings or to make profiles,
/// and not for a plan: it has to be enabled first. What it is bound to can be removed.
#[test]
fn disabled_ones_are_not_asked() {
    let server = with_plugin();
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    switch(&server, false);
    let mut looping = generator(&[]);
    looping.settings = Some(Value::String("loop".to_owned()));
    for wish in [validator(OnFailure::Warn), looping] {
        for options in [by(), planned()] {
            let error = server.bind_plugin("other", wish.clone(), &options);
            let error = error.unwrap_err();
            assert!(matches!(error, PluginError::Disabled(_)), "{error}");
        }
    }
    done(server.unbind_plugin("all", &by()).unwrap());
}

/// A server of four hosts that holds what takes something from more than one of them, with a generator
/// bound.
fn guarded() -> (TestServer, Vec<Host>) {
    let guard = RemovalGuard {
        hosts_max: 1000,
        share_max: 50,
        hosts_min: 1,
    };
    let options = CoreOptions {
        removal_guard: Some(guard),
        ..CoreOptions::default()
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new().unwrap());
    let server = TestServer::with_options(store, judge(), &TestClock::new(), options);
    install(&server, HOSTILE).unwrap();
    bind(
        &server,
        "gen",
        generator(&[made("com.harborworks.made.a", "1")]),
    )
    .unwrap();
    let mut hosts: Vec<_> = (0..4).map(Host::without_user).collect();
    settle(&server, &mut hosts);
    (server, hosts)
}

#[track_caller]
fn held<T: std::fmt::Debug>(change: Result<T, PluginError>) -> Impact {
    match change {
        Err(PluginError::Change(ChangeError::Held(impact))) => *impact,
        other => panic!("it was not held: {other:?}"),
    }
}

/// Removing a binding whose profile all hosts have is held as any other mass removal is, and so is a
/// change of its settings that makes nothing any more: hosts keep what they have until somebody
/// confirms the number.
#[test]
fn mass_removals_are_held() {
    let (server, mut hosts) = guarded();
    let told = plan(server.unbind_plugin("gen", &planned()).unwrap());
    let told = told.hosts.expect("hosts would lose something");
    assert_eq!((told.is_held, told.confirm), (true, 4));
    let impact = held(server.unbind_plugin("gen", &by()));
    assert_eq!((impact.hosts_losing, impact.confirm), (4, 4));
    let other = generator(&[made("com.harborworks.made.b", "1")]);
    held(server.bind_plugin("gen", other, &by()));
    assert!(server.binding("gen").is_ok());
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.identifiers().len() == 1));
    let confirmed = ChangeOptions {
        confirm: Some(4),
        ..by()
    };
    done(server.unbind_plugin("gen", &confirmed).unwrap());
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.identifiers().is_empty()));
}

/// An upgrade tells as well what its generators would make otherwise, and makes nothing.
#[test]
fn upgrades() {
    let (server, _) = guarded();
    let before = server.binding("gen").unwrap();
    let wish = super::InstallWish {
        is_upgrade: true,
        ..super::unsigned()
    };
    let told = server.install_plugin(&version("0.2.0"), &wish, &planned());
    plan(told.unwrap());
    assert_eq!(server.plugin(ID).unwrap().summary.version, "0.1.0");
    upgrade(&server, &version("0.2.0")).unwrap();
    assert_eq!(server.binding("gen").unwrap(), before);
}
