//! Generators: two runs agree, and a failure is told.

use mooring_plugin::{Context, Limits};

use crate::PLUGIN;

/// Nothing survives a call, so two equal calls of a generator that counts its calls agree.
#[test]
fn generating_twice() {
    let call = PLUGIN.generate_twice("seed", &Context::default(), &Limits::default());
    let made = call.outcome.done().unwrap();
    assert_eq!(made[0].key, "only");
    assert_eq!(made[0].profile, b"seed 0");
    assert_eq!(made[0].notes[0].message, "made");
    let context = Context {
        settings: "failure".into(),
        ..Context::default()
    };
    let call = PLUGIN.generate_twice("seed", &context, &Limits::default());
    assert_eq!(call.complaint(PLUGIN.id()).unwrap().rule, "plugin-failure");
}
