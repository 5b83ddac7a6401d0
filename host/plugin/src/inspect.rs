//! Reads what a component is without compiling or running it.
//!
//! Knows nothing of the engine. Invariant: a component that passes imports nothing but this
//! contract's `log` and the records that come with it.

use wasmparser::{Encoding, Parser, Payload};

use crate::manifest::{Manifest, ManifestError};
use crate::text::clean;
use crate::{LoadError, Role, RuntimeOptions};

/// The section that holds the manifest.
const MANIFEST_SECTION: &str = "mooring:manifest";

/// The package of the contract, as it begins an import's or export's name.
const PACKAGE: &str = "mooring:plugin/";

/// The contract that this host runs.
pub(crate) const CONTRACT: &str = "0.1.0";

/// What a plugin may import, for people.
const ALLOWED: &str = "mooring:plugin/log and mooring:plugin/types";

/// Longest part of a foreign name that is repeated in a message, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Says what a component is, without compiling or running it: what it imports, that it is for this
/// contract, and that every module in it is valid. What is left for [`Runtime::load`](crate::Runtime::load)
/// are the limits of compiling, the types of its roles, and that it starts.
///
/// # Errors
/// [`LoadError`], the same as of loading it.
pub fn inspect(component: &[u8]) -> Result<Manifest, LoadError> {
    let manifest = read(component)?;
    let class = manifest.limits.class.unwrap_or_default();
    let bytes_max = class.component_bytes_max(&RuntimeOptions::default());
    if component.len() > bytes_max {
        return Err(LoadError::TooLarge {
            bytes: component.len(),
            bytes_max,
        });
    }
    let checked = wasmparser::Validator::new().validate_all(component);
    checked.map_err(|error| broken(&error))?;
    Ok(manifest)
}

/// Reads and checks `component`, but for what its compiler checks.
///
/// # Errors
/// [`LoadError`] if it is no component, imports anything else, is for another contract, or has no
/// usable manifest.
pub(crate) fn read(component: &[u8]) -> Result<Manifest, LoadError> {
    let found = walk(component)?;
    for import in &found.imports {
        check_import(import)?;
    }
    let manifest = match found.manifests.as_slice() {
        [manifest] => Manifest::parse(manifest)?,
        [] => return Err(ManifestError::Missing.into()),
        [_, _, ..] => return Err(ManifestError::Repeated.into()),
    };
    let names = found.imports.iter().chain(&found.exports);
    let versions = names.filter_map(|name| Some(contract_name(name)?.1));
    for version in versions.chain([manifest.contract.as_str()]) {
        check_contract(version)?;
    }
    check_roles(&manifest, &found.exports)?;
    Ok(manifest)
}

fn broken(error: &wasmparser::BinaryReaderError) -> LoadError {
    LoadError::NotAComponent {
        reason: clean(error.to_string(), NAME_BYTES_MAX),
    }
}

#[derive(Default)]
struct Found<'a> {
    imports: Vec<String>,
    exports: Vec<String>,
    manifests: Vec<&'a [u8]>,
}

fn walk(component: &[u8]) -> Result<Found<'_>, LoadError> {
    let broken = |error: wasmparser::BinaryReaderError| broken(&error);
    let mut found = Found::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "wasmparser's enum keeps growing"
        )]
        match payload.map_err(broken)? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => {
                return Err(LoadError::CoreModule);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    found
                        .imports
                        .push(import.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    found
                        .exports
                        .push(export.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                found.manifests.push(section.data());
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The interface and version of a name of our package.
fn contract_name(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(PACKAGE)?.split_once('@')
}

fn check_import(import: &str) -> Result<(), LoadError> {
    if let Some(("log" | "types", _)) = contract_name(import) {
        return Ok(());
    }
    let fix = if import.starts_with("wasi:") {
        "build for the target wasm32-unknown-unknown (not wasip1 or wasip2), or let your tool leave \
         WASI out"
    } else {
        "take out the code or the dependency that needs it"
    };
    let import = clean(import, NAME_BYTES_MAX);
    Err(LoadError::Import {
        import,
        allowed: ALLOWED,
        fix,
    })
}

/// Before 1.0 every minor version is a contract of its own, and patches of one fit each other.
fn check_contract(version: &str) -> Result<(), LoadError> {
    let minor = |version: &str| version.rsplit_once('.').map(|(minor, _)| minor.to_owned());
    if minor(version) == minor(CONTRACT) {
        Ok(())
    } else {
        let found = clean(version, NAME_BYTES_MAX);
        Err(LoadError::Contract {
            found,
            supported: CONTRACT,
        })
    }
}

fn check_roles(manifest: &Manifest, exports: &[String]) -> Result<(), LoadError> {
    let exports = |role: Role| {
        let name = role.to_string();
        exports
            .iter()
            .filter_map(|e| contract_name(e))
            .any(|(interface, _)| interface == name)
    };
    let exported: Vec<Role> = [Role::Validator, Role::Generator, Role::SetValidator]
        .into_iter()
        .filter(|role| exports(*role))
        .collect();
    if exported == manifest.roles {
        return Ok(());
    }
    let list = |roles: &[Role]| match roles {
        [] => "none".to_owned(),
        roles => roles
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    Err(LoadError::Roles {
        named: list(&manifest.roles),
        exported: list(&exported),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Foreign imports are named with a way out; ours pass in any version, which is checked apart.
    #[test]
    fn imports() {
        assert!(check_import("mooring:plugin/log@0.1.0").is_ok());
        assert!(check_import("mooring:plugin/types@0.9.0").is_ok());
        for import in [
            "mooring:plugin/files@0.1.0",
            "mooring:plugin/log",
            "log",
            "wasi:io/poll@0.2.0",
        ] {
            let text = check_import(import).unwrap_err().to_string();
            assert!(text.contains(&format!("`{import}`")), "{text}");
        }
        let text = check_import("wasi:io/poll@0.2.0").unwrap_err().to_string();
        assert!(text.contains("wasm32-unknown-unknown"), "{text}");
    }

    /// A patch version fits, another minor version does not, and the text names both.
    #[test]
    fn contracts() {
        assert!(check_contract("0.1.7").is_ok());
        let text = check_contract("0.2.0").unwrap_err().to_string();
        assert!(text.contains("0.2.0") && text.contains("0.1.0"), "{text}");
        assert!(check_contract("nonsense").is_err());
    }

    /// Bytes that are no wasm, and a core module, get a text each.
    #[test]
    fn other_bytes() {
        assert!(matches!(
            read(b"hello"),
            Err(LoadError::NotAComponent { .. })
        ));
        assert!(matches!(read(b""), Err(LoadError::NotAComponent { .. })));
        assert!(matches!(
            read(b"\0asm\x01\0\0\0"),
            Err(LoadError::CoreModule)
        ));
        assert!(matches!(
            read(b"\0asm\x0d\0\x01\0"),
            Err(LoadError::Manifest(ManifestError::Missing))
        ));
    }
}
