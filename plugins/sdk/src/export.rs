//! The macros that make a crate a component.
//!
//! Invariant: on the author's own machine they expand to nothing but a check that the type has the
//! role, so a plugin's crate is tested like any other.

/// Makes this crate a component whose validator is `$plugin`, with the manifest `$manifest` (JSON
/// text, usually `include_str!("../manifest.json")`). One export macro in a crate.
#[macro_export]
macro_rules! export_validator {
    ($plugin:ty, $manifest:expr) => {
        const _: () = {
            const fn is_validator<T: $crate::Validator>() {}
            is_validator::<$plugin>();
        };
        $crate::__section!("mooring:manifest", str::as_bytes($manifest));

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "a component's exports are raw functions")]
        const _: () = {
            use $crate::bindings::plugin::exports::mooring::plugin as roles;
            type Component = $crate::component::ValidatorComponent<$plugin>;
            roles::settings::__export_mooring_plugin_settings_0_1_0_cabi!(
                Component with_types_in roles::settings
            );
            roles::validator::__export_mooring_plugin_validator_0_1_0_cabi!(
                Component with_types_in roles::validator
            );
        };
        $crate::__section!(
            "component-type:mooring:plugin@0.1.0:validator-plugin",
            $crate::bindings::VALIDATOR_WORLD
        );
    };
}

/// Makes this crate a component whose generator is `$plugin`, with the manifest `$manifest` (JSON
/// text, usually `include_str!("../manifest.json")`). One export macro in a crate.
#[macro_export]
macro_rules! export_generator {
    ($plugin:ty, $manifest:expr) => {
        const _: () = {
            const fn is_generator<T: $crate::Generator>() {}
            is_generator::<$plugin>();
        };
        $crate::__section!("mooring:manifest", str::as_bytes($manifest));

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "a component's exports are raw functions")]
        const _: () = {
            use $crate::bindings::plugin::exports::mooring::plugin as roles;
            type Component = $crate::component::GeneratorComponent<$plugin>;
            roles::settings::__export_mooring_plugin_settings_0_1_0_cabi!(
                Component with_types_in roles::settings
            );
            roles::generator::__export_mooring_plugin_generator_0_1_0_cabi!(
                Component with_types_in roles::generator
            );
        };
        $crate::__section!(
            "component-type:mooring:plugin@0.1.0:generator-plugin",
            $crate::bindings::GENERATOR_WORLD
        );
    };
}

/// Makes this crate a component that is both validator and generator, with the manifest `$manifest`.
/// One export macro in a crate.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty, $manifest:expr) => {
        const _: () = {
            const fn is_both<T: $crate::Validator + $crate::Generator>() {}
            is_both::<$plugin>();
        };
        $crate::__section!("mooring:manifest", str::as_bytes($manifest));

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "a component's exports are raw functions")]
        const _: () = {
            use $crate::bindings::plugin::exports::mooring::plugin as roles;
            type Component = $crate::component::BothComponent<$plugin>;
            roles::settings::__export_mooring_plugin_settings_0_1_0_cabi!(
                Component with_types_in roles::settings
            );
            roles::validator::__export_mooring_plugin_validator_0_1_0_cabi!(
                Component with_types_in roles::validator
            );
            roles::generator::__export_mooring_plugin_generator_0_1_0_cabi!(
                Component with_types_in roles::generator
            );
        };
        $crate::__section!(
            "component-type:mooring:plugin@0.1.0:plugin",
            $crate::bindings::BOTH_WORLD
        );
    };
}

/// Makes this crate a component whose set validator is `$plugin`, with the manifest `$manifest`
/// (JSON text, usually `include_str!("../manifest.json")`). One export macro in a crate.
#[macro_export]
macro_rules! export_set_validator {
    ($plugin:ty, $manifest:expr) => {
        const _: () = {
            const fn is_set_validator<T: $crate::SetValidator>() {}
            is_set_validator::<$plugin>();
        };
        $crate::__section!("mooring:manifest", str::as_bytes($manifest));

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "a component's exports are raw functions")]
        const _: () = {
            use $crate::bindings::plugin::exports::mooring::plugin as roles;
            type Component = $crate::component::SetValidatorComponent<$plugin>;
            roles::settings::__export_mooring_plugin_settings_0_1_0_cabi!(
                Component with_types_in roles::settings
            );
            roles::set_validator::__export_mooring_plugin_set_validator_0_1_0_cabi!(
                Component with_types_in roles::set_validator
            );
        };
        $crate::__section!(
            "component-type:mooring:plugin@0.1.0:set-validator-plugin",
            $crate::bindings::SET_VALIDATOR_WORLD
        );
    };
}

/// Puts bytes into a named section of the wasm file, where they are read without running code.
#[doc(hidden)]
#[macro_export]
macro_rules! __section {
    ($name:literal, $bytes:expr) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "a named section is the only way into the file")]
        const _: () = {
            const BYTES: &[u8] = $bytes;
            #[unsafe(link_section = $name)]
            #[used]
            static SECTION: [u8; BYTES.len()] = {
                let mut section = [0; BYTES.len()];
                section.copy_from_slice(BYTES);
                section
            };
        };
    };
}
