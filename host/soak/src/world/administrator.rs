//! What administrators do: push, edit, delete, bring back, switch, refresh, remove, pause.
//!
//! Knows nothing of what hosts have. Invariants: a change is in the log if and only if the server
//! said that it is done; one that fails is tried once more at once, as any client does.

use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_server::api::PushOutcome;
use mooring_server::core::Core;
use mooring_server::profiles::Upload;

use super::insist::BY;
use super::queue::Event;
use super::{DAY_MS, MINUTE_MS, PROFILES, SECOND_MS, World, identifier};
use crate::device::udid;
use crate::fault::Fault;
use crate::log::{Action, Entry, Phase};
use crate::profile;
use crate::random::Random;
use crate::server::SoakError;

/// Days between two rounds of changes, on average.
const BURST_DAYS: u64 = 3;
/// A profile as the administrator knows it.
#[derive(Debug, Clone)]
struct Draft {
    number: u32,
    channel: Channel,
    content: u32,
    is_live: bool,
    is_enabled: bool,
}

/// The administrator's books.
#[derive(Debug)]
pub(super) struct Administrator {
    pub(super) random: Random,
    drafts: Vec<Draft>,
    is_paused: bool,
    /// The books at the moment at which the store was copied.
    copied: Option<(Vec<Draft>, bool)>,
}

impl Administrator {
    pub(super) fn new(seed: u64) -> Self {
        let draft = |number| Draft {
            number,
            // Every fourth is for users.
            channel: if number % 4 == 3 {
                Channel::User
            } else {
                Channel::Device
            },
            content: 0,
            is_live: false,
            is_enabled: true,
        };
        Self {
            random: Random::new(seed, "administrator", 0),
            drafts: (0..PROFILES).map(draft).collect(),
            is_paused: false,
            copied: None,
        }
    }

    /// The store was copied: a server of that copy knows what was done until now.
    pub(super) fn copy(&mut self) {
        self.copied = Some((self.drafts.clone(), self.is_paused));
    }

    /// The server runs over the copy: what was done since is undone.
    pub(super) fn roll_back(&mut self) {
        if let Some((drafts, is_paused)) = &self.copied {
            self.drafts.clone_from(drafts);
            self.is_paused = *is_paused;
        }
    }
}

impl World<'_> {
    /// Pushes a profile at the start.
    pub(super) fn push_first(&mut self, number: u32) -> Result<(), SoakError> {
        let place = usize::try_from(number).unwrap_or(0);
        self.push(place, 0)
    }

    /// Some changes in quick succession, and the next round some days later.
    pub(super) fn burst(&mut self) {
        if self.phase != Phase::Faults {
            return;
        }
        let random = &mut self.administrator.random;
        let next = self.now + random.below(2 * BURST_DAYS * DAY_MS);
        let changes = u32::try_from(random.below(6)).unwrap_or(0);
        self.queue.at(next, Event::Burst);
        self.queue.at(self.now, Event::Change(changes));
    }

    /// One change; `more` follow within minutes.
    pub(super) fn change(&mut self, more: u32) -> Result<(), SoakError> {
        if self.phase != Phase::Faults {
            return Ok(());
        }
        self.change_something()?;
        let random = &mut self.administrator.random;
        if more > 0 {
            let longest = [SECOND_MS, 10 * SECOND_MS, 10 * MINUTE_MS];
            let longest = longest[random.place(longest.len())];
            let at = self.now + random.below(longest);
            self.queue.at(at, Event::Change(more - 1));
        }
        // Whoever has something to do is pushed. That a host comes for nothing does no harm.
        for place in 0..self.devices.len() {
            if self.rhythm.chance(if more > 0 { 200_000 } else { 800_000 }) {
                let at = self.now + self.rhythm.between(SECOND_MS, 30 * MINUTE_MS);
                self.queue.at(at, Event::Poke(place));
            }
        }
        Ok(())
    }

    fn change_something(&mut self) -> Result<(), SoakError> {
        let random = &mut self.administrator.random;
        let place = random.place(self.administrator.drafts.len());
        let kind = random.below(100);
        let content = u32::try_from(random.below(4)).unwrap_or(0);
        let elsewhere = random.chance(150_000);
        let draft = &mut self.administrator.drafts[place];
        match kind {
            // New content, old content again, or back from the dead.
            0..38 => {
                // A profile that is gone may come back for the other channel.
                if !draft.is_live && elsewhere {
                    draft.channel = other(draft.channel);
                }
                let before = std::mem::replace(&mut draft.content, content);
                self.push(place, before)
            }
            38..50 if draft.is_live => self.delete(place),
            50..60 if draft.is_live => self.switch(place),
            60..66 => {
                self.refresh_host();
                Ok(())
            }
            66..69 => {
                self.remove_host();
                Ok(())
            }
            69..72 => self.pause(),
            72..86 => {
                let number = draft.number;
                self.assign(number)
            }
            86..96 => self.move_members(),
            96..98 => self.define_by_system(),
            98..100 if draft.is_live => self.push_elsewhere(place),
            // Values and resending go here.
            _ => Ok(()),
        }
    }

    /// Pushes what is in the books; if the administrator thinks better of it, they say `before`
    /// again.
    fn push(&mut self, place: usize, before: u32) -> Result<(), SoakError> {
        let draft = self.administrator.drafts[place].clone();
        let name = identifier(draft.number);
        let uploads = [Upload {
            name: "profile.mobileconfig".to_owned(),
            bytes: profile::file(&name, draft.channel, draft.content),
        }];
        let verdict = self.insist(|core, options| core.push(&uploads, false, options));
        let Some(pushed) = verdict.expected("push")? else {
            self.administrator.drafts[place].content = before;
            return Ok(());
        };
        let result = pushed.results.into_iter().next();
        let taken = result.filter(|result| match result.outcome {
            PushOutcome::Created | PushOutcome::Updated | PushOutcome::Unchanged => true,
            PushOutcome::Held | PushOutcome::Refused => false,
        });
        let uuid = taken.and_then(|result| result.payload_uuid);
        let uuid = uuid.ok_or(SoakError::Change { what: "file" })?;
        let draft = &mut self.administrator.drafts[place];
        draft.is_enabled |= !draft.is_live;
        draft.is_live = true;
        let channel = draft.channel;
        self.note_action(Action::Pushed {
            identifier: name,
            uuid: uuid.as_str().to_owned(),
            channel,
        });
        Ok(())
    }

    /// Pushes a profile for the other channel under its old identifier, which is refused.
    fn push_elsewhere(&mut self, place: usize) -> Result<(), SoakError> {
        let draft = &self.administrator.drafts[place];
        let name = identifier(draft.number);
        let uploads = [Upload {
            name: "profile.mobileconfig".to_owned(),
            bytes: profile::file(&name, other(draft.channel), draft.content),
        }];
        let verdict = self.insist(|core, options| core.push(&uploads, false, options));
        let pushed = verdict.expected("push for another channel")?;
        let outcomes = pushed.iter().flat_map(|pushed| &pushed.results);
        if outcomes
            .map(|result| result.outcome)
            .eq([PushOutcome::Refused])
        {
            return Ok(());
        }
        let what = "refused push for another channel";
        Err(SoakError::Change { what })
    }

    fn delete(&mut self, place: usize) -> Result<(), SoakError> {
        let name = identifier(self.administrator.drafts[place].number);
        let id = parsed(&name)?;
        let verdict = self.insist(|core, options| core.delete(&id, options));
        if verdict.expected("delete")?.is_some() {
            self.administrator.drafts[place].is_live = false;
            self.note_action(Action::Deleted { identifier: name });
        }
        Ok(())
    }

    fn switch(&mut self, place: usize) -> Result<(), SoakError> {
        let is_enabled = !self.administrator.drafts[place].is_enabled;
        let name = identifier(self.administrator.drafts[place].number);
        let id = parsed(&name)?;
        let verdict = self.insist(|core, options| core.switch(&id, is_enabled, None, options));
        if verdict.expected("switch")?.is_some() {
            self.administrator.drafts[place].is_enabled = is_enabled;
            self.note_action(Action::Switched {
                identifier: name,
                is_enabled,
            });
        }
        Ok(())
    }

    /// A host that never enrolled or left cannot be refreshed; then nothing was done.
    fn refresh_host(&mut self) {
        let host = self.some_host();
        let name = udid(host);
        let verdict = self.insist(|core, _| core.refresh_host(&name));
        if verdict.done().is_some() {
            self.note_action(Action::Refreshed { host });
        }
    }

    fn remove_host(&mut self) {
        let host = self.some_host();
        if !self.weather.has(Fault::HostRemoved) {
            return;
        }
        let name = udid(host);
        let is_known = |core: &Core| core.host_detail(&name).is_ok();
        let was_known = is_known(self.server.core());
        let verdict = self.insist(|core, _| core.remove_host(&name));
        // Tried again after a commit that failed and was stored, there is none any more.
        let is_gone = verdict.done().is_some() || !is_known(self.server.core());
        if was_known && is_gone {
            self.weather.note(Fault::HostRemoved);
            self.note_action(Action::RemovedHost { host });
        }
    }

    /// Stops all sending, for minutes to days.
    fn pause(&mut self) -> Result<(), SoakError> {
        if self.administrator.is_paused {
            return self.resume();
        }
        let verdict = self.insist(|core, _| core.pause(BY, None));
        if verdict.expected("pause")?.is_some() {
            self.administrator.is_paused = true;
            self.note_action(Action::Paused);
        }
        let random = &mut self.administrator.random;
        let at = self.now + random.between(MINUTE_MS, 2 * DAY_MS);
        self.queue.at(at, Event::Resume);
        Ok(())
    }

    /// Lets commands out again.
    pub(super) fn resume(&mut self) -> Result<(), SoakError> {
        if !self.administrator.is_paused {
            return Ok(());
        }
        let verdict = self.insist(|core, _| core.resume(BY));
        if verdict.expected("end of a pause")?.is_some() {
            self.administrator.is_paused = false;
            self.note_action(Action::Resumed);
        }
        Ok(())
    }

    fn some_host(&mut self) -> u32 {
        let hosts = u64::from(self.options.hosts);
        u32::try_from(self.administrator.random.below(hosts)).unwrap_or(0)
    }

    pub(super) fn note_action(&mut self, action: Action) {
        let at = self.server_now();
        self.book.note(&Entry::Admin { at, action });
    }
}

fn other(channel: Channel) -> Channel {
    match channel {
        Channel::Device => Channel::User,
        Channel::User => Channel::Device,
    }
}

/// An identifier of the books.
pub(super) fn parsed(name: &str) -> Result<PayloadIdentifier, SoakError> {
    PayloadIdentifier::parse(name).map_err(|_| SoakError::Change { what: "name" })
}
