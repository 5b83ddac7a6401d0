//! Days between two calendar dates.
//!
//! Knows no rule and no clock. Invariant: a text that is no date gives `None`, never a wrong day.

/// The number of the date that `text` begins with (`YYYY-MM-DD`), in days from 1970-01-01; `None` if
/// it begins with no date. The day that a host tells of (`today`) is one, and so are those of a
/// property list and of [`crate::certificate`].
pub fn day_number(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    let bytes = date.as_bytes();
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = date.get(range)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years are counted from March, so that the leap day is the last of its year.
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::day_number;

    /// Day numbers agree with known dates across leap years and centuries.
    #[test]
    fn known_days() {
        assert_eq!(day_number("1970-01-01"), Some(0));
        assert_eq!(day_number("2000-02-29T00:00:00Z"), Some(11_016));
        assert_eq!(day_number("2000-03-01"), Some(11_017));
        assert_eq!(day_number("2026-01-01"), Some(20_454));
    }

    /// What is not a date has no day number.
    #[test]
    fn not_dates() {
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "2026-00-10",
            "2026/01/01",
            "+026-01-01",
            "äöüß-01-01",
        ] {
            assert_eq!(day_number(wrong), None, "{wrong}");
        }
    }
}
