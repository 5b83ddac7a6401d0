//! The objects of a binary property list and the table that says where they lie.
//!
//! Knows nothing of XML or of how objects make a tree. Invariant: nothing is read outside of the
//! bytes between header and table, a reference is always below the number of objects, and reading
//! one object costs no more than its own bytes.

use std::borrow::Cow;

use crate::finding::Finding;

use super::{DAMAGED_HINT, NO_XML_HINT, refused};

/// What every such file begins with, and how long the trailer at its end is.
const HEADER: &[u8] = b"bplist00";
const TRAILER_BYTES: usize = 32;

/// A file's table of objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    /// Everything before the table: the header and the objects.
    objects: &'a [u8],
    offsets: &'a [u8],
    offset_bytes: usize,
    reference_bytes: usize,
    /// Which object is the outermost one.
    pub(super) top: usize,
}

/// One object.
#[derive(Debug)]
pub(super) enum Object<'a> {
    Boolean(bool),
    Integer(i128),
    Real(f64),
    /// Seconds since the beginning of 2001.
    Date(f64),
    Data(&'a [u8]),
    Text(Cow<'a, str>),
    Array(References<'a>),
    /// The keys, then as many values.
    Dictionary(References<'a>, References<'a>),
}

/// References to other objects, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct References<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl<'a> Table<'a> {
    /// Reads the trailer. Everything that it says must fit the file exactly.
    ///
    /// # Errors
    /// `P021` if anything does not.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, Finding> {
        let damaged = |what: &str| {
            let message = format!("the binary property list is damaged: {what}");
            refused("P021", message, DAMAGED_HINT)
        };
        let body = file.len().checked_sub(TRAILER_BYTES);
        let body = body.filter(|body| *body > HEADER.len());
        let (body, trailer) = file.split_at(body.ok_or_else(|| damaged("it is cut off"))?);
        let number = |at: usize| {
            let bytes = trailer.get(at..at + 8).unwrap_or_default();
            usize::try_from(unsigned(bytes)).unwrap_or(usize::MAX)
        };
        let widths = (usize::from(trailer[6]), usize::from(trailer[7]));
        let (count, top, start) = (number(8), number(16), number(24));
        let is_width = |width: usize| (1..=8).contains(&width);
        if !(is_width(widths.0) && is_width(widths.1)) {
            return Err(damaged("its trailer names widths that do not exist"));
        }
        let length = count.checked_mul(widths.0);
        let end = length.and_then(|length| length.checked_add(start));
        if start <= HEADER.len() || end != Some(body.len()) {
            return Err(damaged("its trailer does not fit the file"));
        }
        if top >= count {
            return Err(damaged("its outermost object does not exist"));
        }
        let (objects, offsets) = body.split_at(start);
        Ok(Self {
            objects,
            offsets,
            offset_bytes: widths.0,
            reference_bytes: widths.1,
            top,
        })
    }

    /// How many objects there are.
    pub(super) fn count(&self) -> usize {
        self.offsets.len() / self.offset_bytes
    }

    /// The object of this number.
    ///
    /// # Errors
    /// `P021` if it does not exist, lies outside of the file, or is of a kind that XML has not;
    /// `P014` for an integer beyond 64 bits.
    pub(super) fn object(&self, number: usize) -> Result<Object<'a>, Finding> {
        let offsets = self.offsets.chunks_exact(self.offset_bytes);
        let offset = offsets.clone().nth(number).map(unsigned);
        let offset = offset.and_then(|offset| usize::try_from(offset).ok());
        let inside = offset.filter(|offset| *offset >= HEADER.len());
        let bytes = inside.and_then(|offset| self.objects.get(offset..));
        let [marker, rest @ ..] = bytes.unwrap_or_default() else {
            return Err(outside());
        };
        match (marker >> 4, marker & 0x0F) {
            (0x0, 0x8) => Ok(Object::Boolean(false)),
            (0x0, 0x9) => Ok(Object::Boolean(true)),
            (0x1, power) => Ok(Object::Integer(integer(sized(rest, power)?)?)),
            (0x2, 0x2) => {
                let bits = u32::try_from(unsigned(sized(rest, 2)?)).unwrap_or_default();
                Ok(Object::Real(f64::from(f32::from_bits(bits))))
            }
            (0x2, 0x3) => Ok(Object::Real(f64::from_bits(unsigned(sized(rest, 3)?)))),
            (0x3, 0x3) => Ok(Object::Date(f64::from_bits(unsigned(sized(rest, 3)?)))),
            (0x4, low) => Ok(Object::Data(run(rest, low, 1)?)),
            (0x5, low) => ascii(run(rest, low, 1)?),
            (0x6, low) => utf16(run(rest, low, 2)?),
            (0xA, low) => Ok(Object::Array(self.references(run(
                rest,
                low,
                self.reference_bytes,
            )?))),
            (0xD, low) => {
                let both = run(rest, low, 2 * self.reference_bytes)?;
                let (keys, values) = both.split_at(both.len() / 2);
                Ok(Object::Dictionary(
                    self.references(keys),
                    self.references(values),
                ))
            }
            (0x8, _) => {
                let message = "a UID, which only keyed archives have";
                Err(refused("P021", message, NO_XML_HINT))
            }
            (0x0, 0x0 | 0xF) => Err(refused("P021", "a null or fill object", NO_XML_HINT)),
            _ => {
                let message = format!("an object of a kind that XML has not (0x{marker:02x})");
                Err(refused("P021", message, NO_XML_HINT))
            }
        }
    }

    fn references(&self, bytes: &'a [u8]) -> References<'a> {
        References {
            bytes,
            width: self.reference_bytes,
        }
    }
}

impl References<'_> {
    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.bytes.len() / self.width
    }

    /// The number of the object that this one names; of one that is not there, a number that no
    /// object has.
    pub(super) fn at(self, index: usize) -> usize {
        let number = self.bytes.chunks_exact(self.width).nth(index).map(unsigned);
        number.map_or(usize::MAX, |number| {
            usize::try_from(number).unwrap_or(usize::MAX)
        })
    }
}

fn outside() -> Finding {
    let message = "the binary property list is damaged: an object lies outside of the file";
    refused("P021", message, DAMAGED_HINT)
}

/// The number in at most 8 bytes, the highest first.
fn unsigned(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter();
    bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The first two-to-the-power bytes.
fn sized(bytes: &[u8], power: u8) -> Result<&[u8], Finding> {
    let length = 1_usize << power.min(5);
    bytes.get(..length).ok_or_else(outside)
}

/// An integer of 1, 2 or 4 bytes without a sign, or of 8 or 16 with one.
fn integer(bytes: &[u8]) -> Result<i128, Finding> {
    let number = match bytes.len() {
        1 | 2 | 4 => Some(i128::from(unsigned(bytes))),
        8 => Some(i128::from(unsigned(bytes).cast_signed())),
        16 => bytes.try_into().ok().map(i128::from_be_bytes),
        _ => None,
    };
    let fits = i128::from(i64::MIN)..=i128::from(u64::MAX);
    number
        .filter(|number| fits.contains(number))
        .ok_or_else(|| {
            let hint = "use a number from -9223372036854775808 to 18446744073709551615";
            refused("P014", "an integer that does not fit 64 bits", hint)
        })
}

/// The bytes of as many units as the low half of a marker says, or the integer that follows it.
fn run(rest: &[u8], low: u8, unit: usize) -> Result<&[u8], Finding> {
    let (count, rest) = if low < 0xF {
        (usize::from(low), rest)
    } else {
        let [marker @ 0x10..=0x13, rest @ ..] = rest else {
            return Err(outside());
        };
        let digits = sized(rest, marker & 0x0F)?;
        let count = usize::try_from(unsigned(digits)).unwrap_or(usize::MAX);
        (count, rest.get(digits.len()..).unwrap_or_default())
    };
    let length = count.checked_mul(unit).ok_or_else(outside)?;
    rest.get(..length).ok_or_else(outside)
}

fn ascii(bytes: &[u8]) -> Result<Object<'_>, Finding> {
    let text = std::str::from_utf8(bytes).ok().filter(|t| t.is_ascii());
    let text = text.ok_or_else(|| not_text("an ASCII text that is none"))?;
    Ok(Object::Text(Cow::Borrowed(text)))
}

fn utf16(bytes: &[u8]) -> Result<Object<'_>, Finding> {
    let (units, _) = bytes.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.map_err(|_| not_text("a text with half a character"))?;
    Ok(Object::Text(Cow::Owned(text)))
}

fn not_text(what: &str) -> Finding {
    let message = format!("the binary property list is damaged: {what}");
    refused("P021", message, DAMAGED_HINT)
}
