//! How the process ends.
//!
//! Invariant: every outcome has exactly one code, and [`CODES`] lists them all.

use std::process::ExitCode;

use crate::client::ClientError;
use crate::commands::sim::NoListener;
use crate::connection::NoServer;

/// The codes, for `--help`; `host/docs/CLI.md` says the same at length.
pub(crate) const CODES: &str = "\
Exit codes:
   0  fine
   1  failed
   2  the server refused the request
   3  the server cannot be reached
   4  not authorised
   5  not found
   6  a profile has an error, or was refused or held
  64  wrong usage";

/// The outcome of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked.
    Fine,
    /// It did not, for a reason without a code of its own.
    Failed,
    /// The server refused the request.
    Refused,
    /// The server cannot be reached.
    Unreachable,
    /// The server does not know the token.
    Unauthorised,
    /// The server does not know what was named.
    NotFound,
    /// A profile has an error.
    Findings,
    /// The command line, or something that it names, makes no sense.
    Usage,
}

/// The command line was understood but makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct UsageError {
    message: String,
    /// What to do instead.
    pub(crate) hint: Option<String>,
}

impl UsageError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Exit {
    /// The outcome that an error is.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let known = error.chain().find_map(|cause| {
            if cause.is::<UsageError>() {
                return Some(Self::Usage);
            }
            if cause.is::<NoServer>() || cause.is::<NoListener>() {
                return Some(Self::Unreachable);
            }
            cause.downcast_ref::<ClientError>().map(Self::of_client)
        });
        known.unwrap_or(Self::Failed)
    }

    /// The outcome that an answer of the server, or none, is.
    pub(crate) fn of_client(error: &ClientError) -> Self {
        match error {
            ClientError::Address { .. } | ClientError::Ca(_) | ClientError::Token => Self::Usage,
            ClientError::Unreachable { .. } | ClientError::TimedOut { .. } => Self::Unreachable,
            ClientError::Problem(problem) => match problem.status {
                401 | 403 => Self::Unauthorised,
                404 => Self::NotFound,
                500..=599 => Self::Failed,
                _ => Self::Refused,
            },
            ClientError::TooLarge { .. }
            | ClientError::Broken { .. }
            | ClientError::Unreadable { .. }
            | ClientError::Unwritable(_) => Self::Failed,
        }
    }

    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Unreachable => 3,
            Self::Unauthorised => 4,
            Self::NotFound => 5,
            Self::Findings => 6,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::client::problem;

    /// Proves that each answer of a server has its code, also below added context.
    #[test]
    fn answers_have_codes() {
        for (status, exit) in [
            (400, Exit::Refused),
            (401, Exit::Unauthorised),
            (403, Exit::Unauthorised),
            (404, Exit::NotFound),
            (409, Exit::Refused),
            (413, Exit::Refused),
            (422, Exit::Refused),
            (500, Exit::Failed),
            (503, Exit::Failed),
        ] {
            let answer = ClientError::Problem(Box::new(problem(status, b"")));
            let error = Err::<(), _>(answer).context("a step").unwrap_err();
            assert_eq!(Exit::of(&error), exit, "{status}");
        }
        let timed_out = ClientError::TimedOut {
            url: String::new(),
            limit: std::time::Duration::ZERO,
        };
        assert_eq!(Exit::of_client(&timed_out), Exit::Unreachable);
        assert_eq!(Exit::of(&UsageError::new("no").into()), Exit::Usage);
        assert_eq!(Exit::of(&anyhow::anyhow!("else")), Exit::Failed);
    }

    /// Proves that the help text and the codes agree.
    #[test]
    fn help_lists_every_code() {
        let all = [
            Exit::Fine,
            Exit::Failed,
            Exit::Refused,
            Exit::Unreachable,
            Exit::Unauthorised,
            Exit::NotFound,
            Exit::Findings,
            Exit::Usage,
        ];
        for (exit, line) in all.iter().zip(CODES.lines().skip(1)) {
            assert!(
                line.trim_start().starts_with(&exit.code().to_string()),
                "{line}"
            );
        }
        assert_eq!(CODES.lines().count(), all.len() + 1);
    }
}
