//! Binary property lists, converted to XML.
//!
//! The `plist` crate decodes objects; this module bounds what may come of them, since a binary
//! plist can refer to one object many times and so grow without end. Invariant: no more values,
//! depth or bytes come out than the reader's limits allow, and what has no XML form is refused.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::plist::stream::{BinaryReader, Event};

use crate::finding::{Finding, Severity};
use crate::plist::{DEPTH_MAX, ReaderLimits, XmlWriter};

const DAMAGED_HINT: &str = "save the profile again, best as XML: plutil -convert xml1 FILE";
const NO_XML_HINT: &str = "remove the value; a configuration profile has no use for it";
const TOO_BIG_HINT: &str = "save the profile as XML and upload that";

/// Converts a binary property list, and adds a notice that says so.
///
/// # Errors
/// `P021` if it is damaged, over a limit, or holds what XML or a dictionary cannot.
pub(super) fn to_xml(
    bytes: &[u8],
    limits: &ReaderLimits,
    notices: &mut Vec<Finding>,
) -> Result<Vec<u8>, Finding> {
    let mut conversion = Conversion {
        writer: XmlWriter::new(),
        open: Vec::new(),
        values: 0,
        limits: ReaderLimits {
            depth: limits.depth.min(DEPTH_MAX),
            ..*limits
        },
    };
    for event in BinaryReader::new(Cursor::new(bytes)) {
        let event = event.map_err(|error| {
            refused(
                format!("the binary property list is damaged: {error}"),
                DAMAGED_HINT,
            )
        })?;
        conversion.event(event)?;
    }
    let message = "the binary property list was converted to XML; places are those of the XML";
    let notice = Finding::host(Severity::Warning, "P021", (0, 0), message);
    notices.push(notice.with_hint("keep profiles as XML, which people can read and compare"));
    Ok(conversion.writer.finish())
}

/// A dictionary or array whose end has not come yet.
enum Open {
    Array,
    /// The keys so far, and whether a value comes next.
    Dictionary {
        keys: BTreeSet<String>,
        has_key: bool,
    },
}

struct Conversion {
    writer: XmlWriter,
    open: Vec<Open>,
    values: usize,
    limits: ReaderLimits,
}

impl Conversion {
    fn event(&mut self, event: Event<'_>) -> Result<(), Finding> {
        if matches!(event, Event::EndCollection) {
            self.open.pop();
            self.writer.end();
        } else if let Some(Open::Dictionary {
            keys,
            has_key: has_key @ false,
        }) = self.open.last_mut()
        {
            let Event::String(key) = event else {
                return Err(refused(
                    "a dictionary has a key that is no string",
                    NO_XML_HINT,
                ));
            };
            check_text(&key)?;
            self.writer.key(&key);
            *has_key = true;
            if !keys.insert(key.into_owned()) {
                let hint = "remove one; readers differ in which of the two they take";
                return Err(refused("a dictionary has one key twice", hint));
            }
        } else {
            if let Some(Open::Dictionary { has_key, .. }) = self.open.last_mut() {
                *has_key = false;
            }
            self.value(event)?;
        }
        let bytes = self.writer.len();
        if bytes > self.limits.bytes {
            let message = format!("it unfolds to more than {} bytes", self.limits.bytes);
            return Err(refused(message, TOO_BIG_HINT));
        }
        Ok(())
    }

    fn value(&mut self, event: Event<'_>) -> Result<(), Finding> {
        self.values += 1;
        let inner = if let Event::StartArray(length) | Event::StartDictionary(length) = &event {
            length.unwrap_or(0)
        } else {
            0
        };
        let room = self.limits.nodes.saturating_sub(self.values);
        if self.values > self.limits.nodes || usize::try_from(inner).is_ok_and(|n| n > room) {
            let message = format!("it unfolds to more than {} values", self.limits.nodes);
            return Err(refused(message, TOO_BIG_HINT));
        }
        match event {
            Event::StartArray(_) => {
                self.begin(Open::Array)?;
                self.writer.begin_array();
            }
            Event::StartDictionary(_) => {
                self.begin(Open::Dictionary {
                    keys: BTreeSet::new(),
                    has_key: false,
                })?;
                self.writer.begin_dictionary();
            }
            Event::String(text) => {
                check_text(&text)?;
                self.writer.string(&text);
            }
            Event::Integer(number) => {
                let signed = number.as_signed().map(i128::from);
                let number = signed.or(number.as_unsigned().map(i128::from));
                self.writer.integer(number.unwrap_or_default());
            }
            Event::Real(number) if number.is_finite() => {
                self.writer.real(number);
            }
            Event::Real(_) => return Err(refused("a number that is not finite", NO_XML_HINT)),
            Event::Boolean(flag) => {
                self.writer.boolean(flag);
            }
            Event::Date(date) => {
                self.writer.date(&date_text(date)?);
            }
            Event::Data(bytes) => {
                self.writer.data(&bytes);
            }
            Event::Uid(_) => {
                return Err(refused(
                    "a UID, which only keyed archives have",
                    NO_XML_HINT,
                ));
            }
            // The crate's enum may grow; a value that we do not know cannot be converted.
            Event::EndCollection | _ => {
                return Err(refused("a value of an unknown kind", NO_XML_HINT));
            }
        }
        Ok(())
    }

    fn begin(&mut self, open: Open) -> Result<(), Finding> {
        if self.open.len() >= self.limits.depth {
            let message = format!(
                "dictionaries and arrays are nested over {} deep",
                self.limits.depth
            );
            return Err(refused(message, TOO_BIG_HINT));
        }
        self.open.push(open);
        Ok(())
    }
}

/// The date in whole seconds; XML has no fractions, and the years are those of rule `P016`.
fn date_text(date: ::plist::Date) -> Result<String, Finding> {
    let time = SystemTime::from(date);
    let year_1900 = UNIX_EPOCH - Duration::from_hours(24 * 25_567);
    let year_10000 = UNIX_EPOCH + Duration::from_hours(24 * 2_932_897);
    // Checked before the crate formats it: outside of its years it panics.
    if time < year_1900 || time >= year_10000 {
        let hint = "use a year from 1900 to 9999";
        return Err(refused("a date outside the years 1900 to 9999", hint));
    }
    let text = date.to_xml_format();
    let seconds = text.get(..19).unwrap_or_default();
    Ok(format!("{seconds}Z"))
}

fn check_text(text: &str) -> Result<(), Finding> {
    let is_unfit = |c| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}');
    if text.contains(is_unfit) {
        return Err(refused(
            "a text with a character that XML cannot carry",
            NO_XML_HINT,
        ));
    }
    Ok(())
}

fn refused(message: impl Into<String>, hint: &str) -> Finding {
    Finding::host(Severity::Error, "P021", (0, 0), message).with_hint(hint)
}
