//! The generator `enrollment`: the profile that enrolls a device with this server.
//!
//! The settings say where the server is, which push topic it has and who issues device identities;
//! out comes one profile with the identity's payload, the `com.apple.mdm` payload and the trust
//! anchors it needs. It knows nothing of hosts, of keys or of challenges: the one secret of an
//! enrollment profile, the challenge, is a placeholder that the host fills in when it serves the
//! profile.
//!
//! Invariant: the output depends on the seed and the settings alone. Identifiers depend on neither;
//! payload uuids on the seed and the payload's slot, so that a renewal with other values updates a
//! payload in place; the profile's own uuid on all of its content.

mod address;
mod anchors;
mod fields;
mod identity;
mod management;
mod nearest;
mod profile;
mod settings;

use mooring_sdk::{Context, Failure, Finding, Generator, Output};

use crate::settings::Settings;

/// The text that stands for the challenge. The host replaces it when it serves the profile, so the
/// value is never stored and never passes through a plugin.
pub const CHALLENGE: &str = "{{mooring.challenge}}";

/// The key of the one profile.
const KEY: &str = "enrollment";

/// The plugin.
pub struct Enrollment;

impl Generator for Enrollment {
    fn check_settings(settings: &str) -> Vec<Finding> {
        match Settings::read(settings) {
            Ok(settings) => settings.remarks,
            Err(findings) => findings,
        }
    }

    fn generate(seed: &str, context: &Context) -> Result<Vec<Output>, Failure> {
        let settings = Settings::read(&context.settings).map_err(bad_settings)?;
        let mut notes = management::notes(&settings);
        notes.extend_from_slice(&settings.remarks);
        Ok(vec![Output {
            key: KEY.to_owned(),
            profile: profile::write(seed, &settings),
            notes,
        }])
    }
}

fn bad_settings(findings: Vec<Finding>) -> Failure {
    let messages: Vec<_> = findings
        .into_iter()
        .map(|finding| finding.message)
        .collect();
    Failure::BadSettings(messages.join("; "))
}

mooring_sdk::export_generator!(Enrollment, include_str!("../manifest.json"));
