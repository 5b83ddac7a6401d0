//! What is known of a class as a whole.
//!
//! Knows nothing of how classes are stored. Invariant: a row says what judging each profile of the
//! class anew would say.

use mooring_mdm::ids::Channel;

use super::Classes;
use super::counting::place_of;
use super::exception::Exception;
use super::held::Held;
use super::judge::{Found, Part, Sight, Verdict, judge};
use super::members::Members;
use super::walk::Walk;
use crate::status::Status;

/// A class.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) members: Members,
    /// How many profiles have which status.
    tally: [u16; 4],
    /// How many changes would be handed out now.
    eligible: u32,
    /// The worst of the channels' own; `None` for those that checked out.
    own: Option<Status>,
    /// Whether its hosts have to come, whatever changes there are.
    is_drawn: bool,
    /// The status of its hosts; `None` for those that checked out.
    pub(super) status: Option<Status>,
}

impl Row {
    /// Whether any profile has this status on its hosts.
    pub(super) fn has(&self, word: Status) -> bool {
        self.tally[place_of(word)] > 0
    }

    /// Whether every profile is applied.
    pub(super) fn is_sound(&self) -> bool {
        self.tally.iter().sum::<u16>() == self.tally[place_of(Status::Applied)]
    }

    /// Whether both say the same of their hosts.
    pub(super) fn says(&self, other: &Self) -> bool {
        let said = |row: &Self| (row.tally, row.eligible, row.own, row.is_drawn, row.status);
        said(self) == said(other)
    }

    pub(super) fn has_work(&self) -> bool {
        self.own.is_some() && (self.is_drawn || self.eligible > 0)
    }

    /// Takes note that a profile is judged otherwise.
    pub(super) fn replace(&mut self, before: Whole, after: Whole) {
        if let Some(word) = before.word {
            self.tally[place_of(word)] -= 1;
        }
        self.eligible -= before.eligible;
        self.add(after);
        self.settle();
    }

    fn add(&mut self, whole: Whole) {
        if let Some(word) = whole.word {
            self.tally[place_of(word)] += 1;
        }
        self.eligible += whole.eligible;
    }

    fn settle(&mut self) {
        let all = [
            Status::Applied,
            Status::Unknown,
            Status::Pending,
            Status::Failed,
        ];
        let told = all
            .into_iter()
            .filter(|word| self.tally[place_of(*word)] > 0);
        self.status = self.own.map(|own| told.fold(own, Status::max));
    }
}

/// What there is to say of a profile on the hosts of a class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Whole {
    /// The worst of the channels, if it is shown on any.
    pub(super) word: Option<Status>,
    /// Channels on which a change of it would be handed out now.
    pub(super) eligible: u32,
}

impl Classes {
    /// Judges a class from nothing, and appends the status of each profile that is shown.
    pub(super) fn judged(&self, class: u32, words: &mut Vec<(u32, Status)>) -> Row {
        let mut row = Row::default();
        let make = self.table.make(class);
        if make.group().is_none() {
            return row;
        }
        let parts = make.parts().iter().map(|name| self.table.part(*name));
        for part in parts {
            row.own = row.own.max(Some(part.bits.own()));
            row.is_drawn |= part.is_drawn();
        }
        self.each_whole(class, &mut |profile, whole| {
            row.add(whole);
            words.extend(whole.word.map(|word| (profile, word)));
        });
        row.settle();
        row
    }

    /// Judges every profile on the hosts of a class.
    pub(super) fn each_whole(&self, class: u32, see: &mut impl FnMut(u32, Whole)) {
        let make = self.table.make(class);
        let group = make.group().and_then(|group| self.groups.row(group));
        let (Some(group), [part]) = (group, make.parts()) else {
            let mut profiles = Vec::new();
            self.concerned(class, &mut profiles);
            for profile in profiles {
                see(profile, self.whole(class, profile));
            }
            return;
        };
        // Most hosts have one channel: nothing has to be looked for.
        let part = self.table.part(*part);
        let has_user = part.bits.channel() == Channel::User;
        for (profile, found) in Walk::over(&part, group, self.copies.profiles()) {
            let Some(sight) = self.sight(profile) else {
                continue;
            };
            let Verdict { word, is_eligible } = judge(&found, &group.ties, &sight);
            let mut whole = Whole {
                word,
                eligible: u32::from(is_eligible),
            };
            if !has_user {
                let terms = &sight.entry.terms;
                let waiting = group.ties.waiting_for_user(profile, terms);
                whole.word = whole.word.max(waiting);
            }
            see(profile, whole);
        }
    }

    /// Judges one profile on the hosts of a class.
    fn whole(&self, class: u32, profile: u32) -> Whole {
        let sight = self.sight(profile);
        let [whole] = sight.map_or_else(Default::default, |sight| self.wholes(class, &[sight]));
        whole
    }

    /// Judges one profile on the hosts of a class as each of these sights says.
    pub(super) fn wholes<const N: usize>(&self, class: u32, sights: &[Sight<'_>; N]) -> [Whole; N] {
        let profiles = self.copies.profiles();
        let find = |_, part: &Part<'_>, profile| Held::find(part.held, profile, profiles);
        self.wholes_by(class, sights, find)
    }

    /// The same where `find` says what the list of a channel, by its name, has of the profile.
    pub(super) fn wholes_by<const N: usize>(
        &self,
        class: u32,
        sights: &[Sight<'_>; N],
        mut find: impl FnMut(u32, &Part<'_>, u32) -> Option<Held>,
    ) -> [Whole; N] {
        let mut wholes = [Whole::default(); N];
        let make = self.table.make(class);
        let Some(group) = make.group().and_then(|group| self.groups.row(group)) else {
            return wholes;
        };
        let mut has_user = false;
        for name in make.parts() {
            let (part, (list, _)) = (self.table.part(*name), self.table.lists(*name));
            has_user |= part.bits.channel() == Channel::User;
            let Some(sight) = sights.first() else {
                break;
            };
            let exception = Exception::find(part.exceptions, sight.profile);
            let found = Found::of(part.bits, find(list, &part, sight.profile), exception);
            for (whole, sight) in wholes.iter_mut().zip(sights) {
                let Verdict { word, is_eligible } = judge(&found, &group.ties, sight);
                whole.word = whole.word.max(word);
                whole.eligible += u32::from(is_eligible);
            }
        }
        if !has_user {
            for (whole, sight) in wholes.iter_mut().zip(sights) {
                let terms = &sight.entry.terms;
                let waiting = group.ties.waiting_for_user(sight.profile, terms);
                whole.word = whole.word.max(waiting);
            }
        }
        wholes
    }

    /// The status of a profile on the hosts of a class.
    pub(super) fn word(&self, class: u32, profile: u32) -> Option<Status> {
        self.whole(class, profile).word
    }

    /// Every profile of which there may be something to say, in order of number.
    pub(super) fn concerned(&self, class: u32, profiles: &mut Vec<u32>) {
        let make = self.table.make(class);
        if let Some(group) = make.group().and_then(|group| self.groups.row(group)) {
            profiles.extend(group.wanted(Channel::Device));
            profiles.extend(group.wanted(Channel::User));
        }
        for name in make.parts() {
            let part = self.table.part(*name);
            let of_copy = self.copies.profiles();
            profiles.extend(Held::all(part.held).map(|held| of_copy[held.copy() as usize]));
            profiles.extend(Exception::all(part.exceptions).map(Exception::profile));
        }
        profiles.sort_unstable();
        profiles.dedup();
    }
}
