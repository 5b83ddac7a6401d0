//! `mooring schema`: what is known of payloads, shown and made anew.
//!
//! Knows no rule and no server. Invariant: a table in use is replaced whole, by one that was read
//! back, or not at all.

mod show;
mod update;

use crate::exit::Exit;

/// One of the commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum SchemaCommand {
    /// Make the table from a checkout of Apple's device-management repository
    Update(update::UpdateArgs),
    /// List the payload types, or the keys of one, with the systems that know them
    Show(show::ShowArgs),
}

/// Runs one of them.
pub(crate) fn run(command: &SchemaCommand) -> anyhow::Result<Exit> {
    match command {
        SchemaCommand::Update(args) => update::run(args),
        SchemaCommand::Show(args) => show::run(args),
    }
}
