//! The rules that the host itself judges by: how a file is packed and written (P), and how it is
//! signed (S).
//!
//! Texts for people, and for the pages that are made of them. Knows nothing of how a rule is found
//! to be broken. Invariant: every id that the host's own readers can report is here once, in order.

use crate::finding::Severity;

/// One rule of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRule {
    /// Its id, such as `P009`.
    pub id: &'static str,
    /// How bad it is at worst; where it is less, the text says when.
    pub severity: Severity,
    /// What it demands, in one sentence.
    pub text: &'static str,
    /// Why, in at most 300 bytes.
    pub why: &'static str,
    /// What to do instead, in at most 300 bytes.
    pub instead: &'static str,
}

/// The rule of this id, if it is one of the host's.
pub fn host_rule(id: &str) -> Option<&'static HostRule> {
    let at = HOST_RULES.binary_search_by_key(&id, |rule| rule.id).ok()?;
    HOST_RULES.get(at)
}

const fn error(
    id: &'static str,
    text: &'static str,
    why: &'static str,
    instead: &'static str,
) -> HostRule {
    HostRule {
        id,
        severity: Severity::Error,
        text,
        why,
        instead,
    }
}

const fn warning(
    id: &'static str,
    text: &'static str,
    why: &'static str,
    instead: &'static str,
) -> HostRule {
    HostRule {
        severity: Severity::Warning,
        ..error(id, text, why, instead)
    }
}

/// Every rule of the host, in order of id.
pub const HOST_RULES: &[HostRule] = &[
    error(
        "P001",
        "The file is an XML property list, a binary one, or a CMS signature around either.",
        "Devices take nothing else as a profile. Most often the wrong file was picked.",
        "Export the profile as an XML .mobileconfig, signed or not.",
    ),
    error(
        "P002",
        "The XML is well-formed.",
        "One reader stops at the fault, another goes on and guesses; a check of the one says nothing \
         of the other.",
        "Close every element, and write & as &amp; and < as &lt;.",
    ),
    error(
        "P003",
        "The file is one <plist> with one value in it, from beginning to end.",
        "A missing end tag is how a file looks that was cut off, and some readers take it all the \
         same. What stands after the end is read by some and not by others.",
        "Keep one value in <plist version=\"1.0\">, and nothing after </plist>.",
    ),
    error(
        "P004",
        "The file declares no entities, and its document type has no internal subset.",
        "Entities can include other files or grow without bound, and readers differ in whether they \
         expand them at all.",
        "Write the text itself where the entity stood.",
    ),
    error(
        "P005",
        "Only the five entities of XML are used.",
        "A reader that does not know an entity may leave the text out without a word, and then a \
         device gets another value than the one that was checked.",
        "Write the character itself; only &amp; &lt; &gt; &quot; and &apos; exist.",
    ),
    error(
        "P006",
        "The document type is Apple's, or none.",
        "A document type of somebody else is a file from elsewhere that can change what the text \
         means.",
        "Use Apple's document type for property lists, or leave it out.",
    ),
    warning(
        "P007",
        "Nothing stands before the XML declaration.",
        "XML allows no blank and no byte order mark there; Apple's reader takes it, others refuse \
         the file.",
        "Delete what stands before <?xml, and save the file as UTF-8 without a byte order mark.",
    ),
    error(
        "P008",
        "The file is in UTF-8 and says so; without a declaration, or in ASCII under another name, it \
         is a warning.",
        "In another encoding each reader may see other letters, or none.",
        "Save the file as UTF-8 and begin it with <?xml version=\"1.0\" encoding=\"UTF-8\"?>.",
    ),
    error(
        "P009",
        "A dictionary has every key once.",
        "Some readers take the first of two, some the last: the check sees one value and the device \
         another.",
        "Remove one of the two.",
    ),
    error(
        "P010",
        "A dictionary is pairs of a <key> and a value.",
        "Where a key or a value is missing, readers pair the rest differently; some take a <string> \
         as a key.",
        "Put one <key> before every value, and a value after every <key>.",
    ),
    error(
        "P011",
        "Only the elements of property lists are used, plainly named and without attributes.",
        "What an unknown element means, or text between elements, is for each reader to guess.",
        "Use dict, array, key, string, integer, real, true, false, date and data.",
    ),
    error(
        "P012",
        "What stands in a value is its text alone: no CDATA section, no comment, no carriage return.",
        "Common readers drop a CDATA section and step over a comment, devices do not; and a carriage \
         return is a line feed in the one and kept in the other. A check would see another text than \
         the device. It is refused in both grades.",
        "Write the text plainly, with & as &amp; and < as &lt;; put comments between elements; save the \
         file with LF line ends.",
    ),
    error(
        "P013",
        "No text has a character that XML cannot carry.",
        "Control characters end a text in one reader and not in another, and cannot be written back.",
        "Remove the character; tab and line feed may stay, and a carriage return as &#13;.",
    ),
    error(
        "P014",
        "An integer is decimal digits within 64 bits; hexadecimal is a warning.",
        "A sign, a blank or another base is a number in one reader and a fault in the next.",
        "Write digits alone, with - in front if it is negative.",
    ),
    error(
        "P015",
        "A real is a finite number.",
        "No setting can be infinite, and readers differ in what becomes of it.",
        "Write a finite number such as 1.5.",
    ),
    error(
        "P016",
        "A date is YYYY-MM-DDThh:mm:ssZ, a day that exists, from 1900 to 9999.",
        "Fractions, offsets and days that do not exist are mended differently by each reader.",
        "Write it in UTC and whole seconds, as in 2031-12-24T18:30:00Z.",
    ),
    error(
        "P017",
        "Data is base64 with its padding.",
        "A lenient reader makes other bytes of damaged base64 than a strict one; a certificate in it \
         is then another certificate or none.",
        "Encode the bytes again; groups of four, the last one filled with =.",
    ),
    error(
        "P018",
        "Dictionaries and arrays nest at most 64 deep.",
        "Readers that call themselves run out of stack; no setting needs such depth.",
        "Flatten the structure.",
    ),
    error(
        "P019",
        "A profile has at most 100,000 values, and unfolds to at most 5 MiB.",
        "What a file costs to read must not depend on who wrote it.",
        "Split it into several profiles.",
    ),
    error(
        "P020",
        "A profile has at most 5 MiB; above 512 KiB is a warning.",
        "Apple states no limit, and some devices and services refuse profiles of about 1 MB.",
        "Split it into several profiles, or shrink fonts and images.",
    ),
    error(
        "P021",
        "A binary property list is whole, and has nothing that XML has not; a good one is a warning, \
         since it is converted. No dictionary is CF$UID and a number alone, in XML neither.",
        "A damaged table, an object in two places, a key that is no text, a UID of an archive: each \
         reader makes something else of it, or never ends.",
        "Save the profile as XML: plutil -convert xml1 FILE. Remove what is a UID.",
    ),
    error(
        "P022",
        "The file is not an OpenStep property list.",
        "Some readers take that old form for a property list, where even one bare word is a value; \
         devices do not.",
        "Write it as XML: plutil -convert xml1 FILE.",
    ),
    error(
        "P023",
        "No two keys of a dictionary are one name but for case, blanks around them, unseen characters, \
         or the way letters and accents are written.",
        "People see one key, and so do readers that compare text by its meaning; which of the two \
         values counts is then chance.",
        "Remove one of the two.",
    ),
    warning(
        "P024",
        "No key and no name of a profile or payload has a character that nobody sees, and no key one \
         that only looks like a plain letter.",
        "Such characters make two names look the same, or one look like another; mostly they came \
         along with copied text.",
        "Delete the character and type the text anew.",
    ),
    error(
        "S001",
        "A signed file is CMS SignedData in DER with the profile in it.",
        "A detached or streamed signature leaves nothing, or something else for each reader, to be \
         checked and installed.",
        "Sign it again: openssl smime -sign -nodetach -outform DER.",
    ),
    error(
        "S002",
        "The signature is over this content and of the signer's key. One of a kind that cannot be \
         checked is a warning.",
        "The file was changed after it was signed, or damaged. Devices refuse it.",
        "Sign the profile again.",
    ),
    warning(
        "S003",
        "The signer's certificate is valid on the day of the check.",
        "A person who installs the file by hand sees it as not verified.",
        "Renew the certificate and sign the profile again.",
    ),
    warning(
        "S004",
        "The signer is one of those that are trusted, where a set of them is given.",
        "The signature says that the file is whole, not that one of yours made it.",
        "Have one of your own signers sign it, or add the certificate to the set.",
    ),
    warning(
        "S005",
        "The signature is made with SHA-256 or better, and an RSA key of 2048 bits or more.",
        "SHA-1, MD5 and short keys can be forged, and newer systems do not count them.",
        "Sign it again with SHA-256 and a key of 2048 bits or more.",
    ),
    error(
        "S006",
        "The signed content is a profile, not another signature.",
        "Devices look into one signature alone.",
        "Take the outer signature off.",
    ),
    error(
        "S007",
        "A signed file has no places for values of each host.",
        "Filling one in breaks the signature, and leaving it alone delivers the placeholder itself.",
        "Upload the profile unsigned, or without such values.",
    ),
    error(
        "S008",
        "The file is not encrypted as a whole.",
        "What nobody can read nobody can judge, and only one device could install it.",
        "Upload the profile unencrypted; the connection to devices protects it.",
    ),
    error(
        "S009",
        "One signature is the whole file, and its signers agree.",
        "Bytes after a signature are not signed, and of two signers who disagree each reader believes \
         another one.",
        "Cut the file after the signature, or sign it again with one key.",
    ),
];

#[cfg(test)]
mod tests;
