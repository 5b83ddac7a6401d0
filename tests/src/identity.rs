//! Who devices are: certificates good and odd, the ways to show them, and a server that asks.
//!
//! Knows nothing of single tests. Invariants: keys are made once a process, since that is what
//! costs time; nothing here waits, and no certificate depends on when a test runs.

mod bodies;
mod card;
mod der;
mod member;
mod signing;
mod site;
mod snapshot;
mod tls;

pub use bodies::{MAC, Who, fill, wire};
pub use card::{Ca, Card, Shape, Usage, authority, issued, outside, rsa_key, stranger};
pub use member::{Member, redeem};
pub use signing::{Stamp, sign, sign_profile};
pub use site::{HEADER, Letter, PROXY, STRANGER, Site, SiteOptions, WAYS, Way, push_certificate};
pub use snapshot::Snapshot;
pub use tls::{Wire, server_files};
