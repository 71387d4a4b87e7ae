//! Uploads in pieces, which go on where they stopped: after a lost connection, and after a new start of the server.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::body::Body;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, SeekFrom};

use crate::error::{ApiError, ApiResult};

/// Uploads that are not whole yet: a file each, and one beside it that says whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Partials {
    folder: PathBuf,
    limit: u64,
    /// Those to which somebody is adding at the moment.
    busy: Arc<Mutex<HashSet<String>>>,
}

/// An upload that somebody is adding to, and nobody else.
struct Turn<'a> {
    busy: &'a Mutex<HashSet<String>>,
    id: &'a str,
}

impl<'a> Turn<'a> {
    fn take(busy: &'a Mutex<HashSet<String>>, id: &'a str) -> ApiResult<Self> {
        match busy.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned()) {
            true => Ok(Self { busy, id }),
            false => {
                Err(ApiError::Conflict("a piece of this upload is being sent already".to_owned()))
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(self.id);
    }
}

/// What is known of an upload in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Partial {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) name: String,
}

/// How long pieces wait for the next.
const LIFETIME: Duration = Duration::from_hours(24);

/// Uploads in pieces that a user may have at a time.
const MOST: usize = 16;

impl Partials {
    pub(crate) fn open(data: &Path, limit: u64) -> anyhow::Result<Self> {
        let folder = data.join("uploads");
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self { folder, limit, busy: Arc::default() })
    }

    /// Paths of the pieces and of what is known of them. Ids come from clients, and are no paths.
    fn paths(&self, id: &str) -> ApiResult<[PathBuf; 2]> {
        if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok([self.folder.join(format!("{id}.part")), self.folder.join(format!("{id}.json"))])
        } else {
            Err(ApiError::NotFound { what: "upload", id: id.chars().take(64).collect() })
        }
    }

    pub(crate) async fn begin(&self, owner: &str, name: &str) -> ApiResult<Partial> {
        let n = self.all().await?.into_iter().filter(|partial| partial.owner == owner).count();
        if n >= MOST {
            return Err(ApiError::Conflict(format!(
                "there are {n} uploads that are not whole; finish or delete one first"
            )));
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let partial = Partial { id, owner: owner.to_owned(), name: name.to_owned() };
        let [pieces, known] = self.paths(&partial.id)?;
        tokio::fs::write(&pieces, b"").await?;
        let text = serde_json::to_vec(&partial).map_err(ApiError::internal)?;
        tokio::fs::write(&known, text).await?;
        Ok(partial)
    }

    /// An upload of `owner`, and how many bytes of it are there.
    pub(crate) async fn get(&self, owner: &str, id: &str) -> ApiResult<(Partial, u64)> {
        let missing = || ApiError::NotFound { what: "upload", id: id.chars().take(64).collect() };
        let [pieces, known] = self.paths(id)?;
        let text = tokio::fs::read(known).await.map_err(|_| missing())?;
        let partial: Partial = serde_json::from_slice(&text).map_err(|_| missing())?;
        if partial.owner != owner {
            return Err(missing());
        }
        let offset = tokio::fs::metadata(pieces).await.map_err(|_| missing())?.len();
        Ok((partial, offset))
    }

    /// Adds what comes behind the first `offset` bytes. Of a body that breaks off, what came stays.
    pub(crate) async fn append(
        &self,
        owner: &str,
        id: &str,
        offset: u64,
        body: Body,
    ) -> ApiResult<u64> {
        let _turn = Turn::take(&self.busy, id)?;
        let (_, there) = self.get(owner, id).await?;
        if offset != there {
            return Err(ApiError::Conflict(format!(
                "{there} bytes of the upload are there: go on behind them, not behind {offset}"
            )));
        }
        let [pieces, _] = self.paths(id)?;
        let mut file = tokio::fs::OpenOptions::new().write(true).open(pieces).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        let mut at = offset;
        let mut parts = body.into_data_stream();
        let outcome = loop {
            match parts.next().await {
                None => break Ok(()),
                Some(Err(error)) => {
                    break Err(ApiError::Invalid(format!(
                        "the upload broke off after {at} bytes: {error}"
                    )));
                }
                Some(Ok(part)) if at + part.len() as u64 > self.limit => {
                    break Err(ApiError::TooLarge { limit: self.limit });
                }
                Some(Ok(part)) => {
                    file.write_all(&part).await?;
                    at += part.len() as u64;
                }
            }
        };
        file.sync_data().await?;
        outcome.map(|()| at)
    }

    /// Copies what came so far to `draft`: if reading it fails, the client need not send it again.
    pub(crate) async fn copy(&self, owner: &str, id: &str, draft: &Path) -> ApiResult<()> {
        self.get(owner, id).await?;
        let [pieces, _] = self.paths(id)?;
        tokio::fs::copy(&pieces, draft).await?;
        Ok(())
    }

    pub(crate) async fn remove(&self, owner: &str, id: &str) -> ApiResult<()> {
        self.get(owner, id).await?;
        for path in self.paths(id)? {
            tokio::fs::remove_file(path).await?;
        }
        Ok(())
    }

    async fn all(&self) -> ApiResult<Vec<Partial>> {
        let mut found = Vec::new();
        let mut files = tokio::fs::read_dir(&self.folder).await?;
        while let Some(file) = files.next_entry().await? {
            let path = file.path();
            if path.extension().is_some_and(|suffix| suffix == "json")
                && let Ok(text) = tokio::fs::read(&path).await
                && let Ok(partial) = serde_json::from_slice(&text)
            {
                found.push(partial);
            }
        }
        Ok(found)
    }

    /// Removes what nobody went on with for a day.
    pub(crate) fn tidy(&self) -> std::io::Result<()> {
        for file in std::fs::read_dir(&self.folder)? {
            let file = file?;
            if file.metadata()?.modified()?.elapsed().unwrap_or_default() > LIFETIME {
                std::fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }
}
