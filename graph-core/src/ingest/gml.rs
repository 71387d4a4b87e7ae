//! GML: keys, values and lists in brackets.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::Tables;
use super::rows::{Cell, Rows};
use super::text::{Broken, excerpt, from_latin_1, without_mark};
use super::xml::with_one_id_type;
use crate::Result;

const FORMAT: &str = "GML";

/// Lists within lists.
const MAX_DEPTH: usize = 64;

/// Reads the first `graph` of a document, which is UTF-8 or else Latin-1.
///
/// | in the document                     | in the graph                                             |
/// |-------------------------------------|----------------------------------------------------------|
/// | `directed 1`                        | directed; undirected otherwise                           |
/// | numbers and strings                 | columns, with entities such as `&quot;` resolved         |
/// | `graphics [ x … y … z … ]`          | columns `x`, `y`, `z`                                    |
/// | `w`, `fill`, others in `graphics`   | columns `size`, `color`, `graphics_…`                    |
/// | other lists, and keys that repeat   | columns with JSON text                                   |
pub(crate) fn read_tables(input: &[u8]) -> Result<Tables> {
    let bytes = without_mark(input);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(from_latin_1(bytes)),
    };
    let document = parse(&text).map_err(|broken| broken.in_input(FORMAT, text.as_bytes()))?;
    with_one_id_type(Tables {
        edges: vec![document.edges.finish()?],
        nodes: Some(document.nodes.finish()?),
        directed: Some(document.directed),
    })
}

struct Document {
    nodes: Rows,
    edges: Rows,
    directed: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Value<'a> {
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Entry<'a>>),
}

#[derive(Debug, Clone, PartialEq)]
struct Entry<'a> {
    key: &'a str,
    value: Value<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Quoted(&'a str),
    Open,
    Close,
}

struct Parser<'a> {
    text: &'a str,
    /// Where the next token is looked for, and where the last one began.
    next: usize,
    at: usize,
}

fn parse(text: &str) -> Result<Document, Broken> {
    let mut parser = Parser { text, next: 0, at: 0 };
    let mut document = Document {
        nodes: Rows::with_columns(&["id"], &[]),
        edges: Rows::with_columns(&["source", "target"], &[]),
        directed: false,
    };
    while let Some(key) = parser.key()? {
        if !key.eq_ignore_ascii_case("graph") {
            parser.value(0)?;
            continue;
        }
        parser.expect_open("graph")?;
        parser.graph(&mut document)?;
        return Ok(document);
    }
    Err(Broken::new(text.len(), "there is no `graph [`"))
}

impl<'a> Parser<'a> {
    fn broken(&self, problem: impl Into<String>) -> Broken {
        Broken::new(self.at, problem)
    }

    fn token(&mut self) -> Result<Option<Token<'a>>, Broken> {
        let bytes = self.text.as_bytes();
        loop {
            while bytes.get(self.next).is_some_and(u8::is_ascii_whitespace) {
                self.next += 1;
            }
            if bytes.get(self.next) != Some(&b'#') {
                break;
            }
            let rest = &bytes[self.next..];
            self.next += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        }
        self.at = self.next;
        let Some(&first) = bytes.get(self.at) else { return Ok(None) };
        match first {
            b'[' | b']' => {
                self.next += 1;
                Ok(Some(if first == b'[' { Token::Open } else { Token::Close }))
            }
            b'"' => {
                let start = self.at + 1;
                let Some(len) = memchr::memchr(b'"', &bytes[start..]) else {
                    return Err(self.broken("a string has no end"));
                };
                self.next = start + len + 1;
                Ok(Some(Token::Quoted(&self.text[start..start + len])))
            }
            _ => {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || b"[]\"#".contains(byte);
                let rest = &bytes[self.at..];
                let len = rest.iter().position(ends).unwrap_or(rest.len());
                self.next = self.at + len;
                Ok(Some(Token::Word(&self.text[self.at..self.next])))
            }
        }
    }

    /// The next key, or `None` at the end of the list or of the document.
    fn key_or_close(&mut self) -> Result<Option<(bool, &'a str)>, Broken> {
        match self.token()? {
            None => Ok(None),
            Some(Token::Close) => Ok(Some((true, ""))),
            Some(Token::Word(word))
                if word.starts_with(|c: char| c.is_alphabetic() || c == '_') =>
            {
                Ok(Some((false, word)))
            }
            Some(token) => Err(self.broken(format!("{} stands where a key must be", spell(token)))),
        }
    }

    /// A key outside of all lists.
    fn key(&mut self) -> Result<Option<&'a str>, Broken> {
        match self.key_or_close()? {
            Some((true, _)) => Err(self.broken("`]` closes a list that was not opened")),
            Some((false, key)) => Ok(Some(key)),
            None => Ok(None),
        }
    }

    /// A key in a list that is open.
    fn key_in_list(&mut self) -> Result<Option<&'a str>, Broken> {
        match self.key_or_close()? {
            Some((true, _)) => Ok(None),
            Some((false, key)) => Ok(Some(key)),
            None => Err(self.broken("the document ends inside a list")),
        }
    }

    fn expect_open(&mut self, key: &str) -> Result<(), Broken> {
        match self.token()? {
            Some(Token::Open) => Ok(()),
            _ => Err(self.broken(format!("`{key}` is not followed by `[`"))),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Broken> {
        match self.token()? {
            Some(Token::Quoted(text)) => Ok(Value::Text(resolve(text))),
            Some(Token::Word(word)) => {
                if let Ok(int) = word.parse() {
                    return Ok(Value::Int(int));
                }
                // NetworkX writes NAN and +INF.
                word.parse().map(Value::Float).map_err(|_| {
                    let word = excerpt(word.as_bytes());
                    self.broken(format!("{word} is neither a number nor a quoted string"))
                })
            }
            Some(Token::Open) => {
                if depth == MAX_DEPTH {
                    let problem = format!("lists are nested deeper than {MAX_DEPTH}");
                    return Err(self.broken(problem));
                }
                self.list(depth + 1).map(Value::List)
            }
            Some(Token::Close) | None => Err(self.broken("a key has no value")),
        }
    }

    /// The rest of a list that is open.
    fn list(&mut self, depth: usize) -> Result<Vec<Entry<'a>>, Broken> {
        let mut entries = Vec::new();
        while let Some(key) = self.key_in_list()? {
            entries.push(Entry { key, value: self.value(depth)? });
        }
        Ok(entries)
    }

    fn graph(&mut self, document: &mut Document) -> Result<(), Broken> {
        while let Some(key) = self.key_in_list()? {
            let at = self.at;
            match key {
                "directed" => match self.value(0)? {
                    Value::Int(flag @ (0 | 1)) => document.directed = flag == 1,
                    _ => return Err(self.broken("directed is not 0 or 1")),
                },
                "node" => {
                    self.expect_open(key)?;
                    let entries = self.list(0)?;
                    push(&mut document.nodes, entries, &["id"], at)?;
                }
                "edge" => {
                    self.expect_open(key)?;
                    let entries = self.list(0)?;
                    push(&mut document.edges, entries, &["source", "target"], at)?;
                }
                _ => {
                    self.value(0)?;
                }
            }
        }
        Ok(())
    }
}

fn spell(token: Token<'_>) -> String {
    match token {
        Token::Word(text) | Token::Quoted(text) => excerpt(text.as_bytes()),
        Token::Open => "`[`".to_owned(),
        Token::Close => "`]`".to_owned(),
    }
}

/// Adds a row with the cells of `entries`, which begin at byte `at` and must hold the keys
/// `required`.
fn push(
    rows: &mut Rows,
    entries: Vec<Entry<'_>>,
    required: &[&str],
    at: usize,
) -> Result<(), Broken> {
    for key in required {
        if !entries.iter().any(|entry| entry.key == *key) {
            return Err(Broken::new(at, format!("it has no `{key}`")));
        }
    }
    let mut cells: Vec<(Cow<'_, str>, Vec<Value<'_>>)> = Vec::new();
    let mut add = |name: Cow<'_, str>, value| match cells.iter_mut().find(|(held, _)| *held == name)
    {
        Some((_, values)) => values.push(value),
        None => cells.push((name.into_owned().into(), vec![value])),
    };
    for Entry { key, value } in entries {
        match value {
            Value::List(graphics) if key == "graphics" => {
                for Entry { key, value } in graphics {
                    let name = match key {
                        "x" | "y" | "z" => Cow::Borrowed(key),
                        "w" => Cow::Borrowed("size"),
                        "fill" => Cow::Borrowed("color"),
                        _ => Cow::Owned(format!("graphics_{key}")),
                    };
                    add(name, value);
                }
            }
            value => add(Cow::Borrowed(key), value),
        }
    }
    for (name, mut values) in cells {
        if values.len() > 1 && required.contains(&name.as_ref()) {
            return Err(Broken::new(at, format!("`{name}` appears twice")));
        }
        let column = rows.column(&name);
        let value = if values.len() == 1 { values.pop() } else { None };
        match value {
            Some(Value::Int(value)) => rows.set(column, Cell::Int(value)),
            Some(Value::Float(value)) => rows.set(column, Cell::Float(value)),
            Some(Value::Text(value)) => rows.set(column, Cell::Text(&value)),
            Some(list @ Value::List(_)) => rows.set(column, Cell::Text(&json(&list).to_string())),
            None => {
                let array = Json::Array(values.iter().map(json).collect());
                rows.set(column, Cell::Text(&array.to_string()))
            }
        };
    }
    rows.end_row();
    Ok(())
}

fn json(value: &Value<'_>) -> Json {
    match value {
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.as_ref().into(),
        Value::List(entries) => {
            let mut object = serde_json::Map::new();
            for entry in entries {
                let new = json(&entry.value);
                match object.get_mut(entry.key) {
                    Some(Json::Array(held)) => held.push(new),
                    Some(held) => *held = Json::Array(vec![held.take(), new]),
                    None => {
                        object.insert(entry.key.to_owned(), new);
                    }
                }
            }
            Json::Object(object)
        }
    }
}

/// Names of the characters from U+00A0 to U+00FF.
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// Resolves entities; an ampersand that begins none stays, as programs write such strings, too.
fn resolve(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(tail) = rest.strip_prefix('&') {
        let entity = tail.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        let (char, after) = entity.unwrap_or(('&', tail));
        out.push(char);
        let next = after.find('&').unwrap_or(after.len());
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        _ => {
            let at = LATIN_1.iter().position(|latin| *latin == name)?;
            char::from_u32(0xa0 + at as u32)?
        }
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::*;

    fn read(text: &[u8]) -> Result<Tables> {
        read_tables(text)
    }

    #[test]
    fn nodes_edges_graphics_and_lists() {
        let tables = read(
            br##"Creator "hand # no comment" # a comment
            Version 1
            graph [ comment "x" directed 1
              node [ id 1 label "a &quot;&#228;&uuml;&amp;&nope; & b" graphics [ x 1.5 y -2 w 3 type "oval" fill "#ff0000" ] ]
              node [ id 2 tags "p" tags "q" inner [ k 1 l [ m "n" ] ] ]
              edge [ source 1 target 2 value 2.5 ]
              edge [ source 2 target 2 value 3 ]
            ]"##,
        )
        .unwrap();
        let nodes = tables.nodes.unwrap();
        let text = |name: &str| nodes.column_by_name(name).unwrap().as_string::<i32>().clone();
        assert_eq!(nodes.column(0).as_primitive::<Int64Type>().values()[..], [1, 2]);
        assert_eq!(text("label").value(0), "a \"äü&&nope; & b");
        assert_eq!(text("color").value(0), "#ff0000");
        assert_eq!(text("graphics_type").value(0), "oval");
        assert_eq!(text("tags").value(1), r#"["p","q"]"#);
        assert_eq!(text("inner").value(1), r#"{"k":1,"l":{"m":"n"}}"#);
        assert!(nodes.column_by_name("x").unwrap().is_null(1));
        let values = tables.edges[0].column_by_name("value").unwrap();
        assert_eq!(values.as_primitive::<Float64Type>().values()[..], [2.5, 3.0]);
        assert_eq!(tables.directed, Some(true));
    }

    #[test]
    fn latin_1_bytes_are_read() {
        let tables = read(b"graph [ node [ id 1 label \"caf\xe9\" ] ]").unwrap();
        let nodes = tables.nodes.unwrap();
        assert_eq!(nodes.column_by_name("label").unwrap().as_string::<i32>().value(0), "café");
    }

    #[test]
    fn names_of_entities_are_in_their_order() {
        assert_eq!(entity("nbsp"), Some('\u{a0}'));
        assert_eq!(entity("Agrave"), Some('À'));
        assert_eq!(entity("szlig"), Some('ß'));
        assert_eq!(entity("yuml"), Some('ÿ'));
        assert_eq!((entity("#xD800"), entity("#99999999999")), (None, None));
    }

    #[test]
    fn every_broken_rule_is_named_with_its_line() {
        let deep = format!("graph [\na {}", "[ a ".repeat(99));
        for (text, line, problem) in [
            ("", 1, "there is no `graph [`"),
            ("\ngraph 1", 2, "`graph` is not followed by `[`"),
            ("graph [\nnode [ id 1 ]\n", 3, "the document ends inside a list"),
            ("graph [\nnode [ label \"a\" ] ]", 2, "it has no `id`"),
            ("graph [\nedge [ source 1 ] ]", 2, "it has no `target`"),
            ("graph [\nnode [ id 1 id 2 ] ]", 2, "`id` appears twice"),
            ("graph [\nnode [ id x ] ]", 2, "`x` is neither a number nor a quoted string"),
            ("graph [\nnode [ id ] ]", 2, "a key has no value"),
            ("graph [\nnode [ 7 8 ] ]", 2, "`7` stands where a key must be"),
            ("graph [\nnode [ id \"a ] ]", 2, "a string has no end"),
            ("graph [\ndirected 2 ]", 2, "directed is not 0 or 1"),
            ("a 1\n]", 2, "`]` closes a list that was not opened"),
            (&deep, 2, "lists are nested deeper than 64"),
        ] {
            assert_eq!(
                read(text.as_bytes()).unwrap_err().to_string(),
                format!("line {line} is not GML: {problem}")
            );
        }
    }
}
