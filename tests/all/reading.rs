//! The host's strict reading, looked at from outside: beside another reader, under random damage,
//! and rule by rule.

mod differential;
mod fuzzing;
#[path = "../fuzz/src/invariants.rs"]
#[expect(unreachable_pub, reason = "the file is part of a library, too")]
mod invariants;
mod rules;

use std::fs;

use mooring_tests::corpus::{folder, profiles};

use crate::mutants::source::Random;

/// Profiles to damage: those of the corpus if it is there, the signed ones of this repository, and a
/// small one.
fn files(test: &str) -> Vec<Vec<u8>> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/data/reading/signed");
    let mut paths = profiles(own.as_ref());
    paths.extend(folder(test).iter().flat_map(|root| profiles(root)));
    let read = |path| fs::read(path).unwrap();
    let mut files: Vec<_> = paths.into_iter().map(read).collect();
    files.retain(|file| file.len() < 64 * 1024);
    files.push(profile(
        "<key>a</key><array><real>1.5</real><date>2031-12-24T18:30:00Z</date></array>",
    ));
    files
}

/// A profile with these entries, the first of which is on line 3.
fn profile(entries: &str) -> Vec<u8> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\n{entries}\n\
         <key>PayloadIdentifier</key><string>com.example.reading</string></dict></plist>\n"
    );
    text.into_bytes()
}

/// What is put into a file, where it hurts most.
const PIECES: [&str; 44] = [
    "<dict>",
    "</dict>",
    "<array>",
    "</array>",
    "<array/>",
    "<key>",
    "</key>",
    "<key>a</key>",
    "<string>",
    "</string>",
    "<string/>",
    "<integer>",
    "<integer>0x1F</integer>",
    "<integer> 7</integer>",
    "<real>nan</real>",
    "<real>1e5</real>",
    "<true/>",
    "<false></false>",
    "<date>2031-02-29T00:00:00Z</date>",
    "<data>QQ==</data>",
    "<data>QQ</data>",
    "<data>Q Q = =</data>",
    "<!--",
    "-->",
    "<!-- a -->",
    "<![CDATA[x]]>",
    "]]>",
    "&amp;",
    "&#65;",
    "&#x0;",
    "&nbsp;",
    "&",
    "<",
    ">",
    "\"",
    "\r",
    "\r\n",
    "\u{0}",
    "\u{FEFF}",
    "\u{200B}",
    "\u{e9}",
    "</plist>",
    "<?x y?>",
    "<!DOCTYPE plist>",
];

/// A file with one to three random changes.
fn damaged(files: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut file = files[random.below(files.len())].clone();
    for _ in 0..=random.below(3) {
        let at = random.below(file.len().max(1));
        let end = (at + 1 + random.below(40)).min(file.len());
        match random.below(6) {
            0 if !file.is_empty() => file[at.min(end - 1)] = random.next().to_be_bytes()[0],
            0 => {}
            1 => drop(file.drain(at.min(end)..end)),
            2 => {
                let copy = file[at.min(end)..end].to_vec();
                file.splice(at.min(end)..at.min(end), copy);
            }
            3 => file.truncate(end),
            kind => {
                let piece = random.pick(&PIECES).unwrap();
                // Every other one between two elements, where the file may stay whole.
                let after = file[at.min(end)..].iter().position(|byte| *byte == b'>');
                let step = after.filter(|_| kind == 5).map_or(0, |after| after + 1);
                let at = at.min(end) + step;
                file.splice(at..at, piece.bytes());
            }
        }
    }
    file
}
