//! The collection: every mistake with its name and where it was made in the field.
//!
//! The sources are the project's collection of cases: A are behaviours that some system got wrong,
//! B the protocol's corners, F failure modes, T threats; with the public issue where there is one.
//!
//! Knows nothing of how a mistake is found. Invariant: no mistake needs a switch in the server.

use std::sync::Arc;

use mooring_drift::policy::Policy;
use mooring_server::clock::Clock;
use mooring_store::Store;

use super::Tampering;
use super::memory::{self, AfterRestart, OnWrite, ParkedForEver, UserForDevice};
use super::shelf::{
    DeletedIsForgotten, ErrorIsEmpty, Forgets, LostPushes, LostWrites, UnknownIsOldest,
};
use super::talk::{
    self, AsksForWork, DeafToProofs, Misread, OldCommands, Queued, RemovesFirst, Reopens, Stuck,
};
use super::twist::{Twist, Twisted};

/// The key under which the server keeps a pause.
const PAUSE: &str = "pause";

/// A mistake that can be put into a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// What a device acknowledged counts as installed, whatever its lists show.
    AcknowledgedIsApplied,
    /// A damaged list is taken for a short one.
    DamagedListCounts,
    /// A list from before the device enrolled anew still counts.
    ListSurvivesEnrollment,
    /// An enrollment with another push magic is taken for the old one.
    MagicIsIgnored,
    /// A copy that somebody else installed is taken for our own.
    UnmanagedIsOurs,
    /// A user's list is taken for the device's.
    UserListForDevice,
    /// A change is judged by the list that was there before it.
    OldListJudges,
    /// What failed is tried again at once, for ever.
    AttemptsForgotten,
    /// There is no wait between two attempts.
    NoWait,
    /// There is no end of attempts.
    NoEnd,
    /// A failure is counted twice.
    FailureCountsTwice,
    /// What was given up stays given up when its content changes.
    ParkedForEver,
    /// A restart forgets what failed.
    RestartForgetsFailures,
    /// The command that was handed out is forgotten.
    InFlightForgotten,
    /// A command that is never answered stops everything behind it.
    StuckCommand,
    /// A repeated report is taken for a request for more work.
    DuplicateAsksForWork,
    /// A busy device gets the next command at once.
    NotNowIsNoEnd,
    /// A busy device never gets the same again.
    NotNowIsFinal,
    /// A late "not now" reopens what was done meanwhile.
    LateNotNowReopens,
    /// The number of the last command is lost in a crash.
    NumberIsLost,
    /// A state is answered for and not stored.
    StateIsLost,
    /// An administrator's change is answered for and not stored.
    ChangeIsLost,
    /// Commands are made at one contact and handed out at the next.
    CommandsAreQueued,
    /// A command from before the device enrolled anew is handed out after.
    OldCommandSurvives,
    /// What is to be replaced is removed first.
    RemovesFirst,
    /// "Not found" is taken for a failed removal.
    NotFoundIsFailure,
    /// Nothing is kept of a deleted profile.
    DeletedIsForgotten,
    /// A failure to find out what is wanted is taken for nothing being wanted.
    ErrorIsEmpty,
    /// An old copy of the store does not notice what it is.
    RollbackUnnoticed,
    /// A restored store goes on as if it had never stood still.
    RestoreTrustsLists,
    /// A pause ends with a restart.
    PauseIsForgotten,
    /// A host of which nobody knows whether it is meant is taken for one that is not.
    UnknownIsOutside,
    /// Two devices with one identity are not told apart.
    ClonesFlap,
    /// Waits hold even if the clock was set back by years.
    ClockIsTrusted,
    /// A host is looked at once and never again.
    NeverLooksAgain,
    /// A host is looked at in every contact.
    AlwaysLooks,
}

impl Mistake {
    /// Every one.
    pub const ALL: [Self; 36] = [
        Self::AcknowledgedIsApplied,
        Self::DamagedListCounts,
        Self::ListSurvivesEnrollment,
        Self::MagicIsIgnored,
        Self::UnmanagedIsOurs,
        Self::UserListForDevice,
        Self::OldListJudges,
        Self::AttemptsForgotten,
        Self::NoWait,
        Self::NoEnd,
        Self::FailureCountsTwice,
        Self::ParkedForEver,
        Self::RestartForgetsFailures,
        Self::InFlightForgotten,
        Self::StuckCommand,
        Self::DuplicateAsksForWork,
        Self::NotNowIsNoEnd,
        Self::NotNowIsFinal,
        Self::LateNotNowReopens,
        Self::NumberIsLost,
        Self::StateIsLost,
        Self::ChangeIsLost,
        Self::CommandsAreQueued,
        Self::OldCommandSurvives,
        Self::RemovesFirst,
        Self::NotFoundIsFailure,
        Self::DeletedIsForgotten,
        Self::ErrorIsEmpty,
        Self::RollbackUnnoticed,
        Self::RestoreTrustsLists,
        Self::PauseIsForgotten,
        Self::UnknownIsOutside,
        Self::ClonesFlap,
        Self::ClockIsTrusted,
        Self::NeverLooksAgain,
        Self::AlwaysLooks,
    ];

    /// Its name, and where it was made.
    fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::AcknowledgedIsApplied => ("acknowledged-is-applied", "A28, A29"),
            Self::DamagedListCounts => ("damaged-list-counts", "F13"),
            Self::ListSurvivesEnrollment => ("list-survives-enrollment", "A39, F7"),
            Self::MagicIsIgnored => ("magic-is-ignored", "F7"),
            Self::UnmanagedIsOurs => ("unmanaged-is-ours", "B12"),
            Self::UserListForDevice => ("user-list-for-device", "F13, mdmdirector#163"),
            Self::OldListJudges => ("old-list-judges", "A30"),
            Self::AttemptsForgotten => ("attempts-forgotten", "F16, fleet#48032"),
            Self::NoWait => ("no-wait", "F16, fleet#48032"),
            Self::NoEnd => ("no-end", "F16, fleet#42327"),
            Self::FailureCountsTwice => ("failure-counts-twice", "F2"),
            Self::ParkedForEver => ("parked-for-ever", "F16, A27"),
            Self::RestartForgetsFailures => ("restart-forgets-failures", "F16, B15"),
            Self::InFlightForgotten => ("in-flight-forgotten", "F1, fleet#15678"),
            Self::StuckCommand => ("stuck-command", "F5, fleet#38354"),
            Self::DuplicateAsksForWork => ("duplicate-asks-for-work", "B1, B2"),
            Self::NotNowIsNoEnd => ("not-now-is-no-end", "B3, F4"),
            Self::NotNowIsFinal => ("not-now-is-final", "A22, F4"),
            Self::LateNotNowReopens => ("late-not-now-reopens", "F3"),
            Self::NumberIsLost => ("number-is-lost", "B15, F19"),
            Self::StateIsLost => ("state-is-lost", "F20"),
            Self::ChangeIsLost => ("change-is-lost", "F20"),
            Self::CommandsAreQueued => ("commands-are-queued", "A19, A24, F26"),
            Self::OldCommandSurvives => ("old-command-survives", "F6, fleet#20869"),
            Self::RemovesFirst => ("removes-first", "A6, A7, fleet#30915"),
            Self::NotFoundIsFailure => ("not-found-is-failure", "A20, A21"),
            Self::DeletedIsForgotten => ("deleted-is-forgotten", "A26, fleet#47411"),
            Self::ErrorIsEmpty => ("error-is-empty", "F25"),
            Self::RollbackUnnoticed => ("rollback-unnoticed", "F9"),
            Self::RestoreTrustsLists => ("restore-trusts-lists", "F9"),
            Self::PauseIsForgotten => ("pause-is-forgotten", "T20"),
            Self::UnknownIsOutside => ("unknown-is-outside", "A34, A35"),
            Self::ClonesFlap => ("clones-flap", "T8, fleet#50612"),
            Self::ClockIsTrusted => ("clock-is-trusted", "A31, F10"),
            Self::NeverLooksAgain => ("never-looks-again", "F14"),
            Self::AlwaysLooks => ("always-looks", "A3"),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.label().0
    }

    /// Where it was made: cases of the collection, and the public issue where there is one.
    pub fn source(self) -> &'static str {
        self.label().1
    }

    /// What puts it in.
    pub fn tampering(self) -> Box<dyn Tampering> {
        match self {
            Self::AcknowledgedIsApplied => on_write(memory::keep_acknowledged),
            Self::DamagedListCounts => Box::new(Misread(talk::complete_list)),
            Self::ListSurvivesEnrollment => on_write(memory::keep_list),
            Self::MagicIsIgnored => Box::new(Misread(talk::same_magic)),
            Self::UnmanagedIsOurs => on_write(memory::claim_everything),
            Self::UserListForDevice => twisting(UserForDevice),
            Self::OldListJudges => on_write(memory::judge_by_old_list),
            Self::AttemptsForgotten => on_write(memory::forget_attempts),
            Self::NoWait => governed(|policy| policy.retry_first_ms = 0),
            Self::NoEnd => governed(|policy| policy.attempts_max = u8::MAX),
            Self::FailureCountsTwice => on_write(memory::count_twice),
            Self::ParkedForEver => twisting(ParkedForEver),
            Self::RestartForgetsFailures => after_restart(memory::forget_failures),
            Self::InFlightForgotten => on_write(memory::forget_in_flight),
            Self::StuckCommand => Box::new(Stuck::default()),
            Self::DuplicateAsksForWork => Box::new(AsksForWork(|status| {
                ["Acknowledged", "Error"].contains(&status)
            })),
            Self::NotNowIsNoEnd => Box::new(AsksForWork(|status| status == "NotNow")),
            Self::NotNowIsFinal => on_write(memory::give_up_busy),
            Self::LateNotNowReopens => Box::new(Reopens::default()),
            Self::NumberIsLost => after_restart(memory::step_back),
            Self::StateIsLost => twisting(LostWrites::new()),
            Self::ChangeIsLost => twisting(LostPushes::new()),
            Self::CommandsAreQueued => Box::new(Queued::default()),
            Self::OldCommandSurvives => Box::new(OldCommands::default()),
            Self::RemovesFirst => Box::new(RemovesFirst::default()),
            Self::NotFoundIsFailure => Box::new(Misread(talk::not_found_is_an_error)),
            Self::DeletedIsForgotten => twisting(DeletedIsForgotten),
            Self::ErrorIsEmpty => twisting(ErrorIsEmpty::new()),
            Self::RollbackUnnoticed => Box::new(DeafToProofs::default()),
            Self::RestoreTrustsLists => twisting(Forgets("era")),
            Self::PauseIsForgotten => twisting(Forgets(PAUSE)),
            Self::UnknownIsOutside => Box::new(Ignorant::default()),
            Self::ClonesFlap => on_write(memory::forget_hardware),
            Self::ClockIsTrusted => governed(|policy| policy.not_now_max_ms = u64::MAX / 4),
            Self::NeverLooksAgain => governed(|policy| policy.refresh_interval_ms *= 1000),
            Self::AlwaysLooks => governed(|policy| policy.refresh_interval_ms /= 24),
        }
    }
}

/// A server whose store has a twist.
struct Twisting(Arc<dyn Twist>);

impl Tampering for Twisting {
    fn store(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Twisted::between(store, Arc::clone(&self.0))
    }
}

fn twisting(twist: impl Twist + 'static) -> Box<dyn Tampering> {
    Box::new(Twisting(Arc::new(twist)))
}

fn on_write(
    spoil: fn(&mooring_drift::state::SyncState, &mut mooring_drift::state::SyncState),
) -> Box<dyn Tampering> {
    twisting(OnWrite(spoil))
}

/// A server that is never in doubt.
#[derive(Default)]
struct Ignorant(Arc<UnknownIsOldest>);

impl Tampering for Ignorant {
    fn store(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Twisted::between(store, Arc::clone(&self.0) as _)
    }

    fn clock(&mut self, clock: Clock) -> Clock {
        self.0.reads_clock(&clock);
        clock
    }
}

/// A server that comes up with something forgotten.
struct Forgetful(Arc<AfterRestart>);

impl Tampering for Forgetful {
    fn store(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        self.0.start();
        Twisted::between(store, Arc::clone(&self.0) as _)
    }
}

fn after_restart(forget: fn(&mut mooring_drift::state::SyncState)) -> Box<dyn Tampering> {
    Box::new(Forgetful(Arc::new(AfterRestart::new(forget))))
}

/// A server with other rules.
struct Governed(fn(&mut Policy));

impl Tampering for Governed {
    fn policy(&mut self, mut policy: Policy) -> Policy {
        (self.0)(&mut policy);
        policy
    }
}

fn governed(change: fn(&mut Policy)) -> Box<dyn Tampering> {
    Box::new(Governed(change))
}
