//! Numbers in as few bytes as they need, for rows of which there are a million.
//!
//! Knows nothing of what is written. Invariant: what was written is what is read, for every value;
//! reading never goes behind the end.

use crate::RowError;

/// Appends a number, seven bits a byte, the lowest first.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low seven bits are meant"
        )]
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than 0x80")]
    bytes.push(number as u8);
}

/// Appends how far `number` is from `from`, in either direction.
pub(super) fn put_distance(bytes: &mut Vec<u8>, from: u64, number: u64) {
    let distance = number.wrapping_sub(from).cast_signed();
    put(bytes, ((distance << 1) ^ (distance >> 63)).cast_unsigned());
}

/// Reads what was written, from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn number(&mut self) -> Result<u64, RowError> {
        if let Some((byte @ ..0x80, rest)) = self.0.split_first() {
            self.0 = rest;
            return Ok(u64::from(*byte));
        }
        let mut number = 0;
        for (at, byte) in self.0.iter().enumerate().take(10) {
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.0 = &self.0[at + 1..];
                return Ok(number);
            }
        }
        Err(RowError::content("a number in it does not end"))
    }

    pub(super) fn small(&mut self) -> Result<u32, RowError> {
        u32::try_from(self.number()?).map_err(RowError::content)
    }

    pub(super) fn distance(&mut self, from: u64) -> Result<u64, RowError> {
        let coded = self.number()?;
        let distance = (coded >> 1) ^ (coded & 1).wrapping_neg();
        Ok(from.wrapping_add(distance))
    }

    /// The same for numbers of 32 bits.
    pub(super) fn small_distance(&mut self, from: u32) -> Result<u32, RowError> {
        let number = self.distance(u64::from(from))?;
        u32::try_from(number).map_err(RowError::content)
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], RowError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or_else(|| self.short(N))?;
        self.0 = rest;
        Ok(*bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'b str, RowError> {
        let length = self.small()?;
        let text = self.slice(length as usize)?;
        std::str::from_utf8(text).map_err(RowError::content)
    }

    pub(super) fn slice(&mut self, length: usize) -> Result<&'b [u8], RowError> {
        let split = self.0.split_at_checked(length);
        let (slice, rest) = split.ok_or_else(|| self.short(length))?;
        self.0 = rest;
        Ok(slice)
    }

    fn short(&self, wanted: usize) -> RowError {
        let found = self.0.len();
        RowError::Length { found, wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number and every distance comes back, and small ones are short.
    #[test]
    fn numbers_come_back() {
        let edges = [0, 1, 127, 128, 300, 1 << 41, u64::MAX - 1, u64::MAX];
        for number in edges {
            for from in edges {
                let mut bytes = Vec::new();
                put(&mut bytes, number);
                put_distance(&mut bytes, from, number);
                let mut reader = Reader(&bytes);
                assert_eq!(reader.number().unwrap(), number);
                assert_eq!(reader.distance(from).unwrap(), number);
                assert!(reader.0.is_empty());
            }
        }
        let mut bytes = Vec::new();
        put_distance(&mut bytes, 1000, 990);
        assert_eq!(bytes.len(), 1);
    }

    /// Bytes that end too early, and numbers that never end, are errors.
    #[test]
    fn damage_is_an_error() {
        assert!(Reader(&[]).number().is_err());
        assert!(Reader(&[0x80; 20]).number().is_err());
        assert!(Reader(&[5, b'a']).text().is_err());
        assert!(Reader(&[0; 3]).bytes::<4>().is_err());
    }
}
