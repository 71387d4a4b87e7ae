//! What is known about users, files and datasets, in SQLite or PostgreSQL.
//!
//! Nothing is listed before it is whole: objects are written first, and the row that names them last.

mod accounts;
mod cases;
mod datasets;
mod files;
mod migrations;
mod reserve;
mod shares;
mod views;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::{AnyPool, Row};

use crate::error::is_full;

pub(crate) use accounts::{Organization, PersonalKey, User};
pub(crate) use cases::Case;
pub(crate) use datasets::{Dataset, Mode, NewDataset, Order, Spec, Wanted};
pub(crate) use files::{Column, File};
pub(crate) use shares::Share;
pub(crate) use views::View;

use reserve::Reserve;

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pool: AnyPool,
    /// Of a database that is here.
    reserve: Option<Arc<Reserve>>,
}

impl Store {
    /// Opens the database at `url`, or the SQLite file in `folder`, and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// If it cannot be reached, or is of a later version of this program.
    pub(crate) async fn open(url: Option<&str>, folder: &Path) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let options = AnyPoolOptions::new().acquire_timeout(Duration::from_secs(10));
        let pool = match url {
            Some(url) => options.max_connections(16).connect(url).await.context("database")?,
            None => {
                let path = folder.join("graphlume.db");
                // The path may hold characters that mean something in an address.
                let path = path.to_str().context("the folder's name is no text")?;
                let escaped: String = path
                    .chars()
                    .map(|c| match c {
                        '%' => "%25".to_owned(),
                        '?' => "%3F".to_owned(),
                        '#' => "%23".to_owned(),
                        c => c.to_string(),
                    })
                    .collect();
                let pragmas = options.max_connections(8).after_connect(|connection, _| {
                    Box::pin(async move {
                        for pragma in [
                            "PRAGMA busy_timeout = 10000",
                            "PRAGMA journal_mode = WAL",
                            // What was acknowledged is on the disk.
                            "PRAGMA synchronous = FULL",
                            "PRAGMA foreign_keys = ON",
                        ] {
                            sqlx::query(pragma).execute(&mut *connection).await?;
                        }
                        Ok(())
                    })
                });
                let url = format!("sqlite://{escaped}?mode=rwc");
                pragmas.connect(&url).await.with_context(|| path.to_owned())?
            }
        };
        migrations::migrator().run(&pool).await.context("migration of the database")?;
        let reserve = url.is_none().then(|| Arc::new(Reserve::beside(folder)));
        let store = Self { pool, reserve };
        store.reserve_room().await;
        Ok(store)
    }

    /// Takes room for removing on a full disk, if there is some.
    pub(crate) async fn reserve_room(&self) {
        let Some(reserve) = self.reserve.clone() else { return };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || reserve.take()).await {
            tracing::warn!("no room is reserved for removing on a full disk: {error}");
        }
    }

    /// Runs `delete`, which names a row by its id; on a full disk with the room that is reserved. Whether there was one.
    async fn remove(&self, delete: &'static str, id: &str) -> sqlx::Result<bool> {
        let run = || sqlx::query(delete).bind(id).execute(&self.pool);
        let mut done = run().await;
        if done.as_ref().is_err_and(is_full)
            && let Some(reserve) = self.reserve.clone()
            && let Ok(Ok(true)) = tokio::task::spawn_blocking(move || reserve.give()).await
        {
            done = run().await;
        }
        Ok(done?.rows_affected() > 0)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub(crate) async fn check(&self) -> sqlx::Result<()> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map(drop)
    }

    /// A secret of this server, made by `make` if there is none; all servers of a database have the same.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub(crate) async fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> String,
    ) -> sqlx::Result<String> {
        sqlx::query(
            "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(make())
        .execute(&self.pool)
        .await?;
        let row = sqlx::query("SELECT value FROM secrets WHERE name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await?;
        row.try_get("value")
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A value kept as JSON.
fn json<T: serde::de::DeserializeOwned>(row: &AnyRow, column: &str) -> sqlx::Result<T> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })
}

/// Whether a number that stands for a truth value does.
fn flag(row: &AnyRow, column: &str) -> sqlx::Result<bool> {
    row.try_get::<i64, _>(column).map(|flag| flag != 0)
}
