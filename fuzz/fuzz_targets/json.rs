//! JSON, whole and line by line.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    graphlume_fuzz::read(bytes, "a.json");
    graphlume_fuzz::read(bytes, "a.jsonl");
    graphlume_fuzz::read_table(bytes, ".json");
});
