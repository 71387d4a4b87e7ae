//! Every kernel on every device found, against the CPU.
//!
//! Integers are equal; floats agree within a stated tolerance. The devices are named in the
//! output, and a backend without one is printed as skipped.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use graph_kernels::{Buffer, Device, fill_u32, iota};

/// All devices but the CPU.
fn devices() -> Vec<Device> {
    let devices = Device::all().unwrap();
    devices.into_iter().filter(|&device| device != Device::Cpu).collect()
}

/// Lengths around the sizes of groups and blocks.
const LENGTHS: [usize; 8] = [0, 1, 31, 255, 256, 257, 5000, 70_001];

#[test]
fn the_devices_are_named() {
    for device in devices() {
        let info = device.info();
        println!("device {}: {} by {}", info.name, info.model, info.driver);
    }
    for (backend, reason) in Device::absent() {
        println!("skipped: no {backend:?} device: {reason}");
    }
}

#[test]
fn fill_agrees_with_the_cpu() {
    for device in devices() {
        for n in LENGTHS {
            let mut out = Buffer::zeros(device, n).unwrap();
            assert_eq!(out.download().unwrap(), vec![0; n]);
            fill_u32(&mut out, 7).unwrap();
            assert_eq!(out.download().unwrap(), vec![7; n], "{device}");
            let expected = iota(Device::Cpu, 3, n).unwrap();
            assert_eq!(
                iota(device, 3, n).unwrap().download().unwrap(),
                expected.as_slice().unwrap()
            );
        }
    }
}
