//! The border between polars and Arrow: columns pass it by the C data interface, without copies.
