//! What must be true in the end, once every device that is there had the contacts it needs.
//!
//! Knows nothing of how it came about. Invariant: a stated failure, an unknown membership and a
//! copy that is not ours are the only excuses.

use super::channel::{Channel, Phase};
use super::history::Moment;
use super::rule::Rule;
use super::server::Server;
use super::tries::Target;
use super::wishes::Wish;
use super::{Violation, bounds};
use crate::log::{DeviceTruth, Shown};

/// A failure that is older than this, in ms, and may be tried again, was tried again.
const OVERDUE_MS: u64 = 2 * bounds::REFRESH_MS;

/// What is wrong with one device, and with what the server says of it.
pub(super) fn judge(server: &Server, device: &DeviceTruth, now: Moment) -> Vec<Violation> {
    let mut violations = Vec::new();
    let is_held = server.wishes.is_paused
        || device.is_cloned
        || server
            .host(device.who.host)
            .is_none_or(|host| host.is_duplicate);
    let Some(channel) = server.channel(device.who) else {
        return violations;
    };
    if !device.is_reachable || is_held || channel.phase != Phase::Enrolled {
        return violations;
    }
    for identifier in server.wishes.identifiers() {
        let case = Case::new(server, channel, device, identifier, now);
        violations.extend(case.judge().into_iter().map(|(rule, detail)| Violation {
            rule,
            who: Some(device.who),
            detail: format!("{identifier}: {detail}"),
        }));
    }
    violations
}

/// One profile on one channel.
struct Case<'a> {
    wish: Wish,
    /// What the device has.
    held: Option<&'a str>,
    shown: Option<Shown>,
    /// Whether there was a failure that is not mended, and is not to be tried again by now.
    has_failed: bool,
    /// Whether what the device has is ours to remove.
    is_ours: bool,
}

impl<'a> Case<'a> {
    fn new(
        server: &Server,
        channel: &Channel,
        device: &'a DeviceTruth,
        identifier: &str,
        now: Moment,
    ) -> Self {
        let find = |(known, _): &&(String, String)| known == identifier;
        let held = device.profiles.iter().find(find);
        let held = held.map(|(_, uuid)| uuid.as_str());
        let shown = device
            .statuses
            .iter()
            .find(|(known, _)| known == identifier);
        let subject = server.subject(device.who.host, now);
        let wish = server.wishes.wish(identifier, device.who.channel, &subject);
        let wish = wish.unwrap_or(Wish::Absent);
        let uuid = match &wish {
            Wish::Present(uuid) => Some(uuid.as_str()),
            Wish::Absent | Wish::Waiting | Wish::Open(_) => None,
        };
        let tries = |edition| {
            channel.history.tries(Target {
                identifier,
                uuid,
                edition,
            })
        };
        // A server may take a profile that was changed and changed back for the same.
        let since_change = tries(Some(server.wishes.edition(identifier)));
        let ever = tries(None);
        let is_overdue =
            since_change.is_overdue(now, OVERDUE_MS) && ever.is_overdue(now, OVERDUE_MS);
        let may_have_failed =
            shown.is_some_and(|(_, shown)| *shown == Shown::Failed) && channel.history.has_unseen();
        let is_made = held.is_some_and(|uuid| server.wishes.is_made(identifier, uuid));
        Self {
            wish,
            held,
            shown: shown.map(|(_, shown)| *shown),
            has_failed: may_have_failed
                || (!is_overdue && since_change.failed.max(ever.failed) > 0),
            is_ours: is_made || channel.history.is_ours(identifier, true),
        }
    }

    fn judge(&self) -> Option<(Rule, String)> {
        let (held, has_failed) = (self.held, self.has_failed);
        match &self.wish {
            Wish::Waiting | Wish::Open(_) => None,
            Wish::Present(uuid) if held == Some(uuid.as_str()) => self.says(Shown::Applied, true),
            Wish::Present(_) if has_failed => self.says(Shown::Failed, true),
            Wish::Present(uuid) => {
                let detail = format!("desired as {uuid}, and the device has {held:?}");
                Some((Rule::NeverReached, detail))
            }
            Wish::Absent if held.is_none() => self.says(Shown::Applied, false),
            Wish::Absent if !self.is_ours => None,
            Wish::Absent if has_failed => self.says(Shown::Failed, true),
            Wish::Absent => {
                let detail = format!("not desired, and the device has {held:?}");
                Some((Rule::NeverRemoved, detail))
            }
        }
    }

    /// Whether the server says this, where it says anything.
    fn says(&self, truth: Shown, must_show: bool) -> Option<(Rule, String)> {
        match self.shown {
            Some(shown) if shown == truth => None,
            None if !must_show => None,
            shown => {
                let detail = format!("is {truth:?}, and the server says {shown:?}");
                Some((Rule::StatusLies, detail))
            }
        }
    }
}
