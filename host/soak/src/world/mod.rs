//! One world: its devices, network, administrators and server, in virtual time.
//!
//! Knows nothing of what must hold; it writes the log and has it judged. Invariant: everything that
//! happens comes out of the queue, one event after the other, and every draw from a source that
//! follows from the seed.

mod administrator;
mod arrival;
mod contact;
mod ending;
mod incident;
mod index;
mod insist;
mod queue;
mod scope;

use mooring_mdm::ids::Channel;

use crate::book::{Book, Listener};
use crate::device::{Device, Stage};
use crate::fault::Fault;
use crate::log::{Entry, Phase, ServerEvent, Setup};
use crate::museum::{Honest, Tampering};
use crate::outcome::{Outcome, WorldOptions};
use crate::profile::PREFIX;
use crate::random::Random;
use crate::server::{Server, SoakError};
use crate::weather::Weather;
use administrator::Administrator;
use queue::{Event, Queue};

pub(crate) const SECOND_MS: u64 = 1000;
pub(crate) const MINUTE_MS: u64 = 60 * SECOND_MS;
pub(crate) const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: u64 = 24 * HOUR_MS;

/// When worlds begin: a moment of November 2023.
const STARTED_AT_MS: u64 = 1_700_000_000_000;
/// How many different profiles an administrator has.
const PROFILES: u32 = 14;
/// Days in which every host reaches what is desired after the last fault.
const CALM_DAYS: u64 = 3;
/// Days in which nothing changes any more.
const SILENCE_DAYS: u64 = 2;

/// A world.
pub(crate) struct World<'a> {
    options: WorldOptions,
    /// True time, in ms; the server's clock may show another.
    now: u64,
    server_clock: u64,
    /// True time at which the server's clock was set last.
    clock_set_at: u64,
    queue: Queue,
    server: Server,
    devices: Vec<Device>,
    administrator: Administrator,
    weather: Weather,
    /// What the network draws from.
    network: Random,
    /// What the rhythm of contacts draws from.
    rhythm: Random,
    /// What befalls devices.
    fortune: Random,
    /// What befalls the server.
    trouble: Random,
    book: Book<'a>,
    phase: Phase,
    /// Events that came out of the queue.
    events: u64,
}

/// The name of one of the administrator's profiles.
fn identifier(number: u32) -> String {
    format!("{PREFIX}p{number:02}")
}

/// Runs the world of a seed.
///
/// # Errors
/// [`SoakError`] if the server cannot be started or an administrator cannot get a change through.
pub(crate) fn run(
    seed: u64,
    options: &WorldOptions,
    listener: Option<Listener<'_>>,
) -> Result<Outcome, SoakError> {
    let tampering = match options.mistake {
        Some(mistake) => mistake.tampering(),
        None => Box::new(Honest) as Box<dyn Tampering>,
    };
    let setup = Setup {
        seed,
        hosts: options.hosts,
        started_at: STARTED_AT_MS,
    };
    let mut fortune = Random::new(seed, "fortune", 0);
    let mut world = World {
        options: options.clone(),
        now: STARTED_AT_MS,
        server_clock: STARTED_AT_MS,
        clock_set_at: STARTED_AT_MS,
        queue: Queue::default(),
        server: Server::new(seed, STARTED_AT_MS, tampering)?,
        devices: (0..options.hosts)
            .map(|host| Device::new(seed, host))
            .collect(),
        administrator: Administrator::new(seed),
        weather: Weather::new(options.faults, &mut fortune),
        network: Random::new(seed, "network", 0),
        rhythm: Random::new(seed, "rhythm", 0),
        fortune,
        trouble: Random::new(seed, "trouble", 0),
        book: Book::new(&setup, listener),
        phase: Phase::Faults,
        events: 0,
    };
    world.begin_phase(Phase::Faults)?;
    world.prepare()?;
    while let Some((at, event)) = world.queue.next() {
        world.now = at;
        world.server.set_clock(world.server_now());
        if matches!(event, Event::End) || world.is_over() {
            break;
        }
        world.happen(event)?;
        world.look_at_index();
    }
    Ok(world.finish(seed))
}

impl World<'_> {
    /// What the server's clock shows.
    fn server_now(&self) -> u64 {
        self.server_clock + (self.now - self.clock_set_at)
    }

    fn is_over(&self) -> bool {
        self.options.stops_early && !self.book.found.is_empty()
    }

    fn happen(&mut self, event: Event) -> Result<(), SoakError> {
        match event {
            Event::Wake(device) => self.wake(device),
            Event::Poke(device) => self.make_contact(device),
            Event::Begin(device, channel) => self.begin(device, channel),
            Event::Arrive { asked, packet } => self.arrive(asked, &packet)?,
            Event::Reply { asked, reply } => self.take_reply(asked, reply),
            Event::GiveUp { asked, packet } => self.give_up(asked, packet),
            Event::Incident(device) => self.incident(device),
            Event::UserAppears(device) => self.devices[device].user_appears(),
            Event::Jump => self.jump(),
            Event::Copy => self.take_copy()?,
            Event::RollBack { copy } => self.roll_back(copy)?,
            Event::Restore { copy } => self.restore(copy)?,
            Event::Burst => self.burst(),
            Event::Change(more) => self.change(more)?,
            Event::Resume => self.resume()?,
            Event::Phase(phase) => self.begin_phase(phase)?,
            Event::End => {}
        }
        Ok(())
    }

    /// What is scheduled before anything happens.
    fn prepare(&mut self) -> Result<(), SoakError> {
        self.define_labels()?;
        for number in 0..PROFILES / 2 {
            self.push_first(number)?;
        }
        for place in 0..self.devices.len() {
            self.prepare_device(place);
        }
        let end = STARTED_AT_MS + u64::from(self.options.days) * DAY_MS;
        if self.options.has_changes {
            let first = self.now + self.administrator.random.below(3 * DAY_MS);
            self.queue.at(first, Event::Burst);
        }
        if self.weather.has(Fault::ClockJumped) {
            let at = self.now + self.trouble.below(30 * DAY_MS);
            self.queue.at(at, Event::Jump);
        }
        if self.weather.has(Fault::RolledBack) || self.weather.has(Fault::Restored) {
            let at = self.now + self.trouble.below(20 * DAY_MS);
            self.queue.at(at, Event::Copy);
        }
        let silent_at = end + CALM_DAYS * DAY_MS;
        self.queue.at(end, Event::Phase(Phase::Calm));
        self.queue.at(silent_at, Event::Phase(Phase::Silence));
        self.queue.at(silent_at + SILENCE_DAYS * DAY_MS, Event::End);
        Ok(())
    }

    fn prepare_device(&mut self, place: usize) {
        let first = self.now + self.rhythm.below(2 * DAY_MS);
        self.queue.at(first, Event::Wake(place));
        if self.fortune.chance(300_000) {
            self.devices[place].user_appears();
        } else if self.weather.has(Fault::UserLate) && self.fortune.chance(200_000) {
            // Within the days of faults: afterwards nothing new happens.
            let days = u64::from(self.options.days).min(30);
            let at = first + self.fortune.below(days * DAY_MS);
            self.weather.note(Fault::UserLate);
            self.queue.at(at, Event::UserAppears(place));
        }
        for number in 0..PROFILES {
            if self
                .weather
                .strikes(Fault::InstallRefused, 15_000, &mut self.fortune)
            {
                self.devices[place].refuse(&identifier(number));
            }
        }
        self.schedule_incident(place);
    }

    /// Notes what befell the server.
    fn note_server(&mut self, event: ServerEvent) {
        let at = self.server_now();
        self.book.note(&Entry::Server { at, event });
    }

    /// Whether a channel of a device takes itself for enrolled.
    fn is_enrolled(&self, place: usize, channel: Channel) -> bool {
        self.devices[place]
            .side(channel)
            .is_some_and(|side| side.stage == Stage::Enrolled)
    }
}
