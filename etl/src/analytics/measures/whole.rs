//! Numbers of the whole graph.

#![expect(clippy::unnecessary_wraps, reason = "all measures of the table have one type")]

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graph_core::Graph;

use super::options::{Options, problem};
use super::{Measured, Work};
use crate::analytics::{
    AssortativityReport, Diameter, categorical_assortativity, degree_assortativity, density,
    numeric_assortativity, reciprocity,
};
use crate::error::nearest;
use crate::topology::{Merge, Undirected};
use crate::{Error, Result};

pub(super) fn diameter(graph: &Graph, options: Options) -> Result<Work<'_>> {
    let measure: Diameter = options.rest()?;
    Ok(Box::new(move |control| {
        let found = measure.run(&Undirected::new(graph, Merge::Unit), control)?;
        Ok(Measured::default()
            .with("lower", found.lower)
            .with("upper", found.upper)
            .with("exact", found.lower == found.upper)
            .with("n_searches", found.n_searches))
    }))
}

pub(super) fn of_density(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |_| Ok(Measured::default().with("density", density(graph)))))
}

pub(super) fn of_reciprocity(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |_| Ok(Measured::default().with("reciprocity", reciprocity(graph)))))
}

fn coefficient(found: AssortativityReport) -> Measured {
    Measured::default().with("assortativity", found.coefficient).with("n_edges", found.n_edges)
}

pub(super) fn by_degree(graph: &Graph, _: Options) -> Result<Work<'_>> {
    Ok(Box::new(move |_| Ok(coefficient(degree_assortativity(graph)))))
}

/// The node column that the option `attribute` names.
fn attribute<'g>(graph: &'g Graph, options: &mut Options) -> Result<&'g ArrayRef> {
    let name: Option<String> = options.take("attribute")?;
    let name = name.ok_or_else(|| problem("attribute", &"is needed: a column of the nodes"))?;
    graph.nodes().column_by_name(&name).ok_or_else(|| {
        let schema = graph.nodes().schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        Error::Unknown { kind: "column", nearest: nearest(&name, names), name: name.into() }
    })
}

pub(super) fn by_number(graph: &Graph, mut options: Options) -> Result<Work<'_>> {
    let column = attribute(graph, &mut options)?;
    if !column.data_type().is_numeric() {
        let kind = graph_core::type_name(column.data_type());
        return Err(problem("attribute", &format!("is a column of {kind}, not of numbers")));
    }
    Ok(Box::new(move |_| {
        let numbers = cast(column, &DataType::Float64).map_err(graph_core::Error::from)?;
        let values: Vec<Option<f64>> = numbers.as_primitive::<Float64Type>().iter().collect();
        numeric_assortativity(graph, &values).map(coefficient)
    }))
}

pub(super) fn by_category(graph: &Graph, mut options: Options) -> Result<Work<'_>> {
    let column = attribute(graph, &mut options)?;
    Ok(Box::new(move |_| {
        let format = FormatOptions::default();
        let text = ArrayFormatter::try_new(column, &format).map_err(graph_core::Error::from)?;
        let mut numbers = HashMap::new();
        let mut category = |u: usize| {
            let count = numbers.len() as u32;
            *numbers.entry(text.value(u).to_string()).or_insert(count)
        };
        let categories: Vec<Option<u32>> =
            (0..graph.n_nodes()).map(|u| column.is_valid(u).then(|| category(u))).collect();
        categorical_assortativity(graph, &categories).map(coefficient)
    }))
}
