//! GEXF 1.1 to 1.3, Gephi's format.

use arrow::datatypes::DataType;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use quick_xml::events::BytesStart;

use super::Tables;
use super::graphml::{add_directions, byte_of};
use super::rows::{Cell, Rows, Value};
use super::text::Broken;
use super::xml::{Xml, decode, with_one_id_type};
use crate::Result;

const FORMAT: &str = "GEXF";

/// Reads the nodes and edges of a document.
///
/// | in the document              | in the graph                                                    |
/// |------------------------------|-----------------------------------------------------------------|
/// | `attribute` with a default   | node or edge column of that type, filled with the default        |
/// | `label`, `start`, `end`      | columns of these names                                          |
/// | `weight` of an edge          | edge column `weight`; 1 where only others have one              |
/// | `viz:position`, `viz:size`   | node columns `x`, `y`, `z`, `size`                              |
/// | `viz:color`                  | column `color`, `#rrggbb`                                       |
/// | `viz:thickness`              | edge column `thickness`                                         |
/// | `defaultedgetype`, `type`    | directed or not (`mutual` is undirected), if all edges agree;    |
/// |                              | else the graph counts as directed and the edge column `directed` |
/// |                              | tells them apart                                                |
/// | nodes within nodes           | nodes like all others; `pid` names the outer one                |
/// | a value for each time        | the last one                                                    |
///
/// Ids are text if `idtype` says so, else integers if all of them are written as integers are.
pub(crate) fn read_tables(input: &[u8]) -> Result<Tables> {
    let document = decode(input).and_then(|text| {
        let mut document = Document::new();
        document.read(&text).map_err(|broken| Broken {
            at: byte_of(input, &text, broken.at),
            problem: broken.problem,
        })?;
        Ok(document)
    });
    document.map_err(|broken| broken.in_input(FORMAT, input))?.into_tables()
}

/// Declared columns of one kind of element, by id.
#[derive(Default)]
struct Attributes {
    columns: HashMap<String, (usize, DataType), FixedState>,
    defaults: Vec<(usize, Value)>,
}

const NODE_COLUMNS: [&str; 10] =
    ["id", "label", "pid", "start", "end", "color", "x", "y", "z", "size"];
const EDGE_COLUMNS: [&str; 9] =
    ["source", "target", "id", "label", "weight", "start", "end", "color", "thickness"];

struct Document {
    nodes: Rows,
    edges: Rows,
    node_attributes: Attributes,
    edge_attributes: Attributes,
    /// Direction of each edge.
    directed: Vec<bool>,
    /// Direction of edges that do not say it.
    default: bool,
    text_ids: bool,
    /// Whether an edge so far has a weight.
    weighted: bool,
}

/// Cells of one row; a later value of a column replaces an earlier one.
type Cells = Vec<(usize, Value)>;

fn put(cells: &mut Cells, column: usize, value: Value) {
    match cells.iter_mut().find(|(held, _)| *held == column) {
        Some((_, held)) => *held = value,
        None => cells.push((column, value)),
    }
}

fn column_of(names: &[&str], name: &str) -> usize {
    names.iter().position(|held| *held == name).unwrap_or_default()
}

impl Document {
    fn new() -> Self {
        Self {
            nodes: Rows::with_columns(&NODE_COLUMNS[..1], &NODE_COLUMNS[1..]),
            edges: Rows::with_columns(&EDGE_COLUMNS[..2], &EDGE_COLUMNS[2..]),
            node_attributes: Attributes::default(),
            edge_attributes: Attributes::default(),
            directed: Vec::new(),
            default: false,
            text_ids: false,
            weighted: false,
        }
    }

    fn read(&mut self, text: &str) -> Result<(), Broken> {
        let mut xml = Xml::new(text);
        xml.root("gexf")?;
        let mut graphs = 0;
        while let Some(tag) = xml.child()? {
            match tag.local_name().as_ref() {
                "graph" if graphs == 1 => {
                    return Err(xml.broken("there is a second graph; one file holds one graph"));
                }
                "graph" => {
                    graphs += 1;
                    self.graph(&mut xml, &tag)?;
                }
                _ => xml.skip()?,
            }
        }
        if graphs == 0 {
            return Err(xml.broken("there is no element <graph>"));
        }
        Ok(())
    }

    fn graph(&mut self, xml: &mut Xml<'_>, tag: &BytesStart<'_>) -> Result<(), Broken> {
        if let Some(kind) = xml.attribute(tag, "defaultedgetype")? {
            self.default = direction(xml, &kind)?;
        }
        self.text_ids = xml.attribute(tag, "idtype")?.as_deref() == Some("string");
        while let Some(child) = xml.child()? {
            match child.local_name().as_ref() {
                "attributes" => self.attributes(xml, &child)?,
                "nodes" => self.nodes(xml, None)?,
                "edges" => self.edges(xml)?,
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn attributes(&mut self, xml: &mut Xml<'_>, tag: &BytesStart<'_>) -> Result<(), Broken> {
        let class = xml.required(tag, "class")?;
        let (attributes, rows) = match class.as_ref() {
            "node" => (&mut self.node_attributes, &mut self.nodes),
            "edge" => (&mut self.edge_attributes, &mut self.edges),
            other => {
                let problem = format!("attributes have class `{other}`, not `node` or `edge`");
                return Err(xml.broken(problem));
            }
        };
        while let Some(child) = xml.child()? {
            if child.local_name().as_ref() != "attribute" {
                xml.skip()?;
                continue;
            }
            let id = xml.required(&child, "id")?.into_owned();
            let title = xml.attribute(&child, "title")?.map_or_else(|| id.clone(), Into::into);
            let declared = match xml.required(&child, "type")?.as_ref() {
                "boolean" => DataType::Boolean,
                "integer" | "short" | "byte" => DataType::Int32,
                "long" => DataType::Int64,
                "float" => DataType::Float32,
                "double" => DataType::Float64,
                _ => DataType::Utf8,
            };
            let column = rows.declare(&title, Some(declared.clone()));
            while let Some(inner) = xml.child()? {
                if inner.local_name().as_ref() == "default" {
                    let default = xml.text().and_then(|text| xml.value(text, &declared))?;
                    put(&mut attributes.defaults, column, default);
                } else {
                    xml.skip()?;
                }
            }
            if attributes.columns.insert(id.clone(), (column, declared)).is_some() {
                return Err(xml.broken(format!("attribute `{id}` is declared twice")));
            }
        }
        Ok(())
    }

    fn nodes(&mut self, xml: &mut Xml<'_>, outer: Option<&str>) -> Result<(), Broken> {
        while let Some(child) = xml.child()? {
            if child.local_name().as_ref() == "node" {
                self.node(xml, &child, outer)?;
            } else {
                xml.skip()?;
            }
        }
        Ok(())
    }

    fn node(
        &mut self,
        xml: &mut Xml<'_>,
        tag: &BytesStart<'_>,
        outer: Option<&str>,
    ) -> Result<(), Broken> {
        let id = xml.required(tag, "id")?.into_owned();
        let mut cells = Cells::new();
        if let Some(outer) = outer {
            cells.push((column_of(&NODE_COLUMNS, "pid"), Value::Text(outer.to_owned())));
        }
        for name in ["label", "pid", "start", "end"] {
            if let Some(value) = xml.attribute(tag, name)? {
                put(&mut cells, column_of(&NODE_COLUMNS, name), Value::Text(value.into_owned()));
            }
        }
        let mut ended = false;
        while let Some(child) = xml.child()? {
            let name = child.local_name();
            match name.as_ref() {
                "nodes" | "edges" => {
                    if !ended {
                        self.end_node(&id, &cells);
                        ended = true;
                    }
                    if name.as_ref() == "nodes" {
                        self.nodes(xml, Some(&id))?;
                    } else {
                        self.edges(xml)?;
                    }
                }
                _ if ended => {
                    return Err(xml.broken("attributes of a node stand behind the nodes in it"));
                }
                "attvalues" => attribute_values(xml, &self.node_attributes, &mut cells)?,
                "color" => color(xml, &child, column_of(&NODE_COLUMNS, "color"), &mut cells)?,
                "position" => {
                    for axis in ["x", "y", "z"] {
                        if let Some(value) = xml.number(&child, axis)? {
                            let column = column_of(&NODE_COLUMNS, axis);
                            put(&mut cells, column, Value::Float(value));
                        }
                    }
                    xml.skip()?;
                }
                "size" => {
                    let size = xml.number(&child, "value")?;
                    cells.extend(size.map(|v| (column_of(&NODE_COLUMNS, "size"), Value::Float(v))));
                    xml.skip()?;
                }
                _ => xml.skip()?,
            }
        }
        if !ended {
            self.end_node(&id, &cells);
        }
        Ok(())
    }

    fn end_node(&mut self, id: &str, cells: &Cells) {
        self.nodes.set(0, id_cell(id, self.text_ids));
        end_row(&mut self.nodes, cells, &self.node_attributes);
    }

    fn edges(&mut self, xml: &mut Xml<'_>) -> Result<(), Broken> {
        while let Some(child) = xml.child()? {
            if child.local_name().as_ref() == "edge" {
                self.edge(xml, &child)?;
            } else {
                xml.skip()?;
            }
        }
        Ok(())
    }

    fn edge(&mut self, xml: &mut Xml<'_>, tag: &BytesStart<'_>) -> Result<(), Broken> {
        for (column, name) in ["source", "target"].into_iter().enumerate() {
            let id = xml.required(tag, name)?;
            self.edges.set(column, id_cell(&id, self.text_ids));
        }
        let mut cells = Cells::new();
        if let Some(id) = xml.attribute(tag, "id")? {
            self.edges.set(column_of(&EDGE_COLUMNS, "id"), Cell::int_or_text(&id));
        }
        for name in ["label", "start", "end"] {
            if let Some(value) = xml.attribute(tag, name)? {
                put(&mut cells, column_of(&EDGE_COLUMNS, name), Value::Text(value.into_owned()));
            }
        }
        if let Some(weight) = xml.number(tag, "weight")? {
            let column = column_of(&EDGE_COLUMNS, "weight");
            if !std::mem::replace(&mut self.weighted, true) {
                // The edges so far had none, which is a weight of 1.
                self.edges.fill(column, self.directed.iter().map(|_| Cell::Float(1.0)));
            }
            put(&mut cells, column, Value::Float(weight));
        } else if self.weighted {
            put(&mut cells, column_of(&EDGE_COLUMNS, "weight"), Value::Float(1.0));
        }
        self.directed.push(match xml.attribute(tag, "type")? {
            Some(kind) => direction(xml, &kind)?,
            None => self.default,
        });
        while let Some(child) = xml.child()? {
            match child.local_name().as_ref() {
                "attvalues" => attribute_values(xml, &self.edge_attributes, &mut cells)?,
                "color" => color(xml, &child, column_of(&EDGE_COLUMNS, "color"), &mut cells)?,
                "thickness" => {
                    if let Some(value) = xml.number(&child, "value")? {
                        let column = column_of(&EDGE_COLUMNS, "thickness");
                        put(&mut cells, column, Value::Float(value));
                    }
                    xml.skip()?;
                }
                _ => xml.skip()?,
            }
        }
        end_row(&mut self.edges, &cells, &self.edge_attributes);
        Ok(())
    }

    fn into_tables(mut self) -> Result<Tables> {
        let first = self.directed.first().copied().unwrap_or(self.default);
        let mixed = self.directed.iter().any(|&directed| directed != first);
        if mixed {
            add_directions(&mut self.edges, &self.directed);
        }
        with_one_id_type(Tables {
            edges: vec![self.edges.finish()?],
            nodes: Some(self.nodes.finish()?),
            directed: Some(mixed || first),
        })
    }
}

fn id_cell(id: &str, text: bool) -> Cell<'_> {
    if text { Cell::Text(id) } else { Cell::int_or_text(id) }
}

fn direction(xml: &Xml<'_>, kind: &str) -> Result<bool, Broken> {
    match kind {
        "directed" => Ok(true),
        "undirected" | "mutual" => Ok(false),
        other => {
            let problem = format!("an edge is `{other}`, not `directed`, `undirected` or `mutual`");
            Err(xml.broken(problem))
        }
    }
}

fn attribute_values(
    xml: &mut Xml<'_>,
    attributes: &Attributes,
    cells: &mut Cells,
) -> Result<(), Broken> {
    while let Some(child) = xml.child()? {
        if child.local_name().as_ref() == "attvalue" {
            // Version 1.1 calls it `id`.
            let id = match xml.attribute(&child, "for")? {
                Some(id) => id,
                None => xml.required(&child, "id")?,
            };
            let Some((column, declared)) = attributes.columns.get(id.as_ref()) else {
                return Err(xml.broken(format!("attribute `{id}` is not declared")));
            };
            let text = xml.required(&child, "value")?.into_owned();
            put(cells, *column, xml.value(text, declared)?);
        }
        xml.skip()?;
    }
    Ok(())
}

fn color(
    xml: &mut Xml<'_>,
    tag: &BytesStart<'_>,
    column: usize,
    cells: &mut Cells,
) -> Result<(), Broken> {
    if let Some(hex) = xml.attribute(tag, "hex")? {
        put(cells, column, Value::Text(hex.to_ascii_lowercase()));
        return xml.skip();
    }
    let channel = |name: &str| {
        let value = xml.required(tag, name)?;
        value
            .trim()
            .parse::<u8>()
            .map_err(|_| xml.broken(format!("color {name} is `{value}`, not 0 to 255")))
    };
    let text = format!("#{:02x}{:02x}{:02x}", channel("r")?, channel("g")?, channel("b")?);
    put(cells, column, Value::Text(text));
    xml.skip()
}

/// Ends the row with its cells, and with defaults where it has none.
fn end_row(rows: &mut Rows, cells: &Cells, attributes: &Attributes) {
    for (column, value) in cells.iter().chain(&attributes.defaults) {
        rows.set(*column, value.cell());
    }
    rows.end_row();
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, RecordBatch};
    use arrow::datatypes::{Float64Type, Int32Type, Int64Type};

    use super::*;

    fn read(text: &str) -> Result<Tables> {
        read_tables(text.as_bytes())
    }

    fn names(batch: &RecordBatch) -> Vec<String> {
        batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    #[test]
    fn attributes_and_looks_become_columns() {
        let tables = read(
            r##"<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
              <meta><creator>hand</creator></meta>
              <graph defaultedgetype="undirected" mode="static">
                <attributes class="node"><attribute id="0" title="rank" type="integer"><default>3</default></attribute>
                  <attribute id="1" title="label" type="string"/></attributes>
                <attributes class="edge"><attribute id="0" title="kind" type="string"/></attributes>
                <nodes>
                  <node id="10" label="ten &amp; more"><attvalues><attvalue for="0" value="5"/></attvalues>
                    <viz:color r="255" g="0" b="16" a="0.5"/><viz:position x="1.5" y="-2" z="0"/><viz:size value="4"/></node>
                  <node id="11"><attvalues><attvalue for="1" value="own"/></attvalues><viz:color hex="#00FF00"/>
                    <nodes><node id="12"/></nodes></node>
                </nodes>
                <edges><edge id="0" source="10" target="11" weight="2.5"><attvalues><attvalue for="0" value="a"/></attvalues></edge>
                  <edge source="11" target="12" type="mutual"/></edges>
              </graph></gexf>"##,
        )
        .unwrap();
        let nodes = tables.nodes.unwrap();
        assert_eq!(
            names(&nodes),
            ["id", "label", "pid", "color", "x", "y", "z", "size", "rank", "label_"]
        );
        assert_eq!(nodes.column(0).as_primitive::<Int64Type>().values()[..], [10, 11, 12]);
        let text = |name: &str| nodes.column_by_name(name).unwrap().as_string::<i32>().clone();
        assert_eq!((text("label").value(0), text("label_").value(1)), ("ten & more", "own"));
        assert_eq!((text("color").value(0), text("color").value(1)), ("#ff0010", "#00ff00"));
        assert_eq!(text("pid").value(2), "11");
        let ranks = nodes.column_by_name("rank").unwrap().as_primitive::<Int32Type>();
        assert_eq!(ranks.values()[..], [5, 3, 3]);
        let x = nodes.column_by_name("x").unwrap().as_primitive::<Float64Type>();
        assert_eq!((x.value(0), x.is_null(1)), (1.5, true));
        assert_eq!(names(&tables.edges[0]), ["source", "target", "id", "weight", "kind"]);
        assert_eq!(tables.directed, Some(false));
    }

    #[test]
    fn idtype_string_keeps_numbers_as_text() {
        let tables =
            read("<gexf><graph idtype='string'><nodes><node id='7'/></nodes></graph></gexf>")
                .unwrap();
        assert_eq!(tables.nodes.unwrap().column(0).as_string::<i32>().value(0), "7");
    }

    #[test]
    fn edges_beside_weighted_ones_weigh_1() {
        let tables = read(
            "<gexf><graph><edges><edge source='1' target='2'/><edge source='2' target='3' weight='7'/>\
             <edge source='3' target='1'/></edges></graph></gexf>",
        )
        .unwrap();
        let weights = tables.edges[0].column_by_name("weight").unwrap();
        assert_eq!(weights.as_primitive::<Float64Type>().values()[..], [1.0, 7.0, 1.0]);
    }

    #[test]
    fn directions_that_differ_become_a_column() {
        let tables = read(
            "<gexf><graph defaultedgetype='directed'><edges><edge source='1' target='2'/>\
             <edge source='2' target='3' type='undirected'/></edges></graph></gexf>",
        )
        .unwrap();
        let directed = tables.edges[0].column_by_name("directed").unwrap().as_boolean();
        assert_eq!(directed.iter().collect::<Vec<_>>(), [Some(true), Some(false)]);
        assert_eq!(tables.directed, Some(true));
    }

    #[test]
    fn every_broken_rule_is_named_with_its_line() {
        let in_graph = |body: &str| format!("<gexf>\n<graph>\n{body}\n</graph></gexf>");
        for (text, place, problem) in [
            ("<graphml/>".to_owned(), 1, "the root element is <graphml>, not <gexf>"),
            ("<gexf>\n</gexf>".to_owned(), 2, "there is no element <graph>"),
            (in_graph("<nodes><node/></nodes>"), 3, "element <node> has no attribute `id`"),
            (
                in_graph(
                    "<nodes><node id='a'><attvalues>\n<attvalue for='9' value='1'/></attvalues></node></nodes>",
                ),
                4,
                "attribute `9` is not declared",
            ),
            (
                in_graph("<nodes><node id='a'><color r='256' g='0' b='0'/></node></nodes>"),
                3,
                "color r is `256`, not 0 to 255",
            ),
            (
                in_graph("<nodes><node id='a'><position x='q'/></node></nodes>"),
                3,
                "x is `q`, not a number",
            ),
            (
                in_graph("<edges><edge source='a' target='b' type='odd'/></edges>"),
                3,
                "an edge is `odd`",
            ),
            (in_graph("<edges><edge source='a' target='b' weight=''/></edges>"), 3, "weight is ``"),
            (in_graph("<attributes class='graph'/>"), 3, "class `graph`"),
            (in_graph("<nodes>"), 4, "graph"),
        ] {
            let message = read(&text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("line {place} is not GEXF: ")), "{message}");
            assert!(message.contains(problem), "{message}");
        }
    }
}
