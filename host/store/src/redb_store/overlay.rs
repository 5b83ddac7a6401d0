//! Pending rows laid over those of the tables.
//!
//! Knows nothing of what rows mean. Invariants: hosts and channels come in order of key, each once;
//! where a row is pending it is the one that is seen, and of a host that was removed only what is
//! pending.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::slice;
use std::sync::Arc;

use mooring_mdm::ids::HostId;
use redb::{AccessGuard, Range};

use super::assemble;
use super::fault::backend;
use super::pending::{HostRows, Slice};
use crate::StoreError;

type Stored<'a> = (
    AccessGuard<'a, &'static str>,
    AccessGuard<'a, &'static [u8]>,
);

/// Hosts in order of id.
pub(super) struct Hosts<'a> {
    stored: Range<'a, &'static str, &'static [u8]>,
    /// The first that was not taken.
    next: Option<Stored<'a>>,
    pending: Peekable<slice::Iter<'a, (String, Arc<HostRows>)>>,
}

/// A host that is there.
pub(super) struct Found<'a> {
    pub(super) id: HostId,
    pub(super) row: Row<'a>,
    /// What is pending of it.
    pub(super) pending: Option<&'a HostRows>,
}

/// A row, wherever it is.
pub(super) enum Row<'a> {
    Stored(AccessGuard<'a, &'static [u8]>),
    Pending(&'a [u8]),
}

impl Row<'_> {
    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Stored(row) => row.value(),
            Self::Pending(row) => row,
        }
    }
}

impl<'a> Hosts<'a> {
    /// Those of a range of the table, and what is pending of the same range.
    pub(super) fn new(
        mut stored: Range<'a, &'static str, &'static [u8]>,
        pending: &'a Slice,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            next: step(&mut stored)?,
            stored,
            pending: pending.iter().peekable(),
        })
    }

    /// The next host.
    pub(super) fn next(&mut self) -> Result<Option<Found<'a>>, StoreError> {
        loop {
            let order = match (&self.next, self.pending.peek()) {
                (None, None) => return Ok(None),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((stored, _)), Some((pending, _))) => stored.value().cmp(pending.as_str()),
            };
            let stored = match order {
                Ordering::Less | Ordering::Equal => self.take_stored()?,
                Ordering::Greater => None,
            };
            let pending = match order {
                Ordering::Less => None,
                Ordering::Equal | Ordering::Greater => self.pending.next(),
            };
            if let Some(found) = found(stored, pending)? {
                return Ok(Some(found));
            }
        }
    }

    fn take_stored(&mut self) -> Result<Option<Stored<'a>>, StoreError> {
        let taken = self.next.take();
        self.next = step(&mut self.stored)?;
        Ok(taken)
    }
}

fn step<'a>(
    stored: &mut Range<'a, &'static str, &'static [u8]>,
) -> Result<Option<Stored<'a>>, StoreError> {
    stored.next().transpose().map_err(backend("reading hosts"))
}

/// The host that is stored, pending or both; none if it was removed.
fn found<'a>(
    stored: Option<Stored<'a>>,
    pending: Option<&'a (String, Arc<HostRows>)>,
) -> Result<Option<Found<'a>>, StoreError> {
    let rows = pending.map(|(_, rows)| rows.as_ref());
    let (id, row) = match (pending, rows.and_then(|rows| rows.host.as_ref()), stored) {
        (Some((host, _)), Some(row), _) => (assemble::host_id(host)?, Row::Pending(row)),
        (_, _, Some((host, row))) if rows.is_none_or(|rows| !rows.is_cleared) => {
            (assemble::host_id(host.value())?, Row::Stored(row))
        }
        (_, _, _) => return Ok(None),
    };
    let pending = rows;
    Ok(Some(Found { id, row, pending }))
}

/// The rows of one channel, as far as they are there.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) user: String,
    pub(super) hot: Option<Vec<u8>>,
    pub(super) cold: Option<Vec<u8>>,
}

/// The channels of one host.
#[derive(Debug, Default)]
pub(super) struct Channels(Vec<Channel>);

impl Channels {
    /// The channel of this user, an empty one if it is new.
    pub(super) fn of(&mut self, user: &str) -> &mut Channel {
        let at = match self
            .0
            .binary_search_by(|channel| channel.user.as_str().cmp(user))
        {
            Ok(at) => at,
            Err(at) => {
                let user = user.to_owned();
                self.0.insert(
                    at,
                    Channel {
                        user,
                        ..Channel::default()
                    },
                );
                at
            }
        };
        &mut self.0[at]
    }

    /// Replaces rows by those that are pending.
    pub(super) fn lay_over(&mut self, pending: &HostRows) {
        for channel in &pending.channels {
            let mine = self.of(&channel.user);
            if let Some(row) = &channel.sync {
                mine.hot = Some(row.clone());
            }
            if let Some(it) = &channel.enrollment {
                mine.cold = Some(it.row.clone());
            }
        }
    }

    /// In order of user.
    pub(super) fn iter(&self) -> slice::Iter<'_, Channel> {
        self.0.iter()
    }
}
