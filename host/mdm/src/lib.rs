//! Apple's device management protocol and configuration profile format as types.
//!
//! Decodes what devices and administrators send, encodes what devices get, and owns a profile's
//! identity. It knows nothing of storage, plugins, the network, the clock or randomness: every
//! function is plain data in, plain data out.

pub mod checkin;
pub mod command;
pub mod device;
pub mod error_chain;
pub mod finding;
pub mod fix;
pub mod ids;
pub mod message;
pub mod os;
pub mod plist;
pub mod profile;
pub mod reply;
pub mod report;
pub mod rules;
