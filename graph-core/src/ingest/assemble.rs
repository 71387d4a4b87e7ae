//! Coded edges and node tables to a [`Graph`].

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, Float32Type, Schema};
use rayon::prelude::*;

use crate::error::Place;
use crate::graph::no_columns;
use crate::ids::{IdTable, IdType, Seed};
use crate::ingest::columns::{common_id_type, id_nulls, to_id_column};
use crate::ingest::factorize::{CodedEdges, Piece, check_room};
use crate::{Coo, Error, Graph, IdOrder, Result};

/// Node rows with ids, to be joined with the nodes that the edges name.
#[derive(Debug)]
pub(crate) struct NodeTable {
    pub rows: RecordBatch,
    /// Position of the id column.
    pub id: usize,
    /// Line of every row, for delimited text.
    pub lines: Option<Vec<u32>>,
    /// Whether integer ids were written as text, so that they may become text again.
    pub from_text: bool,
    /// The file that the rows come from, if it is another than that of the edges.
    pub file: Option<PathBuf>,
}

impl NodeTable {
    /// `error` in the file of these rows.
    fn name_file(&self, error: Error) -> Error {
        match &self.file {
            Some(file) => error.in_file(file),
            None => error,
        }
    }

    fn id_name(&self) -> String {
        self.rows.schema_ref().field(self.id).name().clone()
    }

    fn place(&self, row: usize) -> Place {
        self.lines.as_ref().map_or(Place::Row(row), |lines| Place::Line(lines[row] as usize))
    }
}

/// How a graph is put together.
#[derive(Debug)]
pub(crate) struct Assembly {
    pub order: IdOrder,
    pub directed: bool,
    pub drop_null: bool,
    /// Most nodes and edges; `u32::MAX` but in tests.
    pub limit: u32,
}

/// A graph, and what was counted while it was put together.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub graph: Graph,
    pub dropped_rows: usize,
    pub isolated_nodes: usize,
}

impl Assembly {
    /// Maps codes to nodes, joins the node tables, and checks the counts.
    ///
    /// `listed` comes from the file of the edges itself, and its nodes come first, in its order;
    /// `joined` is a file of its own, and nodes that only it names come last.
    pub(crate) fn assemble(
        &self,
        edges: CodedEdges,
        listed: Option<NodeTable>,
        joined: Option<NodeTable>,
    ) -> Result<Assembled> {
        let CodedEdges { plan, tables, mut pieces, from_text } = edges;
        let n_edges = pieces.iter().map(|piece| piece.sources.len()).sum();
        if n_edges > self.limit as usize {
            return Err(Error::TooManyEdges { n_edges });
        }
        let mut nodes = Nodes { ids: plan.ids.clone(), from_text, tables: Vec::new() };
        let mut table = IdTable::new(&nodes.ids, Seed::random(), self.limit);
        let mut dropped_rows = pieces.iter().map(|piece| piece.dropped).sum();
        if let Some(listed) = listed {
            dropped_rows += nodes.join(&mut table, listed, plan.name(plan.source), self)?;
        }
        let starts_with_listed = table.len();
        let maps;
        (table, maps) = unite(table, tables, &pieces)?;
        let n_named = table.len();
        if let Some(joined) = joined {
            dropped_rows += nodes.join(&mut table, joined, plan.name(plan.source), self)?;
        }
        let mut isolated_nodes = table.len() - n_named;
        let sorted = match self.order {
            IdOrder::FirstAppearance => None,
            IdOrder::Sorted => Some(table.sorted_codes(nodes.ids.is_unsigned())),
            IdOrder::NodeTable => nodes.listed_first(table.len()),
        };
        let rank = sorted.as_ref().map(|sorted| inverse(sorted));

        let columns = pieces.iter_mut().map(|piece| std::mem::take(&mut piece.columns)).collect();
        let (ends, attributes) = rayon::join(
            || edge_ends(pieces, &maps, rank.as_deref(), n_edges),
            || edge_attributes(&plan.attribute_schema(), columns, n_edges),
        );
        let ((sources, targets), attributes) = (ends, attributes?);
        if starts_with_listed > 0 {
            let mut named = vec![false; starts_with_listed];
            for &code in maps.iter().flatten().flatten() {
                if let Some(named) = named.get_mut(code as usize) {
                    *named = true;
                }
            }
            isolated_nodes += named.iter().filter(|&&named| !named).count();
        }
        let weights = plan.weight_attribute().map(|at| as_weights(attributes.column(at)));
        let node_table = nodes.arrange(&table, sorted.as_deref())?;
        let coo = Coo::from_checked(table.len(), sources, targets, weights.transpose()?);
        let graph =
            Graph::from_parts_within(self.limit, node_table, attributes, coo, self.directed)?
                .with_end_names(plan.name(plan.source), plan.name(plan.target));
        Ok(Assembled { graph, dropped_rows, isolated_nodes })
    }
}

/// Node tables joined so far.
struct Nodes {
    ids: IdType,
    from_text: bool,
    /// Each with its name of the id column and the row of every code it names.
    tables: Vec<(NodeTable, Vec<u32>)>,
}

/// No row of a node table.
const NO_ROW: u32 = u32::MAX;

impl Nodes {
    /// Enters the ids of `nodes`; returns the number of rows dropped.
    fn join(
        &mut self,
        table: &mut IdTable,
        nodes: NodeTable,
        end_name: &str,
        assembly: &Assembly,
    ) -> Result<usize> {
        let name = nodes.id_name();
        let mut column = Arc::clone(nodes.rows.column(nodes.id));
        let here = self.ids.data_type().clone();
        // Text that happened to look like integers can be text again.
        if nodes.from_text
            && matches!(self.ids, IdType::Bytes(_))
            && column.data_type().is_integer()
        {
            column = cast(&column, &DataType::Utf8)?;
        }
        let is_text = matches!(column.data_type(), DataType::Utf8 | DataType::LargeUtf8);
        if self.from_text && matches!(self.ids, IdType::Int(_)) && is_text {
            let unsigned = self.ids.is_unsigned();
            let empty = IdTable::new(&self.ids, Seed::random(), 0);
            *table = std::mem::replace(table, empty).into_text(unsigned);
            self.ids = IdType::Bytes(DataType::Utf8);
        } else {
            self.ids = common_id_type((end_name, &here), (&name, column.data_type()))?;
        }
        let mut kept: Vec<u32> = (0..column.len() as u32).collect();
        if let Some(nulls) = id_nulls(&column).filter(|nulls| nulls.null_count() > 0) {
            if !assembly.drop_null {
                let row = nulls.iter().position(|valid| !valid).unwrap_or_default();
                let error = Error::NullId { column: name, place: nodes.place(row) };
                return Err(nodes.name_file(error));
            }
            kept = nulls.valid_indices().map(|row| row as u32).collect();
            column = take(&column, &UInt32Array::from(kept.clone()), None)?;
        }
        let codes = table.intern_column(&to_id_column(&column, &self.ids, &name)?);
        check_room(table)?;
        let mut row_of = vec![NO_ROW; table.len()];
        for (&code, &row) in codes.iter().zip(&kept) {
            let first = std::mem::replace(&mut row_of[code as usize], row);
            if first != NO_ROW {
                return Err(nodes.name_file(Error::DuplicateNode {
                    column: name,
                    id: table.print(code, self.ids.is_unsigned()),
                    first: nodes.place(first as usize),
                    second: nodes.place(row as usize),
                }));
            }
        }
        let dropped = nodes.rows.num_rows() - kept.len();
        self.tables.push((nodes, row_of));
        Ok(dropped)
    }

    /// The codes of the rows of the last table, and then all others; `None` without a table.
    fn listed_first(&self, n_codes: usize) -> Option<Vec<u32>> {
        let (nodes, row_of) = self.tables.last()?;
        let mut listed = vec![None; nodes.rows.num_rows()];
        let mut others = Vec::with_capacity(n_codes - listed.len().min(n_codes));
        for code in 0..n_codes as u32 {
            match row_of.get(code as usize).copied().filter(|&row| row != NO_ROW) {
                Some(row) => listed[row as usize] = Some(code),
                None => others.push(code),
            }
        }
        Some(listed.into_iter().flatten().chain(others).collect())
    }

    /// The node table: ids, then the attributes of the joined tables, null where a table does
    /// not name the node. A later table replaces columns of the same name.
    fn arrange(self, table: &IdTable, order: Option<&[u32]>) -> Result<RecordBatch> {
        let ids = table.to_array(&self.ids, order)?;
        let name = self.tables.last().map_or_else(|| "id".to_owned(), |(nodes, _)| nodes.id_name());
        let mut fields = vec![Arc::new(Field::new(name, ids.data_type().clone(), false))];
        let mut columns = vec![ids];
        for (nodes, row_of) in &self.tables {
            let rows: UInt32Array = (0..table.len())
                .map(|at| {
                    let code = order.map_or(at, |order| order[at] as usize);
                    row_of.get(code).copied().filter(|&row| row != NO_ROW)
                })
                .collect();
            for (at, field) in nodes.rows.schema_ref().fields().iter().enumerate() {
                if at == nodes.id {
                    continue;
                }
                let column = take(nodes.rows.column(at), &rows, None)?;
                let field = Arc::new(field.as_ref().clone().with_nullable(true));
                match fields.iter().skip(1).position(|old| old.name() == field.name()) {
                    Some(old) => (fields[old + 1], columns[old + 1]) = (field, column),
                    None => {
                        fields.push(field);
                        columns.push(column);
                    }
                }
            }
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }
}

/// One table of all ids, in order of first appearance behind those already in `table`, and for
/// each worker the map from its codes to those of the table; `None` where they are the same.
fn unite(
    mut table: IdTable,
    mut tables: Vec<IdTable>,
    pieces: &[Piece],
) -> Result<(IdTable, Vec<Option<Vec<u32>>>)> {
    tables.iter().try_for_each(check_room)?;
    let busy = tables.iter().filter(|table| table.len() > 0).count();
    if table.len() == 0 && busy <= 1 {
        // The only worker has met all ids in order.
        let maps = vec![None; tables.len()];
        let only = tables.iter().position(|table| table.len() > 0);
        return Ok((only.map_or(table, |only| tables.swap_remove(only)), maps));
    }
    let mut maps: Vec<Vec<u32>> = tables.iter().map(|table| vec![0; table.len()]).collect();
    for piece in pieces {
        let new_codes = piece.new_codes.clone();
        table.enter(&tables[piece.worker], new_codes, &mut maps[piece.worker]);
    }
    check_room(&table)?;
    Ok((table, maps.into_iter().map(Some).collect()))
}

/// For each code its position in `order`.
fn inverse(order: &[u32]) -> Vec<u32> {
    let mut rank = vec![0; order.len()];
    for (at, &code) in order.iter().enumerate() {
        rank[code as usize] = at as u32;
    }
    rank
}

/// Sources and targets of all edges as nodes, in input order. Pieces are freed on the way.
fn edge_ends(
    pieces: Vec<Piece>,
    maps: &[Option<Vec<u32>>],
    rank: Option<&[u32]>,
    n_edges: usize,
) -> (Vec<u32>, Vec<u32>) {
    let maps: Vec<Option<Vec<u32>>> = match rank {
        None => maps.to_vec(),
        Some(rank) => maps
            .iter()
            .map(|map| match map {
                Some(map) => Some(map.iter().map(|&code| rank[code as usize]).collect()),
                None => Some(rank.to_vec()),
            })
            .collect(),
    };
    let (mut sources, mut targets) = (vec![0; n_edges], vec![0; n_edges]);
    let mut parts = Vec::with_capacity(pieces.len());
    let (mut rest_s, mut rest_t) = (&mut sources[..], &mut targets[..]);
    for piece in pieces {
        let n = piece.sources.len();
        let (s, t);
        (s, rest_s) = rest_s.split_at_mut(n);
        (t, rest_t) = rest_t.split_at_mut(n);
        parts.push((piece, s, t));
    }
    parts.into_par_iter().for_each(|(piece, s, t)| {
        for (codes, to) in [(piece.sources, s), (piece.targets, t)] {
            match &maps[piece.worker] {
                None => to.copy_from_slice(&codes),
                Some(map) => {
                    for (to, code) in to.iter_mut().zip(codes) {
                        *to = map[code as usize];
                    }
                }
            }
        }
    });
    (sources, targets)
}

/// The attribute table: the columns of all pieces, one behind the other.
pub(crate) fn edge_attributes(
    schema: &Schema,
    mut pieces: Vec<Vec<Vec<ArrayRef>>>,
    n_edges: usize,
) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(schema.fields().len());
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (at, field) in schema.fields().iter().enumerate() {
        let parts = pieces.iter_mut().flat_map(|piece| std::mem::take(&mut piece[at])).collect();
        let column = join_arrays(parts, field.data_type())?;
        let nullable = field.is_nullable() || column.null_count() > 0;
        fields.push(Arc::new(
            field
                .as_ref()
                .clone()
                .with_data_type(column.data_type().clone())
                .with_nullable(nullable),
        ));
        columns.push(column);
    }
    if columns.is_empty() {
        return Ok(no_columns(n_edges));
    }
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}

/// One array out of many; text and binary beyond 2 GiB get 64-bit offsets.
fn join_arrays(mut parts: Vec<ArrayRef>, data_type: &DataType) -> Result<ArrayRef> {
    let large = match data_type {
        DataType::Utf8 => Some(DataType::LargeUtf8),
        DataType::Binary => Some(DataType::LargeBinary),
        _ => None,
    };
    if let Some(large) = large {
        let bytes: usize = parts.iter().map(value_bytes).sum();
        if i32::try_from(bytes).is_err() {
            for part in &mut parts {
                *part = cast(part, &large)?;
            }
        }
    }
    match parts.len() {
        0 => Ok(arrow::array::new_empty_array(data_type)),
        1 => Ok(parts.swap_remove(0)),
        _ => {
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            Ok(concat(&parts)?)
        }
    }
}

/// Bytes of text or binary in `array`.
fn value_bytes(array: &ArrayRef) -> usize {
    let range = |offsets: &[i32]| match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => (last - first) as usize,
        _ => 0,
    };
    match array.data_type() {
        DataType::Utf8 => range(array.as_string::<i32>().value_offsets()),
        DataType::Binary => range(array.as_binary::<i32>().value_offsets()),
        _ => 0,
    }
}

/// The column as `f32`, without a copy if it is that already. Its values are checked.
fn as_weights(column: &ArrayRef) -> Result<ScalarBuffer<f32>> {
    let weights = cast(column, &DataType::Float32)?;
    Ok(weights.as_primitive::<Float32Type>().values().clone())
}
