//! Delimited text, plain and compressed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    graphlume_fuzz::read(bytes, "a.csv");
    graphlume_fuzz::read_table(bytes, ".csv");
});
