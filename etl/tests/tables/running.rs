//! From a plan to rows: in pieces, watched and stopped.

use super::*;

#[test]
fn a_stopped_table_says_so() {
    let stop = AtomicBool::new(true);
    let control = Control::default().stopped_by(&stop);
    let rows: Vec<i64> = (0..100_000).collect();
    let table = table(vec![("x", ints(&rows))]).filter(&expr("x % 2 = 0")).unwrap();
    assert!(matches!(table.collect(&control), Err(Error::Stopped { .. })));
    let mut seen = 0;
    let stopped = table.for_each_batch(&Control::NONE, |batch| {
        seen += batch.num_rows();
        Err(Error::Stopped { stage: "rows", done: 0 })
    });
    assert!(stopped.is_err() && seen > 0);
}

#[test]
fn watched_rows_are_those_of_unwatched_ones() {
    let counted = std::sync::atomic::AtomicU64::new(0);
    let report = |progress: graph_etl::Progress| {
        counted.fetch_max(progress.done, std::sync::atomic::Ordering::Relaxed);
    };
    let control = Control::default().reporting(&report);
    let both = people()
        .join(
            &pets(),
            &JoinOptions {
                left_on: vec!["name".into()],
                right_on: vec!["owner".into()],
                ..JoinOptions::default()
            },
            &Control::NONE,
        )
        .unwrap();
    assert_eq!(rows_of(&both.collect(&control).unwrap()), rows(&both));
}

#[test]
fn batches_come_in_order() -> Result<()> {
    let numbers: Vec<i64> = (0..500_000).collect();
    let table = table(vec![("x", ints(&numbers))]);
    let mut next = 0;
    table.for_each_batch(&Control::NONE, |batch| {
        let column = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().clone();
        for value in column.values() {
            assert_eq!(*value, next);
            next += 1;
        }
        Ok(())
    })?;
    assert_eq!(next, 500_000);
    Ok(())
}
