//! What a kernel is, what it is launched with, and how long launches took.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use crate::buffer::{Buffer, Element, Storage};
use crate::{cuda, opencl};

/// Kernels that share one source file.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// Neutral source; [`PRELUDE`] goes before it.
    pub(crate) source: &'static str,
    /// The same for CUDA, compiled ahead for compute capability 7.0.
    pub(crate) ptx: &'static str,
    /// All its kernels.
    pub(crate) kernels: &'static [&'static str],
}

impl Family {
    /// The name of a kernel as this family spells it, if it has such a kernel.
    pub(crate) fn kernel(&self, name: &str) -> Option<&'static str> {
        self.kernels.iter().copied().find(|kernel| *kernel == name)
    }
}

/// What stands before the source of every family.
pub(crate) const PRELUDE: &str = include_str!("../gpu/prelude.h");

/// One entry point of a family, run by groups of `group` threads each.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) family: &'static Family,
    pub(crate) name: &'static str,
    pub(crate) group: u32,
}

impl Kernel {
    /// Groups for a thread each of `n`, but not more than keep a large device busy: kernels
    /// stride over what is left.
    pub(crate) fn groups_for(&self, n: usize) -> u32 {
        n.div_ceil(self.group as usize).clamp(1, 1 << 14) as u32
    }
}

/// The family in `gpu/NAME.c` and `ptx/NAME.ptx`, and the names of its kernels.
macro_rules! family {
    ($name:literal, $kernels:expr) => {
        $crate::launch::Family {
            name: $name,
            source: include_str!(concat!("../gpu/", $name, ".c")),
            ptx: include_str!(concat!("../ptx/", $name, ".ptx")),
            kernels: &$kernels,
        }
    };
}
pub(crate) use family;

/// Bytes that this thread had moved on devices, and to and from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Traffic {
    /// What the algorithms of its kernels read and write.
    pub on_device: u64,
    /// From the host to devices.
    pub uploaded: u64,
    /// From devices to the host.
    pub downloaded: u64,
}

thread_local! {
    static TRAFFIC: Cell<Traffic> = const { Cell::new(Traffic { on_device: 0, uploaded: 0, downloaded: 0 }) };
}

impl Traffic {
    /// All since the thread began; the processor's own work is not counted, nor are kernels that a
    /// recording replays.
    pub fn of_thread() -> Self {
        TRAFFIC.get()
    }

    /// All since an earlier look.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            on_device: self.on_device - earlier.on_device,
            uploaded: self.uploaded - earlier.uploaded,
            downloaded: self.downloaded - earlier.downloaded,
        }
    }

    pub(crate) fn count(more: impl FnOnce(&mut Self)) {
        let mut all = TRAFFIC.get();
        more(&mut all);
        TRAFFIC.set(all);
    }
}

/// One argument of a launch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    U32(u32),
    U64(u64),
    F32(f32),
    /// An array of the CPU: no kernel can have it.
    Host,
    Cuda(&'a cuda::Memory),
    OpenCl(&'a opencl::Memory),
}

impl Arg<'_> {
    /// A number of the type that a kernel is for.
    pub(crate) fn number<T: Element>(value: T) -> Self {
        match T::TYPE {
            0 => Self::U32(value.bits() as u32),
            1 => Self::U64(value.bits()),
            _ => Self::F32(f32::from_bits(value.bits() as u32)),
        }
    }
}

impl From<u32> for Arg<'_> {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<u64> for Arg<'_> {
    fn from(value: u64) -> Self {
        Self::U64(value)
    }
}

impl From<f32> for Arg<'_> {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

impl<'a, T: Element> From<&'a Buffer<T>> for Arg<'a> {
    fn from(buffer: &'a Buffer<T>) -> Self {
        match buffer.storage() {
            Storage::Cpu(_) => Self::Host,
            Storage::Cuda(memory) => Self::Cuda(memory),
            Storage::OpenCl(memory) => Self::OpenCl(memory),
        }
    }
}

impl<'a, T: Element> From<&'a mut Buffer<T>> for Arg<'a> {
    fn from(buffer: &'a mut Buffer<T>) -> Self {
        Self::from(&*buffer)
    }
}

/// All launches of one kernel in a [`Profile`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KernelTime {
    /// The kernel.
    pub kernel: &'static str,
    /// How often it ran.
    pub calls: usize,
    /// Time on the device.
    pub duration: Duration,
    /// Bytes that the algorithm must read and write.
    pub bytes: u64,
}

/// Time on a device, kernel by kernel, the longest first.
///
/// Its text is a table: calls, milliseconds, gigabytes a second and share of the whole.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Profile {
    /// One row a kernel.
    pub kernels: Vec<KernelTime>,
}

/// One launch as the device timed it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) kernel: &'static str,
    pub(crate) bytes: u64,
    pub(crate) duration: Duration,
}

impl Profile {
    pub(crate) fn new(timings: &[Timing]) -> Self {
        let mut kernels: Vec<KernelTime> = Vec::new();
        for timing in timings {
            let at = kernels.iter().position(|row| row.kernel == timing.kernel);
            let at = at.unwrap_or_else(|| {
                kernels.push(KernelTime {
                    kernel: timing.kernel,
                    calls: 0,
                    duration: Duration::ZERO,
                    bytes: 0,
                });
                kernels.len() - 1
            });
            let row = &mut kernels[at];
            row.calls += 1;
            row.duration += timing.duration;
            row.bytes += timing.bytes;
        }
        kernels.sort_by_key(|row| std::cmp::Reverse(row.duration));
        Self { kernels }
    }

    /// Time of all kernels together.
    pub fn total(&self) -> Duration {
        self.kernels.iter().map(|row| row.duration).sum()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total().as_secs_f64();
        let width = self.kernels.iter().map(|row| row.kernel.len()).max().unwrap_or(0).max(6);
        writeln!(
            f,
            "{:width$} {:>8} {:>11} {:>8} {:>7}",
            "kernel", "calls", "ms", "GB/s", "share"
        )?;
        for row in &self.kernels {
            let secs = row.duration.as_secs_f64();
            let rate = if secs > 0.0 { row.bytes as f64 / secs / 1e9 } else { 0.0 };
            let share = if total > 0.0 { 100.0 * secs / total } else { 0.0 };
            writeln!(
                f,
                "{:width$} {:>8} {:>11.3} {:>8.1} {:>6.1}%",
                row.kernel,
                row.calls,
                secs * 1e3,
                rate,
                share
            )?;
        }
        write!(f, "{:width$} {:>8} {:>11.3}", "total", "", total * 1e3)
    }
}
