//! One step of pushing: who has something to do is drawn, looked at, and pushed if its turn has come.
//!
//! Knows nothing of connections. Everything here blocks. Invariants: a step reads and decides, and
//! stores nothing; one step at a time; nobody is pushed whose record did not say just before that
//! there is something to do; what a crash lost is found again, since nothing was planned.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_push::{Meeting, Round, Sight, Target, Wave};
use mooring_store::{EnrollmentRecord, HostRecord, StoreError};

use super::adopt::Told;
use super::scheduler::Scheduler;
use super::send::{Aim, Shot};
use super::source::Place;
use super::work::{Moment, Work, target_of, work_of};
use crate::device::chain;
use crate::shelf::Shelf;

/// A clock that goes back by more than this makes all waits meaningless.
const SET_BACK_MS: u64 = 60 * 1000;
/// Hosts looked at in one step beside those that are pushed: some ten ms.
const LOOKS_MAX: usize = 1000;
/// Time that one step takes to find whom to look at.
const DRAWING_MAX: Duration = Duration::from_millis(20);
/// Between two looks at those who came: a session that goes on is seen once.
const CAME_WAIT: Duration = Duration::from_secs(1);
/// Hosts that go before the wave; more are found by the wave.
const FRONT_MAX: usize = 10_000;
/// Between two passes that nothing asked for.
const PASS_WAIT: Duration = Duration::from_secs(1);
/// And so many times what the last one took: however many wait, finding those whose turn has come
/// takes a fiftieth of one core.
const PASS_SHARE: u32 = 50;

/// What a step is to do about passes over all who have something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// Begin none.
    Not,
    /// Begin one if the last one is over and its time has come.
    InTime,
    /// Begin one now: something changed.
    Now,
}

/// What steps remember of each other.
#[derive(Debug)]
pub(super) struct Memory {
    at: Timestamp,
    wave: Wave<Place, Drawn>,
    /// Those who came or got something to do; they go before the wave.
    front: VecDeque<HostId>,
    came_at: Option<Instant>,
    pass: u8,
    pass_at: Instant,
    /// Spent on drawing since the pass began.
    drawing: Duration,
    told: Told,
}

/// A host of the wave.
#[derive(Debug)]
struct Drawn {
    host: HostId,
    /// It was not pushed yet for what it has to do.
    is_new: bool,
}

/// What a step found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The pushes to make.
    pub(super) shots: Vec<Shot>,
    /// Whether there are more to look at, whose pushes may leave as soon as the rate allows it.
    pub(super) has_more: bool,
    /// Whether the rate allows it still.
    pub(super) is_open: bool,
}

/// What one step goes by.
struct Step<'a> {
    now: Timestamp,
    shelf: &'a Shelf,
    generation: u64,
    sight: Sight,
    round: Round,
    shots: Vec<Shot>,
    looks: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            at: Timestamp::default(),
            wave: Wave::new(RandomState::new().hash_one(())),
            front: VecDeque::new(),
            came_at: None,
            pass: 0,
            pass_at: Instant::now(),
            drawing: Duration::ZERO,
            told: Told::default(),
        }
    }
}

impl Memory {
    fn begin(&mut self) {
        self.wave.begin();
        self.pass = self.pass.wrapping_add(1);
        self.drawing = Duration::ZERO;
    }

    fn is_at_rest(&self) -> bool {
        self.front.is_empty() && self.wave.window().is_empty() && !self.wave.is_under_way()
    }

    fn forget(&mut self) {
        self.wave.clear();
        self.front.clear();
    }
}

impl Scheduler {
    /// Makes one step.
    pub(super) fn look(&self, begin: Begin) -> Found {
        let mut memory = self.memory();
        let found = self.try_look(begin, &mut memory);
        self.waiting_count(&memory);
        found.unwrap_or_else(|error| {
            tracing::error!(error = %chain(&error), "not all devices with work could be found");
            Found::default()
        })
    }

    fn try_look(&self, begin: Begin, memory: &mut Memory) -> Result<Found, StoreError> {
        let now = self.core.now();
        let is_set_back = now.0.saturating_add(SET_BACK_MS) < memory.at.0;
        memory.at = now;
        if is_set_back {
            tracing::warn!("the clock went back; pushes are paced anew");
            self.lanes().restart();
            memory.forget();
        }
        let has_new_client = self.adopt_certificates(&mut memory.told, now)?;
        let has_more = self.take_noted(memory, now, begin == Begin::Now);
        if self.core.is_paused() {
            // Whoever has something to do afterwards is woken for it once.
            self.lanes().forget();
            memory.forget();
            return Ok(Found::default());
        }
        let is_time = memory.is_at_rest() && Instant::now() >= memory.pass_at;
        if begin == Begin::Now
            || is_set_back
            || has_new_client
            || (begin == Begin::InTime && is_time)
            || (begin != Begin::Not && has_more)
        {
            memory.begin();
        }
        self.step(memory, now)
    }

    /// Those who came or got something to do. Says whether there are more than are known.
    fn take_noted(&self, memory: &mut Memory, now: Timestamp, is_urgent: bool) -> bool {
        let is_waiting = memory.came_at.is_some_and(|at| at.elapsed() < CAME_WAIT);
        let noted = if is_waiting && !is_urgent {
            self.core.contacts.drain_wanted()
        } else {
            memory.came_at = Some(Instant::now());
            self.core.contacts.drain()
        };
        let came: BTreeSet<_> = noted.came.into_iter().collect();
        {
            let mut lanes = self.lanes();
            for enrollment in &came {
                lanes.contacted(enrollment, now);
            }
        }
        let left = came.iter().filter(|came| self.has_more_to_do(came));
        let hosts = left.chain(&noted.wanted).map(EnrollmentId::host);
        let hosts: BTreeSet<_> = hosts.collect();
        let room = FRONT_MAX.saturating_sub(memory.front.len());
        let has_more = noted.has_more || hosts.len() > room;
        memory.front.extend(hosts.into_iter().take(room).cloned());
        has_more
    }

    /// Most of those who came have nothing more to do, and no record is read for them.
    fn has_more_to_do(&self, enrollment: &EnrollmentId) -> bool {
        let core = &self.core;
        // Who cannot be read is told of when it is looked at.
        let has_more = core.has_queue(enrollment) || core.has_work(enrollment).unwrap_or(true);
        if !has_more {
            self.lanes().done(enrollment);
        }
        has_more
    }

    fn step(&self, memory: &mut Memory, now: Timestamp) -> Result<Found, StoreError> {
        let generation = self.core.generation();
        let shelf = self.core.shelf();
        let [a, b, ..] = generation.to_le_bytes();
        let mut step = Step {
            now,
            shelf: &shelf,
            generation,
            sight: Sight {
                state: u16::from_le_bytes([a, b]),
                pass: memory.pass,
            },
            round: self.lanes().round(now),
            shots: Vec::new(),
            looks: 0,
        };
        let gone = self.go(memory, &mut step);
        let is_open = step.round.is_open();
        let mut lanes = self.lanes();
        lanes.end(step.round);
        gone.map(|()| Found {
            shots: step.shots,
            has_more: !memory.is_at_rest() && !lanes.is_halted(now),
            is_open,
        })
    }

    /// Draws and looks until the rate, the lanes or the time for it are exhausted.
    fn go(&self, memory: &mut Memory, step: &mut Step<'_>) -> Result<(), StoreError> {
        let until = Instant::now() + DRAWING_MAX;
        // Without any certificate it is still found out for whom there is none.
        let is_barren = self.lanes().topics().is_empty();
        self.draw(memory, step, until)?;
        while (step.round.is_open() || is_barren)
            && step.looks < LOOKS_MAX + step.shots.len()
            && !self.is_stopping.load(Ordering::Relaxed)
        {
            if let Some(host) = memory.front.pop_front() {
                self.look_at(&host, step);
                continue;
            }
            match memory.wave.take() {
                Some(Drawn { host, .. }) => {
                    self.look_at(&host, step);
                    self.lanes().rest(&host, step.sight, step.now);
                }
                None if memory.wave.is_under_way() && Instant::now() < until => {
                    self.draw(memory, step, until)?;
                }
                None => break,
            }
        }
        Ok(())
    }

    /// Fills the window with those whose turn has come.
    fn draw(&self, memory: &mut Memory, step: &Step<'_>, until: Instant) -> Result<(), StoreError> {
        let begun = Instant::now();
        while let Some(place) = memory.wave.wants() {
            let found = match self.core.maybe_due(place.as_ref()) {
                Ok(found) => found,
                Err(error) => {
                    memory.wave.clear();
                    return Err(error);
                }
            };
            let drawn = self.met(found.hosts, step);
            if memory.wave.add(drawn, found.next) {
                self.end_pass(memory, step, begun);
            }
            if Instant::now() >= until {
                break;
            }
        }
        memory.drawing += begun.elapsed();
        Ok(())
    }

    fn met(&self, hosts: Vec<HostId>, step: &Step<'_>) -> Vec<Drawn> {
        let mut lanes = self.lanes();
        let met = hosts.into_iter().filter_map(|host| {
            let is_new = match lanes.meet(&host, step.sight, step.now) {
                Meeting::New => true,
                Meeting::Due => false,
                Meeting::Later => return None,
            };
            Some(Drawn { host, is_new })
        });
        met.collect()
    }

    fn end_pass(&self, memory: &mut Memory, step: &Step<'_>, begun: Instant) {
        let uncertified = {
            let mut lanes = self.lanes();
            lanes.sweep(step.sight.pass, step.now);
            lanes.uncertified()
        };
        memory.told.uncertified(&uncertified);
        let wait = (memory.drawing + begun.elapsed()) * PASS_SHARE;
        memory.pass_at = Instant::now() + wait.max(PASS_WAIT);
    }

    fn look_at(&self, id: &HostId, step: &mut Step<'_>) {
        step.looks += 1;
        match self.core.host(id) {
            Ok(Some(host)) => {
                for record in &host.enrollments {
                    self.judge(&host, record, step);
                }
            }
            Ok(None) => self.lanes().done(&EnrollmentId::device(id.clone())),
            // One host that cannot be read keeps no other from its push.
            Err(error) => {
                tracing::error!(host = %id, error = %chain(&error), "a host cannot be read");
            }
        }
        self.lanes().looked(id, step.sight);
    }

    fn judge(&self, host: &HostRecord, record: &EnrollmentRecord, step: &mut Step<'_>) {
        let enrollment = &record.id;
        let Some(target) = target_of(host, record) else {
            return self.lanes().done(enrollment);
        };
        let moment = Moment {
            shelf: step.shelf,
            generation: step.generation,
        };
        let reason = match work_of(&self.core, moment, host, record) {
            Ok(Work::None) => return self.lanes().done(enrollment),
            Ok(Work::Settling) => return,
            Ok(Work::Due(reason)) => reason,
            Err(error) => {
                let error = chain(&error);
                tracing::error!(%enrollment, error, "it is not known what a device has to do");
                return;
            }
        };
        let ticket = {
            let (round, topic) = (&mut step.round, &target.topic);
            let mut lanes = self.lanes();
            lanes.want(round, enrollment, topic, reason, step.sight)
        };
        let Some(ticket) = ticket else {
            return;
        };
        match Target::new(&target.token, &target.magic) {
            Ok(made) => step.shots.push(Shot {
                ticket,
                aim: Aim {
                    target: made,
                    token: target.token.clone(),
                },
            }),
            Err(error) => {
                self.lanes().landed(&ticket, None, step.now);
                tracing::error!(%enrollment, error = %chain(&error), "a device cannot be pushed");
            }
        }
    }

    /// Counts those who were drawn and whom nobody looked at yet.
    fn waiting_count(&self, memory: &Memory) {
        let drawn = memory.wave.window().iter().filter(|drawn| drawn.is_new);
        self.drawn.store(drawn.count(), Ordering::Relaxed);
    }
}
