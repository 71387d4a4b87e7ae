//! Steps that a device does not take run on the processor.

#![cfg(feature = "tables")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use graph_etl::Control;
use graph_etl::pipeline::Pipeline;
use graph_kernels::Device;

/// What `step` makes of `t.csv` in the folder, on a device or on none, and why it ran on the processor.
fn made(folder: &Path, step: &str, device: Option<Device>) -> (String, Option<String>) {
    let text = format!(
        "[[input]]\nname = 't'\nfrom = 't.csv'\n[[step]]\nname = 'made'\n{step}\n[[output]]\nto = 'out.csv'"
    );
    let pipeline = Pipeline::parse(&text, folder).unwrap();
    let pipeline = match device {
        Some(device) => pipeline.on_device(device),
        None => pipeline,
    };
    let mut report = pipeline.run(&Control::NONE, &mut |_| {}).unwrap();
    let reason = report.placed.pop().and_then(|placed| placed.reason);
    (std::fs::read_to_string(folder.join("out.csv")).unwrap(), reason)
}

/// Each device makes the same of `rows` as the processor, which does it for the device for this reason.
fn agrees(rows: &str, step: &str, reason: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), rows).unwrap();
    let (expected, _) = made(folder.path(), step, None);
    let devices = Device::all().unwrap().into_iter().filter(|device| *device != Device::Cpu);
    let devices: Vec<Device> = devices.collect();
    if devices.is_empty() {
        println!("skipped: there is no device");
    }
    for device in devices {
        let (found, why) = made(folder.path(), step, Some(device));
        assert_eq!(found, expected, "{device}");
        assert!(why.as_ref().is_some_and(|why| why.contains(reason)), "{device}: {why:?}");
    }
}

#[test]
fn many_columns_of_a_condition_are_the_processors() {
    let names: Vec<String> = (0..20).map(|column| format!("c{column}")).collect();
    let row = |value: &str| vec![value; names.len()].join(",");
    let rows = format!("{}\n{}\n{}\n", names.join(","), row("1"), row("2"));
    agrees(&rows, &format!("verb = 'filter'\nwhere = '{} > 30'", names.join(" + ")), "16");
}

#[test]
fn the_greatest_of_floats_leaves_out_what_is_no_number() {
    let step = "verb = 'group'\nby = 'k'\naggregate = ['m = max(x)', 'l = min(x)']";
    agrees("k,x\n1,NaN\n1,2.5\n2,1.5\n", step, "no number");
}
