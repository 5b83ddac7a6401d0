//! `mooring value`: the values that differ from host to host.

mod list;
mod set;

use mooring_mdm::profile::placeholder::{ValueName, ValueNameError};

use crate::exit::Exit;

/// Where the API keeps declared values.
pub(crate) const PATH: &str = "/api/v1/values";

/// What can be done with values.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ValueCommand {
    /// List the declared values, and what uses them; secrets are never shown
    List(list::ListArgs),
    /// Declare a value, so that profiles can say {{attribute.NAME}} or {{secret.NAME}}
    Set(set::SetArgs),
    /// Take a declaration back, and the value from the hosts that have it
    Rm(set::RmArgs),
}

/// Runs the command.
pub(crate) async fn run(command: ValueCommand) -> anyhow::Result<Exit> {
    match command {
        ValueCommand::List(args) => list::run(&args).await,
        ValueCommand::Set(args) => set::set(&args).await,
        ValueCommand::Rm(args) => set::remove(&args).await,
    }
}

/// Reads the name of a value.
pub(crate) fn value_name(text: &str) -> Result<ValueName, ValueNameError> {
    ValueName::parse(text)
}
