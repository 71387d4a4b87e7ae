//! The measures that devices have, by the same names and options.

use graph_core::Graph;
use serde_json::Value;

use super::options::Options;
use super::weights::no_weight_column;
use super::{Measure, Measured, over_nodes, over_paths};
use crate::analytics::Clustering;
use crate::device::{DeviceGraph, Outcome};
use crate::{Control, Error, Result};

/// Work on a device that is ready to be done.
type Work<'d> = Box<dyn FnOnce(&Control) -> Result<Outcome<Measured>> + 'd>;

/// Gets ready: of the graph and its device, and of the graph alone.
type Ready = for<'d> fn(&'d DeviceGraph<'_>, &'d Graph, Options) -> Result<Work<'d>>;

/// A measure of one graph on a device with its options, checked and not yet run.
pub struct DevicePlan<'d> {
    measure: &'static Measure,
    work: Work<'d>,
}

fn ready(name: &str) -> Option<Ready> {
    Some(match name {
        "degree" => |on, _, mut options| {
            no_weight_column(&mut options)?;
            Ok(Box::new(|control| on.degrees(control).map(of(over_nodes::counted))))
        },
        "weak_components" => {
            |on, _, _| Ok(Box::new(|control| on.components(control).map(of(over_nodes::partition))))
        }
        "core_number" => {
            |on, _, _| Ok(Box::new(|control| on.core_numbers(control).map(of(over_nodes::peeled))))
        }
        "triangles" => {
            |on, _, _| Ok(Box::new(|control| on.triangles(control).map(of(over_nodes::closed))))
        }
        "clustering" => |on, _, options| {
            let measure: Clustering = options.rest()?;
            Ok(Box::new(move |control| {
                on.clustering(&measure, control).map(of(over_nodes::clustered))
            }))
        },
        "page_rank" => |on, graph, options| {
            let measure = over_nodes::page_rank_options(graph, options)?;
            Ok(Box::new(move |control| on.page_rank(&measure, control).map(of(over_nodes::ranked))))
        },
        "bfs" => |on, graph, options| {
            let measure = over_paths::bfs_options(graph, options)?;
            Ok(Box::new(move |control| {
                let Outcome { result, ran } = on.bfs(&measure, control)?;
                Ok(Outcome { result: over_paths::hops(graph, &result)?, ran })
            }))
        },
        "sssp" => |on, graph, options| {
            let measure = over_paths::sssp_options(graph, options)?;
            Ok(Box::new(move |control| {
                let Outcome { result, ran } = on.sssp(&measure, control)?;
                Ok(Outcome { result: over_paths::lengths(graph, &result)?, ran })
            }))
        },
        _ => return None,
    })
}

/// The same of an outcome's result.
fn of<T>(make: fn(T) -> Measured) -> impl Fn(Outcome<T>) -> Outcome<Measured> {
    move |Outcome { result, ran }| Outcome { result: make(result), ran }
}

impl Measure {
    /// Whether devices have it: `degree`, `weak_components`, `core_number`, `triangles`,
    /// `clustering`, `page_rank`, `bfs` and `sssp` so far.
    pub fn runs_on_devices(&self) -> bool {
        ready(self.name).is_some()
    }

    /// Checks `options` as [`plan`](Self::plan) does, and gets ready to run on a device.
    ///
    /// # Errors
    ///
    /// Those of [`plan`](Self::plan), and [`Error::Refused`] if devices do not have the measure.
    pub fn plan_on<'d>(
        &'static self,
        graph: &'d DeviceGraph<'d>,
        options: &Value,
    ) -> Result<DevicePlan<'d>> {
        let Some(ready) = ready(self.name) else {
            return Err(Error::Refused {
                what: format!("{} on {}", self.name, graph.device()).into(),
                why: "devices measure degree, weak_components, core_number, triangles, clustering, \
                      page_rank, bfs and sssp; leave the device away for others",
            });
        };
        let options = Options::new(options, &self.options(), self.renamed)?;
        Ok(DevicePlan { measure: self, work: ready(graph, graph.graph(), options)? })
    }
}

impl DevicePlan<'_> {
    /// Measures, and says how it ran.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::run`](super::Plan::run), and [`Error::Device`].
    pub fn run(self, control: &Control) -> Result<Outcome<Measured>> {
        (self.work)(control)
    }

    /// The measure.
    pub fn measure(&self) -> &'static Measure {
        self.measure
    }
}

impl std::fmt::Debug for DevicePlan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevicePlan").field("measure", &self.measure.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use graph_core::{Coo, Graph};
    use graph_kernels::Device;
    use serde_json::json;

    use super::super::{MEASURES, run};
    use super::*;

    /// Oracle: the same measures of the processor, under their names.
    #[test]
    fn devices_measure_what_the_processor_does_under_its_names() {
        let coo = Coo::new(5, vec![0, 1, 2, 2, 3], vec![1, 2, 0, 3, 3], None).unwrap();
        let graph = Graph::from_coo(coo, true);
        for device in Device::all().unwrap() {
            let on_device = DeviceGraph::new(&graph, device);
            let mut there = 0;
            for measure in MEASURES {
                let options = match measure.name {
                    "bfs" | "sssp" => json!({"sources": [2]}),
                    _ => json!({}),
                };
                let plan = measure.plan_on(&on_device, &options);
                assert_eq!(plan.is_ok(), measure.runs_on_devices(), "{}", measure.name);
                let Ok(plan) = plan else { continue };
                there += 1;
                let found = plan.run(&Control::NONE).unwrap();
                assert_eq!(found.ran.device, device.to_string());
                let expected = run(&graph, measure.name, &options, &Control::NONE).unwrap();
                if measure.name != "page_rank" {
                    assert_eq!(found.result.nodes, expected.nodes, "{} on {device}", measure.name);
                }
                let names = |of: &Measured| of.summary.keys().cloned().collect::<Vec<_>>();
                assert_eq!(names(&found.result), names(&expected));
            }
            assert_eq!(there, 8);
            let error = super::super::measure("hits").unwrap().plan_on(&on_device, &json!({}));
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with(&format!("hits on {device} is refused")), "{error}");
        }
    }
}
