//! The only place that writes to the terminal: data to standard output, the rest to standard error.
//!
//! Invariant: a reader that closed the pipe ends the command quietly; a standard error that cannot
//! be written never ends anything.

use std::io::{self, Write as _};

use mooring_server::api::plain_json;
use serde::Serialize;

use crate::client::ClientError;
use crate::exit::UsageError;
use crate::findings;
use crate::text::clean;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub(crate) struct OutputError(#[from] io::Error);

/// Writes data as it is.
pub(crate) fn data(text: &str) -> Result<(), OutputError> {
    bytes(text.as_bytes())
}

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Writes a document that the server sent, as one line.
pub(crate) fn document(body: &[u8]) -> Result<(), OutputError> {
    let mut line = body.trim_ascii_end().to_vec();
    line.push(b'\n');
    bytes(&line)
}

/// Writes a value as one line of JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<(), OutputError> {
    let body = plain_json::to_vec(value).map_err(io::Error::other)?;
    document(&body)
}

/// Says something that is not data; one line or several.
pub(crate) fn note(text: &str) {
    // If nobody can read what is said, there is nobody to tell that either.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Says why a command failed, what led to it, and what to do.
pub(crate) fn error(error: &anyhow::Error) {
    note(&describe(error));
}

/// Whether the reader of standard output has gone, which is no failure.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let output = cause.downcast_ref::<OutputError>();
        output.is_some_and(|OutputError(source)| source.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn describe(error: &anyhow::Error) -> String {
    let mut lines = vec![format!("error: {}", clean(&error.to_string()))];
    lines.extend(
        error
            .chain()
            .skip(1)
            .map(|cause| format!("  because: {}", clean(&cause.to_string()))),
    );
    for cause in error.chain() {
        if let Some(UsageError { hint, .. }) = cause.downcast_ref() {
            lines.extend(hint.as_ref().map(|hint| format!("hint: {}", clean(hint))));
        }
        if let Some(client) = cause.downcast_ref::<ClientError>() {
            lines.extend(describe_client(client));
        }
    }
    lines.join("\n")
}

/// What an answer of the server says beyond its title, and what to do about it.
pub(crate) fn describe_client(error: &ClientError) -> Vec<String> {
    let mut lines = Vec::new();
    if let ClientError::Problem(problem) = error {
        if !problem.detail.is_empty() {
            lines.push(format!("  {}", clean(&problem.detail)));
        }
        for place in &problem.errors {
            let (pointer, detail) = (clean(&place.pointer), clean(&place.detail));
            lines.push(format!("  {pointer}: {detail}"));
        }
        for finding in &problem.findings {
            lines.push(findings::render("", finding));
        }
        if problem.status >= 500 && !problem.instance.is_empty() {
            let request = clean(&problem.instance);
            lines.push(format!("  the server's log has more under {request}"));
        }
    }
    lines.extend(error.hint().map(|hint| format!("hint: {hint}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::problem;

    /// Proves that a problem document is shown with its title, detail, findings and a hint.
    #[test]
    fn problems_are_shown_whole() {
        let body = br#"{"type":"/problems/x","title":"the profile is refused","status":422,
            "detail":"it has an error\u001b[31m","instance":"r1","findings":[
            {"severity":"error","rule":"P002","message":"no end","line":3,"column":4,"source":"host"}]}"#;
        let error = ClientError::Problem(Box::new(problem(422, body)));
        assert_eq!(
            describe(&error.into()),
            "error: the profile is refused\n  it has an error[31m\n3:4 error P002 no end"
        );
        let error = ClientError::Problem(Box::new(problem(401, b"")));
        assert!(describe(&error.into()).contains("\nhint: "));
    }

    /// Proves that only a closed standard output counts as a quiet end.
    #[test]
    fn closed_output() {
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_closed(&OutputError(closed).into()));
        let elsewhere = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(!is_closed(&elsewhere.into()));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(!is_closed(&OutputError(full).into()));
    }
}
