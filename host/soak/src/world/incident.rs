//! What befalls devices and the server from outside, and when.
//!
//! Knows nothing of messages. Invariant: a fault that is off never happens, but the rhythm of
//! incidents is the same with and without it.

use mooring_mdm::ids::Channel;

use super::queue::{Event, Place};
use super::{DAY_MS, HOUR_MS, MINUTE_MS, PROFILES, World, identifier};
use crate::device::Stage;
use crate::fault::Fault;
use crate::log::{Phase, ServerEvent};
use crate::server::SoakError;

/// Days between two incidents of a device, on average.
const INCIDENT_DAYS: u64 = 8;
/// How far the server's clock may be from the truth: ten years.
const YEARS_MS: u64 = 10 * 365 * DAY_MS;
/// One device in so many may be cloned.
const CLONES: usize = 20;

/// What may happen to a device, and how often compared with the others.
#[derive(Clone, Copy)]
enum Incident {
    BackedUp,
    Fault(Fault),
}

const INCIDENTS: [(u64, Incident); 13] = [
    (10, Incident::BackedUp),
    (25, Incident::Fault(Fault::Locked)),
    (15, Incident::Fault(Fault::UserRemoved)),
    (10, Incident::Fault(Fault::OtherTool)),
    (8, Incident::Fault(Fault::Upgraded)),
    (5, Incident::Fault(Fault::Wiped)),
    (5, Incident::Fault(Fault::CheckedOut)),
    (6, Incident::Fault(Fault::DeviceRestored)),
    (6, Incident::Fault(Fault::DeviceRestoredAnew)),
    (1, Incident::Fault(Fault::Cloned)),
    (5, Incident::Fault(Fault::Away)),
    (8, Incident::Fault(Fault::InstallRefused)),
    (5, Incident::Fault(Fault::RemovalRefused)),
];

impl World<'_> {
    pub(super) fn schedule_incident(&mut self, place: Place) {
        let gap = self.fortune.below(2 * INCIDENT_DAYS * DAY_MS);
        self.queue.at(self.now + gap, Event::Incident(place));
    }

    /// Something happens to a device, and the next thing is scheduled.
    pub(super) fn incident(&mut self, place: Place) {
        if self.phase != Phase::Faults || self.devices[place].is_gone {
            return;
        }
        self.schedule_incident(place);
        let all: u64 = INCIDENTS.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.fortune.below(all);
        let incident = INCIDENTS.iter().find(|(weight, _)| {
            let is_it = drawn < *weight;
            drawn = drawn.wrapping_sub(*weight);
            is_it
        });
        match incident {
            Some((_, Incident::BackedUp)) => self.devices[place].back_up(),
            Some((_, Incident::Fault(fault))) if self.weather.has(*fault) => {
                if self.befall(place, *fault) {
                    self.weather.note(*fault);
                }
            }
            Some((_, Incident::Fault(_))) | None => {}
        }
    }

    /// Brings a fault about; says whether it could be.
    fn befall(&mut self, place: Place, fault: Fault) -> bool {
        let random = &mut self.fortune;
        let number = u32::try_from(random.below(u64::from(PROFILES))).unwrap_or(0);
        let name = identifier(number);
        let channel = if random.chance(700_000) {
            Channel::Device
        } else {
            Channel::User
        };
        let now = self.now;
        let device = &mut self.devices[place];
        match fault {
            Fault::Locked => {
                let longest = [DAY_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS][random.place(4)];
                device.locked_until = now + random.between(HOUR_MS, longest);
                true
            }
            Fault::UserRemoved => self.user_removes(place, channel),
            Fault::OtherTool if random.chance(300_000) => device.user_removes(channel, &name),
            Fault::OtherTool => {
                device.other_tool_installs(channel, &name);
                true
            }
            Fault::Upgraded => device.upgrade(),
            Fault::Wiped => {
                device.erase();
                true
            }
            Fault::CheckedOut => self.check_out(place),
            Fault::DeviceRestored => device.restore(false),
            Fault::DeviceRestoredAnew => device.restore(true),
            Fault::Cloned => self.clone_device(place),
            Fault::Away => {
                device.away_until = now + random.between(7 * DAY_MS, 45 * DAY_MS);
                true
            }
            Fault::InstallRefused => {
                device.refuse(&name);
                true
            }
            Fault::RemovalRefused => device.keeps.insert(name),
            Fault::RequestDropped
            | Fault::ReplyDropped
            | Fault::RequestRepeated
            | Fault::CopiedLate
            | Fault::Delayed
            | Fault::BodyCut
            | Fault::ReportLost
            | Fault::InstallFailedOnce
            | Fault::ListDamaged
            | Fault::QueryFailed
            | Fault::NotUnderstood
            | Fault::StrayReport
            | Fault::CheckOutLost
            | Fault::UserLate
            | Fault::Crashed
            | Fault::CrashedBeforeReply
            | Fault::CommitFailed
            | Fault::CommitFailedStored
            | Fault::RolledBack
            | Fault::Restored
            | Fault::ClockJumped
            | Fault::HostRemoved => false,
        }
    }

    /// The user removes one of our profiles, if there is one.
    fn user_removes(&mut self, place: Place, channel: Channel) -> bool {
        let device = &mut self.devices[place];
        let side = device.side(channel);
        let ours: Vec<String> = side
            .into_iter()
            .flat_map(|side| side.profiles.keys())
            .filter(|name| name.starts_with(crate::profile::PREFIX))
            .cloned()
            .collect();
        if ours.is_empty() {
            return false;
        }
        let name = &ours[self.fortune.place(ours.len())];
        if self.fortune.chance(150_000) {
            let until = self.now + self.fortune.between(DAY_MS, 60 * DAY_MS);
            device.dislike(channel, name, until);
        }
        device.user_removes(channel, name)
    }

    fn check_out(&mut self, place: Place) -> bool {
        if !self.is_enrolled(place, Channel::Device) {
            return false;
        }
        let packet = self.devices[place].leave();
        if self
            .weather
            .strikes(Fault::CheckOutLost, 300_000, &mut self.fortune)
        {
            self.devices[place].hang_up(Channel::Device);
        } else {
            self.send(place, Channel::Device, packet);
        }
        true
    }

    /// Migration Assistant, or an image of the disk: two devices speak as one.
    fn clone_device(&mut self, place: Place) -> bool {
        let clones = self.devices.iter().filter(|d| d.is_cloned).count();
        let device = &mut self.devices[place];
        if device.is_cloned
            || device.main.stage != Stage::Enrolled
            || clones / 2 > usize::try_from(self.options.hosts).unwrap_or(0) / CLONES
        {
            return false;
        }
        let clone = device.cloned();
        let place = self.devices.len();
        self.devices.push(clone);
        let first = self.now + self.rhythm.between(MINUTE_MS, DAY_MS);
        self.queue.at(first, Event::Wake(place));
        true
    }

    /// The server's clock jumps, and will again.
    pub(super) fn jump(&mut self) {
        if self.phase != Phase::Faults {
            return;
        }
        let next = self.now + self.trouble.below(30 * DAY_MS);
        self.queue.at(next, Event::Jump);
        let farthest = [HOUR_MS, 3 * DAY_MS, 60 * DAY_MS, YEARS_MS][self.trouble.place(4)];
        let by = self.trouble.below(farthest);
        let shown = self.server_now();
        // Never further than ten years from the truth.
        let jumped = if self.trouble.chance(500_000) {
            (shown + by).min(self.now + YEARS_MS)
        } else {
            shown.saturating_sub(by).max(self.now - YEARS_MS)
        };
        self.server_clock = jumped;
        self.clock_set_at = self.now;
        self.server.set_clock(jumped);
        self.weather.note(Fault::ClockJumped);
        let by_ms = jumped.cast_signed() - shown.cast_signed();
        self.note_server(ServerEvent::ClockJumped { by_ms });
    }

    /// A copy of the store is taken, and may be started once more some day.
    pub(super) fn take_copy(&mut self) -> Result<(), SoakError> {
        if self.phase != Phase::Faults {
            return Ok(());
        }
        let copy = self.server.take_copy()?;
        self.administrator.copy();
        self.note_server(ServerEvent::Copied { copy });
        let next = self.now + self.trouble.between(2 * DAY_MS, 40 * DAY_MS);
        self.queue.at(next, Event::Copy);
        let late = self.now + self.trouble.between(HOUR_MS, 14 * DAY_MS);
        match self.trouble.below(3) {
            0 => self.queue.at(late, Event::RollBack { copy }),
            1 => self.queue.at(late, Event::Restore { copy }),
            _ => {}
        }
        Ok(())
    }

    /// The copy is started as if nothing had happened, unless there is a newer one.
    pub(super) fn roll_back(&mut self, copy: u32) -> Result<(), SoakError> {
        if self.may_take_back(copy, Fault::RolledBack) {
            self.server.roll_back()?;
            self.administrator.roll_back();
            self.note_server(ServerEvent::RolledBack { copy });
        }
        Ok(())
    }

    /// The copy is restored, unless there is a newer one.
    pub(super) fn restore(&mut self, copy: u32) -> Result<(), SoakError> {
        if self.may_take_back(copy, Fault::Restored) {
            self.server.restore()?;
            self.administrator.roll_back();
            self.note_server(ServerEvent::Restored { copy });
        }
        Ok(())
    }

    fn may_take_back(&mut self, copy: u32, fault: Fault) -> bool {
        let may =
            self.phase == Phase::Faults && self.weather.has(fault) && self.server.is_newest(copy);
        if may {
            self.weather.note(fault);
        }
        may
    }
}
