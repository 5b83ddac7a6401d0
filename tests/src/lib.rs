//! The test kit: a server without sockets, simulated devices at its other end, and time that
//! tests move.
//!
//! Knows nothing of single tests. Invariant: nothing here sleeps, and nothing depends on the
//! order or the number of the tests that use it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_errors_doc,
    reason = "test code: whatever cannot go on panics and names the place"
)]

pub mod clock;
pub mod command;
pub mod corpus;
pub mod draft;
pub mod flaky;
pub mod host;
pub mod http;
pub mod identity;
pub mod running;
pub mod server;

pub use clock::TestClock;
pub use command::Terminal;
pub use draft::Draft;
pub use host::{Host, fleet, settle, settle_one};
pub use running::Running;
pub use server::{TestServer, judge};
