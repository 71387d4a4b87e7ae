//! Certificates by ACME, of Pebble: an authority for tests, by those who run Let's Encrypt.

#![cfg(feature = "acme")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic fails the test; what is skipped is said"
)]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::common::{Running, start_in};

/// An authority that ends with the test.
struct Pebble {
    process: Child,
    folder: TempDir,
    port: u16,
    management: u16,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An agent that trusts a certificate alone.
fn agent(root: &str) -> ureq::Agent {
    let roots =
        RootCerts::Specific(Arc::new(vec![Certificate::from_pem(root.as_bytes()).unwrap()]));
    let tls = TlsConfig::builder().root_certs(roots).build();
    let config = ureq::Agent::config_builder().tls_config(tls);
    // A connection that is kept would hide what a new one gets.
    config.timeout_global(Some(Duration::from_secs(20))).max_idle_connections(0).build().into()
}

impl Pebble {
    /// An authority that asks for proofs at `port` and gives certificates for `secs` seconds; `None`, with a line that
    /// says so, if there is no Pebble.
    fn start(tls_port: u16, secs: u32) -> Option<Self> {
        if Command::new("pebble")
            .arg("-version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            println!("skipped: Pebble is not installed (pebble)");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let own = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        std::fs::write(path("certificate.pem"), own.pem()).unwrap();
        std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
        let (port, management) = (free_port(), free_port());
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": path("certificate.pem"),
            "privateKey": path("key.pem"),
            "httpPort": free_port(),
            "tlsPort": tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "certificateValidityPeriod": secs,
        }});
        std::fs::write(path("config.json"), config.to_string()).unwrap();
        let process = Command::new("pebble")
            .args(["-config", &path("config.json")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pebble = Self { process, folder, port, management };
        for _ in 0..200 {
            if [port, management]
                .iter()
                .all(|&port| TcpStream::connect(("127.0.0.1", port)).is_ok())
            {
                return Some(pebble);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("pebble does not listen");
    }

    /// The certificate that those that it gives lead to.
    fn root(&self) -> String {
        let own = std::fs::read_to_string(self.folder.path().join("certificate.pem")).unwrap();
        let address = format!("https://localhost:{}/roots/0", self.management);
        agent(&own).get(address).call().unwrap().body_mut().read_to_string().unwrap()
    }

    /// A server at `port` that gets its certificate here.
    fn server(&self, folder: TempDir, port: u16) -> Running {
        let roots = self.folder.path().join("certificate.pem");
        let options = format!(
            "acme_domains = [\"localhost\"]\nacme_contact = [\"ann@graphs.example\"]\nacme_accept_terms = true\n\
             acme_directory = \"https://localhost:{}/dir\"\nacme_roots = \"{}\"",
            self.port,
            roots.display()
        );
        start_in(folder, &format!("bind = \"127.0.0.1:{port}\"\n{options}"))
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Asks until there is an answer over TLS.
fn wait_for(agent: &ureq::Agent, port: u16) {
    let mut last = None;
    for _ in 0..300 {
        match agent.get(format!("https://localhost:{port}/health")).call() {
            Ok(mut answer) => {
                let health = answer.body_mut().read_to_string().unwrap();
                assert!(health.contains("\"ok\""), "{health}");
                return;
            }
            Err(error) => last = Some(error),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no certificate came: {last:?}");
}

/// The files of the folder of certificates, by the beginning of their names.
fn kept(folder: &Path, begin: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("acme")).unwrap();
    let names = files.map(|file| file.unwrap().path());
    let mine = names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(begin));
    mine.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn a_server_gets_its_certificate_and_has_it_after_a_new_start() {
    let port = free_port();
    let Some(pebble) = Pebble::start(port, 86_400) else { return };
    let client = agent(&pebble.root());
    let server = pebble.server(TempDir::new().unwrap(), port);
    wait_for(&client, port);
    assert_eq!(
        [
            kept(server.folder.path(), "account").len(),
            kept(server.folder.path(), "certificate").len()
        ],
        [1, 1]
    );
    let first = kept(server.folder.path(), "certificate");
    let folder = server.stop();

    // Who asks for a proof while none is wanted, gets no connection.
    let server = pebble.server(folder, port);
    let start = std::time::Instant::now();
    client.get(format!("https://localhost:{port}/health")).call().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(
        kept(server.folder.path(), "certificate"),
        first,
        "it should be the one that was kept"
    );
}

#[test]
fn a_certificate_is_renewed_while_the_server_runs() {
    let port = free_port();
    let Some(pebble) = Pebble::start(port, 15) else { return };
    let client = agent(&pebble.root());
    let server = pebble.server(TempDir::new().unwrap(), port);
    wait_for(&client, port);
    let first = kept(server.folder.path(), "certificate");
    for _ in 0..300 {
        if kept(server.folder.path(), "certificate") != first {
            // Of the account that there was.
            assert_eq!(kept(server.folder.path(), "account").len(), 1);
            wait_for(&client, port);
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the certificate was not renewed");
}

#[test]
fn without_an_authority_the_server_runs_and_has_no_certificate() {
    let port = free_port();
    let folder = TempDir::new().unwrap();
    let options = format!(
        "bind = \"127.0.0.1:{port}\"\nacme_domains = [\"localhost\"]\nacme_accept_terms = true\n\
         acme_directory = \"https://localhost:{}/dir\"",
        free_port()
    );
    let server = start_in(folder, &options);
    let key = rcgen::KeyPair::generate().unwrap();
    let own =
        rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let error =
        agent(&own.pem()).get(format!("https://localhost:{port}/health")).call().unwrap_err();
    assert!(!error.to_string().is_empty());
    assert!(kept(server.folder.path(), "certificate").is_empty());
    drop(server);
}
