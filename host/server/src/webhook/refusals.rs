//! Events that the webhook refuses: when they are given up, so that they block no others.
//!
//! Knows nothing of HTTP but three statuses. Invariants: only a status that speaks of the event
//! itself counts; what a restart forgets is only counted anew.

use super::client::DeliveryError;

/// Refusals of the same event after which it is sent without its payload.
pub(super) const REFUSALS_MAX: u32 = 5;
/// Bad Request, Content Too Large, Unprocessable Content (RFC 9110, section 15.5).
const REFUSED: [u16; 3] = [400, CONTENT_TOO_LARGE, 422];
const CONTENT_TOO_LARGE: u16 = 413;

/// How often the oldest event was refused.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Its key.
    event: Vec<u8>,
    count: u32,
    last_status: u16,
    /// The smallest body, in bytes, that was too large until its payload was left out. From then
    /// on one refusal of such a body is enough, so that many large events hold up nobody for long.
    too_large: Option<usize>,
}

/// Whether this answer will be the same the next time.
pub(super) fn is_refusal(error: &DeliveryError) -> bool {
    matches!(error, DeliveryError::Status(status) if REFUSED.contains(status))
}

impl Refusals {
    /// Counts a delivery that failed.
    pub(super) fn note(&mut self, event: &[u8], bytes: usize, error: &DeliveryError) {
        let DeliveryError::Status(status) = error else {
            return;
        };
        if !is_refusal(error) {
            return;
        }
        if self.event != event {
            event.clone_into(&mut self.event);
            self.count = 0;
        }
        let is_known =
            *status == CONTENT_TOO_LARGE && self.too_large.is_some_and(|max| bytes >= max);
        self.count = if is_known {
            REFUSALS_MAX
        } else {
            self.count.saturating_add(1)
        };
        self.last_status = *status;
    }

    /// Whether this event was refused often enough to go without its payload.
    pub(super) fn is_enough(&self, event: &[u8]) -> bool {
        self.event == event && self.count >= REFUSALS_MAX
    }

    /// An event of so many bytes was taken without its payload.
    pub(super) fn helped(&mut self, bytes: usize) {
        if self.last_status == CONTENT_TOO_LARGE {
            self.too_large = Some(self.too_large.map_or(bytes, |max| max.min(bytes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that only refusals of the same event add up, and that a size which was too large once
    /// needs no second try.
    #[test]
    fn what_is_enough() {
        let mut refusals = Refusals::default();
        for status in [400, 413, 422, 413] {
            refusals.note(b"A", 10, &DeliveryError::Status(status));
        }
        for status in [404, 429, 500, 503] {
            refusals.note(b"A", 10, &DeliveryError::Status(status));
        }
        assert!(!refusals.is_enough(b"A"));
        refusals.note(b"A", 10, &DeliveryError::Status(413));
        assert!(refusals.is_enough(b"A") && !refusals.is_enough(b"B"));
        refusals.helped(10);
        refusals.note(b"B", 9, &DeliveryError::Status(413));
        assert!(!refusals.is_enough(b"B"));
        refusals.note(b"C", 11, &DeliveryError::Status(422));
        assert!(!refusals.is_enough(b"C"));
        refusals.note(b"D", 11, &DeliveryError::Status(413));
        assert!(refusals.is_enough(b"D"));
    }
}
