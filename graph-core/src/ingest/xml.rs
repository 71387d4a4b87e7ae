//! What GraphML and GEXF share: elements, their attributes and text, and places for errors.

use std::borrow::Cow;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::Tables;
use super::rows::Value;
use super::text::{Broken, from_latin_1, utf8, without_mark};
use crate::Result;

/// Elements within elements; real files have fewer than ten.
const MAX_DEPTH: usize = 256;

/// A cursor over a document. Comments, processing instructions and the document type are passed
/// over; nothing outside the document is ever opened.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
    /// Where the current node begins.
    at: usize,
}

/// What the cursor finds.
pub(crate) enum Node<'a> {
    /// An element begins; one without content ends right after.
    Open(BytesStart<'a>),
    /// The innermost open element ends.
    Close,
    /// Text, entities resolved; one run of text may come in pieces.
    Text(Cow<'a, str>),
    /// The document ends.
    End,
}

/// `input` as text: UTF-8, or Latin-1 if its declaration says so.
pub(crate) fn decode(input: &[u8]) -> Result<Cow<'_, str>, Broken> {
    if input.starts_with(b"\xff\xfe") || input.starts_with(b"\xfe\xff") {
        return Err(Broken::new(0, "it is UTF-16; write it as UTF-8"));
    }
    let input = without_mark(input);
    let head = String::from_utf8_lossy(&input[..input.len().min(200)]).to_ascii_lowercase();
    let declaration = head.split("?>").next().filter(|head| head.starts_with("<?xml"));
    let encoding = declaration.and_then(|declaration| {
        let value = declaration.split("encoding").nth(1)?;
        value.split(['"', '\'']).nth(1).map(str::to_owned)
    });
    match encoding.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => utf8(input),
        Some("iso-8859-1" | "latin1" | "latin-1") => Ok(Cow::Owned(from_latin_1(input))),
        Some(other) => {
            Err(Broken::new(0, format!("the encoding `{other}` is not supported, only UTF-8")))
        }
    }
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0, at: 0 }
    }

    /// An error at the current node.
    pub(crate) fn broken(&self, problem: impl Into<String>) -> Broken {
        Broken::new(self.at, problem)
    }

    pub(crate) fn next(&mut self) -> Result<Node<'a>, Broken> {
        loop {
            self.at = self.reader.buffer_position() as usize;
            let event = self.reader.read_event().map_err(|error| {
                Broken::new(self.reader.error_position() as usize, error.to_string())
            })?;
            return Ok(match event {
                Event::Start(tag) | Event::Empty(tag) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        let problem = format!("elements are nested deeper than {MAX_DEPTH}");
                        return Err(self.broken(problem));
                    }
                    Node::Open(tag)
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Node::Close
                }
                Event::Text(text) => Node::Text(text.xml10_content()),
                Event::CData(text) => Node::Text(text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let char = reference.resolve_char_ref().map_err(|error| {
                        Broken::new(self.at, format!("&{};: {error}", &*reference))
                    })?;
                    Node::Text(Cow::Owned(match char {
                        Some(char) => char.to_string(),
                        None => self.predefined(&reference)?.to_owned(),
                    }))
                }
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => continue,
                Event::Eof if self.depth > 0 => {
                    return Err(self.broken("the document ends inside an element"));
                }
                Event::Eof => Node::End,
            });
        }
    }

    fn predefined(&self, name: &str) -> Result<&'static str, Broken> {
        Ok(match name {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ => {
                let problem = format!("entity `&{name};` is unknown; only XML's own are resolved");
                return Err(self.broken(problem));
            }
        })
    }

    /// The next child of the innermost open element, or `None` at its end. Text is passed over.
    pub(crate) fn child(&mut self) -> Result<Option<BytesStart<'a>>, Broken> {
        loop {
            match self.next()? {
                Node::Open(tag) => return Ok(Some(tag)),
                Node::Close | Node::End => return Ok(None),
                Node::Text(_) => {}
            }
        }
    }

    /// The text of the innermost open element up to its end, without that of its children.
    pub(crate) fn text(&mut self) -> Result<String, Broken> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Node::Text(piece) => text.push_str(&piece),
                Node::Open(_) => self.skip()?,
                Node::Close | Node::End => return Ok(text),
            }
        }
    }

    /// Passes over the rest of the innermost open element.
    pub(crate) fn skip(&mut self) -> Result<(), Broken> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// The root element, which must be called `name`.
    pub(crate) fn root(&mut self, name: &str) -> Result<BytesStart<'a>, Broken> {
        loop {
            match self.next()? {
                Node::Open(tag) if tag.local_name().as_ref() == name => return Ok(tag),
                Node::Open(tag) => {
                    let found = tag.name().0.to_owned();
                    let problem = format!("the root element is <{found}>, not <{name}>");
                    return Err(self.broken(problem));
                }
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(_) | Node::Close => {
                    return Err(self.broken(format!("there is text before <{name}>")));
                }
                Node::End => return Err(self.broken(format!("there is no element <{name}>"))),
            }
        }
    }

    /// Attribute `name` of `tag`.
    pub(crate) fn attribute<'t>(
        &self,
        tag: &'t BytesStart<'_>,
        name: &str,
    ) -> Result<Option<Cow<'t, str>>, Broken> {
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.broken(error.to_string()))?;
            if attribute.key.0 == name {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                return value.map(Some).map_err(|error| self.broken(error.to_string()));
            }
        }
        Ok(None)
    }

    /// Attribute `name` of `tag`, which must have it.
    pub(crate) fn required<'t>(
        &self,
        tag: &'t BytesStart<'_>,
        name: &str,
    ) -> Result<Cow<'t, str>, Broken> {
        self.attribute(tag, name)?.ok_or_else(|| {
            self.broken(format!("element <{}> has no attribute `{name}`", tag.name().0))
        })
    }

    /// Attribute `name` of `tag` as a number.
    pub(crate) fn number(&self, tag: &BytesStart<'_>, name: &str) -> Result<Option<f64>, Broken> {
        let Some(text) = self.attribute(tag, name)? else { return Ok(None) };
        let number = parse_float(&text);
        let number =
            number.ok_or_else(|| self.broken(format!("{name} is `{text}`, not a number")))?;
        Ok(Some(number))
    }

    /// `text` as a value of the declared type.
    pub(crate) fn value(&self, text: String, declared: &DataType) -> Result<Value, Broken> {
        let trimmed = text.trim();
        let value = match declared {
            DataType::Boolean => match trimmed.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(Value::Bool(true)),
                "false" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            DataType::Int32 => trimmed.parse::<i32>().ok().map(|value| Value::Int(value.into())),
            DataType::Int64 => match (trimmed.parse(), trimmed.parse()) {
                (Ok(int), _) => Some(Value::Int(int)),
                (_, Ok(natural)) => Some(Value::UInt(natural)),
                _ => None,
            },
            DataType::Float32 | DataType::Float64 => parse_float(trimmed).map(Value::Float),
            _ => return Ok(Value::Text(text)),
        };
        value.ok_or_else(|| {
            let kind = match declared {
                DataType::Boolean => "true or false",
                DataType::Int32 => "a 32-bit integer",
                DataType::Int64 => "a 64-bit integer",
                _ => "a number",
            };
            self.broken(format!("the value is `{trimmed}`, not {kind}"))
        })
    }
}

/// A number as XML Schema spells it (`INF`) and as programs do.
fn parse_float(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// Gives the ends of edges and the ids of nodes one type, so that they can be compared: that of
/// all of them if they agree, else text.
pub(crate) fn with_one_id_type(mut tables: Tables) -> Result<Tables> {
    let mut types: Vec<DataType> = Vec::new();
    let ends = tables.edges.iter().flat_map(|batch| batch.columns().iter().take(2));
    for ids in ends.chain(tables.nodes.iter().filter_map(|nodes| nodes.columns().first())) {
        if !ids.is_empty() && !types.contains(ids.data_type()) {
            types.push(ids.data_type().clone());
        }
    }
    let one = match &types[..] {
        [one] => one.clone(),
        [] => return Ok(tables),
        // Numbers above the range of `i64` beside others; negative ones make it fail.
        all if all.iter().all(DataType::is_integer) => DataType::UInt64,
        _ => DataType::Utf8,
    };
    let convert = |tables: &Tables, one: &DataType| -> Result<Tables> {
        Ok(Tables {
            edges: tables
                .edges
                .iter()
                .map(|batch| cast_first(batch, 2, one))
                .collect::<Result<_>>()?,
            nodes: tables.nodes.as_ref().map(|nodes| cast_first(nodes, 1, one)).transpose()?,
            directed: tables.directed,
        })
    };
    tables = match convert(&tables, &one) {
        Ok(tables) => tables,
        Err(_) if one == DataType::UInt64 => convert(&tables, &DataType::Utf8)?,
        Err(error) => return Err(error),
    };
    Ok(tables)
}

fn cast_first(batch: &RecordBatch, count: usize, to: &DataType) -> Result<RecordBatch> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let schema = batch.schema();
    let mut fields: Vec<Field> =
        schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut arrays = batch.columns().to_vec();
    for (field, array) in fields.iter_mut().zip(&mut arrays).take(count) {
        let cast: ArrayRef = if array.data_type().is_integer() && to.is_integer() {
            cast_with_options(array, to, &strict)?
        } else {
            cast(array, to)?
        };
        *field = Field::new(field.name(), to.clone(), true);
        *array = cast;
    }
    Ok(RecordBatch::try_new(Schema::new(fields).into(), arrays)?)
}
