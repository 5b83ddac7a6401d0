//! Guests that misbehave in what they say: to the log, and as an answer.
//!
//! Knows nothing of how they are stopped. Invariant: each is a validator in order but for one thing.

use wasm_encoder::BlockType;

use crate::forge::{
    FINDING, FINDING_BYTES, Guest, LOG, RESULT, TEXT, body, constant, findings, remark, words,
};
use crate::running::{Case, Ends, case, validating};

/// What a guest writes to the log, or tries to.
pub(crate) fn logs() -> Vec<Case> {
    let write = |level: i32, at: i32, length: i32| {
        body(&[], |code| {
            code.i32_const(level)
                .i32_const(at)
                .i32_const(length)
                .call(LOG)
                .i32_const(RESULT);
        })
    };
    let flood = |length: i32| {
        body(&[], |code| {
            code.loop_(BlockType::Empty)
                .i32_const(1)
                .i32_const(TEXT)
                .i32_const(length)
                .call(LOG)
                .br(0)
                .end()
                .unreachable();
        })
    };
    vec![
        validating("a log without end", flood(10), Ends::TimedOut),
        validating("a log of nothing without end", flood(0), Ends::TimedOut),
        validating("a log of long lines", flood(60_000), Ends::TimedOut),
        validating(
            "a log line of 2 GiB",
            write(1, 0, i32::MAX),
            Ends::Trapped("out of bounds"),
        ),
        validating(
            "a log line of negative length",
            write(1, TEXT, -1),
            Ends::Trapped("out of bounds"),
        ),
        validating(
            "a log line from nowhere",
            write(1, -1, 2),
            Ends::Trapped("out of bounds"),
        ),
        validating(
            "a log level that is none",
            write(9, TEXT, 1),
            Ends::Trapped("discriminant"),
        ),
    ]
}

/// What a log may do to its reader, and to the host.
pub(crate) fn log_texts() -> Vec<Case> {
    let bad_text = Guest {
        validate: body(&[], |code| {
            code.i32_const(1)
                .i32_const(TEXT)
                .i32_const(2)
                .call(LOG)
                .i32_const(RESULT);
        }),
        data: vec![(TEXT, vec![0xff, 0xfe])],
        ..Guest::default()
    };
    let panicking = Guest {
        validate: body(&[], |code| {
            code.i32_const(3)
                .i32_const(TEXT)
                .i32_const(19)
                .call(LOG)
                .unreachable();
        }),
        data: vec![(TEXT, b"panicked at \x1b[2Jboo".to_vec())],
        ..Guest::default()
    };
    let calls_from_heap = Guest {
        realloc: body(&[], |code| {
            code.i32_const(1)
                .i32_const(TEXT)
                .i32_const(1)
                .call(LOG)
                .i32_const(TEXT);
        }),
        ..Guest::default()
    };
    vec![
        case(
            "a log line that is no text",
            bad_text,
            Ends::Trapped("utf-8"),
        ),
        case("a panic with colours", panicking, Ends::Panicked(" [2Jboo")),
        case(
            "a heap that calls the host",
            calls_from_heap,
            Ends::Trapped("cannot leave"),
        ),
    ]
}

/// Answers that are no answers.
pub(crate) fn answers() -> Vec<Case> {
    let at = |at: i32| Guest::validating(constant(at));
    let list = |at: i32, count: i32| Guest::answering(vec![(RESULT, words(&[0, at, count]))]);
    // Many findings, each of them with the same long text of zeros, out of the heap's way.
    let crowd = 1 << 19;
    let amplified = (0..5_000).fold(
        vec![(RESULT, words(&[0, crowd, 5_000]))],
        |mut data, index| {
            let mut finding = remark(900_000, 100_000);
            finding[1] = 900_000;
            data.push((crowd + index * FINDING_BYTES, words(&finding)));
            data
        },
    );
    let amplified = Guest::answering(amplified);
    let many = list(crowd, 11_000);
    let beyond = Ends::Trapped("out of bounds");
    let discriminant = Ends::Trapped("discriminant");
    vec![
        case("an answer beyond memory", at(-8), beyond),
        case(
            "an answer at an odd place",
            at(RESULT + 1),
            Ends::Trapped("aligned"),
        ),
        case(
            "an answer that is neither",
            Guest::answering(vec![(RESULT, words(&[7]))]),
            discriminant,
        ),
        case("a list of 2^32 findings", list(FINDING, -1), beyond),
        case("a list of 2^31 findings", list(FINDING, i32::MIN), beyond),
        case(
            "a list at an odd place",
            list(FINDING + 1, 1),
            Ends::Trapped("aligned"),
        ),
        case("a list beyond memory", list(-4, 1), beyond),
        case(
            "more findings than allowed",
            many,
            Ends::OutputTooLarge("10000 findings"),
        ),
        case(
            "one text five thousand times",
            amplified,
            Ends::OutputTooLarge("4 MiB"),
        ),
        case(
            "a failure that is none",
            Guest::answering(vec![(RESULT, words(&[1, 9]))]),
            discriminant,
        ),
        case(
            "a failure without a text",
            Guest::answering(vec![(RESULT, words(&[1, 2, 0, 0]))]),
            Ends::Failed,
        ),
    ]
}

/// Findings that are none.
pub(crate) fn records() -> Vec<Case> {
    let one = |finding: [i32; 13]| Guest::answering(findings(1, &finding));
    let with = |index: usize, value: i32| {
        let mut finding = remark(TEXT, 1);
        finding[index] = value;
        one(finding)
    };
    // The text of the message begins in the middle of the finding's own record.
    let overlapping = one(remark(FINDING + 4, 8));
    let bad_text = {
        let mut data = findings(1, &remark(TEXT, 2));
        data.push((TEXT, vec![0xc3, 0x28]));
        Guest::answering(data)
    };
    let place = |kind: i32, value: i32, count: i32| {
        let mut finding = remark(TEXT, 1);
        finding[5..8].copy_from_slice(&[kind, value, count]);
        one(finding)
    };
    let beyond = Ends::Trapped("out of bounds");
    let discriminant = Ends::Trapped("discriminant");
    vec![
        case("a text within its own record", overlapping, Ends::Fine(1)),
        case("a text of negative length", one(remark(TEXT, -1)), beyond),
        case("a text beyond memory", one(remark(-2, 4)), beyond),
        case("a text that is none", bad_text, Ends::Trapped("utf-8")),
        case("a severity that is none", with(0, 77), discriminant),
        case("a hint that is neither", with(8, 5), discriminant),
        case("a place that is none", place(9, 0, 0), discriminant),
        case("a place at no value", place(1, -1, 0), Ends::Fine(1)),
        case("a path of 2^31 steps", place(2, TEXT, i32::MIN), beyond),
        case("more remarks of 2^28 pairs", with(12, 1 << 28), beyond),
    ]
}
