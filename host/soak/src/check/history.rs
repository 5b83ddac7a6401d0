//! The history of one enrollment, and what follows from it by reading it.
//!
//! Knows nothing of what is desired. Invariants: nothing is summed up in advance, each question
//! reads the facts anew; order is the order of the facts, and time is used for waits alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bounds;
use crate::log::Ordered;

/// A moment by the server's clock. Two of them compare only if the clock did not jump in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// In ms since 1970.
    pub(super) at: u64,
    /// How often the clock had jumped before.
    pub(super) jumps: u32,
}

impl Moment {
    /// The ms from `self` to `now`; `None` if the clock jumped meanwhile.
    pub(super) fn until(self, now: Self) -> Option<u64> {
        (self.jumps == now.jumps).then(|| now.at.saturating_sub(self.at))
    }
}

/// What a list showed: identifier and uuid.
pub(super) type Shelf = Arc<BTreeMap<String, String>>;

/// A command that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// Its name.
    pub(super) name: String,
    /// What it asks for.
    pub(super) command: Ordered,
    /// How often administrators had changed the profile that it is about.
    pub(super) edition: u32,
}

/// How a command ended, as far as the server can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The device did it; for a removal also: the profile is not there.
    Done,
    /// The device answered with a whole list.
    Listed(Shelf),
    /// The device answered a request for its attributes.
    Told,
    /// The device refused.
    Failed {
        /// The same content will fail again.
        is_permanent: bool,
    },
    /// The answer says nothing: an error, or a list that is not whole.
    Useless,
    /// The device was busy.
    NotNow,
    /// The device came back without a word.
    Lost,
}

/// Something that the server knows to have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// A command left.
    Sent(Order),
    /// A command ended.
    Ended {
        /// The fact by which it left.
        order: usize,
        /// How.
        end: End,
    },
    /// A word on a change that had been given up.
    Late {
        /// The fact by which it left.
        order: usize,
        /// Whether the device did it.
        is_done: bool,
    },
    /// A commit that holds was not answered: a command may have been chosen that nobody saw.
    Unseen,
    /// A person asked for a refresh.
    Asked,
    /// A person asked that this profile be installed once more.
    AskedFor(String),
    /// The server lost track: nothing that was seen counts any more.
    LostTrack,
    /// The server may have lost track.
    MayHaveLostTrack,
}

/// A host's build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    /// As the host told it last.
    pub(super) name: String,
    /// Whether the server still goes by it, rather than taking it for too old.
    pub(super) is_sure: bool,
}

/// A fact with its circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// When.
    pub(super) when: Moment,
    /// The host's build then, if it ever told one.
    pub(super) build: Option<Build>,
    /// What.
    pub(super) fact: Fact,
}

impl Entry {
    /// The command that ended here, and how.
    pub(super) fn ended(&self) -> Option<(usize, &End)> {
        if let Fact::Ended { order, end } = &self.fact {
            return Some((*order, end));
        }
        None
    }

    /// The complete list that came here, and by which fact it was asked for.
    pub(super) fn listed(&self) -> Option<(usize, &Shelf)> {
        if let Some((order, End::Listed(shelf))) = self.ended() {
            return Some((order, shelf));
        }
        None
    }

    /// The command whose outcome was given up here.
    pub(super) fn lost(&self) -> Option<usize> {
        let (order, end) = self.ended()?;
        (*end == End::Lost).then_some(order)
    }

    /// The command that the device did.
    pub(super) fn done(&self) -> Option<usize> {
        let (order, end) = self.ended()?;
        (*end == End::Done).then_some(order)
    }
}

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    /// It is not.
    No,
    /// It may be.
    Maybe,
    /// It is.
    Yes,
}

/// Everything since an enrollment began, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    facts: Vec<Entry>,
}

/// The last complete list.
#[derive(Debug, Clone)]
pub(super) struct LastList {
    /// The fact by which it was asked for.
    pub(super) order: usize,
    /// When it came.
    pub(super) when: Moment,
}

impl History {
    /// Adds a fact and says its place.
    pub(super) fn note(&mut self, when: Moment, build: Option<Build>, fact: Fact) -> usize {
        self.facts.push(Entry { when, build, fact });
        self.facts.len() - 1
    }

    /// The command that left with this fact.
    pub(super) fn order(&self, at: usize) -> Option<&Order> {
        match &self.facts.get(at)?.fact {
            Fact::Sent(order) => Some(order),
            Fact::Ended { .. }
            | Fact::Late { .. }
            | Fact::Unseen
            | Fact::Asked
            | Fact::AskedFor(_)
            | Fact::LostTrack
            | Fact::MayHaveLostTrack => None,
        }
    }

    /// All facts, oldest first.
    pub(super) fn facts(&self) -> &[Entry] {
        &self.facts
    }

    /// Where the newest command of this name left.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let is_it = |entry: &Entry| matches!(&entry.fact, Fact::Sent(order) if order.name == name);
        self.facts.iter().rposition(is_it)
    }

    /// How the command that left with this fact ended, if it did.
    pub(super) fn end_of(&self, order: usize) -> Option<&End> {
        let mut ended = self.facts[order..].iter().filter_map(Entry::ended);
        ended.find(|(of, _)| *of == order).map(|(_, end)| end)
    }

    /// Whether the server lost track of the enrollment after a fact.
    pub(super) fn lost_track_since(&self, at: usize) -> bool {
        let since = self.facts[at..].iter();
        since.into_iter().any(|entry| entry.fact == Fact::LostTrack)
    }

    /// Whether there was a late word on it already.
    pub(super) fn had_late_word(&self, order: usize) -> bool {
        let is_it =
            |entry: &Entry| matches!(entry.fact, Fact::Late { order: of, .. } if of == order);
        self.facts[order..].iter().any(is_it)
    }

    /// The facts that still count, newest first: those since the server lost track.
    fn counting(&self) -> impl Iterator<Item = &Entry> {
        let newest_first = self.facts.iter().rev();
        newest_first.take_while(|entry| entry.fact != Fact::LostTrack)
    }

    /// The last complete list that still counts.
    pub(super) fn last_list(&self) -> Option<LastList> {
        self.counting().find_map(|entry| {
            let (order, _) = entry.listed()?;
            let when = entry.when;
            Some(LastList { order, when })
        })
    }

    /// The uuid that the host has under an identifier: what was acknowledged since the last list,
    /// else what it showed.
    pub(super) fn held(&self, identifier: &str) -> Option<String> {
        for entry in self.counting() {
            if let Some((_, shelf)) = entry.listed() {
                return shelf.get(identifier).cloned();
            }
            let done = entry.done().and_then(|order| self.order(order));
            if let Some(order) = done
                && changed(&order.command) == Some(identifier)
            {
                return installed(&order.command).map(str::to_owned);
            }
        }
        None
    }

    /// Whether only a list that is asked for from now on can tell what the host has.
    pub(super) fn is_list_due(&self, now: Moment) -> Sure {
        let Some(last) = self.last_list() else {
            return Sure::Yes;
        };
        let mut due = match last.when.until(now) {
            // The tenth is jitter.
            Some(age) if age >= bounds::REFRESH_MS + bounds::REFRESH_MS / 10 => Sure::Yes,
            Some(age) if age < bounds::REFRESH_MS => Sure::No,
            Some(_) | None => Sure::Maybe,
        };
        for (at, entry) in self.facts.iter().enumerate().skip(last.order) {
            due = due.max(self.calls_for_list(at, entry));
        }
        due
    }

    /// Whether a fact makes a list due that is asked for after it.
    fn calls_for_list(&self, at: usize, entry: &Entry) -> Sure {
        match &entry.fact {
            Fact::Asked => Sure::Yes,
            Fact::Ended { order, end } if *end == End::Lost && self.tells_of_profiles(*order) => {
                Sure::Yes
            }
            // A server remembers only so many that it gave up.
            Fact::Late { order, .. } if self.lost_between(*order, at) < bounds::REMEMBERED => {
                Sure::Yes
            }
            Fact::Late { .. } | Fact::Unseen | Fact::MayHaveLostTrack => Sure::Maybe,
            Fact::Sent(_) | Fact::Ended { .. } | Fact::AskedFor(_) | Fact::LostTrack => Sure::No,
        }
    }

    fn tells_of_profiles(&self, order: usize) -> bool {
        self.order(order).is_some_and(|order| match order.command {
            Ordered::List | Ordered::Install { .. } | Ordered::Remove { .. } => true,
            Ordered::Information | Ordered::Other(_) => false,
        })
    }

    /// Changes that were given up between two facts.
    fn lost_between(&self, from: usize, to: usize) -> usize {
        let lost = self.facts[from..to].iter().filter_map(Entry::lost);
        lost.filter(|order| self.is_change(*order)).count()
    }

    fn is_change(&self, order: usize) -> bool {
        let order = self.order(order);
        order.is_some_and(|order| changed(&order.command).is_some())
    }

    /// Whether a person asked that a profile be installed once more, and that was not done yet.
    pub(super) fn is_asked_for(&self, identifier: &str) -> bool {
        for entry in self.facts.iter().rev() {
            if matches!(&entry.fact, Fact::AskedFor(of) if of == identifier) {
                return true;
            }
            let done = entry.done().and_then(|order| self.order(order));
            if done.is_some_and(|order| changed(&order.command) == Some(identifier)) {
                return false;
            }
        }
        false
    }

    /// Whether nothing happened since the device last told its attributes that calls for them anew.
    pub(super) fn was_just_told(&self, now: Moment) -> bool {
        for entry in self.facts.iter().rev() {
            match &entry.fact {
                Fact::Ended { end: End::Told, .. } => {
                    let age = entry.when.until(now);
                    return age.is_some_and(|age| age < bounds::REFRESH_MS);
                }
                Fact::Ended {
                    end: End::Listed(_) | End::Lost,
                    ..
                }
                | Fact::Asked
                | Fact::Unseen
                | Fact::LostTrack
                | Fact::MayHaveLostTrack => return false,
                Fact::Sent(_) | Fact::Ended { .. } | Fact::Late { .. } | Fact::AskedFor(_) => {}
            }
        }
        false
    }

    /// Whether there was an answer that nobody saw.
    pub(super) fn has_unseen(&self) -> bool {
        self.facts.iter().any(|entry| entry.fact == Fact::Unseen)
    }

    /// Whether a change was acknowledged that no list has judged.
    pub(super) fn has_unproven(&self) -> bool {
        let since = self.counting().take_while(|entry| entry.listed().is_none());
        let mut done = since.filter_map(Entry::done);
        done.any(|order| self.is_change(order))
    }
}

/// The profile that a command changes.
pub(super) fn changed(command: &Ordered) -> Option<&str> {
    match command {
        Ordered::Install { identifier, .. } | Ordered::Remove { identifier } => Some(identifier),
        Ordered::List | Ordered::Information | Ordered::Other(_) => None,
    }
}

/// The uuid of what a command installs.
pub(super) fn installed(command: &Ordered) -> Option<&str> {
    match command {
        Ordered::Install { uuid, .. } => Some(uuid),
        Ordered::List | Ordered::Information | Ordered::Remove { .. } | Ordered::Other(_) => None,
    }
}
