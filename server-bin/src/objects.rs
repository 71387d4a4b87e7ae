//! Files that are kept: in a folder, or in an object store elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use futures_util::StreamExt;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::{ApiError, ApiResult};

/// Where files are kept. A file appears whole or not at all, and is never changed.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    place: Place,
    /// Where files are that are not whole yet. It is emptied at the start.
    spool: PathBuf,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Remote { store: Arc<dyn ObjectStore>, prefix: object_store::path::Path, cache: PathBuf },
}

impl Objects {
    /// Opens the store at `url`, or the folder in `data`.
    pub(crate) fn open(url: Option<&str>, data: &Path) -> anyhow::Result<Self> {
        let spool = data.join("spool");
        if spool.exists() {
            // What is in it was never acknowledged.
            std::fs::remove_dir_all(&spool).with_context(|| spool.display().to_string())?;
        }
        std::fs::create_dir_all(&spool).with_context(|| spool.display().to_string())?;
        let place = match url {
            None => {
                let folder = data.join("objects");
                std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
                Place::Folder(folder)
            }
            Some(url) => {
                let parsed = url.parse().with_context(|| format!("storage {url}"))?;
                let (store, prefix) = object_store::parse_url_opts(&parsed, std::env::vars())
                    .with_context(|| format!("storage {url}"))?;
                let cache = data.join("cache");
                std::fs::create_dir_all(&cache).with_context(|| cache.display().to_string())?;
                Place::Remote { store: Arc::from(store), prefix, cache }
            }
        };
        Ok(Self { place, spool })
    }

    /// A file to write to, which vanishes unless it is [put](Self::put).
    pub(crate) fn draft(&self, suffix: &str) -> std::io::Result<NamedTempFile> {
        tempfile::Builder::new().suffix(suffix).tempfile_in(&self.spool)
    }

    /// Keeps a file that is whole, and returns its name, which nothing else has.
    pub(crate) async fn put(&self, draft: NamedTempFile, suffix: &str) -> ApiResult<String> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{}/{id}{suffix}", &id[..2]);
        match &self.place {
            Place::Folder(folder) => {
                let path = folder.join(&name);
                tokio::task::spawn_blocking(move || keep(draft, &path))
                    .await
                    .map_err(ApiError::internal)??;
            }
            Place::Remote { store, prefix, .. } => {
                let key = prefix.clone().join_all(&name);
                let upload =
                    store.put_multipart(&key).await.map_err(|error| unreachable_store(&error))?;
                let mut upload = WriteMultipart::new(upload);
                let mut file = tokio::fs::File::open(draft.path()).await?;
                let mut part = vec![0; 1 << 20];
                loop {
                    let n = file.read(&mut part).await?;
                    if n == 0 {
                        break;
                    }
                    upload.wait_for_capacity(4).await.map_err(|error| unreachable_store(&error))?;
                    upload.write(&part[..n]);
                }
                upload.finish().await.map_err(|error| unreachable_store(&error))?;
            }
        }
        Ok(name)
    }

    /// A local file with what `name` holds; of a store elsewhere, a copy.
    pub(crate) async fn path(&self, name: &str) -> ApiResult<PathBuf> {
        let (store, prefix, cache) = match &self.place {
            Place::Folder(folder) => return Ok(folder.join(name)),
            Place::Remote { store, prefix, cache } => (store, prefix, cache),
        };
        let path = cache.join(name);
        if tokio::fs::try_exists(&path).await? {
            return Ok(path);
        }
        let key = prefix.clone().join_all(name);
        let mut stream =
            store.get(&key).await.map_err(|error| unreachable_store(&error))?.into_stream();
        let draft = self.draft("")?;
        let mut file = tokio::fs::File::create(draft.path()).await?;
        while let Some(part) = stream.next().await {
            file.write_all(&part.map_err(|error| unreachable_store(&error))?).await?;
        }
        file.flush().await?;
        let kept = path.clone();
        tokio::task::spawn_blocking(move || keep(draft, &kept))
            .await
            .map_err(ApiError::internal)??;
        Ok(path)
    }

    /// As [`path`](Self::path), of several.
    pub(crate) async fn paths(&self, names: &[String]) -> ApiResult<Vec<PathBuf>> {
        let mut paths = Vec::with_capacity(names.len());
        for name in names {
            paths.push(self.path(name).await?);
        }
        Ok(paths)
    }

    /// Removes what `name` holds; that there is nothing is no error.
    pub(crate) async fn remove(&self, name: &str) -> ApiResult<()> {
        let local = match &self.place {
            Place::Folder(folder) => folder.join(name),
            Place::Remote { store, prefix, cache } => {
                match store.delete(&prefix.clone().join_all(name)).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(unreachable_store(&error)),
                }
                cache.join(name)
            }
        };
        match tokio::fs::remove_file(local).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// All files of a folder that are older than an hour, for the search of those that nothing names. Of a store
    /// elsewhere, which other servers may use, none.
    pub(crate) fn old_files(&self) -> std::io::Result<Vec<String>> {
        let Place::Folder(folder) = &self.place else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for shelf in std::fs::read_dir(folder)? {
            let shelf = shelf?;
            if !shelf.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(shelf.path())? {
                let file = file?;
                let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
                if age.as_secs() > 3600
                    && let (Ok(shelf), Ok(name)) =
                        (shelf.file_name().into_string(), file.file_name().into_string())
                {
                    names.push(format!("{shelf}/{name}"));
                }
            }
        }
        Ok(names)
    }

    /// Whether files can be kept at the moment.
    pub(crate) async fn check(&self) -> ApiResult<()> {
        match &self.place {
            Place::Folder(_) => {
                let mut draft = self.draft("")?;
                std::io::Write::write_all(&mut draft, b"whether there is room")?;
                Ok(())
            }
            Place::Remote { store, prefix, .. } => {
                let mut list = store.list(Some(prefix));
                match list.next().await {
                    Some(Err(error)) => Err(unreachable_store(&error)),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Moves a whole file to its place, so that it survives a loss of power.
fn keep(draft: NamedTempFile, path: &Path) -> std::io::Result<()> {
    draft.as_file().sync_all()?;
    let Some(shelf) = path.parent() else { return Err(std::io::ErrorKind::InvalidInput.into()) };
    std::fs::create_dir_all(shelf)?;
    draft.persist(path).map_err(|error| error.error)?;
    std::fs::File::open(shelf)?.sync_all()
}

fn unreachable_store(error: &object_store::Error) -> ApiError {
    tracing::error!("storage: {error}");
    ApiError::Unavailable("the storage cannot be reached".to_owned())
}

/// Joins a path of several parts, where the store's own joins one.
trait JoinAll {
    fn join_all(self, name: &str) -> Self;
}

impl JoinAll for object_store::path::Path {
    fn join_all(self, name: &str) -> Self {
        name.split('/').fold(self, |path, part| path.join(part))
    }
}
