//! What the operator of a server decides: a file, environment variables and flags, each over the one before.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use graphlume::Device;
use serde::Deserialize;

use crate::auth::Network;

/// Options of a server as they are given; what is absent has its default in [`Config`].
///
/// The same names are flags, keys of the configuration file (with `_` for `-`) and environment variables.
#[derive(Debug, Clone, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Configuration file in TOML; environment variables and flags go over it
    #[arg(long, value_name = "FILE", env = "GRAPHLUME_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address to listen at [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS", env = "GRAPHLUME_BIND")]
    pub bind: Option<SocketAddr>,
    /// Folder for everything that is kept [default: graphlume in the user's folder for data]
    #[arg(long, value_name = "FOLDER", env = "GRAPHLUME_DATA")]
    pub data: Option<PathBuf>,
    /// Database of what is known about datasets and users: a postgres:// address [default: SQLite in the folder]
    #[arg(long, value_name = "URL", env = "GRAPHLUME_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Redis for what several servers share while they run: a redis:// or rediss:// address [default: none]
    #[arg(long, value_name = "URL", env = "GRAPHLUME_REDIS", hide_env_values = true)]
    pub redis: Option<String>,
    /// Store of tables: s3://, gs:// or az:// with a bucket, and its usual environment variables
    /// [default: in the folder]
    #[arg(long, value_name = "URL", env = "GRAPHLUME_STORAGE")]
    pub storage: Option<String>,
    /// Ask for accounts: nothing is seen by whoever is not signed in
    #[arg(long, env = "GRAPHLUME_AUTH", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true)]
    pub auth: Option<bool>,
    /// Listen at an address that others can reach, without accounts
    #[arg(long, env = "GRAPHLUME_ALLOW_ANONYMOUS", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true)]
    pub allow_anonymous: Option<bool>,
    /// Largest upload, such as 500M or 2G [default: 1G]
    #[arg(long, value_name = "BYTES", env = "UPLOAD_MAX_SIZE")]
    pub upload_max_size: Option<Size>,
    /// Memory for graphs that are held ready [default: a quarter of the machine's]
    #[arg(long, value_name = "BYTES", env = "GRAPHLUME_CACHE_SIZE")]
    pub cache_size: Option<Size>,
    /// Computations at the same time; others wait, and are sent away if too many do [default: one per core]
    #[arg(long, value_name = "N", env = "GRAPHLUME_WORKERS")]
    pub workers: Option<NonZeroUsize>,
    /// Layouts that move at the same time on a device; others wait paused [default: 4]
    #[arg(long, value_name = "N", env = "GRAPHLUME_LAYOUTS_PER_DEVICE")]
    pub layouts_per_device: Option<NonZeroUsize>,
    /// Where layouts are computed: auto, cpu, cuda:0, opencl:0 [default: auto]
    #[arg(long, value_name = "DEVICE", env = "GRAPHLUME_DEVICE")]
    pub device: Option<String>,
    /// Milliseconds after which a layout that nobody steers stops [default: 60000]
    #[arg(long, value_name = "MS", env = "GRAPH_PLAY_TIMEOUT_MS")]
    pub play_timeout_ms: Option<u64>,
    /// Minutes that a sign-in holds [default: 60]
    #[arg(long, value_name = "MINUTES", env = "GRAPHLUME_TOKEN_MINUTES")]
    pub token_minutes: Option<u32>,
    /// Certificate chain in PEM, for HTTPS
    #[arg(long, value_name = "FILE", env = "GRAPHLUME_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key in PEM
    #[arg(long, value_name = "FILE", env = "GRAPHLUME_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Names to get certificates for by ACME, for HTTPS without files: of each, this server must be reached at port 443
    #[arg(long, value_name = "DOMAIN", env = "GRAPHLUME_ACME_DOMAINS", value_delimiter = ',')]
    #[arg(conflicts_with = "tls_cert")]
    pub acme_domains: Option<Vec<String>>,
    /// Mail addresses that the authority of certificates writes to
    #[arg(long, value_name = "MAIL", env = "GRAPHLUME_ACME_CONTACT", value_delimiter = ',')]
    pub acme_contact: Option<Vec<String>>,
    /// Agree to the terms of the authority, which it has at its site; there are no certificates without
    #[arg(long, env = "GRAPHLUME_ACME_ACCEPT_TERMS", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true)]
    pub acme_accept_terms: Option<bool>,
    /// Directory of the authority [default: that of Let's Encrypt]
    #[arg(long, value_name = "URL", env = "GRAPHLUME_ACME_DIRECTORY")]
    pub acme_directory: Option<String>,
    /// Try it with the authority of Let's Encrypt that is for that, whose certificates browsers do not trust
    #[arg(long, env = "GRAPHLUME_ACME_STAGING", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true, conflicts_with = "acme_directory")]
    pub acme_staging: Option<bool>,
    /// Folder for the account and the certificates [default: acme in the folder of --data]
    #[arg(long, value_name = "FOLDER", env = "GRAPHLUME_ACME_CACHE")]
    pub acme_cache: Option<PathBuf>,
    /// Certificates in PEM that the directory is trusted by, for authorities of one's own [default: the system's]
    #[arg(long, value_name = "FILE", env = "GRAPHLUME_ACME_ROOTS")]
    pub acme_roots: Option<PathBuf>,
    /// Pages of these origins may use the server, as `https://notebook.example.com`; `*` for all
    #[arg(long, value_name = "ORIGIN", env = "GRAPHLUME_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Option<Vec<String>>,
    /// Pages of these origins may embed the viewer, `*` for all [default: those of this machine, such as notebooks]
    #[arg(long, value_name = "ORIGIN", env = "GRAPHLUME_FRAME_ANCESTORS", value_delimiter = ',')]
    pub frame_ancestors: Option<Vec<String>>,
    /// Pages show pictures from these origins too, as `https://cdn.example.com` or `https:`: logos and icons that
    /// datasets name by their address, which tells their hosts who looks [default: none]
    #[arg(long, value_name = "ORIGIN", env = "GRAPHLUME_IMAGE_ORIGINS", value_delimiter = ',')]
    pub image_origins: Option<Vec<String>>,
    /// Names under which the server is reached, besides its address and localhost; others are refused where there
    /// are no accounts, so that no page of the web can reach it through a name of its own
    #[arg(long, value_name = "HOST", env = "GRAPHLUME_HOSTS", value_delimiter = ',')]
    pub hosts: Option<Vec<String>>,
    /// Proxies in front of the server, as an address or a network such as `10.0.0.0/8`: whoever they name last in
    /// `X-Forwarded-For` is the client, whose failures to sign in are counted [default: none, the header is ignored]
    #[arg(long, value_name = "ADDRESS", env = "GRAPHLUME_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<Network>>,
    /// Folder of experiments to show
    #[arg(long, value_name = "FOLDER", env = "GRAPHLUME_EXPERIMENTS")]
    pub experiments: Option<PathBuf>,
    /// Let administrators start and stop experiments: methods of the folder beside that of experiments
    #[arg(long, env = "GRAPHLUME_ALLOW_RUNS", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true)]
    pub allow_runs: Option<bool>,
    /// With accounts, a secret of 16 characters or more that reads /metrics, sent as `Authorization: Bearer SECRET`
    /// [default: administrators alone read it]
    #[arg(long, value_name = "SECRET", env = "GRAPHLUME_METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// Folder of files that cases may read, besides what their users uploaded
    #[arg(long, value_name = "FOLDER", env = "GRAPHLUME_CASE_FOLDER")]
    pub case_folder: Option<PathBuf>,
    /// Hosts that cases may ask over HTTP, as `name` or `name:port`
    #[arg(long, value_name = "HOST", env = "GRAPHLUME_CASE_HOSTS", value_delimiter = ',')]
    pub case_hosts: Option<Vec<String>>,
    /// Let these hosts be on this machine or in a private network
    #[arg(long, env = "GRAPHLUME_CASE_PRIVATE_HOSTS", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true)]
    pub case_private_hosts: Option<bool>,
    /// Seconds that a case may run [default: 600]
    #[arg(long, value_name = "SECONDS", env = "GRAPHLUME_CASE_SECS")]
    pub case_secs: Option<u64>,
    /// What is logged: error, warn, info, debug, or per module [default: info]
    #[arg(long, value_name = "FILTER", env = "GRAPHLUME_LOG")]
    pub log: Option<String>,
    /// Collector of traces that speaks OTLP over HTTP, such as `http://localhost:4318` [default: none]
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// Log in JSON, one object a line
    #[arg(long, env = "GRAPHLUME_LOG_JSON", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true)]
    pub log_json: Option<bool>,
}

/// A number of bytes, with or without a unit: `1048576`, `1M`, `1MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SizeText")]
pub struct Size(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum SizeText {
    Number(u64),
    Text(String),
}

impl TryFrom<SizeText> for Size {
    type Error = String;

    fn try_from(text: SizeText) -> Result<Self, String> {
        match text {
            SizeText::Number(number) => Ok(Self(number)),
            SizeText::Text(text) => text.parse(),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let power = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            "t" | "tb" | "tib" => 40,
            _ => return Err(format!("`{text}` is no size; write it as 1048576, 500M or 2G")),
        };
        let number: u64 = number.parse().map_err(|_| format!("`{text}` is no size"))?;
        number.checked_mul(1 << power).map(Self).ok_or_else(|| format!("`{text}` is too large"))
    }
}

/// Options of a server, all decided and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen at.
    pub bind: SocketAddr,
    /// Folder for everything that is kept.
    pub data: PathBuf,
    /// Address of a PostgreSQL, or `None` for SQLite in `data`.
    pub database: Option<String>,
    /// Address of a Redis, or `None` if this server shares nothing while it runs.
    pub redis: Option<String>,
    /// Address of an object store, or `None` for a folder in `data`.
    pub storage: Option<String>,
    /// Whether accounts are asked for.
    pub auth: bool,
    /// Largest upload, in bytes.
    pub upload_max_size: u64,
    /// Memory for graphs held ready, in bytes.
    pub cache_size: u64,
    /// Computations at the same time.
    pub workers: usize,
    /// Layouts that move at the same time on a device.
    pub layouts_per_device: usize,
    /// Where layouts are computed.
    pub device: Device,
    /// Whether the device was found instead of named: then the processor will do where it fails.
    pub device_is_auto: bool,
    /// How long a layout moves while nobody steers it.
    pub play_timeout: Duration,
    /// How long a sign-in holds.
    pub token_lifetime: Duration,
    /// Where certificates come from; `None` for HTTP without them.
    pub tls: Option<Tls>,
    /// Origins that may use the server from their pages.
    pub cors_origins: Vec<String>,
    /// Origins that may embed the viewer.
    pub frame_ancestors: Vec<String>,
    /// Origins that pages show pictures from, besides the server.
    pub image_origins: Vec<String>,
    /// Further names of this server.
    pub hosts: Vec<String>,
    /// Proxies that say who the client is.
    pub trusted_proxies: Vec<Network>,
    /// Folder of experiments to show.
    pub experiments: Option<PathBuf>,
    /// Whether administrators may start and stop experiments.
    pub allow_runs: bool,
    /// Address of a collector of traces.
    pub otlp_endpoint: Option<String>,
    /// What reads the numbers of the server without a sign-in.
    pub metrics_token: Option<String>,
    /// Folder of files that cases may read.
    pub case_folder: Option<PathBuf>,
    /// Hosts that cases may ask over HTTP.
    pub case_hosts: Vec<String>,
    /// Whether these may be on this machine or in a private network.
    pub case_private_hosts: bool,
    /// Seconds that a case may run.
    pub case_secs: u64,
    /// What is logged.
    pub log: String,
    /// Whether logs are JSON.
    pub log_json: bool,
}

/// Where the certificates of a server come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// From files in PEM.
    Files {
        /// The certificate, and those that lead to a known one.
        chain: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// From an authority, by the protocol ACME.
    Acme(Acme),
}

/// What is asked of an authority of certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// Names that the certificate is for; at least one.
    pub domains: Vec<String>,
    /// Mail addresses that the authority writes to.
    pub contact: Vec<String>,
    /// Address of the authority's directory.
    pub directory: String,
    /// Folder for the account and the certificate.
    pub cache: PathBuf,
    /// File of certificates that the directory is trusted by, or `None` for the system's.
    pub roots: Option<PathBuf>,
}

impl Settings {
    /// Reads the configuration file, if there is one, and decides everything else.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or has unknown keys, and for combinations that would open the server by mistake.
    pub fn resolve(self) -> anyhow::Result<Config> {
        self.resolve_or(Self::default())
    }

    /// As [`resolve`](Self::resolve), with other defaults for what nobody says.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub fn resolve_or(self, defaults: Self) -> anyhow::Result<Config> {
        let file = match &self.config {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        self.over(file).over(defaults).decide()
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// These settings, and what they leave open from `below`.
    fn over(self, below: Self) -> Self {
        macro_rules! merge {
            ($($field:ident),* $(,)?) => { Self { $($field: self.$field.or(below.$field)),* } };
        }
        merge!(
            config,
            bind,
            data,
            database,
            redis,
            storage,
            auth,
            allow_anonymous,
            upload_max_size,
            cache_size,
            workers,
            layouts_per_device,
            device,
            play_timeout_ms,
            token_minutes,
            tls_cert,
            tls_key,
            acme_domains,
            acme_contact,
            acme_accept_terms,
            acme_directory,
            acme_staging,
            acme_cache,
            acme_roots,
            cors_origins,
            frame_ancestors,
            image_origins,
            hosts,
            trusted_proxies,
            experiments,
            allow_runs,
            metrics_token,
            case_folder,
            case_hosts,
            case_private_hosts,
            case_secs,
            log,
            otlp_endpoint,
            log_json,
        )
    }

    fn decide(self) -> anyhow::Result<Config> {
        let bind = self.bind.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 8000).into());
        let auth = self.auth.unwrap_or(false);
        ensure!(
            auth || bind.ip().is_loopback() || self.allow_anonymous == Some(true),
            "{bind} can be reached by others, who would see and change everything: ask for accounts with --auth, or \
             say --allow-anonymous"
        );
        let data = match self.data {
            Some(data) => data,
            None => default_data().context("there is no folder for data: name one with --data")?,
        };
        if let Some(database) = &self.database {
            ensure!(
                ["postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme)),
                "a database is named as postgres://user@host/name; SQLite is what is used without"
            );
        }
        if let Some(redis) = &self.redis {
            ensure!(
                ["redis://", "rediss://"].iter().any(|scheme| redis.starts_with(scheme)),
                "a Redis is named as redis://host:6379, or rediss:// with TLS"
            );
        }
        // An empty variable is as none, says OpenTelemetry.
        let otlp_endpoint = self.otlp_endpoint.filter(|endpoint| !endpoint.is_empty());
        if let Some(endpoint) = &otlp_endpoint {
            ensure!(
                is_http(endpoint),
                "a collector of traces is named as http://host:4318, not `{endpoint}`"
            );
        }
        let acme = AcmeSettings {
            domains: self.acme_domains.unwrap_or_default(),
            contact: self.acme_contact.unwrap_or_default(),
            accepts_terms: self.acme_accept_terms.unwrap_or(false),
            directory: self.acme_directory,
            is_staging: self.acme_staging.unwrap_or(false),
            cache: self.acme_cache.unwrap_or_else(|| data.join("acme")),
            roots: self.acme_roots,
        };
        if let Some(token) = &self.metrics_token {
            let length = token.len();
            ensure!(length >= 16, "metrics_token has {length} characters; it needs 16 or more");
        }
        let tls = match (self.tls_cert, self.tls_key, acme.decide()?) {
            (Some(chain), Some(key), None) => Some(Tls::Files { chain, key }),
            (None, None, acme) => acme.map(Tls::Acme),
            (_, _, Some(_)) => bail!("certificates come from files or by ACME, not from both"),
            _ => bail!("HTTPS needs both tls_cert and tls_key"),
        };
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let device = self.device.as_deref().unwrap_or("auto");
        Ok(Config {
            bind,
            data,
            database: self.database,
            redis: self.redis,
            storage: self.storage,
            auth,
            upload_max_size: self.upload_max_size.map_or(1 << 30, |Size(bytes)| bytes),
            cache_size: self.cache_size.map_or_else(|| memory() / 4, |Size(bytes)| bytes),
            workers: self.workers.map_or(cores, NonZeroUsize::get),
            layouts_per_device: self.layouts_per_device.map_or(4, NonZeroUsize::get),
            device_is_auto: device == "auto",
            device: Device::parse(device).with_context(|| format!("device {device}"))?,
            play_timeout: Duration::from_millis(self.play_timeout_ms.unwrap_or(60_000)),
            token_lifetime: Duration::from_secs(60 * u64::from(self.token_minutes.unwrap_or(60))),
            tls,
            cors_origins: self.cors_origins.unwrap_or_default(),
            frame_ancestors: self.frame_ancestors.unwrap_or_else(notebooks),
            image_origins: self.image_origins.unwrap_or_default(),
            hosts: self.hosts.unwrap_or_default(),
            trusted_proxies: self.trusted_proxies.unwrap_or_default(),
            experiments: self.experiments,
            allow_runs: self.allow_runs.unwrap_or(false),
            metrics_token: self.metrics_token,
            otlp_endpoint,
            case_folder: self.case_folder,
            case_hosts: self.case_hosts.unwrap_or_default(),
            case_private_hosts: self.case_private_hosts.unwrap_or(false),
            case_secs: self.case_secs.unwrap_or(600),
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            log_json: self.log_json.unwrap_or(false),
        })
    }
}

/// Options of ACME as they are given.
struct AcmeSettings {
    domains: Vec<String>,
    contact: Vec<String>,
    accepts_terms: bool,
    directory: Option<String>,
    is_staging: bool,
    cache: PathBuf,
    roots: Option<PathBuf>,
}

impl AcmeSettings {
    /// What to ask an authority for; `None` without domains.
    fn decide(self) -> anyhow::Result<Option<Acme>> {
        if self.domains.is_empty() {
            return Ok(None);
        }
        for domain in &self.domains {
            let is_name = |label: &str| {
                !label.is_empty()
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            };
            ensure!(
                domain.split('.').all(is_name) && domain.parse::<Ipv4Addr>().is_err(),
                "acme_domains: `{domain}` is no name of a host; names with `*` need a proof that is not made here"
            );
        }
        for mail in &self.contact {
            let is_mail = mail
                .split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
            ensure!(is_mail, "acme_contact: `{mail}` is no mail address");
        }
        ensure!(
            self.accepts_terms,
            "an authority gives certificates to whoever agrees to its terms: read them, and say --acme-accept-terms"
        );
        let directory = match (self.directory, self.is_staging) {
            (Some(_), true) => bail!("acme_staging chooses a directory: leave out acme_directory"),
            (Some(directory), false) => directory,
            (None, true) => LETS_ENCRYPT_STAGING.to_owned(),
            (None, false) => LETS_ENCRYPT.to_owned(),
        };
        ensure!(
            directory.starts_with("https://"),
            "acme_directory: `{directory}` does not begin with https://"
        );
        let Self { domains, contact, cache, roots, .. } = self;
        Ok(Some(Acme { domains, contact, directory, cache, roots }))
    }
}

/// Directories of Let's Encrypt: that of certificates, and that of trials.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// Whether an address is one of HTTP, with a host.
fn is_http(address: &str) -> bool {
    let uri = address.parse::<axum::http::Uri>();
    uri.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
}

/// Pages that embed the viewer where nobody says which: those of notebooks on this machine. Whoever embeds it sees through
/// it what its user sees.
fn notebooks() -> Vec<String> {
    let origins = [
        "'self'",
        "http://localhost:*",
        "http://127.0.0.1:*",
        "https://localhost:*",
        "vscode-webview:",
    ];
    origins.map(str::to_owned).to_vec()
}

/// The folder in which a user's programs keep data.
fn default_data() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(base.join("graphlume"))
}

/// Memory of this machine in bytes; 4 GiB where it does not say.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(4 << 30, |kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(toml: &str) -> Settings {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn flags_go_over_the_file_and_the_file_over_defaults() {
        let file = settings("workers = 3\nupload_max_size = \"2M\"\ndata = \"/x\"");
        let flags = Settings { workers: NonZeroUsize::new(7), ..Settings::default() };
        let config = flags.over(file).decide().unwrap();
        assert_eq!((config.workers, config.upload_max_size), (7, 2 << 20));
        assert_eq!(config.play_timeout, Duration::from_mins(1));
    }

    #[test]
    fn nobody_opens_a_server_by_mistake() {
        let decide = |text: &str| settings(text).decide();
        assert!(decide("data = \"/x\"\nbind = \"0.0.0.0:80\"").is_err());
        assert!(decide("data = \"/x\"\nbind = \"0.0.0.0:80\"\nauth = true").is_ok());
        assert!(decide("data = \"/x\"\nbind = \"[::]:80\"\nallow_anonymous = true").is_ok());
        assert!(decide("data = \"/x\"\nbind = \"[::1]:80\"").is_ok());
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_none() {
        let decide = |text: &str| settings(&format!("data = \"/x\"\n{text}")).decide();
        let error = decide("metrics_token = \"short\"").unwrap_err().to_string();
        assert!(error.contains("metrics_token has 5 characters"), "{error}");
        decide("metrics_token = \"a secret of some length\"").unwrap();
    }

    #[test]
    fn certificates_come_from_files_or_by_acme() {
        let decide = |text: &str| settings(&format!("data = \"/x\"\n{text}")).decide();
        let tls = |text: &str| decide(text).unwrap().tls;
        let refused = |text: &str| decide(text).unwrap_err().to_string();
        let files = "tls_cert = \"c\"\ntls_key = \"k\"";
        assert_eq!(tls(files), Some(Tls::Files { chain: "c".into(), key: "k".into() }));
        assert!(refused("tls_cert = \"c\"").contains("tls_key"));
        let domain = "acme_domains = [\"graphs.example\"]";
        assert!(refused(domain).contains("--acme-accept-terms"));
        let agreed = format!("{domain}\nacme_accept_terms = true");
        let Some(Tls::Acme(acme)) = tls(&agreed) else { panic!("no ACME") };
        assert_eq!(
            (acme.directory.as_str(), acme.cache.as_path()),
            (LETS_ENCRYPT, Path::new("/x/acme"))
        );
        let Some(Tls::Acme(acme)) = tls(&format!("{agreed}\nacme_staging = true")) else {
            panic!("no ACME")
        };
        assert_eq!(acme.directory, LETS_ENCRYPT_STAGING);
        assert!(refused(&format!("{agreed}\n{files}")).contains("not from both"));
        assert!(refused(&format!("{agreed}\nacme_contact = [\"ann\"]")).contains("`ann`"));
        assert!(refused(&format!("{agreed}\nacme_directory = \"http://ca\"")).contains("https://"));
        for bad in ["*.example", "1.2.3.4", "a b", "", "a..b"] {
            let error = refused(&format!("acme_domains = [{bad:?}]\nacme_accept_terms = true"));
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
    }

    #[test]
    fn addresses_of_other_services_have_their_schemes() {
        let decide = |text: &str| settings(&format!("data = \"/x\"\n{text}")).decide();
        assert!(decide("redis = \"localhost:6379\"").is_err());
        assert!(decide("redis = \"rediss://:secret@cache:6380/2\"").is_ok());
        for bad in ["localhost:4318", "grpc://localhost:4317", "http://", "http:"] {
            assert!(decide(&format!("otlp_endpoint = {bad:?}")).is_err(), "{bad}");
        }
        assert!(decide("otlp_endpoint = \"http://localhost:4318\"").is_ok());
    }

    #[test]
    fn unknown_keys_and_bad_sizes_are_refused() {
        assert!(toml::from_str::<Settings>("wrokers = 3").is_err());
        for bad in ["", "M", "-1", "1Q", "99999999999T"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        assert_eq!(" 5 KiB".parse::<Size>(), Ok(Size(5 << 10)));
    }
}
