//! What viewers say to a layout, a message a line: understood, checked and obeyed as the server does.
//!
//! The server's own files are read here, since a build of all of it would take an hour.
#![no_main]

// What these files call the facade.
extern crate self as graphlume;

#[expect(dead_code, reason = "the server's thread has other commands too")]
#[path = "../../server-bin/src/live/inbox.rs"]
mod inbox;

#[path = "../../server-bin/src/live/check.rs"]
mod check;
#[path = "../../server-bin/src/live/request.rs"]
mod request;

use std::ops::ControlFlow;

use check::{FARTHEST, changed, check_all};
pub use gpu_layout as layout;
use gpu_layout::{Config, Layout};
pub use graph_core as graph;
use graph_core::{Coo, Graph};
pub use graph_kernels::Device;
use inbox::Command;
use libfuzzer_sys::fuzz_target;
use request::Request;

/// Nodes of the graph: a ring with a tail.
const NODES: u32 = 12;

/// Most steps that are made at once.
const STEPS: u32 = 3;

fn graph() -> Graph {
    let targets = (0..NODES).map(|node| if node == 8 { 0 } else { (node + 1) % NODES }).collect();
    let coo = Coo::new(NODES as usize, (0..NODES).collect(), targets, None);
    Graph::from_coo(coo.expect("the nodes should be there"), false)
}

fn begin(graph: &Graph, options: &Config) -> Layout {
    Layout::builder(graph)
        .config(options.clone())
        .build()
        .expect("options that were checked should do")
}

/// Makes steps, and shows where the nodes are then.
fn go(layout: &mut Layout, steps: u32) {
    let made = layout.run(steps.min(STEPS) as usize, |_| ControlFlow::Continue(()));
    made.expect("the processor should not fail");
    layout.frame().expect("the processor should not fail");
}

fuzz_target!(|text: &str| {
    let graph = graph();
    let mut options = Config::default();
    let mut layout = begin(&graph, &options);
    for line in text.lines().take(16) {
        let command = match serde_json::from_str::<Request>(line) {
            Ok(request) => request.command(),
            Err(error) => {
                assert!(!graph::words::of_serde(&error.to_string()).is_empty(), "{line:?}");
                continue;
            }
        };
        let Some(command) = command else { continue };
        let commands = [command];
        if let Err(wrong) = check_all(&commands, NODES as usize, options.clone()) {
            assert!(!wrong.to_string().is_empty(), "{line:?}");
            continue;
        }
        let [command] = commands;
        match command {
            Command::Play => go(&mut layout, STEPS),
            Command::Step(n) => go(&mut layout, n),
            Command::Restart { seed } => {
                options.seed = seed.unwrap_or(options.seed);
                layout = begin(&graph, &options);
                go(&mut layout, STEPS);
            }
            Command::Options(changes) => {
                options = changed(&options, &changes).expect("it was checked");
                layout.set_config(options.clone()).expect("it was checked");
            }
            Command::Pin(nodes) | Command::Unpin(nodes) => {
                for node in nodes {
                    layout.set_fixed(node, node % 2 == 0).expect("the processor should not fail");
                }
            }
            Command::Move { nodes, x, y } => {
                for (&node, (&x, &y)) in nodes.iter().zip(x.iter().zip(&y)) {
                    assert!(x.abs() <= FARTHEST && y.abs() <= FARTHEST);
                    layout.move_node(node, x, y).expect("it was checked");
                }
            }
            _ => {}
        }
    }
    go(&mut layout, 1);
});
