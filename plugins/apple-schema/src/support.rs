//! What the target takes at all: A008 to A016 and A019, for payloads and for single keys.
//!
//! Knows no values. A payload that a device refuses is an error, a key that it passes over a
//! warning. Without a target only that is said which holds on every platform that knows the type,
//! and mildly. Invariant: what the table does not say is no finding.

use mooring_sdk::{Node, Severity};

use crate::profile_tree::Payload;
use crate::report::{Remark, Report};
use crate::successors::successor;
use crate::table::{Facet, Fields};
use crate::target::{Channel, Enrollment, Platform};
use crate::version::Version;

/// What is judged: a whole payload or one key.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) at: Node<'a>,
    /// Where the fields of the payload tell which platforms there are at all.
    pub(crate) payload: Fields<'a>,
    /// The subject's own fields.
    pub(crate) own: Fields<'a>,
    pub(crate) is_key: bool,
    pub(crate) type_name: &'a str,
}

impl Subject<'_> {
    /// What a finding that stops a payload is worth.
    fn severe(self) -> Severity {
        if self.is_key {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    fn platforms(self) -> impl Iterator<Item = Platform> {
        let known = move |one: &Platform| {
            let introduced = self.payload.facet(*one, Facet::Introduced);
            introduced.is_some_and(|version| version != "-") && !self.own.is_absent(*one)
        };
        Platform::ALL.into_iter().filter(known)
    }

    /// Whether every platform that knows the type says this of the subject.
    fn everywhere(self, facet: Facet) -> bool {
        let mut platforms = self.platforms().peekable();
        platforms.peek().is_some()
            && platforms.all(|one| {
                let here = self.own.facet(one, facet);
                here.is_some() || self.own.facet(one, Facet::Removed).is_some()
            })
    }
}

/// Every rule of this module on a payload.
pub(crate) fn of_payload<'a>(payload: Payload<'a>, fields: Fields<'a>, report: &mut Report) {
    let subject = Subject {
        at: payload.type_node,
        payload: fields,
        own: fields,
        is_key: false,
        type_name: payload.type_name,
    };
    judge(subject, &payload.label(), report);
}

/// Every rule of this module on one subject, called `label` in messages.
pub(crate) fn judge(subject: Subject<'_>, label: &str, report: &mut Report) {
    let Some(platform) = report.target.platform else {
        return without_target(subject, label, report);
    };
    if subject.own.is_absent(platform) {
        let message = format!("{label} is not for {}", platform.name());
        let hint = "leave it out, or assign the profile to hosts that know it";
        let severity = subject.severe();
        report.add(Remark::new("A011", severity, subject.at, message, hint));
        return;
    }
    lifetime(subject, platform, label, report);
    if let Some(message) = channel(subject, platform, label, report) {
        let hint = "assign the profile to the other channel";
        let severity = subject.severe();
        report.add(Remark::new("A013", severity, subject.at, message, hint));
    }
    demands(subject, platform, label, report);
    enrollment(subject, platform, label, report);
}

/// A008 and A009 where the platform is open.
fn without_target(subject: Subject<'_>, label: &str, report: &mut Report) {
    if subject.everywhere(Facet::Removed) {
        let message = format!("{label} is no longer taken by any current system");
        let hint = deprecation_hint(subject);
        report.add(Remark::new(
            "A009",
            Severity::Warning,
            subject.at,
            message,
            hint,
        ));
    } else if subject.everywhere(Facet::Deprecated) {
        let message = format!("{label} is deprecated");
        let hint = deprecation_hint(subject);
        report.add(Remark::new(
            "A008",
            Severity::Info,
            subject.at,
            message,
            hint,
        ));
    }
}

/// A008, A009 and A010: what the version of the target says.
fn lifetime(subject: Subject<'_>, platform: Platform, label: &str, report: &mut Report) {
    let name = platform.name();
    let at = |facet| {
        let text = subject.own.facet(platform, facet)?;
        Some((text, Version::parse(text)?))
    };
    let now = report.target.version;
    let has_come = |since| now.is_none_or(|now| since <= now);
    let mut add = |rule, severity, message, hint: String| {
        report.add(Remark::new(rule, severity, subject.at, message, hint));
    };
    if let Some((text, since)) = at(Facet::Removed)
        && has_come(since)
    {
        // Where the version is open, the host may be an old one.
        let severity = now.map_or(Severity::Warning, |_| subject.severe());
        let message = format!("{label} was removed in {name} {text}");
        return add("A009", severity, message, deprecation_hint(subject));
    }
    if let Some((text, since)) = at(Facet::Deprecated)
        && has_come(since)
    {
        let severity = now.map_or(Severity::Info, |_| Severity::Warning);
        let message = format!("{label} is deprecated since {name} {text}");
        return add("A008", severity, message, deprecation_hint(subject));
    }
    if let (Some((text, since)), Some(now)) = (at(Facet::Introduced), now)
        && now < since
    {
        let message = format!("{label} is known from {name} {text} on, and the host has an older");
        let hint = "the host passes over it, and after an upgrade the profile has to be sent again";
        add("A010", Severity::Warning, message, hint.to_owned());
    }
}

fn deprecation_hint(subject: Subject<'_>) -> String {
    let successor = successor(subject.type_name).filter(|_| !subject.is_key);
    successor.map_or_else(
        || "Apple names no successor here: plan to do without it".to_owned(),
        |successor| format!("its successor is {successor}"),
    )
}

/// A013: what the channel does not take.
fn channel(
    subject: Subject<'_>,
    platform: Platform,
    label: &str,
    report: &Report,
) -> Option<String> {
    // Elsewhere the user channel is Shared iPad's, which has rules of its own.
    if platform != Platform::Macos {
        return None;
    }
    let (facet, name, other) = match report.target.channel? {
        Channel::Device => (Facet::DeviceChannel, "device", "user"),
        Channel::User => (Facet::UserChannel, "user", "device"),
    };
    let refused = subject.own.is(platform, facet) == Some(false);
    refused.then(|| format!("{label} is for the {other} channel, not for the {name} channel"))
}

/// A012, A015, A016 and A019: what the device or its enrollment lacks.
fn demands(subject: Subject<'_>, platform: Platform, label: &str, report: &mut Report) {
    let target = report.target;
    let says = |facet, wanted| subject.own.is(platform, facet) == Some(wanted);
    let severity = subject.severe();
    let mut found = Vec::new();
    if target.is_supervised == Some(false) && says(Facet::Supervised, true) {
        let hint = "assign it to supervised hosts only";
        found.push(("A012", severity, "only works on supervised devices", hint));
    }
    if let Some(enrollment) = target.enrollment {
        let is_local = enrollment == Enrollment::Local;
        if says(Facet::RequiresDep, true) && enrollment != Enrollment::Automated {
            let hint = "enroll the host by automated device enrollment";
            let what = "needs a host that came by automated device enrollment";
            found.push(("A015", severity, what, hint));
        } else if says(Facet::UserApprovedMdm, true) && is_local {
            let hint = "send it from a server whose enrollment the user approved";
            let what = "needs an enrollment that the user approved";
            found.push(("A015", severity, what, hint));
        }
        if says(Facet::AllowManualInstall, false) && is_local {
            let hint = "send it from a server";
            let what = "cannot be installed by hand";
            found.push(("A016", severity, what, hint));
        }
    }
    for (rule, severity, what, hint) in found {
        let message = format!("{label} {what}");
        report.add(Remark::new(rule, severity, subject.at, message, hint));
    }
    let right = subject.own.facet(platform, Facet::AccessRights);
    if let (Some(right), Some(rights)) = (right, target.access_rights)
        && right_bit(right).is_some_and(|bit| rights & bit == 0)
    {
        let message = format!("{label} needs the access right {right}, which the enrollment lacks");
        let hint = "enroll the host with more access rights";
        report.add(Remark::new(
            "A019",
            Severity::Warning,
            subject.at,
            message,
            hint,
        ));
    }
}

/// A014: what a user enrollment does not take.
fn enrollment(subject: Subject<'_>, platform: Platform, label: &str, report: &mut Report) {
    let Some(enrollment) = report.target.enrollment else {
        return;
    };
    let mode = subject.own.facet(platform, Facet::UserEnrollment);
    let is_user = enrollment == Enrollment::User;
    let (severity, what) = match mode {
        Some("f") if is_user => (subject.severe(), "is forbidden in user enrollments"),
        Some("i") if is_user => (Severity::Warning, "has no effect in user enrollments"),
        Some("r") if !is_user => (subject.severe(), "is for user enrollments only"),
        Some(_) | None => return,
    };
    let hint = "assign it to hosts that are enrolled otherwise";
    let message = format!("{label} {what}");
    report.add(Remark::new("A014", severity, subject.at, message, hint));
}

/// The bit of an access right, by the name that Apple's data gives it.
fn right_bit(name: &str) -> Option<u32> {
    Some(match name {
        "AllowInspection" => 1 << 0,
        "AllowInstallationRemoval" => 1 << 1,
        "AllowPasscodeRemovalAndLock" | "DeviceLockAndRemovePasscode" => 1 << 2,
        "AllowErase" | "AllowDeviceErase" => 1 << 3,
        "AllowQueryDeviceInformation" => 1 << 4,
        "AllowQueryNetworkInformation" => 1 << 5,
        "AllowQueryInstalledProvisioningProfiles" => 1 << 6,
        "AllowQueryInstalledApplications" | "QueryInstalledApps" => 1 << 7,
        "AllowQueryRestrictions" => 1 << 8,
        "AllowQuerySecurity" => 1 << 9,
        "AllowSettings" => 1 << 10,
        "AllowAppInstallation" => 1 << 11,
        _ => return None,
    })
}
