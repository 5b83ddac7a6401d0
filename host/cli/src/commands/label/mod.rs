//! `mooring label`: groups of hosts, by hand or by a rule.

mod members;
mod set;
mod view;

use mooring_server::api::{LabelName, LabelNameError};

use crate::client::segment;
use crate::exit::Exit;

/// Where the API keeps labels.
const PATH: &str = "/api/v1/labels";

/// What can be done with labels.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum LabelCommand {
    /// List the labels, with how many hosts have each
    List(view::ListArgs),
    /// Show one label and the hosts that have it
    Show(view::ShowArgs),
    /// Define a label: manual, or with a rule that hosts have to match
    Set(set::SetArgs),
    /// Remove a label that no assignment names
    Rm(set::RmArgs),
    /// Give a manual label to hosts
    Add(members::MembersArgs),
    /// Take a manual label from hosts
    Remove(members::MembersArgs),
}

/// Runs the command.
pub(crate) async fn run(command: LabelCommand) -> anyhow::Result<Exit> {
    match command {
        LabelCommand::List(args) => view::list(&args).await,
        LabelCommand::Show(args) => view::show(&args).await,
        LabelCommand::Set(args) => set::set(&args).await,
        LabelCommand::Rm(args) => set::remove(&args).await,
        LabelCommand::Add(args) => members::add(&args).await,
        LabelCommand::Remove(args) => members::remove(&args).await,
    }
}

fn path(name: &LabelName) -> String {
    format!("{PATH}/{}", segment(name.as_str()))
}

/// Reads the name of a label.
pub(crate) fn label_name(text: &str) -> Result<LabelName, LabelNameError> {
    LabelName::parse(text)
}
