//! Memory of NVIDIA GPUs, if the library of their driver is there.

use std::sync::OnceLock;

use nvml_wrapper::Nvml;
use nvml_wrapper::enums::device::UsedGpuMemory;

/// The library, which is looked for once.
fn library() -> Option<&'static Nvml> {
    static LIBRARY: OnceLock<Option<Nvml>> = OnceLock::new();
    LIBRARY.get_or_init(|| Nvml::init().ok()).as_ref()
}

/// Names of the GPUs and bytes of their memory.
pub(super) fn devices() -> Vec<(String, u64)> {
    let Some(library) = library() else { return Vec::new() };
    let n = library.device_count().unwrap_or(0);
    let devices = (0..n).filter_map(|index| library.device_by_index(index).ok());
    devices.filter_map(|gpu| Some((gpu.name().ok()?, gpu.memory_info().ok()?.total))).collect()
}

/// Memory that these processes have on all GPUs; `None` without a GPU.
pub(super) fn memory(processes: &[i32]) -> Option<u64> {
    let library = library()?;
    let n = library.device_count().ok().filter(|&n| 0 < n)?;
    let mut bytes = 0;
    for gpu in (0..n).filter_map(|index| library.device_by_index(index).ok()) {
        let compute = gpu.running_compute_processes().unwrap_or_default();
        let graphics = gpu.running_graphics_processes().unwrap_or_default();
        for process in compute.iter().chain(&graphics) {
            if let UsedGpuMemory::Used(used) = process.used_gpu_memory
                && processes.contains(&(process.pid as i32))
            {
                bytes += used;
            }
        }
    }
    Some(bytes)
}
