//! Prints the devices of this machine for scripts: a line for each, with name, `gpu` or `no gpu`,
//! `auto` for the one that `auto` takes or `-`, model and driver, apart by tabs. Why a backend has
//! no device goes to standard error. `graphlume devices` is for people.
#![expect(clippy::print_stdout, reason = "it prints")]

use graph_kernels::{Device, Error};

fn main() -> Result<(), Error> {
    let auto = Device::parse("auto")?;
    for device in Device::all()? {
        let info = device.info();
        let gpu = if info.is_gpu { "gpu" } else { "no gpu" };
        let taken = if device == auto { "auto" } else { "-" };
        println!("{}\t{gpu}\t{taken}\t{}\t{}", info.name, info.model, info.driver);
    }
    for (backend, reason) in Device::absent() {
        eprintln!("no {backend:?}: {reason}");
    }
    Ok(())
}
