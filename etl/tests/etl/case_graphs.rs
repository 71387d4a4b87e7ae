//! Graphs between the steps of a case: what they have stays theirs.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use graph_core::Graph;
use graph_etl::case::Case;
use serde_json::Map;

use super::cases::{column, folder, graph, places, run};

const PAID: &str = "from,to,amount,weight\na,b,10,1\nb,c,1,5\nc,a,3,2\na,c,1,7\n";

/// What `steps` make of edges that weigh what `weights` says.
fn made(weights: &str, steps: &str) -> Graph {
    let folder = folder(&[("paid.csv", PAID)]);
    let text = format!(
        "[[step]]\nname = 'paid'\nverb = 'source'\nfrom = 'paid.csv'\n[[step]]\nname = 'all'\n\
         verb = 'graph'\ndirected = true\n{weights}\n[[step]]\nname = 'some'\n\
         verb = 'gfql'\nquery = [{{type = 'Edge', direction = 'forward', edge_match = {{amount = \
         {{type = 'GT', val = 2}}}}}}]\n{steps}"
    );
    let bound = Case::parse(&text).unwrap().bind(&Map::new()).unwrap();
    graph(run(&bound, &places(folder.path())).unwrap().1)
}

#[test]
fn a_query_keeps_the_weights_of_its_edges() {
    let graph = made("weight = 'amount'", "");
    assert_eq!(column(&graph.edge_table().unwrap(), "amount"), ["10", "3"]);
    assert_eq!(graph.coo().weights(), Some(&[10.0, 3.0][..]));
    assert_eq!(made("", "").coo().weights(), Some(&[1.0, 2.0][..]));
    // A column that is called so is no weight where there are none.
    assert_eq!(made("no_weight = true", "").coo().weights(), None);
    let all = "[[step]]\nverb = 'gfql'\nfrom = 'all'\nquery = [{type = 'Edge', direction = 'forward'}]\n\
               [[step]]\nverb = 'page_rank'";
    let ranked = "[[step]]\nverb = 'page_rank'\nfrom = 'all'";
    for weights in ["weight = 'amount'", "no_weight = true"] {
        let [asked, plain] =
            [all, ranked].map(|steps| column(made(weights, steps).nodes(), "page_rank"));
        assert_eq!(asked, plain, "{weights}");
    }
}

#[test]
fn a_query_may_make_another_graph() {
    let events = "[[step]]\nverb = 'gfql'\nquery = [{type = 'Call', function = 'hypergraph', params = \
                  {entity_types = ['from', 'to'], direct = true, from_edges = true}}]";
    let graph = made("", events);
    assert_eq!((graph.n_nodes(), graph.n_edges()), (4, 2));
}

#[test]
fn merged_graphs_keep_the_weights_of_their_edges() {
    let merged = "[[step]]\nverb = 'merge'\nfrom = ['all', 'some']";
    let graph = made("weight = 'amount'", merged);
    assert_eq!(graph.coo().weights(), Some(&[10.0, 1.0, 3.0, 1.0][..]));
    let schema = graph.edges().schema();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["amount", "weight"]);
    assert_eq!(made("no_weight = true", merged).coo().weights(), None);
    // Edges without weights weigh 1 beside others.
    let other = "[[step]]\nname = 'plain'\nverb = 'graph'\nfrom = 'paid'\nno_weight = true\n\
                 directed = true\n[[step]]\nverb = 'merge'\nfrom = ['some', 'plain']";
    let graph = made("weight = 'amount'", other);
    assert_eq!(graph.coo().weights(), Some(&[10.0, 3.0, 1.0, 1.0, 1.0, 1.0][..]));
}
