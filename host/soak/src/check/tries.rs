//! How often the same was tried without success, read out of a history.
//!
//! Knows nothing of what is desired. Invariant: another content, another list that shows success,
//! a person who asks, and another build of the system begin the count anew.

use super::bounds;
use super::history::{Build, End, Entry, Fact, History, Moment, Order, Shelf, changed, installed};
use crate::log::Ordered;

/// What attempts were meant to reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// The profile.
    pub(super) identifier: &'a str,
    /// The content; `None` is its absence.
    pub(super) uuid: Option<&'a str>,
    /// How often administrators had changed the profile; `None` if that does not matter.
    pub(super) edition: Option<u32>,
}

impl Target<'_> {
    /// What a command is about: this target, another one for the same profile, or neither.
    fn is_of(&self, order: &Order) -> Option<bool> {
        if changed(&order.command) != Some(self.identifier) {
            return None;
        }
        let is_edition = self.edition.is_none_or(|edition| edition == order.edition);
        Some(installed(&order.command) == self.uuid && is_edition)
    }

    fn is_shown(&self, shelf: &Shelf) -> bool {
        shelf.get(self.identifier).map(String::as_str) == self.uuid
    }
}

/// What came of the attempts so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Tries {
    /// Failures.
    pub(super) failed: u32,
    /// Whether no further attempt can do better.
    pub(super) is_hopeless: bool,
    /// Outcomes lost in a row.
    lost: u32,
    /// When the last one failed.
    last: Option<Moment>,
    /// The host's build at the last failure.
    build: Option<Build>,
}

/// Whether there may be another attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There may.
    Free,
    /// Not yet: so many failures ask for so long a wait, in ms.
    Early(u32, u64),
    /// Not at all, after so many failures.
    Parked(u32),
}

impl Tries {
    /// Whether there may be another attempt now, on a host with this build.
    pub(super) fn verdict(&self, now: Moment, build: Option<&Build>) -> Verdict {
        if self.is_other_build(build) || self.failed == 0 {
            return Verdict::Free;
        }
        if self.is_hopeless || self.failed >= bounds::ATTEMPTS {
            return Verdict::Parked(self.failed);
        }
        let wait = bounds::retry_wait_ms(self.failed);
        match self.last.and_then(|last| last.until(now)) {
            Some(passed) if passed < wait => Verdict::Early(self.failed, wait),
            Some(_) | None => Verdict::Free,
        }
    }

    /// Whether there has to be another attempt by now: the last one was so long ago, in ms, that
    /// no wait lasts as long.
    pub(super) fn is_overdue(&self, now: Moment, after_ms: u64) -> bool {
        let passed = self.last.and_then(|last| last.until(now));
        self.failed > 0
            && self.failed < bounds::ATTEMPTS
            && !self.is_hopeless
            && passed.is_some_and(|passed| passed > after_ms)
    }

    /// Whether the host's build is another one than at the last failure.
    fn is_other_build(&self, build: Option<&Build>) -> bool {
        let builds = self.build.as_ref().zip(build);
        builds.is_some_and(|(then, now)| then.name != now.name)
    }

    fn fail(&mut self, when: Moment, build: Option<&Build>, is_hopeless: bool) {
        if self.is_other_build(build) {
            self.failed = 0;
        }
        self.failed += 1;
        self.is_hopeless = is_hopeless;
        self.lost = 0;
        self.last = Some(when);
        self.build = build.cloned();
    }

    /// Learns how a command ended; says of it whether it was about the target, or another content
    /// of the same profile.
    fn learn(
        &mut self,
        entry: &Entry,
        end: &End,
        (is_this, target): (Option<bool>, Target<'_>),
        unproven: &mut Option<bool>,
    ) {
        let (when, build) = (entry.when, entry.build.as_ref());
        if let End::Listed(shelf) = end {
            let was_done = unproven.take();
            if target.is_shown(shelf) {
                *self = Self::default();
            } else if was_done == Some(true) {
                self.fail(when, build, false);
            }
            return;
        }
        match (is_this, end) {
            (Some(is_this), End::Done) => {
                *unproven = Some(is_this);
                self.lost = 0;
            }
            (Some(false), End::Failed { .. } | End::Lost) => *self = Self::default(),
            (Some(true), End::Failed { is_permanent }) => self.fail(when, build, *is_permanent),
            (Some(true), End::Lost) => self.lose(when, build),
            // A word about the command: it was not lost.
            (Some(true), End::NotNow) => self.lost = 0,
            (None, _) | (Some(_), End::NotNow | End::Listed(_) | End::Told | End::Useless) => {}
        }
    }

    fn lose(&mut self, when: Moment, build: Option<&Build>) {
        self.lost += 1;
        if self.lost >= bounds::LOST {
            self.fail(when, build, true);
        }
    }
}

impl History {
    /// Every attempt towards a target.
    pub(super) fn tries(&self, target: Target<'_>) -> Tries {
        let mut tries = Tries::default();
        // What was acknowledged last for the profile, until a list judges it: whether it was this.
        let mut unproven: Option<bool> = None;
        for entry in self.facts() {
            match &entry.fact {
                Fact::Asked => tries = Tries::default(),
                Fact::AskedFor(identifier) if identifier == target.identifier => {
                    tries = Tries::default();
                }
                Fact::LostTrack => unproven = None,
                Fact::Ended { order, end } => {
                    let is_this = self.order(*order).and_then(|order| target.is_of(order));
                    tries.learn(entry, end, (is_this, target), &mut unproven);
                }
                Fact::Sent(_)
                | Fact::Late { .. }
                | Fact::Unseen
                | Fact::AskedFor(_)
                | Fact::MayHaveLostTrack => {}
            }
        }
        tries
    }

    /// The wait that failed requests of one kind ask for: how many there were since the last
    /// answer, and when the newest was.
    pub(super) fn useless(&self, is_kind: impl Fn(&Ordered) -> bool, counts_lost: bool) -> Tries {
        let mut tries = Tries::default();
        for entry in self.facts() {
            match &entry.fact {
                Fact::Asked | Fact::LostTrack | Fact::MayHaveLostTrack => tries = Tries::default(),
                Fact::Ended { order, end } => {
                    let order = self.order(*order);
                    if !order.is_some_and(|order| is_kind(&order.command)) {
                        continue;
                    }
                    match end {
                        End::Useless => tries.fail(entry.when, None, false),
                        End::Lost if counts_lost => tries.fail(entry.when, None, false),
                        End::Listed(_) | End::Told => tries = Tries::default(),
                        End::Done | End::Failed { .. } | End::NotNow | End::Lost => {}
                    }
                }
                Fact::Sent(_) | Fact::Late { .. } | Fact::Unseen | Fact::AskedFor(_) => {}
            }
        }
        tries
    }

    /// Whether this server installed something under an identifier in this enrollment that no
    /// list has shown gone since, as far as the server may know. The sure answer takes it for having
    /// lost track wherever it may have.
    pub(super) fn is_ours(&self, identifier: &str, is_sure: bool) -> bool {
        // The lists that first told after the server lost track, as far as the walk has passed
        // them: each must show the very copy that was delivered.
        let mut first_sights: Vec<Option<&str>> = Vec::new();
        let mut shown_later = None;
        let is_it =
            |uuid: &str, sights: &[Option<&str>]| sights.iter().all(|shown| *shown == Some(uuid));
        for entry in self.facts().iter().rev() {
            let lost_track = match entry.fact {
                Fact::LostTrack => true,
                Fact::MayHaveLostTrack => is_sure,
                Fact::Sent(_)
                | Fact::Ended { .. }
                | Fact::Late { .. }
                | Fact::Unseen
                | Fact::Asked
                | Fact::AskedFor(_) => false,
            };
            if lost_track {
                first_sights.extend(shown_later);
            }
            if let Some((_, shelf)) = entry.listed() {
                let shown = shelf.get(identifier).map(String::as_str);
                let Some(shown) = shown else {
                    return false;
                };
                if is_it(shown, &first_sights) && self.was_tried(identifier, shown) {
                    return true;
                }
                shown_later = Some(Some(shown));
            }
            let taken = taken(entry).and_then(|order| self.installs(order, identifier));
            if let Some(uuid) = taken {
                return is_it(uuid, &first_sights);
            }
        }
        false
    }

    fn installs(&self, order: usize, identifier: &str) -> Option<&str> {
        let command = &self.order(order)?.command;
        installed(command).filter(|_| changed(command) == Some(identifier))
    }

    /// Whether an installation of this very content was given up: the list that shows it says that
    /// it happened.
    fn was_tried(&self, identifier: &str, uuid: &str) -> bool {
        let mut lost = self.facts().iter().filter_map(Entry::lost);
        lost.any(|order| self.installs(order, identifier) == Some(uuid))
    }
}

/// The command that the device said that it did, in time or late.
fn taken(entry: &Entry) -> Option<usize> {
    if let Fact::Late {
        order,
        is_done: true,
    } = entry.fact
    {
        return Some(order);
    }
    entry.done()
}
