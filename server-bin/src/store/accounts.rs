//! Users, their organizations and their keys.

use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::{Store, flag, now};

/// Somebody who has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct User {
    /// Id, which never changes.
    pub(crate) id: String,
    /// Name to sign in with.
    pub(crate) name: String,
    /// Whether they may change accounts.
    pub(crate) is_admin: bool,
    /// Hash of the password; without one there is no sign-in by password.
    #[serde(skip)]
    pub(crate) password: Option<String>,
}

/// Users who see one another's datasets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Organization {
    /// Name in addresses.
    pub(crate) slug: String,
    /// Name for people.
    pub(crate) name: String,
    /// Whether the user in question may change who belongs to it.
    pub(crate) is_admin: bool,
}

/// A key with which a program signs in for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PersonalKey {
    /// Id, the part that is no secret.
    pub(crate) id: String,
    /// What it is for.
    pub(crate) name: String,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_at: i64,
    #[serde(skip)]
    pub(crate) user_id: String,
    #[serde(skip)]
    pub(crate) secret: String,
}

fn user(row: &AnyRow) -> sqlx::Result<User> {
    Ok(User {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        is_admin: flag(row, "is_admin")?,
        password: row.try_get("password")?,
    })
}

impl Store {
    /// Whether there is any account.
    pub(crate) async fn has_users(&self) -> sqlx::Result<bool> {
        Ok(sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(&self.pool).await?.is_some())
    }

    pub(crate) async fn add_user(&self, user: &User) -> sqlx::Result<()> {
        let insert = "INSERT INTO users (id, name, password, is_admin, created_at) VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(insert)
            .bind(&user.id)
            .bind(&user.name)
            .bind(user.password.as_deref())
            .bind(i64::from(user.is_admin))
            .bind(now())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    pub(crate) async fn set_password(&self, id: &str, hash: &str) -> sqlx::Result<bool> {
        let done = sqlx::query("UPDATE users SET password = $2 WHERE id = $1")
            .bind(id)
            .bind(hash)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    pub(crate) async fn user_named(&self, name: &str) -> sqlx::Result<Option<User>> {
        let row = sqlx::query("SELECT * FROM users WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(user).transpose()
    }

    pub(crate) async fn user(&self, id: &str) -> sqlx::Result<Option<User>> {
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(user).transpose()
    }

    pub(crate) async fn users(&self) -> sqlx::Result<Vec<User>> {
        let rows = sqlx::query("SELECT * FROM users ORDER BY name").fetch_all(&self.pool).await?;
        rows.iter().map(user).collect()
    }

    /// Removes an account; what it owns stays for administrators to give away or delete.
    pub(crate) async fn remove_user(&self, id: &str) -> sqlx::Result<bool> {
        let done =
            sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends a sign-in: its tokens count no more, of which the last ends at `ends_at`, in seconds since 1970.
    pub(crate) async fn end_sign_in(&self, id: &str, now: i64, ends_at: i64) -> sqlx::Result<()> {
        // Those are forgotten whose tokens have ended by themselves.
        sqlx::query("DELETE FROM ended_sign_ins WHERE ends_at < $1")
            .bind(now)
            .execute(&self.pool)
            .await?;
        let insert =
            "INSERT INTO ended_sign_ins (id, ends_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
        sqlx::query(insert).bind(id).bind(ends_at).execute(&self.pool).await.map(drop)
    }

    /// Whether a sign-in was ended.
    pub(crate) async fn is_ended(&self, id: &str) -> sqlx::Result<bool> {
        let row = sqlx::query("SELECT 1 FROM ended_sign_ins WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    pub(crate) async fn add_organization(&self, slug: &str, name: &str) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO organizations (slug, name, created_at) VALUES ($1, $2, $3)")
            .bind(slug)
            .bind(name)
            .bind(now())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    pub(crate) async fn has_organization(&self, slug: &str) -> sqlx::Result<bool> {
        let row = sqlx::query("SELECT 1 FROM organizations WHERE slug = $1")
            .bind(slug)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    /// Makes a user a member, or changes what they are in it.
    pub(crate) async fn set_member(
        &self,
        slug: &str,
        user_id: &str,
        is_admin: bool,
    ) -> sqlx::Result<()> {
        let insert = "INSERT INTO members (organization, user_id, is_admin) VALUES ($1, $2, $3) \
                      ON CONFLICT (organization, user_id) DO UPDATE SET is_admin = excluded.is_admin";
        sqlx::query(insert)
            .bind(slug)
            .bind(user_id)
            .bind(i64::from(is_admin))
            .execute(&self.pool)
            .await
            .map(drop)
    }

    pub(crate) async fn remove_member(&self, slug: &str, user_id: &str) -> sqlx::Result<bool> {
        let done = sqlx::query("DELETE FROM members WHERE organization = $1 AND user_id = $2")
            .bind(slug)
            .bind(user_id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Who belongs to an organization: their names, and whether they may change who does.
    pub(crate) async fn members(&self, slug: &str) -> sqlx::Result<Vec<(String, bool)>> {
        let select = "SELECT u.name AS name, m.is_admin AS is_admin FROM members m \
                      JOIN users u ON u.id = m.user_id WHERE m.organization = $1 ORDER BY u.name";
        let rows = sqlx::query(select).bind(slug).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("name")?, flag(row, "is_admin")?))).collect()
    }

    /// The organizations of a user.
    pub(crate) async fn organizations(&self, user_id: &str) -> sqlx::Result<Vec<Organization>> {
        let select = "SELECT o.slug AS slug, o.name AS name, m.is_admin AS is_admin FROM organizations o \
                      JOIN members m ON m.organization = o.slug WHERE m.user_id = $1 ORDER BY o.slug";
        let rows = sqlx::query(select).bind(user_id).fetch_all(&self.pool).await?;
        let organization = |row: &AnyRow| {
            Ok(Organization {
                slug: row.try_get("slug")?,
                name: row.try_get("name")?,
                is_admin: flag(row, "is_admin")?,
            })
        };
        rows.iter().map(organization).collect()
    }

    pub(crate) async fn add_key(&self, key: &PersonalKey) -> sqlx::Result<()> {
        let insert = "INSERT INTO personal_keys (id, user_id, name, secret, created_at) VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(insert)
            .bind(&key.id)
            .bind(&key.user_id)
            .bind(&key.name)
            .bind(&key.secret)
            .bind(key.created_at)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    pub(crate) async fn key(&self, id: &str) -> sqlx::Result<Option<PersonalKey>> {
        let row = sqlx::query("SELECT * FROM personal_keys WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(key).transpose()
    }

    pub(crate) async fn keys(&self, user_id: &str) -> sqlx::Result<Vec<PersonalKey>> {
        let rows =
            sqlx::query("SELECT * FROM personal_keys WHERE user_id = $1 ORDER BY created_at")
                .bind(user_id)
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(key).collect()
    }

    pub(crate) async fn remove_key(&self, user_id: &str, id: &str) -> sqlx::Result<bool> {
        let done = sqlx::query("DELETE FROM personal_keys WHERE user_id = $1 AND id = $2")
            .bind(user_id)
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

fn key(row: &AnyRow) -> sqlx::Result<PersonalKey> {
    Ok(PersonalKey {
        id: row.try_get("id")?,
        user_id: row.try_get("user_id")?,
        name: row.try_get("name")?,
        secret: row.try_get("secret")?,
        created_at: row.try_get("created_at")?,
    })
}
