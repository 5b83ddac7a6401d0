//! Files made to be dear to read: each drives one part of the reading as far as the limits let it.
//!
//! Knows nothing of time or memory. Invariant: no file is over 5 MiB, since a longer one is refused
//! by its length alone.

/// As long as a file may be.
pub(crate) const FULL: usize = 5 * 1024 * 1024;

/// Every file with its name.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = xml_files();
    files.extend(key_files());
    files.extend(binary_files());
    files.extend(signed_files());
    for (name, file) in &mut files {
        assert!(file.len() <= FULL, "{name} has {} bytes", file.len());
    }
    files
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
    <key>PayloadIdentifier</key><string>com.example.hostile</string>";
const TAIL: &str = "</dict></plist>\n";

/// A profile with `part` as often as it fits, between `before` and `after`.
fn full(before: &str, part: &str, after: &str) -> Vec<u8> {
    let fixed = HEAD.len() + before.len() + after.len() + TAIL.len();
    repeated(before, part, (FULL - fixed) / part.len(), after)
}

fn repeated(before: &str, part: &str, times: usize, after: &str) -> Vec<u8> {
    [HEAD, before, &part.repeat(times), after, TAIL]
        .concat()
        .into_bytes()
}

/// A profile with `many` entries.
fn entries(many: usize, entry: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = HEAD.to_owned();
    for at in 0..many {
        let entry = entry(at);
        if text.len() + entry.len() + TAIL.len() > FULL {
            break;
        }
        text.push_str(&entry);
    }
    text.push_str(TAIL);
    text.into_bytes()
}

const STRING: &str = "<key>a</key><string>";
const DATA: &str = "<key>a</key><data>";
const ARRAY: &str = "<key>a</key><array>";

/// One part over and over: the name, what stands before it, the part, and what stands after it.
const REPEATED: &[(&str, &str, &str, &str)] = &[
    ("one long text", STRING, "x", "</string>"),
    ("references", STRING, "&amp;", "</string>"),
    ("numbered references", STRING, "&#65;", "</string>"),
    ("returns", STRING, "\r", "</string>"),
    ("comments in a text", STRING, "<!---->", "</string>"),
    ("one comment", "<!--", "x", "-->"),
    ("comment without end", "<!--", "x", ""),
    ("brackets", STRING, "]", "</string>"),
    ("accents", STRING, "\u{e4}", "</string>"),
    ("wide letters", STRING, "\u{FF21}", "</string>"),
    ("open braces", STRING, "{{", "</string>"),
    ("braces and blanks", STRING, "{{ ", "</string>"),
    ("placeholders", STRING, "{{host.id}}", "</string>"),
    ("names that are none", STRING, "{{host.a", "</string>"),
    ("one long data", DATA, "QUJD", "</data>"),
    ("data letter by letter", DATA, "Q\nQ\nQ\nQ\n", "</data>"),
    ("data that ends badly", DATA, "QUJD", "*</data>"),
    ("blanks in data", DATA, " ", "</data>"),
    ("zeros", "<key>a</key><integer>", "0", "1</integer>"),
    ("nines", "<key>a</key><integer>", "9", "</integer>"),
    ("hexadecimal", "<key>a</key><integer>0x", "0", "1</integer>"),
    (
        "digits after the point",
        "<key>a</key><real>0.",
        "0",
        "1</real>",
    ),
    (
        "digits before the point",
        "<key>a</key><real>",
        "9",
        "e-9999999</real>",
    ),
    ("a long exponent", "<key>a</key><real>1e-", "0", "1</real>"),
    ("a long date", "<key>a</key><date>", "2", "</date>"),
    ("a long key", "<key>", "k", "</key><true/>"),
    ("a long element", "<", "k", "/>"),
    ("a long attribute", "<string ", "k", "/>"),
    ("nested arrays", ARRAY, "<array>", ""),
    ("nested dictionaries", "", "<key>a</key><dict>", ""),
    ("values", ARRAY, "<true/>", "</array>"),
    ("empty texts", ARRAY, "<string/>", "</array>"),
    (
        "texts",
        ARRAY,
        "<string>0123456789012345678901234567</string>",
        "</array>",
    ),
    (
        "hexadecimal integers",
        ARRAY,
        "<integer>0x1</integer>",
        "</array>",
    ),
    (
        "small dictionaries",
        ARRAY,
        "<dict><key>A</key><true/></dict>",
        "</array>",
    ),
    ("blanks between elements", ARRAY, " ", "</array>"),
    ("comments between elements", ARRAY, "<!---->", "</array>"),
    ("lines", ARRAY, "\n", "<true/></array>"),
];

fn xml_files() -> Vec<(String, Vec<u8>)> {
    let cases = REPEATED.iter();
    let mut files: Vec<_> = cases
        .map(|(name, before, part, after)| ((*name).to_owned(), full(before, part, after)))
        .collect();
    let integer = "<integer>-9223372036854775808</integer>";
    let most = repeated(ARRAY, integer, 99_990, "</array>");
    files.push(("as many values as may be".to_owned(), most));
    for byte in [b' ', b'<', b'&', b'>', b'[', b'{', 0, b'0', 0xEF, 0xFF] {
        files.push((format!("nothing but 0x{byte:02x}"), vec![byte; FULL]));
        let inside = [HEAD.as_bytes(), &vec![byte; FULL - HEAD.len()]].concat();
        files.push((format!("0x{byte:02x} to the end"), inside));
    }
    files
}

/// Makes the entry of a number.
type Entry = Box<dyn Fn(usize) -> String>;

/// Dictionaries with many keys, which are compared with each other and by their canonical form.
fn key_files() -> Vec<(String, Vec<u8>)> {
    let one = |key: &str| format!("<key>{key}</key><true/>");
    let long = "k".repeat(1000);
    let marks = "\u{301}\u{316}".repeat(250);
    let wide = "\u{1E9B}\u{323}".repeat(190);
    let cases: [(&str, Entry); 9] = [
        ("many keys", Box::new(move |at| one(&format!("{at}")))),
        (
            "keys in reverse",
            Box::new(move |at| one(&format!("{:06}", 999_999 - at))),
        ),
        ("capital keys", Box::new(move |at| one(&format!("KEY{at}")))),
        (
            "keys with one beginning",
            Box::new(move |at| one(&format!("{long}{at}"))),
        ),
        (
            "keys with accents",
            Box::new(move |at| one(&format!("\u{c9}{at}"))),
        ),
        (
            "keys of marks",
            Box::new(move |at| one(&format!("a{marks}{at}"))),
        ),
        (
            "keys that unfold",
            Box::new(move |at| one(&format!("{wide}{at}"))),
        ),
        (
            "keys that nobody sees",
            Box::new(move |at| one(&format!("a\u{200B}{at}"))),
        ),
        (
            "names that nobody sees",
            Box::new(move |at| {
                format!(
                    "<key>{at}</key><dict><key>PayloadType</key><string>\u{200B}</string></dict>"
                )
            }),
        ),
    ];
    let file = |(name, entry): (&str, Entry)| (name.to_owned(), entries(99_000, entry));
    let mut files: Vec<_> = cases.map(file).into();
    let last = entries(49_000, |at| match at {
        48_999 => one("key0"),
        _ => one(&format!("KEY{at}")),
    });
    files.push(("twins at the end".to_owned(), last));
    files
}

/// A length as files write it; none here is near the limit of the type.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A binary list of these objects; the first is the outermost.
fn binary(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for object in objects {
        offsets.push(narrow(bytes.len()));
        bytes.extend(object);
    }
    let table = bytes.len() as u64;
    bytes.extend(offsets.iter().flat_map(|offset| offset.to_be_bytes()));
    bytes.extend([0, 0, 0, 0, 0, 0, 4, 4]);
    for number in [offsets.len() as u64, 0, table] {
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// The marker of a kind with a length behind it.
fn marker(kind: u8, length: usize) -> Vec<u8> {
    let length = narrow(length).to_be_bytes();
    [&[kind << 4 | 0xF, 0x12], length.as_slice()].concat()
}

fn array(references: &[u32]) -> Vec<u8> {
    let mut object = marker(0xA, references.len());
    object.extend(references.iter().flat_map(|one| one.to_be_bytes()));
    object
}

fn binary_files() -> Vec<(String, Vec<u8>)> {
    let named = |name: &str, objects: &[Vec<u8>]| (format!("binary: {name}"), binary(objects));
    let mut twice: Vec<_> = (1..=60_u32).map(|next| array(&[next, next])).collect();
    twice.push(array(&[]));
    let deep: Vec<_> = (1..=100_000_u32).map(|next| array(&[next])).collect();
    let text =
        |kind: u8, units: usize, unit: &[u8]| [marker(kind, units), unit.repeat(units)].concat();
    let half = FULL / 2;
    let many = narrow(FULL / 8);
    let flat: Vec<_> = std::iter::once(array(&(1..99_000).collect::<Vec<_>>()))
        .chain((1..99_000).map(|_| vec![0x09]))
        .collect();
    let mut keys = marker(0xD, 90_000);
    keys.extend((1..=90_000_u32).flat_map(u32::to_be_bytes));
    keys.extend([0, 0, 0, 1].repeat(90_000));
    let mut keyed = vec![keys];
    keyed.extend((0..90_000).map(|at| [&[0x56], format!("K{at:05}").as_bytes()].concat()));
    vec![
        named("each level twice", &twice),
        named("deep", &deep),
        named("itself", &[array(&[0])]),
        named(
            "one text many times",
            &[array(&vec![1; 90_000]), text(5, 1000, b"x")],
        ),
        named(
            "one data many times",
            &[array(&vec![1; 9000]), text(4, 100_000, b"x")],
        ),
        named(
            "one value very often",
            &[array(&vec![1; many as usize]), vec![0x09]],
        ),
        named("one long text", &[array(&[1]), text(5, half, b"&")]),
        named("one long data", &[array(&[1]), text(4, FULL - 100, b"x")]),
        named(
            "long UTF-16",
            &[array(&[1]), text(6, half - 100, &[0xFF, 0x21])],
        ),
        named("flat", &flat),
        named("keys", &keyed),
        ("binary: nothing but a table".to_owned(), {
            let mut file = [b"bplist00\x09".to_vec(), vec![8; FULL - 41]].concat();
            file.extend([0, 0, 0, 0, 0, 0, 1, 1]);
            for number in [(FULL - 41) as u64, 0, 9] {
                file.extend(number.to_be_bytes());
            }
            file
        }),
    ]
}

/// Tag and length around some content, as DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = narrow(content.len()).to_be_bytes();
    let mut short = vec![tag];
    match content.len() {
        0..=0x7F => short.push(length[3]),
        0x80..=0xFF => short.extend([0x81, length[3]]),
        0x100..=0xFFFF => short.extend([0x82, length[2], length[3]]),
        0x1_0000..=0xFF_FFFF => short.extend([0x83, length[1], length[2], length[3]]),
        _ => short.extend([[0x84].as_slice(), &length].concat()),
    }
    short.extend(content);
    short
}

/// A signed file with this content, these certificates, and one signer of nonsense.
fn signed(content: &[u8], certificates: &[u8]) -> Vec<u8> {
    const DATA: [u8; 11] = [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1];
    const SIGNED: [u8; 11] = [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
    const SHA256: [u8; 11] = [6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    let algorithm = der(0x30, &SHA256);
    let inner = der(
        0x30,
        &[DATA.as_slice(), &der(0xA0, &der(4, content))].concat(),
    );
    let name = der(0x30, &[der(0x30, &[]), vec![2, 1, 1]].concat());
    let signer = [
        vec![2, 1, 1],
        name,
        algorithm.clone(),
        algorithm.clone(),
        vec![4, 1, 0],
    ];
    let parts = [
        vec![2, 1, 1],
        der(0x31, &algorithm),
        inner,
        der(0xA0, certificates),
        der(0x31, &der(0x30, &signer.concat())),
    ];
    der(
        0x30,
        &[SIGNED.as_slice(), &der(0xA0, &der(0x30, &parts.concat()))].concat(),
    )
}

fn signed_files() -> Vec<(String, Vec<u8>)> {
    let shorter = |file: Vec<u8>| file.get(..FULL - 200).map_or(file.clone(), <[u8]>::to_vec);
    let braces = repeated("<key>a</key><string>", "{{host.", 700_000, "</string>");
    let places = repeated("<key>a</key><string>", "{{host.id}}", 400_000, "</string>");
    let mut deep = Vec::new();
    for _ in 0..20_000 {
        deep = der(0x30, &deep);
    }
    let sequence = der(0x30, &vec![5; FULL - 1000]);
    let certificate = der(
        0x30,
        &[der(0x30, &[2, 1, 1]), der(0x30, &[]), vec![3, 1, 0]].concat(),
    );
    vec![
        ("signed: braces".to_owned(), signed(&braces, &[])),
        ("signed: placeholders".to_owned(), signed(&places, &[])),
        (
            "signed: long".to_owned(),
            signed(&shorter(vec![b' '; FULL]), &[]),
        ),
        ("signed: deep".to_owned(), signed(b"<plist/>", &deep)),
        (
            "signed: long sequence".to_owned(),
            signed(b"<plist/>", &sequence),
        ),
        (
            "signed: certificates".to_owned(),
            signed(b"<plist/>", &certificate.repeat(200_000)),
        ),
        (
            "signed: a few certificates".to_owned(),
            signed(b"<plist/>", &certificate.repeat(250)),
        ),
        (
            "signed: signed".to_owned(),
            signed(&signed(&vec![b'x'; FULL - 1000], &[]), &[]),
        ),
        (
            "signed: binary".to_owned(),
            signed(&binary(&[array(&[0])]), &[]),
        ),
    ]
}
