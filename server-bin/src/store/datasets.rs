//! Graphs that were uploaded: what their tables are, how they are to be read and seen, and by whom.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::{Store, json, now};

/// Who may see a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Its owner, and whoever it was shared with.
    #[default]
    Private,
    /// The members of its organization too.
    Organization,
    /// Whoever knows its address.
    Public,
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Organization => "organization",
            Self::Public => "public",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "organization" => Self::Organization,
            "public" => Self::Public,
            _ => Self::Private,
        }
    }
}

/// How a dataset's tables become a graph, and how it is to be seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Spec {
    /// Column of edge sources; found by name if absent.
    pub(crate) source: Option<String>,
    /// Column of edge targets; found by name if absent.
    pub(crate) target: Option<String>,
    /// Column of edge weights; `weight` if that holds numbers.
    pub(crate) weight: Option<String>,
    /// Whether no column is taken for weights, unless one is named.
    pub(crate) unweighted: bool,
    /// Column of node ids; found by name if absent.
    pub(crate) id: Option<String>,
    /// Whether edges have a direction.
    pub(crate) is_directed: bool,
    /// Bindings and encodings of nodes, in PyGraphistry's form.
    #[schema(value_type = Object)]
    pub(crate) node_encodings: Map<String, Value>,
    /// Bindings and encodings of edges, in PyGraphistry's form.
    #[schema(value_type = Object)]
    pub(crate) edge_encodings: Map<String, Value>,
    /// Style of the page, and what the client says of itself.
    #[schema(value_type = Object)]
    pub(crate) metadata: Map<String, Value>,
    /// Settings of the viewer, as in addresses of views.
    #[schema(value_type = Object)]
    pub(crate) url_params: Map<String, Value>,
    /// What was odd about the upload, for whoever looks at it.
    pub(crate) warnings: Vec<String>,
}

/// A graph that was uploaded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dataset {
    /// Id, which cannot be guessed.
    pub(crate) id: String,
    /// Id of the user that it belongs to.
    pub(crate) owner: String,
    /// Organization in which it was made.
    pub(crate) organization: Option<String>,
    /// Who may see it.
    pub(crate) mode: Mode,
    /// Name.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) description: String,
    /// How its tables are read and seen.
    pub(crate) spec: Spec,
    /// Objects with its edges.
    pub(crate) edges: Vec<String>,
    /// Objects with its nodes.
    pub(crate) nodes: Vec<String>,
    /// Object with the positions of a layout.
    pub(crate) positions: Option<String>,
    /// Numbers of nodes and edges, once it was read.
    pub(crate) size: Option<[i64; 2]>,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_at: i64,
    /// When it was changed.
    pub(crate) updated_at: i64,
}

/// What a dataset begins with.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewDataset {
    /// Id of the user that it belongs to.
    pub(crate) owner: String,
    /// Organization in which it is made.
    pub(crate) organization: Option<String>,
    /// Who may see it.
    pub(crate) mode: Mode,
    /// Name.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) description: String,
    /// How its tables are read and seen.
    pub(crate) spec: Spec,
    /// Objects with its edges.
    pub(crate) edges: Vec<String>,
    /// Objects with its nodes.
    pub(crate) nodes: Vec<String>,
    /// Numbers of nodes and edges, if they are known.
    pub(crate) size: Option<[i64; 2]>,
}

/// What datasets are listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// When they were made.
    #[default]
    CreatedAt,
    /// When they were changed.
    UpdatedAt,
    /// Name, whatever its capitals.
    Name,
    /// Number of nodes.
    NNodes,
    /// Number of edges.
    NEdges,
}

impl Order {
    /// What stands behind `ORDER BY`. What has no value is last in either direction.
    fn sql(self, descending: bool) -> String {
        let column = match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Name => "LOWER(name)",
            Self::NNodes => "n_nodes",
            Self::NEdges => "n_edges",
        };
        let direction = if descending { "DESC" } else { "ASC" };
        format!("{column} {direction} NULLS LAST, id")
    }
}

/// Which page of which datasets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// A part of the name or the description, whatever its capitals; of letters beyond ASCII SQLite minds them.
    pub(crate) search: String,
    /// What they are listed by.
    pub(crate) order: Order,
    /// The largest first, or the newest.
    pub(crate) descending: bool,
    /// How many.
    pub(crate) limit: i64,
    /// How many to leave out.
    pub(crate) offset: i64,
}

impl Wanted {
    /// A page of all, the newest first.
    pub(crate) fn newest(limit: i64, offset: i64) -> Self {
        Self { descending: true, limit, offset, ..Self::default() }
    }
}

/// The pattern of a text that is found anywhere, escaped by `!`.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for c in search.trim().chars().flat_map(char::to_lowercase) {
        if matches!(c, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn dataset(row: &AnyRow) -> sqlx::Result<Dataset> {
    let [n_nodes, n_edges]: [Option<i64>; 2] = [row.try_get("n_nodes")?, row.try_get("n_edges")?];
    Ok(Dataset {
        id: row.try_get("id")?,
        owner: row.try_get("owner")?,
        organization: row.try_get("organization")?,
        mode: Mode::parse(&row.try_get::<String, _>("mode")?),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        spec: json(row, "spec")?,
        edges: json(row, "edges")?,
        nodes: json(row, "nodes")?,
        positions: row.try_get("positions")?,
        size: n_nodes.zip(n_edges).map(|(n, m)| [n, m]),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

/// Text of a value that always has one.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Store {
    pub(crate) async fn add_dataset(&self, new: NewDataset) -> sqlx::Result<Dataset> {
        let now = now();
        let dataset = Dataset {
            id: uuid::Uuid::new_v4().simple().to_string(),
            owner: new.owner,
            organization: new.organization,
            mode: new.mode,
            name: new.name,
            description: new.description,
            spec: new.spec,
            edges: new.edges,
            nodes: new.nodes,
            positions: None,
            size: new.size,
            created_at: now,
            updated_at: now,
        };
        let insert = "INSERT INTO datasets (id, owner, organization, mode, name, description, spec, edges, nodes, \
                      n_nodes, n_edges, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        sqlx::query(insert)
            .bind(&dataset.id)
            .bind(&dataset.owner)
            .bind(dataset.organization.as_deref())
            .bind(dataset.mode.name())
            .bind(&dataset.name)
            .bind(&dataset.description)
            .bind(text(&dataset.spec))
            .bind(text(&dataset.edges))
            .bind(text(&dataset.nodes))
            .bind(dataset.size.map(|[n, _]| n))
            .bind(dataset.size.map(|[_, m]| m))
            .bind(now)
            .bind(now)
            .execute(&self.pool)
            .await?;
        Ok(dataset)
    }

    /// Writes who may see a dataset, and nothing else.
    pub(crate) async fn set_sharing(&self, dataset: &Dataset) -> sqlx::Result<()> {
        let update =
            "UPDATE datasets SET organization = $2, mode = $3, updated_at = $4 WHERE id = $1";
        sqlx::query(update)
            .bind(&dataset.id)
            .bind(dataset.organization.as_deref())
            .bind(dataset.mode.name())
            .bind(now())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Writes what is said of a dataset; its tables, its positions and who may see it, which others may be changing, have calls
    /// of their own.
    pub(crate) async fn update_dataset(&self, dataset: &Dataset) -> sqlx::Result<()> {
        let update = "UPDATE datasets SET name = $2, description = $3, spec = $4, updated_at = $5 WHERE id = $1";
        sqlx::query(update)
            .bind(&dataset.id)
            .bind(&dataset.name)
            .bind(&dataset.description)
            .bind(text(&dataset.spec))
            .bind(now())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Puts other edges in the place of a dataset's, and nothing else; whether it is there.
    pub(crate) async fn set_edges(&self, id: &str, objects: &[String]) -> sqlx::Result<bool> {
        let update = "UPDATE datasets SET edges = $2, n_nodes = NULL, n_edges = NULL, updated_at = $3 WHERE id = $1";
        self.set_table(update, id, objects).await
    }

    /// Puts other nodes in the place of a dataset's, and nothing else; whether it is there.
    pub(crate) async fn set_nodes(&self, id: &str, objects: &[String]) -> sqlx::Result<bool> {
        let update = "UPDATE datasets SET nodes = $2, n_nodes = NULL, n_edges = NULL, updated_at = $3 WHERE id = $1";
        self.set_table(update, id, objects).await
    }

    /// Puts other positions in the place of a dataset's, and nothing else; whether it is there.
    pub(crate) async fn set_positions(&self, id: &str, object: &str) -> sqlx::Result<bool> {
        let update = "UPDATE datasets SET positions = $2, updated_at = $3 WHERE id = $1";
        let done =
            sqlx::query(update).bind(id).bind(object).bind(now()).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Notes how large a dataset is, unless its tables have changed since it was read.
    pub(crate) async fn set_size(
        &self,
        dataset: &Dataset,
        [n_nodes, n_edges]: [i64; 2],
    ) -> sqlx::Result<()> {
        let update = "UPDATE datasets SET n_nodes = $2, n_edges = $3 WHERE id = $1 AND edges = $4 AND nodes = $5";
        sqlx::query(update)
            .bind(&dataset.id)
            .bind(n_nodes)
            .bind(n_edges)
            .bind(text(&dataset.edges))
            .bind(text(&dataset.nodes))
            .execute(&self.pool)
            .await
            .map(drop)
    }

    async fn set_table(
        &self,
        update: &'static str,
        id: &str,
        objects: &[String],
    ) -> sqlx::Result<bool> {
        let done = sqlx::query(update)
            .bind(id)
            .bind(text(&objects))
            .bind(now())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn dataset(&self, id: &str) -> sqlx::Result<Option<Dataset>> {
        let row = sqlx::query("SELECT * FROM datasets WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(dataset).transpose()
    }

    /// Datasets that a user owns, or sees as a member of `organizations`, and how many there are.
    pub(crate) async fn datasets(
        &self,
        owner: &str,
        organizations: &[String],
        wanted: &Wanted,
    ) -> sqlx::Result<(Vec<Dataset>, i64)> {
        // A user is in few organizations: each is a parameter of its own.
        let places: Vec<String> = (0..organizations.len()).map(|i| format!("${}", i + 3)).collect();
        let shared = match places.is_empty() {
            true => String::new(),
            false => {
                format!(" OR (mode = 'organization' AND organization IN ({}))", places.join(", "))
            }
        };
        let condition = format!(
            "FROM datasets WHERE (owner = $1{shared}) \
             AND (LOWER(name) LIKE $2 ESCAPE '!' OR LOWER(description) LIKE $2 ESCAPE '!')"
        );
        let bound = organizations.len() + 2;
        let page = format!(
            "SELECT * {condition} ORDER BY {} LIMIT ${} OFFSET ${}",
            wanted.order.sql(wanted.descending),
            bound + 1,
            bound + 2
        );
        let pattern = pattern(&wanted.search);
        // Only numbers of parameters and names of columns were put into these texts.
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(page)).bind(owner).bind(&pattern);
        let count = format!("SELECT COUNT(*) AS n {condition}");
        let mut n = sqlx::query(sqlx::AssertSqlSafe(count)).bind(owner).bind(&pattern);
        for organization in organizations {
            rows = rows.bind(organization);
            n = n.bind(organization);
        }
        let rows = rows.bind(wanted.limit).bind(wanted.offset).fetch_all(&self.pool).await?;
        let n: i64 = n.fetch_one(&self.pool).await?.try_get("n")?;
        Ok((rows.iter().map(dataset).collect::<sqlx::Result<_>>()?, n))
    }

    /// A user's datasets whose metadata names an experiment, the newest first.
    pub(crate) async fn datasets_of_experiment(
        &self,
        owner: &str,
        experiment: &str,
    ) -> sqlx::Result<Vec<Dataset>> {
        let select =
            "SELECT * FROM datasets WHERE owner = $1 AND spec LIKE $2 ORDER BY created_at DESC, id";
        let rows = sqlx::query(select)
            .bind(owner)
            .bind(format!("%\"experiment\":\"{experiment}\"%"))
            .fetch_all(&self.pool)
            .await?;
        // `_`, which names have, stands for any letter in such a pattern.
        let is_of = |dataset: &Dataset| {
            dataset.spec.metadata.get("experiment").and_then(Value::as_str) == Some(experiment)
        };
        let all = rows.iter().map(dataset).filter(|row| row.as_ref().map_or(true, is_of));
        all.collect()
    }

    pub(crate) async fn remove_dataset(&self, id: &str) -> sqlx::Result<bool> {
        self.remove("DELETE FROM datasets WHERE id = $1", id).await
    }
}
