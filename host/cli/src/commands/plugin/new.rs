//! `mooring plugin new`: the folder of a new plugin.

use std::path::PathBuf;

use anyhow::Context as _;
use mooring_author::template::{self, Language, NewPlugin};
use mooring_plugin::Role;

use crate::exit::{Exit, UsageError};
use crate::output;
use crate::text::shell_word;

/// What `plugin new` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// Name of the plugin and of its folder: a-z, 0-9 and '-'
    #[arg(value_name = "NAME")]
    name: String,
    /// What it is written in
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    lang: LanguageArg,
    /// What it does: judge profiles, make them, or judge those of one host together
    #[arg(long, value_name = "ROLE", default_value = "validator")]
    role: RoleArg,
    /// Its id, in reverse-DNS form [default: com.example.NAME]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Folder in which its folder is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

/// The languages that there are templates for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LanguageArg {
    Rust,
    Js,
    Python,
}

/// The roles.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleArg {
    Validator,
    Generator,
    SetValidator,
}

/// Makes the folder.
pub(super) fn run(args: &NewArgs) -> anyhow::Result<Exit> {
    let wanted = NewPlugin {
        name: args.name.clone(),
        id: args.id.clone(),
        language: match args.lang {
            LanguageArg::Rust => Language::Rust,
            LanguageArg::Js => Language::Js,
            LanguageArg::Python => Language::Python,
        },
        role: match args.role {
            RoleArg::Validator => Role::Validator,
            RoleArg::Generator => Role::Generator,
            RoleArg::SetValidator => Role::SetValidator,
        },
        parent: args.dir.clone(),
    };
    let folder = match template::create(&wanted) {
        Ok(folder) => folder,
        Err(error) if error.is_usage() => return Err(UsageError::new(error.to_string()).into()),
        Err(error) => return Err(error).context("there is no new plugin"),
    };
    // `./x` and `x` are one folder; a person types the shorter.
    let folder = folder.strip_prefix(".").unwrap_or(&folder);
    let folder = shell_word(&folder.display().to_string());
    output::data(&format!("made {folder}\n"))?;
    let run = match wanted.role {
        Role::Validator => "mooring plugin run . --profile testdata/bad.mobileconfig",
        Role::SetValidator => "mooring plugin run . --set testdata",
        Role::Generator => "mooring plugin run . --settings '{\"text\": \"Call 4711\"}'",
    };
    output::note(&format!(
        "next:\n  cd {folder}\n  mooring plugin build\n  {run}\n  mooring plugin test"
    ));
    Ok(Exit::Fine)
}
