//! The other formats of text, and what is found out of a content without a name.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    graphlume_fuzz::read(bytes, "a.gml");
    graphlume_fuzz::read(bytes, "a.mtx");
    graphlume_fuzz::read(bytes, "a.metis");
    graphlume_fuzz::read(bytes, "a");
});
