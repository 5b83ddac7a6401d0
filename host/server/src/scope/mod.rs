//! Which profiles are for which hosts, and with which values: labels, assignments, declared values,
//! and what they make of one host.
//!
//! Knows nothing of HTTP. Invariants: what cannot be told of a host is unknown and never "no"; a
//! value that is missing keeps its profile from that host alone; no value is ever shown in an
//! error or a log.

mod assignments;
mod circumstances;
mod declare;
mod definitions;
mod error;
mod labels;
mod members;
mod values;
mod why;

pub use definitions::{DeclaredValue, ValueKind};
pub use error::ScopeError;
pub use labels::MembersQuery;
pub use members::FACTS_BATCH_MAX;

pub(crate) use circumstances::{Known, subject, system};
pub(crate) use definitions::{Definitions, all as all_documents};
pub(crate) use values::{attributes_of, has_value, is_attribute, values_of};
