//! All that the host itself does with a profile before plugins judge it.
//!
//! Invariant: it ends, with a word for the outcome.

use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::placeholder::placeholders;
use mooring_mdm::profile::secrets::has_secrets;
use mooring_mdm::profile::{Profile, ProfileLimits};

/// Reads, identifies, and looks for places for values; says which rule refused it.
pub(crate) fn read(file: &[u8]) -> String {
    let given = PayloadIdentifier::parse("com.example.given").ok();
    let profile = Profile::parse(file, &ProfileLimits::default());
    let identified = match profile.and_then(|profile| profile.identify(given)) {
        Ok(identified) => identified,
        Err(finding) => return finding.rule,
    };
    let places = placeholders(&identified.document).map(|found| found.places.len());
    let has_secrets = has_secrets(&identified.document);
    format!("read, {} places, {has_secrets}", places.unwrap_or_default())
}
