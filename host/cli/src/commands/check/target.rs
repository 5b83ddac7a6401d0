//! What the profiles are meant for, as it is said on the command line.
//!
//! Knows nothing of profiles. Invariant: what is not said is not known to any validator.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use mooring_identity::attached::Signers;
use mooring_identity::certificates_from_pem;
use mooring_mdm::ids::Channel;
use mooring_mdm::os::OsVersion;
use mooring_server::judge::{EnrollmentKind, Grade, Target};

use crate::exit::UsageError;
use crate::files;

/// The platforms of the plugin contract.
const PLATFORMS: [&str; 5] = ["macOS", "iOS", "tvOS", "watchOS", "visionOS"];

/// What the profiles are meant for.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "What the profiles are for")]
pub(crate) struct TargetArgs {
    /// A platform, perhaps with a version: macOS, iOS, tvOS, watchOS or visionOS
    #[arg(long, value_name = "PLATFORM[:VERSION]", value_parser = system)]
    target: Option<System>,
    /// The channel of the delivery; that of the profile's `PayloadScope` if nothing is said
    #[arg(long, value_enum, requires = "target")]
    channel: Option<ChannelWord>,
    /// Whether the host is supervised
    #[arg(long, value_enum, requires = "target")]
    supervised: Option<Answer>,
    /// How the host is enrolled: by its owner, by its user, by itself, or not at all
    #[arg(long, value_enum)]
    enrollment: Option<EnrollmentWord>,
    /// What devices accept, or what Apple's documentation demands
    #[arg(long, value_enum, conflicts_with = "strict")]
    grade: Option<GradeWord>,
    /// A table of Apple's schema in place of the one in this binary; `mooring schema` makes it
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Certificates (PEM) of those who sign profiles, or of CAs that issued theirs; a signature of
    /// anybody else is told of
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct System {
    platform: &'static str,
    version: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ChannelWord {
    Device,
    User,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Answer {
    Yes,
    No,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EnrollmentWord {
    Device,
    User,
    Ade,
    Local,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GradeWord {
    DeviceLenient,
    AppleStrict,
}

/// Why a text names no system.
#[derive(Debug, thiserror::Error)]
enum SystemError {
    #[error("the platforms are macOS, iOS, tvOS, watchOS and visionOS")]
    Platform,
    #[error("a version is written like 15 or 15.1")]
    Version,
}

fn system(text: &str) -> Result<System, SystemError> {
    let (name, version) = match text.split_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    };
    let name = if name.eq_ignore_ascii_case("iPadOS") {
        "iOS"
    } else {
        name
    };
    let mut platforms = PLATFORMS.into_iter();
    let platform = platforms.find(|known| known.eq_ignore_ascii_case(name));
    let version = version.map(OsVersion::parse).transpose();
    Ok(System {
        platform: platform.ok_or(SystemError::Platform)?,
        version: version
            .map_err(|_| SystemError::Version)?
            .map(|version| version.to_string()),
    })
}

impl TargetArgs {
    /// What to judge for; `is_strict` is the older word for the stricter grade.
    ///
    /// # Errors
    /// If the table of Apple's schema, or the file of signers, cannot be read.
    pub(crate) fn load(&self, is_strict: bool) -> anyhow::Result<Target> {
        let grade = match self.grade {
            Some(GradeWord::AppleStrict) => Grade::AppleStrict,
            None if is_strict => Grade::AppleStrict,
            Some(GradeWord::DeviceLenient) | None => Grade::DeviceLenient,
        };
        let system = self.target.as_ref();
        Ok(Target {
            grade,
            platform: system.map(|system| system.platform.to_owned()),
            os_version: system.and_then(|system| system.version.clone()),
            channel: self.channel.map(|channel| match channel {
                ChannelWord::Device => Channel::Device,
                ChannelWord::User => Channel::User,
            }),
            supervised: self.supervised.map(|answer| matches!(answer, Answer::Yes)),
            enrollment: self.enrollment.map(|kind| match kind {
                EnrollmentWord::Device => EnrollmentKind::Device,
                EnrollmentWord::User => EnrollmentKind::User,
                EnrollmentWord::Ade => EnrollmentKind::Ade,
                EnrollmentWord::Local => EnrollmentKind::Local,
            }),
            schema: mooring_schema::in_use(self.schema.as_deref(), None)?,
            signers: self.signers.as_deref().map(signers).transpose()?,
        })
    }
}

/// A file of certificates.
fn signers(path: &Path) -> Result<Arc<Signers>, UsageError> {
    let found = certificates_from_pem(&files::read(path)?).map_err(|error| {
        let error = UsageError::new(format!("{} cannot be used: {error}", path.display()));
        error.with_hint("--signers names a PEM file of certificates: of signers, or of their CAs")
    })?;
    Ok(Arc::new(Signers::new(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Systems are named as people write them, and come out as the contract does.
    #[test]
    fn systems() {
        let named = |text| system(text).map(|system| (system.platform, system.version));
        assert_eq!(
            named("macos:15.1").unwrap(),
            ("macOS", Some("15.1".to_owned()))
        );
        assert_eq!(named("iPadOS").unwrap(), ("iOS", None));
        for wrong in ["", "windows", "macOS:", "macOS:new", ":15"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}
