//! The state that all requests share.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;

use crate::api::{CaseRuns, Computations, Runs};
use crate::auth::{Access, Limiter, Tokens, Who, fingerprint, random};
use crate::config::Config;
use crate::derived::Derived;
use crate::error::{ApiError, ApiResult};
use crate::graphs::{Graphs, Loaded};
use crate::live::Layouts;
use crate::objects::Objects;
use crate::partial::Partials;
use crate::states::{Memory, Redis, States};
use crate::store::{Dataset, Store};
use crate::telemetry::Metrics;
use crate::traces::Traces;
use crate::workers::Workers;

/// A server: its options, what it keeps, and what it is doing. Clones are the same server.
#[derive(Debug, Clone)]
pub struct Server(Arc<Inner>);

/// What is behind [`Server`].
#[derive(Debug)]
pub struct Inner {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) objects: Objects,
    pub(crate) partials: Partials,
    pub(crate) graphs: Graphs,
    pub(crate) derived: Derived,
    pub(crate) workers: Workers,
    /// Who runs cases, which may wait for other hosts for minutes: nobody else waits for them.
    pub(crate) case_workers: Workers,
    pub(crate) tokens: Tokens,
    pub(crate) limiter: Limiter,
    pub(crate) layouts: Layouts,
    pub(crate) runs: Runs,
    pub(crate) case_runs: CaseRuns,
    pub(crate) computations: Computations,
    pub(crate) sign_ins: crate::graphistry::SignIns,
    pub(crate) metrics: Metrics,
    pub(crate) traces: Option<Traces>,
    pub(crate) started: Instant,
}

impl Deref for Server {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Server {
    /// Opens what is kept, and brings the database up to date.
    ///
    /// # Errors
    ///
    /// If folder, database or storage cannot be used.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        // What TLS is done with, by whoever does it; where it is set already, that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        std::fs::create_dir_all(&config.data).with_context(|| config.data.display().to_string())?;
        let objects = Objects::open(config.storage.as_deref(), &config.data)?;
        let partials = Partials::open(&config.data, config.upload_max_size)?;
        let store = Store::open(config.database.as_deref(), &config.data).await?;
        let secret = store.secret("tokens", random).await.context("database")?;
        if config.auth && !store.has_users().await.context("database")? {
            tracing::warn!("there are no accounts yet: `users add NAME --admin` adds the first");
        }
        let traces = config.otlp_endpoint.as_deref().map(Traces::open).transpose()?;
        let shared = match &config.redis {
            Some(address) => {
                let redis = Redis::open(address, &fingerprint(&secret)[..16])?;
                // Whether it is there is said now, not at the first sign-in.
                let _ = redis.get("start").await;
                Some(Arc::new(redis) as Arc<dyn States>)
            }
            None => None,
        };
        let states = shared.clone().unwrap_or_else(|| Arc::new(Memory::default()));
        let server = Self(Arc::new(Inner {
            graphs: Graphs::new(config.cache_size),
            derived: Derived::new(config.cache_size / 4, shared.clone()),
            workers: Workers::new(config.workers),
            case_workers: Workers::new(config.workers.div_ceil(2)),
            tokens: Tokens::new(&secret),
            limiter: Limiter::new(shared),
            layouts: Layouts::new(&config),
            runs: Runs::default(),
            case_runs: CaseRuns::new(config.cache_size / 4),
            computations: Computations::default(),
            sign_ins: crate::graphistry::SignIns::new(states),
            metrics: Metrics::default(),
            traces,
            started: Instant::now(),
            store,
            objects,
            partials,
            config,
        }));
        Ok(server)
    }

    /// A dataset that somebody may use in that way. Whoever may not even see it learns nothing of it.
    pub(crate) async fn dataset(&self, who: &Who, id: &str, access: Access) -> ApiResult<Dataset> {
        let missing = || ApiError::NotFound { what: "dataset", id: id.chars().take(64).collect() };
        let dataset = self.store.dataset(id).await?.ok_or_else(missing)?;
        if who.may(access, &dataset) {
            return Ok(dataset);
        }
        match (who.may(Access::Read, &dataset), &who.user) {
            (true, _) => Err(ApiError::Forbidden(format!("dataset `{id}` is not yours to change"))),
            (false, None) => Err(ApiError::Unauthorized("sign in to see this dataset".to_owned())),
            (false, Some(_)) => Err(missing()),
        }
    }

    /// The graph of a dataset, read if need be.
    pub(crate) async fn loaded(&self, dataset: &Dataset) -> ApiResult<Arc<Loaded>> {
        self.graphs.get(dataset, &self.store, &self.objects, &self.workers).await
    }

    /// Removes objects that nothing names any more, of those named here.
    pub(crate) async fn drop_unused(
        &self,
        objects: impl IntoIterator<Item = String>,
    ) -> ApiResult<()> {
        let objects: HashSet<String> = objects.into_iter().collect();
        let mut objects: Vec<String> = objects.into_iter().collect();
        objects.sort();
        for object in objects {
            if !self.store.is_used(&object).await? {
                self.objects.remove(&object).await?;
            }
        }
        self.store.reserve_room().await;
        Ok(())
    }

    /// Removes objects that could not be listed for want of room; returns why they could not. What a database that was
    /// lost may have listed all the same stays, until [`tidy`](Self::tidy) asks it.
    pub(crate) async fn undo(
        &self,
        error: ApiError,
        objects: impl IntoIterator<Item = String>,
    ) -> ApiError {
        if matches!(error, ApiError::Full) {
            for object in objects {
                if let Err(error) = self.objects.remove(&object).await {
                    tracing::warn!(object, "what nothing names could not be removed: {error}");
                }
            }
        }
        error
    }

    /// Removes what uploads left that were cut short between writing and listing.
    pub(crate) async fn tidy(&self) -> ApiResult<()> {
        let (objects, partials) = (self.objects.clone(), self.partials.clone());
        let old = tokio::task::spawn_blocking(move || {
            partials.tidy()?;
            objects.old_files()
        });
        self.drop_unused(old.await.map_err(ApiError::internal)??).await
    }
}
