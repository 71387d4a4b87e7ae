//! Plots and reports of experiments: files of known kinds, in the folder of the evaluation and nowhere else.

use std::path::{Path as FilePath, PathBuf};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::{experiment, folder, inside, is_plain, read};
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Largest file that is told, in bytes.
const LARGEST: u64 = 64 << 20;

/// Suffixes of files that are told, and their kinds.
const KINDS: [(&str, &str); 6] = [
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("html", "text/html; charset=utf-8"),
    ("json", "application/json"),
    ("csv", "text/csv; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
];

fn kind_of(name: &str) -> Option<&'static str> {
    let suffix = FilePath::new(name).extension()?.to_str()?;
    KINDS.iter().find(|(known, _)| *known == suffix).map(|(_, kind)| *kind)
}

/// Files of an evaluation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Files {
    /// Their names.
    files: Vec<String>,
}

/// Plots and reports of an experiment
#[utoipa::path(get, path = "/api/v1/experiments/{name}/plots", tag = "experiments", params(("name" = String, Path)),
    responses((status = 200, body = Files), (status = 404)))]
pub(super) async fn list(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<Json<Files>> {
    let root = experiment(&folder(&server, &who)?, &name)?;
    let files = server.workers.run(move |_| {
        let Some(eval) = inside(&root, "eval") else { return Ok(Vec::new()) };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(eval)? {
            let entry = entry?;
            let name = entry.file_name().into_string().ok();
            let shown = name.filter(|name| is_plain(name) && kind_of(name).is_some());
            if let Some(name) = shown.filter(|_| entry.path().is_file()) {
                files.push(name);
            }
        }
        files.sort();
        Ok(files)
    });
    Ok(Json(Files { files: files.await? }))
}

/// The file of this name in the evaluation of an experiment.
fn find(root: &FilePath, file: &str) -> Option<(PathBuf, &'static str)> {
    let kind = kind_of(file).filter(|_| is_plain(file))?;
    let path = inside(&inside(root, "eval")?, file)?;
    path.is_file().then_some((path, kind))
}

/// A plot or report of an experiment
#[utoipa::path(get, path = "/api/v1/experiments/{name}/plots/{file}", tag = "experiments",
    params(("name" = String, Path), ("file" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404)))]
pub(super) async fn file(
    State(server): State<Server>,
    who: Who,
    Path((name, file)): Path<(String, String)>,
) -> ApiResult<Response> {
    let root = experiment(&folder(&server, &who)?, &name)?;
    let found = server.workers.run(move |_| {
        let (path, kind) = find(&root, &file).ok_or_else(|| ApiError::NotFound {
            what: "plot",
            id: file.chars().take(200).collect(),
        })?;
        Ok((read(&path, LARGEST)?, kind))
    });
    let (bytes, kind) = found.await?;
    // Whoever wrote it, it runs nothing here.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: 'self'; sandbox";
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)], bytes)
        .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plots_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("eval")).unwrap();
        for name in
            ["eval/roc_curve.png", "eval/secret.key", "eval/x.PNG", "results.json", "eval/.a.png"]
        {
            std::fs::write(root.join(name), "x").unwrap();
        }
        std::fs::create_dir(root.join("eval/folder.png")).unwrap();
        assert!(find(&root, "roc_curve.png").is_some());
        for name in [
            "secret.key",
            "x.PNG",
            "../results.json",
            "results.json",
            "folder.png",
            ".a.png",
            "/etc/passwd",
            "roc_curve.png/",
            "",
        ] {
            assert!(find(&root, name).is_none(), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("results.json"), root.join("eval/link.json"))
                .unwrap();
            assert!(find(&root, "link.json").is_none());
        }
    }
}
