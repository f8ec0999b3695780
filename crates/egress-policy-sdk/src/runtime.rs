//! What a module without a standard library needs: an allocator, and an end for a policy that panics. Only in modules.

use alloc::alloc::{Layout, alloc, realloc};
use alloc::string::ToString as _;
use core::arch::wasm32::unreachable;
use core::panic::PanicInfo;

use crate::log;

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// The message goes to the log, and the host sees a trap: a refusal.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    log::warn(&info.to_string());
    unreachable()
}

/// Room for what the host passes in. Must be of this allocator, since the bindings free it; the C library has one of the
/// same name over an allocator of its own.
#[expect(unsafe_code, reason = "the host calls it by this name, as the canonical ABI has it")]
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_length: usize, align: usize, length: usize) -> *mut u8 {
    // SAFETY: as the canonical ABI has it, `old` is null, or of this allocator with this length and alignment.
    unsafe {
        let layout = Layout::from_size_align_unchecked(old_length, align);
        let place = match (old_length, length) {
            (_, 0) => return core::ptr::without_provenance_mut(align),
            (0, _) => alloc(Layout::from_size_align_unchecked(length, align)),
            _ => realloc(old, layout, length),
        };
        if place.is_null() { unreachable() } else { place }
    }
}
