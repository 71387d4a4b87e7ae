//! How much a query of SQL asks for: each use of a name that it defines is a copy of what the name stands for.

use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, Query, Visit, Visitor};

/// How many steps the plan of `query` has, about, over tables of so many steps; names of names can make this more than
/// anybody can count.
pub(super) fn n_parts(query: &Query, tables: &[(&str, u64)]) -> u64 {
    let names = tables.iter().map(|(name, parts)| ((*name).to_owned(), *parts)).collect();
    let mut counter = Counter { names, open: Vec::new(), total: 0 };
    let _: ControlFlow<()> = Visit::visit(query, &mut counter);
    counter.total
}

/// Walks a query, which has what it defines before what it does with that.
struct Counter {
    /// What names stand for, the last one of a name where it is seen.
    names: Vec<(String, u64)>,
    /// The queries that the walk is in.
    open: Vec<Open>,
    total: u64,
}

struct Open {
    parts: u64,
    /// How many names there were before it.
    n_names: usize,
    /// The queries that it gives names, by their places.
    named: Vec<(*const Query, String)>,
}

impl Visitor for Counter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let defined = query.with.iter().flat_map(|with| &with.cte_tables);
        let named = defined
            .map(|cte| (std::ptr::from_ref(cte.query.as_ref()), cte.alias.name.value.clone()))
            .collect();
        self.open.push(Open { parts: 1, n_names: self.names.len(), named });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let Some(done) = self.open.pop() else { return ControlFlow::Continue(()) };
        self.names.truncate(done.n_names);
        let Some(outer) = self.open.last_mut() else {
            self.total = done.parts;
            return ControlFlow::Continue(());
        };
        match outer.named.iter().find(|(place, _)| std::ptr::eq(*place, query)) {
            Some((_, name)) => self.names.push((name.clone(), done.parts)),
            None => outer.parts = outer.parts.saturating_add(done.parts),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = match relation.0.as_slice() {
            [part] => part.as_ident().map(|name| name.value.as_str()),
            _ => None,
        };
        let known = self.names.iter().rev().find(|(known, _)| Some(known.as_str()) == name);
        let parts = known.map_or(1, |(_, parts)| *parts);
        if let Some(query) = self.open.last_mut() {
            query.parts = query.parts.saturating_add(parts);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sql::read;
    use super::*;

    fn parts(query: &str) -> u64 {
        n_parts(&read(query).unwrap(), &[("t", 1), ("deep", 10)])
    }

    #[test]
    fn each_use_of_a_name_counts_all_that_it_stands_for() {
        assert_eq!(parts("SELECT * FROM t"), 2);
        assert_eq!(parts("SELECT * FROM deep"), 11);
        assert_eq!(parts("WITH a AS (SELECT * FROM t) SELECT * FROM a, a AS b, t"), 1 + 2 + 2 + 1);
        // What is defined and not used is nothing.
        assert_eq!(parts("WITH a AS (SELECT * FROM t) SELECT * FROM t"), 2);
        assert_eq!(parts("SELECT * FROM t WHERE x IN (SELECT x FROM deep)"), 1 + 1 + 11);
        // Names of names.
        let text = "WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a UNION ALL SELECT * FROM a) \
                    SELECT * FROM b UNION ALL SELECT * FROM b";
        assert_eq!(parts(text), 1 + 2 * (1 + 2 * 2));
        // An inner name hides an outer one, until its query ends.
        let text = "WITH a AS (SELECT * FROM deep) SELECT * FROM \
                    (WITH a AS (SELECT * FROM t) SELECT * FROM a) AS s, a";
        assert_eq!(parts(text), 1 + (1 + 2) + 11);
    }
}
