//! The expression language: parsed once, checked against a schema, run by tables and by devices.
