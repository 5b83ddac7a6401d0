//! Why a profile is on a host, is not, or will be, as a document. Invariant: see the parent module;
//! no value of a host is in it.

use mooring_drift::scope::{Reason, Truth};
use mooring_drift::status::{ProfileStatus, Remark};
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use serde::{Deserialize, Serialize};

use super::SetFindingDetail;

/// `GET /api/v1/hosts/{host}/profiles/{identifier}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The host.
    pub host: HostId,
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Whether the assignment lets the host in: the least of the rules' truths.
    pub is_for_host: Truth,
    /// What each part of the assignment says of the host.
    pub rules: Vec<Reason>,
    /// What else counts for the host as a whole, in order.
    pub facts: Vec<WhyFact>,
    /// The same for each channel that is concerned.
    pub channels: Vec<WhyChannel>,
    /// What is wrong with it together with other profiles that the host would get.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub together: Vec<SetFindingDetail>,
}

/// One thing that counts, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyFact {
    /// What it is about.
    pub about: WhyTopic,
    /// What is to be said.
    pub words: String,
}

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyTopic {
    /// The profile itself: known, enabled, deleted, and for which channel.
    Profile,
    /// The host's values for the places that the profile has for such.
    Values,
    /// How it would travel.
    Transport,
    /// Why the host gets no changes at all.
    Hold,
    /// How far the channel has come.
    Channel,
    /// What the last list shows.
    List,
    /// The command in flight.
    Command,
    /// What was tried so far.
    Attempts,
    /// That it vanishes again and again.
    Contested,
}

/// One channel of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyChannel {
    /// The channel; absent while a user-channel profile waits for a user to enroll.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub enrollment: Option<EnrollmentId>,
    /// What counts there.
    pub facts: Vec<WhyFact>,
    /// The profile's status there; absent where it is neither wanted nor to be removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub state: Option<ProfileStatus>,
    /// What is to be said beside the status, for programs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remark: Option<Remark>,
    /// The status in words.
    pub outcome: String,
    /// What happens next, and what to do if that is nothing.
    pub next: String,
}
