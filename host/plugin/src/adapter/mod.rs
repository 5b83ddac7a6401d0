//! One module per contract: it turns the host's types into the contract's records and back.
//!
//! Knows nothing of loading. Invariant: the generated bindings are private to their module, so a
//! new contract is a new module and changes nothing else.

pub(crate) mod v0_1;
