//! The contract `mooring:plugin@0.1.0`.
//!
//! Invariant: each call has its own store, so its own memory, deadline and log.

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::use_self,
    clippy::str_to_string,
    clippy::allow_attributes_without_reason,
    reason = "generated: the canonical ABI is raw memory"
)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/0.1.0",
        world: "every-role",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}
mod ending;
mod lift;
mod lower;
mod sets;

use std::time::Instant;

use mooring_mdm::finding::Finding;
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};
use wasmtime::{Engine, Store};

use self::bindings::exports::mooring::plugin::{generator, set_validator, settings, validator};
use self::bindings::mooring::plugin::{log, types};
use crate::log::LogBuffer;
use crate::meter::MemoryMeter;
use crate::outcome::{Call, GeneratedProfile, Outcome};
use crate::results::Located;
use crate::runtime::Bounds;
use crate::set::{ProfileSet, SetFinding};
use crate::text::{MESSAGE_BYTES_MAX, clean};
use crate::{Context, Limits, LogLevel, PluginId, Role, Subject, fuel, ticker};

/// What one call leaves in its store.
#[derive(Debug)]
pub(crate) struct CallState {
    log: LogBuffer,
    memory: MemoryMeter,
}

impl CallState {
    fn new(limits: &Limits, parts_max: usize) -> Self {
        Self {
            log: LogBuffer::new(limits.log_bytes),
            memory: MemoryMeter::new(limits.memory_bytes, parts_max),
        }
    }
}

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, text: String) {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.log.write(level, &text);
    }
}

impl types::Host for CallState {}

/// A linked component and where its roles are.
#[derive(Clone)]
pub(crate) struct Adapter {
    pre: InstancePre<CallState>,
    settings: settings::GuestIndices,
    validator: Option<validator::GuestIndices>,
    generator: Option<generator::GuestIndices>,
    set_validator: Option<set_validator::GuestIndices>,
    bounds: Bounds,
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter").finish_non_exhaustive()
    }
}

impl Adapter {
    /// What a component of this contract may import.
    pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
        let mut linker = Linker::new(engine);
        log::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut CallState| state)?;
        types::add_to_linker::<_, HasSelf<_>>(&mut linker, |state: &mut CallState| state)?;
        Ok(linker)
    }

    /// Finds the roles.
    pub(crate) fn new(
        pre: InstancePre<CallState>,
        roles: &[Role],
        bounds: Bounds,
    ) -> wasmtime::Result<Self> {
        let has = |role| roles.contains(&role);
        Ok(Self {
            settings: settings::GuestIndices::new(&pre)?,
            validator: has(Role::Validator)
                .then(|| validator::GuestIndices::new(&pre))
                .transpose()?,
            generator: has(Role::Generator)
                .then(|| generator::GuestIndices::new(&pre))
                .transpose()?,
            set_validator: has(Role::SetValidator)
                .then(|| set_validator::GuestIndices::new(&pre))
                .transpose()?,
            pre,
            bounds,
        })
    }

    /// Most memory that a call can have, in bytes.
    pub(crate) fn memory_bytes_max(&self) -> usize {
        self.bounds.memory_bytes_max
    }

    /// Makes one instance to see that it starts, and that its roles have the contract's types.
    pub(crate) fn try_out(&self, limits: &Limits) -> Call<()> {
        let mut misfit = None;
        let call = self.call(limits, |store, instance| {
            misfit = self.check_types(store, instance).err();
            Ok(())
        });
        match misfit {
            Some(error) => call.then(|()| Outcome::Incompatible {
                text: clean(format!("{error:#}"), MESSAGE_BYTES_MAX),
            }),
            None => call,
        }
    }

    fn check_types(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
    ) -> wasmtime::Result<()> {
        self.settings.load(&mut *store, instance)?;
        if let Some(validator) = &self.validator {
            validator.load(&mut *store, instance)?;
        }
        if let Some(generator) = &self.generator {
            generator.load(&mut *store, instance)?;
        }
        if let Some(set_validator) = &self.set_validator {
            set_validator.load(&mut *store, instance)?;
        }
        Ok(())
    }

    pub(crate) fn check_settings(
        &self,
        plugin: &PluginId,
        text: &str,
        limits: &Limits,
    ) -> Call<Vec<Finding>> {
        let call = self.call(limits, |store, instance| {
            self.settings
                .load(&mut *store, instance)?
                .call_check(store, text)
        });
        call.then(|findings| lift::findings(findings, limits, &|f| lift::unplaced(f, plugin)))
    }

    pub(crate) fn validate(
        &self,
        plugin: &PluginId,
        subject: &Subject<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<Located>> {
        let Some(validator) = &self.validator else {
            return Call::not_made(lift::no_role(Role::Validator));
        };
        let context = lower::Context::new(context);
        let tree = lower::Tree::new(subject.document);
        if let Some(too_large) = tree.over(limits, subject.bytes.len()) {
            return Call::not_made(too_large);
        }
        let limits = &tree.with_handover(limits);
        let texts = tree.texts();
        let profile = tree.profile(&texts, subject.bytes);
        let call = self.call(limits, |store, instance| {
            let validator = validator.load(&mut *store, instance)?;
            validator.call_validate(store, profile, context.record())
        });
        call.then(lift::failed).then(|findings| {
            lift::findings(findings, limits, &|f| {
                lift::located(f, plugin, subject.document)
            })
        })
    }

    pub(crate) fn validate_set(
        &self,
        plugin: &PluginId,
        set: &ProfileSet<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<SetFinding>> {
        let Some(set_validator) = &self.set_validator else {
            return Call::not_made(lift::no_role(Role::SetValidator));
        };
        let context = lower::Context::new(context);
        let trees = sets::Trees::new(set);
        if let Some(too_large) = trees.over(limits) {
            return Call::not_made(too_large);
        }
        let limits = &trees.with_handover(limits);
        let texts = trees.texts();
        let (members, gone) = trees.records(&texts);
        let profiles = set_validator::ProfileSet {
            members: &members,
            gone: &gone,
        };
        let call = self.call(limits, |store, instance| {
            let set_validator = set_validator.load(&mut *store, instance)?;
            set_validator.call_validate_set(store, profiles, context.record())
        });
        call.then(lift::failed)
            .then(|findings| sets::findings(findings, plugin, set, limits))
    }

    pub(crate) fn generate(
        &self,
        plugin: &PluginId,
        seed: &str,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<GeneratedProfile>> {
        let Some(generator) = &self.generator else {
            return Call::not_made(lift::no_role(Role::Generator));
        };
        let context = lower::Context::new(context);
        let call = self.call(limits, |store, instance| {
            let generator = generator.load(&mut *store, instance)?;
            generator.call_generate(store, seed, context.record())
        });
        call.then(lift::failed)
            .then(|outputs| lift::outputs(outputs, plugin, limits))
    }

    fn store(&self, limits: &Limits, start: Instant) -> Store<CallState> {
        let mut store = Store::new(
            self.pre.engine(),
            CallState::new(limits, self.bounds.parts_max),
        );
        store.limiter(|state| &mut state.memory);
        ticker::stop_after(&mut store, start, limits.timeout);
        store.set_hostcall_fuel(limits.output_bytes);
        fuel::fill_up(&mut store);
        store
    }

    /// One call in an instance of its own: everything that can go wrong becomes an outcome.
    fn call<T>(
        &self,
        limits: &Limits,
        body: impl FnOnce(&mut Store<CallState>, &Instance) -> wasmtime::Result<T>,
    ) -> Call<T> {
        let limits = Limits {
            memory_bytes: limits.memory_bytes.min(self.bounds.memory_bytes_max),
            ..*limits
        };
        let start = Instant::now();
        let mut store = self.store(&limits, start);
        let result = self
            .pre
            .instantiate(&mut store)
            .and_then(|instance| body(&mut store, &instance));
        let duration = start.elapsed();
        let instructions = fuel::used(&store);
        let state = store.into_data();
        let outcome = match result {
            Ok(answer) => Outcome::Done(answer),
            Err(error) => ending::outcome(&error, &state, &limits, duration),
        };
        Call {
            outcome,
            duration,
            peak_memory_bytes: state.memory.peak_bytes(),
            instructions,
            log: state.log.lines,
            log_lines_dropped: state.log.lines_dropped,
        }
    }
}
