//! A device in thirty lines, an administrator, and the engine between them. Time is a number.

use std::collections::BTreeMap;

use mooring_drift::command::{Command, CommandNames};
use mooring_drift::desired::{Catalog, CatalogProfile, Circumstances, Desired, Revision, Secrets};
use mooring_drift::next::{Context, QueuedCommand, RawQueue};
use mooring_drift::policy::{Policy, Timestamp};
use mooring_drift::state::SyncState;
use mooring_drift::status::{
    ProfileState, ProfileStatus, Status, enrollment_status, profile_states,
};
use mooring_drift::step::{Closing, Event, Step, TokenUpdate, step};
use mooring_mdm::device::{Attributes, ListedProfile};
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::ids::{Channel, CommandUuid, EnrollmentId, PayloadIdentifier, PayloadUuid};
use mooring_mdm::report::{Answer, Outcome};

pub(crate) fn identifier(text: &str) -> PayloadIdentifier {
    PayloadIdentifier::parse(text).unwrap()
}

pub(crate) fn uuid(text: &str) -> PayloadUuid {
    PayloadUuid::parse(text).unwrap()
}

pub(crate) fn error(domain: &str, code: i64) -> Outcome {
    let (domain, description) = (domain.to_owned(), "no".to_owned());
    Outcome::Error(vec![ErrorEntry {
        code,
        domain,
        description,
    }])
}

/// A server with one enrollment, and the device at its other end.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) enrollment: EnrollmentId,
    pub(crate) catalog: Catalog,
    pub(crate) policy: Policy,
    pub(crate) names: CommandNames,
    pub(crate) state: SyncState,
    pub(crate) now: Timestamp,
    pub(crate) build_version: Option<String>,
    /// Commands of others that wait.
    pub(crate) queue: Vec<QueuedCommand>,
    /// Those of them that the device put off.
    pub(crate) put_off: Vec<CommandUuid>,
    /// The enrollment profile, while the identity should be renewed.
    pub(crate) renewal: Option<PayloadIdentifier>,
    /// What is special about the host.
    pub(crate) circumstances: Circumstances,
    /// What the device holds.
    pub(crate) device: BTreeMap<PayloadIdentifier, PayloadUuid>,
    /// Every command handed out, in order: `install a=1`, `remove a`, `list`, `info`.
    pub(crate) sent: Vec<String>,
}

impl World {
    /// An enrolled device that holds one profile of somebody else.
    pub(crate) fn enrolled() -> Self {
        let mut world = Self {
            enrollment: EnrollmentId::parse("DEVICE").unwrap(),
            catalog: Catalog::default(),
            policy: Policy::default(),
            names: CommandNames::new(&[1; 32], [2; 16]),
            state: SyncState::new(),
            now: Timestamp(1_700_000_000_000),
            build_version: None,
            queue: Vec::new(),
            put_off: Vec::new(),
            renewal: None,
            circumstances: Circumstances::default(),
            device: BTreeMap::from([(identifier("other"), uuid("x"))]),
            sent: Vec::new(),
        };
        world.event(Event::Authenticate { serial: None });
        world.event(Event::TokenUpdate(TokenUpdate::default()));
        world
    }

    /// The administrator makes `uuid_text` the latest content of a profile.
    pub(crate) fn push(&mut self, id: &str, uuid_text: &str) {
        let uuid = uuid(uuid_text);
        let profiles = &mut self.catalog.profiles;
        let profile = profiles
            .entry(identifier(id))
            .or_insert_with(|| CatalogProfile {
                channel: Channel::Device,
                latest: Revision {
                    version: 0,
                    uuid: uuid.clone(),
                },
                is_wanted: true,
                secrets: Secrets::None,
                made: [].into(),
                personal: None,
                is_personal: false,
                introduced: [].into(),
            });
        profile.is_wanted = true;
        profile.latest = Revision {
            version: profile.latest.version + 1,
            uuid: uuid.clone(),
        };
        profile.made.insert(uuid);
    }

    /// The administrator pushes a signed file: its uuid is the author's, not made here.
    pub(crate) fn push_signed(&mut self, id: &str, uuid_text: &str) {
        self.push(id, uuid_text);
        if let Some(profile) = self.catalog.profiles.get_mut(&identifier(id)) {
            profile.made.clear();
        }
    }

    /// The administrator deletes a profile.
    pub(crate) fn delete(&mut self, id: &str) {
        if let Some(profile) = self.catalog.profiles.get_mut(&identifier(id)) {
            profile.is_wanted = false;
        }
    }

    pub(crate) fn event(&mut self, event: Event) -> Step {
        let held = self.raw_in_flight();
        let waiting = || self.queue.iter().filter(|c| Some(&c.uuid) != held.as_ref());
        let context = Context {
            enrollment: &self.enrollment,
            desired: self.desired(),
            policy: &self.policy,
            names: &self.names,
            build_version: self.build_version.as_deref(),
            raw: RawQueue {
                first: waiting().next(),
                fresh: waiting().find(|c| !self.put_off.contains(&c.uuid)),
            },
            renewal: self.renewal.as_ref(),
            now: self.now,
        };
        let step = step(&self.state, event, &context);
        let is_new = step.state.sequence > self.state.sequence;
        if let Some((_, command)) = &step.reply
            && is_new
        {
            self.sent.push(describe(command));
        }
        self.state = step.state.clone();
        self.settle_queue(&step);
        step
    }

    pub(crate) fn desired(&self) -> Desired<'_> {
        self.catalog.desired(Channel::Device, &self.circumstances)
    }

    /// Somebody else's command joins the queue.
    pub(crate) fn enqueue(&mut self, uuid: &str, request_type: &str) {
        self.queue.push(QueuedCommand {
            uuid: CommandUuid::parse(uuid).unwrap(),
            request_type: request_type.to_owned(),
        });
    }

    fn raw_in_flight(&self) -> Option<CommandUuid> {
        match &self.state.in_flight.as_ref()?.command {
            Command::Raw { uuid, .. } => Some(uuid.clone()),
            Command::ProfileList
            | Command::DeviceInformation
            | Command::InstallProfile { .. }
            | Command::RemoveProfile { .. }
            | Command::RenewIdentity { .. } => None,
        }
    }

    /// What the server does with its queue when a command of others ends.
    fn settle_queue(&mut self, step: &Step) {
        let Some((ended, closing)) = &step.closed else {
            return;
        };
        let Command::Raw { uuid, .. } = &ended.command else {
            return;
        };
        if *closing == Closing::NotNow {
            self.put_off.push(uuid.clone());
        } else {
            self.queue.retain(|queued| queued.uuid != *uuid);
            self.put_off.clear();
        }
    }

    pub(crate) fn idle(&mut self) -> Option<(CommandUuid, Command)> {
        self.event(Event::Idle).reply
    }

    pub(crate) fn report(
        &mut self,
        uuid: &CommandUuid,
        outcome: Outcome,
    ) -> Option<(CommandUuid, Command)> {
        self.event(Event::Result {
            uuid: uuid.clone(),
            outcome,
        })
        .reply
    }

    /// What an obedient device does with a command.
    pub(crate) fn obey(&mut self, command: &Command) -> Outcome {
        let mut answer = Answer::default();
        match command {
            Command::ProfileList => {
                let listed = self.device.iter().map(|(identifier, uuid)| ListedProfile {
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
            } => {
                self.device
                    .insert(identifier.clone(), revision.uuid.clone());
            }
            Command::RemoveProfile { identifier } => {
                if self.device.remove(identifier).is_none() {
                    return error("MDMClientError", 89);
                }
            }
            Command::RenewIdentity { .. } | Command::Raw { .. } => {}
        }
        Outcome::Acknowledged(answer)
    }

    /// One whole contact of an obedient device; returns what it was sent.
    pub(crate) fn contact(&mut self) -> Vec<String> {
        let first = self.sent.len();
        let mut reply = self.idle();
        for _ in 0..1_000 {
            let Some((uuid, command)) = reply else {
                return self.sent[first..].to_vec();
            };
            let outcome = self.obey(&command);
            reply = self.report(&uuid, outcome);
        }
        panic!("a contact never ends: {:?}", &self.sent[first..first + 20]);
    }

    pub(crate) fn states(&self) -> BTreeMap<PayloadIdentifier, ProfileState> {
        profile_states(&self.desired(), &self.state, &self.policy, self.now)
    }

    pub(crate) fn status(&self) -> Status {
        enrollment_status(&self.states(), &self.state, &self.policy, self.now)
    }

    pub(crate) fn later_ms(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
    }
}

pub(crate) fn describe(command: &Command) -> String {
    match command {
        Command::ProfileList => "list".to_owned(),
        Command::DeviceInformation => "info".to_owned(),
        Command::InstallProfile {
            identifier,
            revision,
        } => {
            format!("install {identifier}={}", revision.uuid)
        }
        Command::RemoveProfile { identifier } => format!("remove {identifier}"),
        Command::RenewIdentity { .. } => "renew".to_owned(),
        Command::Raw { uuid, .. } => format!("raw {uuid}"),
    }
}

pub(crate) const HOUR_MS: u64 = 3_600_000;
pub(crate) const DAY_MS: u64 = 24 * HOUR_MS;

/// An enrolled world that has these profiles, proven.
pub(crate) fn synced(profiles: &[(&str, &str)]) -> World {
    let mut world = World::enrolled();
    for (id, uuid) in profiles {
        world.push(id, uuid);
    }
    world.contact();
    assert_eq!(world.status(), Status::Applied);
    world.sent.clear();
    world
}

/// What is said about one profile.
pub(crate) fn reason(world: &World, id: &str) -> ProfileStatus {
    world.states()[&identifier(id)].status.clone()
}
