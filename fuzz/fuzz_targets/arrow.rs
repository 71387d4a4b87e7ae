//! Arrow IPC, files and streams.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    graphlume_fuzz::read(bytes, "a.arrow");
    graphlume_fuzz::read_table(bytes, ".arrow");
});
