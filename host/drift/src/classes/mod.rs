//! The fleet in classes: hosts that nobody could tell apart by what they have and what they should
//! have. Counts, pages and "who has something to do" follow from the classes, so that a change
//! costs work in the number of distinct states and not of hosts.
//!
//! Knows nothing of ids of hosts, of time, or of where states are stored. Invariants: a host is in
//! exactly one class; every number that is told equals what a walk over the hosts with
//! [`profile_states`](crate::status::profile_states) and
//! [`next_command`](crate::next::next_command) would count.

mod check;
mod counting;
mod entry;
mod exception;
mod filling;
mod group;
mod held;
mod judge;
mod keeping;
mod marks;
mod members;
mod memory;
mod names;
mod page;
mod row;
mod runs;
mod seen;
mod stock;
mod strangers;
mod table;
mod unsound;
mod walk;

use std::collections::BTreeSet;

use mooring_mdm::ids::PayloadIdentifier;

use crate::desired::{Catalog, Circumstances, Transport};
use crate::state::Phase;
use crate::status::Status;

pub use counting::Tally;
pub use filling::Filling;
pub use group::GroupId;
pub use page::Filter;
pub use seen::{OwnCopies, Seen};
pub use stock::Reassess;

use counting::Totals;
use entry::Entry;
use exception::Upgrades;
use group::{Groups, Ties};
use judge::Sight;
use keeping::Keeper;
use names::{Copies, Identifiers};
use row::Row;
use strangers::Strangers;
use table::Table;
use unsound::Unsound;

/// A host's number; numbers should be dense.
pub type HostNumber = u32;

/// The name of a class, for as long as it has hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(u32);

/// No class.
const NOWHERE: u32 = u32::MAX;

/// All hosts by class.
#[derive(Debug)]
pub struct Classes {
    identifiers: Identifiers,
    copies: Copies,
    upgrades: Upgrades,
    /// By the number of the identifier.
    entries: Vec<Entry>,
    groups: Groups,
    table: Table,
    /// By the name of the class.
    rows: Vec<Row>,
    unsound: Unsound,
    /// The class of each host.
    places: Vec<u32>,
    totals: Totals,
    strangers: Strangers,
    /// The status of each profile on the hosts of the class that was begun last.
    words: Vec<(u32, Status)>,
}

impl Classes {
    /// No hosts, and these profiles.
    pub fn new(catalog: &Catalog) -> Self {
        let mut classes = Self {
            identifiers: Identifiers::default(),
            copies: Copies::default(),
            upgrades: Upgrades::default(),
            entries: Vec::new(),
            groups: Groups::default(),
            table: Table::new(),
            rows: Vec::new(),
            unsound: Unsound::default(),
            places: Vec::new(),
            totals: Totals::default(),
            strangers: Strangers::default(),
            words: Vec::new(),
        };
        classes.set_catalog(catalog);
        classes
    }

    /// The group of hosts in these circumstances; `can_have_user` is whether such a device may ever
    /// have a user channel.
    pub fn group(&mut self, circumstances: &Circumstances, can_have_user: bool) -> GroupId {
        let ties = Ties::of(circumstances, can_have_user, &mut self.identifiers);
        let count = self.identifiers.len().max(self.entries.len());
        self.entries.resize_with(count, Entry::foreign);
        GroupId(self.groups.intern(ties, &self.entries))
    }

    /// Forgets groups without hosts: ids of groups that no host is in mean nothing any more.
    pub fn forget_unused_groups(&mut self) {
        self.groups.forget_unused();
    }

    /// Puts a host where it belongs, wherever it was. `channels` are all of its channels, the
    /// device's first; a host whose device channel is not there or checked out counts as checked
    /// out.
    pub fn place(&mut self, host: HostNumber, group: GroupId, channels: &[Seen<'_>]) {
        let (class, is_new) = self.intern(host, group, channels);
        self.enter(host, class, is_new);
        self.check();
    }

    /// The class for a host, with a reference to it, and whether it is new.
    fn intern(&mut self, host: HostNumber, group: GroupId, channels: &[Seen<'_>]) -> (u32, bool) {
        let device = channels.first().filter(|first| {
            first.channel == mooring_mdm::ids::Channel::Device
                && first.state.phase != Phase::CheckedOut
        });
        let group = device.map(|_| group.0);
        let mut keeper = Keeper {
            identifiers: &mut self.identifiers,
            copies: &mut self.copies,
            entries: &mut self.entries,
            upgrades: &mut self.upgrades,
        };
        let (class, is_new) = self.table.intern(group, channels, &mut keeper);
        for channel in channels {
            let observed = channel.state.observed.iter();
            for listed in observed.flat_map(|observed| &observed.unmanaged) {
                self.strangers.note(&listed.identifier, host);
            }
        }
        (class, is_new)
    }

    /// Puts a host into another group and leaves everything else as it is.
    pub fn regroup(&mut self, host: HostNumber, group: GroupId) {
        let Some(class) = self.class(host) else {
            return;
        };
        let known = self.table.make(class).group();
        if known.is_some_and(|known| known != group.0) {
            let (class, is_new) = self.table.regrouped(class, group.0);
            self.enter(host, class, is_new);
        }
        self.check();
    }

    /// Forgets a host.
    pub fn remove(&mut self, host: HostNumber) {
        if let Some(class) = self.class(host) {
            self.count_move(Some(class), None);
            self.places[host as usize] = NOWHERE;
            self.leave(host, class);
        }
        self.check();
    }

    /// The group of a host; `None` if it is not there, or checked out.
    pub fn group_of(&self, host: HostNumber) -> Option<GroupId> {
        self.table.make(self.class(host)?).group().map(GroupId)
    }

    /// How the profiles of a class's hosts travel; `None` for those that checked out.
    pub fn transport(&self, class: ClassId) -> Option<Transport> {
        let group = self.table.make(class.0).group()?;
        Some(self.groups.row(group)?.ties.transport())
    }

    /// The class of a host.
    pub fn class_of(&self, host: HostNumber) -> Option<ClassId> {
        self.class(host).map(ClassId)
    }

    /// Every class that counts, with one of its hosts and how many there are.
    pub fn representatives(&self) -> impl Iterator<Item = (ClassId, HostNumber, u64)> + '_ {
        self.table.classes().filter_map(|class| {
            self.table.make(class).group()?;
            let members = &self.rows[class as usize].members;
            Some((ClassId(class), members.first()?, members.len()))
        })
    }

    /// Whether some host may have listed a profile under an identifier that was not ours: such hosts
    /// are in classes with others that did not.
    pub fn may_be_listed(&self, identifier: &PayloadIdentifier) -> bool {
        self.strangers.has(identifier)
    }

    /// The hosts of these classes, in no order.
    pub fn members<'a>(
        &'a self,
        classes: &'a BTreeSet<ClassId>,
    ) -> impl Iterator<Item = HostNumber> + 'a {
        let places = self.places.iter().enumerate();
        let members = places.filter(|(_, class)| classes.contains(&ClassId(**class)));
        members.map(|(host, _)| memory::number(host))
    }

    /// How many classes there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The status of a host; `None` if it is not there, or checked out.
    pub fn status(&self, host: HostNumber) -> Option<Status> {
        self.rows[self.class(host)? as usize].status
    }

    /// The status of a profile on a host, the worst of its channels; `None` if it is not shown
    /// there.
    pub fn profile_status(
        &self,
        host: HostNumber,
        identifier: &PayloadIdentifier,
    ) -> Option<Status> {
        let profile = self.identifiers.find(identifier)?;
        self.word(self.class(host)?, profile)
    }

    /// Whether a host has something to do, so that it should come.
    pub fn has_work(&self, host: HostNumber) -> bool {
        let class = self.class(host);
        class.is_some_and(|class| self.rows[class as usize].has_work())
    }

    fn class(&self, host: HostNumber) -> Option<u32> {
        let class = self.places.get(host as usize).copied()?;
        Some(class).filter(|class| *class != NOWHERE)
    }

    /// Moves a host into a class to which there is one reference too many: its own.
    fn enter(&mut self, host: HostNumber, class: u32, is_new: bool) {
        if is_new {
            self.begin(class);
        }
        let before = self.class(host);
        if before == Some(class) {
            // The class has it already, with a reference.
            self.table.release(class);
            return;
        }
        if is_new && before.is_none() {
            self.count_new(class);
        } else {
            self.count_move(before, Some(class));
        }
        let place = host as usize;
        if self.places.len() <= place {
            self.places.resize(place + 1, NOWHERE);
        }
        self.places[place] = class;
        self.rows[class as usize].members.insert(host);
        if let Some(before) = before {
            self.leave(host, before);
        }
    }

    fn leave(&mut self, host: HostNumber, class: u32) {
        self.rows[class as usize].members.remove(host);
        if self.table.release(class) {
            if let Some(group) = self.table.make(class).group()
                && let Some(group) = self.groups.row_mut(group)
            {
                group.classes -= 1;
            }
            self.table.forget(class, &mut self.copies);
            self.rows[class as usize] = Row::default();
            self.unsound.clear(class);
        }
    }

    /// Makes the row of a new class.
    fn begin(&mut self, class: u32) {
        let place = class as usize;
        if self.rows.len() <= place {
            self.rows.resize_with(place + 1, Row::default);
        }
        if let Some(group) = self.table.make(class).group()
            && let Some(group) = self.groups.row_mut(group)
        {
            group.classes += 1;
        }
        let mut words = std::mem::take(&mut self.words);
        words.clear();
        self.rows[place] = self.judged(class, &mut words);
        self.unsound.reserve(place);
        for (profile, word) in &words {
            if *word != Status::Applied {
                self.unsound.set(class, *profile);
            }
        }
        self.words = words;
    }

    /// What is known of a profile; `None` if nothing ever was.
    fn sight(&self, profile: u32) -> Option<Sight<'_>> {
        Some(Sight {
            profile,
            entry: self.entries.get(profile as usize)?,
            made: self.copies.made(),
            upgrades: &self.upgrades,
        })
    }
}
