//! Simulated Macs that speak Apple's MDM protocol, one by one or as a fleet over HTTP.
//!
//! [`Device`] is a pure state machine: it holds profiles, obeys commands as a Mac does and can be
//! driven against any server function. [`Fleet`] runs many of them over real connections. The crate
//! must not know the server: it shares no encoder, decoder or rule with it, so that a mistake there
//! is not repeated here. Invariant: everything a device is, says and does follows from its seed,
//! its index and the replies it got; no clock and no randomness are read.

mod cms;
mod command;
mod device;
mod error_chain;
mod faults;
mod fleet;
mod identity;
mod line;
mod message;
mod profile;
mod random;
mod side;
mod state;
mod summary;

pub use device::{Contact, Device, DeviceOptions, EXCHANGES_MAX, Ending, Next};
pub use error_chain::{ChainLink, ErrorChain};
pub use faults::{Behaviour, BehaviourError, Fault, Faults, HostShare};
pub use fleet::{Fleet, FleetError, FleetOptions, IDLE_RUN_MAX};
pub use identity::Identity;
pub use line::{BODY_BYTES_MAX, EXCHANGE_TIME_MAX, UrlError};
pub use message::{CHECK_IN_TYPE, CONNECT_TYPE, Channel, Reply, Request, Status};
pub use profile::{InstalledProfile, PayloadTuple};
pub use side::{ENROLLMENT_IDENTIFIER, OWN_IDENTIFIER, Progress as EnrollmentProgress};
pub use state::StateError;
pub use summary::{Ended, Progress, Summary, Tally};
