//! What a binding grants its generator: under which names it makes profiles, and with which values.
//!
//! Knows nothing of what a profile is for. Invariants: a name is one that nobody takes for another's;
//! a profile that anybody else ever had a version of stays theirs; a value that the binding does not
//! name is never filled in.

use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::plist::NodeRef;
use mooring_mdm::profile::Identified;
use mooring_mdm::profile::placeholder::{Placeholder, ValueName};
use mooring_store::{Origin, ProfileRecord, VersionRecord};

use super::record::BindingRecord;
use super::registry::Set;
use crate::profiles::GIVEN_PREFIX;
use crate::profiles::candidate::places_for_values;
use crate::shelf::Shelf;

/// How the author of a version begins that a binding made; what follows is the binding's name.
/// Administrators have no such names.
const BY: &str = "binding ";

/// The author of what a binding makes.
pub(super) fn by(binding: &str) -> String {
    format!("{BY}{binding}")
}

/// The binding that made a version, if none pushed it.
pub(crate) fn made_by(version: &VersionRecord) -> Option<&str> {
    version.uploaded_by.strip_prefix(BY)
}

/// A text as an identifier that a generator may use or be granted: in plain ASCII, so that it looks
/// like no other, and none of this server's own.
pub(super) fn check_plain(text: &str) -> Result<(), &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut parts = text.split('.');
    if !parts.all(|part| !part.is_empty() && part.chars().all(is_plain)) {
        return Err("is not made of A to Z, a to z, 0 to 9, - and _ with dots between");
    }
    if folded(&format!("{text}.")).starts_with(GIVEN_PREFIX) {
        return Err("is one of those that this server keeps for itself");
    }
    Ok(())
}

/// What two identifiers have in common that look alike.
pub(super) fn folded(text: &str) -> String {
    let seen = text.chars().filter(char::is_ascii_graphic);
    seen.map(|c| c.to_ascii_lowercase()).collect()
}

/// What one binding may make, at one moment.
pub(super) struct Grant<'a> {
    pub(super) name: &'a str,
    pub(super) record: &'a BindingRecord,
    pub(super) set: &'a Set,
    pub(super) shelf: &'a Shelf,
}

impl Grant<'_> {
    /// Says what is wrong with a profile that was made, if it is more than was granted.
    pub(super) fn check(&self, candidate: &Identified) -> Result<(), String> {
        let identifier = &candidate.identifier;
        self.check_name(identifier.as_str())
            .map_err(|why| format!("it makes {identifier}, which {why}"))?;
        self.check_owner(identifier)?;
        self.check_payloads(candidate)?;
        self.check_values(candidate)
    }

    fn check_name(&self, text: &str) -> Result<(), &'static str> {
        let mut prefixes = self.record.wish.prefixes.iter();
        if !prefixes.any(|prefix| text.starts_with(prefix.as_str())) {
            return Err("has none of the prefixes that the binding grants");
        }
        check_plain(text)
    }

    /// Whether the profile is this binding's, and looks like nobody else's.
    fn check_owner(&self, identifier: &PayloadIdentifier) -> Result<(), String> {
        if let Some(maker) = self.set.maker(identifier).filter(|it| *it != self.name) {
            return Err(format!(
                "it makes {identifier}, which is the binding {maker}'s"
            ));
        }
        let looks = folded(identifier.as_str());
        for known in self.foreign() {
            if known.identifier == *identifier {
                let whose = self.whose(known);
                return Err(format!(
                    "it makes {identifier}, which is {whose}; let it make another identifier"
                ));
            }
            if folded(known.identifier.as_str()) == looks {
                let other = &known.identifier;
                return Err(format!(
                    "it makes {identifier}, which people would take for {other:?}, and that is \
                     {}; let it make another identifier",
                    self.whose(known)
                ));
            }
        }
        Ok(())
    }

    /// The profiles that others had a version of, deleted ones too.
    fn foreign(&self) -> impl Iterator<Item = &ProfileRecord> {
        let known = self.shelf.profiles.values();
        known.filter(|known| {
            known.origin != Origin::Uploaded || self.foreign_version(known).is_some()
        })
    }

    fn foreign_version<'a>(&self, known: &'a ProfileRecord) -> Option<&'a VersionRecord> {
        let mut versions = known.versions.iter();
        versions.find(|version| made_by(version) != Some(self.name))
    }

    fn whose(&self, known: &ProfileRecord) -> String {
        let Some(version) = self.foreign_version(known) else {
            return "a built-in profile".to_owned();
        };
        let number = version.version;
        match (made_by(version), known.deleted_at) {
            (Some(binding), _) => format!(
                "a profile that the binding {binding} made before (version {number}); bind it \
                 under that name"
            ),
            (None, None) => format!("a profile that was pushed (version {number})"),
            (None, Some(_)) => format!(
                "a profile that was pushed (version {number}) and deleted: its history and its \
                 assignment would pass to the plugin"
            ),
        }
    }

    /// Whether the payloads have names of their own: devices and people tell payloads by them.
    fn check_payloads(&self, candidate: &Identified) -> Result<(), String> {
        let own = folded(candidate.identifier.as_str());
        let content = candidate.document.root().get("PayloadContent");
        let payloads = content.into_iter().flat_map(NodeRef::items);
        for payload in payloads {
            let inner = payload.get("PayloadIdentifier");
            let Some(inner) = inner.and_then(NodeRef::as_str) else {
                continue;
            };
            let what = format!("it makes {} with a payload", candidate.identifier);
            self.check_name(inner)
                .map_err(|why| format!("{what} {inner:?}, which {why}"))?;
            let inner_looks = folded(inner);
            let mut foreign = self.foreign().filter(|it| it.deleted_at.is_none());
            let taken = foreign.find(|known| {
                let looks = folded(known.identifier.as_str());
                // Below what the profile itself is below it does not matter.
                inner_looks == looks || is_below(&inner_looks, &looks) && !is_below(&own, &looks)
            });
            if let Some(known) = taken {
                let other = &known.identifier;
                return Err(format!(
                    "{what} {inner}, which would pass for one of {other}, and that is {}",
                    self.whose(known)
                ));
            }
        }
        Ok(())
    }

    /// Whether the values that it uses are named by the binding.
    fn check_values(&self, candidate: &Identified) -> Result<(), String> {
        let places = places_for_values(candidate).map_err(|finding| finding.message)?;
        let may_use = |name: &ValueName| self.record.wish.values.contains(name);
        for place in &places {
            let name = match place {
                Placeholder::Host(_) => continue,
                Placeholder::Attribute(name) | Placeholder::Secret(name) if may_use(name) => {
                    continue;
                }
                Placeholder::Attribute(name) | Placeholder::Secret(name) => name,
            };
            return Err(format!(
                "it makes {} with {{{{{place}}}}}, and the binding does not let it use that value; \
                 name it there if it is meant (--value {name})",
                candidate.identifier
            ));
        }
        Ok(())
    }
}

fn is_below(identifier: &str, other: &str) -> bool {
    let rest = identifier.strip_prefix(other);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves which identifiers are plain: ASCII without blanks or empty parts, and not this server's
    /// however they are written.
    #[test]
    fn plain() {
        for text in ["com.example.a", "COM.Example_1.a-b", "com.mooringx.a", "a"] {
            assert_eq!(check_plain(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "com.example.a ",
            "com.example.\u{200b}a",
            "com.exаmple.a",
            "com..example",
            ".com.example",
            "com.example.",
            "com.example a",
            "com.mooring",
            "com.mooring.builtin.firewall",
            "com.Mooring.Builtin.firewall",
            "COM.MOORING.enrollment",
        ] {
            assert!(check_plain(text).is_err(), "{text:?}");
        }
    }

    /// Proves that what differs by case, blanks or unseen characters alone looks alike.
    #[test]
    fn alike() {
        for text in ["com.Example.A", "com.example.a ", "com.example.\u{200b}a"] {
            assert_eq!(folded(text), "com.example.a");
        }
        assert!(is_below("com.example.a.b", "com.example.a"));
        assert!(!is_below("com.example.ab", "com.example.a"));
    }
}
