//! Where work can be done.

use graphlume::Device;
use graphlume::device::DeviceInfo;
use pyo3::prelude::*;
use serde::Serialize;

use crate::error::Failure;
use crate::values;

/// A device, and what can still be had of its memory.
#[derive(Serialize)]
struct Row {
    name: String,
    #[serde(flatten)]
    info: DeviceInfo,
    free_memory: Option<u64>,
}

/// A kind of device, and why there is none.
type Absent = (String, String);

/// All devices, and why other kinds are absent.
#[pyfunction]
pub(crate) fn devices(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Vec<Absent>)> {
    let all = py.detach(Device::all).map_err(|error| Failure::from(error).raise(py))?;
    let rows: Vec<Row> = all
        .into_iter()
        .map(|device| Row {
            name: device.to_string(),
            info: device.info(),
            free_memory: device.free_memory().ok(),
        })
        .collect();
    let absent = Device::absent().into_iter();
    let absent =
        absent.map(|(backend, reason)| (format!("{backend:?}").to_lowercase(), reason)).collect();
    Ok((values::report(py, &rows)?, absent))
}
