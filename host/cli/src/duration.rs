//! Spans of time as people write them.
//!
//! Invariant: a number without a unit is refused, since nobody can tell what it means.

use std::time::Duration;

/// Longest span accepted: ten years, far beyond any use and far below any overflow.
const LONGEST: Duration = Duration::from_hours(24 * 3653);

/// Why a text is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    /// It has no number, no unit or an unknown one.
    #[error("write a number and a unit, such as 90s, 15m, 24h or 1h30m")]
    Form,
    /// It is zero, or longer than ten years.
    #[error("it must be more than 0 and at most ten years")]
    Range,
}

/// Reads one or more whole numbers, each with `ms`, `s`, `m`, `h` or `d`.
///
/// # Errors
/// [`DurationError`] if it has another form or is out of range.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return Err(DurationError::Form);
    }
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic());
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(DurationError::Form),
        };
        if number.is_empty() {
            return Err(DurationError::Form);
        }
        // All digits, so the only way to fail is to be too large.
        let number: u64 = number.parse().map_err(|_| DurationError::Range)?;
        let part = number.checked_mul(unit_ms).ok_or(DurationError::Range)?;
        total = total
            .checked_add(Duration::from_millis(part))
            .ok_or(DurationError::Range)?;
        rest = after;
    }
    if total.is_zero() || total > LONGEST {
        return Err(DurationError::Range);
    }
    Ok(total)
}

/// A span as whole milliseconds, as the server counts.
pub(crate) fn whole_ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn split(text: &str, is: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !is(c)).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves what is read and what is refused.
    #[test]
    fn spans() {
        for (text, ms) in [
            ("500ms", 500),
            ("90s", 90_000),
            ("15m", 900_000),
            ("24h", 86_400_000),
            ("1d", 86_400_000),
            ("1h30m", 5_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "", "5", "h", "5 m", "-5m", "1.5h", "5w", "5m3", "5M", "é", "5é",
        ] {
            assert_eq!(parse(text), Err(DurationError::Form), "{text}");
        }
        for text in [
            "0s",
            "4000d",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), Err(DurationError::Range), "{text}");
        }
    }
}
