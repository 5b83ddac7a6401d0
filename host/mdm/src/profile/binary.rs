//! Binary property lists, converted to XML.
//!
//! Invariants: no more values, depth or bytes come out than the reader's limits allow, and what has
//! no XML form is refused. A dictionary or array has one place: one that is referred to twice could
//! unfold without end, contains itself, or is a copy in one reader and the same thing in another.
//! Texts and other plain values may be shared, as Apple's own writer shares them.

mod objects;

use crate::finding::{Finding, Severity};
use crate::plist::{DEPTH_MAX, ReaderLimits, XmlWriter};

use objects::{Object, References, Table};

const DAMAGED_HINT: &str = "save the profile again, best as XML: plutil -convert xml1 FILE";
const NO_XML_HINT: &str = "remove the value; a configuration profile has no use for it";
const TOO_BIG_HINT: &str = "split it into several profiles";

/// Seconds from 1970 to 2001, the beginning of a binary date; 1900, and 10000, since 1970.
const YEAR_2001: f64 = 978_307_200.0;
const YEAR_1900: f64 = -2_208_988_800.0;
const YEAR_10000: f64 = 253_402_300_800.0;

/// Converts a binary property list, and adds a notice that says so.
///
/// # Errors
/// `P021` if it is damaged, has a container in two places or holds what XML cannot, and the rule of
/// the same fault in XML otherwise: `P013` to `P016`, `P018`, `P019`. There are no places.
pub(super) fn to_xml(
    bytes: &[u8],
    limits: &ReaderLimits,
    notices: &mut Vec<Finding>,
) -> Result<Vec<u8>, Finding> {
    let table = Table::read(bytes)?;
    let mut conversion = Conversion {
        table,
        placed: vec![false; table.count()],
        writer: XmlWriter::new(),
        open: Vec::new(),
        values: 0,
        limits: ReaderLimits {
            depth: limits.depth.min(DEPTH_MAX),
            ..*limits
        },
    };
    conversion.value(table.top)?;
    while conversion.step()? {}
    let message = "the binary property list was converted to XML; places are those of the XML";
    let notice = Finding::host(Severity::Warning, "P021", (0, 0), message);
    notices.push(notice.with_hint("keep profiles as XML, which people can read and compare"));
    Ok(conversion.writer.finish())
}

/// A dictionary or array whose end has not come yet.
struct Open<'a> {
    /// The object's number.
    number: usize,
    values: References<'a>,
    /// How many of them were written.
    written: usize,
    /// A dictionary's keys. That none is there twice is for the reader of the XML.
    keys: Option<References<'a>>,
}

struct Conversion<'a> {
    table: Table<'a>,
    /// Which dictionaries and arrays have a place.
    placed: Vec<bool>,
    writer: XmlWriter,
    open: Vec<Open<'a>>,
    values: usize,
    limits: ReaderLimits,
}

impl<'a> Conversion<'a> {
    /// Writes the next value, or the end of the innermost container; `false` if none is open.
    fn step(&mut self) -> Result<bool, Finding> {
        let Some(open) = self.open.last_mut() else {
            return Ok(false);
        };
        let index = open.written;
        if index == open.values.len() {
            self.open.pop();
            self.writer.end();
            return Ok(true);
        }
        open.written += 1;
        let value = open.values.at(index);
        if let Some(keys) = open.keys {
            let Object::Text(key) = self.table.object(keys.at(index))? else {
                let message = "a dictionary has a key that is no string";
                return Err(refused("P021", message, NO_XML_HINT));
            };
            check_text(&key)?;
            self.writer.key(&key);
        }
        self.value(value)?;
        Ok(true)
    }

    fn value(&mut self, number: usize) -> Result<(), Finding> {
        self.values += 1;
        let object = self.table.object(number)?;
        match object {
            Object::Array(values) => {
                self.begin(number, values, None)?;
                self.writer.begin_array();
            }
            Object::Dictionary(keys, values) => {
                self.begin(number, values, Some(keys))?;
                self.writer.begin_dictionary();
            }
            Object::Text(text) => {
                check_text(&text)?;
                self.writer.string(&text);
            }
            Object::Integer(number) => {
                self.writer.integer(number);
            }
            Object::Real(number) if number.is_finite() => {
                self.writer.real(number);
            }
            Object::Real(_) => {
                return Err(refused("P015", "a number that is not finite", NO_XML_HINT));
            }
            Object::Boolean(flag) => {
                self.writer.boolean(flag);
            }
            Object::Date(seconds) => {
                self.writer.date(&date_text(seconds)?);
            }
            Object::Data(bytes) => {
                self.writer.data(bytes);
            }
        }
        let bytes = self.writer.len();
        if self.values > self.limits.nodes || bytes > self.limits.bytes {
            let ReaderLimits { nodes, bytes, .. } = self.limits;
            let message = format!("it unfolds to more than {nodes} values or {bytes} bytes");
            return Err(refused("P019", message, TOO_BIG_HINT));
        }
        Ok(())
    }

    fn begin(
        &mut self,
        number: usize,
        values: References<'a>,
        keys: Option<References<'a>>,
    ) -> Result<(), Finding> {
        let placed = self.placed.get_mut(number);
        if placed.is_none_or(|placed| std::mem::replace(placed, true)) {
            let contains_itself = self.open.iter().any(|open| open.number == number);
            let message = if contains_itself {
                "a dictionary or array contains itself"
            } else {
                "a dictionary or array stands in two places at once"
            };
            return Err(refused("P021", message, DAMAGED_HINT));
        }
        if self.open.len() >= self.limits.depth {
            let depth = self.limits.depth;
            let message = format!("dictionaries and arrays are nested over {depth} deep");
            return Err(refused("P018", message, TOO_BIG_HINT));
        }
        self.open.push(Open {
            number,
            values,
            written: 0,
            keys,
        });
        Ok(())
    }
}

/// The date in whole seconds; XML has no fractions, and the years are those of rule `P016`.
fn date_text(seconds: f64) -> Result<String, Finding> {
    let since_1970 = (seconds + YEAR_2001).floor();
    if !(YEAR_1900..YEAR_10000).contains(&since_1970) {
        let hint = "use a year from 1900 to 9999";
        let message = "a date outside the years 1900 to 9999";
        return Err(refused("P016", message, hint));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let since_1970 = since_1970 as i64;
    let (days, second) = (since_1970.div_euclid(86_400), since_1970.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Ok(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    ))
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar: counted from a
/// first of March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let since_march = days + 719_468;
    let era = since_march.div_euclid(146_097);
    let day_of_era = since_march.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn check_text(text: &str) -> Result<(), Finding> {
    let is_unfit = |c| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}');
    if text.contains(is_unfit) {
        let message = "a text with a character that XML cannot carry";
        return Err(refused("P013", message, NO_XML_HINT));
    }
    Ok(())
}

fn refused(rule: &str, message: impl Into<String>, hint: &str) -> Finding {
    Finding::host(Severity::Error, rule, (0, 0), message).with_hint(hint)
}
