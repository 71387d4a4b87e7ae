//! `graphlume devices`: where work can be done on this machine.

use std::fmt::Write;

use graphlume::Device;
use graphlume::device::{Backend, DeviceInfo};
use serde::Serialize;

use crate::outcome::Outcome;
use crate::output::{bytes, print, print_json};

/// Arguments of `graphlume devices`.
#[derive(Debug, clap::Args)]
#[command(after_help = "`auto` takes the CUDA device with most memory, or else a GPU of OpenCL, \
    or else the CPU. GRAPHLUME_DEVICES, as in cuda:1,cuda:0, restricts and orders the devices.")]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// All devices, and the backends without one.
#[derive(Debug, Serialize)]
struct Devices {
    devices: Vec<Row>,
    absent: Vec<Absent>,
}

/// A device and its state.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    info: DeviceInfo,
    /// Bytes that can still be had; absent if the device does not open.
    free_memory: Option<u64>,
    /// Whether it is what `auto` takes.
    auto: bool,
    /// Why it does not open.
    error: Option<String>,
}

/// A backend without a device.
#[derive(Debug, Serialize)]
struct Absent {
    backend: Backend,
    reason: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let devices = Devices::find()?;
    if args.json {
        print_json(&devices)?;
    } else {
        print(devices.text().as_bytes())?;
    }
    Ok(Outcome::Done)
}

impl Devices {
    fn find() -> anyhow::Result<Self> {
        let auto = Device::parse("auto")?;
        let row = |device: Device| {
            let (free_memory, error) = match device.free_memory() {
                Ok(free) => (Some(free), None),
                Err(error) => (None, Some(error.to_string())),
            };
            Row { info: device.info(), free_memory, auto: device == auto, error }
        };
        let absent = |(backend, reason)| Absent { backend, reason };
        Ok(Self {
            devices: Device::all()?.into_iter().map(row).collect(),
            absent: Device::absent().into_iter().map(absent).collect(),
        })
    }

    /// A table, then what is missing.
    fn text(&self) -> String {
        let header = ["device", "model", "memory", "free", "units", "driver", "capability", ""];
        let mut rows = vec![header.map(str::to_owned)];
        for Row { info, free_memory, auto, .. } in &self.devices {
            rows.push([
                info.name.clone(),
                info.model.clone(),
                bytes(info.memory),
                free_memory.map_or_else(|| "-".to_owned(), bytes),
                info.units.to_string(),
                if info.driver.is_empty() { "-".to_owned() } else { info.driver.clone() },
                info.capability.clone(),
                if *auto { "auto" } else { "" }.to_owned(),
            ]);
        }
        let mut text = table(&rows);
        for row in &self.devices {
            if let Some(error) = &row.error {
                let _ = writeln!(text, "{error}");
            }
        }
        for Absent { backend, reason } in &self.absent {
            let name = match backend {
                Backend::Cpu => "CPU",
                Backend::Cuda => "CUDA",
                Backend::OpenCl => "OpenCL",
            };
            let _ = writeln!(text, "no {name}: {reason}");
        }
        text
    }
}

/// Columns two spaces apart, sizes and counts to the right, the rest to the left.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    const RIGHT: std::ops::RangeInclusive<usize> = 2..=4;
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let _ = match RIGHT.contains(&i) {
                true => write!(line, "{cell:>width$}  "),
                false => write!(line, "{cell:<width$}  "),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, model: &str, free_memory: Option<u64>, auto: bool) -> Row {
        let info = DeviceInfo {
            name: name.to_owned(),
            backend: Backend::Cuda,
            model: model.to_owned(),
            is_gpu: true,
            memory: 80 << 30,
            units: 132,
            driver: "CUDA 12.4".to_owned(),
            capability: "9.0".to_owned(),
        };
        let error = free_memory.is_none().then(|| format!("{name} failed to open"));
        Row { info, free_memory, auto, error }
    }

    #[test]
    fn columns_are_aligned_and_what_fails_is_told_below() {
        let devices = Devices {
            devices: vec![
                row("cuda:0", "A", Some(79 << 30), true),
                row("cuda:10", "Accelerator", None, false),
            ],
            absent: vec![Absent { backend: Backend::OpenCl, reason: "none".to_owned() }],
        };
        let expected = "\
device   model          memory      free  units  driver     capability
cuda:0   A            80.0 GiB  79.0 GiB    132  CUDA 12.4  9.0         auto
cuda:10  Accelerator  80.0 GiB         -    132  CUDA 12.4  9.0
cuda:10 failed to open
no OpenCL: none
";
        assert_eq!(devices.text(), expected);
    }
}
