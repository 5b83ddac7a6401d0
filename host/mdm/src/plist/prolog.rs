//! What stands before the root element: byte order mark, XML declaration, document type.
//!
//! Knows nothing of elements. Invariant: nothing from outside is ever fetched or expanded; a
//! document type is compared with Apple's two names and otherwise refused.

use super::fault::Fault;
use super::scan::{Scanner, is_blank};

const DOCTYPE_HINT: &str = "use <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
                            \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">, or none";
const HEADER_HINT: &str = "begin the file with <?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const UTF8_HINT: &str = "save the file as UTF-8 and declare encoding=\"UTF-8\"";
const OTHER_ENCODING: &str = "the file declares an encoding other than UTF-8";
/// Encodings in which a text of ASCII alone has the same bytes, so that every reader agrees on it.
/// `iso-8859-` and `windows-125` stand for all that begin so.
const LIKE_ASCII: [&str; 7] = [
    "us-ascii",
    "ascii",
    "utf8",
    "latin1",
    "macintosh",
    "iso-8859-",
    "windows-125",
];
const PUBLIC_IDS: [&str; 2] = [
    "-//Apple//DTD PLIST 1.0//EN",
    "-//Apple Computer//DTD PLIST 1.0//EN",
];
const SYSTEM_IDS: [&str; 2] = [
    "http://www.apple.com/DTDs/PropertyList-1.0.dtd",
    "https://www.apple.com/DTDs/PropertyList-1.0.dtd",
];

/// How every document of Apple's own writer begins.
const APPLE_HEADER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
    \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n";

/// The bytes as text.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Fault> {
    if matches!(
        bytes,
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..]
    ) {
        return Err(Fault::error("P008", 0, "the file is in UTF-16", UTF8_HINT));
    }
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    // A declared encoding explains the stray byte better than the byte itself.
    let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let mut head = Scanner::new(std::str::from_utf8(valid).unwrap_or_default());
    let fault = prolog(&mut head).err().filter(|fault| fault.rule == "P008");
    let declared = || {
        head.notices
            .into_iter()
            .find(|n| n.message == OTHER_ENCODING)
    };
    if let Some(fault) = fault.or_else(declared) {
        return Err(Fault::error("P008", fault.at, fault.message, fault.hint));
    }
    let message = "a byte that is not UTF-8";
    Err(Fault::error(
        "P008",
        error.valid_up_to(),
        message,
        UTF8_HINT,
    ))
}

/// Reads up to the root element's tag.
pub(super) fn prolog(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    if !scanner.eat(APPLE_HEADER) {
        header(scanner)?;
    }
    scanner.skip_between()?;
    if scanner.peek() == Some(b'<') {
        return Ok(());
    }
    let message = "this is not the beginning of an XML property list";
    Err(Fault::error("P001", scanner.at, message, HEADER_HINT))
}

/// Reads byte order mark, declaration and document type, each of which may be absent.
fn header(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    if scanner.eat("\u{FEFF}") {
        let message = "the file begins with a byte order mark";
        scanner.warn(Fault::warning(
            "P007",
            0,
            message,
            "save the file as UTF-8 without it",
        ));
    }
    let start = scanner.at;
    let had_blank = scanner.skip_blank();
    if is_declaration(scanner.rest()) {
        if had_blank {
            let message = "blanks before the XML declaration, where XML allows nothing";
            scanner.warn(Fault::warning("P007", start, message, "delete them"));
        }
        declaration(scanner)?;
    } else if scanner.peek() == Some(b'<') {
        scanner.warn(Fault::warning(
            "P008",
            scanner.at,
            "there is no XML declaration",
            HEADER_HINT,
        ));
    }
    scanner.skip_between()?;
    if scanner.rest().starts_with("<!DOCTYPE") {
        doctype(scanner)?;
    }
    Ok(())
}

fn is_declaration(rest: &str) -> bool {
    rest.strip_prefix("<?xml")
        .is_some_and(|rest| rest.bytes().next().is_some_and(is_blank))
}

/// Reads `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`; the last two are optional.
fn declaration(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    let start = scanner.at;
    let malformed = || {
        let hint = "write <?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        Fault::error("P002", start, "the XML declaration is malformed", hint)
    };
    scanner.at += "<?xml".len();
    let mut expected = ["version", "encoding", "standalone"].as_slice();
    let mut has_encoding = false;
    while scanner.skip_blank() && !scanner.rest().starts_with("?>") {
        let known = expected
            .iter()
            .position(|name| scanner.rest().starts_with(name));
        let (index, name) = known
            .and_then(|i| Some((i, *expected.get(i)?)))
            .ok_or_else(malformed)?;
        if expected.len() == 3 && name != "version" {
            return Err(malformed());
        }
        expected = expected.get(index + 1..).unwrap_or_default();
        let at = scanner.at;
        scanner.at += name.len();
        scanner.skip_blank();
        if !scanner.eat("=") {
            return Err(malformed());
        }
        scanner.skip_blank();
        let value = literal(scanner).ok_or_else(malformed)?;
        has_encoding |= name == "encoding";
        check_pseudo_attribute(scanner, name, value, at)?;
    }
    if !scanner.eat("?>") || expected.len() == 3 {
        return Err(malformed());
    }
    if !has_encoding {
        let message = "the XML declaration names no encoding";
        scanner.warn(Fault::warning(
            "P008",
            start,
            message,
            "declare encoding=\"UTF-8\"",
        ));
    }
    Ok(())
}

fn check_pseudo_attribute(
    scanner: &mut Scanner<'_>,
    name: &str,
    value: &str,
    at: usize,
) -> Result<(), Fault> {
    match name {
        "version" if value != "1.0" => Err(Fault::error(
            "P002",
            at,
            "the XML version is not 1.0",
            "declare version=\"1.0\"",
        )),
        "encoding" if !value.eq_ignore_ascii_case("UTF-8") => {
            if !(is_like_ascii(value) && scanner.text.is_ascii()) {
                return Err(Fault::error("P008", at, OTHER_ENCODING, UTF8_HINT));
            }
            scanner.warn(Fault::warning("P008", at, OTHER_ENCODING, UTF8_HINT));
            Ok(())
        }
        "standalone" if !matches!(value, "yes" | "no") => Err(Fault::error(
            "P002",
            at,
            "standalone is neither yes nor no",
            "leave it out",
        )),
        _ => Ok(()),
    }
}

fn is_like_ascii(encoding: &str) -> bool {
    let encoding = encoding.to_ascii_lowercase();
    let is_one = |known: &str| {
        let rest = encoding.strip_prefix(known);
        rest.is_some_and(|rest| {
            let is_number = rest.bytes().all(|byte| byte.is_ascii_digit());
            rest.is_empty() || (known.ends_with(['-', '5']) && rest.len() <= 2 && is_number)
        })
    };
    LIKE_ASCII.iter().any(|known| is_one(known))
}

/// Reads the document type and accepts Apple's own alone.
fn doctype(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    let start = scanner.at;
    scanner.at += "<!DOCTYPE".len();
    let foreign = || {
        let message = "the document type is not that of Apple's property lists";
        Fault::error("P006", start, message, DOCTYPE_HINT)
    };
    let subset = |at| {
        let message = "the document type has an internal subset, which can declare entities";
        Err(Fault::error("P004", at, message, DOCTYPE_HINT))
    };
    let is_plist = scanner.skip_blank() && scanner.eat("plist");
    let had_blank = scanner.skip_blank();
    if is_plist && scanner.peek() == Some(b'[') {
        return subset(scanner.at);
    }
    if is_plist && scanner.eat(">") {
        return Ok(());
    }
    if !(is_plist && had_blank && scanner.eat("PUBLIC") && scanner.skip_blank()) {
        return Err(foreign());
    }
    let public = literal(scanner).ok_or_else(foreign)?;
    scanner.skip_blank();
    let system = literal(scanner).ok_or_else(foreign)?;
    scanner.skip_blank();
    if scanner.peek() == Some(b'[') {
        return subset(scanner.at);
    }
    if PUBLIC_IDS.contains(&public) && SYSTEM_IDS.contains(&system) && scanner.eat(">") {
        return Ok(());
    }
    Err(foreign())
}

/// Reads a text in quotes.
fn literal<'a>(scanner: &mut Scanner<'a>) -> Option<&'a str> {
    let rest = scanner.rest();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, _) = rest.get(1..)?.split_once(quote)?;
    scanner.at += value.len() + 2;
    Some(value)
}
