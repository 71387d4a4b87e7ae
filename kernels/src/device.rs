//! The devices of this machine: which there are, and which one to take.

mod choose;

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::choose::{DEVICES, Name, find, listed, preferred};
use crate::launch::{Arg, Kernel, Traffic};
use crate::pool::MemoryReport;
use crate::{Error, Profile, Result, cuda, opencl};

/// Where arrays lie and kernels run.
///
/// A device is opened when it is first used. Work on it is done in the order in which it was
/// asked for, whichever thread asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// The processor of this machine, all cores.
    Cpu,
    /// A GPU through NVIDIA's driver.
    Cuda(Cuda),
    /// Whatever an OpenCL driver offers.
    OpenCl(OpenCl),
}

/// The way to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Backend {
    /// No driver.
    Cpu,
    /// NVIDIA's driver.
    Cuda,
    /// An OpenCL loader.
    OpenCl,
}

/// What a device says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DeviceInfo {
    /// How to ask for it: `cuda:0`.
    pub name: String,
    /// The way to it.
    pub backend: Backend,
    /// The maker's name for it.
    pub model: String,
    /// Whether it is a GPU.
    pub is_gpu: bool,
    /// Its memory in bytes.
    pub memory: u64,
    /// Multiprocessors, compute units or cores.
    pub units: u32,
    /// The driver and its version; empty for the CPU.
    pub driver: String,
    /// What it can do: compute capability of CUDA, version of OpenCL C.
    pub capability: String,
}

/// A CUDA device.
#[derive(Clone, Copy)]
pub struct Cuda(pub(crate) &'static Slot<cuda::Card>);

/// An OpenCL device.
#[derive(Clone, Copy)]
pub struct OpenCl(pub(crate) &'static Slot<opencl::Card>);

/// A device that was found, and its open form once it was used.
#[derive(Debug)]
pub(crate) struct Slot<C> {
    pub(crate) index: u32,
    pub(crate) info: DeviceInfo,
    card: OnceLock<Result<C>>,
}

impl<C> Slot<C> {
    pub(crate) fn new(index: u32, info: DeviceInfo) -> Self {
        Self { index, info, card: OnceLock::new() }
    }

    /// The open device; the first call opens it.
    pub(crate) fn open(&self, open: impl FnOnce() -> Result<C>) -> Result<&C> {
        self.card.get_or_init(open).as_ref().map_err(Error::clone)
    }

    /// The open device, if it is open.
    fn opened(&self) -> Option<&C> {
        self.card.get().and_then(|card| card.as_ref().ok())
    }
}

macro_rules! identity {
    ($handle:ty) => {
        impl PartialEq for $handle {
            fn eq(&self, other: &Self) -> bool {
                self.0.index == other.0.index
            }
        }
        impl Eq for $handle {}
        impl fmt::Debug for $handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0.info.name)
            }
        }
        impl std::hash::Hash for $handle {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.0.index.hash(state);
            }
        }
    };
}
identity!(Cuda);
identity!(OpenCl);

/// What was found when the process first asked.
#[derive(Debug)]
struct Inventory {
    cuda: Result<Vec<Slot<cuda::Card>>, String>,
    opencl: Result<Vec<Slot<opencl::Card>>, String>,
}

fn inventory() -> &'static Inventory {
    static INVENTORY: OnceLock<Inventory> = OnceLock::new();
    INVENTORY.get_or_init(|| Inventory { cuda: cuda::probe(), opencl: opencl::probe() })
}

impl Inventory {
    fn cuda(&'static self) -> impl Iterator<Item = Device> {
        self.cuda.iter().flatten().map(|slot| Device::Cuda(Cuda(slot)))
    }

    fn opencl(&'static self) -> impl Iterator<Item = Device> {
        self.opencl.iter().flatten().map(|slot| Device::OpenCl(OpenCl(slot)))
    }
}

impl Device {
    /// Every device that may be used: CUDA, then OpenCL, then the CPU; or those that
    /// `GRAPHLUME_DEVICES` lists, as in `cuda:1,cpu`, in its order.
    ///
    /// # Errors
    ///
    /// [`Error::BadSetting`] if the variable is not such a list, [`Error::NoDevice`] if it names
    /// a device that is absent.
    pub fn all() -> Result<Vec<Self>> {
        let found = inventory();
        let Some(list) = listed() else {
            return Ok(found.cuda().chain(found.opencl()).chain([Self::Cpu]).collect());
        };
        let mut devices = Vec::new();
        for name in list.split(',').map(str::trim) {
            let bad = |()| Error::BadSetting {
                variable: DEVICES,
                value: list.clone().into(),
                allowed: "a list of devices such as cuda:1,cuda:0,cpu",
            };
            let device = match Name::from_str(name).map_err(bad)? {
                Name::Auto => return Err(bad(())),
                name => find(name)?,
            };
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
        Ok(devices)
    }

    /// The device that `name` stands for: `auto`, `cpu`, `cuda`, `cuda:1`, `opencl` or `opencl:1`.
    ///
    /// `auto` is the best CUDA device of capability 7.0 or later (the latest generation, then most
    /// units, then most memory), or else the best GPU of OpenCL, or else the CPU; or the first
    /// that `GRAPHLUME_DEVICES` lists. A processor behind OpenCL is never
    /// taken unless it is named: the CPU's own code is faster.
    ///
    /// # Errors
    ///
    /// [`Error::BadDeviceName`], [`Error::NoDevice`] with the reason, and those of
    /// [`all`](Self::all).
    pub fn parse(name: &str) -> Result<Self> {
        let wanted =
            Name::from_str(name).map_err(|()| Error::BadDeviceName { name: name.into() })?;
        let allowed = Self::all()?;
        let device = match wanted {
            Name::Auto => return Ok(preferred(&allowed)[0]),
            Name::Any(backend) => allowed.iter().copied().find(|d| d.backend() == backend),
            Name::One(..) => Some(find(wanted)?).filter(|device| allowed.contains(device)),
        };
        device.ok_or_else(|| {
            let reason = match (listed(), Self::absent()) {
                (Some(list), _) => format!("{DEVICES} allows only {list}"),
                (None, absent) => absent
                    .into_iter()
                    .find(|(backend, _)| matches!(wanted, Name::Any(b) if b == *backend))
                    .map_or_else(|| "none was found".to_owned(), |(_, reason)| reason),
            };
            Error::NoDevice { name: name.into(), reason: reason.into() }
        })
    }

    /// The device for the next of several jobs: in turn each that `auto` could take.
    ///
    /// # Errors
    ///
    /// Those of [`all`](Self::all).
    pub fn next() -> Result<Self> {
        static JOBS: AtomicUsize = AtomicUsize::new(0);
        let devices = preferred(&Self::all()?);
        Ok(devices[JOBS.fetch_add(1, Ordering::Relaxed) % devices.len()])
    }

    /// Backends without a device, and why.
    pub fn absent() -> Vec<(Backend, String)> {
        let found = inventory();
        let mut absent = Vec::new();
        for (backend, reason) in [
            (Backend::Cuda, found.cuda.as_ref().err()),
            (Backend::OpenCl, found.opencl.as_ref().err()),
        ] {
            absent.extend(reason.map(|reason| (backend, reason.clone())));
        }
        absent
    }

    /// The way to it.
    pub fn backend(self) -> Backend {
        match self {
            Self::Cpu => Backend::Cpu,
            Self::Cuda(_) => Backend::Cuda,
            Self::OpenCl(_) => Backend::OpenCl,
        }
    }

    /// What it says about itself; does not open it.
    pub fn info(self) -> DeviceInfo {
        match self {
            Self::Cpu => cpu_info(),
            Self::Cuda(Cuda(slot)) => slot.info.clone(),
            Self::OpenCl(OpenCl(slot)) => slot.info.clone(),
        }
    }

    /// Multiprocessors or compute units; does not open it.
    pub(crate) fn units(self) -> u32 {
        match self {
            Self::Cpu => cpu_info().units,
            Self::Cuda(Cuda(slot)) => slot.info.units.max(1),
            Self::OpenCl(OpenCl(slot)) => slot.info.units.max(1),
        }
    }

    /// Bytes that it could still give, as far as its driver knows; opens it.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if it cannot be opened.
    pub fn free_memory(self) -> Result<u64> {
        match self {
            Self::Cpu => Ok(cpu_memory("MemAvailable:")),
            Self::Cuda(cuda) => cuda.free_memory(),
            Self::OpenCl(opencl) => opencl.free_memory(),
        }
    }

    /// What its pool holds; all zero for the CPU and for a device that is not open.
    pub fn memory(self) -> MemoryReport {
        match self {
            Self::Cpu => MemoryReport::default(),
            Self::Cuda(Cuda(slot)) => slot.opened().map(cuda::Card::memory).unwrap_or_default(),
            Self::OpenCl(OpenCl(slot)) => {
                slot.opened().map(opencl::Card::memory).unwrap_or_default()
            }
        }
    }

    /// Starts to count the most memory in use anew.
    pub fn reset_peak(self) {
        match self {
            Self::Cpu => {}
            Self::Cuda(Cuda(slot)) => {
                slot.opened().map(cuda::Card::reset_peak);
            }
            Self::OpenCl(OpenCl(slot)) => {
                slot.opened().map(opencl::Card::reset_peak);
            }
        }
    }

    /// Refuses work that cannot fit, before any of it is done.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`] if less than `estimate` bytes are free.
    pub fn reserve(self, estimate: u64) -> Result<()> {
        if self == Self::Cpu {
            return Ok(());
        }
        let free = self.free_memory()?;
        if estimate <= free {
            return Ok(());
        }
        let device = self.to_string().into();
        Err(Error::OutOfMemory { device, wanted: estimate, free, estimate: Some(estimate) })
    }

    /// Lets it begin what was asked of it, where a driver would still collect.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if it cannot be opened or refuses.
    pub fn flush(self) -> Result<()> {
        match self {
            // The CPU works at once, and a stream of CUDA begins by itself.
            Self::Cpu | Self::Cuda(_) => Ok(()),
            Self::OpenCl(opencl) => opencl.flush(),
        }
    }

    /// Waits until all work asked of it is done.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if some of it failed.
    pub fn synchronize(self) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            Self::Cuda(cuda) => cuda.synchronize(),
            Self::OpenCl(opencl) => opencl.synchronize(),
        }
    }

    /// Starts to time every kernel; [`take_profile`](Self::take_profile) ends it. The CPU's are
    /// not timed.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if it cannot be opened.
    pub fn start_profile(self) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            Self::Cuda(cuda) => cuda.start_profile(),
            Self::OpenCl(opencl) => opencl.start_profile(),
        }
    }

    /// The kernels that ran since [`start_profile`](Self::start_profile).
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if some of the work failed.
    pub fn take_profile(self) -> Result<Profile> {
        match self {
            Self::Cpu => Ok(Profile::default()),
            Self::Cuda(cuda) => cuda.take_profile(),
            Self::OpenCl(opencl) => opencl.take_profile(),
        }
    }

    /// Records the kernels that `work` launches instead of running them: run again by
    /// [`Recording::replay`], all of them cost the host one call.
    ///
    /// `None` where this cannot be done: anywhere but on CUDA, and while kernels are being
    /// timed. `work` is then not called. It must not copy, allocate or wait, and its kernels must
    /// have run before.
    ///
    /// # Errors
    ///
    /// Those of `work`, and [`Error::Driver`] if it did what it must not.
    pub fn record(self, work: impl FnOnce() -> Result<()>) -> Result<Option<Recording>> {
        match self {
            Self::Cpu | Self::OpenCl(_) => Ok(None),
            Self::Cuda(cuda) => Ok(cuda.record(work)?.map(Recording)),
        }
    }

    /// Launches a kernel that reads and writes `bytes` bytes.
    ///
    /// Nobody checks what the kernel does with its arguments: who calls this has checked that
    /// every array is long enough, and that every entry used as an index is in range.
    pub(crate) fn launch(
        self,
        kernel: &'static Kernel,
        groups: u32,
        bytes: u64,
        args: &[Arg<'_>],
    ) -> Result<()> {
        Traffic::count(|all| all.on_device += bytes);
        match self {
            Self::Cpu => {
                Err(Error::WrongDevice { found: "cpu".into(), expected: "cuda or opencl".into() })
            }
            Self::Cuda(cuda) => cuda.launch(kernel, groups, bytes, args),
            Self::OpenCl(opencl) => opencl.launch(kernel, groups, bytes, args),
        }
    }
}

/// Kernels in their order, with their arguments, to be run again and again.
///
/// It keeps the arrays that its kernels use.
#[derive(Debug)]
pub struct Recording(cuda::Recording);

impl Recording {
    /// Runs the kernels once more and does not wait for them. While kernels are being timed one
    /// by one, which a recording would hide, it runs none and says `false`.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if they cannot be launched.
    pub fn replay(&mut self) -> Result<bool> {
        self.0.replay()
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(Cuda(slot)) => f.write_str(&slot.info.name),
            Self::OpenCl(OpenCl(slot)) => f.write_str(&slot.info.name),
        }
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::parse(name)
    }
}

fn cpu_info() -> DeviceInfo {
    let model = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    DeviceInfo {
        name: "cpu".to_owned(),
        backend: Backend::Cpu,
        model: model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        is_gpu: false,
        memory: cpu_memory("MemTotal:"),
        units: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
        driver: String::new(),
        capability: std::env::consts::ARCH.to_owned(),
    }
}

/// A line of `/proc/meminfo` in bytes, or 0.
fn cpu_memory(label: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(Device::parse("cpu").unwrap(), Device::Cpu);
        assert!(Device::Cpu.info().memory > 0 && Device::Cpu.free_memory().unwrap() > 0);
    }

    #[test]
    fn an_absent_device_is_refused_with_the_reason() {
        let error = Device::parse("cuda:77").unwrap_err().to_string();
        assert!(error.contains("cuda:77") && error.len() > 30, "{error}");
    }
}
