//! Fleets whose states come from the engine itself: devices that obey, refuse, fall silent and
//! come again, while administrators change their mind.

use std::collections::BTreeMap;

use mooring_drift::command::Command;
use mooring_drift::next::Context;
use mooring_drift::policy::Timestamp;
use mooring_drift::step::{Event, TokenUpdate, step};
use mooring_mdm::device::{Attributes, ListedProfile};
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::ids::{CommandUuid, PayloadIdentifier, PayloadUuid};
use mooring_mdm::report::{Answer, Outcome};

use crate::fleet::Fleet;
use crate::states::{NOW, PROFILES, identifier};

const SEEDS: u64 = 60;
const HOSTS: u32 = 8;
const STEPS: u32 = 400;
const MINUTE_MS: u64 = 60_000;

/// The other end of a channel.
#[derive(Default)]
struct Device {
    holds: BTreeMap<PayloadIdentifier, PayloadUuid>,
    /// The command that it has.
    task: Option<(CommandUuid, Command)>,
    /// The last report, to be sent twice.
    told: Option<(CommandUuid, Outcome)>,
}

struct Lives {
    fleet: Fleet,
    /// By host and place of the channel.
    devices: BTreeMap<(u32, usize), Device>,
    now: Timestamp,
}

impl Lives {
    fn new(seed: u64) -> Self {
        let mut fleet = Fleet::new(seed);
        // Half of the histories end just before they are looked at, so that waits still run.
        let ago_ms = if seed.is_multiple_of(2) {
            5 * 24 * 60
        } else {
            60
        } * MINUTE_MS;
        for number in 0..HOSTS {
            fleet.place(number);
        }
        let mut lives = Self {
            fleet,
            devices: BTreeMap::new(),
            now: Timestamp(NOW.0 - ago_ms),
        };
        for number in 0..HOSTS {
            for channel in 0..lives.fleet.hosts[&number].channels.len() {
                lives.fleet.hosts.get_mut(&number).unwrap().channels[channel].1 =
                    mooring_drift::state::SyncState::new();
                lives.event(number, channel, Event::Authenticate { serial: None });
                lives.event(number, channel, Event::TokenUpdate(TokenUpdate::default()));
            }
        }
        lives
    }

    /// Lets an event happen, and tells the index.
    fn event(&mut self, number: u32, channel: usize, event: Event) {
        let fleet = &mut self.fleet;
        let host = &fleet.hosts[&number];
        let (id, state) = &host.channels[channel];
        let context = Context {
            now: self.now,
            ..fleet.world.context(host, id)
        };
        let step = step(state, event, &context);
        let device = self.devices.entry((number, channel)).or_default();
        device.task = step.reply.or(device.task.take());
        fleet.hosts.get_mut(&number).unwrap().channels[channel].1 = step.state;
        fleet.place_again(number);
    }

    /// Something that a device, its user or a person in front of the server does.
    fn act(&mut self) {
        let number = self.fleet.random.below(HOSTS);
        let channels = self.fleet.hosts[&number].channels.len();
        let channel = self.fleet.random.below(u32::try_from(channels).unwrap()) as usize;
        let profile = identifier(self.fleet.random.below(PROFILES + 2));
        match self.fleet.random.below(40) {
            0 => self.event(number, channel, Event::Authenticate { serial: None }),
            1..=3 => self.event(number, channel, Event::TokenUpdate(TokenUpdate::default())),
            4 => self.event(number, channel, Event::RefreshAsked),
            5 | 6 => self.event(
                number,
                channel,
                Event::ResendAsked {
                    identifier: profile,
                },
            ),
            7 => self.event(number, channel, Event::Settled),
            8 => self.event(number, channel, Event::CheckOut),
            9 => self.fleet.restock(),
            10 => self.fleet.regroup(number),
            11 | 12 => {
                let device = self.devices.entry((number, channel)).or_default();
                if device.holds.remove(&profile).is_none() {
                    let uuid = PayloadUuid::parse("somebody-else").unwrap();
                    device.holds.insert(profile, uuid);
                }
            }
            13..=20 => self.event(number, channel, Event::Idle),
            21 => self.repeat(number, channel),
            _ => self.report(number, channel),
        }
    }

    fn repeat(&mut self, number: u32, channel: usize) {
        let device = self.devices.entry((number, channel)).or_default();
        if let Some((uuid, outcome)) = device.told.clone() {
            self.event(number, channel, Event::Result { uuid, outcome });
        }
    }

    /// The device answers what it was told to do, or else asks for something to do.
    fn report(&mut self, number: u32, channel: usize) {
        let device = self.devices.entry((number, channel)).or_default();
        let Some((uuid, command)) = device.task.take() else {
            return self.event(number, channel, Event::Idle);
        };
        let outcome = match self.fleet.random.below(12) {
            0 => Outcome::NotNow,
            1 => error("MCInstallationErrorDomain", 4009),
            2 => error("MCProfileErrorDomain", 1003),
            3 if command.identifier().is_some() => Outcome::Acknowledged(Answer::default()),
            _ => device.obey(&command),
        };
        device.told = Some((uuid.clone(), outcome.clone()));
        self.event(number, channel, Event::Result { uuid, outcome });
    }
}

impl Device {
    fn obey(&mut self, command: &Command) -> Outcome {
        let mut answer = Answer::default();
        match command {
            Command::ProfileList => {
                let listed = self.holds.iter().map(|(identifier, uuid)| ListedProfile {
                    identifier: identifier.clone(),
                    uuid: uuid.clone(),
                    display_name: None,
                });
                answer.profiles = Some(Ok(listed.collect()));
            }
            Command::DeviceInformation => answer.attributes = Some(Attributes::default()),
            Command::InstallProfile {
                identifier,
                revision,
            } => drop(self.holds.insert(identifier.clone(), revision.uuid.clone())),
            Command::RemoveProfile { identifier } => drop(self.holds.remove(identifier)),
            Command::RenewIdentity { .. } | Command::Raw { .. } => {}
        }
        Outcome::Acknowledged(answer)
    }
}

fn error(domain: &str, code: i64) -> Outcome {
    Outcome::Error(vec![ErrorEntry {
        code,
        domain: domain.to_owned(),
        description: "no".to_owned(),
    }])
}

/// Whatever devices do and administrators want, the index tells at every moment what a walk over
/// the states that the engine made tells.
#[test]
fn lives_are_recounted() {
    for seed in 0..SEEDS {
        let mut lives = Lives::new(seed);
        for step in 0..STEPS {
            let left_ms = (NOW.0 - lives.now.0) / u64::from(STEPS - step);
            lives.now = lives.now.plus_ms(left_ms);
            lives.act();
            if step % 8 == 0 {
                lives.fleet.check(&format!("seed {seed} after step {step}"));
            }
        }
        lives.fleet.check(&format!("seed {seed} at last"));
    }
}
