//! What a device is answered: a closed set.
//!
//! Devices are not API users, so this is a type of its own. Invariant: [`DeviceReply::Dismissed`]
//! is the one way to say 401, which makes a device unenroll, and 403 has none.

/// What a device is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceReply {
    /// 200 without a body: taken, and nothing to do.
    Empty,
    /// 200 with a command.
    Command(Vec<u8>),
    /// 200 with the property list that a check-in asked for.
    Plist(Vec<u8>),
    /// 200 with the JSON that the declarative protocol asked for.
    Json(Vec<u8>),
    /// 400: the message cannot be taken. The text is for the log and the person at the wire.
    Refused(String),
    /// 401: the host was blocked by an administrator. The device unenrolls.
    Dismissed,
    /// 404: there is no such declaration.
    NoSuchDeclaration,
    /// 410: this user is not managed. It is how a `UserAuthenticate` is declined.
    Declined,
    /// 503: the message may be sent again later.
    Unavailable,
}

impl DeviceReply {
    /// The HTTP status of the reply.
    pub fn status(&self) -> u16 {
        match self {
            Self::Empty | Self::Command(_) | Self::Plist(_) | Self::Json(_) => 200,
            Self::Refused(_) => 400,
            Self::Dismissed => 401,
            Self::NoSuchDeclaration => 404,
            Self::Declined => 410,
            Self::Unavailable => 503,
        }
    }
}
