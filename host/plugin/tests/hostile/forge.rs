//! Makes components byte by byte, so that they can be wrong in any place.
//!
//! Knows nothing of what is wrong with them. Invariant: a [`Guest`] that nobody changed is a
//! validator in order that finds nothing.

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, DataSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink,
    MemorySection, MemoryType, Module, RawSection, RefType, StartSection, TableSection, TableType,
    TypeSection, ValType,
};

/// The world of validators, as the SDK commits it.
const WORLD: &[u8] = include_bytes!("../../../../plugins/sdk/src/bindings/validator.world");

/// Where the result of `validate` lies: without data there, a list of no findings.
pub(crate) const RESULT: i32 = 1024;
/// Where the first finding lies.
pub(crate) const FINDING: i32 = 2048;
/// The size of one finding's record.
pub(crate) const FINDING_BYTES: i32 = 52;
/// Where texts may lie.
pub(crate) const TEXT: i32 = 4096;

/// The index of `log.write`, when there is an import of it.
pub(crate) const LOG: u32 = 0;
/// The index of the function that is there for what a case needs.
pub(crate) const EXTRA: u32 = 5;

/// The types that bodies may name in indirect calls.
pub(crate) const NO_ARGUMENTS: u32 = 3;

/// What a core module of a validator consists of.
pub(crate) struct Guest {
    pub(crate) manifest: Vec<Vec<u8>>,
    pub(crate) pages: u64,
    pub(crate) table: u64,
    pub(crate) check: Function,
    pub(crate) validate: Function,
    pub(crate) realloc: Function,
    pub(crate) after: Option<Function>,
    pub(crate) extra: Function,
    pub(crate) starts: bool,
    pub(crate) data: Vec<(i32, Vec<u8>)>,
    /// Functions that nobody calls.
    pub(crate) more: Vec<Function>,
    pub(crate) memories: u32,
    /// A further section, by its number and bytes.
    pub(crate) section: Option<(u8, Vec<u8>)>,
}

/// A function body with these locals beside its parameters.
pub(crate) fn body(locals: &[ValType], code: impl FnOnce(&mut InstructionSink<'_>)) -> Function {
    let mut function = Function::new_with_locals_types(locals.iter().copied());
    let mut sink = function.instructions();
    code(&mut sink);
    sink.end();
    function
}

/// A body that hands back one number.
pub(crate) fn constant(value: i32) -> Function {
    body(&[], |code| {
        code.i32_const(value);
    })
}

/// A body that never ends.
pub(crate) fn endless() -> Function {
    body(&[], |code| {
        code.loop_(wasm_encoder::BlockType::Empty)
            .br(0)
            .end()
            .unreachable();
    })
}

/// A body that traps.
pub(crate) fn trap() -> Function {
    body(&[], |code| {
        code.unreachable();
    })
}

/// Takes from the heap without ever giving back.
fn bump() -> Function {
    body(&[], |code| {
        code.global_get(0)
            .i32_const(7)
            .i32_add()
            .i32_const(-8)
            .i32_and()
            .global_set(0)
            .global_get(0)
            .global_get(0)
            .local_get(3)
            .i32_add()
            .global_set(0);
    })
}

/// A manifest for this contract and these roles.
pub(crate) fn manifest(contract: &str, roles: &str) -> Vec<u8> {
    format!(
        r#"{{"id":"com.example.forged","version":"1","contract":"{contract}","roles":{roles}}}"#
    )
    .into_bytes()
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            manifest: vec![manifest("0.1.0", r#"["validator"]"#)],
            pages: 17,
            table: 1,
            check: constant(RESULT),
            validate: constant(RESULT),
            realloc: bump(),
            after: None,
            extra: body(&[], |_| {}),
            starts: false,
            data: Vec::new(),
            more: Vec::new(),
            memories: 1,
            section: None,
        }
    }
}

impl Guest {
    /// One that differs in what its validation does.
    pub(crate) fn validating(validate: Function) -> Self {
        Self {
            validate,
            ..Self::default()
        }
    }

    /// One that answers with what these bytes mean.
    pub(crate) fn answering(data: Vec<(i32, Vec<u8>)>) -> Self {
        Self {
            data,
            ..Self::default()
        }
    }

    /// The core module.
    pub(crate) fn module(self) -> Vec<u8> {
        let mut functions = FunctionSection::new();
        for kind in [0, 1, 2, 4, NO_ARGUMENTS] {
            functions.function(kind);
        }
        for _ in &self.more {
            functions.function(NO_ARGUMENTS);
        }
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: self.table,
            maximum: None,
            shared: false,
        });
        let mut globals = GlobalSection::new();
        let global = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(global, &ConstExpr::i32_const(1 << 16));
        let mut module = Module::new();
        let (types, imports) = interface();
        module.section(&types).section(&imports).section(&functions);
        module
            .section(&tables)
            .section(&memories(self.memories, self.pages));
        module.section(&globals);
        module.section(&exports(self.after.is_some()));
        if self.starts {
            module.section(&StartSection {
                function_index: EXTRA,
            });
        }
        let mut code = CodeSection::new();
        let after = self.after.unwrap_or_else(|| body(&[], |_| {}));
        for function in [
            &self.check,
            &self.validate,
            &self.realloc,
            &after,
            &self.extra,
        ] {
            code.function(function);
        }
        for function in &self.more {
            code.function(function);
        }
        module.section(&code);
        let mut data = DataSection::new();
        for (at, bytes) in &self.data {
            data.active(0, &ConstExpr::i32_const(*at), bytes.iter().copied());
        }
        module.section(&data);
        if let Some((id, data)) = &self.section {
            module.section(&RawSection { id: *id, data });
        }
        let custom = |name: &'static str, data: Vec<u8>| CustomSection {
            name: name.into(),
            data: data.into(),
        };
        module.section(&custom("component-type", WORLD.to_vec()));
        for manifest in self.manifest {
            module.section(&custom("mooring:manifest", manifest));
        }
        module.finish()
    }

    /// The component.
    pub(crate) fn component(self) -> Vec<u8> {
        let module = self.module();
        let mut encoder = wit_component::ComponentEncoder::default()
            .validate(false)
            .module(&module)
            .unwrap();
        encoder.encode().unwrap()
    }
}

/// The types of all functions, and the import of the log.
fn interface() -> (TypeSection, ImportSection) {
    use ValType::I32;
    let mut types = TypeSection::new();
    types.ty().function([I32, I32], [I32]);
    types.ty().function([I32], [I32]);
    types.ty().function([I32; 4], [I32]);
    types.ty().function([], []);
    types.ty().function([I32], []);
    types.ty().function([I32; 3], []);
    let mut imports = ImportSection::new();
    imports.import("mooring:plugin/log@0.1.0", "write", EntityType::Function(5));
    (types, imports)
}

fn memories(count: u32, pages: u64) -> MemorySection {
    let mut memories = MemorySection::new();
    for _ in 0..count {
        memories.memory(MemoryType {
            minimum: pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
    }
    memories
}

fn exports(has_after: bool) -> ExportSection {
    let mut exports = ExportSection::new();
    exports.export("mooring:plugin/settings@0.1.0#check", ExportKind::Func, 1);
    exports.export(
        "mooring:plugin/validator@0.1.0#validate",
        ExportKind::Func,
        2,
    );
    exports.export("cabi_realloc", ExportKind::Func, 3);
    if has_after {
        let name = "cabi_post_mooring:plugin/validator@0.1.0#validate";
        exports.export(name, ExportKind::Func, 4);
    }
    exports.export("memory", ExportKind::Memory, 0);
    exports
}

/// Numbers as they lie in memory.
pub(crate) fn words(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The data of an answer with this many findings at [`FINDING`], all of them as this one.
pub(crate) fn findings(count: i32, finding: &[i32; 13]) -> Vec<(i32, Vec<u8>)> {
    vec![
        (RESULT, words(&[0, FINDING, count])),
        (FINDING, words(finding)),
    ]
}

/// A finding about the whole profile, with this message.
pub(crate) fn remark(at: i32, length: i32) -> [i32; 13] {
    // severity; rule; message; place and its payload; hint; extra
    [0, TEXT, 4, at, length, 0, 0, 0, 0, 0, 0, 0, 0]
}
