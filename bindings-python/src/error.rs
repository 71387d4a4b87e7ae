//! Errors of the crates as exceptions of the package.

use std::io;

use graphlume::etl::pipeline::PipelineFault;
use graphlume::etl::source::Fault;
use graphlume::{device, etl, gad, graph, layout, viewer};
use pyo3::prelude::*;
use pyo3::types::PyType;

/// An error of one of the crates, on its way to Python.
pub(crate) enum Failure {
    Graph(graph::Error),
    Layout(layout::Error),
    Etl(etl::Error),
    Viewer(viewer::Error),
    Gad(gad::Error),
    Device(device::Error),
    Input(String),
}

/// The exceptions that `graphlume/_errors.py` defines.
#[derive(Clone, Copy)]
enum Class {
    Graphlume,
    Input,
    File,
    NoFile,
    NoDevice,
    DeviceMemory,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Graphlume => "GraphlumeError",
            Self::Input => "InputError",
            Self::File => "FileError",
            Self::NoFile => "MissingFileError",
            Self::NoDevice => "DeviceUnavailable",
            Self::DeviceMemory => "DeviceMemoryError",
        }
    }
}

macro_rules! from {
    ($($variant:ident($error:ty)),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from!(Graph(graph::Error), Layout(layout::Error), Etl(etl::Error), Viewer(viewer::Error));
from!(Gad(gad::Error), Device(device::Error), Input(String));

impl Failure {
    /// The exception.
    pub(crate) fn raise(self, py: Python<'_>) -> PyErr {
        let (class, text) = match &self {
            Self::Graph(error) => (of_graph(error), error.to_string()),
            Self::Layout(error) => (of_layout(error), error.to_string()),
            Self::Etl(error) => (of_etl(error), error.to_string()),
            Self::Viewer(error) => (of_viewer(error), error.to_string()),
            Self::Gad(error) => (of_gad(error), error.to_string()),
            Self::Device(error) => (of_device(error), error.to_string()),
            Self::Input(text) => (Class::Input, text.clone()),
        };
        let made = py.import("graphlume._errors").and_then(|module| {
            let class = module.getattr(class.name())?.cast_into::<PyType>()?;
            Ok(PyErr::from_type(class, text))
        });
        made.unwrap_or_else(|error| error)
    }
}

fn of_io(error: &io::Error) -> Class {
    match error.kind() {
        io::ErrorKind::NotFound => Class::NoFile,
        _ => Class::File,
    }
}

fn of_graph(error: &graph::Error) -> Class {
    match error {
        graph::Error::InFile { source, .. } => of_graph(source),
        graph::Error::Io(error) => of_io(error),
        _ => Class::Input,
    }
}

fn of_layout(error: &layout::Error) -> Class {
    match error {
        layout::Error::Device(error) => of_device(error),
        _ => Class::Input,
    }
}

fn of_etl(error: &etl::Error) -> Class {
    match error {
        etl::Error::Graph(error) => of_graph(error),
        etl::Error::Device(error) => of_device(error),
        etl::Error::File { error, .. } => of_io(error),
        etl::Error::Source(error) => match &error.fault {
            Fault::NoFiles => Class::NoFile,
            Fault::Io(error) => of_io(error),
            _ => Class::Input,
        },
        etl::Error::Pipeline(error) => match &error.fault {
            PipelineFault::Failed(error) => of_etl(error),
            _ => Class::Input,
        },
        _ => Class::Input,
    }
}

fn of_viewer(error: &viewer::Error) -> Class {
    match error {
        viewer::Error::Graph(error) => of_graph(error),
        viewer::Error::Write { source, .. } => of_io(source),
        _ => Class::Input,
    }
}

fn of_gad(error: &gad::Error) -> Class {
    match error {
        gad::Error::Graph(error) => of_graph(error),
        gad::Error::Device(error) => of_device(error),
        gad::Error::File { source, .. } => of_io(source),
        _ => Class::Input,
    }
}

fn of_device(error: &device::Error) -> Class {
    match error {
        device::Error::BadDeviceName { .. } | device::Error::BadSetting { .. } => Class::Input,
        device::Error::NoDevice { .. } => Class::NoDevice,
        device::Error::OutOfMemory { .. } => Class::DeviceMemory,
        device::Error::Build { .. } | device::Error::Driver { .. } => Class::Graphlume,
        _ => Class::Input,
    }
}
