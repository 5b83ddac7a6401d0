//! Payload types against the table: L007 to L009.
//!
//! A name that nobody knows is told from a slip of the hand. Apple's list is never complete and
//! macOS takes any preference domain as a type, so an unknown name of Apple's is an error where a
//! known one is near, or in `apple-strict`, and a warning else. A name of another maker is reported
//! only where the table knows makers' domains, or where it is no domain's name at all.
//! Invariant: each payload gets at most one of L007 and L008.

use mooring_sdk::Severity;

use crate::domains::{PREFERENCE_DOMAINS, is_preference_domain};
use crate::near::nearest_within;
use crate::profile_tree::{Payload, ProfileTree};
use crate::report::{Remark, Report, quoted};
use crate::table::{Facet, PayloadType, Table};
use crate::target::Platform;

/// How far a known name may be off to count as what was meant: types are long and end alike.
const SLIPS_MAX: usize = 2;

/// What every type of Apple's begins with, two old ones apart.
const APPLE_PREFIX: &str = "com.apple.";

/// L007 and L008: the payload's type is known, and written in the right case.
pub(crate) fn l007_l008_known(table: Table<'_>, payload: Payload<'_>, report: &mut Report) {
    let name = payload.type_name;
    if table.has(name) || is_preference_domain(name) {
        return;
    }
    let known = || table.names().chain(PREFERENCE_DOMAINS.iter().copied());
    if let Some(right) = known().find(|known| known.eq_ignore_ascii_case(name)) {
        let message = format!(
            "the payload type {} is written in the wrong case",
            quoted(name)
        );
        let hint = format!("write {right}");
        let fix = format!("value <string>{right}</string>");
        let remark = Remark::new("L008", Severity::Error, payload.type_node, message, hint);
        report.add(remark.with_fix(Some(fix)));
        return;
    }
    let start = name.get(..APPLE_PREFIX.len());
    let is_apple = start.is_some_and(|start| start.eq_ignore_ascii_case(APPLE_PREFIX));
    let near = if report.may_search() {
        nearest_within(name, SLIPS_MAX, known())
    } else {
        None
    };
    match (is_apple, near) {
        (_, Some(near)) => {
            let severity = if is_apple {
                Severity::Error
            } else {
                Severity::Warning
            };
            let message = format!("{} is no known payload type or domain", quoted(name));
            let hint = format!("{near} is one; if you mean another, check its spelling");
            report.add(Remark::new(
                "L007",
                severity,
                payload.type_node,
                message,
                hint,
            ));
        }
        (true, None) => {
            let message = format!("{} is no known type or domain of Apple's", quoted(name));
            let hint = "check the spelling; devices but Macs refuse a type that they do not know";
            let severity = report.by_grade();
            report.add(Remark::new(
                "L007",
                severity,
                payload.type_node,
                message,
                hint,
            ));
        }
        (false, None) => l007_of_others(payload, report),
    }
}

/// L007 for names that are not Apple's and like no known one.
fn l007_of_others(payload: Payload<'_>, report: &mut Report) {
    let name = payload.type_name;
    let not_a_mac = report
        .target
        .platform
        .filter(|platform| *platform != Platform::Macos);
    let (message, hint) = if let Some(platform) = not_a_mac {
        let platform = platform.name();
        (
            format!("{} is no payload type of {platform}", quoted(name)),
            "only Macs take a preference domain as a payload type; leave this payload out",
        )
    } else if !is_domain(name) {
        (
            format!("{} has no form of a payload type", quoted(name)),
            "write the preference domain of the app, such as com.example.app",
        )
    } else {
        return;
    };
    report.add(Remark::new(
        "L007",
        Severity::Warning,
        payload.type_node,
        message,
        hint,
    ));
}

/// Whether a name is written like a preference domain: parts with dots between, without spaces.
fn is_domain(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut chars = part.chars();
        !part.is_empty()
            && chars
                .all(|c| c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, '-' | '_' | '+'))
    };
    // An app may call its domain as it likes; what has one part only is a slip far more often.
    name.contains('.') && name.split('.').all(is_part)
}

/// What the table says about the types that occur, sorted by name.
pub(crate) struct Types<'a>(Vec<(&'a str, PayloadType<'a>)>);

impl<'a> Types<'a> {
    pub(crate) fn read(table: Table<'a>, profile: &ProfileTree<'a>) -> Self {
        let mut types = Self(Vec::new());
        for payload in &profile.payloads {
            let name = payload.type_name;
            if let Err(place) = types.find(name)
                && let Some(found) = table.payload_type(name)
            {
                types.0.insert(place, (name, found));
            }
        }
        types
    }

    pub(crate) fn get(&self, name: &str) -> Option<&PayloadType<'a>> {
        let place = self.find(name).ok()?;
        self.0.get(place).map(|(_, found)| found)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (*known).cmp(name))
    }
}

/// L009: a type of which a device takes one only is there once.
pub(crate) fn l009_single(types: &Types<'_>, profile: &ProfileTree<'_>, report: &mut Report) {
    let mut seen = vec![None; types.0.len()];
    for payload in &profile.payloads {
        let Ok(place) = types.find(payload.type_name) else {
            continue;
        };
        if takes_several(&types.0[place].1, report.target.platform) {
            continue;
        }
        let Some(earlier) = seen[place].replace(payload.number) else {
            continue;
        };
        let label = payload.label();
        let message =
            format!("{label} repeats a type that may be there once; see payload {earlier}");
        let hint = "merge the two payloads into one";
        let remark = Remark::new("L009", Severity::Error, payload.type_node, message, hint);
        report.add(remark);
    }
}

/// Whether a device takes several payloads of a type: as its platform says, or where the platform is
/// open, as the Mac says, or else any that knows the type.
fn takes_several(found: &PayloadType<'_>, platform: Option<Platform>) -> bool {
    let says = |platform| {
        let mut said = found
            .variants
            .iter()
            .filter_map(|variant| variant.support.is(platform, Facet::Multiple));
        let first = said.next()?;
        Some(first || said.any(|several| several))
    };
    if let Some(said) = platform.and_then(says) {
        return said;
    }
    let of_mac = says(Platform::Macos);
    of_mac.unwrap_or_else(|| {
        let mut said = Platform::ALL.into_iter().filter_map(says).peekable();
        said.peek().is_none() || said.any(|several| several)
    })
}
