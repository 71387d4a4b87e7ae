//! What the tests of all kernels share: devices, sizes and numbers.

#![allow(dead_code, reason = "each test program uses another part")]
#![allow(unreachable_pub, reason = "each test program has it as a module")]
#![allow(clippy::print_stdout, reason = "who reads the tests should see on what they ran")]

use graph_kernels::{Buffer, Device, Element};
use proptest::prelude::ProptestConfig;

/// All devices, the CPU too; named in the output, and missing backends as skipped.
pub fn devices() -> Vec<Device> {
    let devices = Device::all().expect("the list of devices should be readable");
    for device in &devices {
        let info = device.info();
        println!("device {}: {} by {}", info.name, info.model, info.driver);
    }
    for (backend, reason) in Device::absent() {
        println!("skipped: no {backend:?} device: {reason}");
    }
    devices
}

/// Whether only small sizes are to be tested, as by a simulator.
pub fn is_small() -> bool {
    std::env::var_os("GRAPHLUME_TEST_SMALL").is_some_and(|value| value == "1")
}

/// Lengths around the sizes of groups, tiles and stretches.
pub fn lengths() -> Vec<usize> {
    if is_small() {
        return vec![0, 1, 257, 2500];
    }
    let mut lengths = vec![0, 1, 2, 31, 255, 256, 257, 1023, 2047, 2048, 2049, 4095, 4096, 4097];
    lengths.extend([8193, 70_001, 131_072, 300_001]);
    lengths
}

/// How property tests run. What fails is printed, and belongs in a test of its own.
pub fn config() -> ProptestConfig {
    let cases = if is_small() { 1 } else { 24 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Longest array of a property test.
pub fn longest() -> usize {
    if is_small() { 300 } else { 20_000 }
}

/// Numbers that look random, the same for each seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        (((self.next() >> 32) * u64::from(limit)) >> 32) as u32
    }

    pub fn u32s(&mut self, n: usize) -> Vec<u32> {
        (0..n).map(|_| self.next() as u32).collect()
    }

    pub fn u64s(&mut self, n: usize) -> Vec<u64> {
        (0..n).map(|_| self.next()).collect()
    }

    /// From -1 to 1.
    pub fn f32s(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

/// A copy on `device`.
pub fn upload<T: Element>(device: Device, values: &[T]) -> Buffer<T> {
    Buffer::upload(device, values).expect("the device should take the array")
}

/// A copy of an array of a device.
pub fn download<T: Element>(buffer: &Buffer<T>) -> Vec<T> {
    buffer.download().expect("the device should have done its work")
}
