//! Everything that a server knows, to be compared with what it knows later.
//!
//! Invariant: two snapshots are equal exactly if the store holds the same, and administrators are
//! shown the same.

use mooring_server::hosts::HostsQuery;
use mooring_store::{
    COMMANDS_KEPT_MAX, CommandRecord, DOCUMENTS_PAGE_MAX, Document, HOSTS_PAGE_MAX, HostRecord,
    KeyRange, ProfileRecord, Space, Store,
};

use crate::TestServer;

/// What a server knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Every host.
    pub hosts: Vec<HostRecord>,
    /// Every profile.
    pub profiles: Vec<ProfileRecord>,
    /// Every document, with its space.
    pub documents: Vec<(Space, Document)>,
    /// Every command.
    pub commands: Vec<CommandRecord>,
    /// What administrators are shown of hosts.
    pub shown: String,
    /// Commands handed out.
    pub commands_sent: u64,
}

impl Snapshot {
    /// What `server` over `store` knows.
    pub fn of(store: &dyn Store, server: &TestServer) -> Self {
        let hosts = store.hosts(None, HOSTS_PAGE_MAX).expect("hosts");
        let enrollments = hosts.iter().flat_map(|host| &host.enrollments);
        let commands = enrollments.flat_map(|enrollment| {
            let commands = store.commands(&enrollment.id, COMMANDS_KEPT_MAX as usize);
            commands.expect("commands")
        });
        let query = HostsQuery {
            limit: HOSTS_PAGE_MAX,
            ..HostsQuery::default()
        };
        let shown = server.host_listing(&query).expect("a listing");
        Self {
            commands: commands.collect(),
            profiles: store.profiles().expect("profiles"),
            documents: Space::ALL
                .into_iter()
                .flat_map(|space| documents(store, space))
                .collect(),
            shown: serde_json::to_string_pretty(&shown).expect("a document"),
            commands_sent: server.commands_sent(),
            hosts,
        }
    }
}

fn documents(store: &dyn Store, space: Space) -> Vec<(Space, Document)> {
    let found = store.documents(space, KeyRange::default(), DOCUMENTS_PAGE_MAX);
    let found = found.expect("documents").into_iter();
    found.map(|document| (space, document)).collect()
}
