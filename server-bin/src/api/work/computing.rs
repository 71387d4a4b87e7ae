//! Measures while they are computed: how far they are, and a way to stop them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use utoipa::ToSchema;

use crate::api::input::Body;
use crate::auth::{Access, Who};
use crate::derived::{Of, measure_of};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::Dataset;

/// Computations that are remembered, and may run at a time.
const REMEMBERED: usize = 100;

/// How long an answer waits for the end: most measures are there by then.
const AT_ONCE: Duration = Duration::from_millis(250);

/// A computation that nobody has asked about for so long stops. Browsers let pages that are not seen ask once a minute.
const PATIENCE: Duration = Duration::from_mins(2);

/// Computations of measures.
#[derive(Debug, Default)]
pub(crate) struct Computations(Mutex<VecDeque<Arc<Computation>>>);

#[derive(Debug)]
struct Computation {
    id: String,
    dataset: Dataset,
    measure: &'static str,
    status: Mutex<(Status, Option<String>)>,
    task: Mutex<Option<AbortHandle>>,
    asked: Mutex<Instant>,
}

/// Where a computation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// It runs, or waits for its turn.
    Running,
    /// What it found is held for whoever asks.
    Done,
    /// It is not possible.
    Failed,
    /// Somebody stopped it, or nobody asked about it any more.
    Stopped,
}

/// Which measure.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// A measure, or one of its columns, such as `betweenness`.
    measure: String,
}

/// How far a computation is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Told {
    /// Id of the computation.
    id: String,
    /// The measure.
    measure: &'static str,
    /// `running`, `done`, `failed` or `stopped`.
    status: Status,
    /// What is being counted, such as `sources`.
    stage: Option<&'static str>,
    /// How many of these are done.
    done: Option<u64>,
    /// How many there are, where that is known.
    total: Option<u64>,
    /// What went wrong.
    error: Option<String>,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a thread that panicked left is whole: each change is one assignment.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Computation {
    fn is_running(&self) -> bool {
        locked(&self.status).0 == Status::Running
    }

    fn end(&self, status: Status, error: Option<String>) {
        let mut old = locked(&self.status);
        if old.0 == Status::Running {
            *old = (status, error);
        }
    }

    fn told(&self, server: &Server) -> Told {
        let (status, error) = locked(&self.status).clone();
        let progress = match status {
            Status::Running => server.derived.progress(&self.dataset, self.measure),
            _ => None,
        };
        Told {
            id: self.id.clone(),
            measure: self.measure,
            status,
            stage: progress.map(|progress| progress.stage),
            done: progress.map(|progress| progress.done),
            total: progress.and_then(|progress| progress.total),
            error,
        }
    }

    /// Waits until nobody has asked for a while.
    async fn left_alone(&self) {
        loop {
            let since = locked(&self.asked).elapsed();
            match PATIENCE.checked_sub(since) {
                Some(left) if !left.is_zero() => tokio::time::sleep(left).await,
                _ => return,
            }
        }
    }
}

impl Computations {
    fn begin(&self, dataset: &Dataset, measure: &'static str) -> ApiResult<Arc<Computation>> {
        let mut all = locked(&self.0);
        // The oldest that have ended are forgotten.
        while REMEMBERED <= all.len() {
            match all.iter().position(|one| !one.is_running()) {
                Some(at) => drop(all.remove(at)),
                None => {
                    let what = "too many measures are computed";
                    return Err(ApiError::Busy { what, retry_after_secs: 5 });
                }
            }
        }
        let one = Arc::new(Computation {
            id: uuid::Uuid::new_v4().simple().to_string(),
            dataset: dataset.clone(),
            measure,
            status: Mutex::new((Status::Running, None)),
            task: Mutex::default(),
            asked: Mutex::new(Instant::now()),
        });
        all.push_back(Arc::clone(&one));
        Ok(one)
    }

    fn find(&self, dataset: &Dataset, id: &str) -> ApiResult<Arc<Computation>> {
        let all = locked(&self.0);
        let found = all.iter().find(|one| one.id == id && one.dataset.id == dataset.id).cloned();
        found.ok_or_else(|| ApiError::NotFound {
            what: "computation",
            id: id.chars().take(64).collect(),
        })
    }
}

/// Computes a measure, to be held for whoever asks for its columns
///
/// The answer comes after a moment: `done` if that was enough, else where to ask how far it is. A computation that nobody
/// has asked about for two minutes stops.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/computations", tag = "work", params(("id" = String, Path)),
    request_body = Wanted,
    responses((status = 200, body = Told, description = "It has ended"), (status = 202, body = Told), (status = 404), (status = 429)))]
pub(super) async fn start(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(wanted): Body<Wanted>,
) -> ApiResult<(StatusCode, Json<Told>)> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let found = [Of::Nodes, Of::Edges].into_iter().find_map(|of| measure_of(of, &wanted.measure));
    let Some((measure, _)) = found else {
        let id = wanted.measure.chars().take(64).collect();
        return Err(ApiError::NotFound { what: "measure", id });
    };
    let one = server.computations.begin(&dataset, measure)?;
    let task = tokio::spawn({
        let (server, one) = (server.clone(), Arc::clone(&one));
        async move {
            let work = async {
                let loaded = server.loaded(&dataset).await?;
                server.measured(&dataset, &loaded, measure).await
            };
            // Work that nobody waits for any more stops.
            tokio::select! {
                found = work => match found {
                    Ok(_) => one.end(Status::Done, None),
                    Err(error) => {
                        if let ApiError::Internal(error) = &error {
                            tracing::error!("measure {measure}: {error:#}");
                        }
                        one.end(Status::Failed, Some(error.to_string()));
                    }
                },
                () = one.left_alone() => one.end(Status::Stopped, None),
            }
        }
    });
    *locked(&one.task) = Some(task.abort_handle());
    // That it takes longer is no error.
    let _ = tokio::time::timeout(AT_ONCE, task).await;
    let status = if one.is_running() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(one.told(&server))))
}

/// Says how far a computation is
#[utoipa::path(get, path = "/api/v1/datasets/{id}/computations/{computation}", tag = "work",
    params(("id" = String, Path), ("computation" = String, Path)),
    responses((status = 200, body = Told), (status = 404)))]
pub(super) async fn status(
    State(server): State<Server>,
    who: Who,
    Path((id, computation)): Path<(String, String)>,
) -> ApiResult<Json<Told>> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let one = server.computations.find(&dataset, &computation)?;
    *locked(&one.asked) = Instant::now();
    Ok(Json(one.told(&server)))
}

/// Stops a computation, unless others wait for the same
#[utoipa::path(delete, path = "/api/v1/datasets/{id}/computations/{computation}", tag = "work",
    params(("id" = String, Path), ("computation" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(super) async fn stop(
    State(server): State<Server>,
    who: Who,
    Path((id, computation)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let one = server.computations.find(&dataset, &computation)?;
    if let Some(task) = locked(&one.task).take() {
        task.abort();
    }
    one.end(Status::Stopped, None);
    Ok(StatusCode::NO_CONTENT)
}
