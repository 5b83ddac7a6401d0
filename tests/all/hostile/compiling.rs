//! Plugins that are compiled by the real binary, beside a server at work, and code that is kept.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mooring_plugin::{
    ChildCompiler, CodeSource, CompileError, CompileLimits, Compiler, Limits, LoadError, Runtime,
    RuntimeOptions,
};
use mooring_server::judge::{Judge, Target};
use mooring_tests::command::mooring;
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::HOSTILE;

fn runtime(limits: CompileLimits) -> Runtime {
    let compiler = Compiler::Child(ChildCompiler {
        program: mooring(),
        args: vec![OsString::from("compile-plugin")],
        compiled: limits,
        interpreted: limits,
    });
    let options = RuntimeOptions {
        compiler,
        ..RuntimeOptions::default()
    };
    Runtime::new(&options).expect("a runtime")
}

/// What a server allows.
const LIMITS: CompileLimits = CompileLimits {
    time: Duration::from_mins(1),
    memory_bytes: 1 << 30,
    code_bytes: 64 << 20,
};

/// A section by its number and content.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    section.extend(number(content.len()));
    section.extend(content);
    section
}

/// A number as wasm writes it.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The hostile plugin with a module more, of one function of 7 MB that nobody calls.
fn bomb() -> Vec<u8> {
    // One local of 64 bits; then, again and again, the local plus and times something.
    let mut function = vec![1, 1, 0x7e];
    for n in 0..540_000_u32 {
        let n = u8::try_from(n % 64).expect("six bits");
        function.extend([
            0x20,
            0,
            0x42,
            n,
            0x7c,
            0x42,
            63 - n,
            0x7e,
            0x20,
            0,
            0x85,
            0x21,
            0,
        ]);
    }
    function.push(0x0b);
    let mut code = number(1);
    code.extend(number(function.len()));
    code.extend(function);
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    module.extend(section(1, &[1, 0x60, 0, 0]));
    module.extend(section(3, &[1, 0]));
    module.extend(section(10, &code));
    let mut component = HOSTILE.to_vec();
    component.extend(section(1, &module));
    component
}

/// The binary compiles what the server hands it, and the code runs; what is broken it refuses with
/// the compiler's reason.
#[test]
fn by_the_binary() {
    let runtime = runtime(LIMITS);
    let plugin = runtime.load(HOSTILE).expect("a plugin");
    assert_eq!(plugin.code(), CodeSource::Compiled);
    let call = plugin.check_settings("bad", &Limits::default());
    assert_eq!(call.findings(plugin.id())[0].rule, "H001");
    let mut broken = HOSTILE.to_vec();
    // A module whose one function has no end.
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    module.extend(section(1, &[1, 0x60, 0, 0]));
    module.extend(section(3, &[1, 0]));
    module.extend(section(10, &[1, 2, 0, 1]));
    broken.extend(section(1, &module));
    let error = runtime.load(&broken).map(|_| ()).unwrap_err();
    let LoadError::Compile(CompileError::Refused { source }) = &error else {
        panic!("{error:?}")
    };
    let text = source.to_string();
    assert!(text.contains("offset") && !text.contains('\n'), "{text}");
}

/// Devices that are settled before the compiler begins, to compare with.
const ALONE: u32 = 40;

/// How much longer than before the half of the devices may take. The compiler is one thread of another
/// process that steps back behind everybody; on two processors, of which tests beside this one may have
/// both, a device shares one with it now and then. A server that waited for its compiler would take
/// hundreds of times as long, to the last device.
const HINDERED_MAX: u32 = 5;

/// Of ten devices nine are within twice that, and a few turns of the system's scheduler.
const TURNS: Duration = Duration::from_millis(50);

/// How long a new device takes until it is in sync.
fn settle(server: &TestServer, index: u32) -> Duration {
    let start = Instant::now();
    settle_one(server, &mut Host::without_user(index));
    start.elapsed()
}

/// So many of a hundred took no longer.
fn within(durations: &mut [Duration], percent: usize) -> Duration {
    durations.sort_unstable();
    durations[(durations.len() - 1) * percent / 100]
}

/// While a plugin that takes ever so long is compiled, devices are answered nearly as quickly as before;
/// then the compiler is ended, and that is said.
#[test]
fn devices_are_answered_meanwhile() {
    let server = TestServer::new();
    server.push_taken(Draft::new("com.harborworks.a", "one").xml());
    let bomb = bomb();
    // A server gives it a minute, which is nothing that a test could wait for: what devices notice of it
    // is the same in the first two seconds.
    let limits = CompileLimits {
        time: Duration::from_secs(2),
        ..LIMITS
    };
    let mut before: Vec<_> = (0..ALONE).map(|index| settle(&server, index)).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let compiling = scope.spawn(|| {
            let loaded = runtime(limits).load(&bomb);
            is_over.store(true, Ordering::SeqCst);
            loaded.map(|_| ()).unwrap_err()
        });
        let (mut meanwhile, mut index) = (Vec::new(), ALONE);
        while !is_over.load(Ordering::SeqCst) {
            meanwhile.push(settle(&server, index));
            index += 1;
        }
        let (half, half_before) = (within(&mut meanwhile, 50), within(&mut before, 50));
        let (most, most_before) = (within(&mut meanwhile, 90), within(&mut before, 90));
        let told = format!(
            "{} devices: {half:?} and {most:?}, before {half_before:?} and {most_before:?}",
            meanwhile.len()
        );
        assert!(half <= half_before * HINDERED_MAX, "{told}");
        assert!(most <= most_before * 2 * HINDERED_MAX + TURNS, "{told}");
        let error = compiling.join().expect("no panic");
        assert!(
            matches!(error, LoadError::Compile(CompileError::TimedOut { .. })),
            "{error:?}"
        );
    });
}

fn kept(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("compiled")).expect("a folder");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "cwasm"));
    paths.sort();
    paths
}

/// The second start of a server compiles nothing; one whose files were changed compiles those anew.
#[test]
fn a_start_takes_kept_code() {
    let data = tempfile::tempdir().expect("a folder");
    let load = || Judge::load_in(data.path(), &Compiler::default()).expect("the plugins load");
    assert_eq!(load().compiled_anew(), mooring_builtin::ALL.len());
    assert_eq!(load().compiled_anew(), 0);
    let files = kept(data.path());
    assert_eq!(files.len(), mooring_builtin::ALL.len());
    let mut bytes = fs::read(&files[0]).expect("a file");
    let last = bytes.len() - 1;
    bytes[last] ^= 0x80;
    fs::write(&files[0], bytes).expect("a file");
    assert_eq!(load().compiled_anew(), 1);
    assert_eq!(load().compiled_anew(), 0);
}

/// A folder that cannot be used costs time at each start and nothing else.
#[test]
fn a_start_without_kept_code() {
    let data = tempfile::tempdir().expect("a folder");
    fs::write(data.path().join("compiled"), "no folder").expect("a file");
    let judge = Judge::load_in(data.path(), &Compiler::default()).expect("the plugins load");
    assert_eq!(judge.compiled_anew(), mooring_builtin::ALL.len());
}

/// A profile that did not change is judged without running any plugin; on another day it is judged
/// anew.
#[test]
fn judged_once() {
    let data = tempfile::tempdir().expect("a folder");
    let judge = Judge::load_in(data.path(), &Compiler::default()).expect("the plugins load");
    let check = |xml: &str, today: &str| {
        let name = Path::new("a.mobileconfig");
        let findings = judge.check(name, xml.as_bytes(), &Target::default(), today);
        (findings, judge.calls_made())
    };
    let wrong = Draft::new("com.harborworks.a", "one").xml();
    let wrong = wrong.replace("<string>Configuration</string>", "<string>Other</string>");
    let (first, calls) = check(&wrong, "2026-01-02");
    assert!(calls > 0);
    assert_eq!(check(&wrong, "2026-01-02"), (first.clone(), calls));
    let (_, later) = check(&wrong, "2026-01-03");
    assert!(later > calls);
    // The same profile in another file: what is said stands where it is there.
    let line = |findings: &[mooring_mdm::finding::Finding]| {
        let error = findings.iter().find(|finding| finding.rule == "T001");
        error.expect("an error").line
    };
    let moved = wrong.replacen("<dict>", "\n\n<dict>", 1);
    let (findings, _) = check(&moved, "2026-01-02");
    assert_eq!(line(&findings), line(&first) + 2);
}
