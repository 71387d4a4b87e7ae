//! Node and edge steps.

use super::super::Limits;
use super::super::error::QueryProblem;
use super::super::query::{Bounds, EdgeStep, Filter, NodeStep};
use super::pandas;
use super::predicate::condition;
use super::{Place, too_much};
use crate::Result;
use crate::topology::Direction;

/// The fields of an edge step that are its own, not those of a hop.
const EDGE_FIELDS: [&str; 18] = [
    "type",
    "direction",
    "hops",
    "min_hops",
    "max_hops",
    "output_min_hops",
    "output_max_hops",
    "label_node_hops",
    "label_edge_hops",
    "label_seeds",
    "to_fixed_point",
    "source_node_match",
    "edge_match",
    "destination_node_match",
    "name",
    "source_node_query",
    "destination_node_query",
    "edge_query",
];

pub(super) fn node(place: &Place) -> Result<NodeStep> {
    place.only("field of a node step", &["type", "filter_dict", "name", "query"])?;
    Ok(NodeStep { filter: filter(place, "filter_dict", "query")?, name: place.text_at("name")? })
}

pub(super) fn edge(place: &Place, limits: &Limits) -> Result<EdgeStep> {
    let mut known = EDGE_FIELDS.to_vec();
    known.extend(["include_zero_hop_seed", "prune_to_endpoints"]);
    place.only("field of an edge step", &known)?;
    if place.bool_or("prune_to_endpoints", false)? {
        return Err(place.unsupported("`prune_to_endpoints`", "it is internal to other queries"));
    }
    let direction = place.need("direction")?;
    let mut edge = hop(place, &direction, limits)?;
    if place.count_at("hops")? == Some(0) {
        return Err(place.need("hops")?.wrong("a number from 1 or null"));
    }
    edge.zero_hop_seed = place.bool_or("include_zero_hop_seed", false)?;
    edge.name = place.text_at("name")?;
    Ok(edge)
}

/// What the edge step and the call `hop` have in common.
pub(super) fn hop(place: &Place, direction: &Place, limits: &Limits) -> Result<EdgeStep> {
    let direction = match direction.text()? {
        "forward" => Direction::Forward,
        "reverse" => Direction::Reverse,
        "undirected" => Direction::Both,
        name => {
            return Err(direction.unknown("direction", name, ["forward", "reverse", "undirected"]));
        }
    };
    let bounds = Bounds {
        hops: place.count_at("hops")?,
        min: place.count_at("min_hops")?,
        max: place.count_at("max_hops")?,
        output_min: place.count_at("output_min_hops")?,
        output_max: place.count_at("output_max_hops")?,
        fixed_point: place.bool_or("to_fixed_point", false)?,
    };
    check_bounds(place, &bounds, limits)?;
    let step = EdgeStep {
        direction,
        bounds,
        edge_match: filter(place, "edge_match", "edge_query")?,
        source_match: filter(place, "source_node_match", "source_node_query")?,
        target_match: filter(place, "destination_node_match", "destination_node_query")?,
        label_nodes: place.text_at("label_node_hops")?,
        label_edges: place.text_at("label_edge_hops")?,
        label_seeds: place.bool_or("label_seeds", false)?,
        zero_hop_seed: false,
        name: None,
    };
    // Who does not say how many hops means one; PyGraphistry then has the edges of one hop, and in some chains nodes of
    // others beside them.
    Ok(match step.is_single() {
        true => EdgeStep { bounds: Bounds { hops: Some(1), ..bounds }, ..step },
        false => step,
    })
}

fn check_bounds(place: &Place, bounds: &Bounds, limits: &Limits) -> Result<()> {
    let named = [
        ("hops", bounds.hops),
        ("min_hops", bounds.min),
        ("max_hops", bounds.max),
        ("output_min_hops", bounds.output_min),
        ("output_max_hops", bounds.output_max),
    ];
    for (field, hops) in named {
        if let Some(hops) = hops {
            let at = place.get(field)?.map_or_else(|| place.path.clone(), |place| place.path);
            too_much(&at, "hops", hops as usize, limits.hops as usize)?;
        }
    }
    let farthest = bounds.farthest();
    let order = [
        ("min_hops", Some(bounds.nearest()), farthest, "at most max_hops"),
        ("output_min_hops", bounds.output_min, bounds.output_max, "at most output_max_hops"),
        ("output_min_hops", bounds.output_min, farthest, "at most max_hops"),
        ("min_hops", Some(bounds.nearest()), bounds.output_max, "at most output_max_hops"),
    ];
    for (field, low, high, allowed) in order {
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            let value = format!("{field} = {low}");
            return Err(place.error(QueryProblem::BadValue { value, allowed }));
        }
    }
    Ok(())
}

/// The conditions in `field`, and those of the query string in `query`; none where they are missing.
pub(super) fn filter(place: &Place, field: &str, query: &str) -> Result<Filter> {
    let mut filter = Filter::default();
    if let Some(text) = place.get(query)? {
        filter.query = Some((text.path.clone(), pandas::condition(&text)?));
    }
    let Some(place) = place.get(field)? else { return Ok(filter) };
    for (column, value) in place.fields()? {
        if column.starts_with("__gfql_") && column.ends_with("__") {
            let allowed = "a column; such names are reserved";
            let value_of = format!("`{column}`");
            return Err(value.error(QueryProblem::BadValue { value: value_of, allowed }));
        }
        filter.columns.push((column.to_owned(), condition(&value)?));
    }
    filter.path = place.path;
    Ok(filter)
}
