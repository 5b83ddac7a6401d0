//! What devices rightly do in different ways.
//!
//! Knows nothing of misbehaviour; that is [`crate::Faults`].

/// What a device does after its identity was renewed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnRenewal {
    /// It goes on under the new identity and checks in no more.
    Quiet,
    /// It acknowledges the profile, finishes its work, then sends Authenticate and `TokenUpdate`.
    #[default]
    AcknowledgesFirst,
    /// It sends Authenticate and `TokenUpdate` while the command is still open, then acknowledges.
    AuthenticatesFirst,
}

/// What a device does that not every device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// After its identity was renewed.
    pub on_renewal: OnRenewal,
    /// Renews with a SCEP `RenewalReq` signed by the present identity, not with a `PKCSReq` and the
    /// new challenge alone.
    pub signs_renewal: bool,
    /// Hands over a bootstrap token once enrolled, if the enrollment profile says that the server
    /// wants one, and reads it back after each `TokenUpdate`.
    pub escrows_bootstrap_token: bool,
    /// Sends `UserAuthenticate` before the user channel's first `TokenUpdate`, as a Mac does for
    /// a network account.
    pub user_authenticates: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            on_renewal: OnRenewal::default(),
            signs_renewal: false,
            escrows_bootstrap_token: true,
            user_authenticates: false,
        }
    }
}
