//! Tables in files, and in temporary ones.

use arrow::datatypes::DataType;

use super::*;

#[test]
fn files_of_all_formats_keep_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let table = events().with_column("flag", &expr("n > 2")).unwrap();
    for name in ["t.parquet", "t.arrow", "t.csv", "t.tsv", "t.jsonl", "t.csv.gz", "t.jsonl.zst"] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let written = table.write(path, &WriteOptions::default(), &Control::NONE).unwrap();
        assert_eq!(written.n_rows, 4, "{name}");
        let read = Table::scan(path, &ScanOptions::default()).unwrap();
        if name.contains("jsonl") {
            // JSON has no times.
            assert_eq!(
                rows(&read.select(&["kind", "n", "flag"]).unwrap()),
                rows(&table.select(&["kind", "n", "flag"]).unwrap())
            );
        } else {
            assert_eq!(rows(&read), rows(&table), "{name}");
        }
        let some = ScanOptions { limit: Some(2), ..ScanOptions::default() };
        assert_eq!(rows(&Table::scan(path, &some).unwrap()).len(), 2, "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 7, "no temporary file stays");
}

#[test]
fn a_write_that_fails_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "old").unwrap();
    let broken = table(vec![("x", ints(&[i64::MAX]))]).with_column("y", &expr("x + 1")).unwrap();
    let error =
        broken.write(path.to_str().unwrap(), &WriteOptions::default(), &Control::NONE).unwrap_err();
    assert!(matches!(error, Error::Overflow { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let lz4 = WriteOptions { compression: Compression::Lz4, ..WriteOptions::default() };
    assert!(matches!(
        people().write(path.to_str().unwrap(), &lz4, &Control::NONE),
        Err(Error::BadOption { .. })
    ));
}

/// The columns that are refused are those that the engine would have refused with rows.
#[test]
fn formats_without_a_type_refuse_it() {
    let folder = tempfile::tempdir().unwrap();
    let span: ArrayRef = Arc::new(arrow::array::DurationMicrosecondArray::from(vec![5]));
    let bytes: ArrayRef = Arc::new(arrow::array::LargeBinaryArray::from_vec(vec![b"x"]));
    let one = table(vec![("n", ints(&[1])), ("span", span), ("bytes", bytes)]);
    let list = one.group_by(&["n"], &[("list", expr("list(n)"))]).unwrap();
    let cases = [
        (one.select(&["span"]).unwrap(), "span", ["csv"].as_slice()),
        (one.select(&["bytes"]).unwrap(), "bytes", &["csv", "jsonl"]),
        (list.select(&["list"]).unwrap(), "list", &["csv"]),
    ];
    for (table, column, refused) in cases {
        for ending in ["csv", "jsonl", "parquet", "arrow"] {
            let path = folder.path().join(format!("{column}.{ending}"));
            let path = path.to_str().unwrap();
            let written = table.write(path, &WriteOptions::default(), &Control::NONE);
            match written {
                Err(Error::WrongType { what, .. }) => {
                    assert!(refused.contains(&ending), "{column}.{ending}");
                    assert_eq!(*what, *format!("column `{column}`"));
                }
                written => {
                    assert_eq!(written.unwrap().n_rows, 1);
                    assert!(!refused.contains(&ending), "{column}.{ending}");
                }
            }
        }
    }
}

#[test]
fn folders_globs_and_partitions_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let by_kind = WriteOptions {
        format: Some(Format::Parquet),
        partition_by: vec!["kind".into()],
        ..WriteOptions::default()
    };
    let kept = events().select(&["kind", "n"]).unwrap();
    kept.write(&path("set"), &by_kind, &Control::NONE).unwrap();
    let read = Table::scan(&path("set"), &ScanOptions::default()).unwrap();
    let read = read.sort(&[SortKey::ascending("n")]).unwrap().select(&["kind", "n"]).unwrap();
    assert_eq!(rows(&read), rows(&kept));
    people().write(&path("a.csv"), &WriteOptions::default(), &Control::NONE).unwrap();
    people().write(&path("b.csv"), &WriteOptions::default(), &Control::NONE).unwrap();
    let globbed = Table::scan(
        &path("*.csv"),
        &ScanOptions { path_column: Some("file".into()), ..ScanOptions::default() },
    )
    .unwrap();
    assert_eq!(globbed.count(&Control::NONE).unwrap(), 10);
    assert!(rows(&globbed)[9].contains("b.csv"));
    assert!(matches!(
        Table::scan(&path("no.csv"), &ScanOptions::default()),
        Err(Error::File { .. })
    ));
    assert!(matches!(
        Table::scan(&path("set.xyz"), &ScanOptions::default()),
        Err(Error::File { .. } | Error::BadOption { .. })
    ));
}

fn shuffled(n: i64) -> Vec<i64> {
    (0..n).map(|row| (row * 7_919) % n).collect()
}

#[test]
fn sorts_through_files_are_those_in_memory() {
    let n = 100_003;
    let keys: Vec<Option<i64>> = shuffled(n)
        .iter()
        .map(|&key| if key % 11 == 0 { None } else { Some(if key % 3 == 0 { 5 } else { key / 4 }) })
        .collect();
    let words: Vec<String> = shuffled(n)
        .iter()
        .map(|key| format!("a word longer than twelve bytes {}", key % 100))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let table = table(vec![
        ("k", ints(&keys)),
        ("w", texts(&words)),
        ("row", ints(&(0..n).collect::<Vec<_>>())),
    ]);
    let spill = graph_etl::table::Spill { memory: 2 << 20, folder: None };
    for keys in [
        vec![SortKey::ascending("k")],
        vec![SortKey::descending("k"), SortKey::ascending("w")],
        vec![SortKey::descending("w"), SortKey::descending("k")],
    ] {
        let spilled = table.sort_spilling(&keys, &spill, &Control::NONE).unwrap();
        assert!(spilled.plan().unwrap().contains("sorted-"), "it went through files");
        let expected = table.sort(&keys).unwrap().collect(&Control::NONE).unwrap();
        let found = spilled.collect(&Control::NONE).unwrap();
        assert!(expected == found, "{keys:?}");
    }
}

#[test]
fn joins_and_groups_through_files_are_those_in_memory() {
    let n = 60_000;
    let left = table(vec![
        (
            "k",
            ints(
                &shuffled(n)
                    .iter()
                    .map(|&key| (key % 13 != 0).then_some(key / 3))
                    .collect::<Vec<_>>(),
            ),
        ),
        ("x", ints(&(0..n).collect::<Vec<_>>())),
    ]);
    let right = table(vec![
        (
            "k",
            ints(
                &shuffled(n)
                    .iter()
                    .map(|&key| (key % 17 != 0).then_some(key / 2))
                    .collect::<Vec<_>>(),
            ),
        ),
        ("y", ints(&(0..n).collect::<Vec<_>>())),
    ]);
    let spill = graph_etl::table::Spill { memory: 1 << 20, folder: None };
    let sorted = |table: &Table| {
        let keys: Vec<SortKey> = table.column_names().map(SortKey::ascending).collect();
        table.sort(&keys).unwrap().collect(&Control::NONE).unwrap()
    };
    for kind in [JoinKind::Inner, JoinKind::Left, JoinKind::Full, JoinKind::Semi, JoinKind::Anti] {
        let on = JoinOptions::on(&["k"]).kind(kind);
        let spilled = left.join_spilling(&right, &on, &spill, &Control::NONE).unwrap();
        assert!(spilled.plan().unwrap().contains("joined-"), "it went through files");
        assert!(
            sorted(&spilled) == sorted(&left.join(&right, &on, &Control::NONE).unwrap()),
            "{kind:?}"
        );
    }
    let totals = [("n", expr("count(*)")), ("s", expr("sum(x)"))];
    let spilled = left.group_by_spilling(&["k"], &totals, &spill, &Control::NONE).unwrap();
    assert!(spilled.plan().unwrap().contains("grouped-"), "it went through files");
    assert!(sorted(&spilled) == sorted(&left.group_by(&["k"], &totals).unwrap()));
}

#[test]
fn temporary_files_go_with_the_last_table_that_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let spill = graph_etl::table::Spill { memory: 1 << 18, folder: Some(folder.path().to_owned()) };
    let table = table(vec![("x", ints(&shuffled(50_000)))]);
    let sorted = table.sort_spilling(&[SortKey::ascending("x")], &spill, &Control::NONE).unwrap();
    let some = sorted.filter(&expr("x > 49997")).unwrap();
    drop(sorted);
    assert_eq!(rows(&some), [r#"{"x":49998}"#, r#"{"x":49999}"#]);
    drop(some);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn broken_files_are_named_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let found = |path: &str| {
        let all = Table::scan(path, &ScanOptions::default())
            .and_then(|table| table.filter(&"TRUE".parse().unwrap())?.collect(&Control::NONE));
        match all {
            Err(Error::BrokenFile(_)) => all.unwrap_err().to_string(),
            other => panic!("{path}: {other:?}"),
        }
    };
    let in_folder = |text: &str| text.replace("FOLDER", folder.path().to_str().unwrap());

    let ragged = write("ragged.csv", "a,b\n\"1\n1\",2\n3,4\n\n5,6,7,8\n");
    let expected = "FOLDER/ragged.csv: line 6: there are 4 values, but only 2 columns";
    assert_eq!(found(&ragged), in_folder(expected));

    let numbers = (0..1500).fold(String::new(), |text, row| text + &format!("{row},{row}\n"));
    let typed = write("typed.csv", &format!("a,b\n{numbers}7,\"x, y\"\n"));
    let error = found(&typed);
    let begin = "FOLDER/typed.csv: line 1502: column `b` holds `x, y`, but the rows";
    assert!(error.starts_with(&in_folder(begin)), "{error}");
    // All rows tell the type, if they are asked.
    let all = ScanOptions { inferred_rows: None, ..ScanOptions::default() };
    let table = Table::scan(&typed, &all).unwrap().collect(&Control::NONE).unwrap();
    assert_eq!((table.num_rows(), table.schema().field(1).data_type().is_numeric()), (1501, false));

    // Of the row in which the quotes begin, and not of the last one.
    let open = write("open.csv", "a,b\n1,2\n3,\"x\n4,5\n");
    let expected = "FOLDER/open.csv: line 3: a quoted value begins here that the file never ends";
    assert_eq!(found(&open), in_folder(expected));

    let path = folder.path().join("latin.csv");
    std::fs::write(&path, b"a,b\n1,x\n2,caf\xe9\n").unwrap();
    let expected = "FOLDER/latin.csv: line 3: column `b` is not UTF-8: it has the byte 0xe9";
    assert_eq!(found(path.to_str().unwrap()), in_folder(expected));

    let empty = write("empty.csv", "");
    assert_eq!(found(&empty), in_folder("FOLDER/empty.csv: the file is empty"));

    write("parts/1.csv", "a,bee\n1,2\n");
    write("parts/2.csv", "a,bees\n1,2\n");
    let parts = folder.path().join("parts").to_str().unwrap().to_owned();
    let expected = "FOLDER/parts/2.csv: line 1: there is a column `bees`, which the first file has not; \
                    did you mean `bee`?";
    assert_eq!(found(&parts), in_folder(expected));

    let json = write("bad.jsonl", "{\"a\": 1}\n\n{\"a\" 2}\n");
    let error = found(&json);
    assert!(
        error.starts_with(&in_folder("FOLDER/bad.jsonl: line 3: no JSON: expected `:`")),
        "{error}"
    );
}

#[test]
fn comments_are_told_by_lines_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let scan = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let options = ScanOptions { comment: Some("#".into()), ..ScanOptions::default() };
        Table::scan(path.to_str().unwrap(), &options)
    };
    let read = |text: &str| rows(&scan(text).unwrap());
    // In quotes it is a value.
    assert_eq!(read("id,zip\n\"#1\",02139\n"), [r##"{"id":"#1","zip":"02139"}"##]);
    assert_eq!(read("id,zip\n\"a\n#b\",02139\n"), [r#"{"id":"a\n#b","zip":"02139"}"#]);
    // A quote in a comment opens none.
    assert_eq!(
        read("#\"\nid,zip\n#,\"oops\n7,02139\n8,1\n"),
        [r#"{"id":7,"zip":"02139"}"#, r#"{"id":8,"zip":"1"}"#]
    );
    let ragged = scan("a,b\n#,\"oops\n1,2,3\n")
        .and_then(|table| table.filter(&expr("TRUE"))?.collect(&Control::NONE));
    let error = ragged.unwrap_err().to_string();
    assert!(error.ends_with("a.csv: line 3: there are 3 values, but only 2 columns"), "{error}");
}

#[test]
fn names_of_digits_stay_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let text = "zip,n,day,us,eu,x\n02139,10,2021-02-01,01/02/2021,01/02/2021,NA\n10001,0,2021-03-01,02/03/2021,31/03/2021,2\n";
    let path = write("a.csv", text);
    let types = |paths: &[String], options: &ScanOptions| {
        let table = Table::scan_all(paths, options).unwrap().collect(&Control::NONE).unwrap();
        let fields = table.schema();
        fields
            .fields()
            .iter()
            .map(|field| graph_core::type_name(field.data_type()))
            .collect::<Vec<_>>()
    };
    let usual = ScanOptions::default();
    // Day and month of `us` cannot be told apart; those of `eu` can.
    assert_eq!(
        types(std::slice::from_ref(&path), &usual),
        ["text", "int64", "date", "text", "date", "text"]
    );
    let table = Table::scan(&path, &usual).unwrap();
    assert_eq!(
        rows(&table.select(&["zip"]).unwrap()),
        [r#"{"zip":"02139"}"#, r#"{"zip":"10001"}"#]
    );

    // What another file shows counts too, and so do names of columns that there are none of.
    let later = write("b.csv", &text.replace("10001", "00501").replace("02139", "2139"));
    let first = write("c.csv", &text.replace("02139", "2139"));
    assert_eq!(types(std::slice::from_ref(&first), &usual)[0], "int64");
    assert_eq!(types(&[first, later], &usual)[0], "text");
    let all = format!("{}/[ab].csv", folder.path().display());
    assert_eq!(types(&[all], &usual)[0], "text");
    let many = (0..1500).fold("n, zip,n\n".to_owned(), |text, _| text + "1,2,3\n") + "1,007,4\n";
    let many = [write("e.csv", &many)];
    assert_eq!(types(&many, &usual), ["int64"; 3]);
    let whole = ScanOptions { inferred_rows: None, ..ScanOptions::default() };
    assert_eq!(types(&many, &whole), ["int64", "text", "int64"]);
    let bare = write("d.csv", "007,1\n2,3\n");
    let no_header = ScanOptions { header: false, ..ScanOptions::default() };
    assert_eq!(types(&[bare], &no_header), ["text", "int64"]);

    let told = ScanOptions {
        types: vec![("zip".into(), DataType::Int64), ("n".into(), DataType::Utf8)],
        nulls: vec!["NA".into()],
        ..ScanOptions::default()
    };
    assert_eq!(
        types(std::slice::from_ref(&path), &told),
        ["int64", "text", "date", "text", "date", "int64"]
    );
    let table = Table::scan(&path, &told).unwrap();
    assert_eq!(
        rows(&table.select(&["x", "zip"]).unwrap()),
        [r#"{"x":null,"zip":2139}"#, r#"{"x":2,"zip":10001}"#]
    );
    let unknown =
        ScanOptions { types: vec![("zap".into(), DataType::Utf8)], ..ScanOptions::default() };
    let error = Table::scan(&path, &unknown).unwrap_err().to_string();
    assert!(error.contains("`zap`") && error.contains("`zip`"), "{error}");
}
