//! Experiments of anomaly detection: those in a folder, and what scores are worth.

mod metrics;
mod plots;
mod runs;
mod shown;

use std::path::{Path, PathBuf};

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

pub(crate) use self::runs::Runs;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(shown::list, runs::start))
        .routes(routes!(shown::describe))
        .routes(routes!(shown::log))
        .routes(routes!(shown::evaluation))
        .routes(routes!(plots::list))
        .routes(routes!(plots::file))
        .routes(routes!(runs::stop))
        .routes(routes!(shown::leaderboard))
        .routes(routes!(shown::leaderboard_page))
        .routes(routes!(metrics::metrics))
        .routes(routes!(metrics::evaluations))
}

/// The folder of experiments, for users alone.
fn folder(server: &Server, who: &Who) -> ApiResult<PathBuf> {
    who.user()?;
    let folder = server.config.experiments.as_deref();
    let folder = folder
        .ok_or_else(|| ApiError::NotFound { what: "folder of experiments", id: String::new() })?;
    folder.canonicalize().map_err(|error| {
        tracing::error!("folder of experiments {}: {error}", folder.display());
        ApiError::Unavailable("the folder of experiments cannot be read".to_owned())
    })
}

fn missing(name: &str) -> ApiError {
    ApiError::NotFound { what: "experiment", id: name.chars().take(200).collect() }
}

/// Whether a name is one part of a path and nothing else.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The folder of an experiment: in the folder of experiments, wherever links lead.
fn experiment(root: &Path, name: &str) -> ApiResult<PathBuf> {
    if !is_plain(name) || !name.starts_with("exp__") {
        return Err(missing(name));
    }
    inside(root, name).filter(|path| path.is_dir()).ok_or_else(|| missing(name))
}

/// What has this name in a folder, unless it is elsewhere in truth.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(name).canonicalize().ok()?;
    (path.starts_with(folder) && path != folder).then_some(path)
}

/// A file that somebody asked for, as it is on the disk; more is refused.
fn read(path: &Path, most: u64) -> ApiResult<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    match size > most {
        true => Err(ApiError::Conflict(format!("the file has {size} bytes; {most} are told"))),
        false => Ok(std::fs::read(path)?),
    }
}

/// A failure to read what an operator's folder holds: our own, but for what the files say.
fn failed(error: graphlume::gad::Error) -> ApiError {
    match error {
        graphlume::gad::Error::BadFile { .. } => {
            tracing::warn!("{error}");
            ApiError::Conflict("a file of the experiment cannot be read".to_owned())
        }
        error => ApiError::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.join("exp__m__d__1")).unwrap();
        std::fs::create_dir(root.join("other")).unwrap();
        assert!(experiment(&root, "exp__m__d__1").is_ok());
        for name in
            ["other", "", ".", "..", "exp__m__d__2", "exp__/../exp__m__d__1", "exp__\0", "/etc"]
        {
            assert!(matches!(experiment(&root, name), Err(ApiError::NotFound { .. })), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outside.path(), root.join("exp__m__d__3")).unwrap();
            assert!(experiment(&root, "exp__m__d__3").is_err());
        }
    }
}
