//! What steps made, kept for the next run of a case.
//!
//! A step is known by a hash of its options with the values bound, of what it works on, and of the files that it
//! reads. Where nothing of that has changed, what it made is taken again.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::array::{Array, Float32Array, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use graph_core::{Coo, Graph, Staged};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::places::Given;
use super::run::StepReport;
use super::steps::Value;
use crate::table::Table;
use crate::{Control, Error, Result};

/// What earlier runs made of steps, in memory or in a folder, up to some bytes: what was not used for longest goes.
///
/// A folder holds the rows themselves, readable by whoever may read it. Several runs may use one at a time.
#[derive(Debug)]
pub struct Kept {
    bytes: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The one used last is at the end.
    Memory(Mutex<VecDeque<(String, Arc<Entry>)>>),
    Folder(PathBuf),
}

/// What is known of a step.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) head: Head,
    /// The first rows.
    pub(super) rows: RecordBatch,
    /// What it made; `None` if that is as quickly made again.
    pub(super) value: Option<Value>,
    /// What that takes in memory.
    bytes: u64,
}

/// What is said of a step before its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    /// What tells this result from others: what works on it is known by that.
    pub(super) identity: String,
    pub(super) report: StepReport,
    shape: Shape,
}

/// What follows the head in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    Nothing,
    Table,
    Graph { directed: bool, ends: [String; 2] },
}

/// What files begin with; another number where their layout changes.
const MAGIC: &[u8; 8] = b"glstep1\n";
/// What names of files end with.
const SUFFIX: &str = "step";
/// Steps of which is remembered in memory what they did.
const MOST: usize = 2000;

impl Kept {
    /// Keeps up to so many bytes in memory.
    pub fn in_memory(bytes: u64) -> Self {
        Self { bytes, place: Place::Memory(Mutex::default()) }
    }

    /// Keeps up to so many bytes in files of this folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if it cannot be made.
    pub fn in_folder(folder: &Path, bytes: u64) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        Ok(Self { bytes, place: Place::Folder(folder.to_owned()) })
    }

    /// What is known of a step, without what it made where that has to be read; nothing if it cannot be read.
    pub(super) fn look(&self, key: &str) -> Option<Arc<Entry>> {
        match &self.place {
            Place::Memory(entries) => {
                let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
                let at = entries.iter().position(|(known, _)| known == key)?;
                let found = entries.remove(at)?;
                let entry = Arc::clone(&found.1);
                entries.push_back(found);
                Some(entry)
            }
            Place::Folder(folder) => {
                let mut file = opened(&path_of(folder, key)).ok()?;
                let head = head_of(&mut file).ok()?;
                let rows = batch_of(&mut file).ok()?;
                Some(Arc::new(Entry { head, rows, value: None, bytes: 0 }))
            }
        }
    }

    /// What a step made that was [looked](Self::look) for.
    pub(super) fn value(&self, key: &str, entry: &Entry) -> Option<Value> {
        match &self.place {
            Place::Memory(_) => entry.value.clone(),
            Place::Folder(_) if entry.head.shape == Shape::Nothing => None,
            Place::Folder(folder) => {
                let path = path_of(folder, key);
                let mut file = opened(&path).ok()?;
                let head = head_of(&mut file).ok()?;
                // Another run may have written it anew.
                if head.identity != entry.head.identity {
                    return None;
                }
                batch_of(&mut file).ok()?;
                let value = value_of(&mut file, &head.shape).ok()?;
                // The order in which files go; a folder that cannot be written to loses none.
                let _ = File::options()
                    .append(true)
                    .open(path)
                    .and_then(|file| file.set_modified(SystemTime::now()));
                Some(value)
            }
        }
    }

    /// Keeps what a step made, if there is room for it; else only what it did.
    pub(super) fn keep(
        &self,
        key: &str,
        identity: &str,
        report: &StepReport,
        rows: &RecordBatch,
        value: Option<&Value>,
        control: &Control,
    ) -> Result<()> {
        let made = match value {
            None => None,
            Some(Value::Graph(graph)) => Some(Made::Graph(Arc::clone(graph))),
            Some(Value::Table(table)) => Some(Made::Table(table.collect(control)?)),
        };
        let made = made.filter(|made| made.bytes() <= self.bytes);
        let shape = match &made {
            None => Shape::Nothing,
            Some(Made::Table(_)) => Shape::Table,
            Some(Made::Graph(graph)) => Shape::Graph {
                directed: graph.is_directed(),
                ends: graph.end_names().map(str::to_owned),
            },
        };
        let head = Head { identity: identity.to_owned(), report: report.clone(), shape };
        match &self.place {
            Place::Memory(entries) => {
                let bytes = made.as_ref().map_or(0, Made::bytes);
                let value = match made {
                    None => None,
                    Some(Made::Graph(graph)) => Some(Value::Graph(graph)),
                    Some(Made::Table(rows)) => Some(Value::Table(Table::from_batch(rows)?)),
                };
                let entry = Arc::new(Entry { head, rows: rows.clone(), value, bytes });
                let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
                entries.retain(|(known, _)| known != key);
                entries.push_back((key.to_owned(), entry));
                self.make_room(&mut entries);
                Ok(())
            }
            Place::Folder(folder) => {
                let path = path_of(folder, key);
                let write = || -> io::Result<()> {
                    let staged = Staged::new(&path)?;
                    let mut file = BufWriter::new(File::create(staged.path())?);
                    write_entry(&mut file, &head, rows, made.as_ref())?;
                    file.into_inner().map_err(io::IntoInnerError::into_error)?;
                    staged.publish()?;
                    self.make_room_in(folder)
                };
                write().map_err(|error| Error::file(&path, error))
            }
        }
    }

    fn make_room(&self, entries: &mut VecDeque<(String, Arc<Entry>)>) {
        let mut sum: u64 = entries.iter().map(|(_, entry)| entry.bytes).sum();
        while self.bytes < sum || MOST < entries.len() {
            match entries.pop_front() {
                Some((_, entry)) => sum -= entry.bytes,
                None => break,
            }
        }
    }

    fn make_room_in(&self, folder: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            // Nothing but what was written here.
            let is_ours = path.extension().is_some_and(|suffix| suffix == SUFFIX)
                && path.file_stem().is_some_and(|stem| stem.len() == 64);
            // Another run may have removed it meanwhile.
            if let Some(known) = fs::metadata(&path).ok().filter(|_| is_ours) {
                files.push((known.modified()?, known.len(), path));
            }
        }
        files.sort();
        let mut sum: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if sum <= self.bytes {
                break;
            }
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => sum -= size,
            }
        }
        Ok(())
    }
}

/// What a step made, as Arrow has it.
enum Made {
    Table(RecordBatch),
    Graph(Arc<Graph>),
}

impl Made {
    fn bytes(&self) -> u64 {
        match self {
            Self::Table(rows) => rows.get_array_memory_size() as u64,
            Self::Graph(graph) => {
                let tables = [graph.nodes(), graph.edges()].map(RecordBatch::get_array_memory_size);
                (tables.iter().sum::<usize>() + 12 * graph.n_edges()) as u64
            }
        }
    }
}

/// A hash of texts, none of which runs into the next.
pub(super) fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Something that no other call gives, in this program or another.
pub(super) fn unlike_any() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    key(&[&time.to_string(), &std::process::id().to_string(), &call.to_string()])
}

/// Files by their names, lengths and times; `None` if one cannot be looked at.
pub(super) fn stamp(files: &[PathBuf]) -> Option<String> {
    let mut parts = Vec::new();
    for path in files {
        let known = fs::metadata(path).ok()?;
        let time = known.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        parts.push(format!("{} {} {}", path.display(), known.len(), time.as_nanos()));
    }
    Some(key(&parts.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// A hash of all that is in a table or a graph.
pub(super) fn content(given: &Given) -> io::Result<String> {
    let mut hash = Hasher(Sha256::new());
    match given {
        Given::Table(rows) => write_batch(&mut hash, rows)?,
        Given::Graph(graph) => write_graph(&mut hash, graph)?,
    }
    Ok(hex(&hash.0.finalize()))
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// The file of a step: a mark, the length of the head, the head in JSON, and streams of Arrow: the first rows, and the
// table, or the nodes, the edges and their ends.

fn path_of(folder: &Path, key: &str) -> PathBuf {
    folder.join(format!("{key}.{SUFFIX}"))
}

fn opened(path: &Path) -> io::Result<BufReader<File>> {
    File::open(path).map(BufReader::new)
}

fn write_entry(
    file: &mut impl Write,
    head: &Head,
    rows: &RecordBatch,
    made: Option<&Made>,
) -> io::Result<()> {
    let text = serde_json::to_vec(head)?;
    file.write_all(MAGIC)?;
    file.write_all(&(text.len() as u64).to_le_bytes())?;
    file.write_all(&text)?;
    write_batch(file, rows)?;
    match made {
        None => Ok(()),
        Some(Made::Table(rows)) => write_batch(file, rows),
        Some(Made::Graph(graph)) => write_graph(file, graph),
    }
}

fn write_graph(file: &mut impl Write, graph: &Graph) -> io::Result<()> {
    write_batch(file, graph.nodes())?;
    write_batch(file, graph.edges())?;
    let coo = graph.coo();
    let mut fields = vec![
        Field::new("sources", DataType::UInt32, false),
        Field::new("targets", DataType::UInt32, false),
    ];
    let mut columns: Vec<Arc<dyn Array>> = vec![
        Arc::new(UInt32Array::from(coo.sources().to_vec())),
        Arc::new(UInt32Array::from(coo.targets().to_vec())),
    ];
    if let Some(weights) = coo.weights() {
        fields.push(Field::new("weights", DataType::Float32, false));
        columns.push(Arc::new(Float32Array::from(weights.to_vec())));
    }
    let ends = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
    write_batch(file, &ends.map_err(broken)?)
}

fn write_batch(file: &mut impl Write, rows: &RecordBatch) -> io::Result<()> {
    let mut stream = StreamWriter::try_new(file, &rows.schema()).map_err(broken)?;
    stream.write(rows).and_then(|()| stream.finish()).map_err(broken)
}

fn head_of(file: &mut impl Read) -> io::Result<Head> {
    let mut mark = [0; 8];
    file.read_exact(&mut mark)?;
    if mark != *MAGIC {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let mut text = Vec::new();
    file.take(u64::from_le_bytes(length)).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

fn batch_of(file: &mut impl Read) -> io::Result<RecordBatch> {
    let mut stream = StreamReader::try_new(file, None).map_err(broken)?;
    let rows = stream.next().ok_or(io::ErrorKind::UnexpectedEof)?.map_err(broken)?;
    // The mark at the end, behind which the next stream begins.
    match stream.next() {
        None => Ok(rows),
        Some(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn value_of(file: &mut impl Read, shape: &Shape) -> io::Result<Value> {
    match shape {
        Shape::Nothing => Err(io::ErrorKind::NotFound.into()),
        Shape::Table => {
            Ok(Value::Table(Table::from_batch(batch_of(file)?).map_err(io::Error::other)?))
        }
        Shape::Graph { directed, ends: [source, target] } => {
            let (nodes, edges, ends) = (batch_of(file)?, batch_of(file)?, batch_of(file)?);
            let column = |name: &str| -> Option<Vec<u32>> {
                let column = ends.column_by_name(name)?.as_any().downcast_ref::<UInt32Array>()?;
                Some(column.values().to_vec())
            };
            let weights = match ends.column_by_name("weights") {
                None => None,
                Some(column) => Some(
                    column
                        .as_any()
                        .downcast_ref::<Float32Array>()
                        .ok_or(io::ErrorKind::InvalidData)?
                        .values()
                        .to_vec(),
                ),
            };
            let (Some(sources), Some(targets)) = (column("sources"), column("targets")) else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            let coo =
                Coo::new(nodes.num_rows(), sources, targets, weights).map_err(io::Error::other)?;
            let graph =
                Graph::from_parts(nodes, edges, coo, *directed).map_err(io::Error::other)?;
            Ok(Value::Graph(Arc::new(graph.with_end_names(source, target))))
        }
    }
}

fn broken(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        error => io::Error::other(error),
    }
}
