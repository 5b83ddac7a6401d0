//! Guests that load and then misbehave when they are asked.
//!
//! Knows nothing of how they are stopped. Invariant: each is a validator in order but for one thing.

use std::time::Duration;

use mooring_plugin::Limits;
use wasm_encoder::{BlockType, Function, HeapType, MemArg, ValType};

use crate::forge::{EXTRA, Guest, NO_ARGUMENTS, RESULT, TEXT, body, constant, endless, trap};
use crate::speaking;

/// How a call has to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ends {
    /// With this many findings.
    Fine(usize),
    TimedOut,
    OutOfMemory,
    /// For a reason with this text in it.
    Panicked(&'static str),
    Trapped(&'static str),
    OutputTooLarge(&'static str),
    Failed,
}

/// One guest, what it may cost, and how it has to end.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) guest: Guest,
    pub(crate) ends: Ends,
}

/// What each of these calls may cost.
pub(crate) fn limits() -> Limits {
    Limits {
        timeout: Duration::from_millis(100),
        ..Limits::default()
    }
}

pub(crate) fn case(name: &'static str, guest: Guest, ends: Ends) -> Case {
    Case { name, guest, ends }
}

pub(crate) fn validating(name: &'static str, validate: Function, ends: Ends) -> Case {
    case(name, Guest::validating(validate), ends)
}

/// All of them.
pub(crate) fn cases() -> Vec<Case> {
    let groups = [
        endings(),
        memory(),
        traps(),
        speaking::logs(),
        speaking::log_texts(),
        speaking::answers(),
        speaking::records(),
        heaps(),
    ];
    groups.into_iter().flatten().collect()
}

/// What does not end by itself.
fn endings() -> Vec<Case> {
    let calls_itself = body(&[], |code| {
        code.local_get(0).call(2);
    });
    let busy = body(&[ValType::I64], |code| {
        code.loop_(BlockType::Empty)
            .local_get(1)
            .i64_const(1)
            .i64_add()
            .local_tee(1)
            .i64_const(-1)
            .i64_ne()
            .br_if(0)
            .end()
            .i32_const(RESULT);
    });
    let by_calls = body(&[], |code| {
        code.loop_(BlockType::Empty)
            .call(EXTRA)
            .br(0)
            .end()
            .unreachable();
    });
    let fill = body(&[], |code| {
        code.loop_(BlockType::Empty)
            .i32_const(0)
            .i32_const(7)
            .i32_const(1 << 20)
            .memory_fill(0)
            .br(0)
            .end()
            .unreachable();
    });
    let after = |after| Guest {
        after: Some(after),
        ..Guest::default()
    };
    let heap = |realloc| Guest {
        realloc,
        ..Guest::default()
    };
    vec![
        validating("an endless loop", endless(), Ends::TimedOut),
        validating("2^64 rounds", busy, Ends::TimedOut),
        validating("endless calls", by_calls, Ends::TimedOut),
        validating("endless filling", fill, Ends::TimedOut),
        validating(
            "endless recursion",
            calls_itself,
            Ends::Trapped("call stack exhausted"),
        ),
        case("a heap that never answers", heap(endless()), Ends::TimedOut),
        case("an endless tidying up", after(endless()), Ends::TimedOut),
        case(
            "a trap while tidying up",
            after(trap()),
            Ends::Trapped("unreachable"),
        ),
    ]
}

fn memory() -> Vec<Case> {
    let grow = |pages: i32| {
        body(&[], |code| {
            code.loop_(BlockType::Empty)
                .i32_const(pages)
                .memory_grow(0)
                .drop()
                .br(0)
                .end()
                .unreachable();
        })
    };
    let table = body(&[], |code| {
        code.loop_(BlockType::Empty)
            .ref_null(HeapType::FUNC)
            .i32_const(10_000)
            .table_grow(0)
            .i32_const(-1)
            .i32_ne()
            .br_if(0)
            .end()
            .unreachable();
    });
    let copied = body(&[], |code| {
        code.i32_const(0)
            .i32_const(0)
            .i32_const(-1)
            .memory_copy(0, 0)
            .i32_const(RESULT);
    });
    vec![
        validating("memory page by page", grow(1), Ends::OutOfMemory),
        validating("all memory at once", grow(65_535), Ends::OutOfMemory),
        validating("a negative growth", grow(-1), Ends::OutOfMemory),
        validating("a growing table", table, Ends::Trapped("unreachable")),
        validating(
            "copying more than there is",
            copied,
            Ends::Trapped("out of bounds memory access"),
        ),
    ]
}

fn traps() -> Vec<Case> {
    let load = |at: i32, offset: u64| {
        body(&[], |code| {
            code.i32_const(at).i32_load(MemArg {
                offset,
                align: 2,
                memory_index: 0,
            });
        })
    };
    let divide = body(&[], |code| {
        code.i32_const(1).i32_const(0).i32_div_u();
    });
    let overflow = body(&[], |code| {
        code.i32_const(i32::MIN).i32_const(-1).i32_div_s();
    });
    let convert = body(&[], |code| {
        code.f64_const(f64::NAN.into()).i32_trunc_f64_s();
    });
    let indirect = |at: i32| {
        body(&[], |code| {
            code.i32_const(at)
                .call_indirect(0, NO_ARGUMENTS)
                .i32_const(RESULT);
        })
    };
    let far = Ends::Trapped("out of bounds");
    vec![
        validating("a plain trap", trap(), Ends::Trapped("unreachable")),
        validating(
            "a division by zero",
            divide,
            Ends::Trapped("divide by zero"),
        ),
        validating(
            "a division that overflows",
            overflow,
            Ends::Trapped("overflow"),
        ),
        validating(
            "no number as a number",
            convert,
            Ends::Trapped("conversion"),
        ),
        validating("reading at the end of memory", load(-4, 0), far),
        validating("reading beyond 4 GiB", load(-4, 0xffff_ffff), far),
        validating(
            "calling nothing",
            indirect(0),
            Ends::Trapped("uninitialized"),
        ),
        validating(
            "calling beyond the table",
            indirect(9),
            Ends::Trapped("undefined element"),
        ),
    ]
}

/// Heaps that hand out what is not theirs.
fn heaps() -> Vec<Case> {
    let heap = |realloc| Guest {
        realloc,
        ..Guest::default()
    };
    vec![
        case(
            "a heap beyond memory",
            heap(constant(-8)),
            Ends::Trapped("beyond end of memory"),
        ),
        case(
            "a heap at odd places",
            heap(constant(TEXT + 1)),
            Ends::Trapped("aligned"),
        ),
        case(
            "a heap that traps",
            heap(trap()),
            Ends::Trapped("unreachable"),
        ),
        case(
            "a heap of one place for all",
            heap(constant(1 << 19)),
            Ends::Fine(0),
        ),
    ]
}
