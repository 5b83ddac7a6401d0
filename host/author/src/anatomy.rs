//! What is inside a component, or inside anything that is taken for one.
//!
//! Reads and never runs. Knows nothing of what is allowed: that is for the host. Invariant: every
//! import and export of the whole and of every core module in it is listed, up to a bound that is
//! told.

use mooring_plugin::Digest;
use serde::Serialize;
use wasmparser::{Encoding, ExternalKind, Parser, Payload, TypeRef};

use crate::manifest::SECTION;

/// Most names that one list has; a plugin has a dozen.
pub const NAMES_MAX: usize = 1000;

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A component.
    Component,
    /// A core module that was not wrapped yet.
    CoreModule,
    /// No WebAssembly, or broken.
    Other,
}

/// What is inside.
#[derive(Debug, Clone, Serialize)]
pub struct Anatomy {
    /// What the bytes are.
    pub form: Form,
    /// Digest of all bytes.
    #[serde(serialize_with = "as_text")]
    pub digest: Digest,
    /// How many bytes there are.
    pub bytes: usize,
    /// What the component as a whole wants from the host.
    pub imports: Vec<String>,
    /// What it has for the host.
    pub exports: Vec<String>,
    /// The core modules in it, in order of the file.
    pub modules: Vec<Module>,
    /// The manifest's JSON; the first, if there are several.
    #[serde(skip)]
    pub manifest: Option<Vec<u8>>,
    /// Where reading stopped, and why.
    pub broken: Option<String>,
    /// Whether a list was cut at [`NAMES_MAX`].
    pub is_cut: bool,
}

/// A core module: what it imports comes from the component around it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Module {
    /// `module name`, with what sort of thing it is.
    pub imports: Vec<String>,
    /// Names, with what sort of thing each is.
    pub exports: Vec<String>,
}

fn as_text<S: serde::Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

/// Reads `bytes`, as far as they can be read.
pub fn read(bytes: &[u8]) -> Anatomy {
    let mut anatomy = Anatomy {
        form: Form::Other,
        digest: Digest::of(bytes),
        bytes: bytes.len(),
        imports: Vec::new(),
        exports: Vec::new(),
        modules: Vec::new(),
        manifest: None,
        broken: None,
        is_cut: false,
    };
    let mut open = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let taken = payload.and_then(|payload| anatomy.take(&payload, &mut open));
        if let Err(error) = taken {
            anatomy.broken = Some(error.to_string());
            break;
        }
    }
    anatomy
}

/// What the innermost part that is being read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Component,
    Module(usize),
}

impl Anatomy {
    fn take(
        &mut self,
        payload: &Payload<'_>,
        open: &mut Vec<Part>,
    ) -> Result<(), wasmparser::BinaryReaderError> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "wasmparser's enum keeps growing"
        )]
        match payload {
            Payload::Version { encoding, .. } => self.begin(*encoding, open),
            Payload::End(_) => {
                open.pop();
            }
            Payload::ComponentImportSection(imports) if open.len() == 1 => {
                for import in imports.clone() {
                    let name = import?.name.name.to_owned();
                    push(&mut self.imports, name, &mut self.is_cut);
                }
            }
            Payload::ComponentExportSection(exports) if open.len() == 1 => {
                for export in exports.clone() {
                    let name = export?.name.name.to_owned();
                    push(&mut self.exports, name, &mut self.is_cut);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import?;
                    let kind = type_word(import.ty);
                    let name = format!("{} {} ({kind})", import.module, import.name);
                    self.import_of_module(open, name);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    let name = format!("{} ({})", export.name, kind_word(export.kind));
                    self.export_of_module(open, name);
                }
            }
            Payload::CustomSection(section) if section.name() == SECTION => {
                self.manifest.get_or_insert_with(|| section.data().to_vec());
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, encoding: Encoding, open: &mut Vec<Part>) {
        let part = match encoding {
            Encoding::Component => Part::Component,
            Encoding::Module => {
                if self.modules.len() < NAMES_MAX {
                    self.modules.push(Module::default());
                } else {
                    self.is_cut = true;
                }
                Part::Module(self.modules.len() - 1)
            }
        };
        if open.is_empty() {
            self.form = match part {
                Part::Component => Form::Component,
                Part::Module(_) => Form::CoreModule,
            };
        }
        open.push(part);
    }

    fn import_of_module(&mut self, open: &[Part], name: String) {
        if let Some(Part::Module(at)) = open.last() {
            push(&mut self.modules[*at].imports, name, &mut self.is_cut);
        }
    }

    fn export_of_module(&mut self, open: &[Part], name: String) {
        if let Some(Part::Module(at)) = open.last() {
            push(&mut self.modules[*at].exports, name, &mut self.is_cut);
        }
    }
}

fn push(names: &mut Vec<String>, name: String, is_cut: &mut bool) {
    if names.len() < NAMES_MAX {
        names.push(name);
    } else {
        *is_cut = true;
    }
}

fn type_word(ty: TypeRef) -> &'static str {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "function",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
}

fn kind_word(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shipped plugin has one import that is a function, and a manifest; its modules are listed.
    #[test]
    fn of_a_plugin() {
        let anatomy = read(mooring_builtin::STRUCTURE.component);
        assert_eq!(anatomy.form, Form::Component);
        assert_eq!(anatomy.broken, None);
        let ours = |name: &String| name.starts_with("mooring:plugin/");
        assert!(anatomy.imports.iter().all(ours), "{:?}", anatomy.imports);
        assert!(
            anatomy
                .exports
                .iter()
                .any(|name| name.contains("/validator@"))
        );
        assert!(anatomy.manifest.is_some());
        let imports = anatomy.modules.iter().flat_map(|module| &module.imports);
        let log = |name: &&String| name.starts_with("mooring:plugin/log");
        assert_eq!(imports.filter(log).count(), 1);
    }

    /// Other bytes are told apart, and half a component is read up to where it breaks.
    #[test]
    fn of_other_bytes() {
        assert_eq!(read(b"\0asm\x01\0\0\0").form, Form::CoreModule);
        assert_eq!(read(b"no wasm").form, Form::Other);
        assert!(read(b"no wasm").broken.is_some());
        let whole = mooring_builtin::STRUCTURE.component;
        let half = read(&whole[..whole.len() / 2]);
        assert_eq!(half.form, Form::Component);
        assert!(half.broken.is_some());
    }
}
