//! One poll of one device over the line, as a task.
//!
//! Knows nothing of schedules. Invariant: the device always comes back, also when the run stops.

use tokio::sync::watch;

use std::sync::Arc;

use crate::device::{Contact, Device, Ending, Next};
use crate::line::Line;
use crate::message::{Channel, Reply};

/// A device back from a poll.
pub(super) struct Polled {
    pub(super) device: Box<Device>,
    pub(super) contact: Contact,
    pub(super) error: Option<String>,
}

/// Makes one contact on each channel.
pub(super) async fn poll(
    mut device: Box<Device>,
    line: Arc<Line>,
    mut is_stopping: watch::Receiver<bool>,
) -> Polled {
    let mut error = None;
    let device_ending = talk(
        &mut device,
        Channel::Device,
        &line,
        &mut is_stopping,
        &mut error,
    )
    .await;
    let user_ending = talk(
        &mut device,
        Channel::User,
        &line,
        &mut is_stopping,
        &mut error,
    )
    .await;
    Polled {
        device,
        contact: Contact {
            device: device_ending,
            user: user_ending,
        },
        error,
    }
}

/// One channel's contact. A run that stops leaves it as a broken connection would.
async fn talk(
    device: &mut Device,
    channel: Channel,
    line: &Line,
    is_stopping: &mut watch::Receiver<bool>,
    error: &mut Option<String>,
) -> Ending {
    if *is_stopping.borrow() {
        return Ending::Silent;
    }
    let Some(mut request) = device.begin(channel) else {
        return Ending::Silent;
    };
    loop {
        let reply = tokio::select! {
            biased;
            _ = is_stopping.wait_for(|is_stopping| *is_stopping) => return Ending::Silent,
            reply = line.exchange(request) => reply,
        };
        let reply = reply.unwrap_or_else(|text| {
            error.get_or_insert(text);
            Reply::lost()
        });
        match device.answer(channel, &reply) {
            Next::Send(next) => request = next,
            Next::Over(ending) => {
                if let Ending::Refused(status) = ending {
                    error.get_or_insert_with(|| refusal_text(status, &reply.body));
                }
                return ending;
            }
        }
    }
}

fn refusal_text(status: u16, body: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(body).chars().take(200).collect();
    format!("the server answered {status}: {shown}")
}
