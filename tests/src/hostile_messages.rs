//! Messages for [`super::hostile_bodies`] that are property lists and still not what a device says.
//!
//! Knows nothing of what a server makes of them.

use super::{LARGE, MIB, Recipe, add, entry, message, string};

/// A good message, and a good report of many profiles, cut off at each twentieth.
pub(super) fn truncated(recipes: &mut Vec<Recipe>) {
    for part in 0..20 {
        add(recipes, format!("{part}/20 of a TokenUpdate"), move || {
            cut(message(&check_in("TokenUpdate", &[])), part)
        });
        add(
            recipes,
            format!("{part}/20 of 10,000 profiles"),
            move || cut(message(&report(&profiles(10_000))), part),
        );
    }
}

fn cut(mut body: Vec<u8>, twentieths: usize) -> Vec<u8> {
    body.truncate(body.len() * twentieths / 20);
    body
}

/// The check-ins, with the fields that each has beside its type and its channel.
#[rustfmt::skip] // One line each.
const CHECK_INS: [(&str, &[(&str, &str)]); 8] = [
    ("Authenticate", &[("Topic", STRING), ("SerialNumber", STRING), ("IsSupervised", "<true/>")]),
    (
        "TokenUpdate",
        &[
            ("Topic", STRING),
            ("PushMagic", STRING),
            ("Token", DATA),
            ("UnlockToken", DATA),
            ("AwaitingConfiguration", "<true/>"),
        ],
    ),
    ("CheckOut", &[("Topic", STRING)]),
    ("UserAuthenticate", &[("UserID", STRING), ("DigestResponse", STRING)]),
    ("SetBootstrapToken", &[("BootstrapToken", DATA), ("AwaitingConfiguration", "<true/>")]),
    ("GetBootstrapToken", &[("UserID", STRING)]),
    ("DeclarativeManagement", &[("Endpoint", "<string>tokens</string>"), ("Data", DATA)]),
    ("GetToken", &[("TokenServiceType", STRING)]),
];
const STRING: &str = "<string>x</string>";
const DATA: &str = "<data>AAEC</data>";

/// A check-in with some of its fields changed.
fn check_in(message_type: &str, changes: &[(&str, &str)]) -> String {
    let own = CHECK_INS.iter().find(|(name, _)| *name == message_type);
    let own = own.map_or([].as_slice(), |(_, fields)| fields);
    let fields = [("UDID", STRING)].iter().chain(own);
    let changed = |(key, good): &(&str, &str)| {
        let change = changes.iter().find(|(changed, _)| changed == key);
        match change.map_or(*good, |(_, value)| value) {
            "" => String::new(),
            value => entry(key, value),
        }
    };
    string("MessageType", message_type) + &fields.map(changed).collect::<String>()
}

/// Every field of every check-in absent, of other types, empty, huge, and with control characters.
pub(super) fn check_ins(recipes: &mut Vec<Recipe>) {
    type Value = (&'static str, fn() -> String);
    #[rustfmt::skip] // One line each.
    const VALUES: [Value; 8] = [
        ("absent", String::new),
        ("an integer", || "<integer>1</integer>".to_owned()),
        ("a dictionary", || "<dict><key>a</key><true/></dict>".to_owned()),
        ("an empty string", || "<string/>".to_owned()),
        ("empty data", || "<data/>".to_owned()),
        ("a string of 1 MiB", || format!("<string>{}</string>", "x".repeat(MIB))),
        ("data of 1 MiB", || format!("<data>{}</data>", "AAAA".repeat(MIB / 4))),
        ("control characters", || "<string>a&#9;b&#10;c&#127;&#133;</string>".to_owned()),
    ];
    for (message_type, fields) in CHECK_INS {
        for (key, _) in [("UDID", STRING)].iter().chain(fields) {
            for (what, value) in VALUES {
                add(
                    recipes,
                    format!("{message_type}: {key} is {what}"),
                    move || message(&check_in(message_type, &[(key, value().as_str())])),
                );
            }
        }
    }
    for (what, value) in VALUES {
        add(
            recipes,
            format!("MessageType is {what}"),
            move || match value() {
                value if value.is_empty() => message(&string("UDID", "A")),
                value => message(&(string("UDID", "A") + &entry("MessageType", &value))),
            },
        );
    }
    for name in [
        "checkout",
        "CheckOut ",
        "Check&#10;Out",
        "Idle",
        "../CheckOut",
        "&#x202E;tuOkcehC",
    ] {
        add(recipes, format!("MessageType is {name}"), move || {
            message(&check_in(name, &[]))
        });
    }
}

fn report(entries: &str) -> String {
    let pairs = [
        ("UDID", "A"),
        ("CommandUUID", "u"),
        ("Status", "Acknowledged"),
    ];
    pairs.map(|(key, value)| string(key, value)).concat() + entries
}

fn failure(entries: &str) -> String {
    report(entries).replacen("Acknowledged", "Error", 1)
}

fn profiles(count: usize) -> String {
    let profile = |n| {
        let identifier = string("PayloadIdentifier", &format!("com.example.{n}"));
        format!(
            "<dict>{identifier}{}</dict>",
            string("PayloadUUID", &format!("{n}"))
        )
    };
    array("ProfileList", &(0..count).map(profile).collect::<String>())
}

fn array(key: &str, items: &str) -> String {
    entry(key, &format!("<array>{items}</array>"))
}

/// Reports whose lists are huge, damaged, or no lists.
pub(super) fn reports(recipes: &mut Vec<Recipe>) {
    for count in [16_000, 50_000] {
        add(recipes, format!("{count} profiles"), move || {
            message(&report(&profiles(count)))
        });
    }
    for count in [49_990, 50_000] {
        for (what, item) in [("dictionaries", "<dict/>"), ("strings", "<string/>")] {
            for key in ["ProfileList", "ErrorChain"] {
                add(
                    recipes,
                    format!("{key} of {count} empty {what}"),
                    move || {
                        let list = array(key, &item.repeat(count));
                        message(&if key == "ErrorChain" {
                            failure(&list)
                        } else {
                            report(&list)
                        })
                    },
                );
            }
        }
    }
    add(recipes, "an ErrorChain of 12,000 errors", || {
        let code = entry("ErrorCode", "<integer>12</integer>");
        let error = format!(
            "<dict>{code}{}</dict>",
            string("LocalizedDescription", "a&#10;b")
        );
        message(&failure(&array("ErrorChain", &error.repeat(12_000))))
    });
    add(recipes, "an error of 4 MiB", || {
        let text = "&#127;x".repeat(LARGE / 8);
        let error = format!("<dict>{}</dict>", string("USEnglishDescription", &text));
        message(&failure(&array("ErrorChain", &error)))
    });
    add(recipes, "an attribute of 3 MiB", || {
        let answers = format!(
            "<dict>{}</dict>",
            string("DeviceName", &"x".repeat(3 * MIB))
        );
        message(&report(&entry("QueryResponses", &answers)))
    });
    add(recipes, "49,000 attributes", || {
        let answer = |n: u32| format!("<key>{n}</key><true/>");
        let answers: String = (0..49_000).map(answer).collect();
        message(&report(&entry(
            "QueryResponses",
            &format!("<dict>{answers}</dict>"),
        )))
    });
    odd_values(recipes);
}

/// Reports whose values are of other types, and statuses that are none.
fn odd_values(recipes: &mut Vec<Recipe>) {
    for key in ["ProfileList", "QueryResponses", "ErrorChain"] {
        for value in [
            "<dict/>",
            "<array/>",
            "<string>x</string>",
            "<true/>",
            "<integer>1</integer>",
        ] {
            add(recipes, format!("{key} is {value}"), move || {
                message(&report(&entry(key, value)))
            });
            add(
                recipes,
                format!("{key} of a failure is {value}"),
                move || message(&failure(&entry(key, value))),
            );
        }
    }
    for status in [
        "",
        "idle",
        "Idle ",
        "Fine",
        "&#10;",
        "NotNow",
        "CommandFormatError",
    ] {
        add(recipes, format!("Status is {status:?}"), move || {
            message(&report("").replacen("Acknowledged", status, 1))
        });
    }
    add(recipes, "Status of 1 MiB", || {
        message(&report("").replacen("Acknowledged", &"x".repeat(MIB), 1))
    });
}

/// Names that are hostile to logs, paths, lists, pages or databases, wherever a name may stand.
pub(super) fn names(recipes: &mut Vec<Recipe>) {
    #[rustfmt::skip] // Several to a line.
    const NAMES: [&str; 20] = [
        "a:b", "a/b", "a,b", "../../etc/passwd", "%00", "a&#0;b", "a&#1;b", "a&#9;b", "a&#10;b",
        "a&#13;b", "a&#27;[31mb", "a&#127;b", "a&#133;b", "a&#x2028;b", "&#x202E;a", "&#x200B;",
        "'; DROP TABLE hosts; --", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#x1F600;", " ",
    ];
    let all_f = string("UserID", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF");
    let places = [
        ("UDID", String::new()),
        ("EnrollmentID", String::new()),
        ("UserID", string("UDID", "A")),
        ("EnrollmentUserID", string("EnrollmentID", "E")),
        ("UserShortName", string("UDID", "A") + &all_f),
        ("CommandUUID", string("UDID", "A")),
    ];
    for (key, others) in places {
        let status = if key == "CommandUUID" {
            "NotNow"
        } else {
            "Idle"
        };
        let rest = others + &string("Status", status);
        for name in NAMES {
            let rest = rest.clone();
            let called = format!("{key} is {name}");
            add(recipes, called, move || {
                message(&(rest + &string(key, name)))
            });
        }
        for length in [256, MIB, LARGE - 1024] {
            let rest = rest.clone();
            add(recipes, format!("{key} of {length} bytes"), move || {
                message(&(rest + &string(key, &"x".repeat(length))))
            });
        }
    }
}
