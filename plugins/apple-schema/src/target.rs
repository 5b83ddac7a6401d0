//! What is known about where a profile goes.
//!
//! Knows no rule. Invariant: what the host does not say is `None`, and a rule that needs it is
//! silent or says less.

use mooring_sdk::Context;

use crate::version::Version;

/// An operating system of Apple's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Ios,
    Macos,
    Tvos,
    Visionos,
    Watchos,
}

impl Platform {
    pub(crate) const ALL: [Self; 5] = [
        Self::Ios,
        Self::Macos,
        Self::Tvos,
        Self::Visionos,
        Self::Watchos,
    ];

    /// Apple's name, as the contract has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ios => "iOS",
            Self::Macos => "macOS",
            Self::Tvos => "tvOS",
            Self::Visionos => "visionOS",
            Self::Watchos => "watchOS",
        }
    }

    /// Its letter in the table.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Ios => 'i',
            Self::Macos => 'm',
            Self::Tvos => 't',
            Self::Visionos => 'v',
            Self::Watchos => 'w',
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let name = if name == "iPadOS" { "iOS" } else { name };
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// The way of a profile to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Device,
    User,
}

/// How a device is enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enrollment {
    /// By a profile that its user approved.
    Device,
    /// Only the part of it that belongs to the organization.
    User,
    /// By automated device enrollment.
    Automated,
    /// Not at all: the profile is installed by hand.
    Local,
}

/// Where a profile goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Target {
    pub(crate) platform: Option<Platform>,
    pub(crate) version: Option<Version>,
    pub(crate) is_supervised: Option<bool>,
    pub(crate) channel: Option<Channel>,
    pub(crate) enrollment: Option<Enrollment>,
    /// The rights of the enrollment, as Apple numbers them.
    pub(crate) access_rights: Option<u32>,
}

impl Target {
    pub(crate) fn of(context: &Context) -> Self {
        let device = context.device.as_ref();
        let version = device.and_then(|device| device.os_version.as_deref());
        let channel = device.map(|device| device.channel.as_str());
        Self {
            platform: device.and_then(|device| Platform::from_name(&device.platform)),
            version: version.and_then(Version::parse),
            is_supervised: device.and_then(|device| device.supervised),
            channel: match channel {
                Some("device") => Some(Channel::Device),
                Some("user") => Some(Channel::User),
                Some(_) | None => None,
            },
            enrollment: match context.extra("enrollment") {
                Some("device") => Some(Enrollment::Device),
                Some("user") => Some(Enrollment::User),
                Some("ade") => Some(Enrollment::Automated),
                Some("local") => Some(Enrollment::Local),
                Some(_) | None => None,
            },
            access_rights: context
                .extra("access-rights")
                .and_then(|text| text.parse().ok()),
        }
    }
}
