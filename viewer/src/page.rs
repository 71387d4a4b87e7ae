//! The page that shows a graph while it moves: one document, one script, one sheet of styles; and a script with the
//! other pages of a server.
//!
//! They are made of `viewer/web` by `make web` and kept beside their sources, so that a build needs no Node.

/// The document; it asks for `graphlume.js` and `graphlume.css` beside it.
pub const DOCUMENT: &str = include_str!("../web/dist/index.html");

/// The script, an ES module.
pub const SCRIPT: &str = include_str!("../web/dist/graphlume.js");

/// The script of a server's other pages, which the first one asks for beside it when one of them is opened.
pub const PAGES: &str = include_str!("../web/dist/pages.js");
/// The document of the page of cases; it asks for `cases.js` and `cases.css` beside it.
pub const CASES_DOCUMENT: &str = include_str!("../web/dist/cases.html");

/// Its script, an ES module.
pub const CASES_SCRIPT: &str = include_str!("../web/dist/cases.js");

/// Its sheet of styles.
pub const CASES_STYLES: &str = include_str!("../web/dist/cases.css");

/// The sheet of styles.
pub const STYLES: &str = include_str!("../web/dist/graphlume.css");
