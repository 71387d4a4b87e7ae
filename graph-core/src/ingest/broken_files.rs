//! Readers of text formats give a graph or an error for every file there is: files cut off and
//! changed at every byte.

use proptest::prelude::*;

use super::{ReadOptions, Tables, gexf, gml, graphml, json, matrix_market, metis};
use crate::Result;

type Read = fn(&[u8]) -> Result<Tables>;

fn node_link(input: &[u8]) -> Result<Tables> {
    json::read_node_link(input, &ReadOptions::default())
}

/// Small files that between them use every construct.
const FILES: [(&str, Read, &str); 12] = [
    (
        "lines.jsonl",
        json::read_lines,
        "{\"source\":\"a\\u00e9\",\"target\":\"b\",\"w\":1.5e3}\n{\"source\":\"b\",\"target\":\"ü\",\"w\":null,\"n\":{\"k\":[1,-2]}}\n",
    ),
    (
        "networkx.json",
        node_link,
        r#"{"directed": true, "graph": {"a": [{}]}, "nodes": [{"id": 1, "x": 0.5}, {"id": "q", "t": [1]}], "links": [{"source": 1, "target": "q", "w": 18446744073709551615}]}"#,
    ),
    (
        "d3.json",
        node_link,
        r#"{"nodes": [{"name": "a"}, {"name": "b"}], "links": [{"source": 0, "target": 1}]}"#,
    ),
    (
        "places.json",
        node_link,
        r#"{"nodes": [{"id": "a"}, {"id": "b"}], "links": [{"source": 0, "target": 1}]}"#,
    ),
    (
        "graphology.json",
        node_link,
        r#"{"options": {"type": "mixed"}, "nodes": [{"key": "a", "attributes": {"z": true}}], "edges": [{"from": "a", "to": "a", "attributes": {}}]}"#,
    ),
    (
        "real.mtx",
        matrix_market::read_tables,
        "%%MatrixMarket matrix coordinate real general\n% c\n3 3 2\n1 2 0.5\n3 1 -1e5\n",
    ),
    (
        "skew.mtx",
        matrix_market::read_tables,
        "%%MatrixMarket matrix coordinate integer skew-symmetric\n3 3 1\n2 1 -9223372036854775807\n",
    ),
    ("all.metis", metis::read_tables, "% c\n3 2 111 2\n1 2 3 2 9\n1 5 5 1 9 3 8\n0 0 0 2 8\n"),
    (
        "all.graphml",
        graphml::read_tables,
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c --><graphml xmlns='g'><key id='a' for='node' attr.name='n' attr.type='int'><default>3</default></key>\
         <key id='b' for='edge' attr.name='f' attr.type='boolean'/><graph edgedefault='directed'><node id='1'><data key='a'>4</data><graph><node id='n&amp;&#x41;'/></graph></node>\
         <edge source='1' target='2' directed='false' id='e'><data key='b'>true</data><![CDATA[x]]></edge></graph></graphml>",
    ),
    (
        "latin.graphml",
        graphml::read_tables,
        "<?xml version='1.0' encoding='latin1'?><graphml><graph edgedefault='undirected'><node id='\u{e9}'/></graph></graphml>",
    ),
    (
        "all.gexf",
        gexf::read_tables,
        "<gexf><graph defaultedgetype='mutual' idtype='string'><attributes class='node'><attribute id='0' title='label' type='long'><default>7</default></attribute></attributes>\
         <nodes><node id='1' label='a'><attvalues><attvalue for='0' value='9'/></attvalues><viz:color r='1' g='2' b='3'/><viz:position x='1' y='2.5'/><viz:size value='3'/>\
         <nodes><node id='2' pid='1'/></nodes></node></nodes><edges><edge id='e' source='1' target='2' weight='0.5' type='directed'/><edge source='2' target='1'/></edges></graph></gexf>",
    ),
    (
        "all.gml",
        gml::read_tables,
        "# c\nCreator \"x\" graph [ directed 1 node [ id 1 label \"&eacute;&#233;&\" graphics [ x 1.5 fill \"#fff\" ] t 1 t 2 ] edge [ source 1 target 1 l [ a [ b -1e3 ] a 2 ] ] ]",
    ),
];

/// Tables that a reader accepts may still be refused as a graph, with the file's name.
#[test]
fn a_file_cut_off_or_changed_at_any_byte_is_a_graph_or_an_error() {
    for (name, _, text) in FILES {
        let text = text.as_bytes();
        let check = |bytes: &[u8]| {
            if let Err(error) = crate::read_from(bytes, name, &ReadOptions::default()) {
                assert!(error.to_string().starts_with(name), "{error}");
            }
        };
        for at in 0..text.len() {
            check(&text[..at]);
            check(&[&text[..at], &text[at + 1..]].concat());
            check(&[&text[..at], b"-", &text[at + 1..]].concat());
            check(&[&text[..at], b"9", &text[at..]].concat());
        }
    }
}

/// Bytes that mean something in one of the formats, and some that mean nothing in any.
const BYTES: &[u8] = b"\0\t\n \"#%&'+-/0179;<>[]aeE{},:.\\\x7f\x80\xc3\xff";

#[test]
fn the_files_are_whole() {
    for (name, read, text) in FILES {
        let tables = read(text.as_bytes());
        assert!(tables.is_ok(), "{name}: {}", tables.unwrap_err());
    }
}

#[test]
fn a_file_cut_off_or_changed_at_any_byte_is_read_or_refused() {
    for (_, read, text) in FILES {
        let text = text.as_bytes();
        for at in 0..text.len() {
            let _ = read(&text[..at]);
            let _ = read(&text[at..]);
            let _ = read(&[&text[..at], &text[at + 1..]].concat());
            for &byte in BYTES {
                let mut changed = text.to_vec();
                changed[at] = byte;
                let _ = read(&changed);
                changed.insert(at, byte);
                let _ = read(&changed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Pieces of the files copied over one another: broken in many places at once.
    #[test]
    fn shuffled_pieces_are_read_or_refused(
        file in 0..FILES.len(),
        moves in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..40_usize), 1..6),
    ) {
        let (_, read, text) = FILES[file];
        let mut bytes = text.as_bytes().to_vec();
        for (from, to, len) in moves {
            let from = from.index(bytes.len());
            let piece = bytes[from..bytes.len().min(from + len)].to_vec();
            let to = to.index(bytes.len());
            bytes.splice(to..to, piece);
        }
        let _ = read(&bytes);
    }

    /// Any bytes behind the word that makes a reader start.
    #[test]
    fn noise_is_read_or_refused(file in 0..FILES.len(), noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_, read, text) = FILES[file];
        let start = text.len() / 2;
        let start = (0..=start).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let _ = read(&[&text.as_bytes()[..start], &noise].concat());
        let _ = read(&noise);
    }
}
