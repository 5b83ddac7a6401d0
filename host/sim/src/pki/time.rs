//! Points in time as certificates and signatures write them.
//!
//! Knows no clock: a time is an argument, in Unix milliseconds.

use super::der::{GENERALIZED_TIME, UTC_TIME, element};

const DAY_S: u64 = 86_400;

/// A `Time` (RFC 5280 section 4.1.2.5): `UTCTime` until 2049, else `GeneralizedTime`.
pub(crate) fn time(unix_ms: u64) -> Vec<u8> {
    let seconds = unix_ms / 1000;
    let (year, month, day) = date(seconds / DAY_S);
    let of_day = seconds % DAY_S;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    if year < 2050 {
        element(
            UTC_TIME,
            &[format!("{:02}", year % 100).as_bytes(), rest.as_bytes()],
        )
    } else {
        element(
            GENERALIZED_TIME,
            &[format!("{year:04}").as_bytes(), rest.as_bytes()],
        )
    }
}

/// Year, month and day of a day since 1970, by counting from a 1 March, so that the leap day is the
/// last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let of_era_year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_era_year + of_era_year / 4 - of_era_year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + of_era_year + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the calendar on leap days and on both forms.
    #[test]
    fn known_days() {
        for (seconds, expected) in [
            (0, "700101000000Z"),
            (951_782_400, "000229000000Z"),
            (1_709_251_199, "240229235959Z"),
            (2_524_607_999, "491231235959Z"),
            (2_524_608_000, "20500101000000Z"),
        ] {
            assert_eq!(&time(seconds * 1000)[2..], expected.as_bytes());
        }
    }
}
