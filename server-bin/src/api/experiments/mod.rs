//! Experiments of anomaly detection: those in a folder, and what scores are worth.

mod catalogue;
mod metrics;
mod plots;
mod runs;
mod scored;
mod shown;

use std::path::{Path, PathBuf};

use graphlume::gad::dataset::Source;
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
        .routes(routes!(shown::evaluation, runs::evaluate))
        .routes(routes!(scored::graph))
        .routes(routes!(plots::list))
        .routes(routes!(plots::file))
        .routes(routes!(runs::stop))
        .routes(routes!(shown::leaderboard))
        .routes(routes!(shown::leaderboard_page))
        .routes(routes!(catalogue::list_methods))
        .routes(routes!(catalogue::list_datasets))
        .routes(routes!(catalogue::describe_dataset))
        .routes(routes!(metrics::metrics))
        .routes(routes!(metrics::evaluations))
}

/// What whoever asks for experiments is told of a server that has none.
const NO_FOLDER: &str = "this server has no folder of experiments; --experiments FOLDER (GRAPHLUME_EXPERIMENTS, or \
                         `experiments` in its file) names one";

/// The folder of experiments, for users alone.
fn folder(server: &Server, who: &Who) -> ApiResult<PathBuf> {
    who.user()?;
    let folder = server.config.experiments.as_deref();
    let folder = folder.ok_or_else(|| ApiError::NotOffered(NO_FOLDER))?;
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

/// The dataset of this name: what comes with the program as `bundled:NAME`, or a folder in `datasets` beside the folder
/// of experiments, whatever its capitals. A name that is no folder there may be that of what comes with the program too,
/// since experiments do not say more.
fn dataset_named(root: &Path, name: &str) -> ApiResult<Source> {
    let unknown = || ApiError::NotFound { what: "dataset", id: name.chars().take(200).collect() };
    if name.starts_with("bundled:") {
        return Source::find(name).map_err(|_| unknown());
    }
    if !is_plain(name) {
        return Err(unknown());
    }
    let place = root.parent().unwrap_or(root).join("datasets").canonicalize();
    let found = place.ok().and_then(|place| {
        inside(&place, name).or_else(|| {
            let entries = std::fs::read_dir(&place).ok()?;
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let alike = names.filter(|other| other.eq_ignore_ascii_case(name)).min()?;
            inside(&place, &alike)
        })
    });
    let text = match found {
        Some(folder) => folder.to_string_lossy().into_owned(),
        None => format!("bundled:{name}"),
    };
    Source::find(&text).map_err(|_| unknown())
}

/// Refuses a dataset that is larger than an upload may be: it would be read into memory.
fn check_size(source: &Source, limit: u64) -> ApiResult<()> {
    let Some(folder) = source.path() else { return Ok(()) };
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    match bytes > limit {
        true => Err(ApiError::Conflict(format!(
            "the dataset has {bytes} bytes; this server reads at most {limit}"
        ))),
        false => Ok(()),
    }
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
    fn datasets_are_those_of_the_folder_and_what_is_bundled() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("experiments");
        std::fs::create_dir_all(place.path().join("datasets/UCI")).unwrap();
        std::fs::create_dir_all(place.path().join("secret")).unwrap();
        assert_eq!(dataset_named(&root, "uci").unwrap().name(), "uci");
        for name in ["disney", "bundled:disney"] {
            assert_eq!(dataset_named(&root, name).unwrap().text(), "bundled:disney");
        }
        for name in ["../secret", "/etc", "", ".", "bundled:../x", "nothing", "secret"] {
            let found = dataset_named(&root, name);
            assert!(matches!(found, Err(ApiError::NotFound { .. })), "{name}");
        }
        std::fs::write(place.path().join("datasets/UCI/edges.csv"), "src,dst\na,b\n").unwrap();
        let uci = dataset_named(&root, "UCI").unwrap();
        assert!(check_size(&uci, 12).is_ok());
        assert!(matches!(check_size(&uci, 11), Err(ApiError::Conflict(_))));
    }

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
