//! What a device does with a command, faults included.
//!
//! Knows nothing of how commands arrive. Invariant: a change is carried out before its report is
//! made, so that no fault of reporting undoes it.

use mooring_mdm::ids::Channel;

use super::message::Damage;
use super::{Device, Installed, Order, Origin, Packet, Refusal};
use crate::fault::Fault;
use crate::log::{Ordered, Reported};
use crate::weather::Weather;

const FAILED: (&str, i64) = ("MCInstallationErrorDomain", 4001);

fn done() -> Reported {
    Reported::Acknowledged {
        profiles: None,
        told: None,
    }
}

fn error(chain: &[(&str, i64)]) -> Reported {
    let chain = chain
        .iter()
        .map(|(domain, code)| ((*domain).to_owned(), *code));
    Reported::Error {
        chain: chain.collect(),
    }
}

impl Device {
    /// Obeys; `None` if the report never leaves the device.
    pub(super) fn obey(
        &mut self,
        channel: Channel,
        order: &Order,
        now: u64,
        weather: &mut Weather,
    ) -> Option<Packet> {
        let uuid = order.uuid.as_str();
        if weather.strikes(Fault::NotUnderstood, 500, &mut self.random) {
            return Some(self.report(channel, uuid, Reported::CommandFormatError));
        }
        let outcome = match &order.command {
            Ordered::List | Ordered::Information => {
                if weather.strikes(Fault::QueryFailed, 2_000, &mut self.random) {
                    let chain = [("MCMDMErrorDomain", 12_010)];
                    return Some(self.report(channel, uuid, error(&chain)));
                }
                return Some(self.answer(channel, order, weather));
            }
            Ordered::Install { .. } | Ordered::Remove { .. } if now < self.locked_until => {
                return Some(self.report(channel, uuid, Reported::NotNow));
            }
            Ordered::Install {
                identifier,
                uuid: revision,
            } => self.install(channel, identifier, revision, weather),
            Ordered::Remove { identifier } => self.remove(channel, identifier),
            Ordered::Other(_) => Reported::CommandFormatError,
        };
        if weather.strikes(Fault::ReportLost, 10_000, &mut self.random) {
            return None;
        }
        Some(self.report(channel, uuid, outcome))
    }

    fn answer(&mut self, channel: Channel, order: &Order, weather: &mut Weather) -> Packet {
        if order.command == Ordered::Information {
            return self.information(channel, &order.uuid);
        }
        let damage = if weather.strikes(Fault::ListDamaged, 5_000, &mut self.random) {
            [Damage::Missing, Damage::Entry, Damage::Kind][self.random.place(3)]
        } else {
            Damage::None
        };
        self.list(channel, &order.uuid, damage)
    }

    fn install(
        &mut self,
        channel: Channel,
        identifier: &str,
        revision: &str,
        weather: &mut Weather,
    ) -> Reported {
        match self.refuses.get(identifier) {
            Some(Refusal::Content) => return error(&[FAILED, ("MCProfileErrorDomain", 1003)]),
            Some(Refusal::Transient) => {
                return error(&[FAILED, ("MCInstallationErrorDomain", 4009)]);
            }
            None => {}
        }
        if weather.strikes(Fault::InstallFailedOnce, 20_000, &mut self.random) {
            return error(&[FAILED, ("MCInstallationErrorDomain", 4009)]);
        }
        let Some(side) = self.side_mut(channel) else {
            return Reported::CommandFormatError;
        };
        let installed = Installed {
            uuid: revision.to_owned(),
            origin: Origin::Server,
        };
        side.profiles.insert(identifier.to_owned(), installed);
        done()
    }

    fn remove(&mut self, channel: Channel, identifier: &str) -> Reported {
        let keeps = self.keeps.contains(identifier);
        let Some(side) = self.side_mut(channel) else {
            return Reported::CommandFormatError;
        };
        match side.profiles.get(identifier).map(|one| one.origin) {
            None => error(&[("MDMClientError", 89)]),
            Some(Origin::Other) => error(&[("MCMDMErrorDomain", 12_037)]),
            Some(Origin::Server) if keeps => error(&[("MCInstallationErrorDomain", 4_032)]),
            Some(Origin::Server) => {
                side.profiles.remove(identifier);
                done()
            }
        }
    }
}
