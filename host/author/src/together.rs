//! Profiles that are judged together, as a plugin is shown them.
//!
//! Knows nothing of what the plugin looks for. Invariants: a set has the form in which a server hands
//! it over, with nothing gone and no earlier version; every place that is told is one in a profile of
//! the set.

use mooring_mdm::plist::{Document, NodeRef};
use mooring_plugin::{
    Call, Context, Limits, Outcome, Plugin, ProfileSet, SetEdition, SetFinding, SetMember, SetPart,
    SetSpot,
};

use crate::sample::Sample;

/// Asks a plugin about profiles together; its findings have line and column in the profile that they
/// are about. Blocks.
pub fn judge(
    (plugin, limits): (&Plugin, &Limits),
    samples: &[Sample],
    context: &Context,
) -> Call<Vec<SetFinding>> {
    let members = samples.iter().map(|sample| SetMember {
        now: edition(sample.document()),
        before: None,
    });
    let set = ProfileSet {
        members: members.collect(),
        gone: Vec::new(),
    };
    let mut call = plugin.validate_set(&set, context, limits);
    if let Outcome::Done(findings) = &mut call.outcome {
        for found in findings {
            if let Some((_, line, column)) = place(samples, found.about) {
                (found.finding.line, found.finding.column) = (line, column);
            }
        }
    }
    call
}

/// The profile that a spot is in, by its index, with line and column there (0 for the profile as a
/// whole); nothing for the set as a whole.
pub fn place(samples: &[Sample], spot: SetSpot) -> Option<(usize, u32, u32)> {
    let at = match spot.part {
        SetPart::Member(at) => at,
        SetPart::Whole | SetPart::Gone(_) => return None,
    };
    let sample = samples.get(at)?;
    let (line, column) = spot.node.map_or((0, 0), |node| sample.place(node));
    Some((at, line, column))
}

fn edition(document: &Document) -> SetEdition<'_> {
    let text = |key| document.root().get(key).and_then(NodeRef::as_str);
    SetEdition {
        identifier: text("PayloadIdentifier").unwrap_or_default(),
        uuid: text("PayloadUUID").unwrap_or_default(),
        version: 0,
        channel: match text("PayloadScope") {
            Some("User") => "user",
            Some(_) | None => "device",
        },
        origin: "file",
        document,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mooring_plugin::Grade;

    use super::*;
    use crate::workshop::Workshop;

    const DOCK: &str = "<plist version=\"1.0\">\n<dict>\n<key>PayloadIdentifier</key>\n\
        <string>com.example.dock</string>\n</dict>\n</plist>";

    /// A finding about two profiles has its place in both; one about the set has none.
    #[test]
    fn places() {
        let read = || Sample::read(Path::new("x"), DOCK.as_bytes(), Grade::AppleStrict).unwrap();
        let samples = [read(), read()];
        let component = mooring_builtin::PROFILE_SET.component;
        let workshop = Workshop::of_program(component).unwrap();
        let terms = (workshop.plugin(), workshop.limits());
        let found = judge(terms, &samples, &Context::default());
        let found = found.outcome.done().unwrap();
        assert_eq!(found[0].finding.rule, "R005");
        assert_eq!((found[0].finding.line, found[0].finding.column), (3, 1));
        assert_eq!(place(&samples, found[0].about), Some((1, 3, 1)));
        let other = found[0].other.unwrap();
        assert_eq!(place(&samples, other), Some((0, 3, 1)));
        let whole = SetSpot {
            part: SetPart::Whole,
            node: None,
        };
        assert_eq!(place(&samples, whole), None);
    }
}
