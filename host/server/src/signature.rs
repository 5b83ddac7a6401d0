//! What the signature of a signed profile says of it: rules S002 to S005, and S009 for signers who
//! disagree.
//!
//! Joins [`mooring_identity::attached`], which checks signatures, with findings. Knows nothing of
//! profiles but that one is in the file. Invariant: a file of which nobody has checked the signature
//! keeps the notice that says so.

use mooring_identity::attached::{self, Attached, Fault, Signer, Signers};
use mooring_mdm::finding::{Finding, Severity};

const DAY_MS: u64 = 86_400_000;
const SIGN_AGAIN: &str = "sign the profile again";

/// Judges the signature of a signed file and puts what is found in the place of the notice that
/// nobody looked at it. `today` is `YYYY-MM-DD`; if it is not, validity is not judged. Without
/// `trusted`, every signer will do.
pub fn judge(cms: &[u8], today: &str, trusted: Option<&Signers>, notices: &mut Vec<Finding>) {
    notices.retain(|notice| !(notice.rule == "S002" && notice.severity == Severity::Info));
    let signed = match attached::read(cms) {
        Ok(signed) => signed,
        Err(error) => {
            let message = format!("the signature cannot be read: {error}");
            return notices.push(finding(Severity::Error, "S002", message, SIGN_AGAIN));
        }
    };
    let faults = signed
        .signers
        .iter()
        .filter(|signer| signer.fault.is_some());
    let (faults, all) = (faults.count(), signed.signers.len());
    if faults > 0 && faults < all {
        let message =
            format!("the file has {all} signers, and the signatures of {faults} do not fit");
        let hint = "sign the profile again, with one key";
        return notices.push(finding(Severity::Error, "S009", message, hint));
    }
    for signer in &signed.signers {
        notices.extend(match (signer.fault, &signer.certificate) {
            (Some(Fault::OtherKey), None) => Some(without_certificate()),
            (found, _) => found.map(fault),
        });
        notices.extend(weakness(signer));
        if let Some(day) = day_ms(today) {
            notices.extend(outside_validity(signer, day));
            notices.extend(stranger(signer, &signed, trusted, day));
        }
    }
}

fn fault(fault: Fault) -> Finding {
    let (severity, message) = match fault {
        Fault::OtherContent => (
            Severity::Error,
            "the signature is of another content: the file was changed after it was signed",
        ),
        Fault::OtherKey => (
            Severity::Error,
            "the signature is not of the key of the certificate that it names",
        ),
        Fault::Attributes => (
            Severity::Error,
            "the signature does not say what content it is over",
        ),
        Fault::Unsupported => (
            Severity::Warning,
            "the signature is of a kind that cannot be checked here",
        ),
    };
    finding(severity, "S002", message, SIGN_AGAIN)
}

/// Without the signer's certificate nobody knows the key, whatever else came along.
fn without_certificate() -> Finding {
    let message =
        "the certificate of the signer is not in the file, so its signature cannot be checked";
    let hint =
        "sign it again with the signer's certificate included: openssl smime without -nocerts";
    finding(Severity::Error, "S002", message, hint)
}

fn weakness(signer: &Signer) -> Option<Finding> {
    if signer.weaknesses.is_empty() {
        return None;
    }
    let message = format!(
        "the signature is weak: it is made with {}",
        signer.weaknesses.join(" and ")
    );
    let hint = "sign it again with SHA-256 and an RSA key of 2048 bits or more";
    Some(finding(Severity::Warning, "S005", message, hint))
}

fn outside_validity(signer: &Signer, day: u64) -> Option<Finding> {
    let certificate = signer.certificate.as_ref()?;
    let what = if certificate.not_after_ms() < day {
        "has expired"
    } else if certificate.not_before_ms() >= day + DAY_MS {
        "is not valid yet"
    } else {
        return None;
    };
    let message = format!(
        "the certificate of the signer {} {what}",
        certificate.subject()
    );
    let hint = "renew the certificate and sign the profile again";
    Some(finding(Severity::Warning, "S003", message, hint))
}

fn stranger(
    signer: &Signer,
    signed: &Attached,
    trusted: Option<&Signers>,
    day: u64,
) -> Option<Finding> {
    let (trusted, certificate) = (trusted?, signer.certificate.as_ref()?);
    if trusted.includes(certificate, &signed.certificates, day) {
        return None;
    }
    let message = format!(
        "the signer {} is not one of those that are trusted",
        certificate.subject()
    );
    let hint = "have it signed by a trusted signer, or add the certificate to the trusted ones";
    Some(finding(Severity::Warning, "S004", message, hint))
}

fn finding(severity: Severity, rule: &str, message: impl Into<String>, hint: &str) -> Finding {
    Finding::host(severity, rule, (0, 0), message).with_hint(hint)
}

/// The first moment of a day, in Unix milliseconds; days before 1970 are none.
fn day_ms(today: &str) -> Option<u64> {
    let mut parts = today.splitn(3, '-').map(str::parse::<u64>);
    let (Some(Ok(year)), Some(Ok(month @ 1..=12)), Some(Ok(day @ 1..=31))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    // Counted from a first of March, so that the leap day is the last of its year.
    let year = year.checked_sub(u64::from(month < 3))?;
    let month = (month + 9) % 12;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    days.checked_sub(719_468)?.checked_mul(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days are those of the calendar, leap days too.
    #[test]
    fn days() {
        for (today, days) in [
            ("1970-01-01", Some(0)),
            ("1970-03-01", Some(59)),
            ("2000-02-29", Some(11_016)),
            ("2026-11-23", Some(20_780)),
            ("1969-12-31", None),
            ("2026-13-01", None),
            ("today", None),
            ("", None),
        ] {
            assert_eq!(
                day_ms(today),
                days.map(|days: u64| days * DAY_MS),
                "{today}"
            );
        }
    }
}
