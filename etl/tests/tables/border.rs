//! Columns that pass between Arrow and the engine.

use super::*;

/// The addresses of all buffers of an array, and of those inside it, in order.
fn addresses(array: &dyn arrow::array::Array) -> Vec<*const u8> {
    fn add(data: &arrow::array::ArrayData, all: &mut Vec<*const u8>) {
        // Empty buffers may be anywhere.
        all.extend(
            data.buffers().iter().filter(|buffer| !buffer.is_empty()).map(|buffer| buffer.as_ptr()),
        );
        all.extend(data.nulls().map(|nulls| nulls.validity().as_ptr()));
        data.child_data().iter().for_each(|child| add(child, all));
    }
    let mut all = Vec::new();
    add(&array.to_data(), &mut all);
    all
}

#[test]
fn columns_pass_in_and_out_without_copies() {
    use arrow::array::{
        BinaryViewArray, Decimal128Array, FixedSizeListArray, LargeListArray, StringViewArray,
        StructArray,
    };
    use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};

    let long = "longer than the twelve bytes that a view holds itself";
    let views = || {
        Arc::new(StringViewArray::from_iter([Some(long), None, Some("short"), Some(long)]))
            as ArrayRef
    };
    let lists = LargeListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(4)]),
    ]);
    let arrays = FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(
        [Some(vec![Some(1.0), None]), None, Some(vec![Some(0.0), Some(2.0)]), None],
        2,
    );
    let structs = StructArray::from(vec![
        (
            Arc::new(Field::new("n", DataType::Int64, true)),
            ints(&[Some(1), None, Some(3), Some(4)]),
        ),
        (Arc::new(Field::new("t", DataType::Utf8View, true)), views()),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("int", ints(&[1, 2, 3, 4])),
        ("null", floats(&[Some(1.0), None, Some(f64::NAN), None])),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), None]))),
        ("text", views()),
        (
            "bytes",
            Arc::new(BinaryViewArray::from_iter([Some(long.as_bytes()), None, Some(b"x"), None])),
        ),
        (
            "zoned",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(0), None, Some(-1), Some(i64::MAX)])
                    .with_timezone("Europe/Paris"),
            ),
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(0), None, Some(-1), Some(20_000)]))),
        (
            "decimal",
            Arc::new(
                Decimal128Array::from(vec![Some(12345), None, Some(-1), Some(0)])
                    .with_precision_and_scale(20, 3)
                    .unwrap(),
            ),
        ),
        ("list", Arc::new(lists)),
        ("array", Arc::new(arrays)),
        ("struct", Arc::new(structs)),
    ];
    let sent = batch(columns);
    let table = Table::from_batch(sent.clone()).unwrap();
    let got = table.collect_batches(&Control::NONE).unwrap();
    assert_eq!(got.len(), 1);
    for (index, field) in sent.schema().fields().iter().enumerate() {
        let (before, after) = (sent.column(index), got[0].column(index));
        assert_eq!(before.to_data(), after.to_data(), "{}", field.name());
        assert_eq!(addresses(before), addresses(after), "{}", field.name());
        assert!(!addresses(before).is_empty());
    }
    // The memory outlives everything but the batch.
    let text = rows_of(&got[0].project(&[0, 3, 8]).unwrap());
    drop((table, sent));
    assert_eq!(rows_of(&got[0].project(&[0, 3, 8]).unwrap()), text);
}

/// The engine works in pieces, which are put together again by where they lie.
#[test]
fn columns_that_no_step_changes_are_not_copied() {
    use arrow::array::{Array, AsArray, StringViewArray};

    let n = 300_001;
    let some = |i: i64| (i % 7 != 0 || i > 200_000).then_some(i);
    let text = |i: i64| format!("a text that does not lie in its view, {}", i % 100);
    let sent = batch(vec![
        ("whole", Arc::new(Int64Array::from_iter_values(0..n)) as ArrayRef),
        ("gaps", Arc::new((0..n).map(some).collect::<Int64Array>())),
        ("flag", Arc::new((0..n).map(|i| some(i).map(|i| i % 3 == 0)).collect::<BooleanArray>())),
        (
            "text",
            Arc::new((0..n).map(|i| some(i).map(text)).collect::<StringViewArray>()) as ArrayRef,
        ),
    ]);
    let table = Table::from_batch(sent.clone()).unwrap();
    let more = table
        .with_column("sum", &expr("whole + gaps"))
        .and_then(|table| table.with_column("gaps", &expr("gaps + 0")))
        .and_then(|table| table.rename(&[("flag", "is")]))
        .unwrap();
    let got = more.collect(&Control::NONE).unwrap();
    for (before, after) in [("whole", "whole"), ("flag", "is"), ("text", "text")] {
        let [before, after] =
            [sent.column_by_name(before).unwrap(), got.column_by_name(after).unwrap()];
        assert_eq!(addresses(before), addresses(after));
        assert_eq!(before.to_data(), after.to_data());
    }
    let gaps = got.column_by_name("gaps").unwrap();
    assert_eq!(gaps.to_data(), sent.column_by_name("gaps").unwrap().to_data());
    assert_ne!(addresses(gaps), addresses(sent.column_by_name("gaps").unwrap()));
    // Other rows of as many are no pieces of it.
    let turned = table.sort(&[SortKey::descending("whole")]).unwrap();
    let turned = turned.with_column("x", &expr("1")).unwrap().collect(&Control::NONE).unwrap();
    let wholes = turned.column_by_name("whole").unwrap();
    assert_eq!(wholes.as_primitive::<arrow::datatypes::Int64Type>().value(0), n - 1);
}

#[test]
fn other_types_are_kept_in_meaning() {
    use arrow::array::{
        DictionaryArray, Int32Array, LargeStringArray, ListArray, TimestampSecondArray,
    };
    use arrow::datatypes::{DataType, Int32Type, TimeUnit};

    let names: DictionaryArray<Int32Type> =
        [Some("b"), None, Some("a"), Some("b")].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1)]),
        None,
        Some(vec![]),
        None,
    ]);
    let table = table(vec![
        ("name", Arc::new(names) as ArrayRef),
        ("large", Arc::new(LargeStringArray::from(vec![Some("x"), None, Some(""), Some("y")]))),
        ("list", Arc::new(lists)),
        ("at", Arc::new(TimestampSecondArray::from(vec![Some(1), None, Some(-1), Some(0)]))),
        ("small", Arc::new(Int32Array::from(vec![1, 2, 3, 4]).slice(0, 4))),
    ]);
    let types: Vec<_> =
        table.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(
        types[0],
        DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8View))
    );
    assert_eq!(types[1], DataType::Utf8View);
    assert_eq!(types[3], DataType::Timestamp(TimeUnit::Millisecond, None));
    let got = rows(&table.filter(&expr("name = 'b' OR large = ''")).unwrap());
    assert_eq!(
        got,
        [
            r#"{"name":"b","large":"x","list":[1],"at":"1970-01-01T00:00:01","small":1}"#,
            r#"{"name":"a","large":"","list":[],"at":"1969-12-31T23:59:59","small":3}"#,
            r#"{"name":"b","large":"y","list":null,"at":"1970-01-01T00:00:00","small":4}"#,
        ]
    );
    assert_eq!(rows(&table.filter(&expr("name < 'b'")).unwrap()).len(), 1);
    assert_eq!(
        rows(&table.filter(&expr("upper(name) IN ('A', 'B', 'C', 'D', NULL)")).unwrap()).len(),
        3
    );
}

#[test]
fn types_that_tables_cannot_hold_are_named() {
    use arrow::array::{Float16Array, new_null_array};
    use arrow::datatypes::{DataType, IntervalUnit};

    let interval = new_null_array(&DataType::Interval(IntervalUnit::YearMonth), 1);
    let error = Table::from_batch(batch(vec![("i", interval)])).unwrap_err();
    assert!(matches!(&error, Error::UnsupportedType { column, .. } if &**column == "i"), "{error}");
    let half = Arc::new(Float16Array::from(vec![None])) as ArrayRef;
    assert!(matches!(
        Table::from_batch(batch(vec![("h", half)])),
        Err(Error::UnsupportedType { .. })
    ));
    let twice = RecordBatch::try_new(
        Arc::new(arrow::datatypes::Schema::new(vec![
            arrow::datatypes::Field::new("x", DataType::Int64, true),
            arrow::datatypes::Field::new("x", DataType::Int64, true),
        ])),
        vec![ints(&[1]), ints(&[2])],
    );
    assert!(matches!(Table::from_batch(twice.unwrap()), Err(Error::Engine { .. })));
}

#[test]
fn many_batches_are_one_table_and_chunks_of_it() {
    let parts: Vec<RecordBatch> =
        (0..3).map(|part| batch(vec![("x", ints(&[part, part + 10]))])).collect();
    let table = Table::from_batches(&parts[0].schema(), &parts).unwrap();
    let got = table.collect_batches(&Control::NONE).unwrap();
    let all: Vec<String> = got.iter().flat_map(rows_of).collect();
    assert_eq!(all.len(), 6);
    assert_eq!(all[5], r#"{"x":12}"#);
    let none = Table::from_batches(&parts[0].schema(), &[]).unwrap();
    assert_eq!(none.collect(&Control::NONE).unwrap().num_rows(), 0);
    assert_eq!(none.schema().field(0).name(), "x");
}
