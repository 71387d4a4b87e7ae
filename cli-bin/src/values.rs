//! Values of arguments that several commands take.

use std::time::Duration;

use clap::builder::{StringValueParser, TypedValueParser};
use graphlume::graph::{parse_bytes, parse_duration};

/// Bytes with a unit.
pub(crate) fn bytes() -> impl TypedValueParser<Value = u64> {
    StringValueParser::new().try_map(|text| {
        parse_bytes(&text).ok_or("a number of bytes is expected, such as `2 GiB` or `500 MB`")
    })
}

/// A time with a unit.
pub(crate) fn duration() -> impl TypedValueParser<Value = Duration> {
    StringValueParser::new().try_map(|text| {
        parse_duration(&text).ok_or("a time is expected, such as `90 s`, `10 min` or `2 h`")
    })
}

/// A name and its value.
pub(crate) fn pair() -> impl TypedValueParser<Value = (String, String)> {
    StringValueParser::new().try_map(|text| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a name and a value are expected, such as `rows=4`"),
    })
}
