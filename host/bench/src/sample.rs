//! Medians and percentiles.
//!
//! Knows nothing of what was measured. Invariant: of nothing there is no median, and it is shown
//! as 0 nowhere.

use std::time::Duration;

/// The middle of several runs; of two the lower.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which the share `q` of all lies (nearest rank).
pub(crate) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(rank(sorted.len(), q)?).copied()
}

/// How long requests took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    /// Notes one, in whole microseconds.
    pub(crate) fn note(&mut self, took: Duration) {
        self.0
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes those of another in.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The milliseconds within which the share `q` was answered.
    pub(crate) fn ms(&mut self, q: f64) -> Option<f64> {
        let at = rank(self.0.len(), q)?;
        let (_, found, _) = self.0.select_nth_unstable(at);
        Some(f64::from(*found) / 1000.0)
    }
}

fn rank(len: usize, q: f64) -> Option<usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a count of samples, times a share between 0 and 1"
    )]
    let nearest = (len as f64 * q).ceil() as usize;
    (len > 0).then(|| nearest.clamp(1, len) - 1)
}

/// A count as a number to calculate with. Beyond 2^53 it is not exact, and nothing here is.
#[expect(clippy::cast_precision_loss, reason = "said above")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// Microseconds for each of `count`.
pub(crate) fn micros_each(total: Duration, count: u64) -> f64 {
    total.as_secs_f64() * 1e6 / float(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that ranks are those of the definition, at both ends too.
    #[test]
    fn ranks() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&hundred, 0.99), Some(99.0));
        assert_eq!(quantile(&hundred, 1.0), Some(100.0));
        assert_eq!(quantile(&hundred, 0.0), Some(1.0));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[]), None);
        let mut latencies = Latencies::default();
        assert_eq!(latencies.ms(0.5), None);
        latencies.note(Duration::from_micros(1500));
        assert_eq!(latencies.ms(0.99), Some(1.5));
    }
}
