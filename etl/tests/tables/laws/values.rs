//! What is missing, what is in a column, and codes in the place of values.

use super::*;

/// The rows, where nulls of a column are what `fill` has for their places.
fn filled(rows: &[Row], column: usize, fill: impl Fn(usize) -> Cell) -> Vec<Row> {
    let mut filled = rows.to_vec();
    for (place, row) in filled.iter_mut().enumerate() {
        if row[column] == Cell::Null {
            row[column] = fill(place);
        }
    }
    filled
}

/// The values of a column that are there, as numbers.
fn numbers(rows: &[Row], column: usize) -> Vec<f64> {
    rows.iter().filter_map(|row| row[column].number()).collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation of a sample.
fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The value at a share of the way through the values, between two neighbors in proportion.
fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(low + (high - low) * place.fract())
}

fn are_near(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(a), Some(b)) => Cell::float(a).is_near(&Cell::float(b)),
        (None, None) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn nulls_are_filled_by_the_values_around_them(
        given in given(60),
        name in prop::sample::select(NAMES[1..].to_vec()),
    ) {
        let (rows, column) = (&given.rows, at(name));
        let values: Vec<Cell> = rows.iter().map(|row| row[column].clone()).collect();
        let is_there = |value: &&Cell| **value != Cell::Null;
        let found = |value: Option<&Cell>| value.cloned().unwrap_or(Cell::Null);
        let before = filled(rows, column, |row| found(values[..row].iter().rev().find(is_there)));
        check(&given, &before, |table| table.fill(name, &Fill::Forward));
        let after = filled(rows, column, |row| found(values[row..].iter().find(is_there)));
        check(&given, &after, |table| table.fill(name, &Fill::Backward));
        // What is no number has no place among the least and the greatest.
        if name != "x" {
            let least = filled(rows, column, |_| found(values.iter().filter(is_there).min()));
            check(&given, &least, |table| table.fill(name, &Fill::Min));
            let greatest = filled(rows, column, |_| found(values.iter().filter(is_there).max()));
            check(&given, &greatest, |table| table.fill(name, &Fill::Max));
        }
    }

    #[test]
    fn nulls_are_filled_with_what_is_given(given in given(60)) {
        let rows = &given.rows;
        let zero = filled(rows, at("i"), |_| Cell::Int(0));
        check(&given, &zero, |table| table.fill("i", &Fill::With(expr("0"))));
        let other = filled(rows, at("i"), |row| rows[row][0].clone());
        check(&given, &other, |table| table.fill("i", &Fill::With(expr("id"))));
        let text = filled(rows, at("s"), |_| Cell::Text("none".to_owned()));
        check(&given, &text, |table| table.fill("s", &Fill::With(expr("'none'"))));
        let of_integers = filled(rows, at("x"), |row| match &rows[row][at("i")] {
            Cell::Int(value) => Cell::float(*value as f64),
            _ => Cell::Null,
        });
        check(&given, &of_integers, |table| table.fill("x", &Fill::With(expr("i"))));
        for name in ["i", "x"] {
            let column = at(name);
            let mean = mean(&numbers(rows, column)).map_or(Cell::Null, Cell::float);
            let mut expected = filled(rows, column, |_| mean.clone());
            for row in &mut expected {
                row[column] = row[column].number().map_or(Cell::Null, Cell::float);
            }
            check_near(&given, &expected, |table| table.fill(name, &Fill::Mean));
        }
    }

    #[test]
    fn rows_without_a_value_are_dropped(given in given(60), names in some_names()) {
        let is_whole = |row: &&Row| names.iter().all(|name| row[at(name)] != Cell::Null);
        let expected: Vec<Row> = given.rows.iter().filter(is_whole).cloned().collect();
        check(&given, &expected, |table| table.drop_nulls(&names));
        let all: Vec<Row> =
            given.rows.iter().filter(|row| !row.contains(&Cell::Null)).cloned().collect();
        let none: [&str; 0] = [];
        check(&given, &all, |table| table.drop_nulls(&none));
    }

    /// Without what is no number, of which the least and the greatest value say nothing.
    #[test]
    fn columns_are_described_by_their_values(mut given in given(60)) {
        for row in &mut given.rows {
            if row[at("x")].number().is_some_and(f64::is_nan) {
                row[at("x")] = Cell::Null;
            }
        }
        for table in given.tables() {
            let summaries = table.describe(&Control::NONE).unwrap();
            let names: Vec<&str> = summaries.iter().map(|found| found.name.as_str()).collect();
            prop_assert_eq!(names, NAMES);
            for (column, found) in summaries.iter().enumerate() {
                let mut values: Vec<&Cell> = given.rows.iter().map(|row| &row[column]).collect();
                values.retain(|value| **value != Cell::Null);
                let (n_values, n_rows) = (values.len() as u64, given.rows.len() as u64);
                prop_assert_eq!((found.n_values, found.n_nulls), (n_values, n_rows - n_values));
                values.sort();
                let text = |value: Option<&&Cell>| value.map(|value| format!("{value:?}"));
                if matches!(found.name.as_str(), "id" | "i" | "b") {
                    prop_assert_eq!(&found.min, &text(values.first()));
                    prop_assert_eq!(&found.max, &text(values.last()));
                }
                if found.name == "s" {
                    prop_assert_eq!(found.min.as_deref(), values.first().and_then(|text| text.text()));
                    prop_assert_eq!(found.max.as_deref(), values.last().and_then(|text| text.text()));
                }
                values.dedup();
                // It is an estimate; of so few it is off by one or two at most.
                prop_assert!(found.n_unique.unwrap().abs_diff(values.len() as u64) <= 3);
                let of_numbers = matches!(found.name.as_str(), "id" | "i" | "x");
                let numbers = if of_numbers { numbers(&given.rows, column) } else { Vec::new() };
                prop_assert!(are_near(found.mean, mean(&numbers)), "{:?}", found);
                prop_assert!(are_near(found.std, deviation(&numbers)), "{:?}", found);
                for (place, share) in [0.25, 0.5, 0.75].into_iter().enumerate() {
                    let quartile = found.quartiles.map(|quartiles| quartiles[place]);
                    prop_assert!(are_near(quartile, quantile(&numbers, share)), "{:?}", found);
                }
            }
        }
    }

    #[test]
    fn codes_stand_for_values_in_the_order_of_their_appearance(
        given in given(60),
        name in prop::sample::select(NAMES.to_vec()),
    ) {
        let mut values: Vec<Cell> = Vec::new();
        let mut expected = given.rows.clone();
        for row in &mut expected {
            let value = row[at(name)].clone();
            if value == Cell::Null {
                row.push(Cell::Null);
                continue;
            }
            let code = values.iter().position(|known| *known == value).unwrap_or(values.len());
            if code == values.len() {
                values.push(value);
            }
            row.push(Cell::Int(code as i64));
        }
        let dictionary: Vec<Row> =
            (0..).zip(values).map(|(code, value)| vec![Cell::Int(code), value]).collect();
        let coded = |table: &Table| table.factorize(name, "code", &Control::NONE);
        check(&given, &expected, |table| Ok(coded(table)?.table));
        check(&given, &dictionary, |table| Ok(coded(table)?.dictionary));
    }
}
