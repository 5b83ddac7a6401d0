//! `mooring plugin bind` and `mooring plugin unbind`.

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::profile::placeholder::{ValueName, ValueNameError};
use mooring_server::api::{
    BindingDetail, BindingLimits, BindingWish, LabelName, OnFailure, PluginRole,
};

use super::plan::PlanArgs;
use super::{on_server, settings, view};
use crate::client::{self, segment};
use crate::commands::label::label_name;
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::text::clean;

/// What `plugin bind` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BindArgs {
    /// The binding's name: a new one, or one to change as a whole
    #[arg(value_name = "NAME")]
    name: String,
    /// The plugin's id
    #[arg(long, value_name = "ID")]
    plugin: String,
    /// What it is here, for a plugin that is both
    #[arg(long, value_name = "validator|generator|set-validator", value_parser = role)]
    role: Option<PluginRole>,
    /// A profile to judge, by identifier or by its beginning and `*`; may be repeated
    #[arg(long, value_name = "ID|PREFIX*")]
    profile: Vec<String>,
    /// Judge the profiles that are assigned to this label, or to every host; may be repeated
    #[arg(long, value_name = "LABEL", value_parser = label_name)]
    label: Vec<LabelName>,
    /// Its settings: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<String>,
    /// Time of a call, in ms [default: 250]
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
    /// Memory of a call, in bytes [default: 32 MiB]
    #[arg(long, value_name = "BYTES")]
    memory_bytes: Option<u64>,
    /// What follows where it fails
    #[arg(
        long,
        value_name = "block|warn|last_known",
        default_value = "block",
        value_parser = on_failure
    )]
    on_failure: OnFailure,
    /// Beginning of identifiers that a generator may use, such as com.example.wifi.; may be repeated
    #[arg(long, value_name = "PREFIX")]
    prefix: Vec<String>,
    /// Attribute or secret that the profiles of a generator may use; may be repeated
    #[arg(long, value_name = "NAME", value_parser = value_name)]
    value: Vec<ValueName>,
    /// Bind it although the key that it is signed with is not trusted any more
    #[arg(long)]
    allow_untrusted: bool,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `plugin unbind` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct UnbindArgs {
    /// The binding's name; the profiles that its plugin made are removed
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Makes or changes a binding.
pub(super) fn bind(args: &BindArgs) -> anyhow::Result<Exit> {
    let settings = args.settings.as_deref().map(|text| settings(Some(text)));
    let settings = settings.transpose()?.map(|text| {
        serde_json::from_str(&text)
            .map_err(|error| UsageError::new(format!("the settings are no JSON: {error}")))
    });
    let wish = BindingWish {
        plugin: args.plugin.clone(),
        role: args.role,
        profiles: args.profile.iter().cloned().collect(),
        labels: args.label.iter().cloned().collect(),
        settings: settings.transpose()?,
        limits: BindingLimits {
            timeout_ms: args.timeout_ms,
            memory_bytes: args.memory_bytes,
        },
        on_failure: args.on_failure,
        prefixes: args.prefix.iter().cloned().collect(),
        allow_untrusted: args.allow_untrusted,
        values: args.value.iter().cloned().collect(),
    };
    let path = path(&args.name);
    let address = args.plan.on(&path);
    let body = on_server(async {
        let client = args.connection.client()?;
        Ok(client.send_patiently(Method::PUT, &address, &wish).await?)
    })?;
    args.plan.show(&body, args.json, |body| {
        let detail: BindingDetail = client::read(&path, body)?;
        Ok(output::data(&view::binding(&detail))?)
    })
}

/// Removes a binding.
pub(super) fn unbind(args: &UnbindArgs) -> anyhow::Result<Exit> {
    let address = args.plan.on(&path(&args.name));
    let body = on_server(async {
        let client = args.connection.client()?;
        Ok(client
            .request_patiently(Method::DELETE, &address, Bytes::new())
            .await?)
    })?;
    args.plan.show(&body, args.json, |_| {
        Ok(output::data(&format!("removed {}\n", clean(&args.name)))?)
    })
}

fn path(name: &str) -> String {
    format!("/api/v1/bindings/{}", segment(name))
}

fn value_name(text: &str) -> Result<ValueName, ValueNameError> {
    ValueName::parse(text)
}

fn role(text: &str) -> Result<PluginRole, String> {
    match text {
        "validator" => Ok(PluginRole::Validator),
        "generator" => Ok(PluginRole::Generator),
        "set-validator" => Ok(PluginRole::SetValidator),
        _ => Err("it is validator, generator or set-validator".to_owned()),
    }
}

fn on_failure(text: &str) -> Result<OnFailure, String> {
    match text {
        "block" => Ok(OnFailure::Block),
        "warn" => Ok(OnFailure::Warn),
        "last_known" => Ok(OnFailure::LastKnown),
        _ => Err("it is block, warn or last_known".to_owned()),
    }
}
