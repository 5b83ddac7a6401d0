//! Numbers of the table and of profiles, exact to a millionth.
//!
//! Binary fractions, read and written, would be a tenth of the component. Invariant: equal texts are
//! equal numbers, and what does not fit is no number.

use std::fmt;

/// How many of the last unit make one.
const UNIT: i128 = 1_000_000;
/// Digits after the point.
const PLACES: usize = 6;

/// A number, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(i128);

impl Number {
    /// Reads an optional minus, digits, and perhaps a point with digits, of which six count.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (digits, is_negative) = match text.strip_prefix('-') {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let mut value = whole.parse::<i128>().ok()?.checked_mul(UNIT)?;
        let mut place = UNIT / 10;
        for digit in fraction.bytes().take(PLACES) {
            value += i128::from(digit - b'0') * place;
            place /= 10;
        }
        Some(Self(if is_negative { -value } else { value }))
    }

    pub(crate) fn from_integer(number: i128) -> Option<Self> {
        number.checked_mul(UNIT).map(Self)
    }

    /// `None` for what is beyond any setting, and for what is no number.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the bound before it leaves room"
    )]
    pub(crate) fn from_real(number: f64) -> Option<Self> {
        (number.abs() < 1e15).then(|| Self((number * 1e6).round() as i128))
    }

    /// The number without a fraction, if it has none.
    pub(crate) fn whole(self) -> Option<i128> {
        (self.0 % UNIT == 0).then_some(self.0 / UNIT)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.abs() / UNIT, self.0.abs() % UNIT);
        write!(f, "{sign}{whole}")?;
        if fraction == 0 {
            return Ok(());
        }
        let digits = format!("{fraction:0PLACES$}");
        write!(f, ".{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts become numbers and numbers the shortest text.
    #[test]
    fn there_and_back() {
        for (text, shown) in [
            ("0", "0"),
            ("20.0", "20"),
            ("-1", "-1"),
            ("-0.25", "-0.25"),
            ("2.50", "2.5"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(Number::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "-", "1e3", "x", ".5", "--1", "1.x"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::from_real(2.5), Number::parse("2.5"));
        assert_eq!(Number::from_real(f64::NAN), None);
        assert_eq!(Number::from_integer(3).and_then(Number::whole), Some(3));
        assert_eq!(Number::parse("0.5").and_then(Number::whole), None);
        assert!(Number::parse("-2") < Number::parse("1.5"));
    }
}
