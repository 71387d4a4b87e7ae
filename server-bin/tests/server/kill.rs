//! A server that is killed in the middle of its work, again and again: what it acknowledged is there, and nothing else.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_graphlume-server"))
            .args(["--bind", "127.0.0.1:0", "--device", "cpu", "--log", "graphlume_server=info"])
            .arg("--data")
            .arg(data)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains("listening at "))
            .expect("the server should say where it is");
        let (_, url) = line.split_once("http://").unwrap();
        let address = url.trim().parse().unwrap();
        // Nobody else reads what it says; a full pipe would hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn agent() -> ureq::Agent {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        config.timeout_global(Some(Duration::from_mins(1))).build().into()
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let mut answer =
            Self::agent().get(format!("http://{}{path}", self.address)).call().unwrap();
        let mut body = Vec::new();
        answer.body_mut().as_reader().read_to_end(&mut body).unwrap();
        (answer.status().as_u16(), body)
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL: nothing of it can be caught.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A path of `n` edges as CSV.
fn edges(n: usize) -> String {
    (0..n).fold("source,target\n".to_owned(), |text, i| format!("{text}{i},{}\n", i + 1))
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_half_written_is_listed() {
    let folder = TempDir::new().unwrap();
    let acknowledged: Mutex<Vec<(String, usize)>> = Mutex::default();
    let sent = AtomicUsize::new(0);
    for round in 0..5 {
        let server = Server::start(folder.path());
        let address = server.address;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let agent = Server::agent();
                    loop {
                        let n = 1 + sent.fetch_add(1, Ordering::Relaxed);
                        let url = format!("http://{address}/api/v1/datasets?name={n}.csv");
                        let Ok(mut answer) = agent.post(&url).send(edges(20 * n)) else { return };
                        let body = answer.body_mut().as_reader();
                        let Ok(made) = serde_json::from_reader::<_, Value>(body) else { return };
                        assert_eq!(answer.status(), 201, "{made}");
                        let id = made["id"].as_str().unwrap().to_owned();
                        acknowledged.lock().unwrap().push((id.clone(), 20 * n));
                        let layout = format!("http://{address}/api/v1/datasets/{id}/layout");
                        if agent.post(&layout).send_empty().is_err() {
                            return;
                        }
                    }
                });
            }
            let before = acknowledged.lock().unwrap().len();
            // In the middle of the work, at a place that differs from round to round.
            while acknowledged.lock().unwrap().len() < before + 20 + round {
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(server);
        });
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() >= 100, "{}", acknowledged.len());
    let server = Server::start(folder.path());
    for (id, n_edges) in &acknowledged {
        let found = server.json(&format!("/api/v1/datasets/{id}"));
        assert_eq!(found["n_edges"], *n_edges, "{id}");
    }
    // What was listed before its client heard of it is whole all the same.
    let mut listed = Vec::new();
    loop {
        let page = server.json(&format!("/api/v1/datasets?limit=1000&offset={}", listed.len()));
        let page = page["datasets"].as_array().unwrap().clone();
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert!(listed.len() >= acknowledged.len());
    for dataset in &listed {
        let id = dataset["id"].as_str().unwrap();
        let found = server.json(&format!("/api/v1/datasets/{id}"));
        assert_eq!(found["n_edges"], dataset["n_edges"], "{id}");
    }
}

#[test]
fn it_starts_with_nothing_but_a_folder() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(server.get("/health").0, 200);
    assert!(folder.path().join("graphlume.db").exists());
}
