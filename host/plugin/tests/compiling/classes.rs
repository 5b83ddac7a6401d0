//! What interpreted plugins may have that others may not.

use std::time::Duration;

use mooring_plugin::{
    Class, CompileError, Context, Limits, LoadError, Loading, Outcome, Plugin, Runtime,
    RuntimeOptions,
};
use wasmparser::{Parser, Payload};

use crate::{HOSTILE, document};

const INTERPRETED: Loading = Loading {
    class: Class::Interpreted,
    origin: mooring_plugin::Origin::Outside,
};

/// The hostile component with this many core instances of an empty module more.
fn with_instances(more: u8) -> Vec<u8> {
    let mut component = HOSTILE.clone();
    let modules = Parser::new(0)
        .parse_all(&HOSTILE)
        .filter(|payload| matches!(payload, Ok(Payload::ModuleSection { .. })))
        .count();
    component.extend([1, 8]);
    component.extend(b"\0asm\x01\0\0\0");
    let mut instances = vec![more];
    for _ in 0..more {
        instances.extend([0, u8::try_from(modules).unwrap(), 0]);
    }
    let length = u8::try_from(instances.len()).unwrap();
    component.push(2);
    // Both forms of a length, since one byte holds 127.
    component.extend([length | 0x80, length >> 7]);
    component.extend(instances);
    component
}

fn load(component: &[u8], loading: Loading) -> Result<Plugin, LoadError> {
    let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
    runtime.load_as(component, loading)
}

/// A plugin of many parts is refused as an ordinary one and runs as an interpreted one, up to that
/// one's own bound.
#[test]
fn parts() {
    assert!(load(&with_instances(3), Loading::default()).is_ok());
    let error = load(&with_instances(20), Loading::default()).unwrap_err();
    assert!(
        matches!(error, LoadError::Compile(CompileError::Refused { .. })),
        "{error:?}"
    );
    let plugin = load(&with_instances(20), INTERPRETED).unwrap();
    let call = plugin.check_settings("bad", &Limits::of(Class::Interpreted));
    assert_eq!(call.findings(plugin.id())[0].rule, "H001");
    let error = load(&with_instances(70), INTERPRETED).unwrap_err();
    let LoadError::DoesNotStart { outcome, .. } = &error else {
        panic!("{error:?}")
    };
    let Outcome::Trapped { text } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(text.contains("instance count too high"), "{text}");
}

/// An interpreted plugin may have more memory, and no more than that.
#[test]
fn memory() {
    let plugin = load(&HOSTILE, INTERPRETED).unwrap();
    let limits = Limits {
        memory_bytes: 1 << 30,
        timeout: Duration::from_secs(10),
        ..Limits::default()
    };
    let context = Context {
        settings: "memory".to_owned(),
        ..Context::default()
    };
    let document = document();
    let subject = mooring_plugin::Subject::new(&document, b"", |_| (0, 0));
    let call = plugin.validate(&subject, &context, &limits);
    let limit_bytes = 256 << 20;
    assert_eq!(call.outcome, Outcome::OutOfMemory { limit_bytes });
    assert!(call.peak_memory_bytes > 200 << 20);
}

/// An interpreted plugin may be larger.
#[test]
fn size() {
    let small = RuntimeOptions {
        component_bytes_max: 1000,
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(&small).unwrap();
    assert!(matches!(
        runtime.load(&HOSTILE),
        Err(LoadError::TooLarge { .. })
    ));
    assert!(runtime.load_as(&HOSTILE, INTERPRETED).is_ok());
    let vast = vec![0; (32 << 20) + 1];
    assert!(matches!(
        runtime.load_as(&vast, INTERPRETED),
        Err(LoadError::TooLarge { bytes_max, .. }) if bytes_max == 32 << 20
    ));
}
