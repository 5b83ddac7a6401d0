//! Many devices in one process, each contacting the server by itself over real HTTP.
//!
//! The only part of the crate with a clock, tasks and files. Must not know what messages mean.
//! Invariant: at most `concurrency` contacts run at once, and every run ends: by being asked to, by
//! idleness, or at a bound.

mod poll;
mod slot;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::future::Future;
use std::mem;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::device::{Device, DeviceOptions};
use crate::faults::{self, Behaviour};
use crate::line::{Line, UrlError};
use crate::message::Channel;
use crate::profile::InstalledProfile;
use crate::state::{self, SavedDevice, StateError};
use crate::summary::{Ended, Progress, Summary, Tally};
use poll::{Polled, poll};
use slot::Slot;

/// Longest run that waits for idleness if no other bound is set: far beyond any fleet that gets
/// there, so that one that never does is noticed and not waited for.
pub const IDLE_RUN_MAX: Duration = Duration::from_mins(15);
/// Later than any run lasts.
const FAR_AWAY: Duration = Duration::from_hours(24 * 365);

/// What makes a fleet and its run.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    /// `http://HOST:PORT`, with a path if it is not `/mdm`.
    pub device_url: String,
    /// Devices; a state file with more brings all of its own.
    pub hosts: u32,
    /// Makes the devices who they are; a state file's own seed goes before it.
    pub seed: u64,
    /// Time from the end of one contact to the next, in milliseconds, a quarter more or less.
    pub poll_ms: u64,
    /// Ends the run once every device's last two contacts, on each channel, got an empty reply
    /// right at the Idle.
    pub exit_when_idle: bool,
    /// Contacts at the same time.
    pub concurrency: usize,
    /// Who misbehaves and how; holds for this run, a state file keeps none of it.
    pub behaviours: Vec<Behaviour>,
    /// Where the fleet is kept from run to run.
    pub state: Option<PathBuf>,
    /// Whether devices have a managed user.
    pub user_channel: bool,
    /// Polls that each device makes at most.
    pub polls_max: Option<u64>,
    /// How long the run takes at most; [`IDLE_RUN_MAX`] if it waits for idleness and no bound is
    /// given.
    pub time_max: Option<Duration>,
}

impl FleetOptions {
    /// The usual fleet of that size: seed 1, a poll every 500 ms, 64 contacts at once, no faults.
    pub fn new(device_url: impl Into<String>, hosts: u32) -> Self {
        Self {
            device_url: device_url.into(),
            hosts,
            seed: 1,
            poll_ms: 500,
            exit_when_idle: false,
            concurrency: 64,
            behaviours: Vec::new(),
            state: None,
            user_channel: true,
            polls_max: None,
            time_max: None,
        }
    }

    fn time_max(&self) -> Duration {
        let is_bounded = self.polls_max.is_some() || !self.exit_when_idle;
        self.time_max
            .unwrap_or(if is_bounded { FAR_AWAY } else { IDLE_RUN_MAX })
    }
}

/// Why a fleet cannot be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The server's address is none.
    #[error("the device URL is of no use")]
    Url(#[from] UrlError),
    /// The state file cannot be used.
    #[error("the fleet cannot be kept")]
    State(#[from] StateError),
}

/// Simulated devices and their line to a server.
pub struct Fleet {
    options: FleetOptions,
    seed: u64,
    line: Arc<Line>,
    slots: Vec<Slot>,
    shelf: BTreeSet<Arc<InstalledProfile>>,
    progress: Progress,
}

type Due = BinaryHeap<Reverse<(Instant, usize)>>;

impl Fleet {
    /// Makes the devices, from the state file as far as it goes. Connects to nothing yet.
    ///
    /// # Errors
    /// [`FleetError`] if the URL is none or the state file is there and cannot be used.
    pub fn new(options: FleetOptions) -> Result<Self, FleetError> {
        let line = Arc::new(Line::new(&options.device_url, options.concurrency)?);
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
            slots.push(Slot::new(make_device(fresh, saved.next())));
        }
        let progress = Progress {
            hosts,
            ..Progress::default()
        };
        Ok(Self {
            options,
            seed,
            line,
            slots,
            shelf: BTreeSet::new(),
            progress,
        })
    }

    /// The devices, in the order of their number.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.slots.iter().filter_map(|slot| slot.device.as_deref())
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
        let mut due = self.first_polls(started);
        let deadline = started + self.options.time_max();
        let ended = loop {
            let wake = self.start_due(&mut due, &mut running, &is_stopping);
            if let Some(ended) = self.end(due.is_empty() && running.is_empty()) {
                break ended;
            }
            tokio::select! {
                biased;
                () = &mut stop => break Ended::Stopped,
                () = sleep_until(deadline) => break Ended::TimeMax,
                Some(done) = running.join_next(), if !running.is_empty() => {
                    due.extend(self.settle(done).map(Reverse));
                    progress(&self.progress);
                }
                () = sleep_until(wake.unwrap_or(deadline)), if wake.is_some() => {}
            }
        };
        stopping.send_replace(true);
        while let Some(done) = running.join_next().await {
            self.settle(done);
        }
        progress(&self.progress);
        ended
    }

    /// The first polls, spread over one interval as those of devices that were there before are.
    fn first_polls(&mut self, now: Instant) -> Due {
        let poll_ms = self.options.poll_ms;
        let present = self.slots.iter_mut().enumerate();
        present
            .filter(|(_, slot)| slot.device.as_ref().is_some_and(|one| !one.is_unenrolled()))
            .map(|(index, slot)| {
                Reverse((
                    now + Duration::from_millis(slot.jitter.below(poll_ms)),
                    index,
                ))
            })
            .collect()
    }

    /// Starts every poll that is due while there is room; says when to look again.
    fn start_due(
        &mut self,
        due: &mut Due,
        running: &mut JoinSet<Polled>,
        is_stopping: &watch::Receiver<bool>,
    ) -> Option<Instant> {
        let now = Instant::now();
        while running.len() < self.options.concurrency.max(1) {
            let &Reverse((at, index)) = due.peek()?;
            if at > now {
                return Some(at);
            }
            due.pop();
            if let Some(device) = self.slots[index].device.take() {
                running.spawn(poll(device, Arc::clone(&self.line), is_stopping.clone()));
            }
        }
        None
    }

    /// Takes a device back, and says when it polls again.
    fn settle(&mut self, done: Result<Polled, JoinError>) -> Option<(Instant, usize)> {
        let Polled {
            mut device,
            contact,
            error,
        } = match done {
            Ok(polled) => polled,
            // A device must not panic; if it does, nothing of the run can be trusted.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let tally = mem::take(&mut device.tally);
        if tally.commands.contains_key("InstallProfile") {
            device.share_profiles(&mut self.shelf);
        }
        self.progress.tally.add(&tally);
        if self.progress.first_error.is_none() {
            self.progress.first_error = error;
        }
        let index = usize::try_from(device.index).unwrap_or(usize::MAX);
        let slot = self.slots.get_mut(index)?;
        slot.polls += 1;
        let before = (slot.is_idle, slot.is_enrolled);
        slot.note(contact, *device);
        count(&mut self.progress.idle, before.0, slot.is_idle);
        count(&mut self.progress.enrolled, before.1, slot.is_enrolled);
        let is_over = slot
            .device
            .as_ref()
            .is_none_or(|device| device.is_unenrolled())
            || self.options.polls_max.is_some_and(|max| slot.polls >= max);
        let poll_ms = self.options.poll_ms;
        let wait_ms = poll_ms - poll_ms / 4 + slot.jitter.below(poll_ms / 2 + 1);
        (!is_over).then(|| (Instant::now() + Duration::from_millis(wait_ms), index))
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
