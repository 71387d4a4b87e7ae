//! Parts of a pipeline's file, read option by option, so that each fault has its line.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{PipelineError, PipelineFault};
use crate::error::nearest;
use crate::expr::Bindings;

/// Result of reading a part of a pipeline.
pub(super) type Result<T, E = PipelineError> = std::result::Result<T, E>;

/// One part: `[[input]]`, `[[step]]`, `[[output]]`, or the head of the file.
///
/// Options are asked for by name; [`finish`](Self::finish) refuses those that nobody asked for.
pub(super) struct Section<'a> {
    text: &'a str,
    entries: &'a DeTable<'a>,
    part: String,
    line: Option<u32>,
    asked: RefCell<Vec<&'static str>>,
    /// Whether all that was left has been asked for.
    all_asked: Cell<bool>,
    /// What placeholders in expressions stand for; `None` if there may be none.
    bindings: Option<&'a Bindings>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        text: &'a str,
        entries: &'a DeTable<'a>,
        part: impl Into<String>,
        start: Option<usize>,
    ) -> Self {
        let line = start.map(|start| line_of(text, start));
        Self {
            text,
            entries,
            part: part.into(),
            line,
            asked: RefCell::default(),
            all_asked: Cell::new(false),
            bindings: None,
        }
    }

    /// The part with values for the placeholders of its expressions.
    pub(super) fn bound_by(self, bindings: &'a Bindings) -> Self {
        Self { bindings: Some(bindings), ..self }
    }

    pub(super) fn bindings(&self) -> Option<&'a Bindings> {
        self.bindings
    }

    pub(super) fn line(&self) -> Option<u32> {
        self.line
    }

    pub(super) fn rename(&mut self, part: String) {
        self.part = part;
    }

    /// A fault of the part as a whole.
    pub(super) fn fault(&self, fault: impl Into<PipelineFault>) -> PipelineError {
        PipelineError { line: self.line, part: self.part.as_str().into(), fault: fault.into() }
    }

    /// A fault of one option, at its line.
    pub(super) fn fault_at(&self, option: &str, fault: impl Into<PipelineFault>) -> PipelineError {
        let line = self.entries.get(option).map(|value| line_of(self.text, value.span().start));
        PipelineError { line: line.or(self.line), ..self.fault(fault) }
    }

    /// The value of an option does not suit it.
    pub(super) fn bad(&self, option: &'static str, reason: impl Into<Box<str>>) -> PipelineError {
        self.fault_at(option, PipelineFault::Value { option, reason: reason.into() })
    }

    pub(super) fn need<T>(&self, option: &'static str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.fault(PipelineFault::Missing { option }))
    }

    fn get(&self, option: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(option);
        self.entries.get(option)
    }

    fn typed<T>(
        &self,
        option: &'static str,
        expected: &str,
        read: impl Fn(&'a DeValue<'a>) -> Option<T>,
    ) -> Result<Option<T>> {
        self.get(option)
            .map(|value| {
                let value = value.get_ref();
                read(value).ok_or_else(|| {
                    self.bad(option, format!("is {}, not {expected}", kind_of(value)))
                })
            })
            .transpose()
    }

    pub(super) fn text(&self, option: &'static str) -> Result<Option<String>> {
        self.typed(option, "text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn need_text(&self, option: &'static str) -> Result<String> {
        let value = self.text(option)?;
        self.need(option, value)
    }

    /// A list of texts, or one text in place of a list of one; `None` if the option is absent.
    pub(super) fn texts(&self, option: &'static str) -> Result<Option<Vec<String>>> {
        self.typed(option, "text or a list of texts", |value| match value {
            DeValue::String(text) => Some(vec![text.to_string()]),
            DeValue::Array(values) => {
                values.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect()
            }
            _ => None,
        })
    }

    pub(super) fn need_texts(&self, option: &'static str) -> Result<Vec<String>> {
        let value = self.texts(option)?.filter(|texts| !texts.is_empty());
        self.need(option, value)
    }

    pub(super) fn flag(&self, option: &'static str) -> Result<Option<bool>> {
        self.typed(option, "true or false", DeValue::as_bool)
    }

    pub(super) fn whole(&self, option: &'static str) -> Result<Option<u64>> {
        let number = self.typed(option, "a whole number", |value| match json(value) {
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Some(number),
            _ => None,
        })?;
        let Some(number) = number else { return Ok(None) };
        let bad = || self.bad(option, format!("is {number}, but must be 0 or more"));
        number.as_u64().map(Some).ok_or_else(bad)
    }

    pub(super) fn number(&self, option: &'static str) -> Result<Option<f64>> {
        self.typed(option, "a number", |value| json(value)?.as_f64())
    }

    /// A list of numbers.
    pub(super) fn numbers(&self, option: &'static str) -> Result<Option<Vec<f64>>> {
        self.typed(option, "a list of numbers", |value| {
            json(value)?.as_array()?.iter().map(Value::as_f64).collect()
        })
    }

    /// Bytes, as a number or as text such as `2 GiB`.
    pub(super) fn bytes(&self, option: &'static str) -> Result<Option<u64>> {
        self.typed(option, "a number of bytes, such as \"2 GiB\"", |value| match value {
            DeValue::String(text) => graph_core::parse_bytes(text),
            value => json(value)?.as_u64(),
        })
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(
        &self,
        option: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>> {
        let Some(word) = self.text(option)? else { return Ok(None) };
        match choices.iter().find(|(name, _)| *name == word) {
            Some(&(_, choice)) => Ok(Some(choice)),
            None => {
                if let Some(nearest) = nearest(&word, choices.iter().map(|(name, _)| *name)) {
                    let (name, nearest) = (word.into(), Some(nearest));
                    let unknown = PipelineFault::Unknown { kind: option, name, nearest };
                    return Err(self.fault_at(option, unknown));
                }
                let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
                let reason = format!("is `{word}`, but must be one of {}", names.join(", "));
                Err(self.bad(option, reason))
            }
        }
    }

    /// Any value, as JSON.
    pub(super) fn value(&self, option: &'static str) -> Result<Option<Value>> {
        self.typed(option, "a value", json)
    }

    /// All options that nobody has asked for so far, as JSON; they count as asked for.
    pub(super) fn rest(&self) -> Result<Map<String, Value>> {
        self.all_asked.set(true);
        let asked = self.asked.borrow();
        let rest = self.entries.iter().filter(|(key, _)| !asked.contains(&key.get_ref().as_ref()));
        rest.map(|(key, value)| match json(value.get_ref()) {
            Some(value) => Ok((key.get_ref().to_string(), value)),
            None => Err(self.fault_at(
                key.get_ref(),
                PipelineFault::Value { option: "value", reason: "is of no known type".into() },
            )),
        })
        .collect()
    }

    /// All options as JSON, whether they were asked for or not; numbers that JSON does not have are text.
    pub(super) fn all(&self) -> Map<String, Value> {
        let value = |value: &DeValue| json(value).unwrap_or_else(|| format!("{value:?}").into());
        let entries = self.entries.iter();
        entries.map(|(key, it)| (key.get_ref().to_string(), value(it.get_ref()))).collect()
    }

    /// Refuses options that were not asked for.
    pub(super) fn finish(&self) -> Result<()> {
        if self.all_asked.get() {
            return Ok(());
        }
        let asked = self.asked.borrow();
        let strange = self.entries.keys().find(|key| !asked.contains(&key.get_ref().as_ref()));
        match strange {
            None => Ok(()),
            Some(key) => {
                let line = Some(line_of(self.text, key.span().start));
                let name: Box<str> = key.get_ref().as_ref().into();
                let nearest = nearest(&name, asked.iter().copied());
                let fault = PipelineFault::Unknown { kind: "option", name, nearest };
                Err(PipelineError { line, ..self.fault(fault) })
            }
        }
    }
}

/// The line of a byte, counted from 1.
pub(super) fn line_of(text: &str, at: usize) -> u32 {
    let before = &text.as_bytes()[..at.min(text.len())];
    memchr::memchr_iter(b'\n', before).count() as u32 + 1
}

fn kind_of(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a flag",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The value as JSON; times are text. `None` for numbers that JSON does not have.
fn json(value: &DeValue) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            match i64::from_str_radix(&digits, number.radix()) {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(u64::from_str_radix(&digits, number.radix()).ok()?),
            }
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().replace('_', "").parse().ok()?;
            Value::Number(serde_json::Number::from_f64(number)?)
        }
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(values) => {
            values.iter().map(|value| json(value.get_ref())).collect::<Option<Vec<_>>>()?.into()
        }
        DeValue::Table(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| Some((key.get_ref().to_string(), json(value.get_ref())?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(text: &str, read: impl Fn(&Section) -> Result<T>) -> Result<T, String> {
        let table = DeTable::parse(text).unwrap();
        let section = Section::new(text, table.get_ref(), "step `a`", Some(0));
        read(&section).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_read_by_their_kind() {
        let text =
            "s = 'x'\nl = ['a', 'b']\nn = 1_000\nf = -2.5\nb = true\nm = '2 KiB'\nt = {k = [1]}";
        assert_eq!(with(text, |s| s.text("s")).unwrap().as_deref(), Some("x"));
        assert_eq!(with(text, |s| s.texts("l")).unwrap().unwrap(), ["a", "b"]);
        assert_eq!(with(text, |s| s.texts("s")).unwrap().unwrap(), ["x"]);
        assert_eq!(with(text, |s| s.whole("n")).unwrap(), Some(1000));
        assert_eq!(with(text, |s| s.number("f")).unwrap(), Some(-2.5));
        assert_eq!(with(text, |s| s.number("n")).unwrap(), Some(1000.0));
        assert_eq!(with(text, |s| s.flag("b")).unwrap(), Some(true));
        assert_eq!(with(text, |s| s.bytes("m")).unwrap(), Some(2048));
        assert_eq!(with(text, |s| s.text("other")).unwrap(), None);
        assert_eq!(with(text, |s| s.value("t")).unwrap(), Some(serde_json::json!({"k": [1]})));
        assert_eq!(
            with(text, |s| s.text("n")).unwrap_err(),
            "line 3: step `a`: option `n` is a whole number, not text"
        );
        assert_eq!(
            with(text, |s| s.whole("f")).unwrap_err(),
            "line 4: step `a`: option `f` is a number, not a whole number"
        );
        assert_eq!(
            with(text, |s| s.need_text("where")).unwrap_err(),
            "line 1: step `a`: option `where` is missing"
        );
    }

    #[test]
    fn options_that_nobody_asked_for_are_refused() {
        let text = "verb = 'filter'\n\nwhree = 'x > 1'\n";
        let error = with(text, |s| {
            s.text("verb")?;
            s.text("where")?;
            s.finish()
        });
        assert_eq!(
            error.unwrap_err(),
            "line 3: step `a`: there is no option `whree`; did you mean `where`?"
        );
        let choices = [("filter", 1), ("select", 2)];
        assert_eq!(with(text, |s| s.choice("verb", &choices)).unwrap(), Some(1));
        let error = with("verb = 'flter'", |s| s.choice("verb", &choices)).unwrap_err();
        assert_eq!(error, "line 1: step `a`: there is no verb `flter`; did you mean `filter`?");
        let rest = with(text, |s| {
            s.text("verb")?;
            s.rest()
        });
        assert_eq!(Value::Object(rest.unwrap()), serde_json::json!({"whree": "x > 1"}));
    }
}
