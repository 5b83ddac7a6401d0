//! Many devices in one process, each contacting the server by itself over real HTTP.
//!
//! The only part of the crate with a clock, tasks and files. Must not know what messages mean.
//! Invariant: at most `concurrency` contacts run at once, and every run ends: by being asked to, by
//! idleness, or at a bound.

mod options;
mod poll;
mod schedule;
mod slot;
mod waking;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::device::{Device, DeviceOptions};
use crate::faults;
use crate::line::{TlsError, UrlError};
use crate::message::{Channel, Reply};
use crate::profile::InstalledProfile;
use crate::state::{self, SavedDevice, StateError};
use crate::summary::{Ended, Progress, Summary, Tally};
pub use options::{DeviceAuth, EnrollmentSource, FleetOptions, ProfileFuture};
use poll::{Polled, Traveller, poll};
use schedule::{Schedule, Turn};
use slot::Slot;
use wire::Wire;

/// Longest run that waits for idleness if no other bound is set: far beyond any fleet that gets
/// there, so that one that never does is noticed and not waited for.
pub const IDLE_RUN_MAX: Duration = Duration::from_mins(15);
/// After this time, in milliseconds, a device that is woken by pushes comes back by itself if it
/// could not do what it was told: as a Mac does when it is unlocked, or when the network is back.
const RETURN_MS: u64 = 500;
/// Later than any run lasts.
const FAR_AWAY: Duration = Duration::from_hours(24 * 365);

/// Why a fleet cannot be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The server's address is none.
    #[error("the device URL is of no use")]
    Url(#[from] UrlError),
    /// The state file cannot be used.
    #[error("the fleet cannot be kept")]
    State(#[from] StateError),
    /// The authorities' certificates cannot be used.
    #[error("there can be no TLS")]
    Tls(#[from] TlsError),
    /// Devices are to show an identity, but get none.
    #[error("devices cannot show who they are without an enrollment profile to get an identity by")]
    NoEnrollment,
}

/// Simulated devices and their line to a server.
pub struct Fleet {
    options: FleetOptions,
    seed: u64,
    wire: Arc<Wire>,
    slots: Vec<Slot>,
    shelf: BTreeSet<Arc<InstalledProfile>>,
    progress: Progress,
}

impl Fleet {
    /// Makes the devices, from the state file as far as it goes. Connects to nothing yet.
    ///
    /// # Errors
    /// [`FleetError`] if the URL is none or the state file is there and cannot be used.
    pub fn new(options: FleetOptions) -> Result<Self, FleetError> {
        let wire = Arc::new(Wire::new(&options)?);
        let saved = options
            .state
            .as_deref()
            .map(state::load)
            .transpose()?
            .flatten();
        let (seed, saved) = match saved {
            Some(saved) => (saved.seed, saved.devices),
            None => (options.seed, Vec::new()),
        };
        let hosts = options
            .hosts
            .max(u32::try_from(saved.len()).unwrap_or(u32::MAX));
        let mut saved = saved.into_iter();
        let mut slots = Vec::new();
        for (index, faults) in (0..hosts).zip(faults::assign(&options.behaviours, seed, hosts)) {
            let has_user = options.user_channel;
            let fresh = DeviceOptions {
                seed,
                index,
                has_user,
                faults,
            };
            let device = make_device(fresh, saved.next()).with_habits(options.habits);
            slots.push(Slot::new(device));
        }
        let progress = Progress {
            hosts,
            ..Progress::default()
        };
        Ok(Self {
            options,
            seed,
            wire,
            slots,
            shelf: BTreeSet::new(),
            progress,
        })
    }

    /// The devices, in the order of their number.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.slots.iter().filter_map(|slot| slot.device.as_deref())
    }

    /// One device, between runs, such as to wipe it.
    pub fn device_mut(&mut self, index: u32) -> Option<&mut Device> {
        let slot = self.slots.get_mut(usize::try_from(index).ok()?)?;
        slot.device.as_deref_mut()
    }

    /// A device's user ends the management: sends its `CheckOut`, between runs. The next run enrolls
    /// it again.
    ///
    /// # Errors
    /// If no reply came, why, for people.
    pub async fn check_out(&mut self, index: u32) -> Result<Reply, String> {
        let wire = Arc::clone(&self.wire);
        let place = usize::try_from(index).ok();
        let slot = place.and_then(|place| self.slots.get_mut(place));
        let Some(mut traveller) = slot.and_then(Slot::send_off) else {
            return Err(format!("there is no device {index}"));
        };
        let request = traveller.device.check_out();
        let Traveller { device, own } = &mut traveller;
        let reply = wire.exchange(device, own, request).await;
        if let Some(slot) = place.and_then(|place| self.slots.get_mut(place)) {
            slot.take_back(traveller);
        }
        reply
    }

    /// Lets the devices contact the server until the run ends, then writes the state file.
    /// `progress` is called after every poll of a device. Dropping the future before it is done
    /// loses the devices in contact: end a run by `stop`.
    ///
    /// # Errors
    /// [`FleetError::State`] if the state file cannot be written.
    pub async fn run(
        &mut self,
        stop: impl Future<Output = ()>,
        progress: impl Fn(&Progress),
    ) -> Result<Summary, FleetError> {
        let started = Instant::now();
        self.restart();
        let ended = self.drive(stop, progress, started).await;
        if let Some(path) = &self.options.state {
            state::save(path, self.seed, self.devices())?;
        }
        Ok(self.summarize(ended, started.elapsed()))
    }

    async fn drive(
        &mut self,
        stop: impl Future<Output = ()>,
        progress: impl Fn(&Progress),
        started: Instant,
    ) -> Ended {
        let mut stop = pin!(stop);
        let (stopping, is_stopping) = watch::channel(false);
        let mut running = JoinSet::new();
        let mut schedule = self.first_polls(started);
        let wake = self.options.wake.as_ref();
        let bell = wake.map(|wake| waking::listen(wake, self.devices()));
        let deadline = started + self.options.time_max();
        let ended = loop {
            let turn = self.start_due(&mut schedule, &mut running, &is_stopping);
            if let Some(ended) = self.end(turn == Turn::Nothing && running.is_empty()) {
                break ended;
            }
            let next = match turn {
                Turn::Wait(at) => Some(at),
                Turn::Go(..) | Turn::Nothing => None,
            };
            tokio::select! {
                biased;
                () = &mut stop => break Ended::Stopped,
                () = sleep_until(deadline) => break Ended::TimeMax,
                Some(done) = running.join_next(), if !running.is_empty() => {
                    self.settle(done, &mut schedule);
                    progress(&self.progress);
                }
                woken = waking::pushes(bell.as_deref()) => {
                    let now = Instant::now();
                    for (index, channel) in woken {
                        schedule.wake(index, channel, now);
                    }
                }
                () = sleep_until(next.unwrap_or(deadline)), if next.is_some() => {}
            }
        };
        stopping.send_replace(true);
        while let Some(done) = running.join_next().await {
            self.settle(done, &mut schedule);
        }
        progress(&self.progress);
        ended
    }

    /// The first polls, spread over one interval as those of devices that were there before are.
    fn first_polls(&mut self, now: Instant) -> Schedule {
        let spread_ms = self.options.first_ms.unwrap_or(self.options.poll_ms);
        let mut schedule = Schedule::new(self.slots.len());
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.device.as_ref().is_some_and(|one| !one.is_unenrolled()) {
                let wait = Duration::from_millis(slot.jitter.below(spread_ms));
                schedule.back(index, Some(now + wait), now);
            }
        }
        schedule
    }

    /// Starts every poll that is due while there is room; says what comes then.
    fn start_due(
        &mut self,
        schedule: &mut Schedule,
        running: &mut JoinSet<Polled>,
        is_stopping: &watch::Receiver<bool>,
    ) -> Turn {
        let now = Instant::now();
        while running.len() < self.options.concurrency.max(1) {
            match schedule.turn(now) {
                Turn::Go(index, channels) => {
                    if let Some(traveller) = self.slots[index].send_off() {
                        let wire = Arc::clone(&self.wire);
                        running.spawn(poll(traveller, channels, wire, is_stopping.clone()));
                    }
                }
                turn @ (Turn::Wait(_) | Turn::Nothing) => return turn,
            }
        }
        // One that comes back makes room for the next.
        Turn::Nothing
    }

    /// Takes a device back and says when it polls again.
    fn settle(&mut self, done: Result<Polled, JoinError>, schedule: &mut Schedule) {
        let Polled {
            mut traveller,
            channels,
            contact,
            error,
        } = match done {
            Ok(polled) => polled,
            // A device must not panic; if it does, nothing of the run can be trusted.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let device = &mut traveller.device;
        let tally = mem::take(&mut device.tally);
        if tally.commands.contains_key("InstallProfile") {
            device.share_profiles(&mut self.shelf);
        }
        self.progress.tally.add(&tally);
        if self.progress.first_error.is_none() {
            self.progress.first_error = error;
        }
        let index = usize::try_from(device.index).unwrap_or(usize::MAX);
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        slot.polls += 1;
        let before = (slot.is_idle, slot.is_enrolled);
        slot.note(contact, traveller);
        count(&mut self.progress.idle, before.0, slot.is_idle);
        count(&mut self.progress.enrolled, before.1, slot.is_enrolled);
        let is_over = slot
            .device
            .as_ref()
            .is_none_or(|device| device.is_unenrolled())
            || self.options.polls_max.is_some_and(|max| slot.polls >= max);
        let now = Instant::now();
        let poll_ms = self.options.poll_ms;
        let is_restless = slot.is_restless(channels, contact);
        let own = schedule.poll_at(index).filter(|at| *at > now);
        let poll_at = if self.options.wake.is_some() && is_restless {
            now + Duration::from_millis(poll_ms.min(RETURN_MS))
        } else {
            own.unwrap_or_else(|| {
                let wait_ms = poll_ms - poll_ms / 4 + slot.jitter.below(poll_ms / 2 + 1);
                now + Duration::from_millis(wait_ms)
            })
        };
        schedule.back(index, (!is_over).then_some(poll_at), now);
    }

    fn end(&self, is_nothing_left: bool) -> Option<Ended> {
        if self.options.exit_when_idle && self.progress.idle == self.progress.hosts {
            return Some(Ended::Idle);
        }
        (is_nothing_left && self.options.polls_max.is_some()).then_some(Ended::PollsMax)
    }

    /// A run counts for itself.
    fn restart(&mut self) {
        self.slots.iter_mut().for_each(Slot::restart);
        self.progress.tally = Tally::default();
        self.progress.first_error = None;
        self.recount();
    }

    fn recount(&mut self) {
        let total = |is: fn(&Slot) -> bool| self.slots.iter().filter(|slot| is(slot)).count();
        let enrolled = total(|slot| slot.is_enrolled);
        let idle = total(|slot| slot.is_idle);
        self.progress.enrolled = u32::try_from(enrolled).unwrap_or(u32::MAX);
        self.progress.idle = u32::try_from(idle).unwrap_or(u32::MAX);
    }

    fn summarize(&self, ended: Ended, elapsed: Duration) -> Summary {
        let mut profiles: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for device in self.devices() {
            let held: BTreeSet<(&str, &str)> = [Channel::Device, Channel::User]
                .into_iter()
                .flat_map(|channel| device.profiles(channel))
                .filter(|profile| profile.is_managed)
                .map(|profile| (profile.identifier.as_str(), profile.uuid.as_str()))
                .collect();
            for (identifier, uuid) in held {
                let revisions = profiles.entry(identifier.to_owned()).or_default();
                *revisions.entry(uuid.to_owned()).or_default() += 1;
            }
        }
        let unenrolled = self
            .devices()
            .filter(|device| device.is_unenrolled())
            .count();
        let Progress {
            hosts,
            enrolled,
            tally,
            first_error,
            ..
        } = self.progress.clone();
        Summary {
            hosts,
            enrolled,
            unenrolled: u32::try_from(unenrolled).unwrap_or(u32::MAX),
            contacts: tally.contacts,
            not_now: tally.reports.get("NotNow").copied().unwrap_or(0),
            commands: tally.commands,
            reports: tally.reports,
            duplicates: tally.duplicates,
            errors: tally.errors,
            first_error,
            renewals: tally.renewals,
            bootstrap_mismatches: tally.bootstrap_mismatches,
            profiles,
            seed: self.seed,
            ended,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn count(total: &mut u32, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *total += 1,
        (true, false) => *total -= 1,
        (false, false) | (true, true) => {}
    }
}

/// A new device, or the saved one, which has a user if it had one.
fn make_device(mut fresh: DeviceOptions, saved: Option<SavedDevice>) -> Device {
    let Some(saved) = saved else {
        return Device::new(fresh);
    };
    fresh.has_user = saved.has_user();
    fresh.faults.is_without_user = false;
    let mut device = Device::new(fresh);
    saved.restore(&mut device);
    device
}
