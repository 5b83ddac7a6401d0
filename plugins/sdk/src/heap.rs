//! Where a plugin's memory comes from.
//!
//! An instance lives for one call, and most calls need little. So the first part is there from the
//! start: to make memory grow, and to take that back for the next instance, would cost the host two
//! calls of the operating system. Knows nothing of what is kept. Invariant: no byte is handed over
//! twice, and none that others use.

use core::alloc::Layout;
use core::arch::wasm32::memory_grow;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

/// Enough for a profile of some 20 KB. It is not in the file, and the host gives memory for it only where
/// it is written to.
const FIRST_BYTES: usize = 128 << 10;

/// A page of WebAssembly, by which memory grows.
const PAGE_BYTES: usize = 64 << 10;

static mut FIRST: [MaybeUninit<u8>; FIRST_BYTES] = [MaybeUninit::uninit(); FIRST_BYTES];

#[global_allocator]
static HEAP: TalcSyncCell<FirstThenGrow, WasmBinning> = TalcSyncCell::new_wasm(FirstThenGrow {
    is_first_taken: false,
    grown_to: None,
});

/// The part that is there, then pages that are not there yet.
#[derive(Debug)]
struct FirstThenGrow {
    is_first_taken: bool,
    /// Where the pages end that were added last. New ones that follow become one with them, so that
    /// what was given back on both sides serves a larger wish.
    grown_to: Option<NonNull<u8>>,
}

// SAFETY: it allocates nothing by itself, and what it hands over is nobody's: `FIRST`, once, and new
// pages.
unsafe impl Source for FirstThenGrow {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if !talc.source.is_first_taken {
            talc.source.is_first_taken = true;
            // SAFETY: as said above.
            let claimed = unsafe { talc.claim((&raw mut FIRST).cast(), FIRST_BYTES) };
            return claimed.map(|_| ()).ok_or(());
        }
        let (start, bytes) = new_pages(layout).ok_or(())?;
        let grown_to = match talc.source.grown_to {
            // SAFETY: the allocator's own memory ends there, and the new pages follow.
            Some(end) if end.as_ptr() == start => {
                Some(unsafe { talc.extend(end, start.wrapping_add(bytes)) })
            }
            // SAFETY: as said above.
            _ => unsafe { talc.claim(start, bytes) },
        };
        talc.source.grown_to = grown_to;
        grown_to.map(|_| ()).ok_or(())
    }
}

/// As many as `layout` needs at most, and one for what the allocator keeps beside it.
fn new_pages(layout: Layout) -> Option<(*mut u8, usize)> {
    let pages = (layout.size().checked_add(layout.align())?).div_ceil(PAGE_BYTES) + 1;
    let before = memory_grow::<0>(pages);
    (before != usize::MAX).then(|| {
        (
            ptr::without_provenance_mut(before * PAGE_BYTES),
            pages * PAGE_BYTES,
        )
    })
}
