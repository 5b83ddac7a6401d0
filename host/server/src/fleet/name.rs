//! A host's id in 17 bytes, if it has one of the forms that Apple gives out.
//!
//! Knows nothing of hosts. Invariant: a name that was packed is unpacked to the same text, byte for
//! byte, and no two texts are packed alike.

use mooring_mdm::ids::HostId;

/// Longest text that is packed, in bytes: a UUID.
pub(super) const PACKED_MAX: usize = 36;

/// Where the dashes of a UUID stand.
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];
/// Where the dash of a UDID of later devices stands: `00008030-001A2B3C4D5E6F70`.
const UDID_DASH: [usize; 1] = [8];
const UDID_BYTES: usize = 25;

/// How a text is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    UpperUuid,
    LowerUuid,
    UpperUdid,
    LowerUdid,
    /// It is kept elsewhere.
    Long,
    /// As it is, so many bytes.
    Short(u8),
}

/// A packed name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name {
    form: u8,
    bytes: [u8; 16],
}

impl Name {
    /// A text that is kept elsewhere.
    const LONG: Self = Self {
        form: 4,
        bytes: [0; 16],
    };

    /// Packs an id.
    pub(super) fn of(id: &HostId) -> Self {
        let text = id.as_str().as_bytes();
        let packed = match text.len() {
            PACKED_MAX => pack([Form::UpperUuid, Form::LowerUuid], &UUID_DASHES, text),
            UDID_BYTES => pack([Form::UpperUdid, Form::LowerUdid], &UDID_DASH, text),
            length @ 1..=16 => {
                let mut bytes = [0; 16];
                bytes[..length].copy_from_slice(text);
                let form = Form::Short(u8::try_from(length).unwrap_or(0)).code();
                return Self { form, bytes };
            }
            _ => return Self::LONG,
        };
        packed.unwrap_or(Self::LONG)
    }

    /// Whether the text is kept elsewhere.
    pub(super) fn is_long(&self) -> bool {
        self.form() == Form::Long
    }

    /// The text, in `buffer`; empty for one that is kept elsewhere.
    pub(super) fn text<'a>(&self, buffer: &'a mut [u8; PACKED_MAX]) -> &'a str {
        let length = match self.form() {
            Form::UpperUuid => spell(&self.bytes, &UUID_DASHES, b'A', buffer),
            Form::LowerUuid => spell(&self.bytes, &UUID_DASHES, b'a', buffer),
            Form::UpperUdid => spell(&self.bytes[..12], &UDID_DASH, b'A', buffer),
            Form::LowerUdid => spell(&self.bytes[..12], &UDID_DASH, b'a', buffer),
            Form::Long => 0,
            Form::Short(length) => {
                buffer[..16].copy_from_slice(&self.bytes);
                usize::from(length)
            }
        };
        std::str::from_utf8(&buffer[..length]).unwrap_or_default()
    }

    fn form(self) -> Form {
        match self.form {
            0 => Form::UpperUuid,
            1 => Form::LowerUuid,
            2 => Form::UpperUdid,
            3 => Form::LowerUdid,
            length @ 16..=32 => Form::Short(length - 16),
            _ => Form::Long,
        }
    }
}

impl Form {
    fn code(self) -> u8 {
        match self {
            Self::UpperUuid => 0,
            Self::LowerUuid => 1,
            Self::UpperUdid => 2,
            Self::LowerUdid => 3,
            Self::Long => 4,
            Self::Short(length) => 16 + length,
        }
    }
}

/// What a byte is as a digit: its value, and whether it is a letter in upper or in lower case.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 10 {
        digits[b'0' as usize + value as usize] = value;
        value += 1;
    }
    while value < 16 {
        digits[b'A' as usize + value as usize - 10] = value | UPPER;
        digits[b'a' as usize + value as usize - 10] = value | LOWER;
        value += 1;
    }
    digits
};
const UPPER: u8 = 1 << 4;
const LOWER: u8 = 1 << 5;
const NO_DIGIT: u8 = 1 << 6;

/// Packs digits with dashes between them; `None` if the text is something else, or in mixed case.
/// Digits alone are the first form.
fn pack([upper, lower]: [Form; 2], dashes: &[usize], text: &[u8]) -> Option<Name> {
    let (mut bytes, mut seen) = ([0; 16], 0);
    let mut packed = bytes.iter_mut();
    let mut begin = 0;
    for end in dashes.iter().copied().chain([text.len()]) {
        for [high, low] in text.get(begin..end)?.as_chunks::<2>().0 {
            let (high, low) = (DIGITS[usize::from(*high)], DIGITS[usize::from(*low)]);
            seen |= high | low;
            *packed.next()? = (high & 15) << 4 | (low & 15);
        }
        if end < text.len() && text[end] != b'-' {
            return None;
        }
        begin = end + 1;
    }
    let form = match seen & (UPPER | LOWER | NO_DIGIT) {
        0 | UPPER => upper,
        LOWER => lower,
        _ => return None,
    };
    let form = form.code();
    Some(Name { form, bytes })
}

/// Writes digits with dashes between them; returns the length.
fn spell(bytes: &[u8], dashes: &[usize], letter: u8, to: &mut [u8; PACKED_MAX]) -> usize {
    let digit = |value: u8| match value {
        0..=9 => b'0' + value,
        _ => letter + value - 10,
    };
    let mut length = 0;
    for value in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        if dashes.contains(&length) {
            to[length] = b'-';
            length += 1;
        }
        to[length] = digit(value);
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every form comes back as it was, whatever the case and the length; texts that are nearly of
    /// a form are not taken for it.
    #[test]
    fn names_come_back() {
        let texts = [
            ("0A1B2C3D-0000-5000-8000-00000000ABCD", false),
            ("0a1b2c3d-0000-5000-8000-00000000abcd", false),
            ("01234567-0000-5000-8000-000000001234", false),
            ("0A1b2C3D-0000-5000-8000-00000000ABCD", true),
            ("00008030-001A2B3C4D5E6F70", false),
            ("00008030-001a2b3c4d5e6f70", false),
            ("00008030+001A2B3C4D5E6F70", true),
            ("00008030-001A2B3C4D5E6G70", true),
            ("host-1", false),
            ("sixteen-bytes-16", false),
            ("seventeen-bytes17", true),
            ("\u{e9}", false),
            ("0123456789abcdef0123456789abcdef01234567", true),
        ];
        for (text, is_long) in texts {
            let name = Name::of(&HostId::parse(text).unwrap());
            assert_eq!(name.is_long(), is_long, "{text}");
            let shown = if is_long { "" } else { text };
            assert_eq!(name.text(&mut [0; PACKED_MAX]), shown);
        }
    }
}
