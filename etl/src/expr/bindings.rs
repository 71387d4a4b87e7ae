//! Values for the placeholders of expressions and of SQL.

use std::collections::BTreeMap;

use super::Literal;

/// Values by the names of placeholders: `$ip` stands for the value of `ip`.
///
/// A placeholder becomes a constant in the tree that an expression is read into. It is never written into
/// text, so no value can be anything but a value.
///
/// ```
/// use graph_etl::expr::{Binding, Bindings, Expr};
///
/// let mut bindings = Bindings::default();
/// bindings.set("name", Binding::One("x' OR '1' = '1".into()));
/// let expression = Expr::parse_bound("user = $name", &bindings)?;
/// assert_eq!(expression, "\"user\" = 'x'' OR ''1'' = ''1'".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bindings {
    values: BTreeMap<String, Binding>,
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// A constant.
    One(Literal),
    /// The constants of a list, as in `IN ($names)`.
    Many(Vec<Literal>),
}

impl Bindings {
    /// Binds `name`, which is without the `$`; what it was bound to before is gone.
    pub fn set(&mut self, name: impl Into<String>, binding: Binding) {
        self.values.insert(name.into(), binding);
    }

    /// What `name` is bound to.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.values.get(name)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}
