//! What the engine says of a query, in the words of the query: of parts that it does not have it shows the trees.

use std::fmt::{self, Debug, Write};
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Select, Visit, Visitor};

use super::sql::read;
use super::sql_text::written;

/// How many bytes of a message come before a tree at most.
const HEAD: usize = 200;

/// The `message` of the engine about `query`, with SQL in the place of trees.
pub(super) fn in_words(message: &str, query: &str) -> String {
    let starts = starts(message);
    if starts.is_empty() {
        return message.to_owned();
    }
    let mut finder = Finder { message, starts };
    let found = read(query).ok().and_then(|query| match Visit::visit(&*query, &mut finder) {
        ControlFlow::Break(found) => Some(found),
        ControlFlow::Continue(()) => None,
    });
    match found {
        Some(text) => text,
        // A part that nobody visits, or one that the engine has made itself.
        None if message.contains("span: Span(") => {
            let tree = message.find(['{', '(']).unwrap_or(message.len());
            let begin = finder.starts.iter().copied().rfind(|&start| start <= tree);
            format!("{}a part of the query", &message[..begin.unwrap_or(tree)])
        }
        None => message.to_owned(),
    }
}

/// Where trees may begin: at capitals that begin a word.
fn starts(message: &str) -> Vec<usize> {
    let is_start = |&(at, c): &(usize, char)| {
        let before = message[..at].chars().next_back();
        c.is_ascii_uppercase() && before.is_none_or(|before| !before.is_alphanumeric())
    };
    message
        .char_indices()
        .take_while(|(at, _)| *at < HEAD)
        .filter(is_start)
        .map(|(at, _)| at)
        .collect()
}

/// Looks for the part of a query whose tree is in a message; outer parts come first.
struct Finder<'a> {
    message: &'a str,
    starts: Vec<usize>,
}

impl Finder<'_> {
    /// The message with `text` in the place of the tree of `part`, if it has that.
    fn replaced(&self, part: &dyn Debug, text: impl Fn() -> String) -> ControlFlow<String> {
        let found = self.starts.iter().find_map(|&start| {
            let mut same = Same { rest: &self.message[start..] };
            write!(same, "{part:?}").ok()?;
            let is_whole = !same.rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            is_whole.then_some((&self.message[..start], same.rest))
        });
        let Some((before, after)) = found else { return ControlFlow::Continue(()) };
        let (before, after) = match (before.strip_suffix("Some("), after.strip_prefix(')')) {
            (Some(before), Some(after)) => (before, after),
            _ => (before, after),
        };
        ControlFlow::Break(format!("{before}{}{after}", text()))
    }
}

impl Visitor for Finder<'_> {
    type Break = String;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        for item in &select.projection {
            self.replaced(item, || item.to_string())?;
        }
        for join in select.from.iter().flat_map(|from| &from.joins) {
            self.replaced(&join.join_operator, || join.to_string().trim().to_owned())?;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        self.replaced(expr, || written(expr))?;
        match expr {
            Expr::Interval(interval) => self.replaced(interval, || written(expr)),
            Expr::Value(value) => self.replaced(&value.value, || written(expr)),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// A text that takes what it begins with, and nothing else.
struct Same<'a> {
    rest: &'a str,
}

impl Write for Same<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.rest = self.rest.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}
