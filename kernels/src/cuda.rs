//! CUDA: open, copy, launch, record. The driver is opened at run time; nothing else is needed.
//!
//! A card has one stream. Kernels come as PTX made ahead; the driver compiles them for the card
//! and keeps what it made.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use cudarc::driver::sys::{self, CUdevice_attribute, CUdeviceptr, CUevent_flags};
use cudarc::driver::{
    CudaContext, CudaEvent, CudaFunction, CudaGraph, CudaStream, DriverError, LaunchConfig,
    PushKernelArg, result,
};
use cudarc::nvrtc::Ptx;

use crate::device::{Backend, Cuda, DeviceInfo, Slot};
use crate::launch::{Arg, Family, Kernel, Timing};
use crate::pool::{self, Limits, MemoryReport, Place, Pool};
use crate::{Error, Profile, Result};

/// Bytes of each of the two pinned halves that copies go through.
const PINNED: usize = 8 << 20;

/// Timings that are read from their events at once, so that a long profile holds few events.
const TIMINGS: usize = 1024;

/// The version of CUDA whose PTX is committed: an older driver cannot read it.
const OLDEST: i32 = 12_000;

/// All that is asked of the driver, here and by the binding on our behalf.
const ASKED: [&str; 39] = [
    "cuInit",
    "cuDriverGetVersion",
    "cuDeviceGetCount",
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetName",
    "cuDeviceTotalMem_v2",
    "cuGetErrorName",
    "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease_v2",
    "cuCtxSetCurrent",
    "cuCtxGetCurrent",
    "cuCtxSynchronize",
    "cuStreamCreate",
    "cuStreamSynchronize",
    "cuStreamDestroy_v2",
    "cuStreamBeginCapture_v2",
    "cuStreamEndCapture",
    "cuGraphInstantiateWithFlags",
    "cuGraphLaunch",
    "cuGraphExecDestroy",
    "cuGraphDestroy",
    "cuEventCreate",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuEventElapsedTime",
    "cuEventDestroy_v2",
    "cuMemAlloc_v2",
    "cuMemFree_v2",
    "cuMemGetInfo_v2",
    "cuMemHostAlloc",
    "cuMemFreeHost",
    "cuMemcpyHtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemsetD8Async",
    "cuModuleLoadData",
    "cuModuleGetFunction",
    "cuModuleUnload",
    "cuLaunchKernel",
];

/// The driver's devices in its order (which `CUDA_VISIBLE_DEVICES` restricts); or why there are
/// none.
pub(crate) fn probe() -> Result<Vec<Slot<Card>>, String> {
    // SAFETY: only asks whether the library can be opened.
    if !unsafe { sys::is_culib_present() } {
        return Err("no NVIDIA driver is installed (libcuda.so.1)".to_owned());
    }
    // A driver without some function panics inside cudarc; that must neither end the process nor
    // write to its standard error. What is asked for here is looked up first.
    // SAFETY: the library is there; the functions found are not called.
    let missing = ASKED.iter().find(|name| unsafe {
        sys::culib().get::<unsafe extern "C" fn()>(name.as_bytes()).is_err()
    });
    if let Some(name) = missing {
        return Err(format!("NVIDIA's driver is broken: it has no {name}"));
    }
    let mut version = 0;
    let found = catch_unwind(AssertUnwindSafe(|| -> Result<Vec<Slot<Card>>, DriverError> {
        result::init()?;
        // SAFETY: the pointer is to a live integer.
        unsafe { sys::cuDriverGetVersion(&raw mut version) }.result()?;
        if version < OLDEST {
            return Ok(Vec::new());
        }
        let driver = text_of(version);
        let mut slots = Vec::new();
        for index in 0..result::device::get_count()? {
            let device = result::device::get(index)?;
            // SAFETY: the device was just given by the driver.
            let attribute = |name| unsafe { result::device::get_attribute(device, name) };
            let major =
                attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
            let minor =
                attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
            let units = attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
            slots.push(Slot::new(
                index as u32,
                DeviceInfo {
                    name: format!("cuda:{index}"),
                    backend: Backend::Cuda,
                    model: result::device::get_name(device)?,
                    is_gpu: true,
                    // SAFETY: as above.
                    memory: unsafe { result::device::total_mem(device) }? as u64,
                    units: units as u32,
                    driver: driver.clone(),
                    capability: format!("{major}.{minor}"),
                },
            ));
        }
        Ok(slots)
    }));
    match found {
        Ok(Ok(_)) if version < OLDEST => Err(format!(
            "NVIDIA's driver is for {}, but {} (R525) or later is needed",
            text_of(version),
            text_of(OLDEST)
        )),
        Ok(Ok(slots)) if slots.is_empty() => Err("NVIDIA's driver sees no card".to_owned()),
        Ok(Ok(slots)) => Ok(slots),
        Ok(Err(DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE))) => {
            Err("NVIDIA's driver sees no card".to_owned())
        }
        Ok(Err(error)) => Err(format!("NVIDIA's driver answered with {}", name_of(error))),
        Err(_) => Err("NVIDIA's driver is broken".to_owned()),
    }
}

/// A version of CUDA as people write it.
fn text_of(version: i32) -> String {
    format!("CUDA {}.{}", version / 1000, version % 1000 / 10)
}

/// The driver's name of an error; asking for it can itself fail.
fn name_of(error: DriverError) -> String {
    match error.error_name() {
        Ok(name) => name.to_string_lossy().into_owned(),
        Err(_) => format!("error {}", error.0 as u32),
    }
}

/// An open card.
#[derive(Debug)]
pub(crate) struct Card {
    index: u32,
    name: String,
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    /// Held for writing by a thread that records: what another asked of the stream meanwhile
    /// would be recorded too.
    turn: RwLock<()>,
    state: Mutex<State>,
    /// Apart from the state, so that who waits for a copy does not hold up who launches.
    pinned: Mutex<Option<Pinned>>,
}

thread_local! {
    /// The card whose turn this thread holds for writing.
    static RECORDING: Cell<Option<u32>> = const { Cell::new(None) };
}

/// What one thread at a time may change.
#[derive(Debug)]
struct State {
    pool: Pool,
    slabs: HashMap<u32, CUdeviceptr>,
    kernels: HashMap<&'static str, CudaFunction>,
    profile: Option<Timings>,
    /// What the launches being recorded read and write.
    recorded: Option<Vec<Memory>>,
}

#[derive(Debug, Default)]
struct Timings {
    done: Vec<Timing>,
    pending: Vec<(&'static str, u64, CudaEvent, CudaEvent)>,
}

impl Cuda {
    fn card(self) -> Result<&'static Card> {
        self.0.open(|| {
            // As in `probe`: what is missing in the driver shows here at the latest.
            catch_unwind(AssertUnwindSafe(|| Card::open(&self.0.info, self.0.index)))
                .unwrap_or_else(|_| {
                    Err(Error::Driver {
                        device: self.0.info.name.as_str().into(),
                        action: "open",
                        reason: "the driver is broken or older than R525".into(),
                    })
                })
        })
    }

    pub(crate) fn allocate(self, bytes: u64) -> Result<Memory> {
        let (place, pointer) = self.card()?.allocate(bytes)?;
        Ok(Memory(Arc::new(Bytes { device: self, place, len: bytes, pointer })))
    }

    pub(crate) fn free_memory(self) -> Result<u64> {
        let card = self.card()?;
        let (free, _) = card.check("ask for its memory", card.context.mem_get_info())?;
        let state = card.state();
        Ok((free as u64).min(state.pool.room()) + state.pool.free())
    }

    pub(crate) fn synchronize(self) -> Result<()> {
        let card = self.card()?;
        let _turn = card.turn();
        card.check("finish its work", card.stream.synchronize())
    }

    pub(crate) fn start_profile(self) -> Result<()> {
        let card = self.card()?;
        // What is being recorded must not be timed.
        let _turn = card.turn();
        card.state().profile = Some(Timings::default());
        Ok(())
    }

    pub(crate) fn take_profile(self) -> Result<Profile> {
        let card = self.card()?;
        let _turn = card.turn();
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
        let _turn = card.turn();
        let mut state = card.state();
        let state = &mut *state;
        if !state.kernels.contains_key(kernel.name) {
            card.load(kernel.family, &mut state.kernels)?;
        }
        let function = state.kernels.get(kernel.name).ok_or_else(|| Error::Build {
            device: card.name.as_str().into(),
            family: kernel.family.name,
            log: format!("there is no kernel {}", kernel.name).into(),
        })?;
        let mut launch = card.stream.launch_builder(function);
        for arg in args {
            match arg {
                Arg::U32(value) => launch.arg(value),
                Arg::U64(value) => launch.arg(value),
                Arg::F32(value) => launch.arg(value),
                Arg::Cuda(memory) if memory.0.device == self => {
                    if let Some(recorded) = &mut state.recorded {
                        recorded.push((*memory).clone());
                    }
                    launch.arg(&memory.0.pointer)
                }
                Arg::Cuda(memory) => return Err(card.wrong(&memory.0.device.0.info.name)),
                Arg::OpenCl(memory) => return Err(card.wrong(&memory.device().0.info.name)),
                Arg::Host => return Err(card.wrong("cpu")),
            };
        }
        let config = LaunchConfig {
            grid_dim: (groups, 1, 1),
            block_dim: (kernel.group, 1, 1),
            shared_mem_bytes: 0,
        };
        let event = || card.stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT));
        let start = match state.profile {
            Some(_) => Some(card.check("time a kernel", event())?),
            None => None,
        };
        // SAFETY: number and types of the arguments are those of the source, which OpenCL's
        // tests check for the same launch; `launch` of the device says who answers for lengths
        // and indices. Bytes given back to the pool are handed out again only to later work of
        // this same stream.
        card.check(kernel.name, unsafe { launch.launch(config) })?;
        if let (Some(timings), Some(start)) = (&mut state.profile, start) {
            let end = card.check("time a kernel", event())?;
            timings.pending.push((kernel.name, bytes, start, end));
            if timings.pending.len() >= TIMINGS {
                timings.settle(card)?;
            }
        }
        Ok(())
    }

    /// Records what `work` launches instead of running it; nothing if kernels are being timed
    /// one by one, which a recording hides. All the kernels must have run before: loading one
    /// cannot be recorded.
    pub(crate) fn record(self, work: impl FnOnce() -> Result<()>) -> Result<Option<Recording>> {
        let card = self.card()?;
        if RECORDING.get().is_some() {
            return Ok(None);
        }
        let _turn = card.turn.write().unwrap_or_else(PoisonError::into_inner);
        {
            let mut state = card.state();
            if state.profile.is_some() {
                return Ok(None);
            }
            let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
            card.check("begin to record", card.stream.begin_capture(mode))?;
            state.recorded = Some(Vec::new());
        }
        RECORDING.set(Some(card.index));
        // The stream must be given back whatever happens in between.
        let worked = catch_unwind(AssertUnwindSafe(work));
        RECORDING.set(None);
        let flags = sys::CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH;
        let graph = card.stream.end_capture(flags);
        let memories = card.state().recorded.take().unwrap_or_default();
        match worked {
            Ok(worked) => worked?,
            Err(panic) => resume_unwind(panic),
        }
        match card.check("end to record", graph)? {
            Some(graph) => Ok(Some(Recording { device: self, graph, _memories: memories })),
            None => Err(Error::Driver {
                device: card.name.as_str().into(),
                action: "record",
                reason: "nothing was recorded".into(),
            }),
        }
    }
}

impl Timings {
    /// Reads the events of kernels that ran, and waits for those that did not.
    fn settle(&mut self, card: &Card) -> Result<()> {
        for (kernel, bytes, start, end) in self.pending.drain(..) {
            let millis = card.check("time a kernel", start.elapsed_ms(&end))?;
            let duration = Duration::from_secs_f64(f64::from(millis.max(0.0)) / 1e3);
            self.done.push(Timing { kernel, bytes, duration });
        }
        Ok(())
    }
}

/// Launches that can be run again at the cost of one.
pub(crate) struct Recording {
    device: Cuda,
    graph: CudaGraph,
    /// The graph knows these by address alone: they must stay as long as it.
    _memories: Vec<Memory>,
}

// SAFETY: a graph may be used by any thread, one at a time; `replay` takes it by `&mut`.
unsafe impl Send for Recording {}
// SAFETY: `&Recording` gives access to nothing.
unsafe impl Sync for Recording {}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Recording {
    /// Runs the kernels once more; not if kernels are being timed one by one.
    pub(crate) fn replay(&mut self) -> Result<bool> {
        let card = self.device.card()?;
        let _turn = card.turn();
        if card.state().profile.is_some() {
            return Ok(false);
        }
        card.check("run recorded kernels", self.graph.launch())?;
        Ok(true)
    }
}

impl Card {
    fn open(info: &DeviceInfo, index: u32) -> Result<Self> {
        let failed = |error| Error::Driver {
            device: info.name.as_str().into(),
            action: "open",
            reason: name_of(error).into(),
        };
        let context = CudaContext::new(index as usize).map_err(failed)?;
        // Not the default stream, which cannot be recorded.
        let stream = context.new_stream().map_err(failed)?;
        let limits = Limits::from_env(info.memory)?;
        let card = Self {
            index,
            name: info.name.clone(),
            context,
            stream,
            turn: RwLock::new(()),
            state: Mutex::new(State {
                pool: Pool::new(limits.maximum),
                slabs: HashMap::new(),
                kernels: HashMap::new(),
                profile: None,
                recorded: None,
            }),
            pinned: Mutex::new(None),
        };
        if limits.initial > 0 {
            card.grow(&mut card.state(), limits.initial)?;
        }
        Ok(card)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was held left the books as they were: each change is one call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other thread records. Must be taken before the state.
    fn turn(&self) -> Option<RwLockReadGuard<'_, ()>> {
        (RECORDING.get() != Some(self.index))
            .then(|| self.turn.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn memory(&self) -> MemoryReport {
        self.state().pool.report()
    }

    pub(crate) fn reset_peak(&self) {
        self.state().pool.reset_peak();
    }

    fn check<T>(&self, action: &'static str, answer: Result<T, DriverError>) -> Result<T> {
        answer.map_err(|error| Error::Driver {
            device: self.name.as_str().into(),
            action,
            reason: name_of(error).into(),
        })
    }

    fn wrong(&self, found: &str) -> Error {
        Error::WrongDevice { found: found.into(), expected: self.name.as_str().into() }
    }

    fn allocate(&self, bytes: u64) -> Result<(Place, CUdeviceptr)> {
        let mut state = self.state();
        let grow = |state: &mut State, size| self.grow(state, size);
        let place = pool::place(&mut *state, bytes, |state| &mut state.pool, grow)?;
        let slab = state.slabs.get(&place.slab);
        let slab = slab.expect("every slab of the pool should have an address");
        let pointer = slab + place.bytes.start;
        Ok((place, pointer))
    }

    /// Adds a slab, after giving empty ones back if the memory is used up.
    fn grow(&self, state: &mut State, size: u64) -> Result<()> {
        self.check("take memory", self.context.bind_to_thread())?;
        for attempt in 0..2 {
            if size <= state.pool.room() {
                // SAFETY: the bytes are written before they are read, as with every array.
                match unsafe { result::malloc_sync(size as usize) } {
                    Ok(pointer) => {
                        let id = state.pool.add_slab(size);
                        state.slabs.insert(id, pointer);
                        return Ok(());
                    }
                    Err(DriverError(sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => {}
                    other => return self.check("take memory", other.map(drop)),
                }
            }
            if attempt == 0 {
                for id in state.pool.empty_slabs() {
                    if let Some(pointer) = state.slabs.remove(&id) {
                        // SAFETY: it came from `malloc_sync`, and nothing lies in it; the driver
                        // waits for the work that still reads it.
                        let freed = unsafe { result::free_sync(pointer) };
                        self.check("give memory back", freed)?;
                    }
                }
            }
        }
        let (free, _) = self.check("ask for its memory", self.context.mem_get_info())?;
        Err(Error::OutOfMemory {
            device: self.name.as_str().into(),
            wanted: size,
            free: (free as u64).min(state.pool.room()),
            estimate: None,
        })
    }

    /// Loads all kernels of a family.
    fn load(
        &self,
        family: &'static Family,
        kernels: &mut HashMap<&'static str, CudaFunction>,
    ) -> Result<()> {
        let failed = |error| Error::Build {
            device: self.name.as_str().into(),
            family: family.name,
            log: name_of(error).into(),
        };
        let module = self.context.load_module(Ptx::from_src(family.ptx)).map_err(failed)?;
        for &name in family.kernels {
            kernels.insert(name, module.load_function(name).map_err(failed)?);
        }
        Ok(())
    }
}

/// Two halves of host memory that the card can read and write by itself: while one is on its
/// way, the other is filled.
#[derive(Debug)]
struct Pinned {
    halves: [Half; 2],
}

#[derive(Debug)]
struct Half {
    bytes: *mut u8,
    /// When the copy from or to it is done.
    done: CudaEvent,
}

// SAFETY: the memory is the process's own; only the card's mutex gives access.
unsafe impl Send for Half {}

impl Half {
    fn new(card: &Card) -> Result<Self> {
        let done = card.check("make an event", card.context.new_event(None))?;
        // SAFETY: the bytes are written before they are read.
        let bytes = unsafe { result::malloc_host(PINNED, 0) };
        Ok(Self { bytes: card.check("pin host memory", bytes)?.cast(), done })
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: `malloc_host` gave PINNED bytes, which live as long as `self`; before this is
        // called, `done` was waited for.
        unsafe { std::slice::from_raw_parts_mut(self.bytes, PINNED) }
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // SAFETY: it came from `malloc_host` and is freed once. An error at the end of the
        // process has nobody to be told to.
        let _freed = unsafe { result::free_host(self.bytes.cast()) };
    }
}

impl Pinned {
    fn of<'a>(card: &Card, pinned: &'a mut Option<Self>) -> Result<&'a mut Self> {
        if pinned.is_none() {
            *pinned = Some(Self { halves: [Half::new(card)?, Half::new(card)?] });
        }
        Ok(pinned.as_mut().expect("it was just made"))
    }
}

/// Bytes of a card; they go back to its pool when the last handle is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Bytes>);

#[derive(Debug)]
struct Bytes {
    device: Cuda,
    place: Place,
    len: u64,
    pointer: CUdeviceptr,
}

impl Memory {
    pub(crate) fn device(&self) -> Cuda {
        self.0.device
    }

    /// Copies to the card. Returns when `bytes` may change, not when they have arrived.
    pub(crate) fn write(&mut self, from: u64, bytes: &[u8]) -> Result<()> {
        debug_assert!(from + bytes.len() as u64 <= self.0.len, "the caller checks the range");
        let card = self.0.device.card()?;
        let _turn = card.turn();
        card.check("copy from the host", card.context.bind_to_thread())?;
        let mut pinned = card.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let pinned = Pinned::of(card, &mut pinned)?;
        for (i, part) in bytes.chunks(PINNED).enumerate() {
            let half = &mut pinned.halves[i % 2];
            card.check("copy from the host", half.done.synchronize())?;
            half.as_mut_slice()[..part.len()].copy_from_slice(part);
            let to = self.0.pointer + from + (i * PINNED) as u64;
            // SAFETY: the range lies inside this memory; the half is not written again before
            // `done`, which is recorded after the copy.
            let copied = unsafe {
                result::memcpy_htod_async(
                    to,
                    &half.as_mut_slice()[..part.len()],
                    card.stream.cu_stream(),
                )
            };
            card.check("copy from the host", copied)?;
            card.check("copy from the host", half.done.record(&card.stream))?;
        }
        Ok(())
    }

    pub(crate) fn read(&self, from: u64, bytes: &mut [u8]) -> Result<()> {
        debug_assert!(from + bytes.len() as u64 <= self.0.len, "the caller checks the range");
        let card = self.0.device.card()?;
        let _turn = card.turn();
        card.check("copy to the host", card.context.bind_to_thread())?;
        let mut pinned = card.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let pinned = Pinned::of(card, &mut pinned)?;
        let parts = bytes.len().div_ceil(PINNED);
        // One copy is on its way while the one before it is taken out.
        for i in 0..=parts {
            if i < parts {
                let half = &mut pinned.halves[i % 2];
                card.check("copy to the host", half.done.synchronize())?;
                let begin = i * PINNED;
                let len = PINNED.min(bytes.len() - begin);
                // SAFETY: the range lies inside this memory; the half is not read before `done`,
                // which is recorded after the copy.
                let copied = unsafe {
                    result::memcpy_dtoh_async(
                        &mut half.as_mut_slice()[..len],
                        self.0.pointer + from + begin as u64,
                        card.stream.cu_stream(),
                    )
                };
                card.check("copy to the host", copied)?;
                card.check("copy to the host", half.done.record(&card.stream))?;
            }
            if i > 0 {
                let half = &mut pinned.halves[(i - 1) % 2];
                card.check("copy to the host", half.done.synchronize())?;
                let begin = (i - 1) * PINNED;
                let len = PINNED.min(bytes.len() - begin);
                bytes[begin..begin + len].copy_from_slice(&half.as_mut_slice()[..len]);
            }
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self) -> Result<()> {
        let card = self.0.device.card()?;
        let _turn = card.turn();
        card.check("clear memory", card.context.bind_to_thread())?;
        let size = (self.0.place.bytes.end - self.0.place.bytes.start) as usize;
        // SAFETY: the range is this memory's own.
        let cleared =
            unsafe { result::memset_d8_async(self.0.pointer, 0, size, card.stream.cu_stream()) };
        card.check("clear memory", cleared)
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Ok(card) = self.device.card() {
            card.state().pool.give_back(&self.place);
        }
    }
}
