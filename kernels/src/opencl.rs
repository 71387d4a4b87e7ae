//! OpenCL: open, copy, launch. The loader is opened at run time.
//!
//! A card has one in-order queue. Kernels are built from source for the device at hand, and what
//! the driver made of them is kept on disk.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opencl3::command_queue::{CL_QUEUE_PROFILING_ENABLE, CommandQueue};
use opencl3::context::Context;
use opencl3::device::{CL_DEVICE_TYPE_ALL, CL_DEVICE_TYPE_CPU, CL_DEVICE_TYPE_GPU, Device};
use opencl3::error_codes::ClError;
use opencl3::event::Event;
use opencl3::kernel::Kernel as Built;
use opencl3::memory::{Buffer as ClBuffer, CL_MEM_READ_WRITE, ClMem};
use opencl3::platform::get_platforms;
use opencl3::program::Program;
use opencl3::types::{CL_BLOCKING, cl_device_id};
use sha2::{Digest, Sha256};

use crate::device::{Backend, DeviceInfo, OpenCl, Slot};
use crate::launch::{Arg, Family, Kernel, PRELUDE, Timing};
use crate::pool::{self, Limits, MemoryReport, Place, Pool};
use crate::{Error, Profile, Result};

/// Kernels are written for this, which every driver has.
const BUILD_OPTIONS: &str = "-cl-std=CL1.2";

/// Timings that are read from their events at once, so that a long profile holds few events.
const TIMINGS: usize = 1024;

/// The devices of all platforms, in the loader's order; or why there are none.
pub(crate) fn probe() -> Result<Vec<Slot<Card>>, String> {
    let found = catch_unwind(|| -> Result<Vec<Slot<Card>>, ClError> {
        let mut slots = Vec::new();
        for platform in get_platforms()? {
            // A platform without devices answers with an error.
            let ids = platform.get_devices(CL_DEVICE_TYPE_ALL).unwrap_or_default();
            for id in ids {
                let device = Device::new(id);
                if !device.available()? || !device.compiler_available()? {
                    continue;
                }
                let index = slots.len() as u32;
                let kind = device.dev_type()?;
                let platform = platform.name().unwrap_or_default();
                slots.push(Slot::new(
                    index,
                    DeviceInfo {
                        name: format!("opencl:{index}"),
                        backend: Backend::OpenCl,
                        model: device.name()?.trim().to_owned(),
                        // PoCL also shows other devices; it is for tests, whatever it shows.
                        is_gpu: kind & CL_DEVICE_TYPE_GPU != 0
                            && kind & CL_DEVICE_TYPE_CPU == 0
                            && !platform.contains("Portable Computing Language"),
                        memory: device.global_mem_size()?,
                        units: device.max_compute_units()?,
                        driver: format!("{} {}", platform.trim(), device.driver_version()?.trim()),
                        capability: device.opencl_c_version()?.trim().to_owned(),
                    },
                ));
            }
        }
        Ok(slots)
    });
    match found {
        Ok(Ok(slots)) if slots.is_empty() => Err("no OpenCL driver has a device here".to_owned()),
        Ok(Ok(slots)) => Ok(slots),
        // The loader is missing, is something else, or knows of no driver.
        Ok(Err(ClError(-2000))) => Err("libOpenCL.so.1 is not installed".to_owned()),
        Ok(Err(ClError(-2001))) => {
            Err("libOpenCL.so.1 is broken: a function is missing".to_owned())
        }
        Ok(Err(ClError(-1001))) => Err("no OpenCL driver is installed".to_owned()),
        Ok(Err(error)) => Err(format!("the OpenCL driver answered with {error}")),
        Err(_) => Err("the OpenCL driver is broken".to_owned()),
    }
}

/// An open device.
#[derive(Debug)]
pub(crate) struct Card {
    name: String,
    context: Context,
    device: Device,
    queue: CommandQueue,
    free: u64,
    state: Mutex<State>,
}

/// What one thread at a time may change.
#[derive(Debug)]
struct State {
    pool: Pool,
    slabs: HashMap<u32, ClBuffer<u8>>,
    kernels: HashMap<&'static str, Built>,
    profile: Option<Timings>,
}

#[derive(Debug, Default)]
struct Timings {
    done: Vec<Timing>,
    pending: Vec<(&'static str, u64, Event)>,
}

// SAFETY: OpenCL objects may be used from any thread; all but kernel objects from several at a
// time, and those are inside the mutex.
unsafe impl Send for Card {}
// SAFETY: as above.
unsafe impl Sync for Card {}

impl OpenCl {
    fn card(self) -> Result<&'static Card> {
        self.0.open(|| Card::open(&self.0.info, self.0.index))
    }

    pub(crate) fn allocate(self, bytes: u64) -> Result<Memory> {
        let (place, buffer) = self.card()?.allocate(bytes)?;
        Ok(Memory { device: self, place, bytes, buffer })
    }

    pub(crate) fn free_memory(self) -> Result<u64> {
        let card = self.card()?;
        let state = card.state();
        // OpenCL does not say what others use; what we hold is known.
        let held = state.pool.report().held;
        Ok(card.free.saturating_sub(held).min(state.pool.room()) + state.pool.free())
    }

    pub(crate) fn flush(self) -> Result<()> {
        let card = self.card()?;
        card.queue.flush().map_err(|error| card.failed("begin its work", error))
    }

    pub(crate) fn synchronize(self) -> Result<()> {
        let card = self.card()?;
        card.queue.finish().map_err(|error| card.failed("finish its work", error))
    }

    pub(crate) fn start_profile(self) -> Result<()> {
        self.card()?.state().profile = Some(Timings::default());
        Ok(())
    }

    pub(crate) fn take_profile(self) -> Result<Profile> {
        let card = self.card()?;
        let mut state = card.state();
        let Some(mut timings) = state.profile.take() else { return Ok(Profile::default()) };
        timings.settle(card)?;
        Ok(Profile::new(&timings.done))
    }

    pub(crate) fn launch(
        self,
        kernel: &'static Kernel,
        groups: u32,
        bytes: u64,
        args: &[Arg<'_>],
    ) -> Result<()> {
        if groups == 0 {
            return Ok(());
        }
        let card = self.card()?;
        let mut state = card.state();
        let state = &mut *state;
        if !state.kernels.contains_key(kernel.name) {
            card.build(kernel.family, &mut state.kernels)?;
        }
        let built = state.kernels.get(kernel.name).ok_or_else(|| Error::Build {
            device: card.name.as_str().into(),
            family: kernel.family.name,
            log: format!("there is no kernel {}", kernel.name).into(),
        })?;
        let failed = |error| card.failed(kernel.name, error);
        for (at, arg) in args.iter().enumerate() {
            let at = at as u32;
            match arg {
                Arg::OpenCl(memory) if memory.device == self => {
                    // SAFETY: the kernel's argument is a pointer: the driver refuses a memory
                    // object elsewhere, and a wrong number of arguments at the launch. `launch`
                    // of the device says who answers for lengths and indices.
                    unsafe { built.set_arg(at, &memory.buffer.get()) }.map_err(failed)?;
                }
                Arg::OpenCl(memory) => return Err(card.wrong(&memory.device.0.info.name)),
                Arg::Cuda(memory) => return Err(card.wrong(&memory.device().0.info.name)),
                Arg::Host => return Err(card.wrong("cpu")),
                // SAFETY: the driver compares the size with the argument's.
                Arg::U32(value) => unsafe { built.set_arg(at, value) }.map_err(failed)?,
                // SAFETY: as above.
                Arg::U64(value) => unsafe { built.set_arg(at, value) }.map_err(failed)?,
                // SAFETY: as above.
                Arg::F32(value) => unsafe { built.set_arg(at, value) }.map_err(failed)?,
            }
        }
        let local = kernel.group as usize;
        let global = groups as usize * local;
        // SAFETY: one dimension, and the sizes live until the call returns. Memory objects are
        // kept by the driver until the kernel is done, though Rust may have dropped them: the
        // pool hands out their bytes again only to later work of this same in-order queue.
        let event = unsafe {
            card.queue.enqueue_nd_range_kernel(
                built.get(),
                1,
                ptr::null(),
                &raw const global,
                &raw const local,
                &[],
            )
        }
        .map_err(failed)?;
        if let Some(timings) = &mut state.profile {
            timings.pending.push((kernel.name, bytes, event));
            if timings.pending.len() >= TIMINGS {
                timings.settle(card)?;
            }
        }
        Ok(())
    }
}

impl Timings {
    /// Reads the events of kernels that ran, and waits for those that did not.
    fn settle(&mut self, card: &Card) -> Result<()> {
        let failed = |error| card.failed("time a kernel", error);
        for (kernel, bytes, event) in self.pending.drain(..) {
            event.wait().map_err(failed)?;
            let start = event.profiling_command_start().map_err(failed)?;
            let end = event.profiling_command_end().map_err(failed)?;
            let duration = Duration::from_nanos(end.saturating_sub(start));
            self.done.push(Timing { kernel, bytes, duration });
        }
        Ok(())
    }
}

impl Card {
    fn open(info: &DeviceInfo, index: u32) -> Result<Self> {
        let name = info.name.clone();
        let failed = |error: ClError| Error::Driver {
            device: name.as_str().into(),
            action: "open",
            reason: error.to_string().into(),
        };
        let id = id(index).map_err(failed)?;
        let device = Device::new(id);
        let context = Context::from_device(&device).map_err(failed)?;
        // SAFETY: the device belongs to the context just made of it.
        let queue = unsafe { CommandQueue::create(&context, id, CL_QUEUE_PROFILING_ENABLE) };
        let queue = queue.map_err(failed)?;
        let limits = Limits::from_env(info.memory)?;
        let card = Self {
            name: name.clone(),
            context,
            device,
            queue,
            free: info.memory,
            state: Mutex::new(State {
                pool: Pool::new(limits.maximum),
                slabs: HashMap::new(),
                kernels: HashMap::new(),
                profile: None,
            }),
        };
        // No slab may be larger than the largest single allocation.
        let largest = card.device.max_mem_alloc_size().unwrap_or(limits.initial).max(1);
        let mut left = limits.initial;
        while left > 0 {
            let size = left.min(largest);
            card.grow(&mut card.state(), size)?;
            left -= size;
        }
        Ok(card)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic while it was held left the books as they were: each change is one call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn memory(&self) -> MemoryReport {
        self.state().pool.report()
    }

    pub(crate) fn reset_peak(&self) {
        self.state().pool.reset_peak();
    }

    fn failed(&self, action: &'static str, ClError(code): ClError) -> Error {
        Error::Driver {
            device: self.name.as_str().into(),
            action,
            reason: ClError(code).to_string().into(),
        }
    }

    fn wrong(&self, found: &str) -> Error {
        Error::WrongDevice { found: found.into(), expected: self.name.as_str().into() }
    }

    fn allocate(&self, bytes: u64) -> Result<(Place, ClBuffer<u8>)> {
        let mut state = self.state();
        let grow = |state: &mut State, size| self.grow(state, size);
        let place = pool::place(&mut *state, bytes, |state| &mut state.pool, grow)?;
        let slab = state.slabs.get(&place.slab);
        let slab = slab.expect("every slab of the pool should have a buffer");
        let size = (place.bytes.end - place.bytes.start) as usize;
        // SAFETY: the range lies inside the slab and overlaps no other.
        let buffer =
            unsafe { slab.create_sub_buffer(CL_MEM_READ_WRITE, place.bytes.start as usize, size) };
        match buffer {
            Ok(buffer) => Ok((place, buffer)),
            Err(error) => {
                state.pool.give_back(&place);
                Err(self.failed("take memory from a slab", error))
            }
        }
    }

    /// Adds a slab, after giving empty ones back if the memory is used up.
    fn grow(&self, state: &mut State, size: u64) -> Result<()> {
        let limit = self.device.max_mem_alloc_size().unwrap_or(self.free);
        for attempt in 0..2 {
            let room = state.pool.room().min(self.free.saturating_sub(state.pool.report().held));
            if size <= room && size <= limit {
                // SAFETY: no host memory is named.
                let slab = unsafe {
                    ClBuffer::<u8>::create(
                        &self.context,
                        CL_MEM_READ_WRITE,
                        size as usize,
                        ptr::null_mut(),
                    )
                };
                if let Ok(slab) = slab {
                    let id = state.pool.add_slab(size);
                    state.slabs.insert(id, slab);
                    return Ok(());
                }
            }
            if attempt == 0 {
                for id in state.pool.empty_slabs() {
                    state.slabs.remove(&id);
                }
            }
        }
        let room = state.pool.room().min(self.free.saturating_sub(state.pool.report().held));
        Err(Error::OutOfMemory {
            device: self.name.as_str().into(),
            wanted: size,
            free: room.min(limit),
            estimate: None,
        })
    }

    /// Builds all kernels of a family, from what an earlier process kept if it still fits.
    fn build(
        &self,
        family: &'static Family,
        kernels: &mut HashMap<&'static str, Built>,
    ) -> Result<()> {
        let failed = |log: String| Error::Build {
            device: self.name.as_str().into(),
            family: family.name,
            log: log.into(),
        };
        let path = self.cached(family);
        let kept = path.as_ref().and_then(|path| std::fs::read(path).ok()).and_then(|binary| {
            // SAFETY: the device belongs to the context. A driver checks binaries and refuses
            // those of another; the file's name is a hash of the source, device and driver.
            let program = unsafe {
                Program::create_from_binary(&self.context, &[self.device.id()], &[&binary])
            };
            let mut program = program.ok()?;
            program.build(&[self.device.id()], BUILD_OPTIONS).ok()?;
            Some(program)
        });
        let program = match kept {
            Some(program) => program,
            None => {
                let source = format!("{PRELUDE}\n{}", family.source);
                let program =
                    Program::create_and_build_from_source(&self.context, &source, BUILD_OPTIONS)
                        .map_err(failed)?;
                if let (Some(path), Ok(binaries)) = (&path, program.get_binaries())
                    && let Some(binary) = binaries.first()
                {
                    // A cache that cannot be written only costs the time to build again.
                    drop(keep(path, binary));
                }
                program
            }
        };
        let built = opencl3::kernel::create_program_kernels(&program);
        for kernel in built.map_err(|error| failed(error.to_string()))? {
            let name = kernel.function_name().map_err(|error| failed(error.to_string()))?;
            let name = family.kernel(&name).ok_or_else(|| failed(format!("{name} is unknown")))?;
            kernels.insert(name, kernel);
        }
        Ok(())
    }

    /// Where the built form of a family is kept.
    fn cached(&self, family: &Family) -> Option<PathBuf> {
        let folder = match std::env::var_os("GRAPHLUME_KERNEL_CACHE") {
            Some(folder) if folder.is_empty() => return None,
            Some(folder) => PathBuf::from(folder),
            None => match std::env::var_os("XDG_CACHE_HOME") {
                Some(cache) => PathBuf::from(cache),
                None => PathBuf::from(std::env::var_os("HOME")?).join(".cache"),
            }
            .join("graphlume")
            .join("opencl"),
        };
        let mut hash = Sha256::new();
        let device = &self.device;
        for part in [
            PRELUDE,
            family.source,
            BUILD_OPTIONS,
            &device.name().ok()?,
            &device.version().ok()?,
            &device.driver_version().ok()?,
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let mut name = String::new();
        for byte in hash.finalize() {
            write!(name, "{byte:02x}").ok()?;
        }
        Some(folder.join(format!("{}-{}.bin", family.name, &name[..32])))
    }
}

/// Files begun so far: several threads may build the same family for equal devices.
static PARTS: AtomicUsize = AtomicUsize::new(0);

/// Writes a file whole or not at all.
fn keep(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = PARTS.fetch_add(1, Ordering::Relaxed);
    let part = path.with_extension(format!("{}-{part}.part", std::process::id()));
    std::fs::write(&part, bytes)?;
    std::fs::rename(&part, path)
}

/// The device at a place of [`probe`]'s list.
fn id(index: u32) -> Result<cl_device_id, ClError> {
    let mut at = 0;
    for platform in get_platforms()? {
        for id in platform.get_devices(CL_DEVICE_TYPE_ALL).unwrap_or_default() {
            let device = Device::new(id);
            if device.available()? && device.compiler_available()? {
                if at == index {
                    return Ok(id);
                }
                at += 1;
            }
        }
    }
    // CL_DEVICE_NOT_FOUND: it was there when the devices were listed.
    Err(ClError(-1))
}

/// Bytes of a card; they go back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct Memory {
    device: OpenCl,
    place: Place,
    bytes: u64,
    buffer: ClBuffer<u8>,
}

// SAFETY: memory objects may be used from any thread.
unsafe impl Send for Memory {}
// SAFETY: as above; the driver orders what is enqueued.
unsafe impl Sync for Memory {}

impl Memory {
    pub(crate) fn device(&self) -> OpenCl {
        self.device
    }

    pub(crate) fn write(&mut self, from: u64, bytes: &[u8]) -> Result<()> {
        let card = self.device.card()?;
        debug_assert!(from + bytes.len() as u64 <= self.bytes, "the caller checks the range");
        // SAFETY: the call waits until the bytes are copied, and `Buffer` checked the range.
        let event = unsafe {
            card.queue.enqueue_write_buffer(
                &mut self.buffer,
                CL_BLOCKING,
                from as usize,
                bytes,
                &[],
            )
        };
        event.map(drop).map_err(|error| card.failed("copy from the host", error))
    }

    pub(crate) fn read(&self, from: u64, bytes: &mut [u8]) -> Result<()> {
        let card = self.device.card()?;
        debug_assert!(from + bytes.len() as u64 <= self.bytes, "the caller checks the range");
        // SAFETY: the call waits until the bytes are copied, and `Buffer` checked the range.
        let event = unsafe {
            card.queue.enqueue_read_buffer(&self.buffer, CL_BLOCKING, from as usize, bytes, &[])
        };
        event.map(drop).map_err(|error| card.failed("copy to the host", error))
    }

    pub(crate) fn clear(&mut self) -> Result<()> {
        let card = self.device.card()?;
        let size = (self.place.bytes.end - self.place.bytes.start) as usize;
        // SAFETY: the range is the whole buffer, and the pattern is copied by the call.
        let event =
            unsafe { card.queue.enqueue_fill_buffer(&mut self.buffer, &[0_u8], 0, size, &[]) };
        event.map(drop).map_err(|error| card.failed("clear memory", error))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Ok(card) = self.device.card() {
            card.state().pool.give_back(&self.place);
        }
    }
}
