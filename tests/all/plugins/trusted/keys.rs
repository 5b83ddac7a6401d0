//! Keys that come and go, plugins that change hands, and versions that come back.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mooring_author::signing::{KeyPair, SecretKey};
use mooring_server::api::{InstallWish, OnFailure};
use mooring_server::core::CoreOptions;
use mooring_server::plugins::{PluginError, PluginTrust};
use mooring_store::{MemoryStore, Store};
use mooring_tests::server::judge;
use mooring_tests::{TestClock, TestServer};

use crate::plugins::{
    HOSTILE, ID, bind, by, done, install, plan, planned, unsigned, upgrade, validator, version,
};

/// A server that trusts the keys of a file.
fn trusting(file: &Path) -> TestServer {
    let options = CoreOptions {
        plugin_trust: PluginTrust::read(vec![file.to_owned()]).unwrap(),
        ..CoreOptions::default()
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new().unwrap());
    TestServer::with_options(store, judge(), &TestClock::new(), options)
}

/// A wish for a component that is signed with this key.
fn signed(pair: &KeyPair, component: &[u8], version: &str) -> InstallWish {
    let key = SecretKey::read(&pair.secret, None).unwrap();
    InstallWish {
        signature: Some(key.sign(component, ID, version).unwrap()),
        ..InstallWish::default()
    }
}

/// A list may change while the server runs: a new key counts at once; one that was taken off leaves its
/// plugin at work and is told of, and the plugin is bound anew only where that is meant, for that once.
#[test]
fn rotation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.pub");
    let (old, new) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    fs::write(&file, &old.public).unwrap();
    let server = trusting(&file);
    let try_with = |wish: &InstallWish, component: &[u8]| {
        server.install_plugin(component, wish, &by()).map(done)
    };
    let by_new = signed(&new, HOSTILE, "0.1.0");
    let error = try_with(&by_new, HOSTILE).unwrap_err();
    assert!(matches!(error, PluginError::Untrusted(_)), "{error}");
    try_with(&signed(&old, HOSTILE, "0.1.0"), HOSTILE).unwrap();
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    assert!(!server.plugin(ID).unwrap().summary.is_signer_untrusted);
    assert!(server.summary().unwrap().plugin_problems.is_empty());

    fs::write(&file, &new.public).unwrap();
    assert!(server.plugin(ID).unwrap().summary.is_signer_untrusted);
    assert_eq!(server.summary().unwrap().plugin_problems[0].id, ID);
    let calls = || server.binding("all").unwrap().state;
    assert_eq!(calls(), mooring_server::api::BindingState::Active);
    let error = bind(&server, "more", validator(OnFailure::Block)).unwrap_err();
    assert!(matches!(error, PluginError::NoLongerTrusted(_)), "{error}");
    let mut meant = validator(OnFailure::Block);
    meant.allow_untrusted = true;
    let bound = bind(&server, "more", meant).unwrap();
    assert!(!bound.binding.allow_untrusted);

    let by_new = InstallWish {
        is_upgrade: true,
        allow_other_signer: true,
        ..by_new
    };
    let detail = try_with(&by_new, HOSTILE).unwrap();
    assert!(!detail.summary.is_signer_untrusted);
    bind(&server, "third", validator(OnFailure::Block)).unwrap();
}

/// A list that broke while the server runs is no empty one: it refuses everything that would be
/// installed, and the status names it.
#[test]
fn a_broken_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.pub");
    fs::write(&file, KeyPair::generate().unwrap().public).unwrap();
    let server = trusting(&file);
    assert!(server.summary().unwrap().plugin_trust_problems.is_empty());
    for broken in ["nonsense", "# no key any more"] {
        fs::write(&file, broken).unwrap();
        let error = install(&server, HOSTILE).unwrap_err();
        assert!(matches!(error, PluginError::Trust(_)), "{error}");
        let problems = server.summary().unwrap().plugin_trust_problems;
        assert!(problems[0].contains("keys.pub"), "{problems:?}");
    }
    assert!(server.plugins().plugins.is_empty());
}

/// Another trusted key than before takes a plugin over only where that is meant, also after the plugin
/// was removed or had a version without any signature; the plan tells from whom to whom.
#[test]
fn another_signer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.pub");
    let (ours, theirs) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    fs::write(&file, format!("{}\n{}", ours.public, theirs.public)).unwrap();
    let server = trusting(&file);
    let two = version("0.2.0");
    let first = signed(&ours, HOSTILE, "0.1.0");
    done(server.install_plugin(HOSTILE, &first, &by()).unwrap());
    let mut wish = InstallWish {
        is_upgrade: true,
        ..signed(&theirs, &two, "0.2.0")
    };
    let refused = |wish: &InstallWish| {
        let error = server.install_plugin(&two, wish, &by()).unwrap_err();
        assert!(matches!(error, PluginError::OtherSigner { .. }), "{error}");
    };
    refused(&wish);
    wish.allow_other_signer = true;
    let shown = plan(server.install_plugin(&two, &wish, &planned()).unwrap());
    let shown = shown.signer.unwrap();
    let line = |pair: &KeyPair| pair.public.lines().nth(1).unwrap().to_owned();
    assert_eq!(shown.was.unwrap().key, line(&ours));
    assert_eq!(shown.becomes.unwrap().key, line(&theirs));

    wish.allow_other_signer = false;
    upgrade(&server, HOSTILE).unwrap();
    refused(&wish);
    server.remove_plugin(ID).unwrap();
    wish.is_upgrade = false;
    refused(&wish);
    wish.allow_other_signer = true;
    done(server.install_plugin(&two, &wish, &by()).unwrap());
}

/// Removing a plugin first is no way around the leave that an older version needs, nor is a restart.
#[test]
fn no_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("a.redb"), TestClock::new());
    let server = TestServer::open(&file, &clock);
    install(&server, &version("0.2.0")).unwrap();
    server.remove_plugin(ID).unwrap();
    drop(server);
    let server = TestServer::open(&file, &clock);
    let older = |error: &PluginError| matches!(error, PluginError::Older { .. });
    let error = install(&server, HOSTILE).unwrap_err();
    assert!(older(&error), "{error}");
    let meant = InstallWish {
        allow_downgrade: true,
        ..unsigned()
    };
    done(server.install_plugin(HOSTILE, &meant, &by()).unwrap());
    // What was allowed once is not allowed for good: the mark is where it was.
    server.remove_plugin(ID).unwrap();
    let error = install(&server, HOSTILE).unwrap_err();
    assert!(older(&error), "{error}");
    install(&server, &version("0.3.0")).unwrap();
}
