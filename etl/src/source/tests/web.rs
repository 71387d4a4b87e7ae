//! A small server of the web in the test, which answers by path.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use graph_core::Format;

use super::*;
use crate::Error;
use crate::source::watch::Halt;
use crate::source::{Fault, Secrets, SourceError, web, without_secrets};

/// The address of a server that lives as long as the process.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let headers: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let path = request.split(' ').nth(1).unwrap_or("").to_owned();
    let send = |stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]| {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\n{kind}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        // The client may have gone, as some tests want.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    };
    let kind = |kind: &str| format!("Content-Type: {kind}\r\n");
    match path.split('?').next().unwrap_or("") {
        "/a.csv" => send(&mut stream, "200 OK", &kind("text/csv; charset=utf-8"), b"a,b\n1,x\n"),
        "/plain.csv" => send(&mut stream, "200 OK", &kind("text/plain"), b"a,b\n1,x\n"),
        "/plain" => send(&mut stream, "200 OK", &kind("text/plain"), b"a,b\n1,x\n"),
        "/api" => {
            send(&mut stream, "200 OK", &kind("application/json"), b"{\"items\":[{\"a\":1}]}");
        }
        "/page" => send(&mut stream, "200 OK", &kind("text/html"), b"<html>"),
        "/gone" => send(&mut stream, "404 Not Found", "", b""),
        "/loop" => send(&mut stream, "302 Found", "Location: /loop\r\n", b""),
        "/hop" => send(&mut stream, "302 Found", "Location: /a.csv\r\n", b""),
        "/secret" => {
            let allowed = headers.iter().any(|line| {
                line.to_lowercase() == "authorization: basic yw5uonmzy3jldA==".to_lowercase()
            });
            let status = if allowed { "200 OK" } else { "401 Unauthorized" };
            send(&mut stream, status, &kind("text/csv"), b"a\n1\n");
        }
        "/keyed" => {
            let allowed = headers.iter().any(|line| line.eq_ignore_ascii_case("x-key: hunter2"));
            let status = if allowed { "200 OK" } else { "401 Unauthorized" };
            send(&mut stream, status, &kind("text/csv"), b"a\n1\n");
        }
        "/endless" => {
            let head = format!("HTTP/1.1 200 OK\r\n{}Connection: close\r\n\r\n", kind("text/csv"));
            let mut written = stream.write_all(head.as_bytes());
            while written.is_ok() {
                written = stream.write_all(&[b'1'; 1000]);
            }
        }
        "/slow" => {
            let head = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 9\r\n\r\n1", kind("text/csv"));
            let _ = stream.write_all(head.as_bytes());
            // Until the client has gone.
            BufReader::new(&stream).lines().for_each(drop);
        }
        "/short" => {
            let head = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 9\r\n\r\n1", kind("text/csv"));
            let _ = stream.write_all(head.as_bytes());
        }
        _ => send(&mut stream, "500 No", "", b""),
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn get(path: &str, options: &SourceOptions) -> Result<(Format, String), Fault> {
    match web::download(&format!("{}{path}", server()), options, &Control::NONE) {
        Ok(page) => Ok((page.format, std::fs::read_to_string(&page.file).unwrap())),
        Err(Halt::Fault(fault)) => Err(fault),
        Err(Halt::Error(error)) => panic!("{error}"),
    }
}

#[test]
fn pages_come_with_their_format() {
    let options = SourceOptions::default();
    let csv = (Format::Csv, "a,b\n1,x\n".to_owned());
    assert_eq!(get("/a.csv", &options).unwrap(), csv);
    assert_eq!(get("/a.csv?token=x", &options).unwrap(), csv);
    assert_eq!(get("/plain.csv", &options).unwrap(), csv);
    assert_eq!(get("/hop", &options).unwrap(), csv);
    assert_eq!(get("/api", &options).unwrap().0, Format::NodeLink);
    let said = SourceOptions { format: Some(Format::Csv), ..options.clone() };
    assert_eq!(get("/plain", &said).unwrap(), csv);
    let error = get("/plain", &options).unwrap_err().to_string();
    assert_eq!(error, "the format cannot be told from `plain`; say it");
}

#[test]
fn answers_without_data_are_refused() {
    let options = SourceOptions::default();
    let refused = |path| get(path, &options).unwrap_err().to_string();
    assert_eq!(refused("/gone"), "the server answered 404");
    assert_eq!(refused("/page"), "the server sent `text/html`, which holds no table");
    assert_eq!(refused("/loop"), "there were more than 5 redirections");
    assert!(!refused("/short").is_empty());
    let error = web::download("http://no space/", &options, &Control::NONE).unwrap_err();
    assert!(matches!(error, Halt::Fault(Fault::BadAddress { .. })), "{error:?}");
}

#[test]
fn downloads_end_by_size_by_time_and_by_the_caller() {
    let limits =
        |max_bytes, timeout_secs| SourceOptions { max_bytes, timeout_secs, ..Default::default() };
    let error = get("/endless", &limits(100_000, 600.0)).unwrap_err();
    assert!(matches!(error, Fault::TooManyBytes { limit: 100_000 }), "{error}");
    let error = get("/a.csv", &limits(3, 600.0)).unwrap_err();
    assert!(matches!(error, Fault::TooManyBytes { limit: 3 }), "{error}");
    let begin = Instant::now();
    let error = get("/slow", &limits(1000, 0.3)).unwrap_err();
    assert!(matches!(error, Fault::Timeout { .. }), "{error}");
    assert!(begin.elapsed() < Duration::from_mins(1));
    let stop = AtomicBool::new(true);
    let url = format!("{}/endless", server());
    let control = Control::default().stopped_by(&stop);
    let error = web::download(&url, &SourceOptions::default(), &control).unwrap_err();
    assert!(matches!(error, Halt::Error(crate::Error::Stopped { .. })), "{error:?}");
}

#[test]
fn private_addresses_are_refused_where_they_are_not_allowed() {
    let options = SourceOptions { allow_private: false, ..SourceOptions::default() };
    let error = get("/a.csv", &options).unwrap_err();
    assert!(matches!(error, Fault::Private { .. }), "{error}");
    // Names are looked up before they are judged.
    let url = server().replace("127.0.0.1", "localhost") + "/a.csv";
    let error = web::download(&url, &options, &Control::NONE).unwrap_err();
    assert!(matches!(error, Halt::Fault(Fault::Private { .. })), "{error:?}");
    // Options of a store may name its host.
    let store = of("aws_endpoint_url", "http://127.0.0.1");
    let said = SourceOptions { store, ..SourceOptions::default() };
    let open = Source::new("s3://b/a.csv", said.clone()).unwrap().with_private(false);
    for refused in [
        Source::new("s3://b/a.csv", SourceOptions { allow_private: false, ..said }).map(drop),
        open.open(&Control::NONE).map(drop),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("`store`") && error.contains("`allow_private`"), "{error}");
    }
}

fn of(name: &str, text: &str) -> Secrets {
    [(name.to_owned(), text.to_owned())].into_iter().collect()
}

#[test]
fn secrets_of_all_sources_are_masked_in_errors_of_tables() {
    let source = |text: &str| {
        let options = SourceOptions { store: of("aws_region", text), ..SourceOptions::default() };
        Source::new("s3://b/a.csv", options).unwrap()
    };
    let sources = [source("hunt"), source("hunter2")];
    let failed = || Error::Engine { doing: "reading", reason: "hunter2, hunt".into() };
    assert_eq!(without_secrets(&sources, failed()).to_string(), "reading: ***, ***");
    let fault = Fault::Table(Box::new(failed()));
    let wrapped = SourceError { source_name: "a".into(), fault }.into();
    assert_eq!(without_secrets(&sources, wrapped).to_string(), "a: reading: ***, ***");
}

#[test]
fn headers_are_sent_and_not_shown() {
    let with = |name: &str, text: &str| SourceOptions {
        headers: of(name, text),
        ..SourceOptions::default()
    };
    let keyed = with("X-Key", "hunter2");
    assert_eq!(get("/keyed", &keyed).unwrap().1, "a\n1\n");
    let nobody = get("/keyed", &SourceOptions::default());
    assert!(matches!(nobody, Err(Fault::Status { status: 401 })));
    // Who is next in line is not told.
    assert!(matches!(get("/hop", &keyed), Err(Fault::Status { status: 302 })));
    for (address, name, text, expected) in [
        (
            "https://h/a.csv",
            "hunter2 b",
            "hunter2",
            "`headers` has header 1, in the order of names",
        ),
        ("https://h/a.csv", "Host", "hunter2", "`headers` has `Host`, which each request has"),
        ("https://h/a.csv", "X-Key", "hunter2\n", "`headers` has `X-Key`, whose text has"),
        (
            "https://ann:hunter2@h/a.csv",
            "authorization",
            "hunter2",
            "which the user in the address",
        ),
        ("a.csv", "X-Key", "hunter2", "option `headers` is not one of files"),
    ] {
        let error = Source::new(address, with(name, text)).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
    let twice = ["X-Key", "x-key"].map(|name| (name.to_owned(), "hunter2".to_owned()));
    let options = SourceOptions { headers: twice.into_iter().collect(), ..Default::default() };
    let error = Source::new("https://h/a.csv", options).unwrap_err().to_string();
    assert!(error.contains("`headers` has `x-key`, which is there twice"), "{error}");
    assert!(!format!("{keyed:?}").contains("hunter2"));
}

#[test]
fn a_password_is_sent_and_not_shown() {
    let url = server().replace("//", "//ann:s3cr%65t@") + "/secret";
    let page = web::download(&url, &SourceOptions::default(), &Control::NONE).unwrap();
    assert_eq!(page.format, Format::Csv);
    assert!(matches!(
        get("/secret", &SourceOptions::default()),
        Err(Fault::Status { status: 401 })
    ));
}
