//! Memory of whole programs.

use std::alloc::{GlobalAlloc, Layout};

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
use std::alloc::System as Inner;
/// What hands memory out: jemalloc, where it is built for every page size that there is.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
use tikv_jemallocator::Jemalloc as Inner;

/// What jemalloc reads when it starts.
type Settings = &'static [u8; 52];

/// - Large pages for large memory: of 4 KiB each, most of the time of a table of some hundred megabytes goes into
///   handing out its pages. They are asked for (`madvise`), and had where the kernel offers them.
/// - What is freed goes back to the system some seconds later, also if the program does nothing then.
#[unsafe(export_name = "_rjem_malloc_conf")]
static SETTINGS: Settings = b"thp:always,metadata_thp:auto,background_thread:true\0";

/// An allocator for a program: jemalloc with large pages on Linux with glibc on x86-64, else the system's.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: graph_kernels::Allocator = graph_kernels::Allocator::new();
///
/// # fn main() {
/// assert_eq!(vec![1_u8; 100].len(), 100);
/// # }
/// ```
#[derive(Debug)]
pub struct Allocator {
    /// Keeps the settings where the program is linked; jemalloc has weaker ones of its own.
    _settings: &'static Settings,
}

impl Allocator {
    /// The allocator; all of them are the same.
    pub const fn new() -> Self {
        Self { _settings: &SETTINGS }
    }
}

impl Default for Allocator {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: every call goes to one allocator as it is.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules, which are the same.
        unsafe { Inner.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules, which are the same.
        unsafe { Inner.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the rules, and all memory is of this allocator.
        unsafe { Inner.dealloc(memory, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the rules, and all memory is of this allocator.
        unsafe { Inner.realloc(memory, layout, size) }
    }
}
