//! Access to a user's files, screen and input, granted on the user's behalf: X020 to X027.
//!
//! Knows the payload of privacy preferences and nothing of the apps it names. Invariant: the rules
//! about grants say nothing of entries that deny.

use mooring_sdk::{Kind, Node};

use crate::profile_tree::{ProfileTree, quoted, switch, text};
use crate::report::Report;
use crate::requirement;
use crate::secrets::is_reference;

const TYPE: &str = "com.apple.TCC.configuration-profile-policy";

/// Services that Apple lets a profile deny, or leave to standard users, but never allow.
const USER_ONLY: &[&str] = &["Camera", "Microphone", "ScreenCapture", "ListenEvent"];

/// Services that give what runs inside a shell or an interpreter the run of the device.
const POWERFUL: &[&str] = &[
    "Accessibility",
    "AppleEvents",
    "PostEvent",
    "SystemPolicyAllFiles",
    "SystemPolicySysAdminFiles",
];

/// Whatever a script does, these do it: whoever can run a script has the grant. `env` runs what it is
/// told to.
const SHELLS: &[&str] = &[
    "bash",
    "com.apple.osascript",
    "com.apple.Terminal",
    "com.apple.terminal",
    "env",
    "osascript",
    "python",
    "python2",
    "python3",
    "sh",
    "Terminal",
    "zsh",
];

/// Other interpreters and terminals, and what stands for every session over ssh.
const INTERPRETERS: &[&str] = &[
    "com.apple.Automator",
    "com.apple.ScriptEditor2",
    "com.apple.sshd-keygen-wrapper",
    "com.googlecode.iterm2",
    "csh",
    "dash",
    "expect",
    "iTerm",
    "iTerm2",
    "ksh",
    "node",
    "perl",
    "php",
    "pwsh",
    "ruby",
    "sshd-keygen-wrapper",
    "swift",
    "tclsh",
    "tcsh",
];

/// One entry of one service.
#[derive(Clone, Copy)]
struct Entry<'a> {
    service: &'a str,
    node: Node<'a>,
    identifier: &'a str,
}

/// X020 to X027: an access is granted to one app alone, and only where a profile may grant it.
pub(crate) fn x020_to_x027_consent(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let mut entries = Vec::new();
    for payload in profile.of_type(TYPE) {
        let services = payload.node.find(Kind::Dictionary, "Services");
        for (service, list) in services.into_iter().flat_map(Node::entries) {
            for node in list.items().filter(|node| node.kind() == Kind::Dictionary) {
                let identifier = text(node, "Identifier").unwrap_or_default();
                let entry = Entry {
                    service,
                    node,
                    identifier,
                };
                requirements(entry, report);
                x022_path(entry, report);
                grants(entry, report);
                x025_decision(entry, report);
                x026_receiver(entry, report);
                entries.push(entry);
            }
        }
    }
    x027_repeated(entries, report);
}

impl<'a> Entry<'a> {
    /// What to call it in a message.
    fn label(self) -> String {
        format!("{} for {}", self.service, quoted(self.identifier))
    }

    fn allows(self) -> bool {
        match text(self.node, "Authorization") {
            Some(decision) => decision == "Allow",
            None => self.node.get("Allowed").and_then(switch) == Some(true),
        }
    }

    /// What two entries about the same have in common.
    fn key(self) -> (&'a str, [Option<&'a str>; 3]) {
        let names = ["Identifier", "IdentifierType", "AEReceiverIdentifier"];
        (self.service, names.map(|name| self.value(name)))
    }

    fn value(self, key: &str) -> Option<&'a str> {
        self.node.get(key)?.as_str()
    }
}

/// X020: what is granted has a requirement that can be read. X021: it binds the app to its maker.
fn requirements(entry: Entry<'_>, report: &mut Report<'_>) {
    for key in ["CodeRequirement", "AEReceiverCodeRequirement"] {
        let is_sender = key == "CodeRequirement";
        let node = entry.node.get(key);
        if !entry.allows() || (!is_sender && node.is_none()) {
            continue;
        }
        let found = entry.value(key).unwrap_or_default().trim();
        let at = node.unwrap_or(entry.node);
        if is_reference(found) {
            continue;
        }
        let what = entry.label();
        let hint = "take what `codesign -dr - APP` prints after `designated =>`";
        match requirement::read(found) {
            None if found.is_empty() => {
                report.error(
                    "X020",
                    at,
                    format!("{key} of {what} is missing or empty"),
                    hint,
                );
            }
            None => {
                let message = format!("{key} of {what} is no code requirement");
                report.error("X020", at, message, hint);
            }
            Some(binding) if !binding.anchor => {
                let message =
                    format!("{key} of {what} has no anchor: anyone could sign such an app");
                report.error("X021", at, message, hint);
            }
            Some(binding) if !binding.identity => {
                let message =
                    format!("{key} of {what} names no app and no team: it fits many apps");
                report.error("X021", at, message, hint);
            }
            Some(_) => {}
        }
    }
}

/// X022: an app is named by its bundle, not by a path, where another may be put.
fn x022_path(entry: Entry<'_>, report: &mut Report<'_>) {
    for key in ["IdentifierType", "AEReceiverIdentifierType"] {
        if let Some(node) = entry.node.get(key)
            && node.as_str() == Some("path")
        {
            let message = format!("{key} of {} is path", entry.label());
            let hint = "name the bundle; a path is right only for a program without a bundle, in \
                        a folder that only root can write";
            report.warning("X022", node, message, hint);
        }
    }
}

/// X023: no wide access for what runs anybody's scripts. X024: nothing that only users may allow.
fn grants(entry: Entry<'_>, report: &mut Report<'_>) {
    if !entry.allows() {
        return;
    }
    if USER_ONLY.contains(&entry.service) {
        let at = entry
            .node
            .get("Authorization")
            .or(entry.node.get("Allowed"));
        let message = format!("{} cannot be allowed by a profile", entry.label());
        let hint = "write Deny, or for ListenEvent and ScreenCapture \
                    AllowStandardUserToSetSystemService, or remove the entry: users are asked";
        report.error("X024", at.unwrap_or(entry.node), message, hint);
    }
    let name = entry.identifier.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".app").unwrap_or(name);
    if POWERFUL.contains(&entry.service) {
        let message = format!("{} goes to every script that it runs", entry.label());
        let hint = "grant it to the one app that needs it, such as the management agent";
        if SHELLS.contains(&name) {
            report.error("X023", entry.node, message, hint);
        } else if INTERPRETERS.contains(&name) {
            report.warning("X023", entry.node, message, hint);
        }
    }
}

/// X025: an entry decides once: `Authorization`, or `Allowed` of old, but not both and not neither.
fn x025_decision(entry: Entry<'_>, report: &mut Report<'_>) {
    let (new, old) = (entry.node.get("Authorization"), entry.node.get("Allowed"));
    let hint = "write Authorization, which macOS 11 and later read first, and nothing beside it";
    match (new, old) {
        (Some(_), Some(old)) => {
            let message = format!("{} has both Authorization and Allowed", entry.label());
            report.warning("X025", old, message, hint);
        }
        (None, None) => {
            let message = format!("{} decides nothing", entry.label());
            report.error("X025", entry.node, message, hint);
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
}

/// X026: sending events to an app needs all three fields that say which.
fn x026_receiver(entry: Entry<'_>, report: &mut Report<'_>) {
    const FIELDS: [&str; 3] = [
        "AEReceiverIdentifier",
        "AEReceiverIdentifierType",
        "AEReceiverCodeRequirement",
    ];
    if entry.service != "AppleEvents" {
        return;
    }
    let missing: Vec<_> = FIELDS
        .into_iter()
        .filter(|key| text(entry.node, key).is_none())
        .collect();
    if !missing.is_empty() {
        let message = format!("{} lacks {}", entry.label(), missing.join(" and "));
        let hint = "say which app receives the events: its identifier, the type and requirement";
        report.error("X026", entry.node, message, hint);
    }
}

/// X027: no two entries for one service and one app.
fn x027_repeated(mut entries: Vec<Entry<'_>>, report: &mut Report<'_>) {
    entries.sort_unstable_by_key(|entry| (entry.key(), entry.node.index()));
    for run in entries.chunk_by(|one, other| one.key() == other.key()) {
        let (first, repeated) = run.split_at(1);
        for entry in repeated {
            let message = format!("{} is there twice", entry.label());
            let hint = "keep one entry: which of two wins is not defined";
            report.warning("X027", entry.node, message, hint);
            if is_equal(first[0].node, entry.node) {
                report.fix_by_removal();
            }
        }
    }
}

/// Whether two entries say the same in the same order; a comment says nothing.
fn is_equal(one: Node<'_>, other: Node<'_>) -> bool {
    let says = |node: Node<'_>| -> Vec<(Option<String>, Option<bool>)> {
        let values = node.descendants().skip(1);
        values
            .filter(|value| value.key() != Some("Comment"))
            .map(|value| {
                let said = value.as_str().unwrap_or(value.kind().name());
                let key = value.key().unwrap_or_default();
                (Some(format!("{key}={said}")), switch(value))
            })
            .collect()
    };
    says(one) == says(other)
}
