//! The macros that make a crate a component.
//!
//! Invariant: on the author's own machine they expand to nothing but a check that the type has the
//! role, so a plugin's crate is tested like any other.

/// Makes this crate a component whose validator is `$plugin`, with the manifest `$manifest` (JSON
/// text, usually `include_str!("../manifest.json")`). Once in a crate.
#[macro_export]
macro_rules! export_validator {
    ($plugin:ty, $manifest:expr) => {
        $crate::__manifest!($manifest);

        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_validator<T: $crate::Validator>() {}
            is_validator::<$plugin>();
        };

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the component's exports are raw functions")]
        const _: () = {
            type Component = $crate::component::ValidatorComponent<$plugin>;
            $crate::bindings::validator::export_validator_component!(
                Component with_types_in $crate::bindings::validator
            );
        };
    };
}

/// Makes this crate a component whose generator is `$plugin`, with the manifest `$manifest` (JSON
/// text, usually `include_str!("../manifest.json")`). Once in a crate.
#[macro_export]
macro_rules! export_generator {
    ($plugin:ty, $manifest:expr) => {
        $crate::__manifest!($manifest);

        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_generator<T: $crate::Generator>() {}
            is_generator::<$plugin>();
        };

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the component's exports are raw functions")]
        const _: () = {
            type Component = $crate::component::GeneratorComponent<$plugin>;
            $crate::bindings::generator::export_generator_component!(
                Component with_types_in $crate::bindings::generator
            );
        };
    };
}

/// Puts the manifest where the host reads it without running code.
#[doc(hidden)]
#[macro_export]
macro_rules! __manifest {
    ($manifest:expr) => {
        const _: () = {
            const TEXT: &str = $manifest;
            #[cfg(target_arch = "wasm32")]
            #[allow(unsafe_code, reason = "a named section is the only way into the file")]
            #[unsafe(link_section = "mooring:manifest")]
            #[used]
            static MANIFEST: [u8; TEXT.len()] = {
                let mut bytes = [0; TEXT.len()];
                bytes.copy_from_slice(TEXT.as_bytes());
                bytes
            };
        };
    };
}
