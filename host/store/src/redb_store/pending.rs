//! Rows of hosts that are durable in the journal and not yet in their tables.
//!
//! Knows nothing of transactions. Invariants: the entries of the journal, merged in order and laid
//! over the tables, are what was committed; merging an entry again, with all that came after it,
//! changes nothing. So it makes no difference how far a fold came before a crash.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use minicbor::{Decode, Encode};

use crate::check::first_kept;

/// What a host takes in memory beside the bytes of its rows: measured, some 300 bytes.
const HOST_OVERHEAD_BYTES: usize = 300;

/// Rows of one host: what one entry of the journal, or several, made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct HostRows {
    /// Whether the host was removed before these rows: what its tables hold of it is gone.
    #[n(0)]
    pub(super) is_cleared: bool,
    /// Its row.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) host: Option<Vec<u8>>,
    /// What administrators said of it.
    #[n(2)]
    pub(super) facts: Option<Revised>,
    /// Its channels, in order of user.
    #[n(3)]
    pub(super) channels: Vec<ChannelRows>,
}

/// Rows of one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct ChannelRows {
    /// The user, or nobody for the device channel.
    #[n(0)]
    pub(super) user: String,
    /// What changes with every message.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) sync: Option<Vec<u8>>,
    /// What changes seldom.
    #[n(2)]
    pub(super) enrollment: Option<Revised>,
    /// Commands, in order of sequence.
    #[n(3)]
    pub(super) commands: Vec<SequencedRow>,
}

/// A row with the revision that stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Revised {
    #[n(0)]
    pub(super) revision: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) row: Vec<u8>,
}

/// The row of a command.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct SequencedRow {
    #[n(0)]
    pub(super) sequence: u32,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) row: Vec<u8>,
}

/// What one transaction wrote of hosts: an entry of the journal.
pub(super) type Delta = BTreeMap<String, HostRows>;

impl HostRows {
    /// Rows that say that the host was removed.
    pub(super) fn cleared() -> Self {
        Self {
            is_cleared: true,
            ..Self::default()
        }
    }

    /// Whether nothing is left of the host, whatever the tables hold.
    pub(super) fn is_gone(&self) -> bool {
        self.is_cleared && self.host.is_none()
    }

    /// The rows of a channel, if there are any.
    pub(super) fn channel(&self, user: &str) -> Option<&ChannelRows> {
        let at = self.position(user).ok()?;
        self.channels.get(at)
    }

    /// The rows of a channel, to be added to.
    pub(super) fn channel_mut(&mut self, user: &str) -> &mut ChannelRows {
        let at = match self.position(user) {
            Ok(at) => at,
            Err(at) => {
                let user = user.to_owned();
                let channel = ChannelRows {
                    user,
                    ..ChannelRows::default()
                };
                self.channels.insert(at, channel);
                at
            }
        };
        &mut self.channels[at]
    }

    fn position(&self, user: &str) -> Result<usize, usize> {
        self.channels
            .binary_search_by(|channel| channel.user.as_str().cmp(user))
    }

    /// Adds what was written later.
    pub(super) fn merge(&mut self, later: Self) {
        if later.is_cleared {
            *self = later;
            return;
        }
        replace(&mut self.host, later.host);
        replace(&mut self.facts, later.facts);
        for channel in later.channels {
            let mine = self.channel_mut(&channel.user);
            replace(&mut mine.sync, channel.sync);
            replace(&mut mine.enrollment, channel.enrollment);
            for command in channel.commands {
                mine.put_command(command);
            }
        }
    }

    /// What the rows take in memory, in bytes.
    pub(super) fn weight(&self) -> usize {
        let channels = self.channels.iter().map(ChannelRows::weight).sum::<usize>();
        let facts = self.facts.as_ref().map_or(0, |facts| facts.row.len());
        HOST_OVERHEAD_BYTES + channels + facts + self.host.as_ref().map_or(0, Vec::len)
    }
}

impl ChannelRows {
    /// Adds a command, and drops those that are too old to be kept beside it.
    pub(super) fn put_command(&mut self, command: SequencedRow) {
        let commands = &mut self.commands;
        match commands.binary_search_by_key(&command.sequence, |it| it.sequence) {
            Ok(at) => commands[at] = command,
            Err(at) => commands.insert(at, command),
        }
        let first = commands.last().map_or(0, |it| first_kept(it.sequence));
        let forgotten = commands.partition_point(|it| it.sequence < first);
        drop(commands.drain(..forgotten));
    }

    fn weight(&self) -> usize {
        let commands = self.commands.iter();
        let rows = commands.map(|command| 32 + command.row.len());
        let seldom = self.enrollment.as_ref().map_or(0, |it| it.row.len());
        rows.sum::<usize>() + seldom + self.sync.as_ref().map_or(0, Vec::len)
    }
}

fn replace<T>(mine: &mut Option<T>, later: Option<T>) {
    if later.is_some() {
        *mine = later;
    }
}

/// All pending rows, by host.
#[derive(Debug, Default)]
pub(super) struct Pending {
    hosts: BTreeMap<String, Arc<HostRows>>,
    bytes: usize,
}

/// Pending rows of the hosts that a page may hold, in order of host.
pub(super) type Slice = Vec<(String, Arc<HostRows>)>;

impl Pending {
    /// Adds an entry of the journal.
    pub(super) fn merge(&mut self, delta: Delta) {
        for (host, rows) in delta {
            let mine = match self.hosts.get_mut(&host) {
                Some(mine) => {
                    self.bytes -= mine.weight();
                    Arc::make_mut(mine).merge(rows);
                    mine
                }
                None => self.hosts.entry(host).or_insert(Arc::new(rows)),
            };
            self.bytes += mine.weight();
        }
    }

    /// The pending rows of a host.
    pub(super) fn host(&self, host: &str) -> Option<&Arc<HostRows>> {
        self.hosts.get(host)
    }

    /// The pending rows of the hosts behind `after`, as far as `limit` hosts can reach: those that
    /// are gone do not count.
    pub(super) fn page(&self, after: Option<&str>, limit: usize) -> Slice {
        let mut page = Vec::new();
        let mut left = limit;
        for (host, rows) in self.behind(after) {
            if left == 0 {
                break;
            }
            left -= usize::from(!rows.is_gone());
            page.push((host.clone(), Arc::clone(rows)));
        }
        page
    }

    /// The pending rows of the first `limit` hosts behind `after`.
    pub(super) fn slice(&self, after: Option<&str>, limit: usize) -> Slice {
        let hosts = self.behind(after).take(limit);
        hosts
            .map(|(host, rows)| (host.clone(), Arc::clone(rows)))
            .collect()
    }

    fn behind(&self, after: Option<&str>) -> impl Iterator<Item = (&String, &Arc<HostRows>)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.hosts.range::<str, _>((from, Bound::Unbounded))
    }

    /// Forgets hosts whose rows are in their tables now.
    pub(super) fn forget(&mut self, folded: &Slice) {
        for (host, _) in folded {
            if let Some(rows) = self.hosts.remove(host) {
                self.bytes -= rows.weight();
            }
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// How many hosts have some.
    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// What they take in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
