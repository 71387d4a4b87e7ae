//! Tables that were uploaded.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::{Store, json};

/// A table that was uploaded, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct File {
    /// Id.
    pub(crate) id: String,
    /// Id of the user that it belongs to.
    pub(crate) owner: String,
    /// Organization whose members may use it.
    pub(crate) organization: Option<String>,
    /// Name that it was given.
    pub(crate) name: String,
    /// What it was uploaded as.
    pub(crate) format: String,
    /// Where it is; absent as long as nothing was uploaded.
    #[serde(skip)]
    pub(crate) object: Option<String>,
    /// Size of what is kept, in bytes.
    pub(crate) bytes: i64,
    /// Number of rows.
    pub(crate) n_rows: i64,
    /// Its columns, in order.
    pub(crate) columns: Vec<Column>,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_at: i64,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Column {
    /// Name.
    pub(crate) name: String,
    /// Name of its type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Whether it holds numbers.
    pub(crate) is_numeric: bool,
    /// Whether it holds dates or times.
    pub(crate) is_time: bool,
}

fn file(row: &AnyRow) -> sqlx::Result<File> {
    Ok(File {
        id: row.try_get("id")?,
        owner: row.try_get("owner")?,
        organization: row.try_get("organization")?,
        name: row.try_get("name")?,
        format: row.try_get("format")?,
        object: row.try_get("object")?,
        bytes: row.try_get("bytes")?,
        n_rows: row.try_get("n_rows")?,
        columns: json(row, "columns")?,
        created_at: row.try_get("created_at")?,
    })
}

impl Store {
    /// Adds a file, or replaces what is known of it.
    pub(crate) async fn put_file(&self, file: &File) -> sqlx::Result<()> {
        let insert = "INSERT INTO files (id, owner, organization, name, format, object, bytes, n_rows, columns, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET \
                      format = excluded.format, object = excluded.object, bytes = excluded.bytes, \
                      n_rows = excluded.n_rows, columns = excluded.columns";
        sqlx::query(insert)
            .bind(&file.id)
            .bind(&file.owner)
            .bind(file.organization.as_deref())
            .bind(&file.name)
            .bind(&file.format)
            .bind(file.object.as_deref())
            .bind(file.bytes)
            .bind(file.n_rows)
            .bind(serde_json::to_string(&file.columns).unwrap_or_default())
            .bind(file.created_at)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    pub(crate) async fn file(&self, id: &str) -> sqlx::Result<Option<File>> {
        let row = sqlx::query("SELECT * FROM files WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(file).transpose()
    }

    /// Files of a user, the newest first.
    pub(crate) async fn files(
        &self,
        owner: &str,
        limit: i64,
        offset: i64,
    ) -> sqlx::Result<Vec<File>> {
        let select =
            "SELECT * FROM files WHERE owner = $1 ORDER BY created_at DESC, id LIMIT $2 OFFSET $3";
        let rows =
            sqlx::query(select).bind(owner).bind(limit).bind(offset).fetch_all(&self.pool).await?;
        rows.iter().map(file).collect()
    }

    pub(crate) async fn n_files(&self, owner: &str) -> sqlx::Result<i64> {
        let select = "SELECT COUNT(*) AS n FROM files WHERE owner = $1";
        sqlx::query(select).bind(owner).fetch_one(&self.pool).await?.try_get("n")
    }

    pub(crate) async fn remove_file(&self, id: &str) -> sqlx::Result<bool> {
        self.remove("DELETE FROM files WHERE id = $1", id).await
    }

    /// Whether any file or dataset is made of an object.
    pub(crate) async fn is_used(&self, object: &str) -> sqlx::Result<bool> {
        // Names of objects are letters, digits, `/`, `.` and `-`, and of one length.
        let select = "SELECT 1 FROM files WHERE object = $1 UNION ALL SELECT 1 FROM datasets \
                      WHERE edges LIKE $2 OR nodes LIKE $2 OR positions = $1";
        let row = sqlx::query(select)
            .bind(object)
            .bind(format!("%\"{object}\"%"))
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }
}
