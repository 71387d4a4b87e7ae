//! How a server is told what to do, and TLS.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic fails the test; what is skipped is said"
)]
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::common::start;

/// What the program says on standard error until it listens or ends.
fn started(program: &mut Command) -> (String, Option<String>) {
    let mut child = program.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut address = None;
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        if let Some((_, url)) = line.split_once("listening at ") {
            address = Some(url.trim().to_owned());
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    (said, address)
}

fn program(data: &TempDir) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_graphlume-server"));
    program.arg("--data").arg(data.path()).env("GRAPHLUME_DEVICE", "cpu");
    program
}

#[test]
fn flags_go_over_the_environment_and_that_over_the_file() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("server.toml");
    std::fs::write(&file, "bind = \"127.0.0.2:0\"\nlog = \"info\"\n").unwrap();
    let from_file = started(program(&data).arg("--config").arg(&file)).1.unwrap();
    assert!(from_file.starts_with("http://127.0.0.2:"), "{from_file}");
    let mut with_environment = program(&data);
    with_environment.env("GRAPHLUME_CONFIG", &file).env("GRAPHLUME_BIND", "127.0.0.3:0");
    let from_environment = started(&mut with_environment).1.unwrap();
    assert!(from_environment.starts_with("http://127.0.0.3:"), "{from_environment}");
    let from_flag = started(with_environment.args(["--bind", "127.0.0.4:0"])).1.unwrap();
    assert!(from_flag.starts_with("http://127.0.0.4:"), "{from_flag}");
}

#[test]
fn what_cannot_be_is_said_before_anything_listens() {
    let data = TempDir::new().unwrap();
    for (arguments, words) in [
        (&["--bind", "0.0.0.0:0"][..], "--auth"),
        (&["--bind", "nowhere"], "nowhere"),
        (&["--config", "/nothing/here.toml"], "/nothing/here.toml"),
        (&["--database", "mysql://x"], "postgres://"),
        (&["--storage", "what://x"], "what://x"),
        (&["--device", "cuda:99"], "cuda:99"),
        (&["--upload-max-size", "lots"], "lots"),
        (&["--tls-cert", "/x"], "tls-key"),
        (&["--log", "=="], "=="),
    ] {
        let mut program = program(&data);
        if !arguments.contains(&"--bind") {
            program.args(["--bind", "127.0.0.1:0"]);
        }
        let (said, address) = started(program.args(arguments));
        assert_eq!(address, None, "{arguments:?}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn two_servers_do_not_take_one_address() {
    let server = start("");
    let data = TempDir::new().unwrap();
    let (said, address) = started(program(&data).args(["--bind", &server.address.to_string()]));
    assert_eq!(address, None);
    assert!(said.contains(&server.address.to_string()), "{said}");
    assert!(!data.path().join("graphlume.db").exists());
}

#[test]
fn tls_proves_the_name() {
    let folder = TempDir::new().unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let made = Command::new("openssl")
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(' '))
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: openssl, which makes certificates, is not installed");
        return;
    }
    let server = start(&format!("tls_cert = {:?}\ntls_key = {:?}", cert.display(), key.display()));
    let pem = std::fs::read(&cert).unwrap();
    let certificate = ureq::tls::Certificate::from_pem(&pem).unwrap().to_owned();
    let agent = |trusted: Vec<ureq::tls::Certificate<'static>>| -> ureq::Agent {
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::new_with_certs(&trusted))
            .build();
        let config = ureq::Agent::config_builder().tls_config(tls);
        config.timeout_global(Some(Duration::from_secs(30))).build().into()
    };
    let url = format!("https://localhost:{}/health", server.address.port());
    let mut text = String::new();
    let mut answer = agent(vec![certificate]).get(&url).call().unwrap();
    answer.body_mut().as_reader().read_to_string(&mut text).unwrap();
    assert!(text.contains("\"ok\""), "{text}");
    assert!(agent(Vec::new()).get(&url).call().is_err(), "nobody should trust it unasked");
}
