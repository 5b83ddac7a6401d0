//! Encodings, binary property lists and scalars for [`super::hostile_bodies`].
//!
//! Knows nothing of what a server makes of them.

use super::{IDLE, LARGE, MIB, Recipe, add, message, string};

/// A good message in encodings other than UTF-8, and bytes that are none.
pub(super) fn encoded(recipes: &mut Vec<Recipe>) {
    #[rustfmt::skip] // One line each.
    const BYTES: [(&str, &[u8]); 8] = [
        ("a lone continuation", b"\x80"),
        ("an overlong slash", b"\xC0\xAF"),
        ("a surrogate", b"\xED\xA0\x80"),
        ("beyond Unicode", b"\xF4\x90\x80\x80"),
        ("a cut sequence", b"\xE2\x82"),
        ("0xFF", b"\xFF"),
        ("NUL", b"\0"),
        ("a form feed", b"\x0C"),
    ];
    type Unit = fn(u16) -> [u8; 2];
    let wide = |bom: &[u8], unit: Unit| {
        let text = String::from_utf8(message(IDLE)).unwrap_or_default();
        [
            bom,
            &text.encode_utf16().flat_map(unit).collect::<Vec<u8>>(),
        ]
        .concat()
    };
    add(recipes, "UTF-16 LE with mark", move || {
        wide(b"\xFF\xFE", u16::to_le_bytes)
    });
    add(recipes, "UTF-16 BE with mark", move || {
        wide(b"\xFE\xFF", u16::to_be_bytes)
    });
    add(recipes, "UTF-16 LE", move || wide(b"", u16::to_le_bytes));
    add(recipes, "UTF-16 BE", move || wide(b"", u16::to_be_bytes));
    add(recipes, "UTF-8 with mark", || {
        [b"\xEF\xBB\xBF".to_vec(), message(IDLE)].concat()
    });
    add(recipes, "UTF-32 mark", || {
        b"\xFF\xFE\0\0<\0\0\0p\0\0\0".to_vec()
    });
    for (name, bytes) in BYTES {
        add(recipes, format!("{name} at the start"), move || {
            [bytes, &message(IDLE)].concat()
        });
        add(recipes, format!("{name} in a value"), move || {
            let good = message(&string("UDID", "A"));
            let middle = good.len() - "</string></dict></plist>".len();
            [&good[..middle], bytes, &good[middle..]].concat()
        });
        add(recipes, format!("{name} at the end of 4 MiB"), move || {
            let mut body = message(IDLE);
            body.resize(LARGE - bytes.len(), b' ');
            [&body, bytes].concat()
        });
        add(recipes, format!("4 MiB: {name}"), move || {
            bytes.repeat(LARGE / bytes.len())
        });
    }
}

/// Binary property lists: objects, the table of offsets, and a trailer that lies.
pub(super) fn binary(recipes: &mut Vec<Recipe>) {
    /// Objects, their offsets, bytes of an offset and of a reference, count, root, table's place.
    type Binary = (
        &'static str,
        &'static [u8],
        &'static [u8],
        [u8; 2],
        [u64; 3],
    );
    #[rustfmt::skip] // One line each.
    const FORMS: [Binary; 10] = [
        ("an array in itself", b"\xA1\0", b"\x08", [1, 1], [1, 0, 10]),
        ("a dictionary that is its key", b"\xD1\0\0", b"\x08", [1, 1], [1, 0, 11]),
        ("two arrays in each other", b"\xA1\x01\xA1\0", b"\x08\x0A", [1, 1], [2, 0, 12]),
        ("a huge count", b"\xAF\x13\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", b"\x08", [1, 1], [1, 0, 18]),
        ("a huge data", b"\x4F\x13\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", b"\x08", [1, 1], [1, 0, 18]),
        ("an offset beyond the end", b"\x09", b"\xFF", [1, 1], [1, 0, 9]),
        ("u64::MAX objects", b"\x09", b"\x08", [8, 8], [u64::MAX, 0, 9]),
        ("a table beyond the end", b"\x09", b"\x08", [1, 1], [1, 0, u64::MAX]),
        ("a root that is not there", b"\x09", b"\x08", [1, 1], [1, u64::MAX, 9]),
        ("offsets of no bytes", b"\x09", b"\x08", [0, 0], [1, 0, 9]),
    ];
    for (name, objects, offsets, sizes, trailer) in FORMS {
        add(recipes, format!("binary: {name}"), move || {
            let trailer: Vec<u8> = trailer.into_iter().flat_map(u64::to_be_bytes).collect();
            [b"bplist00", objects, offsets, &[0; 6], &sizes, &trailer].concat()
        });
    }
    add(
        recipes,
        "binary: 40 levels of arrays that hold the next one twice",
        || {
            let objects = (1..40u8).flat_map(|next| [0xA2, next, next]);
            let offsets = (0..40u8).map(|level| 8 + 3 * level);
            let body = b"bplist00"
                .iter()
                .copied()
                .chain(objects)
                .chain([0x09])
                .chain(offsets);
            let table = 8 + 39 * 3 + 1u64;
            let trailer = [40, 0, table].into_iter().flat_map(u64::to_be_bytes);
            body.chain([0, 0, 0, 0, 0, 0, 1, 1])
                .chain(trailer)
                .collect()
        },
    );
    add(recipes, "binary: the header alone", || b"bplist00".to_vec());
    add(recipes, "binary: another version", || b"bplist17".to_vec());
    add(recipes, "binary: 4 MiB of zeros", || {
        [b"bplist00".to_vec(), vec![0; LARGE - 8]].concat()
    });
}

/// Numbers, dates and the like that are none, or far too long.
pub(super) fn scalars(recipes: &mut Vec<Recipe>) {
    #[rustfmt::skip] // Several to a line.
    const TEXTS: [(&str, &[&str]); 5] = [
        (
            "integer",
            &["", " ", "-", "+1", " 1 ", "1.0", "0x", "--1", "18446744073709551616", "\u{661}"],
        ),
        (
            "real",
            &["1e999999", "-1e999999", "1e-999999", "nan", "inf", ".", "e", "0x1p3", "1_0"],
        ),
        (
            "date",
            &["", "now", "99999-01-01T00:00:00Z", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
              "0000-00-00T00:00:00Z", "2024-01-01T00:00:00+01:00", "2024-01-01T24:00:60Z"],
        ),
        ("true", &["a", "<true/>"]),
        ("data", &["A", "AA", "AA=", "A===", "AAAA=AAA", "AA-_", "\u{1F600}"]),
    ];
    for (element, texts) in TEXTS {
        for text in texts {
            add(recipes, format!("{element} {text:?}"), move || {
                message(&(IDLE.to_owned() + &format!("<key>x</key><{element}>{text}</{element}>")))
            });
        }
        for digit in ["1", "0", "9", "-", "e1", "0x"] {
            add(recipes, format!("1 MiB: {element} of {digit}"), move || {
                let text = digit.repeat(MIB / digit.len());
                message(&(IDLE.to_owned() + &format!("<key>x</key><{element}>{text}</{element}>")))
            });
        }
    }
}
