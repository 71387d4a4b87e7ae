//! Graph queries as clients send them, read and answered.
#![no_main]

use std::sync::LazyLock;

use graph_core::{Control, Graph, ReadOptions};
use graph_etl::gfql::{Absent, Gfql, Limits};
use libfuzzer_sys::fuzz_target;

static GRAPH: LazyLock<Graph> = LazyLock::new(|| {
    let text = "source,target,kind,w,at\na,b,x,1,2024-01-01\nb,c,y,2.5,2024-01-02\nc,a,x,,2024-01-03\nc,d,,4,2024-02-01\n";
    let read = graph_core::read_from(text.as_bytes(), "a.csv", &ReadOptions::default());
    read.expect("the graph should be read").0
});

fuzz_target!(|text: &str| {
    let limits = Limits { hops: 8, steps: 12, ..Limits::default() };
    let Ok(query) = Gfql::parse(text, &limits) else { return };
    for absent in [Absent::Null, Absent::Refuse] {
        let _ = query.run(&GRAPH, absent, &Control::NONE);
    }
});
