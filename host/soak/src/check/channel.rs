//! One enrollment as the server can know it: what it heard, and what it sent.
//!
//! Knows nothing of what is desired. Invariant: a report counts only for the command that is open;
//! any other is compared, or ignored.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bounds;
use super::history::{Build, End, Fact, History, Moment, Order, changed};
use crate::log::{Listed, Ordered, Reported};

/// How far an enrollment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It authenticated and may not be commanded yet.
    Authenticated,
    /// It is managed.
    Enrolled,
    /// It left, or its device authenticated anew.
    Away,
}

/// Names an enrollment for good: whose record it is, and how often it began anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Epoch {
    /// Another number for each record that was ever made.
    pub(super) record: u64,
    /// How often it began anew.
    pub(super) count: u32,
}

/// What a report turned out to be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The command that was open.
    Open,
    /// A change that had been given up, and this is the first word on it.
    GivenUp,
    /// A command that the server cannot know, since an old copy of its store was started.
    Future,
    /// The same, unless the server gave that name away once more where nobody saw it.
    MaybeFuture,
    /// Nothing that matters: a duplicate, a late `NotNow`, an unknown name.
    Nothing,
}

/// One enrollment.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) epoch: Epoch,
    pub(super) phase: Phase,
    /// The push magic that it told last.
    pub(super) magic: Option<String>,
    pub(super) history: History,
    /// The fact by which the open command left.
    pub(super) open: Option<usize>,
    /// When a command may have been chosen that nobody saw, if it may be open.
    pub(super) may_be_open: Option<Moment>,
    /// Whether the device was busy in this contact.
    pub(super) is_busy: bool,
    /// New commands in this contact.
    pub(super) in_contact: usize,
}

impl Channel {
    /// A new record.
    pub(super) fn new(record: u64, phase: Phase) -> Self {
        Self {
            epoch: Epoch { record, count: 0 },
            phase,
            magic: None,
            history: History::default(),
            open: None,
            may_be_open: None,
            is_busy: false,
            in_contact: 0,
        }
    }

    /// The enrollment begins anew: nothing is known any more.
    pub(super) fn begin(&mut self, phase: Phase) {
        let Epoch { record, count } = self.epoch;
        let magic = self.magic.take();
        *self = Self::new(record, phase);
        self.epoch.count = count + 1;
        self.magic = magic;
    }

    /// It leaves.
    pub(super) fn leave(&mut self) {
        self.phase = Phase::Away;
        self.open = None;
        self.may_be_open = None;
    }

    /// The server lost track of it.
    pub(super) fn lose_track(&mut self, when: Moment) {
        self.history.note(when, None, Fact::LostTrack);
        self.open = None;
        self.may_be_open = None;
        self.is_busy = false;
    }

    /// The device asks for work: whatever was open has no outcome.
    pub(super) fn idle(&mut self, when: Moment, build: Option<Build>) {
        (self.is_busy, self.in_contact) = (false, 0);
        if self.may_be_open.take().is_some() {
            self.history.note(when, build.clone(), Fact::Unseen);
        }
        let Some(order) = self.open else {
            return;
        };
        // Commands of others are handed out again; which of them is for their maker to count.
        let is_own = self
            .history
            .order(order)
            .is_some_and(|order| match order.command {
                Ordered::List
                | Ordered::Information
                | Ordered::Install { .. }
                | Ordered::Remove { .. } => true,
                Ordered::Other(_) => false,
            });
        if is_own {
            self.close(when, build, End::Lost);
        }
    }

    /// The device reports. `is_of_lost_time` says whether a server whose store was lost since
    /// handed the name out in this epoch.
    pub(super) fn report(
        &mut self,
        name: &str,
        outcome: &Reported,
        is_of_lost_time: bool,
        now: (Moment, Option<Build>),
    ) -> About {
        let (when, build) = now;
        let known = self.history.find(name);
        let Some(order) = known else {
            if !is_of_lost_time {
                return About::Nothing;
            }
            if self.may_be_open.is_some() || self.history.has_unseen() {
                return About::MaybeFuture;
            }
            self.lose_track(when);
            return About::Future;
        };
        if self.open == Some(order) {
            let end = end_of(&self.history, order, outcome);
            let is_own = !matches!(
                self.history.order(order).map(|order| &order.command),
                Some(Ordered::Other(_))
            );
            self.is_busy |= end == End::NotNow && is_own;
            self.close(when, build, end);
            return About::Open;
        }
        let is_change = self
            .history
            .order(order)
            .is_some_and(|order| changed(&order.command).is_some());
        let is_lost = matches!(self.history.end_of(order), Some(End::Lost));
        let is_over = self.history.had_late_word(order) || self.history.lost_track_since(order);
        if !is_change || !is_lost || is_over {
            return About::Nothing;
        }
        let is_done = matches!(outcome, Reported::Acknowledged { .. });
        if *outcome == Reported::NotNow {
            return About::Nothing;
        }
        self.history
            .note(when, build, Fact::Late { order, is_done });
        About::GivenUp
    }

    /// A command leaves.
    pub(super) fn send(&mut self, when: Moment, build: Option<Build>, order: Order) {
        self.open = Some(self.history.note(when, build, Fact::Sent(order)));
        self.may_be_open = None;
        self.in_contact += 1;
    }

    fn close(&mut self, when: Moment, build: Option<Build>, end: End) {
        if let Some(order) = self.open.take() {
            self.history.note(when, build, Fact::Ended { order, end });
        }
    }
}

/// What an outcome says of the command that it is about.
fn end_of(history: &History, order: usize, outcome: &Reported) -> End {
    let command = history.order(order).map(|order| &order.command);
    match (outcome, command) {
        (Reported::NotNow, _) => End::NotNow,
        (Reported::Acknowledged { profiles, .. }, Some(Ordered::List)) => match profiles {
            Some(Listed::Complete(shown)) => {
                let shelf: BTreeMap<_, _> = shown.iter().cloned().collect();
                End::Listed(Arc::new(shelf))
            }
            Some(Listed::Incomplete) | None => End::Useless,
        },
        (Reported::Acknowledged { .. }, Some(Ordered::Information)) => End::Told,
        (Reported::Acknowledged { .. }, _) => End::Done,
        (Reported::Error { chain }, Some(Ordered::Remove { .. })) => {
            if bounds::is_not_found(chain) {
                return End::Done;
            }
            let is_permanent = bounds::is_permanent(chain) || bounds::is_not_managed(chain);
            End::Failed { is_permanent }
        }
        (Reported::Error { chain }, Some(Ordered::Install { .. })) => End::Failed {
            is_permanent: bounds::is_permanent(chain),
        },
        (Reported::CommandFormatError, Some(Ordered::Install { .. } | Ordered::Remove { .. })) => {
            End::Failed { is_permanent: true }
        }
        (Reported::Error { .. } | Reported::CommandFormatError, _) => End::Useless,
    }
}
