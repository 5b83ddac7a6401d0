//! What is taken as a plugin, and what the author of the rest is told.

use mooring_plugin::{Allocation, Digest, LoadError, Role, Runtime, RuntimeOptions};

use crate::{HOSTILE, PLUGIN, RUNTIME};

/// A component with one import of no functions, by its binary encoding.
fn importing(name: &str) -> Vec<u8> {
    let length = |n: usize| u8::try_from(n).unwrap();
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    // Type section: one type, an instance of nothing.
    component.extend([7, 3, 1, 0x42, 0]);
    // Import section: one import of that instance.
    component.extend([10, length(name.len() + 5), 1, 0, length(name.len())]);
    component.extend(name.as_bytes());
    component.extend([5, 0]);
    component
}

/// The hostile component with one text put in place of another of the same length.
fn changed(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut component = HOSTILE.clone();
    let mut places = 0;
    for start in 0..component.len() - from.len() {
        if component[start..].starts_with(from.as_bytes()) {
            component[start..start + from.len()].copy_from_slice(to.as_bytes());
            places += 1;
        }
    }
    assert!(places > 0, "{from} does not occur");
    component
}

fn refused(component: &[u8]) -> LoadError {
    RUNTIME
        .load(component)
        .map(|plugin| plugin.id().clone())
        .unwrap_err()
}

fn told(error: &LoadError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A plugin is known by its manifest and its digest, and comes from the pool.
#[test]
fn a_plugin() {
    assert_eq!(PLUGIN.id().as_str(), "com.mooring.test.hostile");
    assert_eq!(PLUGIN.manifest().roles, [Role::Validator, Role::Generator]);
    assert_eq!(PLUGIN.digest(), Digest::of(&HOSTILE));
    assert!(PLUGIN.digest().to_string().starts_with("sha256:"));
    assert_eq!(RUNTIME.allocation(), Allocation::Pool);
}

/// An import of WASI is refused by its name, with what to do about it.
#[test]
fn wasi_is_refused_by_name() {
    let text = told(&refused(&importing("wasi:io/poll@0.2.0")));
    assert!(
        text.contains("`wasi:io/poll@0.2.0`") && text.contains("wasm32-unknown"),
        "{text}"
    );
    let text = told(&refused(&importing("com:other/thing@1.0.0")));
    assert!(text.contains("`com:other/thing@1.0.0`"), "{text}");
}

/// A plugin of another contract is told both versions, whether it says so in its manifest or not.
#[test]
fn other_contracts() {
    let text = told(&refused(&changed("@0.1.0", "@0.2.0")));
    assert!(
        text.contains("contract 0.2.0") && text.contains("runs 0.1.0"),
        "{text}"
    );
    let text = told(&refused(&changed(
        "\"contract\": \"0.1.0\"",
        "\"contract\": \"9.1.0\"",
    )));
    assert!(text.contains("contract 9.1.0"), "{text}");
}

/// Exports under the right names with other types are found at load, not at the first call.
#[test]
fn other_types() {
    let error = refused(&changed("bad-settings", "bad-sittings"));
    assert!(matches!(error, LoadError::Incompatible { .. }), "{error:?}");
    let text = told(&error);
    assert!(
        text.contains("bad-settings") || text.contains("bad-sittings"),
        "{text}"
    );
}

/// A manifest that names other roles than the component has is refused with both.
#[test]
fn other_roles() {
    let text = told(&refused(&changed(
        r#"["validator", "generator"]"#,
        r#"["validator"             ]"#,
    )));
    assert!(text.contains("names the roles validator,"), "{text}");
    assert!(text.contains("exports validator, generator"), "{text}");
}

/// A component without a manifest, a core module, other bytes and too many bytes get a text each.
#[test]
fn other_files() {
    let text = told(&refused(&changed("mooring:manifest", "mooring:monifest")));
    assert!(text.contains("no section `mooring:manifest`"), "{text}");
    assert!(matches!(refused(b"\0asm\x01\0\0\0"), LoadError::CoreModule));
    assert!(matches!(
        refused(b"PK\x03\x04"),
        LoadError::NotAComponent { .. }
    ));
    assert!(matches!(
        refused(&HOSTILE[..HOSTILE.len() / 2]),
        LoadError::NotAComponent { .. }
    ));
    let small = RuntimeOptions {
        component_bytes_max: 1000,
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(&small).unwrap();
    assert!(matches!(
        runtime.load(&HOSTILE),
        Err(LoadError::TooLarge { .. })
    ));
}

/// A pool that the system does not give is no reason not to run plugins.
#[test]
fn without_a_pool() {
    let vast = RuntimeOptions {
        calls: 1 << 30,
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(&vast).unwrap();
    assert_eq!(runtime.allocation(), Allocation::OnDemand);
    assert!(runtime.load(&HOSTILE).is_ok());
}
