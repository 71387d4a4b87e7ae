//! Links that let others see a dataset.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::{Store, flag, now};

/// A link to a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Share {
    /// Hash of the secret in the link: it names the link, and does not give it away.
    pub(crate) token: String,
    /// The dataset.
    pub(crate) dataset: String,
    /// Whom it is for, as the owner noted.
    pub(crate) email: Option<String>,
    /// Whether it lets change the dataset.
    pub(crate) can_edit: bool,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_at: i64,
    /// When it ends, if it does.
    pub(crate) expires_at: Option<i64>,
}

fn share(row: &AnyRow) -> sqlx::Result<Share> {
    Ok(Share {
        token: row.try_get("token")?,
        dataset: row.try_get("dataset")?,
        email: row.try_get("email")?,
        can_edit: flag(row, "can_edit")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}

impl Store {
    pub(crate) async fn add_share(&self, share: &Share, by: &str) -> sqlx::Result<()> {
        let insert = "INSERT INTO shares (token, dataset, email, can_edit, created_by, created_at, expires_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(insert)
            .bind(&share.token)
            .bind(&share.dataset)
            .bind(share.email.as_deref())
            .bind(i64::from(share.can_edit))
            .bind(by)
            .bind(share.created_at)
            .bind(share.expires_at)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// A link that has not ended.
    pub(crate) async fn share(&self, token: &str) -> sqlx::Result<Option<Share>> {
        let select =
            "SELECT * FROM shares WHERE token = $1 AND (expires_at IS NULL OR expires_at > $2)";
        let row = sqlx::query(select).bind(token).bind(now()).fetch_optional(&self.pool).await?;
        row.as_ref().map(share).transpose()
    }

    pub(crate) async fn shares(&self, dataset: &str) -> sqlx::Result<Vec<Share>> {
        let rows = sqlx::query("SELECT * FROM shares WHERE dataset = $1 ORDER BY created_at")
            .bind(dataset)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(share).collect()
    }

    pub(crate) async fn remove_share(&self, dataset: &str, token: &str) -> sqlx::Result<bool> {
        let done = sqlx::query("DELETE FROM shares WHERE dataset = $1 AND token = $2")
            .bind(dataset)
            .bind(token)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
