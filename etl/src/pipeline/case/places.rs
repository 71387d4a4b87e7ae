//! Where a case may read from.

use std::collections::BTreeMap;
use std::path::{Component, PathBuf};

use arrow::array::RecordBatch;
use graph_core::Graph;

use super::super::error::PipelineFault;
use crate::source::{Source, SourceKind};

/// What the steps of a case may read. The default is nothing at all.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Folders in which files may be read. A relative path is looked for in each of them, in order.
    pub folders: Vec<PathBuf>,
    /// Hosts that may be asked over HTTP, as `name` for its usual port or `name:port`.
    pub hosts: Vec<String>,
    /// Whether these hosts may be on this machine or in a private network. A server that runs cases of its
    /// users must not allow it.
    pub private_hosts: bool,
    /// Whether databases on other machines and object stores may be asked.
    pub remote: bool,
    /// Tables and graphs that are there already, by the address that a step names.
    pub given: BTreeMap<String, Given>,
}

/// A table or a graph that the caller has.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few, and none in a collection that is scanned"
)]
pub enum Given {
    /// A table.
    Table(RecordBatch),
    /// A graph.
    Graph(Graph),
}

/// Addresses that callers give a meaning, by what they begin with, and whether that is a graph.
const GIVEN: [(&str, bool); 2] = [("dataset:", true), ("upload:", false)];

/// Whether somebody else knows what an address means, and if so whether it is a graph.
pub(super) fn is_given(address: &str) -> Option<bool> {
    GIVEN.iter().find(|(prefix, _)| address.starts_with(prefix)).map(|&(_, is_graph)| is_graph)
}

impl Places {
    /// The source with paths in the folders, if it may be read.
    pub(super) fn allow(&self, source: &Source) -> Result<Source, PipelineFault> {
        let forbidden = |reason: &str| PipelineFault::Forbidden {
            place: source.to_string().into(),
            reason: reason.into(),
        };
        match source.kind() {
            SourceKind::Files | SourceKind::Sqlite => self.in_folders(source, &forbidden),
            SourceKind::Web => Err(forbidden("pages of the web are read with the verb `http`")),
            SourceKind::Standard => Err(forbidden("a case has no standard input")),
            // They may lead to any host, with the keys of this machine.
            _ if !source.options().store.is_empty() => {
                Err(forbidden("options of object stores are those of the machine, not of a case"))
            }
            _ if self.remote => Ok(source.clone()),
            _ => Err(forbidden("databases and object stores are not allowed")),
        }
    }

    fn in_folders(
        &self,
        source: &Source,
        forbidden: &dyn Fn(&str) -> PipelineFault,
    ) -> Result<Source, PipelineFault> {
        let Some(path) = source.path() else { return Ok(source.clone()) };
        if self.folders.is_empty() {
            return Err(forbidden(
                "no folder is given that files may be read from, as `serve --case-folder` does; or upload the table, and name it as the source",
            ));
        }
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(forbidden("`..` leads out of the folders"));
        }
        for folder in &self.folders {
            let Ok(folder) = folder.canonicalize() else { continue };
            let here = source.clone().relative_to(&folder);
            let Ok(files) = here.files() else { continue };
            if files.is_empty() || !files.iter().all(|file| file.exists()) {
                continue;
            }
            // A link may lead anywhere.
            let is_inside =
                |file: &PathBuf| file.canonicalize().is_ok_and(|file| file.starts_with(&folder));
            if files.iter().all(is_inside) {
                return Ok(here);
            }
        }
        Err(forbidden("there is no such file in the folders that may be read"))
    }

    /// Whether a host may be asked, by its name and port as an address has them.
    pub(super) fn allows_host(&self, scheme: &str, authority: &str) -> bool {
        let usual = if scheme == "https" { 443 } else { 80 };
        let (name, port) = split(authority, usual);
        self.hosts.iter().any(|host| {
            let (known, known_port) = split(host, usual);
            known.eq_ignore_ascii_case(name) && known_port == port
        })
    }
}

/// Name and port of a host.
fn split(authority: &str, usual: u16) -> (&str, u16) {
    let after_address = authority.rfind(']').map_or(0, |end| end + 1);
    match authority[after_address..].rfind(':') {
        Some(colon) => {
            let at = after_address + colon;
            (&authority[..at], authority[at + 1..].parse().unwrap_or(0))
        }
        None => (authority, usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceOptions;

    fn source(address: &str) -> Source {
        Source::new(address, SourceOptions::default()).unwrap()
    }

    #[test]
    fn files_are_read_in_the_folders_alone() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.csv"), "a\n1\n").unwrap();
        std::fs::write(folder.path().join("a.csv"), "a\n1\n").unwrap();
        let places = Places { folders: vec![folder.path().to_owned()], ..Places::default() };
        let allowed = |address: &str| places.allow(&source(address));
        assert!(allowed("a.csv").is_ok());
        assert!(allowed("*.csv").is_ok());
        assert!(allowed(folder.path().join("a.csv").to_str().unwrap()).is_ok());
        let secret = outside.path().join("secret.csv");
        for address in [
            secret.to_str().unwrap(),
            &format!("file://{}", secret.display()),
            "../secret.csv",
            "b.csv",
            "-",
            "s3://bucket/a.csv",
            "postgres://host/db?table=t",
            "http://localhost/a.csv",
            "sqlite:/etc/passwd.db?table=t",
        ] {
            assert!(matches!(allowed(address), Err(PipelineFault::Forbidden { .. })), "{address}");
        }
        assert!(Places::default().allow(&source("a.csv")).is_err());
    }

    #[test]
    fn cases_do_not_say_where_stores_are() {
        let places = Places { remote: true, ..Places::default() };
        let pair = ("aws_endpoint_url".to_owned(), "http://127.0.0.1".to_owned());
        let store = [pair].into_iter().collect();
        let options = SourceOptions { store, ..SourceOptions::default() };
        assert!(places.allow(&source("s3://bucket/a.csv")).is_ok());
        assert!(places.allow(&Source::new("s3://bucket/a.csv", options).unwrap()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.csv"), "a\n1\n").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        let file = folder.path().join("file.csv");
        std::os::unix::fs::symlink(outside.path().join("secret.csv"), file).unwrap();
        let places = Places { folders: vec![folder.path().to_owned()], ..Places::default() };
        for address in ["link/secret.csv", "link/", "link/*.csv", "file.csv", "*.csv"] {
            assert!(places.allow(&source(address)).is_err(), "{address}");
        }
    }

    #[test]
    fn hosts_are_those_of_the_list_with_their_ports() {
        let hosts = vec!["api.example.org".to_owned(), "localhost:8080".to_owned()];
        let places = Places { hosts, ..Places::default() };
        assert!(places.allows_host("https", "API.example.org"));
        assert!(places.allows_host("https", "api.example.org:443"));
        assert!(places.allows_host("http", "localhost:8080"));
        for (scheme, host) in [
            ("http", "api.example.org:443x"),
            ("https", "api.example.org:80"),
            ("https", "api.example.org.evil"),
            ("http", "localhost"),
            ("http", "[::1]:8080"),
        ] {
            assert!(!places.allows_host(scheme, host), "{host}");
        }
    }
}
