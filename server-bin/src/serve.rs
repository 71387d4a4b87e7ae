//! From options to a server that listens, and to its end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use graphlume::ReadOptions;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::acme::Issuer;
use crate::auth::Who;
use crate::config::{Config, Tls};
use crate::server::Server;
use crate::store::{NewDataset, Spec};
use crate::telemetry::start_logs;

/// A server that has its address and does not answer yet.
#[derive(Debug)]
pub struct Bound {
    server: Server,
    listener: TcpListener,
    address: SocketAddr,
}

/// How long requests may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(10);

/// How often it is looked for files that nothing names.
const TIDY: Duration = Duration::from_hours(24);

/// Opens what is kept and takes the address.
///
/// # Errors
///
/// If the address is taken, or folder, database or storage cannot be used.
pub async fn bind(config: Config) -> anyhow::Result<Bound> {
    // First: two servers that are started by mistake should not both open the folder.
    let listener =
        TcpListener::bind(config.bind).await.with_context(|| format!("address {}", config.bind))?;
    let address = listener.local_addr()?;
    let server = Server::open(config).await?;
    Ok(Bound { server, listener, address })
}

impl Bound {
    /// The address, with the port that was found if none was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser finds it.
    pub fn url(&self) -> String {
        let scheme = if self.server.config.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The state, for whoever embeds the server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Makes a dataset of a file on this machine, for the user of a server without accounts; returns where its page is.
    async fn add(&self, file: &Path, options: &ReadOptions) -> anyhow::Result<String> {
        let (path, options) = (file.to_owned(), options.clone());
        let unweighted = options.unweighted;
        let (graph, report) =
            tokio::task::spawn_blocking(move || graphlume::read(&path, &options)).await??;
        let new = NewDataset {
            owner: Who::local().user()?.id.clone(),
            name: file
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            spec: Spec {
                unweighted: unweighted && report.weight.is_none(),
                weight: report.weight,
                ..Spec::default()
            },
            ..NewDataset::default()
        };
        let (dataset, _) = self.server.add_graph(new, graph).await?;
        Ok(format!("/graph/graph.html?dataset={}", dataset.id))
    }

    /// Answers until `end` is there; then takes no more, and gives what is under way ten seconds.
    ///
    /// # Errors
    ///
    /// If certificate or key cannot be read, or the system refuses.
    pub async fn serve(self, end: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let handle = Handle::new();
        let ending = handle.clone();
        let layouts = self.server.clone();
        tokio::spawn(async move {
            end.await;
            layouts.layouts.stop_all();
            ending.graceful_shutdown(Some(GRACE));
        });
        let tidy = self.server.clone();
        let tidying = tokio::spawn(async move {
            loop {
                if let Err(error) = tidy.tidy().await {
                    tracing::warn!("files that nothing names could not be removed: {error}");
                }
                tokio::time::sleep(TIDY).await;
            }
        });
        let service = crate::api::router(self.server.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        let listener = self.listener.into_std()?;
        match &self.server.config.tls {
            None => axum_server::from_tcp(listener)?.handle(handle).serve(service).await?,
            Some(Tls::Files { chain, key }) => {
                let tls = RustlsConfig::from_pem_file(chain, key).await.with_context(|| {
                    format!("certificate {} with key {}", chain.display(), key.display())
                })?;
                axum_server::from_tcp_rustls(listener, tls)?.handle(handle).serve(service).await?;
            }
            Some(Tls::Acme(options)) => {
                let issuer = Issuer::open(options)?;
                let tls = RustlsConfig::from_config(issuer.tls()?);
                // It answers the authority by this server itself.
                let renewing = tokio::spawn(issuer.run());
                axum_server::from_tcp_rustls(listener, tls)?.handle(handle).serve(service).await?;
                renewing.abort();
            }
        }
        tidying.abort();
        // Those who watch a layout are told too: a connection that has become a WebSocket is waited for by nobody else.
        let told = async {
            while self.server.metrics.viewers.get() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, told).await;
        let server = self.server.clone();
        let sent = tokio::task::spawn_blocking(move || {
            if let Some(traces) = &server.traces {
                traces.end();
            }
        });
        Ok(sent.await?)
    }
}

/// Serves until Ctrl-C or a signal to end, with datasets made of `files`, each read as `options` say; `ready` hears of
/// the server and of the addresses of these once it listens. With `ends_with_input` it also ends when standard input
/// does, which whoever started it holds open for as long as they live.
///
/// # Errors
///
/// As [`bind`] and [`Bound::serve`]; for a file that cannot be read, and for files where accounts are asked for, since
/// they would belong to nobody.
pub fn run(
    config: Config,
    files: &[PathBuf],
    options: &ReadOptions,
    ends_with_input: bool,
    ready: impl FnOnce(&Bound, &[String]),
) -> anyhow::Result<()> {
    ensure!(
        files.is_empty() || !config.auth,
        "with --auth a dataset has an owner: start the server and upload the files"
    );
    start_logs(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let bound = bind(config).await?;
        let mut urls = Vec::with_capacity(files.len());
        for file in files {
            urls.push(format!("{}{}", bound.url(), bound.add(file, options).await?));
        }
        tracing::info!("listening at {}", bound.url());
        ready(&bound, &urls);
        bound.serve(ended(ends_with_input)).await
    })
}

/// Waits for a signal to end, or for the end of standard input.
async fn ended(with_input: bool) {
    let (closed, is_closed) = oneshot::channel::<()>();
    if with_input {
        // A thread of its own, since nothing can end a read from there.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            drop(closed);
        });
        tokio::select! {
            _ = is_closed => {}
            () = signaled() => {}
        }
    } else {
        signaled().await;
    }
}

/// Waits for a signal to end.
async fn signaled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
