//! The expression language: parsed once, checked against a schema, run by tables and by devices.
//!
//! Its grammar is that of SQL expressions, so one text means the same in a filter of the command
//! line, of the server, of the viewer and in a graph query.
//!
//! | form | examples |
//! |---|---|
//! | columns | `amount`, `"with blank"`, `point:degree`, `edge:weight`, `struct.field` |
//! | constants | `3`, `0.5`, `'text'`, `TRUE`, `NULL`, `DATE '2026-11-21'`, `TIMESTAMP '2026-11-21 12:30:00Z'`, `INTERVAL '3 days'` |
//! | numbers | `+ - * / %` |
//! | comparison | `= <> < <= > >=`, `BETWEEN`, `IN`, `IS NULL`, `IS TRUE`, `IS DISTINCT FROM` |
//! | logic | `AND`, `OR`, `NOT`, with nulls as in SQL |
//! | text | `\|\|`, `LIKE`, `ILIKE`, `~` (regular expression), `~*` (ignoring capitals), `!~`, `!~*` |
//! | placeholders | `$name`, `IN ($names)`: the constants that [`Bindings`] have by these names |
//! | choice | `CASE WHEN … THEN … ELSE … END`, `coalesce`, `if` |
//! | types | `CAST(x AS BIGINT)`, `x::DOUBLE`, `TRY_CAST(x AS DATE)` (null where it cannot be) |
//! | functions | [`Function`]; of groups of rows, [`Aggregate`] |
//!
//! Names of columns keep their capitals; those of functions do not matter.
//!
//! Semantics, where SQL's dialects differ:
//! - `/` makes fractions of integers too; `div` does not. Divisors of 0 give null; a constant one is
//!   an error before work starts. A quotient by a constant may be off by its last bit.
//! - Integers are computed in 64 bits with a sign, and one that does not fit is an error, never
//!   another number. Numbers with fractions are `f64`; `f32` if all columns are.
//! - A number that is not one equals itself and is greater than all others. Sums and means have it as
//!   IEEE 754 says.
//! - Timestamps without a zone, and constants without an offset, are compared with others as if they
//!   were in UTC. Text constants become what they are compared with: `day >= '2026-01-01'`.
//! - Text is compared letter by letter in the order of Unicode's code points.
//! - Decimals are compared and computed as `f64`.

#[cfg(feature = "tables")]
mod arithmetic;
mod bindings;
mod check;
mod display;
mod error;
mod functions;
#[cfg(feature = "tables")]
mod lower;
mod of_text;
mod parse;
#[cfg(feature = "tables")]
mod texts;
mod time;
mod tree;
#[cfg(feature = "tables")]
mod unknown;
#[cfg(feature = "tables")]
mod unwrapped;

#[cfg(feature = "tables")]
pub(crate) use arithmetic::{OVERFLOW, SQL_OVERFLOW};
pub use bindings::{Binding, Bindings};
pub use check::Resolved;
pub use error::{ExpressionError, Problem};
pub use functions::{Aggregate, Function};
#[cfg(feature = "tables")]
pub(crate) use lower::{column, lower, lower_bounded_group, lower_group, lower_whole};
pub(crate) use of_text::{OfText, Word, is_of_text};
#[cfg(feature = "tables")]
pub(crate) use parse::{MAX_NESTED, at_one_time, check_regex, too_nested};
pub(crate) use time::is_utc;
pub use tree::{Binary, Column, Element, Expr, Interval, Kind, Literal, Place, Unary};
#[cfg(feature = "tables")]
pub(crate) use unknown::{may_be_unknown, unknown_kept};
#[cfg(feature = "tables")]
pub(crate) use unwrapped::{may_wrap, unwrapped};
