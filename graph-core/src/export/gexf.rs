//! GEXF 1.3, with positions, sizes and colors as Gephi draws them.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, LargeStringArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::cells::{Cells, SpelledIds, push_int, write_rows};
use super::tables::edge_attributes;
use super::xml::{Attribute, Xml, attributes, checked_cells, escape};
use crate::{Graph, Result};

const FORMAT: &str = "GEXF";

/// Columns that GEXF has places of their own for.
#[derive(Default)]
struct Looks {
    /// Columns that are taken out of the attributes.
    taken: Vec<usize>,
    label: Option<LargeStringArray>,
    color: Option<Vec<Option<[u8; 3]>>>,
    position: Option<[Cells; 2]>,
    height: Option<Cells>,
    /// Size of nodes, thickness of edges.
    size: Option<Cells>,
}

impl Looks {
    fn of_nodes(table: &RecordBatch) -> Result<Self> {
        let mut looks = Self::default();
        looks.take_label_and_color(table)?;
        if let (Some((x, xs)), Some((y, ys))) = (finite(table, "x")?, finite(table, "y")?)
            && (0..xs.len()).all(|row| xs.is_null(row) == ys.is_null(row))
        {
            looks.taken.extend([x, y]);
            looks.position = Some([Cells::new(table.column(x))?, Cells::new(table.column(y))?]);
            if let Some((z, zs)) = finite(table, "z")?
                && (0..xs.len()).all(|row| zs.is_null(row) || xs.is_valid(row))
            {
                looks.taken.push(z);
                looks.height = Some(Cells::new(table.column(z))?);
            }
        }
        looks.take_size(table, "size")?;
        Ok(looks)
    }

    fn of_edges(table: &RecordBatch, weight: Option<usize>) -> Result<Self> {
        let mut looks = Self::default();
        looks.take_label_and_color(table)?;
        looks.take_size(table, "thickness")?;
        looks.taken.extend(weight);
        Ok(looks)
    }

    fn take_label_and_color(&mut self, table: &RecordBatch) -> Result<()> {
        if let Some((label, Cells::Text(texts))) = text(table, "label")? {
            self.taken.push(label);
            self.label = Some(texts);
        }
        if let Some((color, Cells::Text(texts))) = text(table, "color")? {
            let colors: Vec<_> = texts.iter().map(|text| text.map(parse_color)).collect();
            // One that is no `#rrggbb` would be lost, so then the column stays an attribute.
            if !colors.contains(&Some(None)) {
                self.taken.push(color);
                self.color = Some(colors.into_iter().map(Option::flatten).collect());
            }
        }
        Ok(())
    }

    fn take_size(&mut self, table: &RecordBatch, name: &str) -> Result<()> {
        if let Some((size, _)) = finite(table, name)? {
            self.taken.push(size);
            self.size = Some(Cells::new(table.column(size))?);
        }
        Ok(())
    }

    fn push_label(&self, row: usize, out: &mut Vec<u8>) {
        if let Some(labels) = &self.label
            && labels.is_valid(row)
        {
            out.extend_from_slice(b" label=\"");
            escape(labels.value(row), out);
            out.push(b'"');
        }
    }

    fn push(&self, row: usize, size_name: &str, out: &mut Vec<u8>) {
        if let Some([r, g, b]) = self.color.as_ref().and_then(|colors| colors[row]) {
            for (name, value) in [("<viz:color r=\"", r), ("\" g=\"", g), ("\" b=\"", b)] {
                out.extend_from_slice(name.as_bytes());
                push_int(value, out);
            }
            out.extend_from_slice(b"\"/>");
        }
        if let Some([x, y]) = &self.position
            && !x.is_null(row)
        {
            out.extend_from_slice(b"<viz:position x=\"");
            x.push(row, &Xml, out);
            out.extend_from_slice(b"\" y=\"");
            y.push(row, &Xml, out);
            if let Some(z) = self.height.as_ref().filter(|z| !z.is_null(row)) {
                out.extend_from_slice(b"\" z=\"");
                z.push(row, &Xml, out);
            }
            out.extend_from_slice(b"\"/>");
        }
        if let Some(size) = self.size.as_ref().filter(|size| !size.is_null(row)) {
            out.extend_from_slice(b"<viz:");
            out.extend_from_slice(size_name.as_bytes());
            out.extend_from_slice(b" value=\"");
            size.push(row, &Xml, out);
            out.extend_from_slice(b"\"/>");
        }
    }

    /// Columns of `table` behind `skip` that are attributes like any other.
    fn others(&self, table: &RecordBatch, skip: usize) -> Vec<usize> {
        (skip..table.num_columns()).filter(|column| !self.taken.contains(column)).collect()
    }
}

/// Column `name`, if it is numeric and every value in it is finite.
fn finite(table: &RecordBatch, name: &str) -> Result<Option<(usize, Float64Array)>> {
    let Ok(column) = table.schema().index_of(name) else { return Ok(None) };
    let array = table.column(column);
    if !array.data_type().is_numeric() || array.data_type().is_decimal() {
        return Ok(None);
    }
    let values = cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone();
    let is_finite = values.iter().flatten().all(f64::is_finite);
    Ok(is_finite.then_some((column, values)))
}

/// Column `name`, if it is text.
fn text(table: &RecordBatch, name: &str) -> Result<Option<(usize, Cells)>> {
    let Ok(column) = table.schema().index_of(name) else { return Ok(None) };
    let array: &ArrayRef = table.column(column);
    let is_text = match array.data_type() {
        DataType::Dictionary(_, values) => values.is_string(),
        data_type => data_type.is_string(),
    };
    if !is_text {
        return Ok(None);
    }
    Ok(Some((column, checked_cells(array, name, FORMAT)?)))
}

/// `#rrggbb`
fn parse_color(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    // Upper case would come back as lower case.
    if !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    Some([r, g, b])
}

/// Writes attributes for the columns, `viz` elements for node columns `x` and `y`, `z`, `size`,
/// `color` and edge columns `thickness`, `color`, and the weights as `weight`.
pub(super) fn write_graph(graph: &Graph, out: &mut (dyn Write + Send)) -> Result<()> {
    checked_cells(graph.ids(), graph.nodes().schema().field(0).name(), FORMAT)?;
    let ids = SpelledIds::new(graph.ids(), &Xml)?;
    let node_looks = Looks::of_nodes(graph.nodes())?;
    let nodes = attributes(graph.nodes(), node_looks.others(graph.nodes(), 1), FORMAT)?;
    let weighted = edge_attributes(graph)?;
    let edge_looks = Looks::of_edges(&weighted.table, weighted.weight)?;
    let edges = attributes(&weighted.table, edge_looks.others(&weighted.table, 0), FORMAT)?;
    let id_type = if graph.ids().data_type().is_integer() { "integer" } else { "string" };
    let direction = if graph.is_directed() { "directed" } else { "undirected" };
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<gexf xmlns=\"http://gexf.net/1.3\" xmlns:viz=\"http://gexf.net/1.3/viz\" version=\"1.3\">"
    )?;
    writeln!(
        out,
        "  <graph defaultedgetype=\"{direction}\" mode=\"static\" idtype=\"{id_type}\">"
    )?;
    write_attributes("node", &nodes, out)?;
    write_attributes("edge", &edges, out)?;
    writeln!(out, "    <nodes>")?;
    write_rows(out, graph.n_nodes(), |rows, out| {
        for row in rows {
            out.extend_from_slice(b"      <node id=\"");
            ids.push(row as u32, out);
            out.push(b'"');
            node_looks.push_label(row, out);
            out.push(b'>');
            push_values(&nodes, row, out);
            node_looks.push(row, "size", out);
            out.extend_from_slice(b"</node>\n");
        }
        Ok(())
    })?;
    writeln!(out, "    </nodes>\n    <edges>")?;
    let (sources, targets) = (graph.coo().sources(), graph.coo().targets());
    let weights = weighted.weight.map(|column| Cells::new(weighted.table.column(column)));
    let weights = weights.transpose()?;
    write_rows(out, graph.n_edges(), |rows, out| {
        for row in rows {
            out.extend_from_slice(b"      <edge source=\"");
            ids.push(sources[row], out);
            out.extend_from_slice(b"\" target=\"");
            ids.push(targets[row], out);
            out.push(b'"');
            if let Some(weights) = &weights {
                out.extend_from_slice(b" weight=\"");
                weights.push(row, &Xml, out);
                out.push(b'"');
            }
            edge_looks.push_label(row, out);
            out.push(b'>');
            push_values(&edges, row, out);
            edge_looks.push(row, "thickness", out);
            out.extend_from_slice(b"</edge>\n");
        }
        Ok(())
    })?;
    Ok(out.write_all(b"    </edges>\n  </graph>\n</gexf>\n")?)
}

fn write_attributes(
    class: &str,
    columns: &[Attribute],
    out: &mut (dyn Write + Send),
) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    writeln!(out, "    <attributes class=\"{class}\" mode=\"static\">")?;
    for (at, Attribute { name, data_type, .. }) in columns.iter().enumerate() {
        let data_type = type_name(data_type);
        writeln!(out, "      <attribute id=\"{at}\" title=\"{name}\" type=\"{data_type}\"/>")?;
    }
    Ok(writeln!(out, "    </attributes>")?)
}

fn push_values(columns: &[Attribute], row: usize, out: &mut Vec<u8>) {
    if columns.iter().all(|column| column.cells.is_null(row)) {
        return;
    }
    out.extend_from_slice(b"<attvalues>");
    for (at, column) in columns.iter().enumerate() {
        if !column.cells.is_null(row) {
            out.extend_from_slice(b"<attvalue for=\"");
            push_int(at, out);
            out.extend_from_slice(b"\" value=\"");
            column.cells.push(row, &Xml, out);
            out.extend_from_slice(b"\"/>");
        }
    }
    out.extend_from_slice(b"</attvalues>");
}

fn type_name(data_type: &DataType) -> &'static str {
    use DataType as T;
    match data_type {
        T::Boolean => "boolean",
        T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 => "integer",
        T::Int64 | T::UInt32 | T::UInt64 => "long",
        T::Float16 | T::Float32 => "float",
        T::Float64 => "double",
        T::Dictionary(_, values) => type_name(values),
        _ => "string",
    }
}
