//! Days between two calendar dates.
//!
//! Knows no rule and no clock. Invariant: a text that is no date gives `None`, never a wrong day.

/// The day number of the date that `text` begins with (`YYYY-MM-DD`), counted from 1970-01-01.
pub(crate) fn day_number(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    let mut parts = date.split('-').map(|part| {
        let is_plain = part.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| part.parse::<i64>().ok()).flatten()
    });
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || parts.next().is_some() {
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

    /// Day numbers agree with known dates; what is no date has none.
    #[test]
    fn days() {
        assert_eq!(day_number("1970-01-01"), Some(0));
        assert_eq!(day_number("2000-02-29T00:00:00Z"), Some(11_016));
        assert_eq!(day_number("2026-01-01"), Some(20_454));
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "2026/01/01",
            "+026-01-01",
            "äöüß-01-01",
        ] {
            assert_eq!(day_number(wrong), None, "{wrong}");
        }
    }
}
