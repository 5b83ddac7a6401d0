//! One request for each of several names.
//!
//! Knows nothing of the request. Invariant: a name that fails does not stop the others, unless the
//! failure is about the server itself; the command ends with the first failure's code.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::ProblemDocument;
use serde::Serialize;

use crate::client::{Client, ClientError, segment};
use crate::exit::Exit;
use crate::output;
use crate::text::clean;

/// What is to be done with each name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) method: Method2,
    /// The path before the name.
    pub(crate) before: &'static str,
    /// The path after it.
    pub(crate) after: &'static str,
    /// The word for a success, in the JSON and in the text.
    pub(crate) outcome: &'static str,
}
