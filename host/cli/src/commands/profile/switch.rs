//! `mooring profile enable` and `mooring profile disable`.

use std::fs;

use anyhow::Context as _;
use hyper::Method;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::api::{ProfileDetail, ProfilePatch};
use serde_json::Value;

use super::{identifier, path};
use crate::client;
use crate::commands::change::ChangeArgs;
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::text::clean;

/// What `profile enable` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct EnableArgs {
    /// The profile's identifier
    #[arg(value_name = "ID", value_parser = identifier)]
    identifier: PayloadIdentifier,
    /// Settings of a built-in profile: a JSON object, or @ and a file with one
    #[arg(long, value_name = "JSON|@FILE", value_parser = settings)]
    settings: Option<Settings>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `profile disable` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DisableArgs {
    /// The profile's identifier
    #[arg(value_name = "ID", value_parser = identifier)]
    identifier: PayloadIdentifier,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Settings as they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Settings {
    Inline(Value),
    File(String),
}

/// Why a text is no settings.
#[derive(Debug, thiserror::Error)]
enum SettingsError {
    #[error("the settings are not JSON: {0}; in a shell, write them as '{{\"key\": true}}'")]
    Syntax(serde_json::Error),
    #[error("the settings are no JSON object; write them as '{{\"key\": true}}'")]
    Form,
    #[error("after @ comes the name of a file")]
    File,
}

fn settings(text: &str) -> Result<Settings, SettingsError> {
    match text.strip_prefix('@') {
        Some("") => Err(SettingsError::File),
        Some(file) => Ok(Settings::File(file.to_owned())),
        None => object(text).map(Settings::Inline),
    }
}

fn object(text: &str) -> Result<Value, SettingsError> {
    let value: Value = serde_json::from_str(text).map_err(SettingsError::Syntax)?;
    if value.is_object() {
        return Ok(value);
    }
    Err(SettingsError::Form)
}

impl Settings {
    fn load(&self) -> anyhow::Result<Value> {
        match self {
            Self::Inline(value) => Ok(value.clone()),
            Self::File(file) => {
                let text = fs::read_to_string(file)
                    .with_context(|| format!("cannot read the settings from {file}"))?;
                let error = |e| UsageError::new(format!("{file}: {e}"));
                Ok(object(&text).map_err(error)?)
            }
        }
    }
}

/// Enables the profile.
pub(crate) async fn enable(args: &EnableArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let patch = ProfilePatch {
        enabled: true,
        settings: args.settings.as_ref().map(Settings::load).transpose()?,
    };
    let path = path(&args.identifier);
    let body = args
        .change
        .send(&client, Method::PATCH, &path, &patch)
        .await?;
    args.change.show(&body, args.json, |body| {
        let detail: ProfileDetail = client::read(&path, body)?;
        let version = detail.summary.version.unwrap_or_default();
        let name = clean(args.identifier.as_str());
        output::data(&format!("enabled {name} version {version}\n"))?;
        output::note("hosts get it when they connect; see `mooring status`");
        Ok(())
    })
}

/// Disables the profile.
pub(crate) async fn disable(args: &DisableArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let patch = ProfilePatch {
        enabled: false,
        settings: None,
    };
    let path = path(&args.identifier);
    let body = args
        .change
        .send(&client, Method::PATCH, &path, &patch)
        .await?;
    args.change.show(&body, args.json, |_| {
        let name = clean(args.identifier.as_str());
        output::data(&format!("disabled {name}\n"))?;
        output::note("hosts that have it remove it when they connect; see `mooring status`");
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that settings are an object, written out or in a file.
    #[test]
    fn settings_forms() {
        assert_eq!(
            settings(r#"{"delay": 5}"#).unwrap(),
            Settings::Inline(serde_json::json!({"delay": 5}))
        );
        for bad in ["", "delay=5", "[1]", "5", "@"] {
            assert!(settings(bad).is_err(), "{bad}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        let form = settings(&format!("@{}", file.display())).unwrap();
        assert!(!form.load().unwrap_err().is::<UsageError>());
        fs::write(&file, "{\"a\": 1}\n").unwrap();
        assert_eq!(form.load().unwrap(), serde_json::json!({"a": 1}));
        fs::write(&file, "[1]").unwrap();
        assert!(form.load().unwrap_err().is::<UsageError>());
    }
}
