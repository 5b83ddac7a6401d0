//! The texts of numbers, dates and data, taken strictly.
//!
//! Knows nothing of XML. Invariant: only forms are accepted that every known plist reader
//! understands alike; where one is merely unusual it is accepted with a warning.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Why a text is not a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) message: &'static str,
    pub(super) hint: &'static str,
}

/// An integer, and whether it is in the hexadecimal form that some readers refuse.
pub(super) fn integer(text: &str) -> Result<(i128, bool), Unfit> {
    let hint = "write decimal digits alone, with - in front if negative";
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (is_hex, digits) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (true, digits),
        None => (false, digits),
    };
    let radix = if is_hex { 16 } else { 10 };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(Unfit {
            message: "this is not an integer",
            hint,
        });
    }
    let significant = digits.trim_start_matches('0');
    // 20 digits hold any 64-bit number in either base, and any 20 digits fit an i128.
    let magnitude = match significant {
        "" => Some(0),
        _ if significant.len() > 20 => None,
        _ => i128::from_str_radix(significant, radix).ok(),
    };
    let number = magnitude.map(|number| if is_negative { -number } else { number });
    match number {
        Some(number) if (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number) => {
            Ok((number, is_hex))
        }
        Some(_) | None => Err(Unfit {
            message: "this integer does not fit 64 bits",
            hint: "use a number from -9223372036854775808 to 18446744073709551615",
        }),
    }
}

/// A finite number: digits with an optional sign, point and exponent.
pub(super) fn real(text: &str) -> Result<f64, Unfit> {
    let hint = "write a finite number such as 1.5";
    // Rust's own parser takes this alphabet plus "inf" and "nan", which have no place here.
    let is_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse::<f64>() {
        Ok(number) if is_number && number.is_finite() => Ok(number),
        Ok(_) | Err(_) => Err(Unfit {
            message: "this is not a finite number",
            hint,
        }),
    }
}

/// Whether the text is a date of the Gregorian calendar in `YYYY-MM-DDThh:mm:ssZ`, from the year
/// 1900 on.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_form = bytes.len() == 20
        && bytes
            .iter()
            .zip(b"dddd-dd-ddTdd:dd:ddZ")
            .all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                _ => byte == form,
            });
    if !has_form {
        return false;
    }
    let number = |start: usize, end: usize| {
        bytes[start..end]
            .iter()
            .fold(0, |sum: u32, byte| sum * 10 + u32::from(byte - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    let is_time = number(11, 13) < 24 && number(14, 16) < 60 && number(17, 19) < 60;
    year >= 1900 && (1..=days).contains(&day) && is_time
}

/// Bytes in base64 with padding; blanks may stand anywhere. They take the place of what is in
/// `bytes`; `packed` is room for the text without its blanks.
pub(super) fn data(text: &str, packed: &mut Vec<u8>, bytes: &mut Vec<u8>) -> Result<(), Unfit> {
    bytes.clear();
    let text = text.as_bytes();
    let text = if text.iter().any(|byte| super::scan::is_blank(*byte)) {
        packed.clear();
        for run in text.split(|byte| super::scan::is_blank(*byte)) {
            packed.extend_from_slice(run);
        }
        packed
    } else {
        text
    };
    STANDARD.decode_vec(text, bytes).map_err(|_| Unfit {
        message: "this is not base64 with its padding",
        hint: "use A-Z a-z 0-9 + / in groups of four, the last one filled with =",
    })
}

/// Where the first byte lies that cannot occur in base64, counted from the start of the text.
pub(super) fn data_fault_offset(text: &str) -> usize {
    let is_fit = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"+/=".contains(&byte) || super::scan::is_blank(byte)
    };
    text.bytes().position(|byte| !is_fit(byte)).unwrap_or(0)
}
