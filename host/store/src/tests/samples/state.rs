//! Sync states, drawn from a number.

use std::collections::BTreeMap;

use mooring_drift::command::Command;
use mooring_drift::desired::Revision;
use mooring_drift::state::{
    Attempts, Begun, FailureReason, Hardware, InFlight, Lost, NextAttempt, NotNow, Observed,
    Periodic, Phase, SyncState, Target, Unproven,
};
use mooring_mdm::device::ListedProfile;
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::ids::CommandUuid;

use super::Draw;

impl Draw {
    pub(super) fn failure(&mut self) -> FailureReason {
        let entry = |d: &mut Self| ErrorEntry {
            code: -i64::from(d.small()),
            domain: d.text("Domain"),
            description: d.text("it failed "),
        };
        match self.below(7) {
            0 => FailureReason::Error {
                chain: self.many(entry),
            },
            1 => FailureReason::CommandFormatError {
                chain: self.many(entry),
            },
            2 => FailureReason::NotProven,
            3 => FailureReason::IncompleteList {
                detail: self.text("entry "),
            },
            4 => FailureReason::NotManaged {
                chain: self.many(entry),
            },
            5 => FailureReason::NoUserChannel,
            _ => FailureReason::Lost,
        }
    }

    fn in_flight(&mut self) -> InFlight {
        let command = match self.below(6) {
            0 => Command::ProfileList,
            1 => Command::DeviceInformation,
            2 => Command::InstallProfile {
                identifier: self.identifier(),
                revision: self.revision(),
            },
            3 => Command::RemoveProfile {
                identifier: self.identifier(),
            },
            4 => Command::RenewIdentity {
                identifier: self.identifier(),
            },
            _ => Command::Raw {
                uuid: CommandUuid::parse(&self.text("raw")).unwrap(),
                request_type: self.text("Restart"),
                deliveries: self.byte(),
            },
        };
        let in_reply_to = self.maybe(Self::small);
        let in_reply_to_raw = self.maybe(|d| CommandUuid::parse(&d.text("raw")).unwrap());
        InFlight {
            sequence: self.small(),
            command,
            at: self.time(),
            in_reply_to,
            in_reply_to_raw,
        }
    }

    fn attempts(&mut self) -> Attempts {
        Attempts {
            target: self.target(),
            failed: self.byte(),
            lost: self.byte(),
            reason: self.maybe(Self::failure),
            next: match self.below(3) {
                0 => NextAttempt::Now,
                1 => NextAttempt::At(self.time()),
                _ => NextAttempt::Parked,
            },
            build_version: self.maybe(|d| d.text("24B")),
        }
    }

    fn observed(&mut self) -> Observed {
        let listed = |d: &mut Self| ListedProfile {
            identifier: d.identifier(),
            uuid: d.uuid(),
            display_name: d.maybe(|d| d.text("Other ")),
        };
        Observed {
            set: self.set(),
            unmanaged: self.many(listed),
            sequence: self.small(),
            at: self.time(),
        }
    }

    fn periodic(&mut self) -> Periodic {
        Periodic {
            answered_at: self.maybe(Self::time),
            failed: self.byte(),
            retry_at: self.maybe(Self::time),
        }
    }

    fn lost(&mut self) -> Lost {
        Lost {
            sequence: self.small(),
            identifier: self.identifier(),
            target: self.target(),
        }
    }

    fn target(&mut self) -> Target {
        match self.below(2) {
            0 => Target::Present(self.revision()),
            _ => Target::Absent,
        }
    }

    fn revision(&mut self) -> Revision {
        Revision {
            version: self.small(),
            uuid: self.uuid(),
        }
    }

    fn unproven(&mut self) -> Unproven {
        match self.below(2) {
            0 => Unproven::Installed(self.revision()),
            _ => Unproven::Removed,
        }
    }

    pub(crate) fn state(&mut self) -> SyncState {
        let unproven: BTreeMap<_, _> = self
            .many(|d| (d.identifier(), d.unproven()))
            .into_iter()
            .collect();
        let attempts = self
            .many(|d| (d.identifier(), d.attempts()))
            .into_iter()
            .collect();
        SyncState {
            epoch: self.small(),
            phase: match self.below(3) {
                0 => Phase::Authenticated,
                1 => Phase::Enrolled,
                _ => Phase::CheckedOut,
            },
            sequence: self.small(),
            observed: self.maybe(Self::observed),
            delivered: self.set(),
            unproven,
            in_flight: self.maybe(Self::in_flight),
            lost: self.many(Self::lost),
            last_lost: self.small(),
            list_asked: self.maybe(Self::small),
            list: self.periodic(),
            attributes: self.periodic(),
            renewal: self.maybe(Self::periodic).unwrap_or_default(),
            not_now: self.maybe(|d| NotNow {
                is_contact_over: d.below(2) == 0,
                tally: d.byte(),
                push_at: d.time(),
            }),
            attempts,
            era: self.maybe(Self::small).unwrap_or_default(),
            begun: match self.below(5) {
                0 => Begun::Enrolled,
                1 => Begun::Reenrolled,
                2 => Begun::Wiped,
                3 => Begun::Restored,
                _ => Begun::Observed,
            },
            resend: self.many(Self::identifier).into_iter().collect(),
            installed_on: self
                .many(|d| (d.identifier(), d.os_version()))
                .into_iter()
                .collect(),
            contested: self
                .many(|d| (d.identifier(), d.byte()))
                .into_iter()
                .collect(),
            hardware: self
                .maybe(|d| Hardware {
                    serial: d.maybe(|d| d.text("serial")),
                    earlier: d.many(|d| d.text("serial")),
                    is_contradicted: d.below(2) == 0,
                })
                .unwrap_or_default(),
        }
    }
}
