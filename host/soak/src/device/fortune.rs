//! What happens to a device that no server ordered.
//!
//! Knows nothing of when or how often. Invariant: nothing here sends anything; the server learns
//! of it, if at all, by what the device says later.

use mooring_mdm::ids::Channel;

use super::{Device, Installed, Origin, Refusal, SYSTEMS, Side, Stage, Talk, serial};
use crate::random::Random;

impl Device {
    /// A managed user appears, if there is none yet.
    pub(crate) fn user_appears(&mut self) {
        if self.user.is_none() {
            self.user = Some(Side::new(&mut self.random));
        }
    }

    /// It is erased: nothing is left but its hardware, and it is set up anew.
    pub(crate) fn erase(&mut self) {
        let had_user = self.user.is_some();
        self.main = self.main.erased(&mut self.random);
        self.user = None;
        if had_user {
            self.user_appears();
        }
        self.is_being_set_up = true;
        self.backup = None;
    }

    /// The management ends: what the server installed is gone.
    pub(super) fn unmanage(&mut self) {
        for side in [Some(&mut self.main), self.user.as_mut()]
            .into_iter()
            .flatten()
        {
            side.profiles.retain(|_, one| one.origin == Origin::Other);
            side.stage = Stage::Out;
            side.unsent = None;
            side.owes_token = false;
            side.magic += 1;
            side.refused = 0;
        }
        self.is_being_set_up = false;
    }

    /// It enrolls once more, without being erased and without having left.
    pub(crate) fn enroll_again(&mut self) {
        self.unmanage();
    }

    /// Its user's channel enrolls once more.
    pub(crate) fn user_enrolls_again(&mut self) {
        if let Some(user) = &mut self.user {
            (user.stage, user.unsent, user.refused) = (Stage::Out, None, 0);
        }
    }

    /// A backup of it is made.
    pub(crate) fn back_up(&mut self) {
        if self.main.stage == Stage::Enrolled {
            self.backup = Some(Box::new((self.main.clone(), self.user.clone())));
        }
    }

    /// It is restored from its backup; says whether there is one.
    pub(crate) fn restore(&mut self, is_magic_new: bool) -> bool {
        let Some(backup) = &self.backup else {
            return false;
        };
        if self.main.stage != Stage::Enrolled {
            return false;
        }
        let (device, user) = (**backup).clone();
        self.main = device.after_restore(&self.main, is_magic_new);
        if let (Some(now), Some(then)) = (&self.user, user) {
            self.user = Some(then.after_restore(now, is_magic_new));
        }
        true
    }

    /// Another device that was set up from this one's disk: the same identity, other hardware.
    pub(crate) fn cloned(&mut self) -> Self {
        self.is_cloned = true;
        let mut clone = self.clone();
        clone.random = Random::new(self.random.next(), "clone", self.host);
        clone.serial = serial(&mut clone.random);
        for side in [Some(&mut clone.main), clone.user.as_mut()]
            .into_iter()
            .flatten()
        {
            side.unsent = None;
            side.talk = Talk::Quiet;
        }
        clone
    }

    /// It gets the next system; what failed before may work now. Says whether there is one.
    pub(crate) fn upgrade(&mut self) -> bool {
        let is_newer = self.system + 1 < SYSTEMS.len();
        if is_newer {
            self.system += 1;
            let random = &mut self.random;
            self.refuses.retain(|_, _| random.chance(500_000));
            self.keeps.retain(|_| random.chance(500_000));
            // A new system says once more where it is pushed.
            self.main.owes_token |= self.main.stage == Stage::Enrolled;
        }
        is_newer
    }

    /// From now on it refuses to install a profile.
    pub(crate) fn refuse(&mut self, identifier: &str) {
        let refusal = if self.random.chance(500_000) {
            Refusal::Content
        } else {
            Refusal::Transient
        };
        self.refuses.insert(identifier.to_owned(), refusal);
    }

    /// The user removes a profile by hand; says whether it was there.
    pub(crate) fn user_removes(&mut self, channel: Channel, identifier: &str) -> bool {
        let side = self.side_mut(channel);
        side.is_some_and(|side| side.profiles.remove(identifier).is_some())
    }

    /// Its user wants to be rid of a profile and removes it whenever it is there, for a time.
    pub(crate) fn dislike(&mut self, channel: Channel, identifier: &str, until: u64) {
        self.disliked = Some((channel, identifier.to_owned(), until));
    }

    /// The user looks for what is disliked.
    pub(crate) fn tidy_up(&mut self, now: u64) {
        if let Some((channel, identifier, until)) = self.disliked.take()
            && now < until
        {
            self.user_removes(channel, &identifier);
            self.disliked = Some((channel, identifier, until));
        }
    }

    /// Another tool installs something under an identifier.
    pub(crate) fn other_tool_installs(&mut self, channel: Channel, identifier: &str) {
        let (uuid, origin) = (self.random.uuid(), Origin::Other);
        if let Some(side) = self.side_mut(channel) {
            let installed = Installed { uuid, origin };
            side.profiles.insert(identifier.to_owned(), installed);
        }
    }
}

impl Side {
    /// Empty, but nothing that is on its way may be mistaken for an answer to what comes.
    fn erased(&self, random: &mut Random) -> Self {
        Self {
            exchange: self.exchange,
            magic: self.magic + 1,
            ..Self::new(random)
        }
    }

    /// This old state, as it is after a restore over `now`.
    fn after_restore(self, now: &Self, is_magic_new: bool) -> Self {
        Self {
            exchange: now.exchange + 1,
            magic: now.magic + u32::from(is_magic_new),
            owes_token: is_magic_new,
            talk: Talk::Quiet,
            unsent: None,
            ..self
        }
    }
}
