//! Delimited text: edges and node tables.
//!
//! Blocks of whole rows are parsed by several threads, each straight into codes of ids and typed
//! attribute columns; the text itself is never held. Types are guessed from a sample. Where a
//! later value does not fit its type, the rest of the text is only looked at for its types, and
//! then read once more with types that fit all of it: what a column becomes is a function of the
//! whole text, not of how it was cut.

mod blocks;
mod class;
mod dialect;
mod scan;
mod values;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};

use crate::error::Place;
use crate::ids::{BytesKey, IdTable, IdType, Keys, Pairs, Seed, Table};
use crate::ingest::assemble::{NodeTable, edge_attributes};
use crate::ingest::columns::{edge_columns, id_column};
use crate::ingest::csv::blocks::{BLOCK_BYTES, Block, Blocks, Pool};
use crate::ingest::csv::class::{Classes, Kind, classify, integer, natural, whole};
pub(crate) use crate::ingest::csv::dialect::Dialect;
use crate::ingest::csv::scan::{FieldAt, Quote, Rows, blank, undouble};
use crate::ingest::csv::values::Column;
use crate::ingest::factorize::{CodedEdges, EdgePlan, Piece, Worker, check_room, in_input_order};
use crate::ingest::input::Input;
use crate::parallel::{Done, map_chunks, workers};
use crate::{Error, ReadOptions, Result};

/// The edges of a delimited text, and how it was delimited.
pub(crate) fn read_edges(
    input: &Input,
    options: &ReadOptions,
    limit: u32,
) -> Result<(CodedEdges, Dialect)> {
    read_edges_in_blocks(input, options, limit, BLOCK_BYTES)
}

fn read_edges_in_blocks(
    input: &Input,
    options: &ReadOptions,
    limit: u32,
    block_bytes: usize,
) -> Result<(CodedEdges, Dialect)> {
    let dialect = Dialect::detect(input, options)?;
    let mut known = Known { classes: dialect.classes.clone(), complete: false };
    loop {
        let (plan, kinds) = edge_plan(&dialect, &known.classes, options)?;
        let seed = Seed::random();
        let state = |index| Worker { index, table: IdTable::new(&plan.ids, seed.clone(), limit) };
        let pass = Pass {
            dialect: &dialect,
            known: &known,
            kinds: &kinds,
            attributes: &plan.attributes,
            ends: Some(Ends {
                source: plan.source,
                target: plan.target,
                weight: plan.weight,
                drop_null: plan.drop_null,
            }),
        };
        match pass.run(input, block_bytes, state)? {
            Outcome::Read(done) => {
                let tables = done.states.into_iter().map(|worker| worker.table).collect();
                let pieces = done.pieces.into_iter().map(|piece| piece.edges).collect();
                return Ok((CodedEdges { plan, tables, pieces, from_text: true }, dialect));
            }
            Outcome::Widened(classes) => known = Known { classes, complete: true },
        }
    }
}

/// The rows of a delimited text as a table, in which no column is of ids: the first may be times.
pub(crate) fn read_rows(input: &Input, options: &ReadOptions) -> Result<RecordBatch> {
    let dialect = Dialect::detect(input, &for_rows(options))?;
    Ok(rows(input, &dialect, None)?.0)
}

/// The rows of a delimited text as nodes.
pub(crate) fn read_nodes(input: &Input, options: &ReadOptions) -> Result<NodeTable> {
    let dialect = Dialect::detect(input, &for_rows(options))?;
    let id = id_column(&dialect.names, options.id.as_deref())?;
    let (rows, lines) = rows(input, &dialect, Some(id))?;
    Ok(NodeTable { rows, id, lines: Some(lines), from_text: true, file: None })
}

/// Of options for edges those for other rows.
fn for_rows(options: &ReadOptions) -> ReadOptions {
    // Column names of the edge file say nothing about this one, its delimiter neither.
    ReadOptions {
        id: options.id.clone(),
        comments: options.comments,
        nulls: options.nulls.clone(),
        ..ReadOptions::default()
    }
}

/// All rows, and their lines; ids in column `id`.
fn rows(input: &Input, dialect: &Dialect, id: Option<usize>) -> Result<(RecordBatch, Vec<u32>)> {
    let attributes: Vec<usize> = (0..dialect.names.len()).collect();
    let mut known = Known { classes: dialect.classes.clone(), complete: false };
    loop {
        let kinds: Vec<Kind> = known
            .classes
            .iter()
            .enumerate()
            .map(|(at, classes)| if Some(at) == id { classes.id_kind() } else { classes.kind() })
            .collect();
        let pass =
            Pass { dialect, known: &known, kinds: &kinds, attributes: &attributes, ends: None };
        let no_ids = |index| Worker {
            index,
            table: IdTable::new(&IdType::Int(DataType::Int64), Seed::random(), 0),
        };
        match pass.run(input, BLOCK_BYTES, no_ids)? {
            Outcome::Read(done) => {
                let mut lines = Vec::new();
                let mut above = dialect.lines_above;
                let mut columns = Vec::with_capacity(done.pieces.len());
                for piece in done.pieces {
                    lines.extend(piece.lines.into_iter().map(|line| above as u32 + line));
                    above += piece.edges.extent;
                    columns.push(piece.edges.columns);
                }
                let schema = schema(&dialect.names, &kinds);
                return Ok((edge_attributes(&schema, columns, lines.len())?, lines));
            }
            Outcome::Widened(classes) => known = Known { classes, complete: true },
        }
    }
}

/// Which columns are what, and the type of each.
fn edge_plan(
    dialect: &Dialect,
    classes: &[Classes],
    options: &ReadOptions,
) -> Result<(EdgePlan, Vec<Kind>)> {
    let mut kinds: Vec<Kind> = classes.iter().map(|classes| classes.kind()).collect();
    let is_number = |kind: Kind| matches!(kind, Kind::Int | Kind::UInt | Kind::Float);
    // Numbers of which one is spoiled are weights too, or a graph would lose them for a single cell.
    let may_weigh = |at: usize| is_number(kinds[at]) || classes[at].show_numbers();
    let columns = edge_columns(&dialect.names, may_weigh, options)?;
    if let Some(at) = columns.weight
        && !is_number(kinds[at])
    {
        // What is no number is an error where it stands.
        kinds[at] = Kind::Float;
    }
    let id_kind = (classes[columns.source] | classes[columns.target]).id_kind();
    (kinds[columns.source], kinds[columns.target]) = (id_kind, id_kind);
    let ids = match id_kind {
        Kind::Text => IdType::Bytes(DataType::Utf8),
        integer => IdType::Int(integer.data_type()),
    };
    let attributes =
        (0..kinds.len()).filter(|&at| at != columns.source && at != columns.target).collect();
    let plan = EdgePlan {
        source: columns.source,
        target: columns.target,
        weight: columns.weight,
        attributes,
        schema: Arc::new(schema(&dialect.names, &kinds)),
        ids,
        drop_null: options.drop_null,
    };
    Ok((plan, kinds))
}

fn schema(names: &[String], kinds: &[Kind]) -> Schema {
    let field = |(name, kind): (&String, &Kind)| Field::new(name, kind.data_type(), true);
    Schema::new(names.iter().zip(kinds).map(field).collect::<Vec<_>>())
}

/// Classes of value that the columns are known to show.
struct Known {
    classes: Vec<Classes>,
    /// Whether the whole text was looked at, not a sample.
    complete: bool,
}

/// One reading of the whole text with fixed types.
struct Pass<'a> {
    dialect: &'a Dialect,
    known: &'a Known,
    /// Type of every column.
    kinds: &'a [Kind],
    /// Columns that are kept as they are.
    attributes: &'a [usize],
    /// The columns of edges; a table of nodes has none.
    ends: Option<Ends>,
}

#[derive(Debug, Clone, Copy)]
struct Ends {
    source: usize,
    target: usize,
    weight: Option<usize>,
    drop_null: bool,
}

enum Outcome {
    Read(Done<TextPiece, Worker>),
    /// Some value did not fit; these classes hold all values.
    Widened(Vec<Classes>),
}

/// Rows of one block.
struct TextPiece {
    edges: Piece,
    /// Line of each row in the block, kept for node tables alone.
    lines: Vec<u32>,
}

/// Why a block could not be read.
enum Stop {
    Error(Error),
    /// The value in this column does not fit its type.
    Misfit {
        column: usize,
        line: usize,
        field: FieldAt,
    },
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Pass<'_> {
    fn run(
        &self,
        input: &Input,
        block_bytes: usize,
        state: impl Fn(usize) -> Worker + Sync,
    ) -> Result<Outcome> {
        let pool = Pool::default();
        let syntax = self.dialect.syntax;
        let mut blocks = Blocks::new(input, self.dialect.start, syntax, block_bytes, &pool)?;
        let widened: Mutex<Option<Vec<Classes>>> = Mutex::new(None);
        let locked = || widened.lock().unwrap_or_else(PoisonError::into_inner);
        let work = |worker: &mut Worker, block: Block| {
            check_utf8(&block, self)?;
            let reads_on = locked().is_none();
            let read = if reads_on { Some(self.read_block(worker, &block)) } else { None };
            let piece = match read {
                Some(Ok(piece)) => piece,
                Some(Err(Stop::Error(error))) => return Err(error),
                Some(Err(Stop::Misfit { column, line, field })) if self.known.complete => {
                    return Err(self.misfit(column, line, &block, field));
                }
                Some(Err(Stop::Misfit { .. })) | None => {
                    let (classes, extent) = self.classify_block(&block)?;
                    let mut widened = locked();
                    let all = widened.get_or_insert_with(|| self.known.classes.clone());
                    all.iter_mut().zip(classes).for_each(|(all, here)| *all |= here);
                    TextPiece::empty(worker, self.attributes.len(), extent)
                }
            };
            pool.give_back(block);
            Ok(piece)
        };
        let done = map_chunks(workers(), || blocks.next_block(), state, work);
        let done = in_input_order(done, |piece| piece.edges.extent)
            .map_err(|error| error.moved(self.dialect.lines_above))?;
        let widened = widened.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(widened.map_or(Outcome::Read(done), Outcome::Widened))
    }

    fn read_block(&self, worker: &mut Worker, block: &Block) -> Result<TextPiece, Stop> {
        let text = &block.bytes[..];
        let first_code = worker.table.len();
        let index = worker.index;
        let unsigned = self.ends.is_some_and(|ends| self.kinds[ends.source] == Kind::UInt);
        let mut piece = match &mut worker.table {
            IdTable::Bytes(table) => self.read_rows(block, table, |pairs, field| {
                if field.quote == Quote::Doubled {
                    pairs.push_passing(BytesKey::new(&undouble(field.of(text))));
                } else {
                    let (start, end) = (field.start as usize, field.end as usize);
                    pairs.push(BytesKey::in_text(text, start, end));
                }
                true
            }),
            IdTable::Int(table) if unsigned => self.read_rows(block, table, |pairs, field| {
                let value = natural(text, field.start as usize, field.end as usize);
                value.map(|value| pairs.push(value)).is_some()
            }),
            IdTable::Int(table) => self.read_rows(block, table, |pairs, field| {
                let (start, end) = (field.start as usize, field.end as usize);
                let value = integer(text, start, end).or_else(|| whole(text, start, end));
                value.map(|value| pairs.push(value.cast_unsigned())).is_some()
            }),
        }?;
        check_room(&worker.table)?;
        piece.edges.worker = index;
        piece.edges.new_codes = first_code..worker.table.len();
        Ok(piece)
    }

    /// Rows of a block. `push` makes the key of an id; false if the id does not fit the type.
    #[inline]
    fn read_rows<'b, K: Keys>(
        &self,
        block: &'b Block,
        table: &mut Table<K>,
        push: impl Fn(&mut Pairs<'_, 'b, K>, &FieldAt) -> bool,
    ) -> Result<TextPiece, Stop> {
        let text = &block.bytes[..];
        let n_columns = self.kinds.len();
        let capacity = self.rows_in(block.len);
        let mut columns: Vec<Column> =
            self.attributes.iter().map(|&at| Column::new(self.kinds[at], capacity)).collect();
        let code_capacity = if self.ends.is_some() { capacity } else { 0 };
        let mut sources = Vec::with_capacity(code_capacity);
        let mut targets = Vec::with_capacity(code_capacity);
        let mut pairs = Pairs::new(table, &mut sources, &mut targets);
        let mut lines = Vec::new();
        let mut dropped = 0;
        let mut fields = Vec::with_capacity(n_columns);
        let mut rows = Rows::new(text, block.len, self.dialect.syntax);
        while let Some(line) = rows.next_row(&mut fields)? {
            if fields.len() != n_columns {
                let found = fields.len();
                return Err(Error::RaggedRow { line, found, expected: n_columns }.into());
            }
            blank(&mut fields, text, &self.dialect.nulls);
            if let Some(ends) = self.ends {
                let (source, target) = (&fields[ends.source], &fields[ends.target]);
                let no_weight = ends.weight.is_some_and(|at| fields[at].start == fields[at].end);
                if source.is_null() || target.is_null() || no_weight {
                    if !ends.drop_null {
                        return Err(self.null(&fields, ends, line).into());
                    }
                    dropped += 1;
                    continue;
                }
                for (column, field) in [(ends.source, source), (ends.target, target)] {
                    if !push(&mut pairs, field) {
                        return Err(Stop::Misfit { column, line, field: *field });
                    }
                }
                pairs.end_row();
            } else {
                lines.push(line as u32);
            }
            for (column, &at) in columns.iter_mut().zip(self.attributes) {
                if !column.push(text, &fields[at]) {
                    return Err(Stop::Misfit { column: at, line, field: fields[at] });
                }
                if self.ends.is_some_and(|ends| ends.weight == Some(at)) {
                    self.check_weight(at, line, column.last_number())?;
                }
            }
        }
        pairs.finish();
        let columns: Result<Vec<Vec<ArrayRef>>> =
            columns.into_iter().map(|column| Ok(vec![column.finish()?])).collect();
        let edges = Piece {
            extent: rows.line - 1,
            dropped,
            sources,
            targets,
            worker: 0,
            new_codes: 0..0,
            columns: columns?,
        };
        Ok(TextPiece { edges, lines })
    }

    /// Rows to expect in `bytes` bytes, a little more than in the sample; memory that stays
    /// unused stays unmapped.
    fn rows_in(&self, bytes: usize) -> usize {
        let (sample_bytes, sample_rows) = self.dialect.sample;
        bytes.saturating_mul(sample_rows + 1) / sample_bytes.max(1) * 9 / 8 + 16
    }

    #[inline]
    fn check_weight(&self, at: usize, line: usize, weight: f64) -> Result<()> {
        let narrow = weight as f32;
        if narrow.is_finite() && narrow >= 0.0 {
            return Ok(());
        }
        let column = self.dialect.names[at].clone();
        Err(Error::BadWeight { column, place: Place::Line(line), value: weight })
    }

    /// The error that a row has no source, target or weight.
    #[cold]
    fn null(&self, fields: &[FieldAt], ends: Ends, line: usize) -> Error {
        let place = Place::Line(line);
        let name = |at: usize| self.dialect.names[at].clone();
        match [ends.source, ends.target].into_iter().find(|&at| fields[at].is_null()) {
            Some(at) => Error::NullId { column: name(at), place },
            None => Error::NullWeight { column: ends.weight.map(name).unwrap_or_default(), place },
        }
    }

    /// The error that a value fits no type its column can have.
    #[cold]
    fn misfit(&self, column: usize, line: usize, block: &Block, field: FieldAt) -> Error {
        let value = String::from_utf8_lossy(field.of(&block.bytes));
        let value = if value.chars().count() > SHOWN_CHARS {
            value.chars().take(SHOWN_CHARS).chain(['…']).collect()
        } else {
            value.into_owned()
        };
        let (name, place) = (self.dialect.names[column].clone(), Place::Line(line));
        if self.ends.is_some_and(|ends| ends.weight == Some(column)) {
            Error::WeightNotNumeric { column: name, place, value }
        } else {
            Error::IdOverflow { column: name, place, value }
        }
    }

    /// Classes of value in each column of a block, and its number of lines.
    fn classify_block(&self, block: &Block) -> Result<(Vec<Classes>, usize)> {
        let mut classes = vec![Classes::NONE; self.kinds.len()];
        let mut fields = Vec::with_capacity(classes.len());
        let mut rows = Rows::new(&block.bytes, block.len, self.dialect.syntax);
        while let Some(line) = rows.next_row(&mut fields)? {
            if fields.len() != classes.len() {
                return Err(Error::RaggedRow {
                    line,
                    found: fields.len(),
                    expected: classes.len(),
                });
            }
            blank(&mut fields, &block.bytes, &self.dialect.nulls);
            for (classes, field) in classes.iter_mut().zip(&fields) {
                // Text holds everything: no need to look closer.
                if field.start < field.end && *classes | Classes::TEXT != *classes {
                    *classes |= classify(field.of(&block.bytes));
                }
            }
        }
        Ok((classes, rows.line - 1))
    }
}

/// Longest piece of a bad value in a message.
const SHOWN_CHARS: usize = 40;

impl TextPiece {
    /// A block whose rows are to be read again.
    fn empty(worker: &Worker, n_attributes: usize, extent: usize) -> Self {
        let codes: Range<usize> = worker.table.len()..worker.table.len();
        let edges = Piece {
            extent,
            dropped: 0,
            sources: Vec::new(),
            targets: Vec::new(),
            worker: worker.index,
            new_codes: codes,
            columns: vec![Vec::new(); n_attributes],
        };
        Self { edges, lines: Vec::new() }
    }
}

/// Refuses bytes that are not UTF-8, and says where the first is.
fn check_utf8(block: &Block, pass: &Pass) -> Result<()> {
    let text = &block.bytes[..block.len];
    let Err(error) = std::str::from_utf8(text) else { return Ok(()) };
    let bad = error.valid_up_to();
    let mut rows = Rows::new(text, text.len(), pass.dialect.syntax);
    let mut fields = Vec::new();
    while rows.at <= bad && rows.next_row(&mut fields)?.is_some() {}
    let field = fields.iter().take_while(|field| field.end as usize <= bad).count() + 1;
    let line = 1 + memchr::memchr_iter(b'\n', &text[..bad]).count();
    Err(Error::NotUtf8 { line, field, byte: text[bad] })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow::array::{Array, AsArray};
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::assemble::Assembly;
    use crate::{Graph, IdOrder};

    fn graph(text: &str, drop_null: bool, block_bytes: usize) -> Result<Graph> {
        let nulls = vec!["NA".to_owned(), "-".to_owned()];
        let options = ReadOptions { drop_null, nulls, ..ReadOptions::default() };
        let input = Input::from_reader(text.as_bytes(), Path::new("a.csv"), u64::MAX)?;
        let (edges, _) = read_edges_in_blocks(&input, &options, u32::MAX, block_bytes)?;
        let order = IdOrder::FirstAppearance;
        let assembly = Assembly { order, directed: true, drop_null, limit: u32::MAX };
        Ok(assembly.assemble(edges, None, None)?.graph)
    }

    /// Fields of every class, and text that must be quoted.
    fn field() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => (0..30u32).prop_map(|id| id.to_string()),
            1 => Just(String::new()),
            1 => prop::sample::select(vec![
                "-4", "2.5", "18446744073709551615", "true", "007", "b c", "é", "\"x,y\"",
                "NA", "-", "\"NA\"", "2024-02-29", "2024-02-29T10:00:00.5", "2024-02-29 10:00Z",
                "\"two\nlines\"", "\"say \"\"hi\"\"\"",
            ]).prop_map(str::to_owned),
        ]
    }

    #[test]
    fn words_for_nothing_are_null_if_they_are_not_quoted() {
        let text = "source,target,x,word\nNA,b,1,c\na,b,NA,NA\nb,c,-,\"NA\"\nc,-,2,d\n";
        let read = graph(text, true, BLOCK_BYTES).unwrap();
        let columns = read.edges();
        assert_eq!(columns.num_rows(), 2);
        assert_eq!(columns.column(0).null_count(), 2);
        let words = columns.column(1).as_string::<i32>();
        assert_eq!(words.iter().collect::<Vec<_>>(), [None, Some("NA")]);
        assert_eq!(
            columns.column(0).data_type(),
            &DataType::Int64,
            "numbers in dropped rows count"
        );
        let error = graph(text, false, BLOCK_BYTES).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("`source`"), "{error}");
    }

    proptest! {
        #[test]
        fn blocks_of_any_size_give_the_same_graph(
            rows in prop::collection::vec((prop::array::uniform4(field()), 0..12u8), 1..60),
            sizes in prop::array::uniform3(1..400usize),
            drop_null: bool,
        ) {
            let mut text = "source,target,one,two\n".to_owned();
            for (fields, kind) in &rows {
                text += &fields.join(",");
                text += match kind { 0 => "\n\n", 1 => "\r\n", 2 => "\n# comment \"\n", _ => "\n" };
            }
            let whole = graph(&text, drop_null, BLOCK_BYTES);
            for size in sizes {
                match (graph(&text, drop_null, size), &whole) {
                    (Ok(parts), Ok(whole)) => {
                        prop_assert_eq!(parts.nodes(), whole.nodes());
                        prop_assert_eq!(parts.edges(), whole.edges());
                        prop_assert_eq!(parts.coo(), whole.coo());
                    }
                    // Of several faults another may be met first.
                    (Err(_), Err(_)) => {}
                    (parts, _) => prop_assert!(false, "{parts:?} is not {whole:?}"),
                }
            }
        }
    }
}
