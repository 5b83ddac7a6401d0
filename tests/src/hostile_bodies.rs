//! Bodies that no device sends: what an attacker would try on a reader of property lists.
//!
//! Depends on nothing, so that tests of any crate can include the file. Knows nothing of what a
//! server makes of them: all that is asked is that it answers, soon and within its memory.
//! Invariant: the same bodies in the same order each time, each with a name of its own, and each
//! made only when it is asked for, since many have several MiB.

#[path = "hostile_messages.rs"]
mod hostile_messages;
#[path = "hostile_values.rs"]
mod hostile_values;

/// The length of the large bodies, in bytes: the most that is accepted of a device.
const LARGE: usize = 4 * 1024 * 1024;
const MIB: usize = 1024 * 1024;
const PROLOG: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \
    \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n";
/// A request for work, which all by itself is answered.
const IDLE: &str = "<key>UDID</key><string>A</string><key>Status</key><string>Idle</string>";
const END: &str = "</dict></plist>";

/// A body's name, and how it is made.
type Recipe = (String, Box<dyn FnOnce() -> Vec<u8> + Send>);

/// Every body with its name.
pub fn hostile_bodies() -> impl Iterator<Item = (String, Vec<u8>)> + Send {
    let mut recipes = Vec::new();
    nested(&mut recipes);
    repeated(&mut recipes);
    documents(&mut recipes);
    hostile_values::encoded(&mut recipes);
    hostile_values::binary(&mut recipes);
    hostile_values::scalars(&mut recipes);
    hostile_messages::truncated(&mut recipes);
    hostile_messages::check_ins(&mut recipes);
    hostile_messages::reports(&mut recipes);
    hostile_messages::names(&mut recipes);
    recipes.into_iter().map(|(name, make)| (name, make()))
}

fn add(
    recipes: &mut Vec<Recipe>,
    name: impl Into<String>,
    make: impl FnOnce() -> Vec<u8> + Send + 'static,
) {
    recipes.push((name.into(), Box::new(make)));
}

fn message(entries: &str) -> Vec<u8> {
    format!("{PROLOG}<plist version=\"1.0\"><dict>{entries}{END}").into_bytes()
}

fn entry(key: &str, value: &str) -> String {
    format!("<key>{key}</key>{value}")
}

fn string(key: &str, text: &str) -> String {
    entry(key, &format!("<string>{text}</string>"))
}

/// Dictionaries, arrays and both in turns, from what is allowed to far beyond, closed or not.
fn nested(recipes: &mut Vec<Recipe>) {
    const KINDS: [(&str, &str, &str); 3] = [
        ("dict", "<dict><key>a</key>", "</dict>"),
        ("array", "<array>", "</array>"),
        ("mixed", "<array><dict><key>a</key>", "</dict></array>"),
    ];
    for (kind, open, close) in KINDS {
        for depth in [60, 63, 64, 65, 255, 1000, 10_000, 100_000, 1_000_000] {
            // The other kinds would have tens of MiB, which no reader gets to see.
            if depth == 1_000_000 && kind != "array" {
                continue;
            }
            add(recipes, format!("{depth} levels of {kind}"), move || {
                let inner = open.repeat(depth) + "<true/>" + &close.repeat(depth);
                message(&(IDLE.to_owned() + &entry("x", &inner)))
            });
            add(
                recipes,
                format!("{depth} levels of {kind}, unclosed"),
                move || {
                    let inner = open.repeat(depth);
                    format!("{PROLOG}<plist version=\"1.0\">{inner}").into_bytes()
                },
            );
        }
    }
}

/// One thing again and again, up to the largest body: name, what stands before, the thing, what
/// stands after. All within a request for work that would be answered.
#[rustfmt::skip] // One line a body.
const REPEATED: [(&str, &str, &str, &str); 66] = [
    ("attributes", "<key>x</key><dict", " a=\"1\"", "/>"),
    ("one attribute", "<key>x</key><dict a=\"", "a", "\"/>"),
    ("attributes without values", "<key>x</key><dict", " a", "/>"),
    ("equals signs", "<key>x</key><dict ", "=", "/>"),
    ("one element name", "<key>x</key><", "a", "/>"),
    ("blanks in a tag", "<key>x</key><true", " ", "/>"),
    ("slashes in a tag", "<key>x</key><true ", "/", ">"),
    ("one string", "<key>x</key><string>", "a", "</string>"),
    ("one string, unclosed", "<key>x</key><string>", "a", ""),
    ("one string of emoji", "<key>x</key><string>", "\u{1F600}", "</string>"),
    ("one string of U+FFFD", "<key>x</key><string>", "\u{FFFD}", "</string>"),
    ("one string of U+FFFE", "<key>x</key><string>", "\u{FFFE}", "</string>"),
    ("one string of DEL", "<key>x</key><string>", "\u{7F}", "</string>"),
    ("one string of NUL", "<key>x</key><string>", "\0", "</string>"),
    ("one string of escapes", "<key>x</key><string>", "\u{1B}", "</string>"),
    ("one string of >", "<key>x</key><string>", ">", "</string>"),
    ("one string of ]", "<key>x</key><string>", "]", "</string>"),
    ("one string of CR", "<key>x</key><string>", "\r", "</string>"),
    ("one string of CRLF", "<key>x</key><string>", "\r\n", "</string>"),
    ("one key", "<key>", "a", "</key><true/>"),
    ("one key of references", "<key>", "&amp;", "</key><true/>"),
    ("one data", "<key>x</key><data>", "AAAA", "</data>"),
    ("one data of padding", "<key>x</key><data>", "=", "</data>"),
    ("one data of blanks", "<key>x</key><data>", "\n\t", "</data>"),
    ("one data with a fault at the end", "<key>x</key><data>", "A", "!</data>"),
    ("true", "<key>x</key><array>", "<true/>", "</array>"),
    ("empty strings", "<key>x</key><array>", "<string/>", "</array>"),
    ("empty dictionaries", "<key>x</key><array>", "<dict/>", "</array>"),
    ("opened and closed arrays", "<key>x</key><array>", "<array></array>", "</array>"),
    ("integers", "<key>x</key><array>", "<integer>1</integer>", "</array>"),
    ("hexadecimal integers", "<key>x</key><array>", "<integer>0x1</integer>", "</array>"),
    ("data", "<key>x</key><array>", "<data>AA==</data>", "</array>"),
    ("values without keys", "", "<true/>", ""),
    ("keys without values", "", "<key>a</key>", ""),
    ("one key twice", "", "<key>a</key><true/>", ""),
    ("ampersands", "<key>x</key><string>", "&amp;", "</string>"),
    ("decimal references", "<key>x</key><string>", "&#65;", "</string>"),
    ("references to NUL", "<key>x</key><string>", "&#0;", "</string>"),
    ("one reference of zeros", "<key>x</key><string>&#", "0", "65;</string>"),
    ("one reference of nines", "<key>x</key><string>&#", "9", ";</string>"),
    ("one reference without end", "<key>x</key><string>&", "a", "</string>"),
    ("bare ampersands", "<key>x</key><string>", "&", "</string>"),
    ("undefined entities", "<key>x</key><string>", "&lol;", "</string>"),
    ("comments", "", "<!---->", ""),
    ("comments in a string", "<key>x</key><string>", "a<!---->", "</string>"),
    ("comments in a key", "<key>", "a<!---->", "</key><true/>"),
    ("one comment", "<!--", " -", "-->"),
    ("one comment without end", "<!--", "a", ""),
    ("beginnings of comments", "", "<!--", ""),
    ("CDATA sections", "<key>x</key><string>", "<![CDATA[a]]>", "</string>"),
    ("empty CDATA sections", "<key>x</key><string>", "<![CDATA[]]>", "</string>"),
    ("one CDATA section", "<key>x</key><string><![CDATA[", "]]", "a]]></string>"),
    ("one CDATA section of CR", "<key>x</key><string><![CDATA[", "\r", "]]></string>"),
    ("one CDATA section without end", "<key>x</key><string><![CDATA[", "]", ""),
    ("processing instructions", "", "<?a?>", ""),
    ("one processing instruction", "<?a ", "a", "?>"),
    ("blanks", "", " ", ""),
    ("line ends", "", "\r\n", ""),
    ("text between elements", "", "a", ""),
    ("less-than signs", "", "<", ""),
    ("closing tags", "", "</dict>", ""),
    ("closing tags without names", "", "</", ""),
    ("opened strings", "", "<string>", ""),
    ("opened keys", "", "<key>", ""),
    ("opened plists", "", "<plist version=\"1.0\">", ""),
    ("document types", "", "<!DOCTYPE plist>", ""),
];

fn repeated(recipes: &mut Vec<Recipe>) {
    for (name, before, unit, after) in REPEATED {
        add(recipes, format!("4 MiB: {name}"), move || {
            let fixed = message(IDLE).len() + before.len() + after.len();
            let many = unit.repeat((LARGE - fixed) / unit.len());
            message(&format!("{IDLE}{before}{many}{after}"))
        });
    }
    for (name, width) in [("short", 6), ("long", 60)] {
        add(
            recipes,
            format!("50,000 {name} keys in turn, the last one twice"),
            move || {
                let key = |n: u32| format!("<key>{n:0width$}</key><true/>");
                let keys: String = (0..49_990).chain([49_989]).map(key).collect();
                message(&format!("{IDLE}{keys}"))
            },
        );
    }
    add(recipes, "keys that differ at their end", || {
        let prefix = "a".repeat(4096);
        let key = |n: u32| format!("<key>{prefix}{n}</key><true/>");
        message(&(IDLE.to_owned() + &(0..1000).map(key).collect::<String>()))
    });
    add(recipes, "one byte more than is accepted", || {
        message(&(IDLE.to_owned() + &" ".repeat(LARGE + 1 - message(IDLE).len())))
    });
}

/// Whole documents, most of them short.
#[rustfmt::skip] // Several to a line.
const DOCUMENTS: [&str; 51] = [
    "", " ", "\n\n\n", "<", "<?", "<?xml", "<!", "<plist", "<plist>", "<plist/>", "</plist>",
    "<plist></plist>", "<plist version=\"1.0\"></plist>", "<dict/>", "<html><body/></html>",
    "<PLIST><DICT/></PLIST>", "<plist version=\"1.0\"><array/></plist>",
    "<plist version=\"1.0\"><string>A</string></plist>",
    "<plist version=\"1.0\"><dict/><dict/></plist>",
    "<plist version=\"1.0\"><dict/></plist><plist version=\"1.0\"><dict/></plist>",
    "<plist version=\"1.0\"><dict/></plist>after", "<plist version=\"1.0\"><dict></plist>",
    "<plist version=\"1.0\"><dict></array></plist>", "<plist version=\"1.0\"><key>a</key></plist>",
    "<plist version=\"1.0\"><dict><string>UDID</string><string>A</string></dict></plist>",
    "<plist version=\"1.0\"><dict><key>a</key><key>b</key></dict></plist>",
    "<plist version=\"1.0\"><dict><key>a<true/></key></dict></plist>",
    "<plist version=\"1.0\"><plist version=\"1.0\"><dict/></plist></plist>",
    "<plist version=\"1.0\" version=\"1.0\"><dict/></plist>",
    "<plist xmlns=\"urn:x\"><dict/></plist>", "<p:plist xmlns:p=\"urn:x\"><p:dict/></p:plist>",
    "<plist version=\"1.0\"><dict><key>a</key><null/></dict></plist>",
    "<!DOCTYPE plist [<!ENTITY a \"b\">]><plist version=\"1.0\"><dict/></plist>",
    "<!DOCTYPE plist [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \
     \"&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>\
     <plist version=\"1.0\"><string>&d;&d;&d;&d;&d;&d;</string></plist>",
    "<!DOCTYPE plist [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><plist version=\"1.0\">\
     <string>&a;</string></plist>",
    "<!DOCTYPE plist [<!ENTITY % a SYSTEM \"http://127.0.0.1:1/a\"> %a;]><plist version=\"1.0\"/>",
    "<!DOCTYPE plist SYSTEM \"http://127.0.0.1:1/a.dtd\"><plist version=\"1.0\"><dict/></plist>",
    "<!DOCTYPE plist PUBLIC \"a\" \"http://127.0.0.1:1/a.dtd\"><plist version=\"1.0\"/>",
    "<!DOCTYPE plist [", "<!DOCTYPE plist PUBLIC \"", "<!DOCTYPE html><html/>",
    "<?xml version=\"1.1\"?><plist version=\"1.0\"><dict/></plist>",
    "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><plist version=\"1.0\"><dict/></plist>",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?><plist version=\"1.0\"><dict/></plist>",
    "<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADw-plist+AD4-",
    "<xi:include href=\"file:///etc/passwd\"/>", "{ MessageType = CheckOut; UDID = A; }",
    "{\"MessageType\":\"CheckOut\",\"UDID\":\"A\"}", "MessageType=CheckOut&UDID=A",
    "GET / HTTP/1.1\r\n\r\n", "-----BEGIN PKCS7-----\nMIIA\n-----END PKCS7-----\n",
];

fn documents(recipes: &mut Vec<Recipe>) {
    for (number, document) in DOCUMENTS.into_iter().enumerate() {
        let start: String = document
            .chars()
            .take(40)
            .flat_map(char::escape_default)
            .collect();
        add(recipes, format!("document {number}: {start}"), move || {
            document.into()
        });
    }
    for (name, start, unit) in [
        ("JSON arrays", "", "["),
        ("OpenStep dictionaries", "", "{a="),
        (
            "an internal subset",
            "<!DOCTYPE plist [",
            "<!ENTITY a \"b\">",
        ),
        ("a public identifier", "<!DOCTYPE plist PUBLIC \"", "a"),
        ("an XML declaration", "<?xml version=\"1.0\"", " "),
        ("a version of plist", "<plist version=\"", "1"),
        ("line ends before the root", "", "\n"),
        ("comments before the root", "", "<!-- -->"),
    ] {
        add(recipes, format!("4 MiB: {name}"), move || {
            (start.to_owned() + &unit.repeat((LARGE - start.len()) / unit.len())).into_bytes()
        });
    }
}
