//! `mooring profile`: what should be on hosts.

mod accept;
mod assign;
mod list;
mod push;
mod rm;
mod show;
mod switch;

use mooring_mdm::ids::PayloadIdentifier;

use crate::client::segment;
use crate::exit::Exit;

pub(crate) use push::is_refused;

/// What can be done with profiles.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ProfileCommand {
    /// Push profiles: files, or folders that are searched for *.mobileconfig
    Push(push::PushArgs),
    /// List the profiles
    List(list::ListArgs),
    /// Show one profile, or one version of it, or download it
    Show(show::ShowArgs),
    /// Say whom a profile is for: labels, systems, a share of all hosts
    Assign(assign::AssignArgs),
    /// Take that back: the profile is for every host
    Unassign(assign::UnassignArgs),
    /// Take a rule's findings in one profile, with a reason; or show what is taken
    Accept(accept::AcceptArgs),
    /// Delete profiles; hosts that have them get rid of them
    Rm(rm::RmArgs),
    /// Enable a profile; a built-in one can be given settings
    Enable(switch::EnableArgs),
    /// Disable a profile: hosts get rid of it, and it can be enabled again
    Disable(switch::DisableArgs),
}

/// Runs the command.
pub(crate) async fn run(command: ProfileCommand) -> anyhow::Result<Exit> {
    match command {
        ProfileCommand::Push(args) => push::run(&args).await,
        ProfileCommand::List(args) => list::run(&args).await,
        ProfileCommand::Show(args) => show::run(&args).await,
        ProfileCommand::Assign(args) => assign::assign(&args).await,
        ProfileCommand::Unassign(args) => assign::unassign(&args).await,
        ProfileCommand::Accept(args) => accept::run(&args).await,
        ProfileCommand::Rm(args) => rm::run(&args).await,
        ProfileCommand::Enable(args) => switch::enable(&args).await,
        ProfileCommand::Disable(args) => switch::disable(&args).await,
    }
}

/// Where the API keeps one profile.
pub(crate) fn path(identifier: &PayloadIdentifier) -> String {
    format!("/api/v1/profiles/{}", segment(identifier.as_str()))
}

/// Reads an identifier from the command line.
pub(crate) fn identifier(text: &str) -> Result<PayloadIdentifier, mooring_mdm::ids::IdError> {
    PayloadIdentifier::parse(text)
}
