//! The table that comes with the plugin, in the shape in which `build.rs` puts it, and its unpacking.
//!
//! Knows what the bytes stand for and not what they say. Invariant: a type is unpacked once, when it
//! is first looked at, and stays where it is as long as the one who asked for it holds [`Unpacked`].

use std::cell::OnceCell;

/// The table's text up to the end of its index.
pub(crate) const HEAD: &str = include_str!(concat!(env!("OUT_DIR"), "/head"));

/// The types, one after the other.
pub(crate) const BODY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/body"));

/// What each code stands for, two bytes after two bytes.
const PAIRS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pairs"));

/// The first byte that is a code.
const FIRST_CODE: u8 = 0x80;

/// The types that were unpacked, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Unpacked(OnceCell<Box<Type>>);

#[derive(Debug)]
struct Type {
    name: String,
    text: String,
    next: Unpacked,
}

impl Unpacked {
    /// The text of a type, whose packed bytes are looked for only if it was not asked for before.
    pub(crate) fn text<'p>(
        &self,
        name: &str,
        packed: impl FnOnce() -> Option<&'p [u8]>,
    ) -> Option<&str> {
        let mut here = self;
        while let Some(found) = here.0.get() {
            if found.name == name {
                return Some(&found.text);
            }
            here = &found.next;
        }
        let text = unpack(packed()?)?;
        let found = here.0.get_or_init(|| {
            Box::new(Type {
                name: name.to_owned(),
                text,
                next: Self::default(),
            })
        });
        Some(&found.text)
    }
}

/// `None` if it is not what `build.rs` makes.
fn unpack(packed: &[u8]) -> Option<String> {
    let mut text = Vec::with_capacity(packed.len() * 4);
    // What is still to be unpacked, the next one last.
    let mut open = Vec::new();
    for byte in packed {
        open.push(*byte);
        while let Some(byte) = open.pop() {
            let Some(code) = byte.checked_sub(FIRST_CODE) else {
                text.push(byte);
                continue;
            };
            let at = usize::from(code) * 2;
            let pair = PAIRS.get(at..at + 2)?;
            open.extend([pair[1], pair[0]]);
        }
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    /// Packing loses nothing and pays: every type of the table reads as it is written in the file.
    #[test]
    fn nothing_is_lost() {
        let text = include_str!("../schema.table");
        let unpacked = Unpacked::default();
        let plain = Table::read(text).unwrap();
        let packed = Table::built_in(&unpacked).unwrap();
        let names: Vec<_> = plain
            .names()
            .chain(["TopLevel", "CommonPayloadKeys"])
            .collect();
        assert!(names.len() > 100);
        for _ in 0..2 {
            for name in &names {
                assert!(plain.block(name).is_some(), "{name}");
                assert_eq!(plain.block(name), packed.block(name), "{name}");
            }
        }
        assert!(packed.names().eq(plain.names()));
        assert!(
            HEAD.contains("Copyright"),
            "the licence of the facts goes with them"
        );
        assert!((HEAD.len() + BODY.len() + PAIRS.len()) * 5 < text.len() * 3);
    }

    /// Bytes that nothing made are no text, and unpacking them ends.
    #[test]
    fn damage() {
        assert_eq!(unpack(b"abc").as_deref(), Some("abc"));
        assert_eq!(unpack(b"").as_deref(), Some(""));
        let codes = u8::try_from(PAIRS.len() / 2).unwrap();
        if let Some(unknown) = FIRST_CODE.checked_add(codes) {
            assert_eq!(unpack(&[unknown]), None);
        }
    }
}
