//! Judging one profile by every validator of this binary.
//!
//! Knows nothing of storage. Invariant: a file that is checked gets the findings that a push to a
//! server without other profiles would give it, unless it is judged as it is.

use std::path::Path;

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::plist::{LineIndex, NodeId};
use mooring_mdm::profile::{Container, Identified, Profile, ProfileLimits};
use mooring_plugin::{Context, Grade, Role, Subject};

use super::target::SCHEMA_KEY;
use super::{Judge, Target};
use crate::findings::measure;
use crate::profiles::candidate::check_alone;
use crate::profiles::channel;
use crate::signature;

impl Judge {
    /// Judges a profile that is about to be stored, by every validator.
    pub fn judge(&self, candidate: &Identified, today: &str) -> Vec<Finding> {
        let target = Target {
            schema: self.schema.clone(),
            ..Target::default()
        };
        self.judge_for(candidate, &target, today)
    }

    fn judge_for(&self, candidate: &Identified, target: &Target, today: &str) -> Vec<Finding> {
        let place = |node| candidate.place(node);
        let subject = Subject::new(&candidate.document, &candidate.raw, place);
        let context = target.context(channel(candidate.scope), today);
        self.validate(&subject, &context)
    }

    /// Judges a file as a push would, or as it is: in the strict grade nothing is filled in first.
    /// Without a server there is nobody to know the file by its content, so a missing identifier is
    /// stood in for by one made of the file's name.
    pub fn check(&self, name: &Path, bytes: &[u8], target: &Target, today: &str) -> Vec<Finding> {
        let profile = match Profile::parse(bytes, &ProfileLimits::default()) {
            Ok(profile) => profile,
            Err(finding) => return vec![finding],
        };
        let is_signed = profile.container() == Container::Signed;
        let mut findings = self.check_read(name, profile, target, today);
        if is_signed {
            let signers = target.signers.as_deref();
            signature::judge(bytes, today, signers, &mut findings);
        }
        findings
    }

    fn check_read(
        &self,
        name: &Path,
        profile: Profile,
        target: &Target,
        today: &str,
    ) -> Vec<Finding> {
        if target.grade == Grade::AppleStrict {
            return self.check_as_it_is(&profile, target, today);
        }
        let is_named = profile.identifier().is_some();
        match profile.identify(stand_in(name)) {
            Ok(identified) => {
                let mut findings = identified.notices.clone();
                if !is_named {
                    findings.iter_mut().for_each(say_what_a_push_does);
                }
                findings.extend(check_alone(&identified).err());
                findings.extend(self.judge_for(&identified, target, today));
                let place = |node| identified.place(node);
                measure(&mut findings, identified.document.nodes(), place);
                findings
            }
            Err(finding) => vec![finding],
        }
    }

    fn check_as_it_is(&self, profile: &Profile, target: &Target, today: &str) -> Vec<Finding> {
        let lines = LineIndex::new(profile.text());
        let nodes = profile.document().nodes();
        let place = |node: NodeId| {
            let node = nodes.get(node as usize);
            node.map_or((0, 0), |node| lines.position(node.start() as usize))
        };
        let subject = Subject::new(profile.document(), profile.uploaded(), place);
        let context = target.context(channel(profile.scope()), today);
        let mut findings = profile.notices().to_vec();
        findings.extend(self.validate(&subject, &context));
        measure(&mut findings, nodes, place);
        findings
    }

    fn validate(&self, subject: &Subject<'_>, context: &Context) -> Vec<Finding> {
        let validators = self.plugins.iter();
        let validators = validators.filter(|p| p.manifest().roles.contains(&Role::Validator));
        // A table is megabytes that most plugins would only have to carry.
        let mut slim = context.clone();
        slim.extra.retain(|(key, _)| key != SCHEMA_KEY);
        let findings = validators.flat_map(|plugin| {
            let mut reads = plugin.manifest().reads.iter();
            let context = if reads.any(|key| key == SCHEMA_KEY) {
                context
            } else {
                &slim
            };
            plugin
                .validate_once(subject, context, &self.limits, &self.results)
                .findings(plugin.id())
        });
        findings.collect()
    }
}

/// The values that stand in for a missing identity here are not those that a push would give.
fn say_what_a_push_does(finding: &mut Finding) {
    let message = match finding.rule.as_str() {
        "T003" => "the profile has no PayloadIdentifier; a push gives it a random one",
        "T004" => "the profile has no PayloadUUID; a push gives it one made of its content",
        _ => return,
    };
    message.clone_into(&mut finding.message);
}

fn stand_in(name: &Path) -> Option<PayloadIdentifier> {
    let stem = name
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_else(|| "profile".to_owned());
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let stem: String = stem.chars().map(plain).take(100).collect();
    PayloadIdentifier::parse(&format!("com.mooring.unnamed.{stem}")).ok()
}
