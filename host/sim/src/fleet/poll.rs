//! One poll of one device over the wire, as a task.
//!
//! Knows nothing of schedules. Invariant: the device always comes back, also when the run stops.

use std::sync::Arc;

use tokio::sync::watch;

use super::schedule::Channels;
use super::wire::{OwnLine, Wire};
use crate::device::{Contact, Device, Ending, Next};
use crate::line::{chain_text, refusal_text};
use crate::message::{Channel, Reply};

/// A device on its way to the server and back.
pub(super) struct Traveller {
    pub(super) device: Box<Device>,
    /// Its own connections, where devices show certificates.
    pub(super) own: Option<Box<OwnLine>>,
}

/// A device back from a poll.
pub(super) struct Polled {
    pub(super) traveller: Traveller,
    /// The channels that it was sent to talk on.
    pub(super) channels: Channels,
    pub(super) contact: Contact,
    pub(super) error: Option<String>,
}

/// Makes one contact on each of the channels, after enrolling a device that is not.
pub(super) async fn poll(
    traveller: Traveller,
    channels: Channels,
    wire: Arc<Wire>,
    is_stopping: watch::Receiver<bool>,
) -> Polled {
    let mut polling = Polling {
        traveller,
        wire,
        is_stopping,
        error: None,
    };
    let contact = polling.contact(channels).await;
    let Polling {
        traveller, error, ..
    } = polling;
    Polled {
        traveller,
        channels,
        contact,
        error,
    }
}

struct Polling {
    traveller: Traveller,
    wire: Arc<Wire>,
    is_stopping: watch::Receiver<bool>,
    error: Option<String>,
}

impl Polling {
    async fn contact(&mut self, channels: Channels) -> Contact {
        if self.wire.must_enroll(&self.traveller.device)
            && let Err(ending) = self.enroll().await
        {
            return Contact {
                device: ending,
                user: Ending::Silent,
            };
        }
        let mut contact = Contact {
            device: Ending::Silent,
            user: Ending::Silent,
        };
        if channels.device {
            contact.device = self.talk(Channel::Device).await;
        }
        if channels.user {
            contact.user = self.talk(Channel::User).await;
        }
        contact
    }

    async fn enroll(&mut self) -> Result<(), Ending> {
        let Self {
            traveller,
            wire,
            is_stopping,
            error,
        } = self;
        let outcome = tokio::select! {
            biased;
            _ = is_stopping.wait_for(|is_stopping| *is_stopping) => return Err(Ending::Silent),
            outcome = wire.enroll(&mut traveller.device) => outcome,
        };
        outcome.map_err(|text| {
            error.get_or_insert(text);
            traveller.device.tally.errors += 1;
            Ending::Lost
        })
    }

    /// One channel's contact. A run that stops leaves it as a broken connection would.
    async fn talk(&mut self, channel: Channel) -> Ending {
        let Self {
            traveller: Traveller { device, own },
            wire,
            is_stopping,
            error,
        } = self;
        if *is_stopping.borrow() {
            return Ending::Silent;
        }
        let Some(request) = device.begin(channel) else {
            return Ending::Silent;
        };
        let mut next = Next::Send(request);
        loop {
            next = match next {
                Next::Send(request) => {
                    let reply = tokio::select! {
                        biased;
                        _ = is_stopping.wait_for(|is_stopping| *is_stopping) => {
                            return Ending::Silent;
                        }
                        reply = wire.exchange(device, own, request) => reply,
                    };
                    let reply = reply.unwrap_or_else(|text| {
                        error.get_or_insert(text);
                        Reply::lost()
                    });
                    let next = device.answer(channel, &reply);
                    if let Next::Over(Ending::Refused(status)) = next {
                        error.get_or_insert_with(|| refusal_text(status, &reply.body));
                    }
                    next
                }
                Next::Renew(profile) => {
                    let present = device
                        .credential()
                        .filter(|_| device.habits().signs_renewal);
                    let outcome = tokio::select! {
                        biased;
                        _ = is_stopping.wait_for(|is_stopping| *is_stopping) => {
                            return Ending::Silent;
                        }
                        outcome = wire.obtain(&profile.scep, present) => outcome,
                    };
                    if let Err(failure) = &outcome {
                        error.get_or_insert_with(|| chain_text(failure));
                        device.tally.errors += 1;
                    }
                    device.renewed(outcome)
                }
                Next::Over(ending) => return ending,
            };
        }
    }
}
