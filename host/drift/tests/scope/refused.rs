//! Wrong rules, and with which words they are refused.

use mooring_drift::scope::{RULE_BYTES_MAX, RULE_DEPTH_MAX, Rule, RuleFault};

use crate::{Host, pairs};

/// A wrong rule, and below it the place, what is wrong, and the hint.
const REFUSED: &str = r#"
host.os_verion >= '15'
    1:1 there is no host.os_verion | did you mean host.os_version?
host.os == '15'
    1:1 there is no host.os | did you mean host.os_version?
serial == 'a'
    1:1 there is no serial | did you mean host.serial?
attribute.site == 'a'
    1:1 there is no attribute.site | did you mean attributes.site?
attributes.Site == 'a'
    1:12 no attribute can have this name: the name begins with 'S'; it must begin with a letter from a to z
host.id = 'a'
    1:9 '=' has no meaning in a rule | write == to compare
host.id == 'a' and true
    1:16 the word and cannot stand here; an operator or the end of the rule is expected | write && for and
not true
    1:1 there is no not | write ! for not
host.os_version >= 15.1
    1:20 a rule has no numbers, but there is 15.1 | versions are compared as texts: host.os_version >= "15.1"
host.os_version >= 'fifteen'
    1:20 "fifteen" is not a version: one to 4 numbers with dots between them, such as 15.1
'15.x' < host.os_version
    1:1 "15.x" is not a version: one to 4 numbers with dots between them, such as 15.1
host.os_version in ['15', 'b']
    1:27 "b" is not a version: one to 4 numbers with dots between them, such as 15.1
host.platform == 'macOS'
    1:18 "macOS" is not a platform; there are macos, ios, ipados, tvos, watchos and visionos | did you mean "macos"?
host.platform == 'osx'
    1:18 "osx" is not a platform; there are macos, ios, ipados, tvos, watchos and visionos | did you mean "macos"?
host.platform in ['windows']
    1:19 "windows" is not a platform; there are macos, ios, ipados, tvos, watchos and visionos
host.serial
    1:1 host.serial is not a condition, which is either true or false | compare it with ==, or with another operator
true && attributes.site
    1:9 an attribute is not a condition, which is either true or false | compare it with ==, or with another operator
!host.model
    1:2 host.model is not a condition, which is either true or false | compare it with ==, or with another operator
'a' == 'a'
    1:5 this compares two fixed texts, so it is the same for every host
host.id in []
    1:13 the list is empty, so nothing is in it
host.id in ['a' 'b']
    1:17 a text cannot stand here; , or ] is expected
host.id == 'a
    1:12 this text has no closing quote on the same line
host.id == '\d'
    1:13 a backslash cannot stand before 'd' | write \\ for one backslash
host.id == “a”
    1:12 '“' has no meaning in a rule | write straight quotes
(true
    1:6 the end of the rule cannot stand here; an operator or ) is expected
true)
    1:5 ) cannot stand here; an operator or the end of the rule is expected
true &&
    1:8 the end of the rule cannot stand here; a name, a text, true, false, ! or ( is expected
has(host.serial)
    1:5 has() tells of declared attributes only | write has(attributes.NAME); what a device did not tell makes a comparison unknown
size(host.id)
    1:1 there is no size() | there are has(attributes.NAME), and startsWith, endsWith and contains on texts
host.id.matches('a')
    1:9 there is no matches() | there are has(attributes.NAME), and startsWith, endsWith and contains on texts
host.os_version.startsWith('15')
    1:17 startsWith() cannot be asked of host.os_version | versions and platforms are compared whole: host.os_version >= "15" && host.os_version < "16"
host.id.contains(true)
    1:18 true cannot stand here; a text is expected
attributes['site'] == 'a'
    1:1 there is no attributes | write attributes.NAME
attributes.in == 'a'
    1:12 the word in cannot stand here; a name is expected
host == 'a'
    1:1 there is no host | write host.NAME
é
    1:1 'é' has no meaning in a rule
host.name == 'é' && nothing
    1:21 there is no nothing | there are host.id, host.serial, host.name, host.model, host.platform, host.os_version, host.build, host.is_supervised, and attributes.NAME
"#;

/// What is said of a wrong rule, in one line.
fn refusal(text: &str) -> String {
    let refused = Rule::parse(text).unwrap_err();
    let said = format!("{}:{} {}", refused.line, refused.column, refused.message());
    match refused.hint() {
        Some(hint) => format!("{said} | {hint}"),
        None => said,
    }
}

/// A wrong rule is refused with the place, what is wrong and what to do.
#[test]
fn refused() {
    for (text, expected) in pairs(REFUSED) {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

/// Places count lines, and an empty rule has one too.
#[test]
fn refused_on_lines() {
    for (text, expected) in [
        ("", "1:1 the rule is empty"),
        (" // nothing\n", "1:1 the rule is empty"),
        (
            "true &&\n  host.supervised",
            "2:3 there is no host.supervised | did you mean host.is_supervised?",
        ),
        (
            "host.id == 'a\nb'",
            "1:12 this text has no closing quote on the same line",
        ),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

/// Sides that do not go together are refused by name, whichever operator is between them.
#[test]
fn mismatches() {
    for (text, expected) in [
        (
            "host.serial < 'a'",
            "host.serial cannot be compared with a text by <",
        ),
        (
            "host.platform >= 'ios'",
            "host.platform cannot be compared with a text by >=",
        ),
        (
            "host.is_supervised == 'yes'",
            "host.is_supervised cannot be compared with a text by ==",
        ),
        (
            "host.os_version != true",
            "host.os_version cannot be compared with true by !=",
        ),
        (
            "host.os_version == attributes.os",
            "host.os_version cannot be compared with an attribute by ==",
        ),
        (
            "host.is_supervised in ['a']",
            "host.is_supervised cannot be compared with a list by in",
        ),
        (
            "(true || false) == host.is_supervised",
            "a condition cannot be compared with host.is_supervised by ==",
        ),
    ] {
        let refused = Rule::parse(text).unwrap_err();
        assert_eq!(refused.message(), expected, "{text}");
        assert!(refused.hint().is_some(), "{text}");
    }
}

/// Length and nesting have a bound, chains inside it have none, and none of it needs much stack.
#[test]
fn bounds() {
    let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Rule::parse(&nested(RULE_DEPTH_MAX)).is_ok());
    let refused = Rule::parse(&nested(RULE_DEPTH_MAX + 1)).unwrap_err();
    assert_eq!((refused.fault, refused.column), (RuleFault::TooDeep, 33));
    let long = format!("true{}", " ".repeat(RULE_BYTES_MAX - 4));
    assert!(Rule::parse(&long).is_ok());
    let refused = Rule::parse(&format!("{long} ")).unwrap_err();
    assert_eq!(refused.fault, RuleFault::TooLong { bytes: 1025 });

    let hostile = [
        ["!"; 1020].concat() + "true",
        ["true"; 128].join("||"),
        ["true"; 128].join("=="),
        "(".repeat(1024),
        "!(".repeat(512),
        "has(".repeat(256),
        "host.id.contains(".repeat(60),
        "host.id in [".repeat(85),
        "a.".repeat(512),
        "[".repeat(1024),
        "\\".repeat(1024),
        "true ||!(".repeat(32) + "true" + &")".repeat(32),
    ];
    // A quarter of what a thread has by default, in a build without optimisation.
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    let read = small.spawn(move || {
        let rules = hostile.iter().filter_map(|text| Rule::parse(text).ok());
        let said = rules.map(|rule| rule.evaluate(&Host::known().subject()));
        said.collect::<Vec<_>>().len()
    });
    assert_eq!(read.unwrap().join().unwrap(), 4);
}
