//! Cases that come with graphlume, with tables small enough to try them on.

use crate::error::nearest;
use crate::{Error, Result};

/// A case to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub purpose: &'static str,
    /// The case.
    pub text: &'static str,
    /// Files that it can be tried on, by their paths.
    pub data: &'static [(&'static str, &'static str)],
}

/// All templates.
pub const TEMPLATES: &[Template] = &[
    Template {
        name: "logins",
        purpose: "who shares devices and addresses with an account",
        text: include_str!("../../../cases/logins.toml"),
        data: &[("logins.csv", include_str!("../../../cases/logins.csv"))],
    },
    Template {
        name: "money",
        purpose: "where money of an account goes, in a window of time",
        text: include_str!("../../../cases/money.toml"),
        data: &[("transfers.csv", include_str!("../../../cases/transfers.csv"))],
    },
    Template {
        name: "folder",
        purpose: "a query in SQL over a folder of files, as a graph",
        text: include_str!("../../../cases/folder.toml"),
        data: &[
            ("flows/2026-06.csv", include_str!("../../../cases/flows/2026-06.csv")),
            ("flows/2026-07.csv", include_str!("../../../cases/flows/2026-07.csv")),
        ],
    },
    Template {
        name: "feed",
        purpose: "alerts that a service gives as JSON, as a graph",
        text: include_str!("../../../cases/feed.toml"),
        data: &[("feed.json", include_str!("../../../cases/feed.json"))],
    },
];

/// The template called `name`.
///
/// # Errors
///
/// [`Error::Unknown`], with the name that is most like it.
pub fn template(name: &str) -> Result<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name).ok_or_else(|| Error::Unknown {
        kind: "template",
        name: name.into(),
        nearest: nearest(name, TEMPLATES.iter().map(|template| template.name)),
    })
}
