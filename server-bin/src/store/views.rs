//! Views that were saved, to come back to.

use serde::Serialize;
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::{Store, flag, json};

/// The state of a page, to come back to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct View {
    /// Id.
    pub(crate) id: String,
    /// The dataset.
    pub(crate) dataset: String,
    /// Id of the user who saved it.
    pub(crate) owner: String,
    /// Name.
    pub(crate) name: String,
    /// What the page keeps.
    #[schema(value_type = Object)]
    pub(crate) state: Value,
    /// Whether it has a picture.
    pub(crate) has_picture: bool,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_at: i64,
}

/// All of a view but its picture, which is told by itself.
const COLUMNS: &str = "id, dataset, owner, name, state, created_at, \
                       CAST(CASE WHEN picture IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_picture";

fn view(row: &AnyRow) -> sqlx::Result<View> {
    Ok(View {
        id: row.try_get("id")?,
        dataset: row.try_get("dataset")?,
        owner: row.try_get("owner")?,
        name: row.try_get("name")?,
        state: json(row, "state")?,
        has_picture: flag(row, "has_picture")?,
        created_at: row.try_get("created_at")?,
    })
}

impl Store {
    /// Keeps a view, with a picture in Base64 if there is one.
    pub(crate) async fn add_view(&self, view: &View, picture: Option<&str>) -> sqlx::Result<()> {
        let insert = "INSERT INTO views (id, dataset, owner, name, state, picture, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(insert)
            .bind(&view.id)
            .bind(&view.dataset)
            .bind(&view.owner)
            .bind(&view.name)
            .bind(view.state.to_string())
            .bind(picture)
            .bind(view.created_at)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    pub(crate) async fn views(&self, dataset: &str) -> sqlx::Result<Vec<View>> {
        let select =
            format!("SELECT {COLUMNS} FROM views WHERE dataset = $1 ORDER BY created_at, id");
        // The names of columns are ours.
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(select)).bind(dataset).fetch_all(&self.pool).await?;
        rows.iter().map(view).collect()
    }

    /// How many views there are, and the length of their states.
    pub(crate) async fn size_of_views(&self, dataset: &str) -> sqlx::Result<[i64; 2]> {
        let select = "SELECT COUNT(*) AS n, COALESCE(SUM(LENGTH(state)), 0) AS size FROM views WHERE dataset = $1";
        let row = sqlx::query(select).bind(dataset).fetch_one(&self.pool).await?;
        Ok([row.try_get("n")?, row.try_get("size")?])
    }

    pub(crate) async fn view(&self, dataset: &str, id: &str) -> sqlx::Result<Option<View>> {
        let select = format!("SELECT {COLUMNS} FROM views WHERE dataset = $1 AND id = $2");
        // The names of columns are ours.
        let query = sqlx::query(sqlx::AssertSqlSafe(select)).bind(dataset).bind(id);
        query.fetch_optional(&self.pool).await?.as_ref().map(view).transpose()
    }

    /// The picture of a view, in Base64.
    pub(crate) async fn picture_of_view(
        &self,
        dataset: &str,
        id: &str,
    ) -> sqlx::Result<Option<String>> {
        let select = "SELECT picture FROM views WHERE dataset = $1 AND id = $2";
        let row = sqlx::query(select).bind(dataset).bind(id).fetch_optional(&self.pool).await?;
        row.map_or(Ok(None), |row| row.try_get("picture"))
    }

    /// Gives a view another name; whether it is there.
    pub(crate) async fn rename_view(
        &self,
        dataset: &str,
        id: &str,
        name: &str,
    ) -> sqlx::Result<bool> {
        let update = "UPDATE views SET name = $3 WHERE dataset = $1 AND id = $2";
        let query = sqlx::query(update).bind(dataset).bind(id).bind(name);
        Ok(query.execute(&self.pool).await?.rows_affected() > 0)
    }

    pub(crate) async fn remove_view(&self, dataset: &str, id: &str) -> sqlx::Result<bool> {
        let done = sqlx::query("DELETE FROM views WHERE dataset = $1 AND id = $2")
            .bind(dataset)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}
