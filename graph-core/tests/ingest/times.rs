//! Dates and times in columns, and as ids.

use super::*;

/// What delimited text makes of times, formats do that have no type for them.
#[test]
fn texts_that_are_times_are_times_in_every_format() {
    let columns = [
        ("day", ["2024-02-29", "1969-12-31"]),
        ("clock", ["2024-02-29T12:30:00.5", "2024-03-01 00:00:00"]),
        ("mixed", ["2024-02-29", "2024-03-01T01:00:00"]),
        ("instant", ["2024-02-29T12:30:00Z", "2024-02-29T12:30:00+01:00"]),
        ("nowhere", ["2024-02-29T12:30:00Z", "2024-02-29T12:30:00"]),
        ("soon", ["2024-02-29", "soon"]),
        ("finer", ["2024-02-29T12:30:00.123456789", "2024-02-29T12:30:00"]),
    ];
    let read_as = |name: &str, text: &str| {
        read_from(text.as_bytes(), name, &ReadOptions::default()).unwrap().0
    };
    // Ends that look like days are names all the same.
    let ends = [("2001-01-01", "2001-01-02"), ("2001-01-02", "2001-01-03")];
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut csv = format!("source,target,{}\n", names.join(","));
    let (mut lines, mut xml, mut links) = (String::new(), String::new(), Vec::new());
    for (row, (source, target)) in ends.iter().enumerate() {
        let values = columns.iter().map(|(_, values)| values[row]);
        let line = values.clone().collect::<Vec<_>>().join(",");
        writeln!(csv, "{source},{target},{line}").unwrap();
        let members: Vec<String> =
            names.iter().zip(values).map(|(name, value)| format!("{name:?}:{value:?}")).collect();
        let link = format!("{{\"source\":{source:?},\"target\":{target:?},{}}}", members.join(","));
        writeln!(lines, "{link}").unwrap();
        links.push(link);
        write!(xml, "<edge source={source:?} target={target:?}>").unwrap();
        for (name, values) in &columns {
            write!(xml, "<data key={name:?}>{}</data>", values[row]).unwrap();
        }
        xml.push_str("</edge>");
    }
    let node_link = format!("{{\"nodes\":[],\"links\":[{}]}}", links.join(","));
    let mut keys = String::new();
    for name in &names {
        let of = "for=\"edge\"";
        write!(keys, "<key id={name:?} {of} attr.name={name:?} attr.type=\"string\"/>").unwrap();
    }
    let nodes = "<node id=\"2001-01-01\"/><node id=\"2001-01-02\"/><node id=\"2001-01-03\"/>";
    let graphml =
        format!("<graphml>{keys}<graph edgedefault=\"undirected\">{nodes}{xml}</graph></graphml>");
    let expected = read_as("e.csv", &csv);
    let types: Vec<DataType> =
        expected.edges().schema().fields().iter().map(|f| f.data_type().clone()).collect();
    let time = |zone: Option<&str>| {
        DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, zone.map(Into::into))
    };
    let text = || DataType::Utf8;
    let kinds =
        [DataType::Date32, time(None), time(None), time(Some("UTC")), text(), text(), text()];
    assert_eq!(types, kinds);
    for (name, text) in [("e.jsonl", lines), ("e.json", node_link), ("e.graphml", graphml)] {
        let graph = read_as(name, &text);
        assert_eq!(graph.ids().data_type(), &DataType::Utf8, "{name}");
        for column in &names {
            let of = |graph: &Graph| Arc::clone(graph.edges().column_by_name(column).unwrap());
            assert_eq!(&of(&graph), &of(&expected), "{column} of {name}");
        }
    }
}

#[test]
fn nodes_of_json_have_times() {
    let folder = tempfile::tempdir().unwrap();
    let (edges, nodes) = (folder.path().join("e.csv"), folder.path().join("n.jsonl"));
    std::fs::write(&edges, "source,target\n2001-01-01,b\nb,c\n").unwrap();
    std::fs::write(
        &nodes,
        "{\"id\":\"2001-01-01\",\"seen\":\"2024-02-29\",\"no\":null}\n{\"id\":\"b\",\"no\":\"\"}\n",
    )
    .unwrap();
    let options = ReadOptions { nodes: Some(nodes.clone()), ..ReadOptions::default() };
    let (graph, _) = read(&edges, &options).unwrap();
    let of = |table: &RecordBatch, name: &str| Arc::clone(table.column_by_name(name).unwrap());
    let seen = of(graph.nodes(), "seen");
    assert_eq!(
        (seen.data_type(), seen.is_null(1), seen.is_null(2)),
        (&DataType::Date32, true, true)
    );
    assert_eq!(of(graph.nodes(), "no").data_type(), &DataType::Utf8);
    // Of a table nobody knows which of its columns name nodes.
    assert_eq!(of(&read_table(&nodes).unwrap(), "seen").data_type(), &DataType::Utf8);
}

#[test]
fn times_of_gml_and_gexf_are_times() {
    let gml = "graph [ node [ id 1 seen \"2024-02-29\" ] node [ id 2 ] edge [ source 1 target 2 at \"2024-02-29T12:30:00Z\" ] ]";
    let gexf = "<gexf version=\"1.3\"><graph><attributes class=\"node\"><attribute id=\"0\" title=\"seen\" type=\"string\"/></attributes>\
        <attributes class=\"edge\"><attribute id=\"1\" title=\"at\" type=\"string\"/></attributes>\
        <nodes><node id=\"1\"><attvalues><attvalue for=\"0\" value=\"2024-02-29\"/></attvalues></node><node id=\"2\"/></nodes>\
        <edges><edge source=\"1\" target=\"2\"><attvalues><attvalue for=\"1\" value=\"2024-02-29T12:30:00Z\"/></attvalues></edge></edges></graph></gexf>";
    for (name, content) in [("g.gml", gml), ("g.gexf", gexf)] {
        let (graph, _) = text(name, content).unwrap();
        let of = |table: &RecordBatch, column: &str| {
            table.column_by_name(column).expect(name).data_type().clone()
        };
        assert_eq!(of(graph.nodes(), "seen"), DataType::Date32, "{name}");
        let utc = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(of(graph.edges(), "at"), utc, "{name}");
    }
}

#[test]
fn dates_and_times_are_ids_by_their_text() {
    let days: ArrayRef = Arc::new(Date32Array::from(vec![18_262, 18_263, 18_262]));
    let times: ArrayRef =
        Arc::new(TimestampSecondArray::from(vec![0, 1, 0]).with_timezone("+00:00"));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["2020-01-02", "a", "2020-01-01"]));
    let graph = |source: &ArrayRef, target: &ArrayRef| {
        let edges = [("source", Arc::clone(source)), ("target", Arc::clone(target))];
        let edges = RecordBatch::try_from_iter(edges).unwrap();
        Graph::from_batches([edges], None, &ReadOptions::default()).unwrap()
    };
    let ids = |graph: &Graph| -> Vec<String> {
        let ids = graph.ids().as_string::<i32>();
        ids.iter().map(|id| id.unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&graph(&days, &texts)), ["2020-01-01", "2020-01-02", "a"]);
    let mixed = ids(&graph(&times, &days));
    let expected = ["1970-01-01T00:00:00Z", "2020-01-01", "1970-01-01T00:00:01Z", "2020-01-02"];
    assert_eq!(mixed, expected);
    let coded = arrow::compute::cast(
        &texts,
        &DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)),
    );
    assert_eq!(ids(&graph(&days, &coded.unwrap())), ["2020-01-01", "2020-01-02", "a"]);
}
