//! Who may speak: every message of every kind of stranger, and what the right device gets.

mod answers;
mod blocking;
mod holding;
mod issuing;
mod matrix;
mod outside;
mod pinning;
mod renewal;
mod replay;
mod scep;
mod secrets;
mod wire;
