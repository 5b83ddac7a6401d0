//! What a profile is judged for.
//!
//! Knows nothing of profiles. Invariant: what is not said here is not known, and judged as such.

use std::sync::Arc;

use mooring_identity::attached::Signers;
use mooring_mdm::ids::Channel;
use mooring_plugin::{Context, Device, Grade};

/// The extra key of a context with a table of Apple's schema; only plugins that ask get it.
pub(super) const SCHEMA_KEY: &str = "schema";

/// How a host is enrolled, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnrollmentKind {
    /// By its owner, as a device.
    Device,
    /// By its user, with a managed Apple Account.
    User,
    /// By itself, as Apple's service for organizations tells it.
    Ade,
    /// Not at all: the profile is installed by hand.
    Local,
}

impl EnrollmentKind {
    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::User => "user",
            Self::Ade => "ade",
            Self::Local => "local",
        }
    }
}

/// What a profile is judged for. The default is any host, and what devices accept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// How strictly. In [`Grade::AppleStrict`] a file is judged as it is: nothing is filled in.
    pub grade: Grade,
    /// Such as `macOS`. Without it nothing is said about a host but how it is enrolled.
    pub platform: Option<String>,
    /// Such as `15.1`.
    pub os_version: Option<String>,
    /// The channel of the delivery; without it that of the profile's scope.
    pub channel: Option<Channel>,
    /// Whether the host is supervised.
    pub supervised: Option<bool>,
    /// How it is enrolled.
    pub enrollment: Option<EnrollmentKind>,
    /// A table of Apple's schema in place of the plugin's own.
    pub schema: Option<Arc<str>>,
    /// Who signs profiles; without, every signer will do. No plugin gets to know.
    pub signers: Option<Arc<Signers>>,
}

impl From<Grade> for Target {
    fn from(grade: Grade) -> Self {
        Self {
            grade,
            ..Self::default()
        }
    }
}

impl Target {
    /// The context for plugins on a day, for a profile of this channel.
    pub(super) fn context(&self, channel: Channel, today: &str) -> Context {
        let device = self.platform.as_ref().map(|platform| Device {
            platform: platform.clone(),
            os_version: self.os_version.clone(),
            supervised: self.supervised,
            channel: match self.channel.unwrap_or(channel) {
                Channel::Device => "device".to_owned(),
                Channel::User => "user".to_owned(),
            },
            ..Device::default()
        });
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let enrollment = self
            .enrollment
            .map(|kind| pair("enrollment", kind.as_str()));
        let schema = self.schema.as_ref().map(|table| pair(SCHEMA_KEY, table));
        Context {
            grade: self.grade,
            device,
            extra: enrollment.into_iter().chain(schema).collect(),
            ..Context::default()
        }
        .on(today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was said reaches the plugins; what was not is not made up, but for the channel.
    #[test]
    fn contexts() {
        let nothing = Target::default().context(Channel::User, "2026-01-02");
        assert_eq!(nothing.device, None);
        let today = ("today".to_owned(), "2026-01-02".to_owned());
        assert_eq!(nothing.extra, [today]);
        let target = Target {
            platform: Some("macOS".to_owned()),
            supervised: Some(true),
            enrollment: Some(EnrollmentKind::Ade),
            ..Target::from(Grade::AppleStrict)
        };
        let context = target.context(Channel::User, "2026-01-02");
        assert_eq!(context.grade, Grade::AppleStrict);
        let device = context.device.unwrap();
        assert_eq!(
            (device.platform.as_str(), device.channel.as_str()),
            ("macOS", "user")
        );
        assert_eq!((device.supervised, device.os_version), (Some(true), None));
        assert_eq!(
            context.extra[0],
            ("enrollment".to_owned(), "ade".to_owned())
        );
        let target = Target {
            channel: Some(Channel::Device),
            ..target
        };
        let device = target.context(Channel::User, "2026-01-02").device.unwrap();
        assert_eq!(device.channel, "device");
    }
}
