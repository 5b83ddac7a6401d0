//! The committed bindings are what the generator makes of `wit/0.1.0`.
//!
//! `MOORING_BLESS=1 cargo test -p mooring-sdk --test bindings` writes them anew.

use std::path::{Path, PathBuf};

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::{Opts, WithOption};

const CONTRACT: &str = "0.1.0";

fn generated(world: &str, module: &str, shared: Option<&str>) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(root.join("../../wit").join(CONTRACT))
        .unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let with = shared.map(|shared| {
        ["types", "log"].map(|interface| {
            let path = format!("crate::bindings::{shared}::mooring::plugin::{interface}");
            (
                format!("mooring:plugin/{interface}@{CONTRACT}"),
                WithOption::Path(path),
            )
        })
    });
    let options = Opts {
        format: true,
        runtime_path: Some("wit_bindgen::rt".to_owned()),
        default_bindings_module: Some(format!("mooring_sdk::bindings::{module}")),
        export_macro_name: Some(format!("export_{module}_component")),
        pub_export_macro: true,
        with: with.into_iter().flatten().collect(),
        ..Opts::default()
    };
    let mut files = Files::default();
    options
        .build()
        .generate(&mut resolve, world, &mut files)
        .unwrap();
    let (_, text) = files.iter().next().unwrap();
    String::from_utf8(text.to_vec()).unwrap()
}

fn check(world: &str, module: &str, shared: Option<&str>) {
    let path: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/bindings/{module}.rs"));
    let text = generated(world, module, shared);
    if std::env::var_os("MOORING_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "{} is not what wit/{CONTRACT} gives; write it anew with\n\
         MOORING_BLESS=1 cargo test -p mooring-sdk --test bindings",
        path.display()
    );
}

/// Nobody has edited the bindings, nor the contract without them.
#[test]
fn bindings_are_current() {
    check("validator-plugin", "validator", None);
    check("generator-plugin", "generator", Some("validator"));
}
