//! GraphML.

use arrow::datatypes::DataType;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use quick_xml::events::BytesStart;

use super::Tables;
use super::rows::{Cell, Rows, Value};
use super::text::Broken;
use super::xml::{Xml, decode, with_one_id_type};
use crate::Result;

const FORMAT: &str = "GraphML";

/// Reads the nodes and edges of a document.
///
/// | in the document               | in the graph                                                   |
/// |-------------------------------|----------------------------------------------------------------|
/// | `key` with a type and default | node or edge column of that type, filled with the default      |
/// | `edgedefault`                 | directed or not                                                |
/// | `directed` of an edge         | the same, if all edges agree; else the graph counts as directed |
/// |                               | and the edge column `directed` tells them apart                |
/// | graphs within nodes           | their nodes and edges are nodes and edges like all others      |
/// | `id` of an edge, ports        | edge columns `id`, `sourceport`, `targetport`                  |
/// | keys without a type (yEd)     | passed over, with their elements                               |
/// | hyperedges                    | refused                                                        |
///
/// Ids are integers if all of them are written as integers are, else text.
pub(crate) fn read_tables(input: &[u8]) -> Result<Tables> {
    let document = decode(input).and_then(|text| {
        let mut document = Document::new();
        // Places are counted in the text: where Latin-1 became UTF-8, lines stay the same.
        document.read(&text).map_err(|broken| Broken {
            at: byte_of(input, &text, broken.at),
            problem: broken.problem,
        })?;
        Ok(document)
    });
    document.map_err(|broken| broken.in_input(FORMAT, input))?.into_tables()
}

/// The first byte of `input` in the line in which byte `at` of its decoded `text` lies.
pub(super) fn byte_of(input: &[u8], text: &str, at: usize) -> usize {
    let line = super::text::line_of(text.as_bytes(), at);
    super::text::lines(input, 0..input.len()).nth(line - 1).map_or(input.len(), |(at, _)| at)
}

/// Columns of one kind of element, by key.
#[derive(Default)]
struct Keys {
    columns: HashMap<String, (usize, DataType), FixedState>,
    defaults: Vec<(usize, Value)>,
}

struct Document {
    nodes: Rows,
    edges: Rows,
    node_keys: Keys,
    edge_keys: Keys,
    /// Direction of each edge.
    directed: Vec<bool>,
    /// Direction where no edge says it.
    default: Option<bool>,
    /// Cells of the element at hand.
    cells: Vec<(usize, Value)>,
}

const SOURCE: usize = 0;
const TARGET: usize = 1;
const EDGE_ID: usize = 2;
const SOURCE_PORT: usize = 3;
const TARGET_PORT: usize = 4;

impl Document {
    fn new() -> Self {
        Self {
            nodes: Rows::with_columns(&["id"], &[]),
            edges: Rows::with_columns(&["source", "target"], &["id", "sourceport", "targetport"]),
            node_keys: Keys::default(),
            edge_keys: Keys::default(),
            directed: Vec::new(),
            default: None,
            cells: Vec::new(),
        }
    }

    fn read(&mut self, text: &str) -> Result<(), Broken> {
        let mut xml = Xml::new(text);
        xml.root("graphml")?;
        let mut graphs = 0;
        while let Some(tag) = xml.child()? {
            match tag.local_name().as_ref() {
                "key" => self.key(&mut xml, &tag)?,
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

    fn key(&mut self, xml: &mut Xml<'_>, tag: &BytesStart<'_>) -> Result<(), Broken> {
        let id = xml.required(tag, "id")?.into_owned();
        let name = xml.attribute(tag, "attr.name")?.map_or_else(|| id.clone(), Into::into);
        let declared = match xml.attribute(tag, "attr.type")?.as_deref() {
            Some("boolean") => DataType::Boolean,
            Some("int") => DataType::Int32,
            Some("long") => DataType::Int64,
            Some("float") => DataType::Float32,
            Some("double") => DataType::Float64,
            Some("string") => DataType::Utf8,
            Some(other) => {
                let problem = format!("key `{id}` has type `{other}`, which GraphML does not know");
                return Err(xml.broken(problem));
            }
            // yEd keeps drawings under such keys.
            None => return xml.skip(),
        };
        let domain = xml.attribute(tag, "for")?.map_or_else(|| "all".to_owned(), Into::into);
        let mut default = None;
        while let Some(child) = xml.child()? {
            if child.local_name().as_ref() == "default" {
                default = Some(xml.text().and_then(|text| xml.value(text, &declared))?);
            } else {
                xml.skip()?;
            }
        }
        for (kind, keys, rows) in [
            ("node", &mut self.node_keys, &mut self.nodes),
            ("edge", &mut self.edge_keys, &mut self.edges),
        ] {
            if domain != "all" && domain != kind {
                continue;
            }
            let column = rows.declare(&name, Some(declared.clone()));
            if keys.columns.insert(id.clone(), (column, declared.clone())).is_some() {
                return Err(xml.broken(format!("key `{id}` is declared twice")));
            }
            keys.defaults.extend(default.clone().map(|default| (column, default)));
        }
        Ok(())
    }

    fn graph(&mut self, xml: &mut Xml<'_>, tag: &BytesStart<'_>) -> Result<(), Broken> {
        let directed = match xml.attribute(tag, "edgedefault")?.as_deref() {
            Some("directed") => Some(true),
            Some("undirected") => Some(false),
            None => None,
            Some(other) => {
                let problem = format!("edgedefault is `{other}`, not `directed` or `undirected`");
                return Err(xml.broken(problem));
            }
        };
        self.default = self.default.or(directed);
        while let Some(child) = xml.child()? {
            match child.local_name().as_ref() {
                "node" => self.node(xml, &child)?,
                "edge" => self.edge(xml, &child, directed.or(self.default).unwrap_or(false))?,
                "hyperedge" => {
                    return Err(xml.broken("a hyperedge joins more than two nodes; not supported"));
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn node(&mut self, xml: &mut Xml<'_>, tag: &BytesStart<'_>) -> Result<(), Broken> {
        let id = xml.required(tag, "id")?;
        self.nodes.set(0, Cell::int_or_text(&id));
        self.cells.clear();
        let mut ended = false;
        while let Some(child) = xml.child()? {
            match child.local_name().as_ref() {
                "data" if ended => {
                    return Err(xml.broken("data of a node stand behind the graph in it"));
                }
                "data" => self.data(xml, &child, true)?,
                "graph" => {
                    if !ended {
                        self.end_node(xml)?;
                        ended = true;
                    }
                    self.graph(xml, &child)?;
                }
                _ => xml.skip()?,
            }
        }
        if ended { Ok(()) } else { self.end_node(xml) }
    }

    fn end_node(&mut self, xml: &Xml<'_>) -> Result<(), Broken> {
        end_row(xml, &mut self.nodes, &mut self.cells, &self.node_keys)
    }

    fn edge(
        &mut self,
        xml: &mut Xml<'_>,
        tag: &BytesStart<'_>,
        default: bool,
    ) -> Result<(), Broken> {
        for (column, name) in [(SOURCE, "source"), (TARGET, "target")] {
            let id = xml.required(tag, name)?;
            self.edges.set(column, Cell::int_or_text(&id));
        }
        for (column, name) in
            [(EDGE_ID, "id"), (SOURCE_PORT, "sourceport"), (TARGET_PORT, "targetport")]
        {
            if let Some(id) = xml.attribute(tag, name)? {
                self.edges.set(column, Cell::int_or_text(&id));
            }
        }
        self.directed.push(match xml.attribute(tag, "directed")?.as_deref() {
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            None => default,
            Some(other) => {
                return Err(xml.broken(format!("directed is `{other}`, not `true` or `false`")));
            }
        });
        self.cells.clear();
        while let Some(child) = xml.child()? {
            if child.local_name().as_ref() == "data" {
                self.data(xml, &child, false)?;
            } else {
                xml.skip()?;
            }
        }
        end_row(xml, &mut self.edges, &mut self.cells, &self.edge_keys)
    }

    fn data(
        &mut self,
        xml: &mut Xml<'_>,
        tag: &BytesStart<'_>,
        of_node: bool,
    ) -> Result<(), Broken> {
        let key = xml.required(tag, "key")?;
        let keys = if of_node { &self.node_keys } else { &self.edge_keys };
        let Some((column, declared)) = keys.columns.get(key.as_ref()) else {
            return xml.skip();
        };
        let text = xml.text()?;
        self.cells.push((*column, xml.value(text, declared)?));
        Ok(())
    }

    fn into_tables(mut self) -> Result<Tables> {
        let first = self.directed.first().copied().or(self.default);
        let mixed = self.directed.iter().any(|&directed| Some(directed) != first);
        if mixed {
            add_directions(&mut self.edges, &self.directed);
        }
        with_one_id_type(Tables {
            edges: vec![self.edges.finish()?],
            nodes: Some(self.nodes.finish()?),
            directed: if mixed { Some(true) } else { first },
        })
    }
}

/// Adds the column `directed` to a finished table of edges.
pub(super) fn add_directions(edges: &mut Rows, directed: &[bool]) {
    let column = edges.declare("directed", None);
    edges.fill(column, directed.iter().map(|&directed| Cell::Bool(directed)));
}

/// Ends the row with its cells, and with defaults where it has none.
fn end_row(
    xml: &Xml<'_>,
    rows: &mut Rows,
    cells: &mut Vec<(usize, Value)>,
    keys: &Keys,
) -> Result<(), Broken> {
    for (column, value) in cells.drain(..) {
        if !rows.set(column, value.cell()) {
            return Err(xml.broken(format!("`{}` has two values", rows.name(column))));
        }
    }
    for (column, default) in &keys.defaults {
        rows.set(*column, default.cell());
    }
    rows.end_row();
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Float64Type, Int32Type, Int64Type};

    use super::*;

    fn read(text: &str) -> Result<Tables> {
        read_tables(text.as_bytes())
    }

    #[test]
    fn keys_types_defaults_and_nesting() {
        let tables = read(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE graphml [<!ENTITY x "y">]>
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns">
              <key id="d0" for="node" attr.name="name" attr.type="string"/>
              <key id="d1" for="node" attr.name="rank" attr.type="int"><default>7</default></key>
              <key id="d2" for="edge" attr.name="weight" attr.type="double"/>
              <key id="d3" for="node" yfiles.type="nodegraphics"/>
              <graph edgedefault="directed"><desc>two &amp; more</desc>
                <node id="a"><data key="d0">&lt;A&#233;&gt; <![CDATA[&]]> </data><data key="d1">-1</data>
                  <data key="d3"><y:Shape><y:x>1</y:x></y:Shape></data>
                  <graph edgedefault="undirected"><node id="b"/><edge source="a" target="b"/></graph>
                </node>
                <edge id="e" source="b" target="a" sourceport="N"><data key="d2">0.5</data></edge>
              </graph>
            </graphml>"#,
        )
        .unwrap();
        let nodes = tables.nodes.unwrap();
        assert_eq!(
            nodes.column(0).as_string::<i32>().iter().collect::<Vec<_>>(),
            [Some("a"), Some("b")]
        );
        let names = nodes.column_by_name("name").unwrap().as_string::<i32>();
        assert_eq!((names.value(0), names.is_null(1)), ("<Aé> & ", true));
        let ranks = nodes.column_by_name("rank").unwrap().as_primitive::<Int32Type>();
        assert_eq!(ranks.values()[..], [-1, 7]);
        assert_eq!(nodes.num_columns(), 3);
        let edges = &tables.edges[0];
        let weights = edges.column_by_name("weight").unwrap().as_primitive::<Float64Type>();
        assert_eq!((weights.is_null(0), weights.value(1)), (true, 0.5));
        let directed = edges.column_by_name("directed").unwrap().as_boolean();
        assert_eq!(directed.iter().collect::<Vec<_>>(), [Some(false), Some(true)]);
        assert_eq!(tables.directed, Some(true));
        assert_eq!(edges.column_by_name("sourceport").unwrap().as_string::<i32>().value(1), "N");
    }

    #[test]
    fn integer_ids_are_integers_and_mixed_ones_text() {
        let with = |ids: [&str; 2]| {
            let [u, v] = ids;
            read(&format!(
                "<graphml><graph edgedefault='undirected'><node id='{u}'/><node id='{v}'/>\
                 <edge source='{u}' target='{v}'/></graph></graphml>"
            ))
            .unwrap()
        };
        let tables = with(["3", "-4"]);
        assert_eq!(tables.edges[0].column(1).as_primitive::<Int64Type>().values()[..], [-4]);
        assert_eq!(tables.directed, Some(false));
        let tables = with(["3", "n4"]);
        assert_eq!(tables.edges[0].column(0).as_string::<i32>().value(0), "3");
        assert_eq!(tables.nodes.unwrap().column(0).as_string::<i32>().value(0), "3");
        let tables = with(["18446744073709551615", "1"]);
        assert_eq!(tables.edges[0].column(1).data_type(), &DataType::UInt64);
    }

    #[test]
    fn latin_1_is_read_when_declared() {
        let text = b"<?xml version='1.0' encoding='ISO-8859-1'?><graphml><graph edgedefault='directed'><node id='\xe9'/></graph></graphml>";
        let tables = read_tables(text).unwrap();
        assert_eq!(tables.nodes.unwrap().column(0).as_string::<i32>().value(0), "é");
    }

    #[test]
    fn every_broken_rule_is_named_with_its_line() {
        let deep = format!("<graphml>\n{}", "<a>".repeat(300));
        let in_graph = |body: &str| {
            format!(
                "<graphml>\n<key id='k' for='node' attr.name='n' attr.type='int'/>\n\
                 <graph edgedefault='directed'>\n{body}\n</graph></graphml>"
            )
        };
        for (text, place, problem) in [
            (String::new(), 1, "there is no element <graphml>"),
            ("<gexf/>".to_owned(), 1, "the root element is <gexf>, not <graphml>"),
            ("<graphml>\n</graphml>".to_owned(), 2, "there is no element <graph>"),
            ("<graphml>\n<graph>".to_owned(), 2, "the document ends inside an element"),
            (deep, 2, "elements are nested deeper than 256"),
            (in_graph("<node/>"), 4, "element <node> has no attribute `id`"),
            (in_graph("<edge source='a'/>"), 4, "element <edge> has no attribute `target`"),
            (in_graph("\n<hyperedge/>"), 5, "a hyperedge joins more than two nodes"),
            (
                in_graph("<node id='a'><data key='k'>x</data></node>"),
                4,
                "the value is `x`, not a 32-bit integer",
            ),
            (
                in_graph("<node id='a'><data key='k'>9999999999</data></node>"),
                4,
                "not a 32-bit integer",
            ),
            (
                in_graph("<node id='a'><data key='k'>1</data><data key='k'>1</data></node>"),
                4,
                "`n` has two values",
            ),
            (in_graph("<node id='&bomb;'/>"), 4, "bomb"),
            (in_graph("<node id='a'>&bomb;</node>"), 4, "entity `&bomb;` is unknown"),
            (in_graph("<node id='a'></edge>"), 4, "edge"),
            (in_graph("<edge source='a' target='b' directed='maybe'/>"), 4, "directed is `maybe`"),
            (
                "<graphml>\n<key id='k' attr.type='quaternion'/></graphml>".to_owned(),
                2,
                "`quaternion`",
            ),
        ] {
            let message = read(&text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("line {place} is not GraphML: ")), "{message}");
            assert!(message.contains(problem), "{message}");
        }
        let error = read_tables(b"<graphml>\n\xff</graphml>");
        assert_eq!(error.unwrap_err().to_string(), "line 2 is not GraphML: byte 0xff is not UTF-8");
    }
}
