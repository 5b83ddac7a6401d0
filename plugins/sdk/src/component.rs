//! Stands between the contract's records and the plugin's functions, inside a component.
//!
//! Knows nothing of what a plugin does. Invariant: the panic hook is set before any of the
//! plugin's code runs, so that a panic's text reaches the host before the trap does.

use std::marker::PhantomData;

use crate::bindings::plugin::exports::mooring::plugin as roles;
use crate::bindings::plugin::mooring::plugin::log as contract_log;
use crate::bindings::plugin::mooring::plugin::types as contract;
use crate::document::{Entry, NONE};
use crate::log::Level;
use crate::{
    Context, Device, Document, Edition, Failure, Finding, Generator, Grade, Kind, Member, Output,
    Place, Profile, ProfileSet, Segment, SetFinding, SetSubject, SetValidator, Severity, Spot,
    Validator,
};

/// A validator as the contract's exports.
pub struct ValidatorComponent<P>(PhantomData<P>);

/// A generator as the contract's exports.
pub struct GeneratorComponent<P>(PhantomData<P>);

/// A set validator as the contract's exports.
pub struct SetValidatorComponent<P>(PhantomData<P>);

/// A plugin of both roles as the contract's exports.
pub struct BothComponent<P>(PhantomData<P>);

impl<P: Validator> roles::settings::Guest for ValidatorComponent<P> {
    fn check(settings: String) -> Vec<contract::Finding> {
        set_panic_hook();
        lower_findings(P::check_settings(&settings))
    }
}

impl<P: Generator> roles::settings::Guest for GeneratorComponent<P> {
    fn check(settings: String) -> Vec<contract::Finding> {
        set_panic_hook();
        lower_findings(P::check_settings(&settings))
    }
}

impl<P: SetValidator> roles::settings::Guest for SetValidatorComponent<P> {
    fn check(settings: String) -> Vec<contract::Finding> {
        set_panic_hook();
        lower_findings(P::check_settings(&settings))
    }
}

/// Both roles have the same settings, so both have their say.
impl<P: Validator + Generator> roles::settings::Guest for BothComponent<P> {
    fn check(settings: String) -> Vec<contract::Finding> {
        set_panic_hook();
        let mut findings = <P as Validator>::check_settings(&settings);
        findings.extend(<P as Generator>::check_settings(&settings));
        lower_findings(findings)
    }
}

impl<P: Validator> roles::validator::Guest for ValidatorComponent<P> {
    fn validate(
        profile: contract::Profile,
        context: contract::Context,
    ) -> Result<Vec<contract::Finding>, contract::Failure> {
        validate::<P>(profile, context)
    }
}

impl<P: Validator + Generator> roles::validator::Guest for BothComponent<P> {
    fn validate(
        profile: contract::Profile,
        context: contract::Context,
    ) -> Result<Vec<contract::Finding>, contract::Failure> {
        validate::<P>(profile, context)
    }
}

impl<P: Generator> roles::generator::Guest for GeneratorComponent<P> {
    fn generate(
        seed: String,
        context: contract::Context,
    ) -> Result<Vec<roles::generator::Output>, contract::Failure> {
        generate::<P>(&seed, context)
    }
}

impl<P: Validator + Generator> roles::generator::Guest for BothComponent<P> {
    fn generate(
        seed: String,
        context: contract::Context,
    ) -> Result<Vec<roles::generator::Output>, contract::Failure> {
        generate::<P>(&seed, context)
    }
}

impl<P: SetValidator> roles::set_validator::Guest for SetValidatorComponent<P> {
    fn validate_set(
        profiles: roles::set_validator::ProfileSet,
        context: contract::Context,
    ) -> Result<Vec<roles::set_validator::SetFinding>, contract::Failure> {
        set_panic_hook();
        P::validate_set(&lift_set(profiles), &lift_context(context))
            .map(|findings| findings.into_iter().map(lower_set_finding).collect())
            .map_err(lower_failure)
    }
}

fn validate<P: Validator>(
    profile: contract::Profile,
    context: contract::Context,
) -> Result<Vec<contract::Finding>, contract::Failure> {
    set_panic_hook();
    let profile = Profile::new(lift_document(profile.document), profile.bytes);
    P::validate(&profile, &lift_context(context))
        .map(lower_findings)
        .map_err(lower_failure)
}

fn generate<P: Generator>(
    seed: &str,
    context: contract::Context,
) -> Result<Vec<roles::generator::Output>, contract::Failure> {
    set_panic_hook();
    P::generate(seed, &lift_context(context))
        .map(|outputs| outputs.into_iter().map(lower_output).collect())
        .map_err(lower_failure)
}

/// The text is what `log.wit` says a host recognises as the reason of the trap that follows.
fn set_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let text = panic.payload_as_str().unwrap_or("no text");
        sink(Level::Error, &format!("panicked at {place}: {text}"));
    }));
}

pub(crate) fn sink(level: Level, text: &str) {
    let level = match level {
        Level::Debug => contract_log::Level::Debug,
        Level::Info => contract_log::Level::Info,
        Level::Warn => contract_log::Level::Warn,
        Level::Error => contract_log::Level::Error,
    };
    contract_log::write(level, text);
}

fn lift_document(document: contract::Document) -> Document {
    let entry = |node: contract::Node| Entry {
        kind: lift_kind(node.kind),
        key: node.key.unwrap_or(NONE),
        value: node.value,
        end: node.end,
        parent: NONE,
    };
    let nodes = document.nodes.into_iter().map(entry).collect();
    Document::assemble(nodes, document.texts, document.reals, document.blobs)
}

fn lift_set(set: roles::set_validator::ProfileSet) -> ProfileSet {
    let member = |member: roles::set_validator::Member| Member {
        now: lift_edition(member.now),
        before: member.before.map(lift_edition),
    };
    ProfileSet {
        members: set.members.into_iter().map(member).collect(),
        gone: set.gone.into_iter().map(lift_edition).collect(),
    }
}

fn lift_edition(edition: roles::set_validator::Edition) -> Edition {
    Edition {
        identifier: edition.identifier,
        uuid: edition.uuid,
        version: edition.version,
        channel: edition.channel,
        origin: edition.origin,
        document: lift_document(edition.document),
        extra: edition.extra,
    }
}

fn lift_kind(kind: contract::Kind) -> Kind {
    match kind {
        contract::Kind::Dictionary => Kind::Dictionary,
        contract::Kind::Array => Kind::Array,
        contract::Kind::String => Kind::String,
        contract::Kind::Integer => Kind::Integer,
        contract::Kind::Real => Kind::Real,
        contract::Kind::Boolean => Kind::Boolean,
        contract::Kind::Date => Kind::Date,
        contract::Kind::Data => Kind::Data,
    }
}

fn lift_context(context: contract::Context) -> Context {
    Context {
        settings: context.settings,
        grade: Grade::from_text(&context.grade),
        device: context.device.map(|device| Device {
            platform: device.platform,
            os_version: device.os_version,
            model: device.model,
            supervised: device.supervised,
            channel: device.channel,
            labels: device.labels,
            extra: device.extra,
        }),
        extra: context.extra,
    }
}

fn lower_findings(findings: Vec<Finding>) -> Vec<contract::Finding> {
    findings.into_iter().map(lower_finding).collect()
}

fn lower_finding(finding: Finding) -> contract::Finding {
    contract::Finding {
        severity: lower_severity(finding.severity),
        rule: finding.rule,
        message: finding.message,
        place: lower_place(finding.place),
        hint: finding.hint,
        extra: finding.extra,
    }
}

fn lower_set_finding(finding: SetFinding) -> roles::set_validator::SetFinding {
    roles::set_validator::SetFinding {
        severity: lower_severity(finding.severity),
        rule: finding.rule,
        message: finding.message,
        about: lower_spot(finding.about),
        other: finding.other.map(lower_spot),
        hint: finding.hint,
        extra: finding.extra,
    }
}

fn lower_spot(spot: Spot) -> roles::set_validator::Spot {
    use roles::set_validator::Subject;
    roles::set_validator::Spot {
        subject: match spot.subject {
            SetSubject::Set => Subject::Set,
            SetSubject::Member(index) => Subject::Member(index),
            SetSubject::Gone(index) => Subject::Gone(index),
        },
        place: lower_place(spot.place),
    }
}

fn lower_severity(severity: Severity) -> contract::Severity {
    match severity {
        Severity::Info => contract::Severity::Info,
        Severity::Warning => contract::Severity::Warning,
        Severity::Error => contract::Severity::Error,
    }
}

fn lower_place(place: Place) -> contract::Place {
    match place {
        Place::Document => contract::Place::Document,
        Place::Node(index) => contract::Place::Node(index),
        Place::Path(path) => contract::Place::Path(path.into_iter().map(lower_segment).collect()),
    }
}

fn lower_segment(segment: Segment) -> contract::Segment {
    match segment {
        Segment::Key(key) => contract::Segment::Key(key),
        Segment::Index(index) => contract::Segment::Index(index),
    }
}

fn lower_output(output: Output) -> roles::generator::Output {
    roles::generator::Output {
        key: output.key,
        profile: output.profile,
        notes: lower_findings(output.notes),
    }
}

fn lower_failure(failure: Failure) -> contract::Failure {
    match failure {
        Failure::BadSettings(text) => contract::Failure::BadSettings(text),
        Failure::Unsupported(text) => contract::Failure::Unsupported(text),
        Failure::Other(text) => contract::Failure::Other(text),
    }
}
