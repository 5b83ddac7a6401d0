//! Components that are not taken, each for a reason of its own.
//!
//! Knows nothing of calls. Invariant: each differs from a plugin in order in one thing.

use mooring_plugin::{CompileError, LoadError, ManifestError, Outcome};
use wasm_encoder::{BlockType, Component, RawSection, ValType};

use crate::forge::{EXTRA, Guest, LOG, TEXT, body, endless, manifest, trap};

/// A component, and whether an error is the right one for it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) component: Vec<u8>,
    pub(crate) is_right: fn(&LoadError) -> bool,
}

fn case(name: &'static str, component: Vec<u8>, is_right: fn(&LoadError) -> bool) -> Case {
    Case {
        name,
        component,
        is_right,
    }
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let groups = [starts(), manifests(), broken(), oversized()];
    groups.into_iter().flatten().collect()
}

fn starting(extra: wasm_encoder::Function) -> Vec<u8> {
    Guest {
        extra,
        starts: true,
        ..Guest::default()
    }
    .component()
}

/// Guests that misbehave before anybody asked them anything.
fn starts() -> Vec<Case> {
    let hoard = body(&[], |code| {
        code.loop_(BlockType::Empty)
            .i32_const(16)
            .memory_grow(0)
            .drop()
            .br(0)
            .end();
    });
    let recursion = body(&[], |code| {
        code.call(EXTRA);
    });
    let flood = body(&[], |code| {
        code.loop_(BlockType::Empty)
            .i32_const(0)
            .i32_const(TEXT)
            .i32_const(9)
            .call(LOG)
            .br(0)
            .end();
    });
    let beyond = Guest {
        data: vec![(17 << 16, vec![1])],
        ..Guest::default()
    };
    vec![
        case("an endless start", starting(endless()), |error| {
            starts_with(error, |outcome| matches!(outcome, Outcome::TimedOut { .. }))
        }),
        case("a start that traps", starting(trap()), is_trapped_start),
        case("a start that takes all memory", starting(hoard), |error| {
            starts_with(error, |outcome| {
                matches!(outcome, Outcome::OutOfMemory { .. })
            })
        }),
        case(
            "a start that calls itself",
            starting(recursion),
            is_trapped_start,
        ),
        // At that moment `log` is not tied in yet.
        case(
            "a start that floods the log",
            starting(flood),
            is_trapped_start,
        ),
        case("data beyond memory", beyond.component(), is_trapped_start),
    ]
}

fn starts_with(error: &LoadError, is_right: fn(&Outcome<()>) -> bool) -> bool {
    matches!(error, LoadError::DoesNotStart { outcome, .. } if is_right(outcome))
}

fn is_trapped_start(error: &LoadError) -> bool {
    starts_with(error, |outcome| matches!(outcome, Outcome::Trapped { .. }))
}

fn with_manifests(manifest: Vec<Vec<u8>>) -> Vec<u8> {
    Guest {
        manifest,
        ..Guest::default()
    }
    .component()
}

/// Manifests that lie, or are none.
fn manifests() -> Vec<Case> {
    const ROLES: &str = r#"["validator"]"#;
    let one = |manifest: Vec<u8>| with_manifests(vec![manifest]);
    let good = || manifest("0.1.0", ROLES);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let is_contract = |error: &LoadError| matches!(error, LoadError::Contract { .. });
    let is_roles = |error: &LoadError| matches!(error, LoadError::Roles { .. });
    let is_json =
        |error: &LoadError| matches!(error, LoadError::Manifest(ManifestError::Json { .. }));
    vec![
        case(
            "an old contract",
            one(manifest("0.0.9", ROLES)),
            is_contract,
        ),
        case(
            "a future contract",
            one(manifest("0.2.0", ROLES)),
            is_contract,
        ),
        case(
            "a contract of the far future",
            one(manifest("9.1.0", ROLES)),
            is_contract,
        ),
        case("no contract at all", one(manifest("", ROLES)), is_contract),
        case(
            "a role that it lacks",
            one(manifest("0.1.0", r#"["generator"]"#)),
            is_roles,
        ),
        case(
            "one role too many",
            one(manifest("0.1.0", r#"["validator","generator"]"#)),
            is_roles,
        ),
        case(
            "a role that nobody has",
            one(manifest("0.1.0", r#"["oracle"]"#)),
            is_json,
        ),
        case("no role", one(manifest("0.1.0", "[]")), |error| {
            matches!(error, LoadError::Manifest(ManifestError::NoRole))
        }),
        case("no manifest", with_manifests(Vec::new()), |error| {
            matches!(error, LoadError::Manifest(ManifestError::Missing))
        }),
        case(
            "two manifests",
            with_manifests(vec![good(), good()]),
            |error| matches!(error, LoadError::Manifest(ManifestError::Repeated)),
        ),
        case("a manifest of a MiB", one(vec![b' '; 1 << 20]), |error| {
            matches!(error, LoadError::Manifest(ManifestError::TooLarge { .. }))
        }),
        case("a manifest that is no text", one(vec![0xff; 100]), is_json),
        case("a manifest of 100,000 levels", one(deep), is_json),
        case(
            "an id with control characters",
            one(String::from_utf8(good())
                .unwrap()
                .replace("com.example.forged", "\\u001b[2J")
                .into_bytes()),
            |error| matches!(error, LoadError::Manifest(ManifestError::Id { .. })),
        ),
    ]
}

/// The import of one interface, by its binary encoding.
fn importing(name: &str) -> Vec<u8> {
    let length = |n: usize| u8::try_from(n).unwrap();
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend([7, 3, 1, 0x42, 0]);
    component.extend([10, length(name.len() + 5), 1, 0, length(name.len())]);
    component.extend(name.as_bytes());
    component.extend([5, 0]);
    component
}

/// Files that are no components, or want what plugins do not get.
fn broken() -> Vec<Case> {
    let whole = Guest::default().component();
    let half = whole[..whole.len() / 2].to_vec();
    let mut long = b"\0asm\x0d\0\x01\0".to_vec();
    // A section that says it has 4 GiB.
    long.extend([1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    let mut other_section = whole.clone();
    other_section.extend([99, 3, 1, 2, 3]);
    let mut code = whole.clone();
    let at = code.len() / 3;
    code[at..at + 40].fill(0xff);
    let mut nested = Component::new().finish();
    for _ in 0..200 {
        let mut around = Component::new();
        around.section(&RawSection {
            id: 4,
            data: &nested,
        });
        nested = around.finish();
    }
    let is_no_component = |error: &LoadError| matches!(error, LoadError::NotAComponent { .. });
    let is_import = |error: &LoadError| matches!(error, LoadError::Import { .. });
    let is_refused =
        |error: &LoadError| matches!(error, LoadError::Compile(CompileError::Refused { .. }));
    vec![
        case("half a component", half, is_no_component),
        case("a section of 4 GiB", long, is_no_component),
        case("a section of no known sort", other_section, is_refused),
        case("a core module", Guest::default().module(), |error| {
            matches!(error, LoadError::CoreModule)
        }),
        case("bytes in the middle overwritten", code, |error| {
            matches!(
                error,
                LoadError::NotAComponent { .. } | LoadError::Compile(CompileError::Refused { .. })
            )
        }),
        case("200 components in each other", nested, |error| {
            matches!(
                error,
                LoadError::NotAComponent { .. } | LoadError::Manifest(ManifestError::Missing)
            )
        }),
        case(
            "an import of the clock",
            importing("wasi:clocks/wall-clock@0.2.0"),
            is_import,
        ),
        case(
            "an import of sockets",
            importing("wasi:sockets/tcp@0.2.0"),
            is_import,
        ),
        case(
            "an import of its own making",
            importing("com:evil/shell@1.0.0"),
            is_import,
        ),
        case(
            "an import that looks like ours",
            importing("mooring:plugin/files@0.1.0"),
            is_import,
        ),
        case("nothing", Vec::new(), is_no_component),
    ]
}

/// Components that ask for more parts or memory than there is.
fn oversized() -> Vec<Case> {
    let guest = Guest::default;
    let is_refused =
        |error: &LoadError| matches!(error, LoadError::Compile(CompileError::Refused { .. }));
    let sized = |guest: Guest| guest.component();
    vec![
        case(
            "4 GiB of memory at the start",
            sized(Guest {
                pages: 65_536,
                ..guest()
            }),
            is_refused,
        ),
        case(
            "100 MiB of memory at the start",
            sized(Guest {
                pages: 1_600,
                ..guest()
            }),
            is_refused,
        ),
        case(
            "ten memories",
            sized(Guest {
                memories: 10,
                ..guest()
            }),
            is_refused,
        ),
        case(
            "a table of 4 billion",
            sized(Guest {
                table: 0xffff_ffff,
                ..guest()
            }),
            is_refused,
        ),
        case(
            "a table of a million",
            sized(Guest {
                table: 1_000_000,
                ..guest()
            }),
            is_refused,
        ),
        case(
            "a body that does not fit its type",
            sized(Guest {
                validate: body(&[ValType::I64], |code| {
                    code.local_get(1);
                }),
                ..guest()
            }),
            is_refused,
        ),
    ]
}
