//! Starts the process that compiles, and waits no longer for it than it may take.
//!
//! Knows nothing of what the child does. Invariant: however the child ends, or does not, this ends
//! with the child gone and one named outcome.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{ChildCompiler, CompileLimits, REFUSED};
use crate::native::NativeCode;
use crate::text::clean;
use crate::{Class, CompileError, EngineError};

/// Most that is read of what the child complains of, in bytes.
const COMPLAINT_BYTES_MAX: usize = 4096;

/// What is in the complaints of an allocation that failed: Rust's own, and the compiler's.
const OUT_OF_MEMORY: [&str; 2] = ["memory allocation of", "out of memory"];

/// Compiles `component` in a child.
pub(crate) fn compile(
    compiler: &ChildCompiler,
    component: &[u8],
    class: Class,
) -> Result<NativeCode, CompileError> {
    let limits = compiler.limits(class);
    let mut command = Command::new(&compiler.program);
    command
        .args(&compiler.args)
        .args(limits.to_args())
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|source| CompileError::Start { source })?;
    let heard = converse(&mut child, component, limits);
    if heard.is_err() {
        let _ = child.kill();
    }
    let status = child
        .wait()
        .map_err(|source| CompileError::Start { source })?;
    let heard = heard.map_err(|source| CompileError::Start { source })?;
    outcome(heard, status, limits)
}

/// What came of the child's streams.
struct Heard {
    /// What it wrote, unless it did not close its end in time.
    code: Option<io::Result<Vec<u8>>>,
    complaint: String,
}

/// Feeds the child and listens to it until it has closed its output or its time is over; then it is
/// ended, so that the streams end too.
///
/// # Errors
/// If the system gives no threads for this; the child has not been ended then.
fn converse(child: &mut Child, component: &[u8], limits: &CompileLimits) -> io::Result<Heard> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let thread = thread::Builder::new;
    thread::scope(|scope| {
        thread().spawn_scoped(scope, move || {
            // A child that does not read on has its reasons, and says them.
            let _ = stdin.map(|mut stdin| stdin.write_all(component));
        })?;
        let (complain, complained) = mpsc::channel();
        thread().spawn_scoped(scope, move || {
            let _ = complain.send(stderr.map_or_else(Vec::new, first_bytes));
        })?;
        let (tell, told) = mpsc::channel();
        thread().spawn_scoped(scope, move || {
            // One more than it may have, so that too much is seen to be too much.
            let most = u64::try_from(limits.code_bytes)
                .unwrap_or(u64::MAX)
                .saturating_add(1);
            let mut code = Vec::new();
            let read = stdout.map(|stdout| stdout.take(most).read_to_end(&mut code));
            let _ = tell.send(read.unwrap_or(Ok(0)).map(|_| code));
        })?;
        let deadline = Instant::now() + wall(limits.time);
        let left = || deadline.saturating_duration_since(Instant::now());
        let mut code = told.recv_timeout(left()).ok();
        let mut complaint = None;
        if matches!(&code, Some(Ok(code)) if code.len() <= limits.code_bytes) {
            complaint = complained.recv_timeout(left()).ok();
            // One that has handed over its code and does not end has not done its work either.
            code = code.filter(|_| complaint.is_some());
        }
        if complaint.is_none() {
            let _ = child.kill();
        }
        let complaint = complaint.or_else(|| complained.recv().ok());
        let complaint = complaint.unwrap_or_default();
        let complaint = String::from_utf8_lossy(&complaint);
        Ok(Heard {
            code,
            complaint: clean(complaint.trim(), COMPLAINT_BYTES_MAX),
        })
    })
}

/// Time by the clock: more than by the processor, so that on a machine with much else to do the
/// child still has its share, and a child that only waits ends as well.
fn wall(time: Duration) -> Duration {
    time.saturating_mul(2)
}

/// The beginning of a stream; the rest is read and dropped, so that the writer does not block.
fn first_bytes(mut stream: impl Read) -> Vec<u8> {
    let mut first = Vec::new();
    let _ = stream
        .by_ref()
        .take(COMPLAINT_BYTES_MAX as u64)
        .read_to_end(&mut first);
    let _ = io::copy(&mut stream, &mut io::sink());
    first
}

fn outcome(
    heard: Heard,
    status: ExitStatus,
    limits: &CompileLimits,
) -> Result<NativeCode, CompileError> {
    let timed_out = CompileError::TimedOut { limit: limits.time };
    let code = match heard.code {
        None => return Err(timed_out),
        Some(Ok(code)) if code.len() > limits.code_bytes => {
            let limit_bytes = limits.code_bytes;
            return Err(CompileError::CodeTooLarge { limit_bytes });
        }
        Some(code) => code,
    };
    let text = heard.complaint;
    if !status.success() && OUT_OF_MEMORY.iter().any(|part| text.contains(part)) {
        let limit_bytes = limits.memory_bytes;
        return Err(CompileError::OutOfMemory { limit_bytes });
    }
    if let Some(signal) = status.signal() {
        return Err(match signal {
            xcpu if xcpu == Signal::XCPU.as_raw() => timed_out,
            signal => CompileError::Crashed { signal, text },
        });
    }
    match (status.code(), code) {
        (Some(0), Ok(code)) if !code.is_empty() => Ok(NativeCode::of_child(code)),
        (Some(0), Ok(_)) => Err(CompileError::Broken {
            text: "it handed over nothing".to_owned(),
        }),
        (Some(0), Err(error)) => Err(CompileError::Broken {
            text: error.to_string(),
        }),
        (Some(code), _) if code == i32::from(REFUSED) => Err(CompileError::Refused {
            source: EngineError::told(text),
        }),
        _ => Err(CompileError::Broken {
            text: format!("{status}: {text}"),
        }),
    }
}
