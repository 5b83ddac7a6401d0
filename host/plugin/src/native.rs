//! Native code that an engine made of a component, and the one place where it is trusted.
//!
//! Knows nothing of where code is kept. Invariant: a [`NativeCode`] is only ever made by this
//! crate's own engines: in this process, by a child of it that handed the code over by a pipe, or
//! earlier, and then by whoever has the key of the cache.

use std::fmt;
use std::hash::{Hash as _, Hasher};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::EngineError;

/// The code of one component, for one engine configuration on one sort of machine.
pub(crate) struct NativeCode(Vec<u8>);

impl fmt::Debug for NativeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NativeCode({} bytes)", self.0.len())
    }
}

impl NativeCode {
    /// Compiles, here and now. Cannot be interrupted.
    pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Result<Self, EngineError> {
        let code = engine.precompile_component(component);
        code.map(Self).map_err(EngineError::new)
    }

    /// Code that a child of this process has just compiled.
    pub(crate) fn of_child(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Code from the cache, after its MAC was found to be right.
    pub(crate) fn verified(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Makes it runnable. The engine refuses code of another version or configuration.
    #[expect(
        unsafe_code,
        reason = "loading native code cannot be checked by the compiler, see below"
    )]
    pub(crate) fn load(&self, engine: &Engine) -> Result<Component, EngineError> {
        // SAFETY: the bytes have to be unchanged output of `precompile_component`. A `NativeCode`
        // has three makers. `compile` takes that output as it is. `of_child` takes the whole of a
        // pipe whose other end only a process has that this one started from its own program, and
        // that ended well. `verified` takes a file that carries a MAC of its content and its name
        // under a key that nobody but this user can read, and only this program writes such files,
        // with code of the first two. The bytes are this process's own copy: nobody changes them
        // while they are loaded, and the engine copies them again. Whoever can break this (write
        // the program or read the key) can run code as this user without it.
        let component = unsafe { Component::deserialize(engine, &self.0) };
        component.map_err(EngineError::new)
    }
}

/// Names everything that code depends on beside the component: engine version and settings, the
/// machine's instruction set, and this crate's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EngineId([u8; 16]);

impl EngineId {
    pub(crate) fn of(engine: &Engine) -> Self {
        let mut hasher = ByteHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
        let digest: [u8; 32] = hasher.0.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A hasher whose outcome is the same in every process.
struct ByteHasher(Sha256);

impl Hasher for ByteHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks: the digest is taken from the inside.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Machine, compiling};
    use crate::{Allocation, RuntimeOptions};

    /// A component of nothing but its header.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    /// Engines with a pool, without one, and that only compile take each other's code, and say so
    /// by the same id in every process; one with another setting does not.
    #[test]
    fn engines_agree() {
        let pooled = Machine::pooled(&RuntimeOptions::default()).unwrap();
        assert_eq!(pooled.allocation, Allocation::Pool);
        let on_demand = Machine::on_demand(&RuntimeOptions::default()).unwrap();
        let compiling = compiling().unwrap();
        let id = EngineId::of(&pooled.engine);
        assert_eq!(id, EngineId::of(&on_demand.engine));
        assert_eq!(id, EngineId::of(&compiling));
        let code = NativeCode::compile(&compiling, EMPTY).unwrap();
        assert!(code.load(&pooled.engine).is_ok());
        assert!(code.load(&on_demand.engine).is_ok());

        let counting = RuntimeOptions {
            counts_instructions: true,
            ..RuntimeOptions::default()
        };
        let counting = Machine::on_demand(&counting).unwrap().engine;
        for other in [Engine::default(), counting] {
            assert_ne!(id, EngineId::of(&other));
            assert!(code.load(&other).is_err());
        }
    }
}
