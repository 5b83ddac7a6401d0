//! A plugin that misbehaves in the way its settings name, or else the profile; a fixture for the
//! host's tests.
//!
//! Knows nothing of how it is stopped. Invariant: where nothing asks for it, it behaves.

#![expect(
    clippy::disallowed_methods,
    reason = "reaching for the clock is what it is for"
)]

use std::sync::atomic::{AtomicU32, Ordering};

use mooring_sdk::{
    Context, Failure, Finding, Generator, Kind, Node, Output, Place, Profile, Segment, Severity,
    Validator, log,
};

struct Hostile;

mooring_sdk::export_plugin!(Hostile, include_str!("../manifest.json"));

impl Validator for Hostile {
    fn check_settings(settings: &str) -> Vec<Finding> {
        match settings {
            "bad" | "\"bad\"" => vec![Finding::error_document("H001", "these settings are bad")],
            "panic" => panic!("settings are frightening"),
            // A rule of somebody else's, and no error.
            "\"stray\"" => vec![Finding::warning_document("X001", "these settings are odd")],
            _ => Vec::new(),
        }
    }

    fn validate(profile: &Profile, context: &Context) -> Result<Vec<Finding>, Failure> {
        match wish(profile, context) {
            "loop" => endless(),
            "memory" => hoard(),
            "panic" => panic!("the profile is frightening"),
            "recursion" => Ok(vec![remark(&descend(u64::MAX).to_string())]),
            "findings" => Ok((0..20_000).map(|_| remark("again")).collect()),
            "output" => Ok(vec![remark(&"x".repeat(6 << 20))]),
            "log" => {
                (0..10_000).for_each(|_| log::info(&"a long line ".repeat(100)));
                Ok(Vec::new())
            }
            "failure" => Err(Failure::Other("it did not work".to_owned())),
            "bad-settings" => Err(Failure::BadSettings("they are bad".to_owned())),
            "unsupported" => Err(Failure::Unsupported("not this one".to_owned())),
            "wrong-node" => Ok(vec![at(Place::Node(u32::MAX))]),
            "wrong-path" => Ok(vec![at(Place::Path(vec![
                Segment::Key("PayloadContent".to_owned()),
                Segment::Index(0),
                Segment::Key("Nowhere".to_owned()),
            ]))]),
            "abort" => std::process::abort(),
            "clock" => Ok(vec![remark(&format!("{:?}", std::time::SystemTime::now()))]),
            "env" => Ok(vec![remark(&std::env::var("PATH").unwrap_or_default())]),
            "file" => Ok(std::fs::read("/etc/passwd")
                .err()
                .map(|e| remark(&e.to_string()))
                .into_iter()
                .collect()),
            _ => Ok(vec![summary(profile, context)]),
        }
    }
}

impl Generator for Hostile {
    fn check_settings(_: &str) -> Vec<Finding> {
        Vec::new()
    }

    fn generate(seed: &str, context: &Context) -> Result<Vec<Output>, Failure> {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        match context.settings.as_str() {
            "loop" => endless(),
            "output" => Ok(vec![output(vec![b'x'; 6 << 20])]),
            "failure" => Err(Failure::Other("it did not work".to_owned())),
            // Settings that are a JSON text of profiles: it makes whatever it is told to.
            // After the name of a rule and a colon, it remarks on each under that rule.
            wanted if wanted.starts_with("\"<") || wanted.contains(":<") => Ok(profiles(wanted)
                .1
                .split('|')
                .enumerate()
                .map(|(number, profile)| Output {
                    key: format!("p{number}"),
                    profile: profile.as_bytes().to_vec(),
                    notes: profiles(wanted)
                        .0
                        .map(|rule| Finding::warning_document(rule, "it is only made"))
                        .into_iter()
                        .collect(),
                })
                .collect()),
            "\"loop\"" => endless(),
            "\"much\"" => Ok(vec![output(vec![b'x'; 6 << 20])]),
            // A fresh instance per call makes this the same every time.
            _ => {
                let call = CALLS.fetch_add(1, Ordering::Relaxed);
                Ok(vec![output(format!("{seed} {call}").into_bytes())])
            }
        }
    }
}

/// The profiles in settings, and the rule under which to remark on them.
fn profiles(settings: &str) -> (Option<&str>, &str) {
    let wanted = settings.trim_matches('"');
    match wanted.split_once(":<") {
        Some((rule, _)) if !wanted.starts_with('<') => (Some(rule), &wanted[rule.len() + 1..]),
        _ => (None, wanted),
    }
}

/// How to misbehave: the settings, or without any the text under `Misbehave` in the profile.
fn wish<'a>(profile: &'a Profile, context: &'a Context) -> &'a str {
    if !context.settings.is_empty() {
        return &context.settings;
    }
    let asks = |node: &Node<'_>| node.key() == Some("Misbehave");
    let node = profile.document().nodes().find(asks);
    node.and_then(Node::as_str).unwrap_or_default()
}

fn output(profile: Vec<u8>) -> Output {
    Output {
        key: "only".to_owned(),
        profile,
        notes: vec![remark("made")],
    }
}

fn remark(text: &str) -> Finding {
    Finding::info_document("H000", text)
}

fn at(place: Place) -> Finding {
    Finding::new(Severity::Warning, "H002", place, "somewhere")
}

/// What arrived, so that a test sees the lowering from the other side.
fn summary(profile: &Profile, context: &Context) -> Finding {
    let values: Vec<String> = profile.document().nodes().map(value).collect();
    log::debug("well behaved");
    Finding::info(
        "H000",
        profile.document().root(),
        format!(
            "{} | {} bytes | {} | today {} | device {:?}",
            values.join(" "),
            profile.bytes().len(),
            context.grade.as_text(),
            context.today().unwrap_or("unknown"),
            context.device.as_ref().map(|device| device.labels.len()),
        ),
    )
    .with_hint("behave")
}

fn value(node: Node<'_>) -> String {
    let value = match node.kind() {
        Kind::Dictionary | Kind::Array => {
            format!("{}({})", node.kind().name(), node.descendants().count() - 1)
        }
        Kind::String => format!("{:?}", node.as_str().unwrap_or("?")),
        Kind::Integer => format!("{}", node.as_integer().unwrap_or(-99)),
        Kind::Real => format!("{:?}", node.as_real().unwrap_or(f64::NAN)),
        Kind::Boolean => format!("{:?}", node.as_bool()),
        Kind::Date => node.as_date().unwrap_or("?").to_owned(),
        Kind::Data => format!("{:?}", node.as_data().unwrap_or(b"?")),
    };
    node.key()
        .map_or(value.clone(), |key| format!("{key}={value}"))
}

fn endless() -> ! {
    let mut n = 0_u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

fn hoard() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "this is the misbehaviour")]
fn descend(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    descend(depth - 1) + room[63]
}
