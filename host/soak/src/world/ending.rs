//! The phases of a world, and what is true at its end.
//!
//! Knows nothing of what must hold. Invariant: after the faults end nothing goes wrong any more but
//! what was wrong with a device before.

use std::collections::BTreeSet;
use std::time::Duration;

use mooring_drift::status::Status;
use mooring_mdm::ids::Channel;

use super::queue::{Event, Place};
use super::{HOUR_MS, World};
use crate::device::{Origin, Stage, udid};
use crate::log::{DeviceTruth, Entry, Phase, Shown};
use crate::outcome::Outcome;
use crate::server::SoakError;

impl World<'_> {
    pub(super) fn begin_phase(&mut self, phase: Phase) -> Result<(), SoakError> {
        self.phase = phase;
        if phase == Phase::Calm {
            self.calm_down();
            self.resume()?;
        }
        let at = self.server_now();
        self.book.note(&Entry::Phase { at, phase });
        Ok(())
    }

    /// All faults end; every device that is there comes soon.
    fn calm_down(&mut self) {
        self.weather.clear();
        let hosts = usize::try_from(self.options.hosts).unwrap_or(usize::MAX);
        for place in hosts..self.devices.len() {
            self.end_clone(place);
        }
        for (place, device) in self.devices.iter_mut().enumerate() {
            (device.away_until, device.locked_until) = (0, 0);
            let at = self.now + self.rhythm.below(3 * HOUR_MS);
            self.queue.at(at, Event::Poke(place));
        }
    }

    /// Half of the clones are found and taken away; the other device is enrolled anew.
    fn end_clone(&mut self, place: Place) {
        if self.fortune.chance(500_000) {
            return;
        }
        let host = self.devices[place].host;
        self.devices[place].is_gone = true;
        if let Some(original) = self.devices.get_mut(host as usize) {
            original.is_cloned = false;
            original.enroll_again();
        }
    }

    /// Has the end judged and sums up.
    pub(super) fn finish(mut self, seed: u64) -> Outcome {
        if !self.is_over() {
            let devices = self.truths();
            self.book.settle(&devices);
        }
        let (entries, trace) = self.book.close();
        Outcome {
            seed,
            device_days: u64::from(self.options.hosts) * u64::from(self.options.days),
            messages: self.book.messages,
            commands: self.book.commands,
            faults: self.weather.into_struck(),
            violations: self.book.violations,
            lost: self.book.lost,
            spurious: self.book.spurious,
            found: self.book.found,
            entries,
            trace,
            took: Duration::ZERO,
        }
    }

    fn truths(&self) -> Vec<DeviceTruth> {
        let mut truths = Vec::new();
        for device in &self.devices {
            let shown = self.shown(device.host);
            for channel in [Channel::Device, Channel::User] {
                let Some(side) = device.side(channel) else {
                    continue;
                };
                let profiles = side.profiles.iter();
                let others = profiles
                    .clone()
                    .filter(|(_, one)| one.origin == Origin::Other)
                    .map(|(identifier, _)| identifier);
                let keeps: BTreeSet<String> = device.keeps.iter().chain(others).cloned().collect();
                let statuses = shown.iter().filter(|(of, _, _)| *of == channel);
                truths.push(DeviceTruth {
                    who: device.who(channel),
                    is_reachable: !device.is_gone && side.stage == Stage::Enrolled,
                    is_cloned: device.is_cloned,
                    profiles: profiles
                        .map(|(identifier, one)| (identifier.clone(), one.uuid.clone()))
                        .collect(),
                    refuses: device.refuses.keys().cloned().collect(),
                    keeps,
                    told: device.told(),
                    statuses: statuses
                        .map(|(_, identifier, shown)| (identifier.clone(), *shown))
                        .collect(),
                });
            }
        }
        truths
    }

    /// What the server says of a host's profiles; nothing of a host that it does not know.
    fn shown(&self, host: u32) -> Vec<(Channel, String, Shown)> {
        let profiles = self.server.core().host_profiles(&udid(host));
        let profiles = profiles.map_or_else(|_| Vec::new(), |of_host| of_host.profiles);
        let shown = profiles.into_iter().map(|profile| {
            let channel = profile
                .enrollment
                .map_or(Channel::User, |enrollment| enrollment.channel());
            let shown = match profile.status.word() {
                Status::Applied => Shown::Applied,
                Status::Pending => Shown::Pending,
                Status::Failed => Shown::Failed,
                Status::Unknown => Shown::Unknown,
            };
            (channel, profile.identifier.as_str().to_owned(), shown)
        });
        shown.collect()
    }
}
