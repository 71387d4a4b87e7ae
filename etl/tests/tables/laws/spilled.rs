//! What is done part by part through files is what is done in memory.

use graph_etl::table::Spill;

use super::*;

/// So little memory that some tables are done in several parts.
fn spill() -> impl Strategy<Value = Spill> {
    (2_000..8_000_u64).prop_map(|memory| Spill { memory, folder: None })
}

proptest! {
    // Each part of each case is a file or two.
    #![proptest_config(cases(12))]

    #[test]
    fn a_sort_in_parts_is_a_sort(given in given(60), keys in sort_keys(), spill in spill()) {
        let expected = sorted(&given.rows, &keys);
        check(&given, &expected, |table| table.sort_spilling(&keys, &spill, &Control::NONE));
    }

    #[test]
    fn groups_in_parts_are_groups(
        given in given(60),
        keys in prop::sample::subsequence(NAMES[1..].to_vec(), 1..=3),
        spill in spill(),
    ) {
        let named: Vec<(&str, Expr)> = [
            "count(*)",
            "count(DISTINCT s)",
            "sum(id)",
            "min(x)",
            "median(i)",
            "first(id)",
            "last(at)",
        ]
        .into_iter()
        .map(|text| (text, expr(text)))
        .collect();
        let [table, _] = given.tables();
        let expected = read(&table.group_by(&keys, &named).unwrap());
        check_set(&given, &expected, |table| {
            table.group_by_spilling(&keys, &named, &spill, &Control::NONE)
        });
    }

    #[test]
    fn a_join_in_parts_is_a_join(
        left in given(40),
        right in given(40),
        keys in prop::sample::subsequence(NAMES[1..].to_vec(), 1..=2),
        kind in prop::sample::select(vec![
            JoinKind::Inner,
            JoinKind::Left,
            JoinKind::Full,
            JoinKind::Semi,
            JoinKind::Anti,
        ]),
        nulls_equal in any::<bool>(),
        spill in spill(),
    ) {
        let options = JoinOptions { nulls_equal, ..JoinOptions::on(&keys).kind(kind) };
        let ([table, _], [other, _]) = (left.tables(), right.tables());
        let expected = read(&table.join(&other, &options, &Control::NONE).unwrap());
        check_set(&left, &expected, |table| {
            table.join_spilling(&other, &options, &spill, &Control::NONE)
        });
    }
}
