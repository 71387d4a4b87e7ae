//! GraphML and GEXF.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    graphlume_fuzz::read(bytes, "a.graphml");
    graphlume_fuzz::read(bytes, "a.gexf");
});
