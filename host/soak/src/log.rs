//! What happened between the server and everybody else, in the order in which the server saw it.
//!
//! It is the border between the world, which writes it, and the checker, which judges by it alone.
//! Knows nothing of how either works and nothing of the engine. Invariants: an entry holds plain
//! values only, so that its debug form is the same in every run of a seed; a command's uuid is the
//! world's short name for it (`c17` is the 17th uuid that any server of this world handed out),
//! since the real one depends on randomness of the server.

use std::collections::BTreeSet;

use mooring_mdm::ids::Channel;

/// One channel of one host, as the server knows it: two devices with one identity are one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// Counts hosts from 0.
    pub host: u32,
    /// The device, or its one managed user.
    pub channel: Channel,
}

/// What is true of a world before its first entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The seed of the world.
    pub seed: u64,
    /// How many hosts there are, those that have yet to enroll included.
    pub hosts: u32,
    /// The server's clock at the start, in ms since 1970.
    pub started_at: u64,
}

/// One thing that happened.
///
/// After `Heard` comes `Answered` for the same channel at once, with at most `Server` entries
/// between them. Where the server crashed in between, `Answered` is missing and
/// [`ServerEvent::Restarted`] stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An administrator's change was answered with success, and holds from here on.
    Admin {
        /// The server's clock, in ms since 1970.
        at: u64,
        /// The change.
        action: Action,
    },
    /// A message reached the server. Copies and late messages are heard once more.
    Heard {
        /// The server's clock, in ms since 1970.
        at: u64,
        /// Whom the message names as its sender.
        who: Who,
        /// The message.
        message: Heard,
    },
    /// What the server answered, before the network may lose it.
    Answered {
        /// Whom.
        who: Who,
        /// What.
        answer: Answered,
    },
    /// Something befell the server.
    Server {
        /// The server's clock, in ms since 1970; after a jump the new one.
        at: u64,
        /// What.
        event: ServerEvent,
    },
    /// The world goes over to its next phase.
    Phase {
        /// The server's clock, in ms since 1970.
        at: u64,
        /// Which one begins.
        phase: Phase,
    },
}

/// The phases of a world, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Everything may go wrong.
    Faults,
    /// No fault and no change any more but profiles that some hosts refuse for ever; every host
    /// that is there comes often.
    Calm,
    /// As before, after every host had the contacts that it needs: nothing may change any more.
    Silence,
}

/// A change that an administrator made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Pushed a profile, new or other content; also sent where the content was known already.
    Pushed {
        /// Its `PayloadIdentifier`.
        identifier: String,
        /// The `PayloadUUID` under which hosts will list it, upper case.
        uuid: String,
        /// The channel that it is for.
        channel: Channel,
    },
    /// Deleted a profile.
    Deleted {
        /// Its `PayloadIdentifier`.
        identifier: String,
    },
    /// Switched a profile on or off without deleting it.
    Switched {
        /// Its `PayloadIdentifier`.
        identifier: String,
        /// Whether it is to be installed.
        is_enabled: bool,
    },
    /// Asked for a refresh of one host.
    Refreshed {
        /// Which.
        host: u32,
    },
    /// Removed the record of a host. It is unknown until it authenticates anew.
    RemovedHost {
        /// Which.
        host: u32,
    },
    /// Asked that a profile be installed once more on one host.
    Resent {
        /// Which host.
        host: u32,
        /// The profile.
        identifier: String,
    },
    /// Said which hosts a profile is for; `None` is every host again.
    Assigned {
        /// The profile.
        identifier: String,
        /// For whom it is.
        assignment: Option<Reach>,
    },
    /// Changed who bears a manual label.
    Members {
        /// The label.
        label: String,
        /// Hosts that bear it from now on.
        added: Vec<u32>,
        /// Hosts that do not any more.
        removed: Vec<u32>,
    },
    /// Made or replaced a label.
    Labelled {
        /// Its name.
        label: String,
        /// Who bears it.
        kind: LabelKind,
    },
    /// Paused: no install and no removal leaves.
    Paused,
    /// Ended the pause.
    Resumed,
    /// Set the values of one host that profiles have placeholders for.
    Values {
        /// Which host.
        host: u32,
        /// Names and values, all of them.
        values: Vec<(String, String)>,
    },
}

/// Which hosts a profile is for: all conditions together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// The host bears each of these labels.
    pub include_all: BTreeSet<String>,
    /// The host bears one of these labels at least, if there are any.
    pub include_any: BTreeSet<String>,
    /// The host bears none of these labels.
    pub exclude_any: BTreeSet<String>,
    /// The lowest OS version, such as `14.4`.
    pub os_min: Option<String>,
    /// The highest OS version; `15` includes `15.2`.
    pub os_max: Option<String>,
}

/// Who bears a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelKind {
    /// Those that [`Action::Members`] names.
    Manual,
    /// Hosts with this OS version or a later one.
    OsAtLeast(String),
    /// Hosts whose serial number ends so.
    SerialEndsWith(String),
}

/// A message that reached the server, by what the device meant to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The device begins an enrollment.
    Authenticate {
        /// What it tells of itself.
        told: Told,
    },
    /// The channel may be pushed to and commanded.
    TokenUpdate {
        /// The push magic, another one with every enrollment.
        magic: String,
        /// Whether the device is being set up; left out by most.
        is_awaiting_configuration: Option<bool>,
    },
    /// The channel's enrollment is over.
    CheckOut,
    /// The device asks for work.
    Idle,
    /// The device reports on a command.
    Result {
        /// The command.
        uuid: String,
        /// What became of it.
        outcome: Reported,
    },
    /// Bytes that are no message at all any more.
    Unreadable,
}

/// What a device reports on a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// It was done.
    Acknowledged {
        /// The answer to a `ProfileList`.
        profiles: Option<Listed>,
        /// The answer to a `DeviceInformation`.
        told: Option<Told>,
    },
    /// Not at the moment.
    NotNow,
    /// It was not done.
    Error {
        /// Domains and codes, outermost first.
        chain: Vec<(String, i64)>,
    },
    /// The command was not understood.
    CommandFormatError,
}

/// A list of profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// Whole: `PayloadIdentifier` and `PayloadUUID` of each, in the device's order. What the device
    /// calls managed or not is not told apart.
    Complete(Vec<(String, String)>),
    /// Left out, cut or damaged: it says nothing.
    Incomplete,
}

/// What a device tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Such as `14.4.1`.
    pub os_version: String,
    /// Such as `23E224`.
    pub build: String,
    /// Two devices with one identity have two.
    pub serial: String,
    /// Such as `MacBookPro18,3`.
    pub model: String,
}

/// What the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// 200 and nothing to do.
    Empty,
    /// 200 and a command.
    Command {
        /// Its name, in the world's form.
        uuid: String,
        /// What it asks for.
        command: Ordered,
    },
    /// Another status than 200.
    Status(u16),
}

/// A command, as read from the bytes that a device would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ordered {
    /// `ProfileList`.
    List,
    /// `DeviceInformation`.
    Information,
    /// `InstallProfile`.
    Install {
        /// `PayloadIdentifier` of the profile inside.
        identifier: String,
        /// `PayloadUUID` of the profile inside.
        uuid: String,
    },
    /// `RemoveProfile`.
    Remove {
        /// `PayloadIdentifier` of the profile meant.
        identifier: String,
    },
    /// Any other request type.
    Other(String),
}

/// What befalls a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEvent {
    /// It crashed and came up again over what was stored.
    Restarted,
    /// A commit for the message before failed.
    CommitFailed {
        /// Whether it is stored nevertheless.
        was_stored: bool,
    },
    /// A copy of the store was taken.
    Copied {
        /// The copy's number.
        copy: u32,
    },
    /// That copy was started as if nothing had happened.
    RolledBack {
        /// The copy's number.
        copy: u32,
    },
    /// That copy was started by the command that restores it: a new incarnation.
    Restored {
        /// The copy's number.
        copy: u32,
    },
    /// Its clock jumped.
    ClockJumped {
        /// How far, in ms.
        by_ms: i64,
    },
}

/// What a device really is at the end, and what the server says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceTruth {
    /// The channel.
    pub who: Who,
    /// Whether it is enrolled and came to the server in the last two phases.
    pub is_reachable: bool,
    /// Whether another device speaks under the same identity.
    pub is_cloned: bool,
    /// The profiles that it holds: identifier and uuid, in order of identifier.
    pub profiles: Vec<(String, String)>,
    /// Installations that it refuses for ever, by identifier.
    pub refuses: BTreeSet<String>,
    /// Removals that it refuses for ever, by identifier.
    pub keeps: BTreeSet<String>,
    /// What it would tell of itself.
    pub told: Told,
    /// What the server says of each profile that it shows for this channel.
    pub statuses: Vec<(String, Shown)>,
}

/// The status of one profile on one host, in the server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// As it should be.
    Applied,
    /// Work remains.
    Pending,
    /// Given up, with a reason.
    Failed,
    /// Nothing can be said.
    Unknown,
}
