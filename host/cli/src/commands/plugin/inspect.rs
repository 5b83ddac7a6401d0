//! `mooring plugin inspect`: what a component is, wants and has. Nothing of it is compiled or run, so
//! it takes no time and is safe with anybody's file.

use std::path::PathBuf;

use mooring_author::anatomy::{self, Anatomy, Form};
use mooring_author::workshop;
use mooring_plugin::{Class, Manifest};
use serde::Serialize;
use serde_json::Value;

use super::component;
use crate::exit::Exit;
use crate::output;
use crate::text::{Table, clean, count, pairs};

/// What `plugin inspect` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// A component, or the folder of a plugin, which is built first
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What there is, as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    anatomy: &'a Anatomy,
    /// The manifest as it lies in the component, if it is JSON.
    manifest: Option<&'a Value>,
    /// Why no host would take it.
    refused: Option<String>,
}

/// Shows it.
pub(super) fn run(args: &InspectArgs) -> anyhow::Result<Exit> {
    let (_, bytes) = component(&args.file)?;
    let anatomy = anatomy::read(&bytes);
    let class = workshop::class(&bytes);
    let verdict = mooring_plugin::inspect(&bytes).map_err(|error| chain(&error));
    let manifest = anatomy.manifest.as_deref();
    let manifest: Option<Value> = manifest.and_then(|json| serde_json::from_slice(json).ok());
    let report = Report {
        anatomy: &anatomy,
        manifest: manifest.as_ref(),
        refused: verdict.as_ref().err().cloned(),
    };
    if args.json {
        output::json(&report)?;
    } else {
        output::data(&render(
            &anatomy,
            (verdict.as_ref().ok(), class),
            manifest.as_ref(),
        ))?;
        match &report.refused {
            None => output::data(
                "verdict: a host takes it, if it compiles and starts within its limits; all that it can \
                 call is mooring:plugin/log\n",
            )?,
            Some(why) => output::data(&format!("verdict: refused: {}\n", clean(why)))?,
        }
    }
    Ok(match report.refused {
        None => Exit::Fine,
        Some(_) => Exit::Failed,
    })
}

/// An error with what led to it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn render(
    anatomy: &Anatomy,
    (manifest, class): (Option<&Manifest>, Class),
    json: Option<&Value>,
) -> String {
    let mut text = String::new();
    if let Some(manifest) = manifest {
        text += &about(manifest, class);
    } else if let Some(json) = json {
        text += "manifest (not taken)\n";
        text.extend([format!("  {}\n", clean(&json.to_string()))]);
    }
    let form = match anatomy.form {
        Form::Component => "component",
        Form::CoreModule => "core module, not wrapped as a component",
        Form::Other => "no WebAssembly",
    };
    text += "file\n";
    text += &pairs(&[
        ("form", form.to_owned()),
        ("size", format!("{} bytes", anatomy.bytes)),
        ("digest", anatomy.digest.to_string()),
    ]);
    if let Some(why) = &anatomy.broken {
        text.extend([format!("  broken: {}\n", clean(why))]);
    }
    text += &sandbox(anatomy);
    text
}

fn about(manifest: &Manifest, class: Class) -> String {
    let list = |texts: &[String]| match texts {
        [] => "all".to_owned(),
        texts => texts.join(", "),
    };
    let roles: Vec<String> = manifest.roles.iter().map(ToString::to_string).collect();
    let asked = manifest.limits;
    let time = asked.timeout_ms.map(|ms| format!("{ms} ms"));
    let memory = asked.memory_bytes.map(|bytes| format!("{bytes} bytes"));
    let class = match class {
        Class::Compiled => None,
        Class::Interpreted => Some("those of interpreted plugins".to_owned()),
    };
    let limits: Vec<String> = class.into_iter().chain(time).chain(memory).collect();
    let mut text = format!("{} {}\n", manifest.id, clean(&manifest.version));
    text += &pairs(&[
        ("name", manifest.name.clone()),
        ("contract", manifest.contract.clone()),
        ("roles", roles.join(", ")),
        ("payload types", list(&manifest.payload_types)),
        (
            "limits asked",
            if limits.is_empty() {
                "none: the host's own".to_owned()
            } else {
                limits.join(", ")
            },
        ),
        ("licence", manifest.license.clone().unwrap_or_default()),
        ("source", manifest.source.clone().unwrap_or_default()),
    ]);
    let mut rules = Table::new(["RULE", "SEVERITY", "TEXT"]);
    for rule in &manifest.rules {
        rules.row([
            rule.id.clone(),
            rule.severity.to_string(),
            rule.text.clone(),
        ]);
    }
    if !rules.is_empty() {
        text += &rules.render("  ");
    }
    for profile in &manifest.profiles {
        text.extend([format!(
            "  makes {}: {}\n",
            clean(&profile.identifier),
            clean(&profile.description)
        )]);
    }
    if let Some(schema) = &manifest.settings_schema {
        text.extend([format!("  settings {}\n", clean(&schema.to_string()))]);
    }
    text
}

/// What it can reach: everything that the component and the modules in it import.
fn sandbox(anatomy: &Anatomy) -> String {
    let mut text = String::new();
    let list = |text: &mut String, heading: &str, names: &[String]| {
        *text += heading;
        *text += "\n";
        for name in names {
            text.extend([format!("  {}\n", clean(name))]);
        }
        if names.is_empty() {
            *text += "  none\n";
        }
    };
    list(&mut text, "imports of the component", &anatomy.imports);
    list(&mut text, "exports of the component", &anatomy.exports);
    for (at, module) in anatomy.modules.iter().enumerate() {
        let exports = count(module.exports.len(), "export");
        let heading =
            format!("what core module {at} ({exports}) is given by the component around it");
        list(&mut text, &heading, &module.imports);
    }
    if anatomy.is_cut {
        text += "  and more, which are not listed\n";
    }
    text
}
