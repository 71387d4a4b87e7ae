//! Many viewers of one layout that moves: frames a viewer gets, the time between them, what the server takes.
//!
//! The server is a process of its own; the viewers share the machine with it, and read of a frame what they need to
//! acknowledge it. Some viewers are slow: they acknowledge a frame a second, or read nothing at all.
//!
//! Usage: `cargo bench --bench viewers [-- VIEWERS [SECONDS]]`. Prints Markdown.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use graphlume::graph::generate::{BarabasiAlbert, barabasi_albert};
use graphlume_server::stream::{Frame, LayoutState, Reader};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// What the programs have.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: graphlume::device::Allocator = graphlume::device::Allocator::new();

const N_NODES: usize = 20_000;

/// A server that ends with it.
struct Server {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_graphlume-server"))
            .args([
                "--bind",
                "127.0.0.1:0",
                "--device",
                "cpu",
                "--play-timeout-ms",
                "600000",
                "--data",
            ])
            .arg(folder.path())
            .env("GRAPHLUME_LOG", "graphlume_server::serve=info,warn")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.split_once("listening at http://").map(|(_, address)| address.trim().to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.unwrap(), _folder: folder }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Value {
        let request = ureq::http::Request::builder().method(method);
        let request = request.uri(format!("http://{}{path}", self.address));
        let request =
            request.header("content-type", "application/json").body(body.to_owned()).unwrap();
        let text = ureq::Agent::new_with_defaults().run(request).unwrap();
        serde_json::from_reader(text.into_body().into_reader()).unwrap_or_default()
    }

    fn process(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default()
    }

    /// Peak of its memory since the last time that it was asked, in MiB.
    fn peak(&self) -> f64 {
        let status = self.process("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: f64 = peak.unwrap().trim().trim_end_matches("kB").trim().parse().unwrap();
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
        kib / 1024.0
    }

    /// Seconds of processor that it has used.
    fn cpu(&self) -> f64 {
        let stat = self.process("stat");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a viewer behaves.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Quick,
    /// Acknowledges a frame a second.
    Slow,
    /// Reads nothing.
    Stuck,
}

/// What a viewer got.
#[derive(Default)]
struct Got {
    bytes: usize,
    keys: usize,
    /// Seconds between frames.
    gaps: Vec<f64>,
}

async fn watch(url: String, kind: Kind, go: Arc<AtomicBool>, end: Arc<AtomicBool>) -> Got {
    let (mut socket, _) = connect_async(url).await.unwrap();
    let (mut got, mut last) = (Got::default(), None);
    while !end.load(Ordering::Relaxed) {
        if kind == Kind::Stuck {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        let next = tokio::time::timeout(Duration::from_millis(500), socket.next()).await;
        let Ok(Some(Ok(Message::Binary(frame)))) = next else { continue };
        if go.load(Ordering::Relaxed) {
            let now = Instant::now();
            got.gaps.extend(last.map(|last| now.duration_since(last).as_secs_f64()));
            last = Some(now);
            got.bytes += frame.len();
            got.keys += usize::from(frame[1] & 1 != 0);
        }
        let sequence = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]);
        if kind == Kind::Slow {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let ack = json!({"type": "ack", "sequence": sequence}).to_string();
        if socket.send(Message::text(ack)).await.is_err() {
            break;
        }
    }
    got
}

/// The value below which a share of `values` lies, in milliseconds.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    match values {
        [] => f64::NAN,
        _ => 1e3 * values[((values.len() - 1) as f64 * share).round() as usize],
    }
}

async fn phase(server: &Arc<Server>, id: &str, [quick, slow, stuck]: [usize; 3], secs: f64) {
    let url = format!("ws://{}/api/v1/datasets/{id}/stream", server.address);
    let [go, end]: [Arc<AtomicBool>; 2] = std::array::from_fn(|_| Arc::default());
    let kinds = [(Kind::Quick, quick), (Kind::Slow, slow), (Kind::Stuck, stuck)];
    let viewers: Vec<_> = kinds
        .into_iter()
        .flat_map(|(kind, n)| std::iter::repeat_n(kind, n))
        .map(|kind| {
            (kind, tokio::spawn(watch(url.clone(), kind, Arc::clone(&go), Arc::clone(&end))))
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.peak();
    let layout = format!("/api/v1/datasets/{id}/layout");
    let (cpu, start) = (server.cpu(), Instant::now());
    let steps = server.send("GET", &layout, "")["iteration"].as_f64().unwrap();
    go.store(true, Ordering::Relaxed);
    let asking = Arc::clone(server);
    let answers = tokio::task::spawn_blocking(move || {
        let mut answers = Vec::new();
        while start.elapsed().as_secs_f64() < secs {
            let begin = Instant::now();
            asking.send("GET", "/health", "");
            answers.push(begin.elapsed().as_secs_f64());
            std::thread::sleep(Duration::from_millis(20));
        }
        answers
    });
    let mut answers = answers.await.unwrap();
    let secs = start.elapsed().as_secs_f64();
    let steps = server.send("GET", &layout, "")["iteration"].as_f64().unwrap() - steps;
    let (cpu, peak) = (server.cpu() - cpu, server.peak());
    end.store(true, Ordering::Relaxed);
    let (mut gaps, mut rates, mut bytes, mut keys, mut n) = (Vec::new(), Vec::new(), 0, 0, 0);
    for (kind, viewer) in viewers {
        let got = viewer.await.unwrap();
        if kind == Kind::Quick {
            rates.push(got.gaps.len() as f64 / secs);
            n += got.gaps.len();
            gaps.extend(got.gaps);
        }
        bytes += got.bytes;
        keys += got.keys;
    }
    rates.sort_by(f64::total_cmp);
    println!(
        "| {quick} | {slow} | {stuck} | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {peak:.0} |",
        n as f64 / secs / quick as f64,
        rates[0],
        quantile(&mut gaps, 0.5),
        quantile(&mut gaps, 0.99),
        bytes as f64 / secs / f64::from(1 << 20),
        keys as f64 / secs,
        steps / secs,
        quantile(&mut answers, 0.5),
        quantile(&mut answers, 0.99),
        cpu / secs,
    );
}

/// Watches as a viewer should until the layout rests, and again from its beginning: both know the same places.
async fn check(server: &Server, id: &str) {
    let url = format!("ws://{}/api/v1/datasets/{id}/stream", server.address);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (mut socket, _) = connect_async(url.clone()).await.unwrap();
        let mut reader = Reader::default();
        while reader.head().is_none_or(|head| head.state == LayoutState::Running) {
            if let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() {
                reader.apply(&Frame::decode(&bytes).unwrap()).unwrap();
                let ack = json!({"type": "ack", "sequence": reader.sequence()});
                socket.send(Message::text(ack.to_string())).await.unwrap();
                if reader.sequence().is_multiple_of(10) {
                    socket.send(Message::text(r#"{"type":"pause"}"#)).await.unwrap();
                }
            }
        }
        seen.push(reader.places().to_vec());
    }
    assert_eq!(seen[0], seen[1]);
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let most = numbers.first().copied().unwrap_or(200);
    let secs = numbers.get(1).copied().unwrap_or(10) as f64;
    let graph =
        barabasi_albert(&BarabasiAlbert { n_nodes: N_NODES, n_neighbors: 5, seed: 1 }).unwrap();
    let mut csv = String::from("source,target\n");
    for (u, v) in graph.coo().sources().iter().zip(graph.coo().targets()) {
        writeln!(csv, "{u},{v}").unwrap();
    }
    let server = Arc::new(Server::start());
    let made = server.send("POST", "/api/v1/datasets?name=graph.csv", &csv);
    let id = made["id"].as_str().unwrap().to_owned();
    let endless = json!({"options": {"tolerance": 0}}).to_string();
    server.send("POST", &format!("/api/v1/datasets/{id}/layout"), &endless);
    println!("{} nodes, {} edges, {secs} s each\n", graph.n_nodes(), graph.n_edges());
    println!(
        "| viewers | slow | stuck | frames/s | of the slowest | gap p50, ms | p99, ms | MiB/s | key frames/s | \
         steps/s | `/health` p50, ms | p99, ms | cores | peak MiB |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for [quick, slow, stuck] in [[1, 0, 0], [20, 0, 0], [most, 0, 0], [most, 20, 20]] {
            phase(&server, &id, [quick, slow, stuck], secs).await;
        }
        check(&server, &id).await;
    });
}
