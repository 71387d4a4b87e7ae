//! A server on a free port with a folder of its own, for as long as a test has it.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::io::Read;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use graphlume_server::Settings;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A server that ends with the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The answer, if its status is that.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

/// A server with the options of `toml`, in a new folder.
pub(crate) fn start(toml: &str) -> Running {
    start_in(TempDir::new().unwrap(), toml)
}

/// A server with the options of `toml`, in a folder that may hold something.
pub(crate) fn start_in(folder: TempDir, toml: &str) -> Running {
    let data = folder.path().to_str().unwrap();
    let bind = if toml.contains("bind =") { "" } else { "bind = \"127.0.0.1:0\"\n" };
    let text = format!("{bind}data = {data:?}\ndevice = \"cpu\"\n{toml}");
    let settings: Settings = toml::from_str(&text).unwrap();
    let config = settings.resolve().unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bound = graphlume_server::bind(config).await.unwrap();
            ready.send(bound.address()).unwrap();
            bound.serve(async { drop(ended.await) }).await.unwrap();
        });
        runtime.shutdown_timeout(Duration::from_secs(5));
    });
    let address = is_ready.recv().expect("the server should start");
    Running { address, folder, end: Some(end), thread: Some(thread) }
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends a request with `headers` and a body.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent: ureq::Agent = config.timeout_global(Some(Duration::from_mins(2))).build().into();
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = agent.run(request.body(body).unwrap()).unwrap();
        let headers = answer.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let mut body = Vec::new();
        answer.body_mut().as_reader().read_to_end(&mut body).unwrap();
        Answer { status: answer.status().as_u16(), headers, body }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[])
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, &[], body)
    }

    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(
            method,
            path,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    /// Uploads a file of edges and returns the dataset's id.
    pub(crate) fn upload(&self, name: &str, file: &[u8]) -> String {
        let answer = self.post(&format!("/api/v1/datasets?name={name}"), file).expect(201);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Ends the server and gives its folder back.
    pub(crate) fn stop(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    fn end(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}
