//! An allocator that counts, to prove that a path allocates nothing.
//!
//! ```text
//! #[global_allocator]
//! static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;
//! let before = testkit::allocations::on_this_thread();
//! ```

#![expect(unsafe_code, reason = "GlobalAlloc is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting each request on the thread that makes it.
#[derive(Debug)]
pub struct Counting;

/// Requests for memory made on this thread so far: allocations and growths.
#[must_use]
pub fn on_this_thread() -> u64 {
    COUNT.with(Cell::get)
}

fn count() {
    // While a thread ends its counter may be gone; such requests are nobody's hot path.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is passed on unchanged to `System`, which keeps the trait's contract; the counter is a
// `const`-initialised thread-local `Cell` without a destructor, so touching it never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(place, layout, size) }
    }
}
