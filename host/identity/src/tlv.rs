//! The outer form of ASN.1: tags, lengths and nesting, before anything decodes what they mean.
//!
//! CMS may be written as BER (RFC 5652 section 2), and Apple's encoder does so: indefinite lengths,
//! octet strings in pieces. The decoders of this crate read DER only. So one pass over the bytes
//! turns that much of BER into DER and, on the way, bounds what the decoders would spend: how deep
//! values nest, and how many members a set has (they sort sets by insertion). It must not know any
//! type.
//!
//! **Invariant.** It walks with a stack of its own, never by recursion, and reads each byte once.
//! What it returns is definite, minimal in its lengths and made of the values it was given.

use std::borrow::Cow;

/// Deepest nesting that is read. A certificate within a signed message nests 11 deep.
const DEPTH_MAX: usize = 24;
/// Most members of a set, or of anything with a context tag (CMS writes its sets so).
const MEMBERS_MAX: usize = 64;

const TAG_OCTET_STRING: u8 = 0x04;
const TAG_SET: u8 = 0x31;
const CONSTRUCTED: u8 = 0x20;
const CLASS: u8 = 0xc0;
const CLASS_UNIVERSAL: u8 = 0x00;
const CLASS_CONTEXT: u8 = 0x80;
const NUMBER: u8 = 0x1f;

/// Why bytes are not one value of ASN.1 as it is accepted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlvError {
    /// The bytes end within a value.
    #[error("the bytes end within a value")]
    Truncated,
    /// There is something after the value.
    #[error("there are bytes after the end of the value")]
    Trailing,
    /// A value that reaches beyond the one around it, or an end without a beginning.
    #[error("a value does not end where the one around it does")]
    Overlap,
    /// A tag or a length in a form that neither CMS nor X.509 needs.
    #[error("a tag or a length is written in a form that is not accepted")]
    Form,
    /// DER was asked for, and the bytes are some other BER.
    #[error("the bytes are BER, but not DER")]
    NotDer,
    /// Nested deeper than anything real.
    #[error("values nest deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// A set with more members than anything real.
    #[error("a set has more than {MEMBERS_MAX} members")]
    TooManyMembers,
}

/// Checks that the bytes are exactly one value with definite, minimal lengths, within the bounds.
pub(crate) fn check_der(bytes: &[u8]) -> Result<(), TlvError> {
    match to_der(bytes)? {
        Cow::Borrowed(_) => Ok(()),
        Cow::Owned(_) => Err(TlvError::NotDer),
    }
}

/// The one value in these bytes, with indefinite lengths made definite and octet strings in pieces
/// put together; borrowed if there was nothing to do. Non-minimal lengths are refused rather than
/// mended: no encoder in use writes them.
pub(crate) fn to_der(bytes: &[u8]) -> Result<Cow<'_, [u8]>, TlvError> {
    if walk(bytes, Purpose::Check)?.is_some() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mended = walk(bytes, Purpose::Mend)?;
    mended.map(Cow::Owned).ok_or(TlvError::NotDer)
}

/// Why the bytes are walked over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To find what is wrong; it ends with nothing where there is something to mend.
    Check,
    /// To write them anew.
    Mend,
}

fn walk(bytes: &[u8], purpose: Purpose) -> Result<Option<Vec<u8>>, TlvError> {
    let mut input = Input { bytes, at: 0 };
    let mut open = vec![Open::outermost(bytes.len())];
    loop {
        while let Some(closed) = close_if_ended(&mut input, &mut open)? {
            match open.last_mut() {
                Some(parent) => parent.take(&closed, purpose)?,
                None => return Ok(Some(closed.content)),
            }
        }
        let Some(around) = open.last_mut() else {
            return Err(TlvError::Overlap);
        };
        if around.is_outermost() && around.members == 1 {
            return Err(TlvError::Trailing);
        }
        let tag = input.tag()?;
        let length = input.length(tag)?;
        let is_ber = length.is_none() || tag == TAG_OCTET_STRING | CONSTRUCTED;
        if is_ber && purpose == Purpose::Check {
            return Ok(None);
        }
        let end = length.map(|length| input.at.checked_add(length).ok_or(TlvError::Form));
        let end = end.transpose()?;
        if end.is_some_and(|end| end > around.limit) {
            return Err(if around.limit == bytes.len() {
                TlvError::Truncated
            } else {
                TlvError::Overlap
            });
        }
        if tag & CONSTRUCTED == 0 {
            let content = input.take(length.ok_or(TlvError::Form)?)?;
            let content = match purpose {
                Purpose::Check => Vec::new(),
                Purpose::Mend => content.to_vec(),
            };
            let member = Open {
                tag,
                end,
                limit: 0,
                members: 0,
                content,
            };
            around.take(&member, purpose)?;
            continue;
        }
        let limit = end.unwrap_or(around.limit);
        if open.len() > DEPTH_MAX {
            return Err(TlvError::TooDeep);
        }
        open.push(Open {
            tag,
            end,
            limit,
            members: 0,
            content: Vec::new(),
        });
    }
}

/// A value whose content is being read. `limit` is the nearest end that is known.
struct Open {
    tag: u8,
    end: Option<usize>,
    limit: usize,
    members: usize,
    content: Vec<u8>,
}

impl Open {
    /// Stands around the one value; tag 0 is no value's.
    fn outermost(length: usize) -> Self {
        Self {
            tag: 0,
            end: Some(length),
            limit: length,
            members: 0,
            content: Vec::new(),
        }
    }

    fn is_outermost(&self) -> bool {
        self.tag == 0
    }

    fn is_string_in_pieces(&self) -> bool {
        self.tag == TAG_OCTET_STRING | CONSTRUCTED
    }

    /// Appends a member that has been read to its end.
    fn take(&mut self, member: &Self, purpose: Purpose) -> Result<(), TlvError> {
        self.members += 1;
        let is_bounded = self.tag == TAG_SET || self.tag & CLASS == CLASS_CONTEXT;
        if is_bounded && self.members > MEMBERS_MAX {
            return Err(TlvError::TooManyMembers);
        }
        if purpose == Purpose::Check {
            return Ok(());
        }
        let tag = if member.is_string_in_pieces() {
            TAG_OCTET_STRING
        } else {
            member.tag
        };
        if self.is_string_in_pieces() {
            if tag != TAG_OCTET_STRING {
                return Err(TlvError::Form);
            }
        } else {
            self.content.push(tag);
            push_length(&mut self.content, member.content.len());
        }
        self.content.extend_from_slice(&member.content);
        Ok(())
    }
}

/// Takes the innermost open value off the stack if the input is at its end.
fn close_if_ended(input: &mut Input<'_>, open: &mut Vec<Open>) -> Result<Option<Open>, TlvError> {
    let Some(innermost) = open.last() else {
        return Ok(None);
    };
    let is_ended = match innermost.end {
        Some(end) if innermost.is_outermost() => input.at == end && innermost.members == 1,
        Some(end) => input.at == end,
        None => input.is_at_end_mark(innermost.limit),
    };
    if !is_ended {
        return Ok(None);
    }
    if innermost.end.is_none() {
        input.take(2)?;
    }
    Ok(open.pop())
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    let bytes = length.to_be_bytes();
    let significant = bytes
        .iter()
        .position(|&byte| byte != 0)
        .unwrap_or(bytes.len() - 1);
    let bytes = &bytes[significant..];
    if let ([byte], true) = (bytes, length < 0x80) {
        out.push(*byte);
        return;
    }
    // A length has at most the 8 bytes of a usize.
    out.push(0x80 | bytes.len().to_le_bytes()[0]);
    out.extend_from_slice(bytes);
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], TlvError> {
        let end = self.at.checked_add(count).ok_or(TlvError::Truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or(TlvError::Truncated)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, TlvError> {
        self.take(1).map(|taken| taken[0])
    }

    fn is_at_end_mark(&self, limit: usize) -> bool {
        self.at + 2 <= limit && self.bytes.get(self.at..self.at + 2) == Some(&[0, 0])
    }

    /// A tag of one byte. Of the universal types only sequences, sets and octet strings may be
    /// constructed, and the end mark is no value.
    fn tag(&mut self) -> Result<u8, TlvError> {
        let tag = self.byte()?;
        let is_universal = tag & CLASS == CLASS_UNIVERSAL;
        let is_constructed = tag & CONSTRUCTED != 0;
        let is_odd = match tag & NUMBER {
            NUMBER => true,
            0x00 => is_universal,
            0x04 => false,
            0x10 | 0x11 => is_universal && !is_constructed,
            _ => is_universal && is_constructed,
        };
        if is_odd { Err(TlvError::Form) } else { Ok(tag) }
    }

    /// The length, or `None` for an indefinite one.
    fn length(&mut self, tag: u8) -> Result<Option<usize>, TlvError> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(Some(usize::from(first)));
        }
        let count = usize::from(first & 0x7f);
        if count == 0 {
            let is_constructed = tag & CONSTRUCTED != 0;
            return if is_constructed {
                Ok(None)
            } else {
                Err(TlvError::Form)
            };
        }
        if count > 4 {
            return Err(TlvError::Form);
        }
        let bytes = self.take(count)?;
        let length = bytes
            .iter()
            .fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
        let is_minimal = bytes[0] != 0 && length >= 0x80;
        if is_minimal {
            Ok(Some(length))
        } else {
            Err(TlvError::Form)
        }
    }
}

#[cfg(test)]
mod tests;
