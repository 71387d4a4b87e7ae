//! Apache Parquet.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    graphlume_fuzz::read(bytes, "a.parquet");
    graphlume_fuzz::read_table(bytes, ".parquet");
});
