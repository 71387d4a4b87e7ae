//! ForceAtlas2: a layout that is stepped, steered and looked at.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use graphlume::layout::pack::{PackConfig, pack};
use graphlume::layout::{Config, Layout, LayoutBuilder};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::Array;
use crate::error::Failure;
use crate::graph::{floats, single};
use crate::values;
use crate::work::{quick, work};

/// What a layout starts from: columns of one value a node, by name.
#[derive(FromPyObject)]
pub(crate) struct Start<'py>(Bound<'py, PyDict>);

/// The same as numbers.
#[derive(Default)]
pub(crate) struct Columns {
    position: Option<[Vec<f32>; 2]>,
    mass: Option<Vec<f32>>,
    radius: Option<Vec<f32>>,
    mobility: Option<Vec<f32>>,
    fixed: Option<Vec<bool>>,
}

impl Start<'_> {
    pub(crate) fn columns(&self, py: Python<'_>) -> PyResult<Columns> {
        let column = |name: &str| {
            let Some(column) = self.0.get_item(name)?.filter(|column| !column.is_none()) else {
                return Ok(None);
            };
            single(py, name, &column.cast::<Array>()?.get().0).map(Some)
        };
        Ok(Columns {
            position: column("x")?.zip(column("y")?).map(|(x, y)| [x, y]),
            mass: column("mass")?,
            radius: column("radius")?,
            mobility: column("mobility")?,
            fixed: column("fixed")?.map(|fixed| fixed.iter().map(|&fixed| fixed != 0.0).collect()),
        })
    }
}

impl Columns {
    pub(crate) fn apply<'g>(&self, mut builder: LayoutBuilder<'g>) -> LayoutBuilder<'g> {
        if let Some([x, y]) = &self.position {
            builder = builder.positions(x, y);
        }
        if let Some(mass) = &self.mass {
            builder = builder.masses(mass);
        }
        if let Some(radius) = &self.radius {
            builder = builder.sizes(radius);
        }
        if let Some(mobility) = &self.mobility {
            builder = builder.mobilities(mobility);
        }
        if let Some(fixed) = &self.fixed {
            builder = builder.fixed(fixed);
        }
        builder
    }
}

/// A layout that runs, which threads may share: each call has it for itself.
#[pyclass(frozen, module = "graphlume._native")]
pub(crate) struct Session {
    graph: Arc<graphlume::Graph>,
    layout: Mutex<Layout>,
}

impl Session {
    pub(crate) fn new(graph: Arc<graphlume::Graph>, layout: Layout) -> Self {
        Self { graph, layout: Mutex::new(layout) }
    }

    /// The layout, once no other thread has it. Whoever waits for it leaves Python's lock to the other, which
    /// may need it to go on, and hears Ctrl-C.
    ///
    /// It is taken before work goes to the threads of the pool, never there: a thread that has it and waits for
    /// a part of its work may take up other work meanwhile, which would then wait for that very thread.
    fn acquire(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Layout>> {
        loop {
            match self.layout.try_lock() {
                Ok(layout) => return Ok(layout),
                // A panic leaves positions of some step, from which others can go on.
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {
                    py.detach(|| std::thread::sleep(Duration::from_millis(1)));
                    py.check_signals()?;
                }
            }
        }
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut Layout) -> Result<T, graphlume::layout::Error> + Send,
    ) -> PyResult<T> {
        let mut layout = self.acquire(py)?;
        let layout = &mut *layout;
        quick(py, || call(layout))
    }

    fn check(&self, py: Python<'_>, node: u32) -> PyResult<()> {
        let n_nodes = self.graph.n_nodes();
        match (node as usize) < n_nodes {
            true => Ok(()),
            false => {
                let text = format!("there is no node in row {node}: the graph has {n_nodes} nodes");
                Err(Failure::Input(text).raise(py))
            }
        }
    }
}

#[pymethods]
impl Session {
    /// Makes up to `iterations` steps, and says what became of them.
    fn run<'py>(&self, py: Python<'py>, iterations: usize) -> PyResult<Bound<'py, PyAny>> {
        let mut layout = self.acquire(py)?;
        let layout = &mut *layout;
        let report = work(py, "layout", |control| {
            let before = layout.last().iteration;
            layout.run(iterations, |layout| {
                let made = layout.last().iteration - before;
                let step = control.step("steps", made as u64, Some(iterations as u64));
                if step.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        })?;
        values::report(py, &report)
    }

    /// Puts unconnected parts side by side: positions, and what was done. The layout stays as it is.
    fn packed<'py>(&self, py: Python<'py>) -> PyResult<(Array, Array, Bound<'py, PyAny>)> {
        let [mut x, mut y] =
            self.with(py, |layout| Ok(layout.positions()?.map(<[f32]>::to_vec)))?;
        let (x, y, report) = work(py, "pack", |_| {
            let report = pack(&self.graph, &mut x, &mut y, &PackConfig::default())?;
            Ok::<_, graphlume::layout::Error>((x, y, report))
        })?;
        Ok((Array(floats(x)), Array(floats(y)), values::report(py, &report)?))
    }

    /// Where nodes are, in layout units.
    fn positions(&self, py: Python<'_>) -> PyResult<(Array, Array)> {
        let [x, y] =
            self.with(py, |layout| Ok(layout.positions()?.map(|axis| floats(axis.to_vec()))))?;
        Ok((Array(x), Array(y)))
    }

    /// What the last step did.
    fn last<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::report(py, self.acquire(py)?.last())
    }

    #[getter]
    fn has_converged(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.acquire(py)?.has_converged())
    }

    /// All options.
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::report(py, self.acquire(py)?.config())
    }

    /// Replaces all options; what they do not say has its default.
    fn set_options(&self, py: Python<'_>, options: &Bound<'_, PyDict>) -> PyResult<()> {
        let config: Config = values::parsed(Some(options))?;
        self.with(py, |layout| layout.set_config(config))
    }

    /// Moves the node in row `node`.
    fn move_node(&self, py: Python<'_>, node: u32, x: f32, y: f32) -> PyResult<()> {
        self.check(py, node)?;
        self.with(py, |layout| layout.move_node(node, x, y))
    }

    /// Holds the node in row `node` where it is, or lets it go.
    fn set_fixed(&self, py: Python<'_>, node: u32, fixed: bool) -> PyResult<()> {
        self.check(py, node)?;
        self.with(py, |layout| layout.set_fixed(node, fixed))
    }
}
