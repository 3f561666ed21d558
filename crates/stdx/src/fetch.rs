//! Asking for memory before it is needed.
//!
//! What comes out of this never depends on it: a hint, which the processor may ignore.

/// Asks the processor to bring `items[at]` near; nothing when there is no such item.
///
/// A walk over more than the caches hold waits some 5 ns an item of 56 bytes for memory; asked for a thousand bytes
/// ahead, it does not.
#[inline(always)]
pub fn soon<T>(items: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: prefetching reads and writes nothing; the address is that of an item of the slice.
        #[expect(unsafe_code, reason = "the intrinsic is unsafe for its raw pointer only")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, at);
}
