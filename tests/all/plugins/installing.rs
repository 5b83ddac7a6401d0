//! From a component to an installed plugin, and every reason not to get there.

use mooring_author::signing::{KeyPair, SecretKey};
use mooring_server::api::{InstallWish, PluginState};
use mooring_server::plugins::PluginError;
use mooring_tests::TestServer;

use super::{
    HOSTILE, ID, by, changed, done, install, plan, planned, trusting, unsigned, upgrade, version,
    with_plugin,
};

fn signed(signature: String) -> InstallWish {
    InstallWish {
        signature: Some(signature),
        ..InstallWish::default()
    }
}

/// The error with its causes.
fn chain(error: &PluginError) -> String {
    let first: &dyn std::error::Error = error;
    let causes = std::iter::successors(Some(first), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// A component whose signature is of a trusted key is taken without any flag, and the key is shown;
/// a changed byte, another key, and a signature for another version are refused.
#[test]
fn signatures_decide() {
    let (key, server) = trusting();
    let good = key.sign(HOSTILE, ID, "0.1.0").unwrap();
    let try_with = |component: &[u8], wish: &InstallWish| {
        server.install_plugin(component, wish, &by()).map(done)
    };
    let mut broken = HOSTILE.to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let error = try_with(&broken, &signed(good.clone())).unwrap_err();
    assert!(matches!(error, PluginError::Untrusted(_)), "{error}");
    let pair = KeyPair::generate().unwrap();
    let other = SecretKey::read(&pair.secret, None).unwrap();
    let others = other.sign(HOSTILE, ID, "0.1.0").unwrap();
    let error = try_with(HOSTILE, &signed(others)).unwrap_err();
    assert!(matches!(error, PluginError::Untrusted(_)), "{error}");
    let tampered = good.replace("0.1.0", "0.9.0");
    let error = try_with(HOSTILE, &signed(tampered)).unwrap_err();
    assert!(matches!(error, PluginError::Untrusted(_)), "{error}");
    let misnamed = key.sign(HOSTILE, ID, "0.9.0").unwrap();
    let error = try_with(HOSTILE, &signed(misnamed)).unwrap_err();
    assert!(matches!(error, PluginError::OtherSigned { .. }), "{error}");
    assert!(server.plugins().plugins.is_empty());
    let detail = try_with(HOSTILE, &signed(good)).unwrap();
    assert!(detail.summary.signed_by.is_some());
    assert_eq!(detail.summary.state, PluginState::Enabled);
}

/// Without a signature a component is taken only where that is allowed, and is shown without a
/// signer; a wrong signature is not made up for by that.
#[test]
fn unsigned_ones_need_leave() {
    let server = TestServer::new();
    let refused = server.install_plugin(HOSTILE, &InstallWish::default(), &by());
    assert!(matches!(refused.unwrap_err(), PluginError::Unsigned));
    let refused = server.install_plugin(HOSTILE, &signed("x".to_owned()), &by());
    assert!(matches!(refused.unwrap_err(), PluginError::NobodyTrusted));
    let detail = install(&server, HOSTILE).unwrap();
    assert_eq!(detail.summary.signed_by, None);
    let (_, trusting) = trusting();
    let both = InstallWish {
        signature: Some("x".to_owned()),
        ..unsigned()
    };
    let refused = trusting.install_plugin(HOSTILE, &both, &by());
    assert!(matches!(refused.unwrap_err(), PluginError::Untrusted(_)));
}

/// A forbidden import is named, the id of a built-in plugin is not given to another, another contract is named with ours, and a manifest that lies about
/// its roles or about what its tests show is refused; nothing of them stays.
#[test]
fn other_components() {
    let server = TestServer::new();
    let mut import = b"\x01\x00\x12wasi:io/poll@0.2.0\x05\x00".to_vec();
    let mut wasi = b"\0asm\x0d\0\x01\0\x07\x03\x01\x42\x00\x0a".to_vec();
    wasi.push(u8::try_from(import.len()).unwrap());
    wasi.append(&mut import);
    let roles = changed(
        HOSTILE,
        "\"validator\", \"generator\"",
        "\"validator\"             ",
    );
    for (component, says) in [
        (wasi, "imports `wasi:io/poll@0.2.0`"),
        (
            changed(
                HOSTILE,
                "\"contract\": \"0.1.0\"",
                "\"contract\": \"0.9.0\"",
            ),
            "made for contract 0.9.0; this host runs 0.1.0",
        ),
        (roles, "the component exports"),
        (
            changed(HOSTILE, "\"expect\": [\"H000\"]", "\"expect\": [\"H999\"]"),
            "`H999` is expected",
        ),
        (
            changed(HOSTILE, "\"id\": \"H000\"", "\"id\": \"X000\""),
            "the manifest does not list the rules `H000`",
        ),
        (
            mooring_builtin::ENROLLMENT.component.to_vec(),
            "a plugin that is built in",
        ),
        (b"hello".to_vec(), "no wasm component"),
        (vec![0; 9 << 20], "at most"),
    ] {
        let error = install(&server, &component).unwrap_err();
        let text = chain(&error);
        assert!(text.contains(says), "{text}");
    }
    assert!(server.plugins().plugins.is_empty());
}

/// Another version takes the place of the installed one only by an upgrade; an older one only where
/// that is allowed; one that does not pass leaves the old one at work.
#[test]
fn upgrades() {
    let server = TestServer::new();
    let error = upgrade(&server, HOSTILE).unwrap_err();
    assert!(matches!(error, PluginError::NotFound(_)), "{error}");
    install(&server, HOSTILE).unwrap();
    let error = install(&server, &version("0.2.0")).unwrap_err();
    assert!(matches!(error, PluginError::Installed { .. }), "{error}");
    let before = server.plugin(ID).unwrap();
    let bad = changed(
        &version("0.3.0"),
        "\"expect\": [\"H000\"]",
        "\"expect\": [\"H999\"]",
    );
    let error = upgrade(&server, &bad).unwrap_err();
    assert!(matches!(error, PluginError::Fails { .. }), "{error}");
    assert_eq!(server.plugin(ID).unwrap(), before);
    let after = upgrade(&server, &version("0.2.0")).unwrap();
    assert_eq!(after.summary.version, "0.2.0");
    assert_eq!(after.previous_digest, Some(before.summary.digest));
    let error = upgrade(&server, HOSTILE).unwrap_err();
    assert!(matches!(error, PluginError::Older { .. }), "{error}");
    let back = InstallWish {
        is_upgrade: true,
        allow_downgrade: true,
        ..unsigned()
    };
    let back = done(server.install_plugin(HOSTILE, &back, &by()).unwrap());
    assert_eq!(back.summary.version, "0.1.0");
}

/// A plan says what a plugin would find in stored profiles, and installs nothing.
#[test]
fn a_plan_installs_nothing() {
    let server = TestServer::new();
    server.push_taken(super::provoking("com.harborworks.a", "panic"));
    let plan = plan(
        server
            .install_plugin(HOSTILE, &unsigned(), &planned())
            .unwrap(),
    );
    assert_eq!(plan.judged, 1);
    assert_eq!(plan.profiles[0].identifier.as_str(), "com.harborworks.a");
    assert_eq!(plan.profiles[0].added[0].rule, "plugin-panic");
    assert!(server.plugins().plugins.is_empty());
}

/// A plugin that is bound is not removed; one that is not, is, and another may come in its place.
#[test]
fn removal() {
    let server = with_plugin();
    super::bind(&server, "all", super::validator(super::OnFailure::Block)).unwrap();
    let error = server.remove_plugin(ID).unwrap_err();
    assert!(matches!(error, PluginError::Bound { .. }), "{error}");
    done(server.unbind_plugin("all", &by()).unwrap());
    server.remove_plugin(ID).unwrap();
    assert!(server.plugins().plugins.is_empty());
    let error = server.remove_plugin(ID).unwrap_err();
    assert!(matches!(error, PluginError::NotFound(_)), "{error}");
    install(&server, HOSTILE).unwrap();
}

/// A rule is one plugin's: one that declares a rule of the host, of a built-in, of another installed
/// plugin, or one by which the host speaks of plugins is refused, however it is written.
#[test]
fn rules_have_one_owner() {
    let server = TestServer::new();
    let own = "\"H002\", \"severity\": \"warning\", \"text\": \"Somewhere is somewhere.\"";
    for (rule, says) in [
        ("P009", "is the host's"),
        ("v001", "is the host's"),
        ("t002", "is that of the built-in plugin structure"),
        ("plugin-x", "the host keeps for itself"),
        ("Plugin-x", "the host keeps for itself"),
        ("Settings", "the host keeps for itself"),
        ("held", "the host keeps for itself"),
    ] {
        let to = format!("\"{rule}\", \"severity\": \"warning\", \"text\": \"Some.\"");
        let to = format!("{to:<length$}", length = own.len());
        let component = changed(HOSTILE, own, &to);
        let text = chain(&install(&server, &component).unwrap_err());
        assert!(text.contains(says), "{rule}: {text}");
    }
    assert!(server.plugins().plugins.is_empty());
    install(&server, HOSTILE).unwrap();
    let other = changed(HOSTILE, ID, "com.mooring.test.another");
    let text = chain(&install(&server, &other).unwrap_err());
    assert!(
        text.contains("is that of the plugin com.mooring.test.hostile"),
        "{text}"
    );
    upgrade(&server, &version("0.2.0")).unwrap();
}
