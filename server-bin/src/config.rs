//! What the operator of a server decides: a file, environment variables and flags, each over the one before.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use graphlume::Device;
use serde::Deserialize;

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
    /// Pages of these origins may use the server, as `https://notebook.example.com`; `*` for all
    #[arg(long, value_name = "ORIGIN", env = "GRAPHLUME_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Option<Vec<String>>,
    /// Pages of these origins may embed the viewer, `*` for all [default: those of this machine, such as notebooks]
    #[arg(long, value_name = "ORIGIN", env = "GRAPHLUME_FRAME_ANCESTORS", value_delimiter = ',')]
    pub frame_ancestors: Option<Vec<String>>,
    /// Names under which the server is reached, besides its address and localhost; others are refused where there
    /// are no accounts, so that no page of the web can reach it through a name of its own
    #[arg(long, value_name = "HOST", env = "GRAPHLUME_HOSTS", value_delimiter = ',')]
    pub hosts: Option<Vec<String>>,
    /// Folder of experiments to show
    #[arg(long, value_name = "FOLDER", env = "GRAPHLUME_EXPERIMENTS")]
    pub experiments: Option<PathBuf>,
    /// Let administrators start and stop experiments: methods of the folder beside that of experiments
    #[arg(long, env = "GRAPHLUME_ALLOW_RUNS", num_args = 0..=1, default_missing_value = "true")]
    #[arg(require_equals = true)]
    pub allow_runs: Option<bool>,
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
    /// Files of certificate chain and private key.
    pub tls: Option<[PathBuf; 2]>,
    /// Origins that may use the server from their pages.
    pub cors_origins: Vec<String>,
    /// Origins that may embed the viewer.
    pub frame_ancestors: Vec<String>,
    /// Further names of this server.
    pub hosts: Vec<String>,
    /// Folder of experiments to show.
    pub experiments: Option<PathBuf>,
    /// Whether administrators may start and stop experiments.
    pub allow_runs: bool,
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
            cors_origins,
            frame_ancestors,
            hosts,
            experiments,
            allow_runs,
            case_folder,
            case_hosts,
            case_private_hosts,
            case_secs,
            log,
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
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => Some([cert, key]),
            (None, None) => None,
            _ => bail!("HTTPS needs both tls_cert and tls_key"),
        };
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let device = self.device.as_deref().unwrap_or("auto");
        Ok(Config {
            bind,
            data,
            database: self.database,
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
            hosts: self.hosts.unwrap_or_default(),
            experiments: self.experiments,
            allow_runs: self.allow_runs.unwrap_or(false),
            case_folder: self.case_folder,
            case_hosts: self.case_hosts.unwrap_or_default(),
            case_private_hosts: self.case_private_hosts.unwrap_or(false),
            case_secs: self.case_secs.unwrap_or(600),
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            log_json: self.log_json.unwrap_or(false),
        })
    }
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
    fn unknown_keys_and_bad_sizes_are_refused() {
        assert!(toml::from_str::<Settings>("wrokers = 3").is_err());
        for bad in ["", "M", "-1", "1Q", "99999999999T"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        assert_eq!(" 5 KiB".parse::<Size>(), Ok(Size(5 << 10)));
    }
}
