//! The tables of the database, in the words that SQLite and PostgreSQL share.
//!
//! A migration that has run anywhere is never changed; another is added.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

const STEPS: [(i64, &str, &str); 3] = [
    (
        1,
        "accounts, files, datasets and shares",
        "
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT,
    is_admin BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE organizations (
    slug TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE members (
    organization TEXT NOT NULL REFERENCES organizations (slug) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    is_admin BIGINT NOT NULL,
    PRIMARY KEY (organization, user_id)
);
CREATE TABLE personal_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE files (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    organization TEXT,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    object TEXT,
    bytes BIGINT NOT NULL,
    n_rows BIGINT NOT NULL,
    columns TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE datasets (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    organization TEXT,
    mode TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    spec TEXT NOT NULL,
    edges TEXT NOT NULL,
    nodes TEXT NOT NULL,
    positions TEXT,
    n_nodes BIGINT,
    n_edges BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX datasets_by_owner ON datasets (owner, created_at);
CREATE TABLE shares (
    token TEXT PRIMARY KEY,
    dataset TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    email TEXT,
    can_edit BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX shares_by_dataset ON shares (dataset);
CREATE TABLE views (
    id TEXT PRIMARY KEY,
    dataset TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX views_by_dataset ON views (dataset);
",
    ),
    (2, "pictures of views", "ALTER TABLE views ADD COLUMN picture TEXT"),
    (
        3,
        "sign-ins that were ended",
        "CREATE TABLE ended_sign_ins (id TEXT PRIMARY KEY, ends_at BIGINT NOT NULL)",
    ),
];

/// All migrations; several servers that start on one database at the same time wait for one another.
pub(crate) fn migrator() -> Migrator {
    let steps = STEPS.into_iter().chain([super::cases::TABLE]);
    let migrations = steps.map(|(version, description, sql)| {
        let description = Cow::Borrowed(description);
        Migration::new(version, description, MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator { migrations: Cow::Owned(migrations.collect()), ..Migrator::DEFAULT }
}
