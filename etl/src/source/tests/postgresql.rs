//! A private PostgreSQL of Debian's or any other package, on a Unix socket in its own folder or with a certificate.
//!
//! Tests of several crates start one.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A server that ends with the test.
pub(crate) struct Server {
    programs: PathBuf,
    pub(crate) folder: TempDir,
}

/// The folder with `initdb`, in the path or where Debian puts it.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().find(|folder| ["initdb", "pg_ctl"].iter().all(|p| folder.join(p).exists()))
}

impl Server {
    /// `None`, with a line that says so, if there is no PostgreSQL.
    pub(crate) fn start() -> Option<Self> {
        let server = Self::prepare()?;
        let socket = server.folder.path().display();
        server.initialize(&["-A", "trust"]);
        server.listen(&format!("-c listen_addresses= -c unix_socket_directories={socket}"));
        Some(server)
    }

    /// A server on a port of this machine, with a certificate of `localhost`; gives its address too.
    pub(crate) fn start_encrypted() -> Option<(Self, String)> {
        let server = Self::prepare()?;
        let path = |name: &str| server.folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("request"), CERTIFICATE).unwrap();
        let made = Command::new("openssl")
            .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(' '))
            .args([
                "-config",
                &path("request"),
                "-keyout",
                &path("key"),
                "-out",
                &path("certificate"),
            ])
            .stderr(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: openssl, which makes certificates, is not installed");
            return None;
        }
        if is_root(Path::new("/proc/self")) {
            chown(path("key"), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        // Any user of this machine can reach the port.
        let secret = server.folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        std::fs::write(path("password"), &secret).unwrap();
        server.initialize(&["-A", "scram-sha-256", "--pwfile", &path("password")]);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        server.listen(&format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c ssl=on \
             -c ssl_cert_file={} -c ssl_key_file={}",
            path("certificate"),
            path("key"),
        ));
        Some((server, format!("postgres://test:{secret}@localhost:{port}/postgres")))
    }

    fn prepare() -> Option<Self> {
        let Some(programs) = programs() else {
            println!("skipped: PostgreSQL is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        let server = Self { programs, folder };
        if is_root(server.folder.path()) {
            // PostgreSQL does not run as root.
            chown(server.folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Some(server)
    }

    fn initialize(&self, options: &[&str]) {
        let data = self.data();
        let usual = ["-D", &data, "-U", "test", "-E", "UTF8", "--locale=C", "--no-sync"];
        self.run("initdb", &[&usual, options].concat());
    }

    fn listen(&self, options: &str) {
        let (data, log) = (self.data(), format!("{}.log", self.data()));
        let options = format!("{options} -c fsync=off -c shared_buffers=16MB");
        self.run("pg_ctl", &["-D", &data, "-w", "-t", "120", "-l", &log, "-o", &options, "start"]);
    }

    fn data(&self) -> String {
        self.folder.path().join("data").to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, args: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        command.env("LC_ALL", "C").env_remove("PGDATA");
        if is_root(Path::new("/proc/self")) {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.stderr(Stdio::null()).status().unwrap();
        assert!(output.success(), "{program} {args:?}: {output}");
    }

    pub(crate) fn address(&self) -> String {
        let socket = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://test:longsecret@{socket}/postgres")
    }
}

/// User and group of those who are nobody.
const NOBODY: u32 = 65_534;

/// What openssl is to make: a certificate that signs nothing but itself.
const CERTIFICATE: &str = "[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = localhost
[extensions]
subjectAltName = DNS:localhost
basicConstraints = critical, CA:FALSE
";

fn is_root(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.uid() == 0)
}

impl Drop for Server {
    fn drop(&mut self) {
        if !Path::new(&self.data()).join("postmaster.pid").exists() {
            return;
        }
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}
