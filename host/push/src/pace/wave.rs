//! The order in which those who have work are drawn: a pass over all of them, a window at a time.
//!
//! Pure: what a place is and who lives there is its owner's. Nothing is planned: of a wave over a
//! million hosts there are a place, a window and a random number. Invariants: whoever has work from
//! the beginning of a pass to its end is drawn once in it; the window never holds more than its
//! bound and one page; who leaves it next is left to chance, so that neighbours do not come
//! together.

/// Most drawn items that wait in the window: at the usual rate some seconds of pushes, so that
/// neighbours are seconds apart, in some hundred KiB.
pub const WINDOW_MAX: usize = 4096;

/// The next ones of all who have work, and those already drawn. `P` says where a pass has come to,
/// in the order of places; `None` is the beginning.
#[derive(Debug)]
pub struct Wave<P, T> {
    pass: Option<Pass<P>>,
    /// Where the next pass begins: anywhere, lest the same ones always be first.
    start: Option<P>,
    seen: u64,
    window: Vec<T>,
    random: u64,
}

#[derive(Debug)]
struct Pass<P> {
    start: Option<P>,
    at: Option<P>,
    has_wrapped: bool,
}

impl<P: Ord + Clone, T> Wave<P, T> {
    /// Nothing to draw yet. Another `seed` gives another order.
    pub fn new(seed: u64) -> Self {
        Self {
            pass: None,
            start: None,
            seen: 0,
            window: Vec::new(),
            random: seed,
        }
    }

    /// From here on everybody is drawn once more who has work, those in the window too. A pass under
    /// way goes on until it has come back to where it is.
    pub fn begin(&mut self) {
        let from = match &self.pass {
            Some(pass) => pass.at.clone(),
            None => self.start.take(),
        };
        self.window.clear();
        self.seen = 0;
        self.pass = Some(Pass {
            start: from.clone(),
            at: from,
            has_wrapped: false,
        });
    }

    /// Forgets who was drawn and ends the pass.
    pub fn clear(&mut self) {
        self.pass = None;
        self.window = Vec::new();
    }

    /// Whether a pass is under way.
    pub fn is_under_way(&self) -> bool {
        self.pass.is_some()
    }

    /// Where to look for more: behind this place, unless there is no pass or the window is full.
    pub fn wants(&self) -> Option<Option<P>> {
        let pass = self.pass.as_ref()?;
        (self.window.len() < WINDOW_MAX).then(|| pass.at.clone())
    }

    /// Those behind the place that was asked for; `next` is where they end, or `None` if nobody is
    /// behind them. Says whether the pass is over.
    pub fn add(&mut self, drawn: impl IntoIterator<Item = T>, next: Option<P>) -> bool {
        self.window.extend(drawn);
        let Some(mut pass) = self.pass.take() else {
            return true;
        };
        if let Some(next) = &next {
            self.seen += 1;
            if self.below(self.seen) == 0 {
                self.start = Some(next.clone());
            }
        }
        let is_over = match (&next, &pass.start) {
            (None, None) => true,
            (None, Some(_)) => std::mem::replace(&mut pass.has_wrapped, true),
            (Some(next), Some(start)) => pass.has_wrapped && next >= start,
            (Some(_), None) => false,
        };
        if !is_over {
            self.pass = Some(Pass { at: next, ..pass });
        }
        is_over
    }

    /// Any of those who were drawn.
    pub fn take(&mut self) -> Option<T> {
        let count = u64::try_from(self.window.len()).ok().filter(|n| *n > 0)?;
        let index = usize::try_from(self.below(count)).ok()?;
        Some(self.window.swap_remove(index))
    }

    /// Those who were drawn and not taken.
    pub fn window(&self) -> &[T] {
        &self.window
    }

    /// A number below `bound`, which is not zero. That small ones are likelier by 2^-40 is no matter.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.random) % bound
    }
}

/// The output function of `SplitMix64`: every bit of the input moves half of the output.
pub(super) fn mixed(mut value: u64) -> u64 {
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
