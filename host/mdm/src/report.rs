//! A device's report on a command, and its request for the next one (the "connect" message).
//!
//! Knows nothing of which commands were sent. Invariant: a list of profiles is `Ok` only if every
//! entry names its profile and a revision; a cut or damaged one is [`IncompleteList`], never a shorter list.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/commands-and-queries>.

use crate::checkin::attributes;
use crate::device::{ATTRIBUTE_BYTES_MAX, Attributes, ListedProfile, bounded_text};
use crate::error_chain::{CHAIN_ENTRIES_MAX, DESCRIPTION_BYTES_MAX, ErrorEntry};
use crate::ids::{CommandUuid, EnrollmentId, PayloadIdentifier, PayloadUuid};
use crate::message::{MessageError, enrollment_id, text};
use crate::plist::ViewRef;

/// What the device came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The channel that speaks.
    pub enrollment: EnrollmentId,
    /// What it says.
    pub report: Report,
}

/// What a device says when it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// `Idle`: it asks for work.
    Idle,
    /// It reports on a command.
    Result {
        /// The command.
        uuid: CommandUuid,
        /// The outcome.
        outcome: Outcome,
    },
}

/// How a command ended on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// `Acknowledged`, with what the command asked for.
    Acknowledged(Answer),
    /// `Error`.
    Error(Vec<ErrorEntry>),
    /// `CommandFormatError`.
    CommandFormatError(Vec<ErrorEntry>),
    /// `NotNow`: the device does not keep the command.
    NotNow,
}

/// What an acknowledgement carries beside its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// `ProfileList`, if the answer has one.
    pub profiles: Option<Result<Vec<ListedProfile>, IncompleteList>>,
    /// `QueryResponses` of `DeviceInformation`, if the answer has them.
    pub attributes: Option<Attributes>,
}

/// Why a list of profiles says nothing about what is absent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} of the ProfileList {reason}")]
pub struct IncompleteList {
    /// The entry, counted from 0.
    pub entry: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Decodes a dictionary that has no `MessageType`.
pub(crate) fn decode(root: ViewRef<'_>) -> Result<Connect, MessageError> {
    let message = "the report";
    let enrollment = enrollment_id(message, root)?;
    let needed = |key| text(root, key).ok_or(MessageError::Missing { message, key });
    let status = needed("Status")?;
    if status == "Idle" {
        return Ok(Connect {
            enrollment,
            report: Report::Idle,
        });
    }
    let uuid = CommandUuid::parse(needed("CommandUUID")?)?;
    let outcome = match status {
        "Acknowledged" => Outcome::Acknowledged(answer(root)),
        "Error" => Outcome::Error(error_chain(root)),
        "CommandFormatError" => Outcome::CommandFormatError(error_chain(root)),
        "NotNow" => Outcome::NotNow,
        other => {
            let value = bounded_text(other, 64);
            return Err(MessageError::Unknown {
                key: "Status",
                value,
            });
        }
    };
    Ok(Connect {
        enrollment,
        report: Report::Result { uuid, outcome },
    })
}

fn answer(root: ViewRef<'_>) -> Answer {
    Answer {
        profiles: root.get("ProfileList").map(profile_list),
        attributes: root.get("QueryResponses").map(attributes),
    }
}

fn profile_list(list: ViewRef<'_>) -> Result<Vec<ListedProfile>, IncompleteList> {
    if !list.is_array() {
        return Err(IncompleteList {
            entry: 0,
            reason: "is not in an array",
        });
    }
    let mut profiles = Vec::new();
    for (entry, item) in list.items().enumerate() {
        let lacks = |reason| IncompleteList { entry, reason };
        let identifier = text(item, "PayloadIdentifier");
        let identifier = identifier.ok_or(lacks("has no PayloadIdentifier"))?;
        let uuid = item.get("PayloadUUID").and_then(ViewRef::as_str);
        let uuid = uuid.ok_or(lacks("has no PayloadUUID"))?;
        // An identifier that cannot be one is not ours: ours all can. The entry is complete.
        let Ok(identifier) = PayloadIdentifier::parse(identifier) else {
            continue;
        };
        let uuid = PayloadUuid::parse(uuid).unwrap_or_else(|_| PayloadUuid::unreadable());
        let display_name =
            text(item, "PayloadDisplayName").map(|name| bounded_text(name, ATTRIBUTE_BYTES_MAX));
        profiles.push(ListedProfile {
            identifier,
            uuid,
            display_name,
        });
    }
    Ok(profiles)
}

/// The chain, as far as it can be read: a damaged entry must not hide that there was an error.
fn error_chain(root: ViewRef<'_>) -> Vec<ErrorEntry> {
    let Some(chain) = root.get("ErrorChain").filter(|chain| chain.is_array()) else {
        return Vec::new();
    };
    let entry = |item: ViewRef<'_>| {
        let code = item
            .get("ErrorCode")
            .and_then(ViewRef::as_integer)
            .unwrap_or(0);
        let described =
            text(item, "USEnglishDescription").or_else(|| text(item, "LocalizedDescription"));
        ErrorEntry {
            code,
            domain: bounded_text(text(item, "ErrorDomain").unwrap_or("unknown"), 255),
            description: bounded_text(described.unwrap_or(""), DESCRIPTION_BYTES_MAX),
        }
    };
    // The innermost entries tell the reason, so they are the ones kept.
    let surplus = chain.items().count().saturating_sub(CHAIN_ENTRIES_MAX);
    chain.items().skip(surplus).map(entry).collect()
}
