//! Memory of whole programs.

use std::alloc::{GlobalAlloc, Layout};

use tikv_jemallocator::Jemalloc;

/// What jemalloc reads when it starts.
type Settings = &'static [u8; 29];

/// Large pages for large memory: of 4 KiB each, most of the time of a table of some hundred megabytes goes into
/// handing out its pages. It is ours to choose as the kernel offers them (`madvise`), and does not impose them.
#[unsafe(export_name = "_rjem_malloc_conf")]
static SETTINGS: Settings = b"thp:always,metadata_thp:auto\0";

/// An allocator for a program, which keeps what it frees for some seconds and asks for large pages: jemalloc.
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

// SAFETY: every call goes to an allocator as it is.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules, which are the same.
        unsafe { Jemalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules, which are the same.
        unsafe { Jemalloc.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the rules, and all memory is of this allocator.
        unsafe { Jemalloc.dealloc(memory, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the rules, and all memory is of this allocator.
        unsafe { Jemalloc.realloc(memory, layout, size) }
    }
}
