//! A scene as bytes, and bytes from anywhere as a scene.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Scene, SceneBadge, SceneLabels, SceneTable, SceneTables, SceneType, SceneValues};
use crate::{Error, Result};

const MAGIC: [u8; 4] = *b"GLSC";
const VERSION: u32 = 1;

/// What asks for the tables, and how their buffers begin.
const TABLES: &str = "tables";
const COLUMN: &str = "column_";

/// Bytes before the header.
const LEAD: usize = 12;

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    n_nodes: u64,
    n_edges: u64,
    #[serde(default)]
    is_directed: bool,
    #[serde(default)]
    title: String,
    #[serde(default)]
    buffers: Map<String, Value>,
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    legend: Vec<Value>,
    #[serde(default)]
    labels: SceneLabels,
    #[serde(default)]
    icons: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    icons_as_text: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    badges: Vec<SceneBadge>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tables: Option<Cow<'a, SceneTables>>,
}

/// Where a buffer is.
#[derive(Serialize, Deserialize)]
struct Place {
    offset: u64,
    length: u64,
    #[serde(rename = "type")]
    kind: String,
    shape: Vec<u64>,
}

/// A number of a buffer.
trait Number: Copy {
    const KIND: &'static str;
    const BYTES: usize;
    fn put(self, to: &mut Vec<u8>);
    fn get(from: &[u8]) -> Self;
}

macro_rules! number {
    ($($kind:ident),*) => {$(
        impl Number for $kind {
            const KIND: &'static str = stringify!($kind);
            const BYTES: usize = size_of::<$kind>();

            fn put(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            fn get(from: &[u8]) -> Self {
                let mut bytes = [0; size_of::<$kind>()];
                bytes.copy_from_slice(from);
                Self::from_le_bytes(bytes)
            }
        }
    )*};
}

number!(u8, u16, u32, f32, f64);

/// Columns of one buffer: all of a type, whatever it is.
enum Column<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    F32(&'a [f32]),
    F64(&'a [f64]),
}

/// A buffer to write.
struct Part<'a> {
    name: Cow<'static, str>,
    width: usize,
    column: Column<'a>,
}

impl Part<'_> {
    fn place(&self, offset: usize) -> Place {
        let (kind, bytes, n) = match self.column {
            Column::U8(values) => (u8::KIND, u8::BYTES, values.len()),
            Column::U16(values) => (u16::KIND, u16::BYTES, values.len()),
            Column::U32(values) => (u32::KIND, u32::BYTES, values.len()),
            Column::F32(values) => (f32::KIND, f32::BYTES, values.len()),
            Column::F64(values) => (f64::KIND, f64::BYTES, values.len()),
        };
        let rows = (n / self.width) as u64;
        let shape = if self.width > 1 { vec![rows, self.width as u64] } else { vec![rows] };
        Place { offset: offset as u64, length: (n * bytes) as u64, kind: kind.to_owned(), shape }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self.column {
            Column::U8(values) => out.write_all(values),
            Column::U16(values) => put_all(values, out),
            Column::U32(values) => put_all(values, out),
            Column::F32(values) => put_all(values, out),
            Column::F64(values) => put_all(values, out),
        }
    }
}

fn put_all<T: Number>(values: &[T], out: &mut impl Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(1 << 16);
    for values in values.chunks((1 << 16) / T::BYTES) {
        bytes.clear();
        for &value in values {
            value.put(&mut bytes);
        }
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// The next place that is a multiple of 8.
const fn aligned(at: usize) -> usize {
    at.next_multiple_of(8)
}

impl Scene {
    /// Writes the file of this scene.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        self.write_some(|_| true, out)
    }

    /// Writes the file with those buffers alone whose names `wanted` takes, for a reader that knows the others.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_some(&self, wanted: impl Fn(&str) -> bool, mut out: impl Write) -> io::Result<()> {
        let mut parts = self.parts();
        let with_tables = wanted(TABLES);
        parts.retain(|part| match part.name.starts_with(COLUMN) {
            true => with_tables,
            false => wanted(&part.name),
        });
        let header = |start: usize| -> serde_json::Result<Vec<u8>> {
            let mut at = start;
            let mut buffers = Map::new();
            for part in &parts {
                let place = part.place(at);
                at = aligned(at + place.length as usize);
                buffers.insert(part.name.clone().into_owned(), serde_json::to_value(place)?);
            }
            serde_json::to_vec(&Header {
                n_nodes: self.n_nodes as u64,
                n_edges: self.n_edges as u64,
                is_directed: self.is_directed,
                title: self.title.clone(),
                buffers,
                settings: self.settings.clone(),
                legend: self.legend.clone(),
                labels: self.labels.clone(),
                icons: self.icons.clone(),
                icons_as_text: self.icons_as_text,
                badges: self.badges.clone(),
                tables: self.tables.as_ref().filter(|_| with_tables).map(Cow::Borrowed),
            })
        };
        // The header says where buffers begin, which depends on how long it is: until it fits.
        let mut start = LEAD;
        let text = loop {
            let text = header(start)?;
            let fits = aligned(LEAD + text.len());
            if fits <= start {
                break text;
            }
            start = fits;
        };
        out.write_all(&MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.write_all(&((start - LEAD) as u32).to_le_bytes())?;
        out.write_all(&text)?;
        let blank = [b' '; 8];
        let mut left = start - LEAD - text.len();
        while left > 0 {
            let n = left.min(blank.len());
            out.write_all(&blank[..n])?;
            left -= n;
        }
        for part in &parts {
            part.write(&mut out)?;
            let length = part.place(0).length as usize;
            out.write_all(&[0; 8][..aligned(length) - length])?;
        }
        out.flush()
    }

    fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        let mut add = |name: &'static str, width, column| {
            parts.push(Part { name: name.into(), width, column });
        };
        add("edges", 2, Column::U32(self.edges.as_flattened()));
        if let Some(positions) = &self.positions {
            add("positions", 2, Column::F32(positions.as_flattened()));
        }
        for (name, colors) in [("node_color", &self.node_color), ("edge_color", &self.edge_color)] {
            if let Some(colors) = colors {
                add(name, 4, Column::U8(colors.as_flattened()));
            }
        }
        for (name, numbers) in [("node_size", &self.node_size), ("edge_width", &self.edge_width)] {
            if let Some(numbers) = numbers {
                add(name, 1, Column::F32(numbers));
            }
        }
        if let Some(icons) = &self.node_icon {
            add("node_icon", 1, Column::U16(icons));
        }
        for (i, column) in self.tables.iter().flat_map(|tables| &tables.columns).enumerate() {
            let column = match &column.values {
                SceneValues::Numbers(values) => Column::F64(values),
                SceneValues::Texts(rows) => Column::U32(rows),
            };
            parts.push(Part { name: column_name(i).into(), width: 1, column });
        }
        parts
    }

    /// The scene in a file, which may come from anywhere: all lengths, types and indices are checked. Buffers of
    /// other names are left out.
    ///
    /// O(bytes) time and memory.
    ///
    /// # Errors
    ///
    /// [`Error::BadScene`] with the place and what is wrong there.
    pub fn read(file: &[u8]) -> Result<Self> {
        let word = |at: usize| file.get(at..at + 4).map(u32::get);
        let lead = || Some((word(4)?, word(8)? as usize));
        let (version, length) = match lead() {
            Some(lead) if file.starts_with(&MAGIC) => lead,
            _ => return Err(bad("file", "it is no scene: it does not begin with GLSC")),
        };
        if version != VERSION {
            return Err(bad("file", format!("its version is {version}, but {VERSION} is known")));
        }
        let Some(text) = file.get(LEAD..).and_then(|rest| rest.get(..length)) else {
            let rest = file.len() - LEAD;
            return Err(bad("header", format!("it has {length} bytes, but only {rest} follow")));
        };
        let header: Header<'_> =
            serde_json::from_slice(text).map_err(|error| bad("header", error.to_string()))?;
        let count = |name, n: u64| {
            let fits = u32::try_from(n).map_err(|_| bad(name, format!("{n} are too many")));
            fits.map(|n| n as usize)
        };
        let (n, m) = (count("n_nodes", header.n_nodes)?, count("n_edges", header.n_edges)?);
        let buffers = &header.buffers;
        let edges = numbers::<u32, 2>(file, buffers, "edges", m)?;
        let edges = match edges {
            Some(edges) => edges,
            None if m == 0 => Vec::new(),
            None => return Err(bad("edges", format!("the ends of {m} edges are missing"))),
        };
        let end = |e: usize| edges[e].iter().find(|&&u| n <= u as usize);
        if let Some((e, u)) = (0..m).find_map(|e| Some((e, end(e)?))) {
            return Err(bad(
                "edges",
                format!("edge {e} names node {u}, but there are only {n} nodes"),
            ));
        }
        let sizes = |name: &str, rows| {
            let values = single(numbers::<f32, 1>(file, buffers, name, rows)?);
            let wrong =
                |values: &Vec<f32>| values.iter().position(|v| !(v.is_finite() && *v >= 0.0));
            match values.as_ref().and_then(wrong) {
                Some(row) => Err(bad(name, format!("row {row} is not finite, or negative"))),
                None => Ok(values),
            }
        };
        let node_icon = single(numbers::<u16, 1>(file, buffers, "node_icon", n)?);
        let most = header.icons.len();
        if let Some(icon) = node_icon.iter().flatten().find(|&&icon| most < usize::from(icon)) {
            let reason = format!("icon {icon} is named, but there are only {most}");
            return Err(bad("node_icon", reason));
        }
        let SceneLabels { index, text } = &header.labels;
        if index.len() != text.len() {
            let reason = format!("there are {} nodes and {} texts", index.len(), text.len());
            return Err(bad("labels", reason));
        }
        if let Some(u) = index.iter().find(|&&u| n <= u as usize) {
            return Err(bad("labels", format!("node {u} is named, but there are only {n} nodes")));
        }
        let mut tables = header.tables.map(Cow::into_owned);
        for (i, column) in tables.iter_mut().flat_map(|tables| &mut tables.columns).enumerate() {
            let name = column_name(i);
            let rows = if column.of == SceneTable::Nodes { n } else { m };
            let values =
                match column.kind {
                    SceneType::Text => single(numbers::<u32, 1>(file, buffers, &name, rows)?)
                        .map(SceneValues::Texts),
                    _ => single(numbers::<f64, 1>(file, buffers, &name, rows)?)
                        .map(SceneValues::Numbers),
                };
            column.values = values.ok_or_else(|| {
                bad(&name, format!("the rows of column {} are missing", column.name))
            })?;
            if let Some(error) = column.problem() {
                return Err(error);
            }
        }
        if let Some(reason) = header.badges.iter().find_map(|badge| badge.problem(n)) {
            return Err(bad("badges", reason));
        }
        Ok(Self {
            n_nodes: n,
            n_edges: m,
            is_directed: header.is_directed,
            title: header.title,
            edges,
            positions: numbers::<f32, 2>(file, buffers, "positions", n)?,
            node_color: numbers::<u8, 4>(file, buffers, "node_color", n)?,
            node_size: sizes("node_size", n)?,
            node_icon,
            edge_color: numbers::<u8, 4>(file, buffers, "edge_color", m)?,
            edge_width: sizes("edge_width", m)?,
            settings: header.settings,
            legend: header.legend,
            labels: header.labels,
            icons: header.icons,
            icons_as_text: header.icons_as_text,
            badges: header.badges,
            tables,
        })
    }
}

/// What the buffer of a column is called.
fn column_name(i: usize) -> String {
    format!("{COLUMN}{i}")
}

fn bad(place: &str, reason: impl Into<String>) -> Error {
    Error::BadScene { place: place.to_owned(), reason: reason.into() }
}

fn single<T: Number>(rows: Option<Vec<[T; 1]>>) -> Option<Vec<T>> {
    rows.map(Vec::into_flattened)
}

/// The rows of a buffer, if the file has it.
fn numbers<T: Number, const WIDTH: usize>(
    file: &[u8],
    buffers: &Map<String, Value>,
    name: &str,
    rows: usize,
) -> Result<Option<Vec<[T; WIDTH]>>> {
    let Some(place) = buffers.get(name) else { return Ok(None) };
    let place = Place::deserialize(place).map_err(|error| bad(name, error.to_string()))?;
    if place.kind != T::KIND {
        return Err(bad(name, format!("its type is {}, but must be {}", place.kind, T::KIND)));
    }
    let shape = if WIDTH > 1 { vec![rows as u64, WIDTH as u64] } else { vec![rows as u64] };
    if place.shape != shape {
        return Err(bad(name, format!("its shape is {:?}, but must be {shape:?}", place.shape)));
    }
    let expected = (rows * WIDTH * T::BYTES) as u64;
    if place.length != expected {
        let found = place.length;
        return Err(bad(name, format!("it has {found} bytes, but must have {expected}")));
    }
    let bytes = usize::try_from(place.offset).ok().and_then(|at| {
        let end = at.checked_add(expected as usize)?;
        file.get(at..end)
    });
    let Some(bytes) = bytes else {
        let (at, all) = (place.offset, file.len());
        return Err(bad(name, format!("it is {expected} bytes from {at} on of a file of {all}")));
    };
    let row = |bytes: &[u8]| std::array::from_fn(|i| T::get(&bytes[i * T::BYTES..][..T::BYTES]));
    Ok(Some(bytes.chunks_exact(WIDTH * T::BYTES).map(row).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scene::SceneColumn;

    fn scene() -> Scene {
        Scene {
            n_nodes: 3,
            n_edges: 2,
            is_directed: true,
            title: "ä </script> \u{1f600}".to_owned(),
            edges: vec![[0, 1], [2, 2]],
            positions: Some(vec![[0.0, -1.5], [f32::MAX, 2.0], [1e-40, 3.0]]),
            node_color: Some(vec![[1, 2, 3, 4]; 3]),
            node_size: Some(vec![1.0, 2.0, 0.0]),
            node_icon: Some(vec![0, 2, 1]),
            edge_color: Some(vec![[9; 4], [0; 4]]),
            edge_width: Some(vec![0.5, 4.0]),
            settings: Map::from_iter([("point_size".to_owned(), 2.5.into())]),
            legend: vec![serde_json::json!({"channel": "node_color", "kind": "raw"})],
            labels: SceneLabels { index: vec![2, 0], text: vec!["c".to_owned(), String::new()] },
            icons: vec!["user".to_owned(), "🇩🇪".to_owned()],
            icons_as_text: true,
            badges: vec![SceneBadge {
                position: "TopRight".to_owned(),
                index: vec![2],
                icon: vec!["flag".to_owned()],
                color: vec![String::new()],
                background: vec!["#ff0000".to_owned()],
                as_text: false,
            }],
            tables: Some(SceneTables {
                ends: ["from".to_owned(), "to".to_owned()],
                id: Some("Text".to_owned()),
                columns: vec![
                    column(SceneTable::Nodes, SceneType::Text, SceneValues::Texts(vec![1, 0, 2])),
                    column(
                        SceneTable::Edges,
                        SceneType::Time,
                        SceneValues::Numbers(vec![1e12, -0.5]),
                    ),
                ],
                left_out: vec!["long".to_owned()],
            }),
        }
    }

    fn column(of: SceneTable, kind: SceneType, values: SceneValues) -> SceneColumn {
        let texts =
            if kind == SceneType::Text { vec!["a".to_owned(), "ß".to_owned()] } else { vec![] };
        SceneColumn { of, name: format!("{kind:?}"), kind, texts, values }
    }

    fn written(scene: &Scene) -> Vec<u8> {
        let mut file = Vec::new();
        scene.write(&mut file).unwrap();
        file
    }

    /// The file with another header of the same length or shorter.
    fn with_header(change: impl Fn(&mut Value)) -> Vec<u8> {
        // Room for a longer header, with the buffers behind it.
        const ROOM: usize = 64;
        let mut file = written(&scene());
        let length = u32::get(&file[8..12]) as usize;
        let mut header: Value = serde_json::from_slice(&file[12..12 + length]).unwrap();
        for place in header["buffers"].as_object_mut().unwrap().values_mut() {
            place["offset"] = (place["offset"].as_u64().unwrap() + ROOM as u64).into();
        }
        change(&mut header);
        let mut text = serde_json::to_vec(&header).unwrap();
        assert!(text.len() <= length + ROOM);
        text.resize(length + ROOM, b' ');
        file[8..12].copy_from_slice(&(text.len() as u32).to_le_bytes());
        file.splice(12..12 + length, text);
        file
    }

    #[test]
    fn buffers_begin_at_multiples_of_eight() {
        let file = written(&scene());
        let length = u32::get(&file[8..12]) as usize;
        assert_eq!((12 + length) % 8, 0);
        let header: Header<'_> = serde_json::from_slice(&file[12..12 + length]).unwrap();
        assert_eq!(header.buffers.len(), 9);
        for place in header.buffers.values() {
            let place = Place::deserialize(place).unwrap();
            assert_eq!(place.offset % 8, 0);
            assert!(place.offset + place.length <= file.len() as u64);
        }
    }

    #[test]
    fn a_part_of_the_buffers_can_be_written() {
        let mut file = Vec::new();
        scene().write_some(|name| name != "positions" && name != "node_icon", &mut file).unwrap();
        let expected = Scene { positions: None, node_icon: None, ..scene() };
        assert_eq!(Scene::read(&file).unwrap(), expected);
        let mut file = Vec::new();
        scene().write_some(|name| name != TABLES, &mut file).unwrap();
        assert_eq!(Scene::read(&file).unwrap(), Scene { tables: None, ..scene() });
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        type Change = fn(&mut Value);
        let error = |file: &[u8]| Scene::read(file).unwrap_err().to_string();
        assert!(error(b"").contains("no scene"));
        assert!(error(b"GLSD\x01\0\0\0\0\0\0\0").contains("no scene"));
        assert!(error(b"GLSC\x02\0\0\0\0\0\0\0").contains("version is 2"));
        assert!(error(b"GLSC\x01\0\0\0\xff\xff\xff\xff{}").contains("only 2 follow"));
        let cases: [(Change, &str); 14] = [
            (|h| h["n_nodes"] = 2.into(), "edge 1 names node 2"),
            (|h| h["n_edges"] = 1.into(), "edges"),
            (|h| h["n_nodes"] = (1_u64 << 40).into(), "too many"),
            (|h| h["n_nodes"] = (-1).into(), "header"),
            (|h| h["buffers"]["edges"] = Value::Null, "edges"),
            (|h| h["buffers"]["edges"]["type"] = "f32".into(), "its type is f32"),
            (|h| h["buffers"]["node_size"]["length"] = 8.into(), "has 8 bytes"),
            (|h| h["buffers"]["node_size"]["shape"] = 3.into(), "node_size"),
            (|h| h["buffers"]["positions"]["offset"] = u64::MAX.into(), "of a file of"),
            (|h| h["labels"]["index"] = vec![3, 0].into(), "node 3"),
            (|h| h["icons"] = vec!["user"].into(), "icon 2"),
            (|h| h["tables"]["columns"][0]["texts"] = vec!["a"].into(), "column Text names text 2"),
            (|h| h["buffers"]["column_1"]["type"] = "u32".into(), "its type is u32"),
            (
                |h| drop(h["buffers"].as_object_mut().unwrap().remove("column_0")),
                "column Text are missing",
            ),
        ];
        for (change, expected) in cases {
            let found = error(&with_header(change));
            assert!(found.contains(expected), "{found}");
        }
        // What is not known is left out.
        let more = with_header(|h| h["buffers"]["new"] = serde_json::json!({}));
        assert_eq!(Scene::read(&more).map(|s| s.n_nodes).unwrap(), 3);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            n in 1..40_usize,
            ends in prop::collection::vec((0..1000_u32, 0..1000_u32), 0..60),
            title in ".*",
            has in any::<[bool; 3]>(),
        ) {
            let edges: Vec<[u32; 2]> =
                ends.iter().map(|&(u, v)| [u % n as u32, v % n as u32]).collect();
            let scene = Scene {
                n_nodes: n,
                n_edges: edges.len(),
                title,
                positions: has[0].then(|| vec![[1.0, 2.0]; n]),
                node_size: has[1].then(|| vec![3.0; n]),
                edge_color: has[2].then(|| vec![[1, 2, 3, 4]; edges.len()]),
                edges,
                ..Scene::default()
            };
            prop_assert_eq!(Scene::read(&written(&scene)).unwrap(), scene);
        }

        #[test]
        fn arbitrary_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Scene::read(&bytes);
        }

        #[test]
        fn changed_files_are_no_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            end in any::<prop::sample::Index>(),
        ) {
            let mut file = written(&scene());
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            file.truncate(end.index(file.len()) + 1);
            if let Ok(scene) = Scene::read(&file) {
                prop_assert!(scene.edges.as_flattened().iter().all(|&u| (u as usize) < scene.n_nodes));
            }
        }
    }
}
