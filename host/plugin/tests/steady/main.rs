//! Guests that try to answer by something other than their arguments: by what an earlier call left,
//! by what another guest left, or by where they lie.
//!
//! A guest has no clock, no randomness and nothing to read, so state that outlives a call, memory that
//! was not cleared, and addresses are all that it could be unsteady by. Invariant: each of these
//! answers with one finding for each thing that it saw and should not have seen.
//!
//! A program of its own: that of the hostile set measures the memory of its whole process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "the hostile set needs more of it")]
#[path = "../hostile/forge.rs"]
mod forge;

use mooring_mdm::finding::Finding;
use mooring_mdm::plist::{ReaderLimits, read_xml};
use mooring_plugin::{
    Call, Class, Context, Limits, LoadError, Loading, Origin, Outcome, Plugin, Role, Runtime,
    RuntimeOptions, Subject, inspect,
};
use wasm_encoder::{BlockType, Function, HeapType, InstructionSink, MemArg, ValType};

use crate::forge::{FINDING, Guest, RESULT, body, words};

/// Calls of each guest: more than there are places for instances, so that every one is used again.
const CALLS: usize = 40;

/// A page of memory that no argument reaches.
const OWN: i32 = 16 << 16;

const PAGE: i32 = 1 << 16;

fn at(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 2,
        memory_index: 0,
    }
}

/// Answers with as many findings as the number on the stack says, in local 1.
fn answer(code: &mut InstructionSink<'_>) {
    code.local_set(1)
        .i32_const(RESULT)
        .local_get(1)
        .i32_store(at(8))
        .i32_const(RESULT);
}

/// Leaves in local 2 whether any byte of so many pages from `from` (in local 3) is not zero, then fills
/// them.
fn look_and_fill(code: &mut InstructionSink<'_>, pages: i32) {
    let eight = MemArg { align: 3, ..at(0) };
    code.local_get(3).local_set(4);
    code.loop_(BlockType::Empty)
        .local_get(2)
        .local_get(4)
        .i64_load(eight)
        .i64_const(0)
        .i64_ne()
        .i32_or()
        .local_set(2)
        .local_get(4)
        .i32_const(8)
        .i32_add()
        .local_tee(4)
        .local_get(3)
        .i32_const(pages * PAGE)
        .i32_add()
        .i32_lt_u()
        .br_if(0)
        .end();
    code.local_get(3)
        .i32_const(0xaa)
        .i32_const(pages * PAGE)
        .memory_fill(0);
}

fn guest(validate: Function) -> Vec<u8> {
    Guest {
        validate,
        data: vec![(RESULT, words(&[0, FINDING, 0]))],
        ..Guest::default()
    }
    .component()
}

/// Each by name.
fn guests() -> Vec<(&'static str, Vec<u8>)> {
    const LOCALS: [ValType; 4] = [ValType::I32; 4];
    let counter = body(&LOCALS, |code| {
        code.i32_const(OWN)
            .i32_const(OWN)
            .i32_load(at(0))
            .i32_const(1)
            .i32_add()
            .i32_store(at(0));
        code.i32_const(OWN).i32_load(at(0)).i32_const(1).i32_sub();
        answer(code);
    });
    let table = body(&LOCALS, |code| {
        code.ref_null(HeapType::FUNC)
            .i32_const(1)
            .table_grow(0)
            .i32_const(1)
            .i32_sub();
        answer(code);
    });
    let size = body(&LOCALS, |code| {
        code.i32_const(3).memory_grow(0).i32_const(17).i32_sub();
        answer(code);
    });
    let left = body(&LOCALS, |code| {
        code.i32_const(OWN).local_set(3);
        look_and_fill(code, 1);
        code.local_get(2);
        answer(code);
    });
    let grown = body(&LOCALS, |code| {
        code.i32_const(40)
            .memory_grow(0)
            .i32_const(16)
            .i32_shl()
            .local_set(3);
        look_and_fill(code, 40);
        code.local_get(2);
        answer(code);
    });
    vec![
        ("a counter in memory", guest(counter)),
        ("a counter in a table", guest(table)),
        ("the size of its memory", guest(size)),
        ("what lies in its memory", guest(left)),
        ("what lies in memory that it takes", guest(grown)),
    ]
}

fn validate(plugin: &Plugin) -> Call<Vec<Finding>> {
    let bytes = b"<plist version=\"1.0\"><dict><key>A</key><string>b</string></dict></plist>";
    let document = read_xml(bytes, &ReaderLimits::default()).unwrap().document;
    let subject = Subject::new(&document, bytes, |_| (1, 1));
    plugin.validate(&subject, &Context::default(), &Limits::default())
}

fn load(runtime: &Runtime, component: &[u8], class: Class) -> Plugin {
    let origin = Origin::Outside;
    runtime
        .load_as(component, Loading { class, origin })
        .unwrap()
}

/// Nothing of a call is there in the next one, of the same guest or of another, whether instances come
/// from a pool or are made anew.
#[test]
fn nothing_is_remembered() {
    let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
    for class in [Class::Compiled, Class::Interpreted] {
        let guests = guests();
        let plugins: Vec<_> = guests
            .iter()
            .map(|(name, component)| (name, load(&runtime, component, class)))
            .collect();
        for round in 0..CALLS {
            for (name, plugin) in &plugins {
                let Outcome::Done(findings) = validate(plugin).outcome else {
                    panic!("{name}, {class:?}: it does not answer");
                };
                assert_eq!(findings.len(), 0, "{name}, {class:?}, call {round}");
            }
        }
    }
}

/// The guests see what there is to see: within one call, what was counted or filled is there.
#[test]
fn the_guests_can_see() {
    let twice = body(&[ValType::I32; 4], |code| {
        code.i32_const(OWN).local_set(3);
        look_and_fill(code, 1);
        look_and_fill(code, 1);
        code.local_get(2);
        answer(code);
    });
    let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
    let plugin = load(&runtime, &guest(twice), Class::Compiled);
    let Outcome::Done(findings) = validate(&plugin).outcome else {
        panic!("it does not answer");
    };
    assert_eq!(findings.len(), 1);
}

/// A guest that answers by addresses answers alike: it sees places within its own memory only, and
/// they are the same in every call, in every runtime.
#[test]
fn addresses_are_no_dice() {
    let by_address = body(&[ValType::I32; 4], |code| {
        code.local_get(0)
            .i32_const(3)
            .i32_shr_u()
            .local_get(0)
            .i32_load(at(0))
            .i32_const(3)
            .i32_shr_u()
            .i32_xor()
            .i32_const(15)
            .i32_and();
        answer(code);
    });
    let component = guest(by_address);
    let answers = (0..3).flat_map(|_| {
        let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
        let plugin = load(&runtime, &component, Class::Compiled);
        let calls = (0..CALLS).map(move |_| validate(&plugin).outcome);
        // The runtime lives as long as its plugins.
        calls.collect::<Vec<_>>()
    });
    let answers: Vec<_> = answers.collect();
    assert!(matches!(answers[0], Outcome::Done(_)), "{:?}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

/// Who only looks is told what a plugin says about itself, and that its code is not valid, also where
/// compiling would find that out late.
#[test]
fn looking_is_enough_for_the_form() {
    let manifest = inspect(&Guest::default().component()).unwrap();
    assert_eq!(manifest.roles, [Role::Validator]);
    let no_result = Guest::validating(body(&[], |_| {}));
    let error = inspect(&no_result.component()).unwrap_err();
    assert!(
        matches!(error, LoadError::NotAComponent { .. }),
        "{error:?}"
    );
    let too_large = Guest {
        section: Some((0, vec![0; 9 << 20])),
        ..Guest::default()
    };
    let error = inspect(&too_large.component()).unwrap_err();
    assert!(matches!(error, LoadError::TooLarge { .. }), "{error:?}");
}
