//! What is there, and that devices do not mix.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::io::Write;
use std::process::Command;

use graph_kernels::{Buffer, Device, fill};

/// All devices but the CPU.
fn devices() -> Vec<Device> {
    let devices = Device::all().unwrap();
    devices.into_iter().filter(|&device| device != Device::Cpu).collect()
}

/// Says what the other tests run on; where devices are promised, they are there.
#[test]
fn the_devices_are_named() {
    // Not through the macros, whose output is kept back when a test passes.
    let mut out = std::io::stderr().lock();
    // The harness may have begun a line.
    writeln!(out).unwrap();
    for device in devices() {
        let info = device.info();
        writeln!(out, "device {}: {} by {}", info.name, info.model, info.driver).unwrap();
    }
    for (backend, reason) in Device::absent() {
        writeln!(out, "skipped: no {backend:?} device: {reason}").unwrap();
    }
    let promised = std::env::var("GRAPHLUME_TEST_DEVICES").map_or(0, |n| n.parse().unwrap());
    assert!(devices().len() >= promised, "{promised} devices were promised: {:?}", devices());
}

#[test]
fn two_devices_keep_their_arrays_apart() {
    let mut buffers = Vec::new();
    for (i, device) in devices().into_iter().enumerate() {
        let mut buffer = Buffer::zeros(device, 1000).unwrap();
        fill(&mut buffer, i as u32 + 1).unwrap();
        buffers.push(buffer);
    }
    for (i, buffer) in buffers.iter().enumerate() {
        assert_eq!(buffer.device(), devices()[i]);
        assert_eq!(buffer.download().unwrap(), vec![i as u32 + 1; 1000], "{}", buffer.device());
    }
}

/// Several threads, each with work of its own on every device.
#[test]
fn threads_share_devices() {
    // At small sizes a simulator runs the kernels, which serves one caller at a time.
    let threads = if std::env::var_os("GRAPHLUME_TEST_SMALL").is_some() { 1 } else { 4 };
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for device in devices() {
                    for value in thread * 100..thread * 100 + 20 {
                        let mut buffer = Buffer::<u32>::zeros(device, 300).unwrap();
                        fill(&mut buffer, value).unwrap();
                        assert_eq!(buffer.download().unwrap(), vec![value; 300], "{device}");
                    }
                }
            });
        }
    });
}

/// The body of the next test, in a process with an environment of its own.
#[test]
fn names_the_devices_of_four_jobs() {
    let jobs: Vec<String> = (0..4).map(|_| Device::next().unwrap().to_string()).collect();
    writeln!(std::io::stderr().lock(), "\njobs: {}", jobs.join(" ")).unwrap();
}

#[test]
fn jobs_go_to_the_listed_devices_in_turn() {
    let mut names: Vec<String> = devices().iter().map(ToString::to_string).collect();
    names.push("cpu".to_owned());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "names_the_devices_of_four_jobs"])
        .env("GRAPHLUME_DEVICES", names.join(","))
        .output()
        .unwrap();
    let jobs: Vec<_> = names.iter().cycle().take(4).cloned().collect();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(&format!("jobs: {}\n", jobs.join(" "))), "{text}");
}
