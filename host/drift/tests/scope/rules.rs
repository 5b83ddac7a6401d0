//! Rules: what they say of a host, in truth and in words.

use mooring_drift::scope::{Rule, Truth};

use crate::{Host, pairs, value};

/// What a rule says of a host, in one line.
fn said(text: &str, host: &Host) -> String {
    let rule = Rule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let (truth, words) = rule.evaluate(&host.subject());
    assert_eq!(truth, rule.truth(&host.subject()), "{text}");
    match words {
        Some(words) => format!("{truth}: {words}"),
        None => truth.to_string(),
    }
}

/// A rule, and below it what it says of a host that told everything.
const KNOWN: &str = r#"
true
    yes
!true
    no
host.id == 'HOST-1'
    yes: host.id is "HOST-1", wanted == "HOST-1"
"X" == host.serial
    no: host.serial is "C02ABC", wanted == "X"
host.serial != "X"
    yes: host.serial is "C02ABC", wanted != "X"
host.os_version >= "15.0"
    yes: host.os_version is 15.1, wanted >= 15.0
"15.0" > host.os_version
    no: host.os_version is 15.1, wanted < 15.0
host.os_version == '15.1.0'
    yes: host.os_version is 15.1, wanted == 15.1.0
!(host.os_version < '15.9')
    no: host.os_version is 15.1, wanted >= 15.9
host.os_version in ['14', '15.1']
    yes: host.os_version is 15.1, wanted one of 14, 15.1
host.platform == 'macos'
    yes: host.platform is macos, wanted one of macos
host.platform != 'ios'
    yes: host.platform is macos, wanted not one of ios
host.platform in ['ios', 'ipados',]
    no: host.platform is macos, wanted one of ios, ipados
host.is_supervised
    yes: host.is_supervised is true, wanted true
host.is_supervised == false
    no: host.is_supervised is true, wanted false
host.is_supervised != true
    no: host.is_supervised is true, wanted false
host.model.startsWith('Mac')
    yes: host.model is "MacBookPro18,3", wanted one that starts with "Mac"
host.build.endsWith('83')
    yes: host.build is "24B83", wanted one that ends with "83"
!host.name.contains('\'s')
    no: host.name is "Ada's Mac", wanted one that does not contain "'s"
attributes.site in ["oslo"]
    no: attributes.site is "berlin", wanted one of "oslo"
has(attributes.site)
    yes: attributes.site is set
!has(attributes.floor)
    yes: attributes.floor is not set
host.name.contains(attributes.site)
    no: host.name is "Ada's Mac", wanted one that contains attributes.site, which is "berlin"
"#;

/// Every kind of comparison says of a known host what is so, with words that name the fact.
#[test]
fn known_host() {
    for (text, expected) in pairs(KNOWN) {
        assert_eq!(said(text, &Host::known()), expected, "{text}");
    }
}

/// A rule, and below it what it says of a host that told nothing.
const SILENT: &str = r#"
host.id == 'HOST-1'
    yes: host.id is "HOST-1", wanted == "HOST-1"
host.serial == 'X'
    unknown: host.serial is not known
host.serial != 'X'
    unknown: host.serial is not known
host.os_version < '15'
    unknown: host.os_version is not known
host.platform in ['ios']
    unknown: host.platform is not known
!host.is_supervised
    unknown: host.is_supervised is not known
attributes.site == 'oslo'
    unknown: attributes.site is not set
host.id == attributes.site
    unknown: attributes.site is not set
has(attributes.site)
    no: attributes.site is not set
host.is_supervised || true
    yes
host.is_supervised && false
    no
host.is_supervised || host.id == 'HOST-1'
    yes: host.id is "HOST-1", wanted == "HOST-1"
host.is_supervised && host.id == 'X'
    no: host.id is "HOST-1", wanted == "X"
host.is_supervised && host.id == 'HOST-1' && host.name == 'a'
    unknown: host.is_supervised is not known, host.name is not known
"#;

/// What a silent host did not tell is unknown, and words name exactly what is not known; a
/// comparison that decides without it decides.
#[test]
fn silent_host() {
    for (text, expected) in pairs(SILENT) {
        assert_eq!(said(text, &Host::silent()), expected, "{text}");
    }
}

/// A fact that cannot be read is unknown, says so, and is repeated cut and without control
/// characters.
#[test]
fn unreadable_facts() {
    let host = Host::on("Sequoia\u{7}");
    assert_eq!(
        said("host.os_version > '1'", &host),
        "unknown: host.os_version is not known (\"Sequoia\" and more is not a version)"
    );
    let mut host = Host::known();
    let told = host.attributes.as_mut().unwrap();
    told.model = Some("Newton2,1".to_owned());
    told.serial_number = Some(String::new());
    assert_eq!(
        said("host.platform == 'macos'", &host),
        "unknown: host.platform is not known (nobody knows what the model \"Newton2,1\" runs)"
    );
    assert_eq!(
        said("host.serial != ''", &host),
        "unknown: host.serial is not known"
    );
    host.values.insert(value("site"), "x".repeat(5000));
    assert!(said("attributes.site == ''", &host).len() < 200);
}

/// Operators bind as in CEL: `!` before comparisons, those before `&&`, that before `||`.
#[test]
fn precedence() {
    for (text, expected) in [
        ("true || true && false", true),
        ("(true || true) && false", false),
        ("false && false || true", true),
        ("!false && false", false),
        ("!(false && false)", true),
        ("!true == false", true),
        ("!!true", true),
        ("true // || anything\n && false", false),
        ("host.is_supervised == true == true != false", true),
    ] {
        let rule = Rule::parse(text).unwrap();
        let truth = rule.truth(&Host::known().subject());
        assert_eq!(truth, Truth::from(expected), "{text}");
    }
}

/// A rule tells which declared attributes it names, each once.
#[test]
fn named_attributes() {
    let text = "has(attributes.a) || !(attributes.b in ['x'] && host.id.contains(attributes.c)) \
                || attributes.d == attributes.a || host.id == 'attributes.e'";
    let named = Rule::parse(text).unwrap().attributes();
    assert_eq!(
        named.into_iter().collect::<Vec<_>>(),
        ["a", "b", "c", "d"].map(value)
    );
}

/// An explanation stays short, whatever the rule and the host.
#[test]
fn short_words() {
    let many = (0..30)
        .map(|n| format!("host.name=='{n}'"))
        .collect::<Vec<_>>()
        .join("||");
    let said = said(&many, &Host::known());
    assert!(
        said.ends_with(", and 26 more") && said.len() < 300,
        "{said}"
    );
}
