//! Accounts: who may be called what; and the same from the command line, on the database, without a server.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write as _};

use anyhow::{Context, ensure};

use crate::auth::hash;
use crate::config::Config;
use crate::error::{ApiError, ApiResult};
use crate::store::{Store, User};

/// What can be done with accounts.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Add an account; its password is asked for, or read from the first line of standard input
    Add {
        /// Name to sign in with
        name: String,
        /// Let it change accounts, and see and change everything
        #[arg(long)]
        admin: bool,
    },
    /// List accounts, administrators with a star
    List,
    /// Remove an account; its datasets stay, for administrators
    Remove {
        /// Name of the account
        name: String,
    },
    /// Set the password of an account, which ends its sign-ins
    Password {
        /// Name of the account
        name: String,
    },
}

/// Does it, and returns what there is to say.
///
/// # Errors
///
/// If the database cannot be opened, there is no such account or one already, or the password is too short.
pub fn run(config: &Config, command: &Command) -> anyhow::Result<String> {
    // A password is asked for before anything is opened, so that nothing waits for it.
    let password = match command {
        Command::Add { .. } | Command::Password { .. } => Some(ask_password()?),
        Command::List | Command::Remove { .. } => None,
    };
    std::fs::create_dir_all(&config.data).with_context(|| config.data.display().to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(config.database.as_deref(), &config.data).await?;
        match command {
            Command::Add { name, admin } => {
                let hash = hash(&password.unwrap_or_default())?;
                add(&store, name, hash, *admin).await?;
                Ok(format!("added {name}\n"))
            }
            Command::List => {
                let mut text = String::new();
                for user in store.users().await? {
                    writeln!(text, "{}{}", user.name, if user.is_admin { " *" } else { "" })?;
                }
                Ok(text)
            }
            Command::Remove { name } => {
                let user = named(&store, name).await?;
                store.remove_user(&user.id).await?;
                Ok(format!("removed {name}\n"))
            }
            Command::Password { name } => {
                let user = named(&store, name).await?;
                store.set_password(&user.id, &hash(&password.unwrap_or_default())?).await?;
                Ok(format!("{name} has another password\n"))
            }
        }
    })
}

/// The account of that name.
pub(crate) async fn named(store: &Store, name: &str) -> ApiResult<User> {
    let missing = || ApiError::NotFound { what: "user", id: name.chars().take(64).collect() };
    store.user_named(name).await?.ok_or_else(missing)
}

/// Adds an account whose password has that hash.
pub(crate) async fn add(
    store: &Store,
    name: &str,
    hash: String,
    is_admin: bool,
) -> ApiResult<User> {
    check_name(name)?;
    let taken =
        || ApiError::Conflict(format!("there is a user or an organization `{name}` already"));
    // A user is an organization of one, of the same name.
    if store.has_organization(name).await? {
        return Err(taken());
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let user = User { id, name: name.to_owned(), is_admin, password: Some(hash) };
    match store.add_user(&user).await {
        Ok(()) => Ok(user),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(taken()),
        Err(error) => Err(error.into()),
    }
}

/// That a name can be typed, told from others, and put into an address.
pub(crate) fn check_name(name: &str) -> ApiResult<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.@+".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    // Nobody is to be taken for the one user of a server without accounts.
    if begins && name.len() <= 100 && name.chars().all(fits) && name != "local" {
        return Ok(());
    }
    Err(ApiError::Invalid(format!(
        "`{}` cannot be a name: it has 1 to 100 letters, digits and -_.@+, begins with a letter or digit, and is not \
         `local`",
        name.chars().take(64).collect::<String>()
    )))
}

/// A password, twice from a terminal, which does not show it, or once from elsewhere.
fn ask_password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    let line = |prompt: &str| -> anyhow::Result<String> {
        if !prompt.is_empty() {
            eprint!("{prompt}");
            std::io::stderr().flush()?;
        }
        let mut line = String::new();
        stdin.lock().read_line(&mut line)?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    };
    if !stdin.is_terminal() {
        return line("");
    }
    let _quiet = Quiet::begin();
    let password = line("password: ")?;
    eprintln!();
    let again = line("the same again: ")?;
    eprintln!();
    ensure!(password == again, "these are two passwords");
    Ok(password)
}

/// A terminal that does not show what is typed, for as long as this is there.
struct Quiet;

impl Quiet {
    fn begin() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        stty("echo");
    }
}

/// Where there is no such program the password is seen, which is not worth refusing it.
fn stty(option: &str) {
    let _ = std::process::Command::new("stty").arg(option).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_addresses() {
        for good in ["ann", "a", "Ann.Smith@example.com", "4th-row_x+y"] {
            check_name(good).unwrap();
        }
        for bad in ["", "local", "a b", "a/b", "-x", ".x", "ä", "a\nb", &"x".repeat(101)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
