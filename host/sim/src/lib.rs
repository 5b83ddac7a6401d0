//! Simulated Macs that speak Apple's MDM protocol, one by one or as a fleet over HTTP.
//!
//! [`Device`] is a pure state machine: it holds profiles, obeys commands as a Mac does and can be
//! driven against any server function. [`Enrollment`] gets it an identity by SCEP. [`Fleet`] runs
//! many of them over real connections. The crate must not know the server: it shares no encoder,
//! decoder or rule with it, so that a mistake there is not repeated here. Invariant: everything a
//! device is, says and does follows from its seed, its index, the replies it got and the identity
//! that it was handed; no device reads a clock or draws a number.

pub mod apns;
mod cms;
mod command;
mod credential;
mod device;
mod enrollment_profile;
mod error_chain;
mod faults;
mod fleet;
mod identity;
mod line;
mod message;
mod pki;
mod profile;
mod random;
mod scep;
mod side;
mod state;
mod summary;

pub use credential::Credential;
pub use device::{Contact, Device, DeviceOptions, EXCHANGES_MAX, Ending, Next};
pub use device::{Habits, OnRenewal};
pub use enrollment_profile::{EnrollmentProfile, EnrollmentProfileError, ScepPayload};
pub use error_chain::{ChainLink, ErrorChain};
pub use faults::{Behaviour, BehaviourError, Fault, Faults, HostShare};
pub use fleet::{DeviceAuth, EnrollmentSource, ProfileFuture};
pub use fleet::{Fleet, FleetError, FleetOptions, IDLE_RUN_MAX};
pub use identity::Identity;
pub use line::{BODY_BYTES_MAX, EXCHANGE_TIME_MAX, TlsError, UrlError};
pub use message::{CHECK_IN_TYPE, CONNECT_TYPE, Channel, Reply, Request, Status, TOPIC};
pub use pki::PkiError;
pub use pki::key::PrivateKey;
pub use profile::{InstalledProfile, PayloadTuple};
pub use scep::{Enrollment, SCEP_MESSAGE_TYPE, ScepFailure, Wish};
pub use side::{ENROLLMENT_IDENTIFIER, OWN_IDENTIFIER, Progress as EnrollmentProgress};
pub use state::StateError;
pub use summary::{Ended, Progress, Summary, Tally};
