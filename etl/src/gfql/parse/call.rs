//! Calls of the safelist.

use super::super::Limits;
use super::super::query::{Call, HopCall, Literal};
use super::Place;
use super::json::Json;
use super::predicate::literals;
use super::step::{filter, hop};
use crate::Result;

/// Calls that are done here, but for the `encode_` ones.
const DONE: [&str; 13] = [
    "get_degrees",
    "get_indegrees",
    "get_outdegrees",
    "filter_nodes_by_dict",
    "filter_edges_by_dict",
    "materialize_nodes",
    "hop",
    "keep_nodes",
    "drop_nodes",
    "prune_self_edges",
    "get_topological_levels",
    "name",
    "description",
];

/// Calls that the language has, but that are not done here.
const NOT_DONE: [&str; 39] = [
    "compute_cugraph",
    "compute_igraph",
    "layout_cugraph",
    "layout_igraph",
    "layout_graphviz",
    "fa2_layout",
    "ring_continuous_layout",
    "ring_categorical_layout",
    "time_ring_layout",
    "circle_layout",
    "tree_layout",
    "mercator_layout",
    "modularity_weighted_layout",
    "group_in_a_box_layout",
    "collapse",
    "hypergraph",
    "umap",
    "drop_index",
    "rows",
    "select",
    "return_",
    "with_",
    "where_rows",
    "order_by",
    "skip",
    "limit",
    "unwind",
    "group_by",
    "distinct",
    "count_table",
    "fill_empty_row",
    "drop_cols",
    "search_any",
    "anti_semi_apply",
    "semi_apply_mark",
    "join_apply",
    "search_nodes",
    "search_edges",
    "create_index",
];

/// The `encode_` calls.
const ENCODINGS: [&str; 10] = [
    "encode_point_color",
    "encode_edge_color",
    "encode_point_size",
    "encode_point_icon",
    "encode_edge_icon",
    "encode_point_badge",
    "encode_edge_badge",
    "encode_axis",
    "encode_point_opacity",
    "encode_edge_opacity",
];

pub(super) fn call(place: &Place, limits: &Limits) -> Result<Call> {
    place.only("field of a call", &["type", "function", "params"])?;
    let function = place.need("function")?;
    let name = function.text()?;
    let none = Json::Object(Vec::new());
    let params = match place.get("params")? {
        Some(params) => params,
        None => place.at("params", &none),
    };
    let only = |known: &[&str]| params.only("parameter", known);
    match name {
        "get_degrees" => {
            only(&["col", "degree_in", "degree_out", "engine"])?;
            Ok(Call::Degrees {
                all: Some(params.text_or("col", "degree")?),
                into: Some(params.text_or("degree_in", "degree_in")?),
                out: Some(params.text_or("degree_out", "degree_out")?),
            })
        }
        "get_indegrees" => {
            only(&["col"])?;
            Ok(Call::Degrees {
                all: None,
                into: Some(params.text_or("col", "degree_in")?),
                out: None,
            })
        }
        "get_outdegrees" => {
            only(&["col"])?;
            Ok(Call::Degrees {
                all: None,
                into: None,
                out: Some(params.text_or("col", "degree_out")?),
            })
        }
        "filter_nodes_by_dict" | "filter_edges_by_dict" => {
            only(&["filter_dict", "engine"])?;
            params.need("filter_dict")?;
            let filter = filter(&params, "filter_dict", "query")?;
            Ok(match name {
                "filter_nodes_by_dict" => Call::FilterNodes(filter),
                _ => Call::FilterEdges(filter),
            })
        }
        "materialize_nodes" => {
            only(&["engine", "reuse"])?;
            Ok(Call::MaterializeNodes { reuse: params.bool_or("reuse", true)? })
        }
        "hop" => hop_call(&params, limits),
        "keep_nodes" => {
            only(&["nodes"])?;
            Ok(Call::KeepNodes(wanted(&params.need("nodes")?)?))
        }
        "drop_nodes" => {
            only(&["nodes"])?;
            let nodes = params.need("nodes")?;
            match nodes.value {
                Json::List(_) => Ok(Call::DropNodes(literals(&nodes)?)),
                _ => Err(nodes.wrong("a list of ids")),
            }
        }
        "prune_self_edges" => only(&[]).map(|()| Call::PruneSelfEdges),
        "get_topological_levels" => {
            only(&["level_col", "allow_cycles", "warn_cycles", "remove_self_loops"])?;
            Ok(Call::Levels {
                column: params.text_or("level_col", "level")?,
                allow_cycles: params.bool_or("allow_cycles", true)?,
                remove_self_loops: params.bool_or("remove_self_loops", true)?,
            })
        }
        "name" => Ok(Call::Name(params.need("name")?.text()?.to_owned())),
        "description" => Ok(Call::Description(params.need("description")?.text()?.to_owned())),
        _ if ENCODINGS.contains(&name) => {
            Ok(Call::Encode { function: name.to_owned(), params: params.value.to_value() })
        }
        _ if NOT_DONE.contains(&name) => Err(function.unsupported(
            format!("the call `{name}`"),
            "it is of the language, but not among the calls that are done here",
        )),
        _ => {
            let known = DONE.iter().chain(&NOT_DONE).chain(&ENCODINGS).copied();
            Err(function.unknown("call", name, known))
        }
    }
}

fn hop_call(params: &Place, limits: &Limits) -> Result<Call> {
    params.only(
        "parameter",
        &[
            "nodes",
            "hops",
            "to_fixed_point",
            "direction",
            "source_node_match",
            "edge_match",
            "destination_node_match",
            "source_node_query",
            "edge_query",
            "destination_node_query",
            "return_as_wave_front",
            "target_wave_front",
            "engine",
            "min_hops",
            "max_hops",
            "output_min_hops",
            "output_max_hops",
            "label_node_hops",
            "label_edge_hops",
            "label_seeds",
        ],
    )?;
    for table in ["nodes", "target_wave_front"] {
        if let Some(table) = params.get(table)? {
            return Err(table.unsupported("a table as a parameter", "select the seeds in a step"));
        }
    }
    let forward = Json::Text("forward".to_owned());
    let direction = match params.get("direction")? {
        Some(direction) => direction,
        None => params.at("direction", &forward),
    };
    let mut edge = hop(params, &direction, limits)?;
    // Unlike in an edge step, no number at all is one hop.
    if params.value.field("hops").is_none() {
        edge.bounds.hops = Some(1);
    }
    let wavefront = params.bool_or("return_as_wave_front", false)?;
    Ok(Call::Hop(Box::new(HopCall { edge, wavefront })))
}

/// Ids, or values for each of some columns.
fn wanted(place: &Place) -> Result<Vec<(Option<String>, Vec<Literal>)>> {
    match place.value {
        Json::List(_) => Ok(vec![(None, literals(place)?)]),
        _ => place
            .fields()?
            .into_iter()
            .map(|(column, values)| Ok((Some(column.to_owned()), literals(&values)?)))
            .collect(),
    }
}
