//! Compiling in another process, and what is kept of it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mooring_plugin::{
    ChildCompiler, Class, CodeCache, CodeSource, CompileError, CompileLimits, Compiler, Limits,
    LoadError, Loading, Origin, Runtime, RuntimeOptions,
};

use crate::HOSTILE;

/// Time enough for an unoptimised compiler on a busy machine.
const LIMITS: CompileLimits = CompileLimits {
    time: Duration::from_mins(1),
    memory_bytes: 1 << 30,
    code_bytes: 16 << 20,
};

fn child(how: &str, limits: CompileLimits) -> Compiler {
    Compiler::Child(ChildCompiler {
        program: PathBuf::from(env!("CARGO_BIN_EXE_compile-plugin-child")),
        args: vec![OsString::from(how)],
        compiled: limits,
        interpreted: limits,
    })
}

fn runtime(compiler: Compiler, cache: Option<CodeCache>) -> Runtime {
    Runtime::new(&RuntimeOptions {
        compiler,
        cache,
        ..RuntimeOptions::default()
    })
    .unwrap()
}

#[track_caller]
fn refused(how: &str, limits: CompileLimits) -> CompileError {
    match runtime(child(how, limits), None).load(&HOSTILE) {
        Err(LoadError::Compile(error)) => error,
        other => panic!("{how}: {other:?}"),
    }
}

/// A component that a child compiled runs, and the next start takes the code that was kept.
#[test]
fn compiled_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(&folder.path().join("compiled")).unwrap();
    let first = runtime(child("compile", LIMITS), Some(cache.clone()));
    let plugin = first.load(&HOSTILE).unwrap();
    assert_eq!(plugin.code(), CodeSource::Compiled);
    let call = plugin.check_settings("bad", &Limits::default());
    assert_eq!(call.findings(plugin.id())[0].rule, "H001");

    // A compiler that does not work is not even asked.
    let next = runtime(child("panic", LIMITS), Some(cache));
    let plugin = next.load(&HOSTILE).unwrap();
    assert_eq!(plugin.code(), CodeSource::Cache);
    let call = plugin.check_settings("bad", &Limits::default());
    assert_eq!(call.findings(plugin.id())[0].rule, "H001");
}

/// Code that was changed on the disk is compiled anew and put right, and running plugins do not
/// notice.
#[test]
fn changed_code() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(&folder.path().join("compiled")).unwrap();
    let load = || {
        let runtime = runtime(child("compile", LIMITS), Some(cache.clone()));
        runtime.load(&HOSTILE).unwrap()
    };
    let running = load();
    let file = kept(&folder.path().join("compiled"));
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(load().code(), CodeSource::Compiled);
    assert_eq!(load().code(), CodeSource::Cache);
    let call = running.check_settings("bad", &Limits::default());
    assert_eq!(call.findings(running.id())[0].rule, "H001");
}

fn kept(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths
        .find(|path| path.extension().is_some_and(|end| end == "cwasm"))
        .unwrap()
}

/// What belongs to the program is compiled within it; an interpreted plugin gets its own engine and
/// the same code does for both.
#[test]
fn origins_and_classes() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(&folder.path().join("compiled")).unwrap();
    let runtime = runtime(child("panic", LIMITS), Some(cache));
    let own = Loading {
        origin: Origin::Program,
        ..Loading::default()
    };
    assert_eq!(
        runtime.load_as(&HOSTILE, own).unwrap().code(),
        CodeSource::Compiled
    );
    let interpreted = Loading {
        class: Class::Interpreted,
        ..Loading::default()
    };
    let plugin = runtime.load_as(&HOSTILE, interpreted).unwrap();
    assert_eq!(plugin.code(), CodeSource::Cache);
    let call = plugin.check_settings("bad", &Limits::of(Class::Interpreted));
    assert_eq!(call.findings(plugin.id())[0].rule, "H001");
}

/// A compiler that takes too long is ended, whether it works or waits.
#[test]
fn too_long() {
    let limits = CompileLimits {
        time: Duration::from_secs(1),
        ..LIMITS
    };
    std::thread::scope(|scope| {
        for how in ["spin", "wait", "chatter"] {
            scope.spawn(move || {
                let start = Instant::now();
                let error = refused(how, limits);
                assert!(
                    matches!(error, CompileError::TimedOut { limit } if limit == limits.time),
                    "{how}: {error:?}"
                );
                assert!(start.elapsed() < Duration::from_secs(10), "{how}");
                assert_eq!(
                    error.to_string(),
                    "compiling the component was stopped after 1 s"
                );
            });
        }
    });
}

/// A compiler that takes too much memory ends, and it is told from any other end.
#[test]
fn too_much_memory() {
    let error = refused("hoard", LIMITS);
    let limit = LIMITS.memory_bytes;
    assert!(
        matches!(error, CompileError::OutOfMemory { limit_bytes } if limit_bytes == limit),
        "{error:?}"
    );
}

/// More code than any plugin has is not even read to its end.
#[test]
fn too_much_code() {
    let error = refused("flood", LIMITS);
    assert!(
        matches!(error, CompileError::CodeTooLarge { limit_bytes } if limit_bytes == 16 << 20),
        "{error:?}"
    );
    let limits = CompileLimits {
        code_bytes: 1000,
        ..LIMITS
    };
    let error = refused("compile", limits);
    assert!(
        matches!(error, CompileError::CodeTooLarge { .. }),
        "{error:?}"
    );
}

/// Every other way in which the process can end has a name, and what it said is told.
#[test]
fn other_ends() {
    let error = refused("abort", LIMITS);
    let CompileError::Crashed { signal: 6, text } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(text, "about to abort");
    for (how, part) in [
        ("panic", "the compiler has a mistake"),
        ("sorry", "exit status: 3"),
        ("nothing", "handed over nothing"),
    ] {
        let error = refused(how, LIMITS);
        let CompileError::Broken { text } = &error else {
            panic!("{how}: {error:?}")
        };
        assert!(text.contains(part), "{how}: {text}");
    }
    let error = refused("nonsense", LIMITS);
    assert!(matches!(error, CompileError::Refused { .. }), "{error:?}");
    let compiler = Compiler::Child(ChildCompiler {
        program: PathBuf::from("/nonexistent/mooring"),
        args: Vec::new(),
        compiled: LIMITS,
        interpreted: LIMITS,
    });
    let error = runtime(compiler, None).load(&HOSTILE).unwrap_err();
    assert!(
        matches!(error, LoadError::Compile(CompileError::Start { .. })),
        "{error:?}"
    );
}

/// The running program can be started as its own compiler; this one does not know how to compile.
#[test]
fn the_running_program() {
    let compiler = Compiler::this_program([OsString::from("compile")]).unwrap();
    let error = runtime(compiler, None).load(&HOSTILE).unwrap_err();
    let LoadError::Compile(CompileError::Broken { text }) = &error else {
        panic!("{error:?}")
    };
    assert!(text.contains("memory-bytes"), "{text}");
}
