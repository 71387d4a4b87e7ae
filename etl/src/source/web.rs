//! Pages of the web: downloaded whole, within limits, before they are read as files.

use std::fmt;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use graph_core::Format;
use tempfile::NamedTempFile;
use ureq::config::Config;
use ureq::http::{HeaderName, HeaderValue, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, ResponseExt};

use super::address::{decode, user_info};
use super::error::Fault;
use super::options::SourceOptions;
use super::private;
use super::secrets::Secrets;
use super::watch::Halt;
use crate::Control;

/// A page that was downloaded.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) file: NamedTempFile,
    pub(super) format: Format,
}

/// Downloads the page at `url` into a temporary file.
pub(super) fn download(
    url: &str,
    options: &SourceOptions,
    control: &Control,
) -> Result<Page, Halt> {
    let (url, authorization) = split_user(url)?;
    let uri: Uri = url.parse().map_err(|error| Fault::BadAddress {
        part: "the address",
        reason: format!("is no URL: {error}").into(),
    })?;
    let timeout = options.timeout();
    let mut config = Agent::config_builder()
        .timeout_global(Some(timeout))
        // Only what is in the header of passwords stays behind when one is followed.
        .max_redirects(if options.headers.is_empty() { options.max_redirects } else { 0 })
        .max_redirects_will_error(true)
        .http_status_as_error(false)
        .user_agent(concat!("graphlume/", env!("CARGO_PKG_VERSION")));
    if !options.allow_private {
        // A proxy would look names up itself.
        config = config.proxy(None);
    }
    let resolver =
        Guarded { public_only: !options.allow_private, inner: DefaultResolver::default() };
    let agent = Agent::with_parts(config.build(), DefaultConnector::default(), resolver);
    let fault = |error| fault_of(error, options);
    let mut request = agent.get(uri);
    if let Some(authorization) = authorization {
        // It does not follow redirections.
        request = request.header("authorization", authorization);
    }
    for (name, text) in options.headers.pairs() {
        request = request.header(name, text);
    }
    let mut response = request.call().map_err(fault)?;
    let status = response.status();
    if !status.is_success() {
        return Err(Fault::Status { status: status.as_u16() }.into());
    }
    let total = response.body().content_length();
    if total.is_some_and(|total| options.max_bytes < total) {
        return Err(Fault::TooManyBytes { limit: options.max_bytes }.into());
    }
    // The suffix that counts is that of the page which was found in the end.
    let path = response.get_uri().path().to_owned();
    let format = format_of(response.body().mime_type(), &path, options)?;
    let mut file = NamedTempFile::with_suffix(format!(".{}", suffix(&path, format)))?;
    let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; 1 << 16];
    let mut done = 0;
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) => return Err(fault_of(error.into(), options).into()),
        };
        done += n as u64;
        if options.max_bytes < done {
            return Err(Fault::TooManyBytes { limit: options.max_bytes }.into());
        }
        file.write_all(&buffer[..n])?;
        control.step("bytes", done, total).map_err(Halt::stopped)?;
    }
    file.flush()?;
    Ok(Page { file, format })
}

/// Refuses headers that are none, those that say where a request goes and ends, and those that are there already.
pub(super) fn check_headers(url: &str, headers: &Secrets) -> Result<(), Fault> {
    const OURS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];
    let bad = |reason: String| Fault::BadAddress { part: "`headers`", reason: reason.into() };
    for (at, (name, text)) in headers.pairs().enumerate() {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            // Part of the text may have got into the name.
            let place = at + 1;
            return Err(bad(format!(
                "has header {place}, in the order of names, whose name is none of a header"
            )));
        }
        let what = if OURS.iter().any(|ours| is(ours)) {
            "which each request has anyway"
        } else if HeaderValue::from_str(text).is_err() {
            "whose text has characters that headers do not have"
        } else if headers.names().take(at).any(is) {
            "which is there twice"
        } else if is("authorization") && user_info(url).is_some() {
            "which the user in the address makes, too"
        } else {
            continue;
        };
        return Err(bad(format!("has `{name}`, {what}")));
    }
    Ok(())
}

/// The URL without user and password, and the header that says those instead.
fn split_user(url: &str) -> Result<(String, Option<String>), Fault> {
    let Some(user) = user_info(url) else { return Ok((url.to_owned(), None)) };
    let plain = url.replacen(&format!("{user}@"), "", 1);
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let pair = format!("{}:{}", decode(name)?, decode(password)?);
    Ok((plain, Some(format!("Basic {}", BASE64_STANDARD.encode(pair)))))
}

/// The format that was said, else that of the content type, else that of the suffix.
fn format_of(mime: Option<&str>, path: &str, options: &SourceOptions) -> Result<Format, Fault> {
    let by_suffix = Format::from_suffix(path);
    let mime = mime.map(str::to_ascii_lowercase);
    let by_mime = match mime.as_deref().unwrap_or("") {
        "text/csv" | "text/tab-separated-values" | "application/csv" => Format::Csv,
        "application/jsonl"
        | "application/jsonlines"
        | "application/x-ndjson"
        | "application/x-jsonlines"
        | "application/json-lines"
        | "application/ndjson" => Format::JsonLines,
        // Lines of JSON often travel under this name.
        "application/json" | "text/json" => match by_suffix {
            Some(Format::JsonLines) => Format::JsonLines,
            _ => Format::NodeLink,
        },
        "application/vnd.apache.parquet" | "application/x-parquet" => Format::Parquet,
        "application/vnd.apache.arrow.file" | "application/vnd.apache.arrow.stream" => {
            Format::Arrow
        }
        "application/gexf+xml" => Format::Gexf,
        "application/graphml+xml" => Format::GraphMl,
        // These say nothing: the suffix may.
        ""
        | "text/plain"
        | "application/octet-stream"
        | "binary/octet-stream"
        | "text/xml"
        | "application/xml"
        | "application/gzip"
        | "application/x-gzip"
        | "application/zstd" => {
            let name = path.rsplit('/').next().unwrap_or(path);
            return options
                .format
                .or(by_suffix)
                .ok_or_else(|| Fault::UnknownFormat { name: name.into() });
        }
        json if json.ends_with("+json") => Format::NodeLink,
        // A page for people is often sent in place of the data, for a login or an error.
        other => return Err(Fault::ContentType { found: other.into() }),
    };
    Ok(options.format.unwrap_or(by_mime))
}

/// The suffix of the temporary file: the format's, and the compression's if the page has one.
fn suffix(path: &str, format: Format) -> String {
    let compression = Path::new(path).extension().and_then(|suffix| suffix.to_str());
    let format = match format {
        Format::Csv => "csv",
        Format::JsonLines => "jsonl",
        Format::NodeLink => "json",
        Format::Parquet => "parquet",
        Format::Arrow => "arrow",
        Format::MatrixMarket => "mtx",
        Format::Metis => "metis",
        Format::GraphMl => "graphml",
        Format::Gexf => "gexf",
        Format::Gml => "gml",
        _ => "data",
    };
    match compression {
        Some(compression @ ("gz" | "zst")) => format!("{format}.{compression}"),
        _ => format.to_owned(),
    }
}

/// Looks names up and refuses those that lead to private addresses, at each redirection anew.
struct Guarded {
    public_only: bool,
    inner: DefaultResolver,
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("public_only", &self.public_only).finish_non_exhaustive()
    }
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = self.inner.resolve(uri, config, timeout)?;
        if self.public_only {
            let check = |address: &SocketAddr| private::check(address.ip());
            addresses
                .iter()
                .try_for_each(check)
                .map_err(|fault| ureq::Error::Other(fault.into()))?;
        }
        Ok(addresses)
    }
}

fn fault_of(error: ureq::Error, options: &SourceOptions) -> Fault {
    match error {
        ureq::Error::Timeout(_) => Fault::Timeout { limit: options.timeout() },
        ureq::Error::TooManyRedirects => Fault::Redirects { limit: options.max_redirects },
        ureq::Error::StatusCode(status) => Fault::Status { status },
        ureq::Error::HostNotFound => {
            Fault::BadAddress { part: "the host", reason: "is not known".into() }
        }
        // Its text holds the address, password and all.
        ureq::Error::BadUri(_) => {
            Fault::BadAddress { part: "the address", reason: "is no URL".into() }
        }
        ureq::Error::Other(other) => match other.downcast::<Fault>() {
            Ok(fault) => *fault,
            Err(other) => Fault::Connection { message: other.to_string().into() },
        },
        // Errors of the body come wrapped in those of reading.
        ureq::Error::Io(error)
            if error.get_ref().is_some_and(|inner| inner.is::<ureq::Error>()) =>
        {
            match error.into_inner().map(|inner| inner.downcast::<ureq::Error>()) {
                Some(Ok(inner)) => fault_of(*inner, options),
                _ => Fault::Connection { message: "the connection was lost".into() },
            }
        }
        error => Fault::Connection { message: error.to_string().into() },
    }
}
