//! Packs the table that comes with the plugin, so that it takes half of its size in the component.
//!
//! The two bytes that most often stand side by side become one byte that no text has, again and
//! again, until there is no such byte left. Each type is packed by itself, since the plugin reads
//! only those that occur. `src/packed.rs` undoes it. Knows the table's frame and none of its facts.
//! Invariant: the same table gives the same bytes on every machine.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::{env, fs, io, iter};

const TABLE: &str = "schema.table";

/// The first byte that stands for two others; the table's types are ASCII.
const FIRST_CODE: u8 = 0x80;

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let path = here.join(TABLE);
    for file in [&path, &here.join("build.rs")] {
        writeln!(io::stdout(), "cargo::rerun-if-changed={}", file.display())?;
    }
    let packed =
        pack(&fs::read_to_string(path)?).ok_or("schema.table has no index of ASCII types")?;
    fs::write(out.join("head"), packed.head)?;
    fs::write(out.join("body"), packed.body)?;
    fs::write(out.join("pairs"), packed.pairs.concat())?;
    Ok(())
}

struct Packed {
    /// The table up to the end of its index, whose offsets and lengths are those in `body`.
    head: String,
    body: Vec<u8>,
    /// What each code stands for, from [`FIRST_CODE`] on: two bytes that may be codes themselves.
    pairs: Vec<[u8; 2]>,
}

/// `None` if the text is no table, or if not all of its types are ASCII.
fn pack(table: &str) -> Option<Packed> {
    let (intro, rest) = table.split_once("\nindex ")?;
    let (sizes, rest) = rest.split_once('\n')?;
    let (count, bytes) = sizes.split_once(' ')?;
    let (index, body) = rest.split_at_checked(bytes.parse().ok()?)?;
    let mut names = Vec::new();
    let mut blocks = Vec::new();
    for line in index.lines() {
        let mut fields = line.split('\t');
        names.push(fields.next()?);
        let from: usize = fields.next()?.parse().ok()?;
        let length: usize = fields.next()?.parse().ok()?;
        let block = body.get(from..from.checked_add(length)?)?;
        blocks.push(block.is_ascii().then(|| block.as_bytes().to_vec())?);
    }
    let pairs: Vec<[u8; 2]> = (FIRST_CODE..=u8::MAX)
        .map_while(|code| replace_commonest(&mut blocks, code))
        .collect();
    let mut index = String::new();
    let mut at = 0;
    for (name, block) in iter::zip(names, &blocks) {
        let _ = writeln!(index, "{name}\t{at}\t{}", block.len());
        at += block.len();
    }
    Some(Packed {
        head: format!("{intro}\nindex {count} {}\n{index}", index.len()),
        body: blocks.concat(),
        pairs,
    })
}

/// Puts `code` for the commonest pair, of equals the lowest; `None` if that would gain nothing.
fn replace_commonest(blocks: &mut [Vec<u8>], code: u8) -> Option<[u8; 2]> {
    /// A pair takes two bytes in the list of pairs.
    const GAIN_MIN: u32 = 4;
    let mut counts = vec![0_u32; 1 << 16];
    for block in blocks.iter() {
        for pair in block.windows(2) {
            counts[usize::from(u16::from_be_bytes([pair[0], pair[1]]))] += 1;
        }
    }
    let most = *counts.iter().max()?;
    let pair = counts.iter().position(|count| *count == most)?;
    let pair = u16::try_from(pair).ok()?.to_be_bytes();
    if most < GAIN_MIN {
        return None;
    }
    for block in blocks {
        let mut packed = Vec::with_capacity(block.len());
        let mut rest = block.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if rest.starts_with(&pair) {
                packed.push(code);
                rest = &rest[2..];
            } else {
                packed.push(*first);
                rest = after;
            }
        }
        *block = packed;
    }
    Some(pair)
}
