//! `graphlume reshape`: a graph of another shape, by verbs in the order in which they are given.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use arrow::array::UInt32Array;
use arrow::buffer::BooleanBuffer;
use clap::ValueEnum;
use graphlume::etl::analytics::SpanningForest;
use graphlume::etl::expr::Expr;
use graphlume::etl::table::{ContractAggregates, rows_where};
use graphlume::etl::topology::{
    Combine, Contract, Direction, ForestFire, Hops, TopologicalLevels, UniformSample, by_degree,
    by_first_use, compact, deduplicate, drop_self_loops, filter_edges, induced_by_mask,
    largest_component, materialize_nodes, prune_orphans, relabel, reverse, symmetrize, undirected,
};
use graphlume::etl::{Control, Error, Progress};
use graphlume::{Graph, WriteOptions, write};
use serde_json::json;

use crate::input;
use crate::interrupt::Deferred;
use crate::ordered::{self, Known, Ordered, Step, more, verb};
use crate::outcome::Outcome;
use crate::output::{Summary, count, print_json, write_options, wrote};
use crate::progress::Messages;

/// Arguments of `graphlume reshape`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume reshape edges.csv --drop-self-loops --deduplicate --largest-component -o part.parquet
  graphlume reshape edges.csv --hops 2 --from \"id = 'ann'\" --through 'weight > 3' -o around.gexf
  graphlume reshape edges.csv --nodes people.csv --contract city --combine sum -o cities.csv
  graphlume reshape edges.csv --directed --levels -o edges.csv --nodes-out levels.csv
  graphlume reshape edges.csv --forest-fire 5% --seed 7 -o sample.parquet

Conditions are expressions over the columns of nodes, or of edges, as in graphlume transform.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,
    #[command(flatten)]
    verbs: Ordered<Verbs>,
    /// File to write, in a format of graphs or tables that the suffix says
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// File for the node table, for formats that hold edges only
    #[arg(long, value_name = "FILE")]
    nodes_out: Option<PathBuf>,
    /// Print JSON: how many nodes and edges there are after each verb
    #[arg(long)]
    json: bool,
}

/// The verbs and their options.
#[derive(Debug, Clone)]
pub(crate) struct Verbs;

impl ordered::Verbs for Verbs {
    const KNOWN: &'static [Known] = &[
        verb("reverse", "", "Turn every edge around"),
        verb("drop-directions", "", "Take the directions away; each edge stays"),
        verb(
            "symmetrize",
            "[COMBINE]",
            "Add the edge back wherever it is missing; see --deduplicate for weights",
        ),
        verb(
            "deduplicate",
            "[COMBINE]",
            "Make parallel edges one, whose weight is the sum, max, min or that of the first [default: sum]",
        ),
        verb("drop-self-loops", "", "Drop edges from a node to itself"),
        verb(
            "relabel",
            "ORDER",
            "Number nodes anew: by `degree`, the greatest first, or by `first-use` in edges",
        ),
        verb("largest-component", "", "Keep the largest part that holds together"),
        verb(
            "compact",
            "",
            "Drop nodes without edges, and number the others in the order of first use",
        ),
        verb(
            "materialize-nodes",
            "",
            "Keep of the nodes those that edges name, with their ids alone: sources, then targets",
        ),
        verb("prune-orphans", "", "Drop nodes without edges"),
        verb(
            "keep-nodes",
            "EXPR",
            "Keep the nodes for which the expression is true, and edges between them",
        ),
        verb(
            "drop-nodes",
            "EXPR",
            "Drop the nodes for which the expression is true, and their edges",
        ),
        verb(
            "keep-edges",
            "EXPR",
            "Keep the edges for which the expression is true, and all nodes",
        ),
        verb(
            "drop-edges",
            "EXPR",
            "Drop the edges for which the expression is true, and keep all nodes",
        ),
        verb(
            "hops",
            "N",
            "Keep what can be reached from nodes in so many hops, or in `all`; see --from",
        ),
        more("from", "EXPR", &["hops"], "The nodes to start from; behind --hops"),
        more(
            "direction",
            "WAY",
            &["hops"],
            "Follow edges forward, reverse or both ways; behind --hops [default: forward]",
        ),
        more(
            "min-hops",
            "N",
            &["hops"],
            "Keep nearer nodes on the way to these alone; behind --hops [default: 0]",
        ),
        more("through", "EXPR", &["hops"], "Follow these edges alone; behind --hops"),
        more(
            "leaving",
            "EXPR",
            &["hops"],
            "Leave these nodes alone, the first ones too; behind --hops",
        ),
        more("entering", "EXPR", &["hops"], "Enter these nodes alone; behind --hops"),
        verb(
            "contract",
            "COLUMN",
            "Make one node of all that have the same value in a node column; those without one become `null`",
        ),
        more(
            "combine",
            "COMBINE",
            &["contract"],
            "sum, max, min or first of the weights of its edges; behind --contract [default: sum]",
        ),
        more(
            "self-loops",
            "",
            &["contract"],
            "Keep edges within a group as self-loops; behind --contract",
        ),
        more(
            "node-agg",
            "NAME=EXPR",
            &["contract"],
            "Aggregate of the nodes that become one, such as `people = sum(people)`; behind --contract, once for each",
        ),
        more(
            "edge-agg",
            "NAME=EXPR",
            &["contract"],
            "Aggregate of the edges that become one, such as `last = max(time)`; behind --contract, once for each",
        ),
        verb(
            "levels",
            "[COLUMN]",
            "Add a node column [default: level]: how far from where directed edges begin",
        ),
        more("acyclic", "", &["levels"], "Refuse cycles instead of breaking them; behind --levels"),
        verb(
            "spanning-forest",
            "[WHICH]",
            "Keep the edges of least (`min`, the default) or largest (`max`) weight that hold all together",
        ),
        verb(
            "sample-nodes",
            "N",
            "Keep N nodes at random, or a part such as `1%`, and edges between them",
        ),
        verb(
            "sample-edges",
            "N",
            "Keep N edges at random, or a part such as `1%`, and their nodes",
        ),
        verb(
            "forest-fire",
            "N",
            "Keep N nodes, or a part, that a fire reaches: a sample of the same shape",
        ),
        more(
            "spread",
            "P",
            &["forest-fire"],
            "Chance of the fire to go on, forward or FORWARD,BACKWARD; behind --forest-fire [default: 0.7,0.2]",
        ),
        more(
            "seed",
            "SEED",
            &["sample-nodes", "sample-edges", "forest-fire"],
            "What chance begins with; behind --sample-nodes, --sample-edges or --forest-fire [default: 0]",
        ),
    ];
}

/// How much of a graph is drawn by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Amount {
    Count(usize),
    /// From 0 to 1.
    Part(f64),
}

impl Amount {
    fn of(self, n: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Part(part) => (part * n as f64).round() as usize,
        }
    }
}

/// What a verb does, read and checked.
#[derive(Debug)]
enum Verb {
    Reverse,
    Undirected,
    Symmetrize(Combine),
    Deduplicate(Combine),
    DropSelfLoops,
    ByDegree,
    ByFirstUse,
    LargestComponent,
    Compact,
    MaterializeNodes,
    PruneOrphans,
    /// Those that the expression is true of, or those that it is not.
    Nodes(Expr, bool),
    Edges(Expr, bool),
    Hops(Box<Walk>),
    Contract(String, Contract, Box<ContractAggregates>),
    Levels(String, TopologicalLevels),
    SpanningForest(SpanningForest),
    SampleNodes(Amount, u64),
    SampleEdges(Amount, u64),
    ForestFire(Amount, ForestFire),
}

/// A walk from some nodes.
#[derive(Debug)]
struct Walk {
    from: Expr,
    direction: Direction,
    min_hops: u32,
    max_hops: Option<u32>,
    through: Option<Expr>,
    leaving: Option<Expr>,
    entering: Option<Expr>,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let verbs = read_verbs(&args.verbs)?;
    let options = match &args.out {
        Some(out) => {
            let options = WriteOptions { nodes: args.nodes_out.clone(), ..write_options(out) };
            options.check(out)?;
            options
        }
        None if args.nodes_out.is_some() => bail!("--nodes-out should come with --out"),
        None => WriteOptions::default(),
    };
    let outputs = [("--out", args.out.as_deref()), ("--nodes-out", args.nodes_out.as_deref())];
    let summary = Summary::beside(&outputs, args.json, messages)?;
    let (mut graph, _) = args.input.read(messages)?;
    let deferred = Deferred::begin();
    let mut steps = Vec::with_capacity(verbs.len());
    for (name, verb) in &verbs {
        let spinner = messages.spinner(*name);
        let report = |progress: Progress| spinner.say(format!("{name}: {}", progress.stage));
        let control = Control::default().reporting(&report).stopped_by(deferred.flag());
        graph = match verb.run(&graph, &control) {
            Err(Error::Stopped { .. }) => return Ok(messages.interrupted()),
            changed => changed.with_context(|| format!("--{name}"))?,
        };
        drop(spinner);
        let (n_nodes, n_edges) = (graph.n_nodes(), graph.n_edges());
        steps.push(json!({"verb": name, "n_nodes": n_nodes, "n_edges": n_edges}));
        if !args.json {
            let text =
                format!("--{name}: {}, {}\n", count(n_nodes, "node"), count(n_edges, "edge"));
            summary.print(&text)?;
        }
    }
    drop(deferred);
    if let Some(out) = &args.out {
        let report = write(&graph, out, &options)?;
        messages.say(wrote(out, &report));
    }
    if args.json {
        print_json(&json!({
            "steps": steps,
            "n_nodes": graph.n_nodes(),
            "n_edges": graph.n_edges(),
        }))?;
    }
    Ok(Outcome::Done)
}

fn read_verbs(verbs: &Ordered<Verbs>) -> anyhow::Result<Vec<(&'static str, Verb)>> {
    let steps = verbs.steps()?;
    if steps.is_empty() {
        bail!("no verb is given; see graphlume reshape --help");
    }
    steps.iter().map(|step| Ok((step.option, read_verb(step)?))).collect()
}

fn read_verb(step: &Step<'_>) -> anyhow::Result<Verb> {
    let value = step.value;
    Ok(match step.option {
        "reverse" => Verb::Reverse,
        "drop-directions" => Verb::Undirected,
        "symmetrize" => Verb::Symmetrize(choice(step.option, value)?),
        "deduplicate" => Verb::Deduplicate(choice(step.option, value)?),
        "drop-self-loops" => Verb::DropSelfLoops,
        "relabel" => match value {
            "degree" => Verb::ByDegree,
            "first-use" => Verb::ByFirstUse,
            other => bail!("--relabel should be `degree` or `first-use`, not `{other}`"),
        },
        "largest-component" => Verb::LargestComponent,
        "compact" => Verb::Compact,
        "materialize-nodes" => Verb::MaterializeNodes,
        "prune-orphans" => Verb::PruneOrphans,
        "keep-nodes" => Verb::Nodes(condition(step.option, value)?, true),
        "drop-nodes" => Verb::Nodes(condition(step.option, value)?, false),
        "keep-edges" => Verb::Edges(condition(step.option, value)?, true),
        "drop-edges" => Verb::Edges(condition(step.option, value)?, false),
        "hops" => Verb::Hops(Box::new(walk(step)?)),
        "contract" => {
            let combine = choice("combine", step.find("combine").unwrap_or_default())?;
            let self_loops = step.find("self-loops").is_some();
            let aggregates = ContractAggregates {
                nodes: aggregates(step, "node-agg")?,
                edges: aggregates(step, "edge-agg")?,
            };
            let contract = Contract { combine, self_loops };
            Verb::Contract(value.to_owned(), contract, Box::new(aggregates))
        }
        "levels" => {
            let column = if value.is_empty() { "level" } else { value };
            let allow_cycles = step.find("acyclic").is_none();
            let levels = TopologicalLevels { allow_cycles, ..TopologicalLevels::default() };
            Verb::Levels(column.to_owned(), levels)
        }
        "spanning-forest" => match value {
            "" | "min" => Verb::SpanningForest(SpanningForest { maximum: false }),
            "max" => Verb::SpanningForest(SpanningForest { maximum: true }),
            other => bail!("--spanning-forest should be `min` or `max`, not `{other}`"),
        },
        "sample-nodes" => Verb::SampleNodes(amount(step.option, value)?, seed(step)?),
        "sample-edges" => Verb::SampleEdges(amount(step.option, value)?, seed(step)?),
        "forest-fire" => {
            let usual = ForestFire { seed: seed(step)?, ..ForestFire::default() };
            let chance = |text: &str| match text.trim().parse::<f64>() {
                Ok(chance) if (0.0..1.0).contains(&chance) => Ok(chance),
                _ => bail!("--spread should be from 0 to below 1, not `{text}`"),
            };
            let fire = match step.find("spread").map(|spread| spread.split_once(',')) {
                None => usual,
                Some(None) => ForestFire {
                    forward: chance(step.find("spread").unwrap_or_default())?,
                    ..usual
                },
                Some(Some((forward, backward))) => {
                    ForestFire { forward: chance(forward)?, backward: chance(backward)?, ..usual }
                }
            };
            Verb::ForestFire(amount(step.option, value)?, fire)
        }
        other => bail!("--{other} is no verb"),
    })
}

fn walk(step: &Step<'_>) -> anyhow::Result<Walk> {
    let max_hops = match step.value {
        "all" => None,
        hops => Some(whole("hops", hops)?),
    };
    let from = step.find("from").context("--hops needs --from EXPR")?;
    let optional =
        |option: &'static str| step.find(option).map(|text| condition(option, text)).transpose();
    let min_hops = step.find("min-hops").map_or(Ok(0), |hops| whole("min-hops", hops))?;
    if max_hops.is_some_and(|most| most < min_hops) {
        bail!("--min-hops {min_hops} is more than --hops {}", step.value);
    }
    Ok(Walk {
        from: condition("from", from)?,
        direction: choice("direction", step.find("direction").unwrap_or_default())?,
        min_hops,
        max_hops,
        through: optional("through")?,
        leaving: optional("leaving")?,
        entering: optional("entering")?,
    })
}

/// All that `option` gives names to.
fn aggregates(step: &Step<'_>, option: &str) -> anyhow::Result<Vec<(String, Expr)>> {
    let aggregate = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .with_context(|| format!("--{option} should be NAME=EXPR, not `{text}`"))?;
        Ok((name.trim().to_owned(), condition(option, value)?))
    };
    step.all(option).iter().map(aggregate).collect()
}

fn condition(option: &str, text: &str) -> anyhow::Result<Expr> {
    text.parse().with_context(|| format!("--{option}"))
}

fn whole(option: &str, text: &str) -> anyhow::Result<u32> {
    text.parse().ok().with_context(|| format!("--{option} should be a whole number, not `{text}`"))
}

fn seed(step: &Step<'_>) -> anyhow::Result<u64> {
    let Some(text) = step.find("seed") else { return Ok(0) };
    text.parse().ok().with_context(|| format!("--seed should be a whole number, not `{text}`"))
}

/// One of the values that an option has; the usual one where none is given.
fn choice<T: ValueEnum + Default>(option: &str, text: &str) -> anyhow::Result<T> {
    if text.is_empty() {
        return Ok(T::default());
    }
    T::from_str(text, false).ok().with_context(|| {
        let known = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let known: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
        format!("--{option} should be one of {}, not `{text}`", known.join(", "))
    })
}

fn amount(option: &str, text: &str) -> anyhow::Result<Amount> {
    let found = match text.strip_suffix('%') {
        Some(part) => part.trim().parse::<f64>().ok().map(|part| Amount::Part(part / 100.0)),
        None => text.parse().ok().map(Amount::Count),
    };
    let is_right = |amount: &Amount| match amount {
        Amount::Count(_) => true,
        Amount::Part(part) => (0.0..=1.0).contains(part),
    };
    found.filter(is_right).with_context(|| {
        format!("--{option} should be a number, or a part from 0% to 100%, not `{text}`")
    })
}

impl Verb {
    fn run(&self, graph: &Graph, control: &Control) -> Result<Graph, Error> {
        Ok(match self {
            Self::Reverse => reverse(graph)?,
            Self::Undirected => undirected(graph)?,
            Self::Symmetrize(combine) => symmetrize(graph, *combine)?.graph,
            Self::Deduplicate(combine) => deduplicate(graph, *combine)?.graph,
            Self::DropSelfLoops => drop_self_loops(graph)?.graph,
            Self::ByDegree => relabel(graph, &by_degree(graph))?.graph,
            Self::ByFirstUse => relabel(graph, &unused_last(graph, by_first_use(graph)))?.graph,
            Self::LargestComponent => largest_component(graph)?.graph,
            Self::Compact => compact(graph)?.graph,
            Self::MaterializeNodes => materialize_nodes(graph)?.graph,
            Self::PruneOrphans => prune_orphans(graph)?.graph,
            Self::Nodes(condition, keep) => {
                let is_true = nodes_where(graph, condition, control)?;
                let mask = if *keep { is_true } else { !&is_true };
                induced_by_mask(graph, &mask)?.graph
            }
            Self::Edges(condition, keep) => {
                let is_true = edges_where(graph, condition, control)?;
                let mask = if *keep { is_true } else { !&is_true };
                filter_edges(graph, &mask, true)?.graph
            }
            Self::Hops(walk) => walk.run(graph, control)?,
            Self::Contract(column, contract, aggregates) => {
                contract.by_column_with(graph, column, aggregates, control)?.graph
            }
            Self::Levels(column, levels) => {
                let found = levels.run(graph, control)?;
                let values = Arc::new(UInt32Array::from(found.levels));
                graph.clone().with_node_columns([(column.clone(), values as _)])?
            }
            Self::SpanningForest(forest) => forest.subgraph(graph, control)?.graph,
            Self::SampleNodes(amount, seed) => {
                let count = amount.of(graph.n_nodes());
                UniformSample { count, seed: *seed }.nodes(graph)?.graph
            }
            Self::SampleEdges(amount, seed) => {
                let count = amount.of(graph.n_edges());
                UniformSample { count, seed: *seed }.edges(graph)?.graph
            }
            Self::ForestFire(amount, fire) => {
                let count = amount.of(graph.n_nodes());
                ForestFire { count, ..*fire }.run(graph, control)?.graph
            }
        })
    }
}

impl Walk {
    fn run(&self, graph: &Graph, control: &Control) -> Result<Graph, Error> {
        let nodes = |condition: &Option<Expr>| {
            condition.as_ref().map(|of| nodes_where(graph, of, control)).transpose()
        };
        let from = nodes_where(graph, &self.from, control)?;
        let through = match &self.through {
            Some(condition) => Some(edges_where(graph, condition, control)?),
            None => None,
        };
        let (leaving, entering) = (nodes(&self.leaving)?, nodes(&self.entering)?);
        let hops = Hops {
            direction: self.direction,
            min_hops: self.min_hops,
            max_hops: self.max_hops,
            edges: through.as_ref(),
            sources: leaving.as_ref(),
            targets: entering.as_ref(),
        };
        let seeds: Vec<u32> = from.set_indices().map(|u| u as u32).collect();
        Ok(hops.run(graph, &seeds, control)?.subgraph(graph)?.graph)
    }
}

/// `order` with the nodes that it leaves out behind it.
fn unused_last(graph: &Graph, mut order: Vec<u32>) -> Vec<u32> {
    let mut is_there = vec![false; graph.n_nodes()];
    for &u in &order {
        is_there[u as usize] = true;
    }
    order.extend((0..graph.n_nodes() as u32).filter(|&u| !is_there[u as usize]));
    order
}

fn nodes_where(graph: &Graph, condition: &Expr, control: &Control) -> Result<BooleanBuffer, Error> {
    rows_where(graph.nodes().clone(), condition, control)
}

fn edges_where(graph: &Graph, condition: &Expr, control: &Control) -> Result<BooleanBuffer, Error> {
    rows_where(graph.edge_table()?, condition, control)
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;

    fn verbs(args: &[&str]) -> anyhow::Result<Vec<(&'static str, Verb)>> {
        let command = clap::Command::new("x").no_binary_name(true);
        let command = <Ordered<Verbs> as clap::Args>::augment_args(command);
        read_verbs(&Ordered::from_arg_matches(&command.try_get_matches_from(args)?)?)
    }

    #[test]
    fn verbs_keep_their_order_and_options_belong_to_the_one_before() {
        let args =
            ["--reverse", "--sample-nodes", "5", "--seed", "3", "--reverse", "--levels=depth"];
        let names: Vec<_> = verbs(&args).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["reverse", "sample-nodes", "reverse", "levels"]);
        match &verbs(&["--sample-edges", "2.5%", "--seed", "3"]).unwrap()[0].1 {
            Verb::SampleEdges(amount, 3) => assert_eq!(*amount, Amount::Part(0.025)),
            other => panic!("{other:?}"),
        }
        for (args, expected) in [
            (
                &["--seed", "3"][..],
                "--seed should come behind --sample-nodes or --sample-edges or --forest-fire",
            ),
            (&["--hops", "2"], "--hops needs --from EXPR"),
            (&["--hops", "x", "--from", "id = 1"], "--hops should be a whole number, not `x`"),
            (
                &["--deduplicate=mean"],
                "--deduplicate should be one of sum, max, min, first, not `mean`",
            ),
            (
                &["--sample-nodes", "101%"],
                "--sample-nodes should be a number, or a part from 0% to 100%, not `101%`",
            ),
            (
                &["--forest-fire", "9", "--spread", "1"],
                "--spread should be from 0 to below 1, not `1`",
            ),
            (
                &["--hops", "1", "--min-hops", "2", "--from", "id = 1"],
                "--min-hops 2 is more than --hops 1",
            ),
            (&[], "no verb is given; see graphlume reshape --help"),
        ] {
            assert_eq!(verbs(args).unwrap_err().to_string(), expected, "{args:?}");
        }
        assert!(verbs(&["--keep-nodes", "id +"]).is_err());
    }
}
