//! Every rule of the host has a file that breaks it and one like it that does not.

use std::collections::BTreeSet;
use std::fs;

use mooring_identity::attached::Signers;
use mooring_identity::certificates_from_pem;
use mooring_mdm::finding::Finding;
use mooring_mdm::profile::{Container, Profile, ProfileLimits};
use mooring_mdm::rules::HOST_RULES;
use mooring_server::signature;

use super::profile;

/// A file and the same without the fault.
type Pair = (&'static str, Vec<u8>, Vec<u8>);

fn entry(element: &str) -> Vec<u8> {
    profile(&format!("<key>a</key>{element}"))
}

fn text_pairs() -> Vec<Pair> {
    let plain = entry("<true/>");
    let text = String::from_utf8(plain.clone()).unwrap();
    let with = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    let doctype = |rest: &str| with("?>", &format!("?><!DOCTYPE plist{rest}>"));
    let apple = " PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\"";
    vec![
        ("P001", b"hello".to_vec(), plain.clone()),
        (
            "P002",
            entry("<string>a & b</string>"),
            entry("<string>a &amp; b</string>"),
        ),
        ("P003", with("</plist>", ""), plain.clone()),
        ("P004", doctype(" [<!ENTITY a \"b\">]"), doctype(apple)),
        (
            "P005",
            entry("<string>&nbsp;</string>"),
            entry("<string>&#160;</string>"),
        ),
        ("P006", doctype(" SYSTEM \"x\""), doctype("")),
        ("P007", with("<?xml", "\n<?xml"), plain.clone()),
        ("P008", with("UTF-8", "UTF-16"), plain.clone()),
        (
            "P009",
            profile("<key>a</key><true/><key>a</key><true/>"),
            profile("<key>a</key><true/><key>b</key><true/>"),
        ),
        ("P010", profile("<string>a</string><true/>"), plain.clone()),
        ("P011", entry("<Array/>"), entry("<array/>")),
        (
            "P012",
            entry("<string><![CDATA[a]]></string>"),
            entry("<string>a</string>"),
        ),
        (
            "P013",
            entry("<string>&#1;</string>"),
            entry("<string>&#9;</string>"),
        ),
        (
            "P014",
            entry("<integer>+1</integer>"),
            entry("<integer>1</integer>"),
        ),
        ("P015", entry("<real>inf</real>"), entry("<real>1.5</real>")),
        (
            "P016",
            entry("<date>2031-02-29T00:00:00Z</date>"),
            entry("<date>2032-02-29T00:00:00Z</date>"),
        ),
        ("P017", entry("<data>QQ</data>"), entry("<data>QQ==</data>")),
        ("P018", entry(&nested(64)), entry(&nested(63))),
        ("P019", entry(&many(100_000)), entry(&many(10_000))),
        ("P020", entry(&blank(6 << 20)), entry(&blank(1 << 18))),
        ("P022", b"{ a = 1; }".to_vec(), plain.clone()),
        (
            "P023",
            profile("<key>a</key><true/><key>A</key><true/>"),
            profile("<key>a</key><true/><key>B</key><true/>"),
        ),
        (
            "P024",
            profile("<key>PayloadDisplayName</key><string>Wi\u{200B}Fi</string>"),
            profile("<key>PayloadDisplayName</key><string>Wi-Fi</string>"),
        ),
    ]
}

/// What XML says one way and Apple's reader takes another way, beside what it takes alike.
fn read_otherwise() -> Vec<Pair> {
    let entry = |value: &str| profile(&format!("<key>a</key>{value}"));
    let twins = |key: &str| {
        profile(&format!(
            "<key>Password</key><true/><key>{key}</key><true/>"
        ))
    };
    let beside = twins("Name");
    vec![
        (
            "P012",
            entry("<string>a<!-- b --></string>"),
            entry("<!-- b --><string>a</string>"),
        ),
        (
            "P012",
            entry("<string>a\r\nb</string>"),
            entry("\r\n<string>a&#13;\nb</string>\r\n"),
        ),
        (
            "P021",
            entry("<dict><key>CF$UID</key><integer>1</integer></dict>"),
            entry("<dict><key>CF$UID</key><string>1</string></dict>"),
        ),
        ("P023", twins("Pass\u{200B}word"), beside.clone()),
        ("P023", twins("\u{FF30}assword"), beside),
    ]
}

fn nested(depth: usize) -> String {
    ["<array>".repeat(depth), "</array>".repeat(depth)].concat()
}

fn many(values: usize) -> String {
    format!("<array>{}</array>", "<true/>".repeat(values))
}

fn blank(bytes: usize) -> String {
    format!("<string>{}</string>", " ".repeat(bytes))
}

fn signed(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/reading/signed");
    fs::read(format!("{folder}/{name}.mobileconfig")).unwrap()
}

fn signers(name: &str) -> Signers {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/reading/signed");
    let pem = fs::read(format!("{folder}/{name}.pem")).unwrap();
    Signers::new(certificates_from_pem(&pem).unwrap())
}

fn signed_pairs() -> Vec<Pair> {
    let good = signed("good");
    let mut changed = good.clone();
    let at = good
        .windows(6)
        .position(|window| window == b"Locks ")
        .unwrap();
    changed[at] = b'B';
    let mut two = signed("two");
    *two.last_mut().unwrap() ^= 1;
    let binary = |file: &[u8]| [b"bplist00".as_slice(), file].concat();
    vec![
        ("P021", binary(b"and no table"), good.clone()),
        ("S001", signed("detached"), good.clone()),
        ("S002", changed, good.clone()),
        ("S002", signed("nocerts"), good.clone()),
        ("S003", signed("expired"), good.clone()),
        ("S003", signed("future"), signed("p384")),
        ("S005", signed("sha1"), signed("rsa")),
        ("S005", signed("md5"), signed("rsa")),
        ("S005", signed("rsa1024"), signed("rsa")),
        ("S006", signed("nested"), good.clone()),
        ("S007", signed("variable"), good.clone()),
        ("S008", signed("encrypted"), good.clone()),
        ("S009", two, signed("two")),
        ("S009", [good.clone(), vec![0]].concat(), good),
    ]
}

/// What the host itself says of a file, with its signature judged.
fn judged(file: &[u8], trusted: Option<&Signers>) -> Vec<Finding> {
    let profile = match Profile::parse(file, &ProfileLimits::default()) {
        Ok(profile) => profile,
        Err(finding) => return vec![finding],
    };
    let mut findings = profile.notices().to_vec();
    if profile.container() == Container::Signed {
        signature::judge(profile.uploaded(), "2026-11-23", trusted, &mut findings);
    }
    findings
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|one| one.rule.as_str()).collect()
}

/// Each rule is broken by its file, and nothing at all is found in the file that is right.
#[test]
fn every_rule_has_two_files() {
    // S004 is about a set of signers, so that its two files are judged by one.
    let own = signers("p256");
    assert_eq!(rules(&judged(&signed("p384"), Some(&own))), ["S004"]);
    assert_eq!(judged(&signed("good"), Some(&own)), []);
    let mut proven = BTreeSet::from(["S004"]);
    let pairs = text_pairs().into_iter().chain(read_otherwise());
    for (rule, wrong, right) in pairs.chain(signed_pairs()) {
        let (wrong, right) = (judged(&wrong, None), judged(&right, None));
        assert!(rules(&wrong).contains(&rule), "{rule}: {wrong:?}");
        assert!(wrong.iter().all(|one| one.hint.is_some()), "{wrong:?}");
        assert_eq!(right, [], "{rule}");
        proven.insert(rule);
    }
    let listed: BTreeSet<_> = HOST_RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(proven, listed);
}

/// A signer is a stranger to a set without it, and none to one with it or its issuer.
#[test]
fn strangers_are_told() {
    let (ca, own) = (signers("ca"), signers("p256"));
    assert_eq!(judged(&signed("good"), Some(&ca)), []);
    assert_eq!(judged(&signed("good"), Some(&own)), []);
    assert_eq!(judged(&signed("p384"), Some(&ca)), []);
    assert_eq!(rules(&judged(&signed("p384"), Some(&own))), ["S004"]);
    let expired = judged(&signed("expired"), Some(&ca));
    assert_eq!(
        rules(&expired),
        ["S003"],
        "what has expired is a question of its own"
    );
}

/// A signature whose certificate is not in the file is not called another key's.
#[test]
fn a_missing_certificate_is_named() {
    let found = judged(&signed("nocerts"), None);
    assert_eq!(rules(&found), ["S002"]);
    let said = found[0].to_string();
    assert!(
        said.contains("the certificate of the signer is not in the file"),
        "{said}"
    );
    let hint = found[0].hint.as_deref().unwrap_or_default();
    assert!(hint.contains("certificate included"), "{hint}");
}

/// A signature of a kind that cannot be checked is a warning, since devices may know it; and a file
/// of which nobody has checked the signature says so.
#[test]
fn unchecked_signatures_are_named() {
    let pss = judged(&signed("pss"), None);
    assert_eq!(pss.len(), 1);
    assert!(pss[0].to_string().contains("warning S002"), "{}", pss[0]);
    let profile = Profile::parse(&signed("good"), &ProfileLimits::default()).unwrap();
    assert_eq!(profile.notices().len(), 1);
    assert!(profile.notices()[0].to_string().contains("info S002"));
}
