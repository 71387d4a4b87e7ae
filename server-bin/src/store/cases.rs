//! Investigations that were saved.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::{Mode, Store, now};

/// The table, as a migration.
pub(super) const TABLE: (i64, &str, &str) = (
    20,
    "cases",
    "
CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    organization TEXT,
    mode TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX cases_by_owner ON cases (owner, created_at);
",
);

/// A case that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Case {
    /// Id, which cannot be guessed.
    pub(crate) id: String,
    /// Id of the user that it belongs to.
    pub(crate) owner: String,
    /// Organization in which it was made.
    pub(crate) organization: Option<String>,
    /// Who may see and run it.
    pub(crate) mode: Mode,
    /// What it is called.
    pub(crate) title: String,
    /// The case, in TOML.
    pub(crate) text: String,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_at: i64,
    /// When it was changed.
    pub(crate) updated_at: i64,
}

fn case(row: &AnyRow) -> sqlx::Result<Case> {
    Ok(Case {
        id: row.try_get("id")?,
        owner: row.try_get("owner")?,
        organization: row.try_get("organization")?,
        mode: Mode::parse(&row.try_get::<String, _>("mode")?),
        title: row.try_get("title")?,
        text: row.try_get("text")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

impl Store {
    pub(crate) async fn add_case(&self, case: &Case) -> sqlx::Result<()> {
        let insert = "INSERT INTO cases (id, owner, organization, mode, title, text, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(insert)
            .bind(&case.id)
            .bind(&case.owner)
            .bind(case.organization.as_deref())
            .bind(case.mode.name())
            .bind(&case.title)
            .bind(&case.text)
            .bind(case.created_at)
            .bind(case.updated_at)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Writes what a case says and who may see it; whether it is there.
    pub(crate) async fn update_case(&self, case: &Case) -> sqlx::Result<bool> {
        let update =
            "UPDATE cases SET mode = $2, title = $3, text = $4, updated_at = $5 WHERE id = $1";
        let done = sqlx::query(update)
            .bind(&case.id)
            .bind(case.mode.name())
            .bind(&case.title)
            .bind(&case.text)
            .bind(now())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn case(&self, id: &str) -> sqlx::Result<Option<Case>> {
        let row = sqlx::query("SELECT * FROM cases WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(case).transpose()
    }

    pub(crate) async fn n_cases(&self, owner: &str) -> sqlx::Result<i64> {
        let select = "SELECT COUNT(*) AS n FROM cases WHERE owner = $1";
        sqlx::query(select).bind(owner).fetch_one(&self.pool).await?.try_get("n")
    }

    /// Cases of a user and of the user's organization, the newest first, without their texts.
    pub(crate) async fn cases(
        &self,
        owner: &str,
        organization: Option<&str>,
        limit: i64,
        offset: i64,
    ) -> sqlx::Result<Vec<Case>> {
        let select = "SELECT id, owner, organization, mode, title, '' AS text, created_at, updated_at FROM cases \
                      WHERE owner = $1 OR (mode = 'organization' AND organization = $2) \
                      ORDER BY created_at DESC, id LIMIT $3 OFFSET $4";
        let rows = sqlx::query(select)
            .bind(owner)
            .bind(organization)
            .bind(limit)
            .bind(offset)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(case).collect()
    }

    pub(crate) async fn remove_case(&self, id: &str) -> sqlx::Result<bool> {
        self.remove("DELETE FROM cases WHERE id = $1", id).await
    }
}
