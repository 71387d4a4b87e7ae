//! Arrays, launches, profiles and recordings on every device found.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

mod common;

use common::{devices, is_small};
use graph_kernels::{Buffer, Device, Error, fill, iota};

#[test]
fn fill_and_iota_agree_with_the_cpu() {
    for device in devices() {
        for n in common::lengths() {
            let mut out = Buffer::<u32>::zeros(device, n).unwrap();
            assert_eq!(out.download().unwrap(), vec![0; n]);
            fill(&mut out, 7).unwrap();
            assert_eq!(out.download().unwrap(), vec![7; n], "{device}");
            let expected = iota(Device::Cpu, 3, n).unwrap().download().unwrap();
            assert_eq!(iota(device, 3, n).unwrap().download().unwrap(), expected, "{device}");
        }
    }
}

/// Copies go through pinned memory in pieces of 8 MiB on CUDA: these take several.
#[test]
fn large_arrays_come_back_as_they_went() {
    let n = if is_small() { 1000 } else { 5_500_003 };
    let values: Vec<u32> = (0..n).map(|i: u32| i.wrapping_mul(2_654_435_761)).collect();
    for device in devices() {
        let mut buffer = Buffer::upload(device, &values).unwrap();
        assert!(buffer.download().unwrap() == values, "{device}");
        let middle = values.len() / 3;
        buffer.write(middle, &[1, 2, 3]).unwrap();
        let mut part = [0; 5];
        buffer.read(middle - 1, &mut part).unwrap();
        assert_eq!(part, [values[middle - 1], 1, 2, 3, values[middle + 3]], "{device}");
    }
}

#[test]
fn ranges_outside_of_an_array_are_refused() {
    for device in devices() {
        let mut buffer = Buffer::<f32>::zeros(device, 10).unwrap();
        for first in [8, 10, usize::MAX] {
            assert!(buffer.write(first, &[1.0; 3]).is_err(), "{device}");
            assert!(buffer.read(first, &mut [0.0; 3]).is_err(), "{device}");
        }
        buffer.write(10, &[]).unwrap();
        assert_eq!(buffer.download().unwrap(), [0.0; 10]);
    }
}

#[test]
fn arrays_of_another_device_are_refused() {
    let devices = devices();
    for &device in &devices {
        for &other in devices.iter().filter(|&&other| other != device) {
            let keys = &mut Buffer::<u32>::zeros(device, 10).unwrap();
            let values = &mut Buffer::<u32>::zeros(other, 10).unwrap();
            let scratch = &mut graph_kernels::SortScratch::new(device, 10).unwrap();
            let error = graph_kernels::sort_pairs_u32(keys, values, 0..32, scratch);
            assert!(
                matches!(error, Err(Error::WrongDevice { .. })),
                "{device}, {other}: {error:?}"
            );
        }
    }
}

/// One after the other: while kernels are timed, none is recorded.
#[test]
fn kernels_are_timed_and_recorded() {
    for device in devices() {
        profile(device);
        record(device);
    }
}

/// A profile counts every launch.
fn profile(device: Device) {
    let mut buffer = Buffer::<u32>::zeros(device, 1000).unwrap();
    device.start_profile().unwrap();
    for value in 0..5 {
        fill(&mut buffer, value).unwrap();
    }
    let profile = device.take_profile().unwrap();
    let fills = profile.kernels.iter().find(|row| row.kernel == "fill_u32");
    if device == Device::Cpu {
        assert!(fills.is_none());
        return;
    }
    // Other tests may use the device at the same time.
    let fills = fills.unwrap();
    assert!(fills.calls >= 5 && fills.bytes >= 5 * 4000, "{device}: {fills:?}");
    let text = profile.to_string();
    assert!(text.contains("fill_u32") && text.contains("GB/s"), "{text}");
    assert!(device.take_profile().unwrap().kernels.is_empty(), "{device}");
}

/// Recordings repeat their kernels.
fn record(device: Device) {
    let mut buffer = Buffer::<u32>::zeros(device, 1000).unwrap();
    fill(&mut buffer, 1).unwrap();
    match device.record(|| fill(&mut buffer, 2)).unwrap() {
        None => println!("skipped: {device} records no kernels"),
        Some(mut recording) => {
            assert_eq!(buffer.download().unwrap(), vec![1; 1000], "{device}");
            assert!(recording.replay().unwrap());
            assert_eq!(buffer.download().unwrap(), vec![2; 1000], "{device}");
            fill(&mut buffer, 3).unwrap();
            // The recording keeps the array that the program gives up.
            drop(buffer);
            assert!(recording.replay().unwrap());
            device.synchronize().unwrap();
        }
    }
}
