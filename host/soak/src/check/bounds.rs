//! The intervals and bounds that the server promises, and the errors that no retry mends.
//!
//! Restated here from the project's documents and Apple's, not read from the server, so that a
//! server with others is found out.

/// One minute in ms.
pub(super) const MINUTE_MS: u64 = 60_000;
/// Age at which a list is asked for again, before up to a tenth more.
pub(super) const REFRESH_MS: u64 = 24 * 60 * MINUTE_MS;
/// Age at which what a host told of itself says nothing any more.
pub(super) const TOLD_MS: u64 = 2 * REFRESH_MS;
/// Failed attempts for one content on one host.
pub(super) const ATTEMPTS: u32 = 3;
/// Outcomes lost in a row that end the attempts.
pub(super) const LOST: u32 = 3;
/// Wait before the second attempt; doubles, up to a day.
pub(super) const RETRY_MS: u64 = 10 * MINUTE_MS;
/// Longest wait before another attempt.
pub(super) const RETRY_MAX_MS: u64 = 24 * 60 * MINUTE_MS;
/// Lost changes that a server remembers, to know their late reports: more need not be compared.
pub(super) const REMEMBERED: usize = 8;
/// Enrollments that have to prove a rollback before the whole server observes anew.
pub(super) const PROOFS: usize = 3;
/// Commands in one contact beside those for profiles: lists, attributes, late reports.
pub(super) const CONTACT_EXTRA: usize = 16;

/// The wait after the `failed`-th failure in a row, without its jitter.
pub(super) fn retry_wait_ms(failed: u32) -> u64 {
    let doublings = failed.saturating_sub(1).min(20);
    (RETRY_MS << doublings).min(RETRY_MAX_MS)
}

/// Whether the innermost error of a chain says that the same content will fail again.
///
/// See the appendix "Error Codes" of Apple's archived MDM Protocol Reference.
pub(super) fn is_permanent(chain: &[(String, i64)]) -> bool {
    let Some((domain, code)) = chain.last() else {
        return false;
    };
    match (domain.as_str(), *code) {
        // Malformed, unsupported, undecryptable, not unique; 3840: no property list at all. Of the
        // others 4001, 4003 to 4005, 4009, 4013, 4014, 4016, 4024 and 4027 may pass.
        ("MCProfileErrorDomain", 1000..=1010)
        | ("MCPayloadErrorDomain", 2000..=2004)
        | ("NSCocoaErrorDomain", 3840)
        | (
            "MCInstallationErrorDomain",
            4000 | 4002 | 4006 | 4007 | 4008 | 4010 | 4011 | 4012 | 4015 | 4017 | 4018 | 4019
            | 4020 | 4021 | 4022 | 4023 | 4025 | 4026 | 4028 | 4029 | 4030 | 4031,
        ) => true,
        _ => false,
    }
}

/// Whether a removal failed since the profile is not there.
pub(super) fn is_not_found(chain: &[(String, i64)]) -> bool {
    let codes = [("MDMClientError", 89), ("MCInstallationErrorDomain", 4024)];
    chain
        .iter()
        .any(|(domain, code)| codes.contains(&(domain.as_str(), *code)))
}

/// Whether a removal failed since the device does not take the profile for managed.
pub(super) fn is_not_managed(chain: &[(String, i64)]) -> bool {
    chain
        .iter()
        .any(|(domain, code)| domain == "MCMDMErrorDomain" && *code == 12013)
}
