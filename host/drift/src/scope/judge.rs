//! Judges one host against labels and assignments, with and without words.
//!
//! Knows nothing of other hosts. Invariants: every label is judged at most once a judge; the
//! words and the truth of a part come from the same test, so they cannot disagree.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::device::bounded_text;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::os::{OsVersion, Platform};

use super::assignment::{Assignment, place};
use super::label::{Label, LabelName};
use super::truth::Truth;
use super::{Reason, Scope, Subject};

/// Longest text of a device or an administrator that is repeated in words, in bytes.
const SHOWN_BYTES_MAX: usize = 64;

/// One host before the labels of one scope.
pub(super) struct Judge<'a> {
    scope: &'a Scope,
    subject: &'a Subject<'a>,
    known: BTreeMap<&'a LabelName, Truth>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(scope: &'a Scope, subject: &'a Subject<'a>) -> Self {
        Self {
            scope,
            subject,
            known: BTreeMap::new(),
        }
    }

    /// Whether the host has the label.
    pub(super) fn label(&mut self, name: &'a LabelName) -> Truth {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let truth = match self.scope.labels.get(name) {
            None => Truth::Unknown,
            Some(Label::Manual) => Truth::from(self.subject.labels.contains(name)),
            Some(Label::Rule(rule)) => rule.truth(self.subject),
        };
        self.known.insert(name, truth);
        truth
    }

    /// Whether the profile is for the host.
    pub(super) fn membership(
        &mut self,
        identifier: &PayloadIdentifier,
        assignment: &'a Assignment,
    ) -> Truth {
        let included = self.all_of(&assignment.include_all);
        let chosen = self.one_of(&assignment.include_any);
        let kept_in = self.none_of(&assignment.exclude_any);
        Truth::all([
            included,
            chosen,
            kept_in,
            self.platforms(&assignment.platforms),
            self.os_range(assignment.os_min, assignment.os_max),
            self.share(identifier, assignment.percent),
        ])
    }

    /// What each part that is set says of the host.
    pub(super) fn reasons(
        &mut self,
        identifier: &PayloadIdentifier,
        assignment: &'a Assignment,
    ) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mut add = |rule: &str, truth, words| {
            let rule = rule.to_owned();
            reasons.push(Reason { rule, truth, words });
        };
        if !assignment.include_all.is_empty() {
            let truth = self.all_of(&assignment.include_all);
            add(
                "include_all",
                truth,
                self.label_words(&assignment.include_all),
            );
        }
        if !assignment.include_any.is_empty() {
            let truth = self.one_of(&assignment.include_any);
            add(
                "include_any",
                truth,
                self.label_words(&assignment.include_any),
            );
        }
        if !assignment.exclude_any.is_empty() {
            let truth = self.none_of(&assignment.exclude_any);
            add(
                "exclude_any",
                truth,
                self.label_words(&assignment.exclude_any),
            );
        }
        if !assignment.platforms.is_empty() {
            let truth = self.platforms(&assignment.platforms);
            add(
                "platforms",
                truth,
                self.platform_words(&assignment.platforms),
            );
        }
        if assignment.os_min.is_some() || assignment.os_max.is_some() {
            let truth = self.os_range(assignment.os_min, assignment.os_max);
            add("os", truth, self.os_words(assignment));
        }
        if let Some(percent) = assignment.percent {
            let truth = self.share(identifier, assignment.percent);
            add("percent", truth, self.share_words(identifier, percent));
        }
        if reasons.is_empty() {
            reasons.push(everyone("the assignment sets no condition"));
        }
        reasons
    }

    fn all_of(&mut self, labels: &'a BTreeSet<LabelName>) -> Truth {
        Truth::all(labels.iter().map(|label| self.label(label)))
    }

    fn one_of(&mut self, labels: &'a BTreeSet<LabelName>) -> Truth {
        if labels.is_empty() {
            return Truth::Yes;
        }
        Truth::any(labels.iter().map(|label| self.label(label)))
    }

    fn none_of(&mut self, labels: &'a BTreeSet<LabelName>) -> Truth {
        !Truth::any(labels.iter().map(|label| self.label(label)))
    }

    fn platforms(&self, platforms: &BTreeSet<Platform>) -> Truth {
        if platforms.is_empty() {
            return Truth::Yes;
        }
        let is_one_of = self.subject.platform().map(|own| platforms.contains(&own));
        Truth::from(is_one_of)
    }

    fn os_range(&self, min: Option<OsVersion>, max: Option<OsVersion>) -> Truth {
        if min.is_none() && max.is_none() {
            return Truth::Yes;
        }
        Truth::from(self.subject.os_version().map(|own| {
            min.is_none_or(|min| own >= min) && max.is_none_or(|max| own.is_within(max))
        }))
    }

    fn share(&self, identifier: &PayloadIdentifier, percent: Option<u8>) -> Truth {
        let is_in = |percent| place(identifier, self.subject.host) < percent;
        Truth::from(percent.is_none_or(is_in))
    }

    /// Each label with its truth and what decided it.
    fn label_words(&self, labels: &BTreeSet<LabelName>) -> String {
        let each = labels.iter().map(|name| match self.scope.labels.get(name) {
            None => format!("{name}: unknown (there is no such label)"),
            Some(Label::Manual) if self.subject.labels.contains(name) => {
                format!("{name}: yes (the host was given it)")
            }
            Some(Label::Manual) => format!("{name}: no (the host was not given it)"),
            Some(Label::Rule(rule)) => match rule.evaluate(self.subject) {
                (truth, Some(words)) => format!("{name}: {truth} ({words})"),
                (truth, None) => format!("{name}: {truth} (by its rule, for every host)"),
            },
        });
        each.collect::<Vec<_>>().join("; ")
    }

    fn platform_words(&self, platforms: &BTreeSet<Platform>) -> String {
        let names: Vec<_> = platforms.iter().map(|platform| platform.as_str()).collect();
        format!(
            "{}, wanted one of {}",
            self.subject.platform_words(),
            names.join(", ")
        )
    }

    fn os_words(&self, assignment: &Assignment) -> String {
        let own = self.subject.os_words();
        match (assignment.os_min, assignment.os_max) {
            (Some(min), Some(max)) => format!("{own}, wanted {min} to {max}"),
            (Some(min), None) => format!("{own}, wanted {min} or later"),
            (None, Some(max)) => format!("{own}, wanted {max} or earlier"),
            (None, None) => own,
        }
    }

    fn share_words(&self, identifier: &PayloadIdentifier, percent: u8) -> String {
        let place = place(identifier, self.subject.host);
        format!("the host has place {place} of 0 to 99 for this profile, wanted below {percent}")
    }
}

/// The reason of a profile that is for every host.
pub(super) fn everyone(words: &str) -> Reason {
    Reason {
        rule: "everyone".to_owned(),
        truth: Truth::Yes,
        words: words.to_owned(),
    }
}

/// A text as it is repeated to people: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let kept = bounded_text(text, SHOWN_BYTES_MAX);
    if kept.len() < text.len() {
        return format!("{kept:?} and more");
    }
    format!("{kept:?}")
}

impl<'a> Subject<'a> {
    /// A fact that the device told. An empty text tells nothing.
    fn told(&self, fact: impl Fn(&'a super::Attributes) -> &'a Option<String>) -> Option<&'a str> {
        let text = fact(self.attributes?).as_deref()?;
        (!text.is_empty()).then_some(text)
    }

    /// `SerialNumber`.
    pub(super) fn serial(&self) -> Option<&'a str> {
        self.told(|told| &told.serial_number)
    }

    /// `DeviceName`.
    pub(super) fn name(&self) -> Option<&'a str> {
        self.told(|told| &told.device_name)
    }

    /// `Model`.
    pub(super) fn model(&self) -> Option<&'a str> {
        self.told(|told| &told.model)
    }

    /// `BuildVersion`.
    pub(super) fn build(&self) -> Option<&'a str> {
        self.told(|told| &told.build_version)
    }

    /// The version of the host's system, if it told one that can be read.
    pub(super) fn os_version(&self) -> Option<OsVersion> {
        OsVersion::parse(self.told(|told| &told.os_version)?).ok()
    }

    /// The host's system, if it told a model that is known.
    pub(super) fn platform(&self) -> Option<Platform> {
        Platform::from_model(self.model()?)
    }

    /// What is known of the version of the host's system.
    pub(super) fn os_words(&self) -> String {
        match (self.os_version(), self.told(|told| &told.os_version)) {
            (Some(version), _) => format!("host.os_version is {version}"),
            (None, Some(text)) => format!(
                "host.os_version is not known ({} is not a version)",
                shown(text)
            ),
            (None, None) => "host.os_version is not known".to_owned(),
        }
    }

    /// What is known of the host's system.
    pub(super) fn platform_words(&self) -> String {
        match (self.platform(), self.model()) {
            (Some(platform), _) => format!("host.platform is {platform}"),
            (None, Some(model)) => format!(
                "host.platform is not known (nobody knows what the model {} runs)",
                shown(model)
            ),
            (None, None) => "host.platform is not known".to_owned(),
        }
    }
}
