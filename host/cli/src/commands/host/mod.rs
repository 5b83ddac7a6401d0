//! `mooring host`: the devices, and what is on them.

mod access;
mod list;
mod refresh;
mod rm;
mod set;
mod settle;
mod show;

use crate::exit::Exit;

/// What can be done with hosts.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum HostCommand {
    /// List the hosts
    List(list::ListArgs),
    /// Show one host: its channels, plan, profiles and last commands
    Show(show::ShowArgs),
    /// Ask hosts for their profiles at the next contact, and remove what drifted
    Refresh(refresh::RefreshArgs),
    /// Set values of a host, or show them
    Set(set::SetArgs),
    /// Block hosts: they are told to unenroll, and refused from then on
    Block(access::AccessArgs),
    /// Take blocks back
    Unblock(access::AccessArgs),
    /// Accept the identity that is held for a host
    Accept(access::AcceptArgs),
    /// Take it that one device alone uses a host's identity from now on, where two did
    Settle(settle::SettleArgs),
    /// Forget hosts; nothing is removed from them, and one that enrolls again comes back
    Rm(rm::RmArgs),
}

/// Runs the command.
pub(crate) async fn run(command: HostCommand) -> anyhow::Result<Exit> {
    match command {
        HostCommand::List(args) => list::run(&args).await,
        HostCommand::Show(args) => show::run(&args).await,
        HostCommand::Refresh(args) => refresh::run(&args).await,
        HostCommand::Set(args) => set::run(&args).await,
        HostCommand::Block(args) => access::block(&args).await,
        HostCommand::Unblock(args) => access::unblock(&args).await,
        HostCommand::Accept(args) => access::accept(&args).await,
        HostCommand::Settle(args) => settle::run(&args).await,
        HostCommand::Rm(args) => rm::run(&args).await,
    }
}

/// A host's id or serial number is not empty.
#[derive(Debug, thiserror::Error)]
#[error("a host is named by its id or its serial number")]
pub(crate) struct NoName;

/// Reads the name of a host: its id or its serial number.
pub(crate) fn name(text: &str) -> Result<String, NoName> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NoName);
    }
    Ok(text.to_owned())
}
