//! Everything that can go wrong in a world, by name.
//!
//! Knows nothing of how it comes about. Invariant: the order of the kinds is that of their bits,
//! and a set of them is the same in every run.

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A request never reaches the server.
    RequestDropped,
    /// A reply never reaches the device.
    ReplyDropped,
    /// A request reaches the server twice, the second time at once.
    RequestRepeated,
    /// A copy of a request reaches the server hours or days later.
    CopiedLate,
    /// A request reaches the server only after the device gave up, hours or days later.
    Delayed,
    /// A request arrives cut: bytes that are no message.
    BodyCut,
    /// A device is locked for hours to 30 days and answers `NotNow`.
    Locked,
    /// A device does what it was told and never reports it.
    ReportLost,
    /// An installation fails for ever on this device, until its system changes.
    InstallRefused,
    /// An installation fails once.
    InstallFailedOnce,
    /// A removal fails for ever on this device, until its system changes.
    RemovalRefused,
    /// A list is cut, damaged or left out.
    ListDamaged,
    /// A query is answered with an error.
    QueryFailed,
    /// A command is answered with `CommandFormatError`.
    NotUnderstood,
    /// A device answers a command that nobody sent.
    StrayReport,
    /// The user removes a profile.
    UserRemoved,
    /// Another tool installs a profile under one of our identifiers, or removes one.
    OtherTool,
    /// The device gets a newer system.
    Upgraded,
    /// The device is erased and enrolls again.
    Wiped,
    /// The device leaves and enrolls again later.
    CheckedOut,
    /// The message with which a device leaves is lost.
    CheckOutLost,
    /// The device is restored from its own backup, with the push magic that it had.
    DeviceRestored,
    /// The device is restored from its own backup and gets another push magic.
    DeviceRestoredAnew,
    /// Two devices use one identity.
    Cloned,
    /// A device is away for weeks.
    Away,
    /// The user of a device appears late.
    UserLate,
    /// The server crashes between two messages.
    Crashed,
    /// The server crashes after a commit and before the reply.
    CrashedBeforeReply,
    /// A commit fails and nothing is stored.
    CommitFailed,
    /// A commit fails and everything is stored.
    CommitFailedStored,
    /// An old copy of the store is started as if nothing had happened.
    RolledBack,
    /// An old copy of the store is restored as it should be, under a new incarnation.
    Restored,
    /// The server's clock jumps, by up to ten years.
    ClockJumped,
    /// An administrator removes a host that is still enrolled.
    HostRemoved,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 34] = [
        Self::RequestDropped,
        Self::ReplyDropped,
        Self::RequestRepeated,
        Self::CopiedLate,
        Self::Delayed,
        Self::BodyCut,
        Self::Locked,
        Self::ReportLost,
        Self::InstallRefused,
        Self::InstallFailedOnce,
        Self::RemovalRefused,
        Self::ListDamaged,
        Self::QueryFailed,
        Self::NotUnderstood,
        Self::StrayReport,
        Self::UserRemoved,
        Self::OtherTool,
        Self::Upgraded,
        Self::Wiped,
        Self::CheckedOut,
        Self::CheckOutLost,
        Self::DeviceRestored,
        Self::DeviceRestoredAnew,
        Self::Cloned,
        Self::Away,
        Self::UserLate,
        Self::Crashed,
        Self::CrashedBeforeReply,
        Self::CommitFailed,
        Self::CommitFailedStored,
        Self::RolledBack,
        Self::Restored,
        Self::ClockJumped,
        Self::HostRemoved,
    ];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestDropped => "request dropped",
            Self::ReplyDropped => "reply dropped",
            Self::RequestRepeated => "request repeated",
            Self::CopiedLate => "copied late",
            Self::Delayed => "delayed",
            Self::BodyCut => "body cut",
            Self::Locked => "locked",
            Self::ReportLost => "report lost",
            Self::InstallRefused => "install refused",
            Self::InstallFailedOnce => "install failed once",
            Self::RemovalRefused => "removal refused",
            Self::ListDamaged => "list damaged",
            Self::QueryFailed => "query failed",
            Self::NotUnderstood => "not understood",
            Self::StrayReport => "stray report",
            Self::UserRemoved => "removed by user",
            Self::OtherTool => "other tool",
            Self::Upgraded => "upgraded",
            Self::Wiped => "wiped",
            Self::CheckedOut => "checked out",
            Self::CheckOutLost => "check-out lost",
            Self::DeviceRestored => "device restored",
            Self::DeviceRestoredAnew => "device restored, new magic",
            Self::Cloned => "cloned",
            Self::Away => "away",
            Self::UserLate => "user late",
            Self::Crashed => "server crashed",
            Self::CrashedBeforeReply => "server crashed before reply",
            Self::CommitFailed => "commit failed",
            Self::CommitFailedStored => "commit failed but stored",
            Self::RolledBack => "store rolled back",
            Self::Restored => "store restored",
            Self::ClockJumped => "clock jumped",
            Self::HostRemoved => "host removed",
        }
    }

    fn bit(self) -> u64 {
        1 << (self as u32)
    }
}

/// Which faults a world has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultSet(u64);

impl FaultSet {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// Every kind.
    pub fn all() -> Self {
        Fault::ALL.into_iter().collect()
    }

    /// Whether it holds a kind.
    pub fn has(self, fault: Fault) -> bool {
        self.0 & fault.bit() != 0
    }

    /// The same without one kind.
    #[must_use]
    pub fn without(self, fault: Fault) -> Self {
        Self(self.0 & !fault.bit())
    }
}

impl FromIterator<Fault> for FaultSet {
    fn from_iter<T: IntoIterator<Item = Fault>>(faults: T) -> Self {
        Self(faults.into_iter().fold(0, |bits, fault| bits | fault.bit()))
    }
}
