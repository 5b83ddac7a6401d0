//! Components whose harm is in compiling them.
//!
//! Knows nothing of processes. Invariant: each is a validator in order beside its burden, so that
//! nothing but the compiler's limits stops it.

use std::time::Duration;

use mooring_plugin::{CompileError, CompileLimits};
use wasm_encoder::{BlockType, Function, ValType};

use crate::forge::{Guest, body};

/// A component, what compiling it may cost, and whether an error is the right one.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) component: Vec<u8>,
    pub(crate) limits: CompileLimits,
    pub(crate) is_right: fn(&CompileError) -> bool,
}

/// What a server allows. Whatever is not one of the bombs below is compiled within it.
pub(crate) const SERVER: CompileLimits = CompileLimits {
    time: Duration::from_mins(1),
    memory_bytes: 1 << 30,
    code_bytes: 64 << 20,
};

/// A second of the processor, and as much memory as it likes: each of these bombs would take up to the
/// whole minute of [`SERVER`], so a test of all of them would take minutes to show the same. The limit is
/// kept in the same way, by the system; the bench beside this test waits for the real one.
const SHORT: CompileLimits = CompileLimits {
    time: Duration::from_secs(1),
    memory_bytes: 4 << 30,
    ..SERVER
};

/// An eighth of the memory that a server allows, for the same reason.
const SMALL: CompileLimits = CompileLimits {
    memory_bytes: 128 << 20,
    ..SERVER
};

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let bomb = |name, more: Vec<Function>, limits, is_right| Case {
        name,
        component: component(more),
        limits,
        is_right,
    };
    let is_slow = |error: &CompileError| matches!(error, CompileError::TimedOut { .. });
    let is_large = |error: &CompileError| matches!(error, CompileError::OutOfMemory { .. });
    let is_refused = |error: &CompileError| matches!(error, CompileError::Refused { .. });
    vec![
        bomb("80,000 functions", vec![short(); 80_000], SHORT, is_slow),
        bomb("a web of 20,000 jumps", vec![web(20_000)], SHORT, is_slow),
        bomb(
            "400 functions of 50,000 locals",
            vec![locals(50_000); 400],
            SHORT,
            is_slow,
        ),
        bomb(
            "100 tables of 60,000 branches",
            vec![branches(60_000); 100],
            SHORT,
            is_slow,
        ),
        bomb("one function of 7 MB", vec![long()], SMALL, is_large),
        bomb(
            "100,000 blocks in each other",
            vec![nested(100_000)],
            SMALL,
            is_large,
        ),
        bomb(
            "a table of a million branches",
            vec![branches(1_000_000)],
            SERVER,
            is_refused,
        ),
        Case {
            name: "more locals than allowed",
            component: one_more_local(component(vec![locals(50_000)])),
            limits: SERVER,
            is_right: is_refused,
        },
    ]
}

fn component(more: Vec<Function>) -> Vec<u8> {
    Guest {
        more,
        ..Guest::default()
    }
    .component()
}

fn short() -> Function {
    body(&[ValType::I64], |code| {
        for n in 0..10 {
            code.local_get(0).i64_const(n).i64_mul().local_set(0);
        }
    })
}

fn long() -> Function {
    body(&[ValType::I64, ValType::I64], |code| {
        for n in 0..600_000 {
            code.local_get(n % 2)
                .i64_const(i64::from(n))
                .i64_xor()
                .local_get(1 - n % 2)
                .i64_add()
                .local_set(n % 2);
        }
    })
}

fn locals(count: u32) -> Function {
    let mut function = Function::new([(count, ValType::I64)]);
    let mut code = function.instructions();
    for n in 0..1000 {
        let n = n * 49 % count;
        code.local_get(n).i64_const(1).i64_add().local_set(n);
    }
    code.end();
    function
}

/// Puts 50,001 in the place of 50,000, which no tool would write.
fn one_more_local(mut component: Vec<u8>) -> Vec<u8> {
    let declared = [1, 0xd0, 0x86, 0x03, 0x7e];
    let at = component.windows(5).position(|bytes| bytes == declared);
    component[at.unwrap() + 1] += 1;
    component
}

fn branches(count: u32) -> Function {
    body(&[], |code| {
        code.block(BlockType::Empty).block(BlockType::Empty);
        let targets: Vec<u32> = (0..count).map(|n| n % 2).collect();
        code.i32_const(1).br_table(targets, 0).end().end();
    })
}

fn nested(depth: u32) -> Function {
    body(&[], |code| {
        for _ in 0..depth {
            code.block(BlockType::Empty);
        }
        for _ in 0..depth {
            code.i32_const(0).br_if(0).end();
        }
    })
}

/// Loops in loops, each of which jumps to all around it in turn, with values in many locals.
fn web(jumps: u32) -> Function {
    body(&[ValType::I64; 64], |code| {
        for _ in 0..100 {
            code.loop_(BlockType::Empty);
        }
        for n in 0..jumps {
            code.local_get(n % 64)
                .local_get((n * 7 + 1) % 64)
                .i64_add()
                .local_tee(n * 13 % 64)
                .i64_eqz()
                .br_if(n % 100);
        }
        for _ in 0..100 {
            code.end();
        }
    })
}
