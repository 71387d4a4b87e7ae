//! Devices by name, and which of them `auto` takes.

use std::str::FromStr;

use super::{Backend, Device, DeviceInfo, inventory};
use crate::{Error, Result};

pub(super) const DEVICES: &str = "GRAPHLUME_DEVICES";

/// The list in the environment, if there is one.
pub(super) fn listed() -> Option<String> {
    std::env::var(DEVICES).ok().filter(|list| !list.trim().is_empty())
}

/// A device's name, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Auto,
    Any(Backend),
    One(Backend, usize),
}

impl FromStr for Name {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let name = name.trim().to_ascii_lowercase();
        let (backend, index) = match name.split_once(':') {
            Some((backend, index)) => (backend, Some(index.parse().map_err(drop)?)),
            None => (&name[..], None),
        };
        match (backend, index) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::One(Backend::Cpu, 0)),
            ("cuda", None) => Ok(Self::Any(Backend::Cuda)),
            ("cuda", Some(index)) => Ok(Self::One(Backend::Cuda, index)),
            ("opencl", None) => Ok(Self::Any(Backend::OpenCl)),
            ("opencl", Some(index)) => Ok(Self::One(Backend::OpenCl, index)),
            _ => Err(()),
        }
    }
}

/// The device of that name among all that there are.
pub(super) fn find(name: Name) -> Result<Device> {
    let found = inventory();
    let (backend, index) = match name {
        Name::Auto | Name::One(Backend::Cpu, _) | Name::Any(Backend::Cpu) => {
            return Ok(Device::Cpu);
        }
        Name::Any(backend) => (backend, 0),
        Name::One(backend, index) => (backend, index),
    };
    let (device, count, reason) = match backend {
        Backend::Cuda => (found.cuda().nth(index), found.cuda().count(), found.cuda.as_ref().err()),
        _ => (found.opencl().nth(index), found.opencl().count(), found.opencl.as_ref().err()),
    };
    device.ok_or_else(|| {
        let label = if backend == Backend::Cuda { "cuda" } else { "opencl" };
        let reason = reason.cloned().unwrap_or_else(|| match count {
            1 => "there is one, number 0".to_owned(),
            _ => format!("there are {count}, from 0"),
        });
        Error::NoDevice { name: format!("{label}:{index}").into(), reason: reason.into() }
    })
}

/// What `auto` takes, best first; never empty.
pub(super) fn preferred(allowed: &[Device]) -> Vec<Device> {
    if listed().is_some() && !allowed.is_empty() {
        return allowed.to_vec();
    }
    let infos: Vec<DeviceInfo> = allowed.iter().map(|device| device.info()).collect();
    let best = ranked(&infos);
    if best.is_empty() { vec![Device::Cpu] } else { best.iter().map(|&at| allowed[at]).collect() }
}

/// The GPUs among these that `auto` takes, best first: those of CUDA that can load our PTX, or
/// else those of OpenCL.
fn ranked(infos: &[DeviceInfo]) -> Vec<usize> {
    let of = |backend| {
        let mut best: Vec<usize> = (0..infos.len())
            .filter(|&at| infos[at].backend == backend && infos[at].is_gpu)
            .filter(|&at| backend != Backend::Cuda || generation(&infos[at]) >= OLDEST_CARD)
            .collect();
        // A later generation outweighs a larger card, and more units more memory.
        best.sort_by_key(|&at| {
            let info = &infos[at];
            let generation = if backend == Backend::Cuda { generation(info) } else { 0 };
            std::cmp::Reverse((generation, info.units, info.memory))
        });
        best
    };
    // The same card is often there twice: through CUDA and through OpenCL.
    let cuda = of(Backend::Cuda);
    if cuda.is_empty() { of(Backend::OpenCl) } else { cuda }
}

/// First generation of cards, as the first number of their capability, that our PTX is for.
const OLDEST_CARD: u32 = 7;

/// The first number of a CUDA device's capability.
fn generation(info: &DeviceInfo) -> u32 {
    info.capability.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (text, name) in [
            ("auto", Name::Auto),
            ("cpu", Name::One(Backend::Cpu, 0)),
            ("cuda", Name::Any(Backend::Cuda)),
            ("CUDA:1", Name::One(Backend::Cuda, 1)),
            ("opencl:12", Name::One(Backend::OpenCl, 12)),
        ] {
            assert_eq!(Name::from_str(text), Ok(name), "{text}");
        }
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "auto:1", "opencl:0:0"] {
            assert_eq!(Name::from_str(text), Err(()), "{text}");
            let error = Device::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn auto_ranks_cards_it_can_use() {
        let card = |backend, capability: &str, units, memory| DeviceInfo {
            name: String::new(),
            backend,
            model: String::new(),
            is_gpu: true,
            memory,
            units,
            driver: String::new(),
            capability: capability.to_owned(),
        };
        let old = card(Backend::Cuda, "5.2", 24, 24 << 30);
        let small = card(Backend::Cuda, "8.6", 20, 8 << 30);
        let large = card(Backend::Cuda, "8.0", 108, 40 << 30);
        let new = card(Backend::Cuda, "9.0", 132, 80 << 30);
        let other = card(Backend::OpenCl, "OpenCL C 1.2", 60, 16 << 30);
        let pocl = DeviceInfo { is_gpu: false, ..other.clone() };
        let cards = [old.clone(), small, large, new, other.clone(), pocl.clone()];
        assert_eq!(ranked(&cards), [3, 2, 1]);
        assert_eq!(ranked(&[old, pocl.clone(), other]), [2]);
        assert_eq!(ranked(&[pocl]), [] as [usize; 0]);
    }
}
