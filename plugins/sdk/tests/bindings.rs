//! The committed bindings are what the generator makes of `wit/0.1.0`.
//!
//! `MOORING_BLESS=1 cargo test -p mooring-sdk --test bindings` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::Opts;

fn contract(world: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/0.1.0");
    let (package, _) = resolve.push_dir(folder).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    (resolve, world)
}

/// Records and calls of every role. Two worlds that export one interface cannot both have bindings
/// in one crate, so there is one set, and a role's macro takes from it what it exports.
fn bindings() -> Vec<u8> {
    let (mut resolve, world) = contract("every-role");
    let options = Opts {
        format: true,
        runtime_path: Some("wit_bindgen::rt".to_owned()),
        default_bindings_module: Some("mooring_sdk::bindings::plugin".to_owned()),
        export_macro_name: Some("export_every_role".to_owned()),
        pub_export_macro: true,
        ..Opts::default()
    };
    let mut files = Files::default();
    options
        .build()
        .generate(&mut resolve, world, &mut files)
        .unwrap();
    files.iter().next().unwrap().1.to_vec()
}

/// The encoded world that tells the component builder what a core module exports.
fn world(name: &str) -> Vec<u8> {
    let (resolve, world) = contract(name);
    wit_component::metadata::encode(&resolve, world, wit_component::StringEncoding::UTF8, None)
        .unwrap()
}

fn check(file: &str, current: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/bindings")
        .join(file);
    if std::env::var_os("MOORING_BLESS").is_some() {
        std::fs::write(&path, current).unwrap();
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    assert!(
        committed == current,
        "{} is not what wit/0.1.0 gives; write it anew with\n\
         MOORING_BLESS=1 cargo test -p mooring-sdk --test bindings",
        path.display()
    );
}

/// Nobody has edited the bindings, nor the contract without them.
#[test]
fn bindings_are_current() {
    check("plugin.rs", &bindings());
    check("validator.world", &world("validator-plugin"));
    check("generator.world", &world("generator-plugin"));
    check("set-validator.world", &world("set-validator-plugin"));
    check("both.world", &world("plugin"));
}
