//! The elements of a property list, and the values of those that hold text alone.
//!
//! Knows nothing of nesting. Invariant: an element is known by its exact name or not at all.

use std::borrow::Cow;

use super::document::Span;
use super::fault::Fault;
use super::scalar;
use super::scan::{Scanner, Tag, shown};

/// The elements that a property list is made of, apart from `<plist>` itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Key,
    Container { is_dictionary: bool },
    Scalar(Scalar),
}

/// The elements that hold text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    String,
    Integer,
    Real,
    Boolean(bool),
    Date,
    Data,
}

impl Element {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "key" => Self::Key,
            "dict" => Self::Container {
                is_dictionary: true,
            },
            "array" => Self::Container {
                is_dictionary: false,
            },
            "string" => Self::Scalar(Scalar::String),
            "integer" => Self::Scalar(Scalar::Integer),
            "real" => Self::Scalar(Scalar::Real),
            "true" => Self::Scalar(Scalar::Boolean(true)),
            "false" => Self::Scalar(Scalar::Boolean(false)),
            "date" => Self::Scalar(Scalar::Date),
            "data" => Self::Scalar(Scalar::Data),
            _ => return None,
        })
    }
}

/// What stands between a scalar's tags, and where.
pub(super) struct Content<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) inner: Span,
    pub(super) whole: Span,
}

/// A value that holds text alone, as a sink gets it.
pub(super) enum Given<'a, 'r> {
    String(Cow<'a, str>),
    Integer(i128),
    Real(f64),
    Boolean(bool),
    Date(Cow<'a, str>),
    /// The bytes, which the sink may take away, and the base64 that they came from.
    Data(&'r mut Vec<u8>, Cow<'a, str>),
}

/// The value that a scalar's text stands for.
pub(super) fn value<'a, 'r>(
    scanner: &'r mut Scanner<'a>,
    scalar: Scalar,
    content: Content<'a>,
) -> Result<Given<'a, 'r>, Fault> {
    let text = content.text.as_ref();
    let at = content.whole.start as usize;
    let unfit = |rule, unfit: scalar::Unfit| Fault::error(rule, at, unfit.message, unfit.hint);
    Ok(match scalar {
        Scalar::String => Given::String(content.text),
        Scalar::Integer => {
            let (number, is_hex) = scalar::integer(text).map_err(|why| unfit("P014", why))?;
            if is_hex {
                let message = "a hexadecimal integer, which some plist readers refuse";
                scanner.warn(Fault::warning("P014", at, message, "write it in decimal"));
            }
            Given::Integer(number)
        }
        Scalar::Real => Given::Real(scalar::real(text).map_err(|why| unfit("P015", why))?),
        Scalar::Boolean(flag) if text.is_empty() => Given::Boolean(flag),
        Scalar::Boolean(_) => {
            let hint = "write <true/> or <false/>";
            return Err(Fault::error("P011", at, "a boolean with text in it", hint));
        }
        Scalar::Date if scalar::is_date(text) => Given::Date(content.text),
        Scalar::Date => {
            let hint = "write it as 2031-12-24T18:30:00Z, with a year from 1900 to 9999";
            return Err(Fault::error("P016", at, "this is not a date", hint));
        }
        Scalar::Data => return data(scanner, content),
    })
}

fn data<'a, 'r>(
    scanner: &'r mut Scanner<'a>,
    content: Content<'a>,
) -> Result<Given<'a, 'r>, Fault> {
    let source = scanner.text;
    let decoded = scalar::data(&content.text, &mut scanner.packed, &mut scanner.bytes);
    decoded.map_err(|unfit| {
        let start = content.inner.start as usize;
        let at = match scalar::data_fault_offset(&source[start..content.inner.end as usize]) {
            0 => content.whole.start as usize,
            offset => start + offset,
        };
        Fault::error("P017", at, unfit.message, unfit.hint)
    })?;
    Ok(Given::Data(&mut scanner.bytes, content.text))
}

pub(super) fn key_twice(key: &str, at: u32) -> Fault {
    let message = format!("the key {} is here twice", shown(key));
    let hint = "remove one; readers differ in which of the two they take";
    Fault::error("P009", at as usize, message, hint)
}

pub(super) fn unknown_element(tag: &Tag<'_>) -> Fault {
    let lower = tag.name.to_ascii_lowercase();
    let hint = if Element::named(&lower).is_some() {
        "write element names in lower case"
    } else {
        "use dict, array, key, string, integer, real, true, false, date or data; write < as &lt;"
    };
    let message = format!("<{}> is not an element of property lists", shown(tag.name));
    Fault::error("P011", tag.span.start as usize, message, hint)
}
