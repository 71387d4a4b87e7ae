//! Each verb, by us and as one would write it with polars alone.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use graph_etl::Control;
use graph_etl::expr::Expr;
use graph_etl::table::{Bins, Fill, JoinKind, JoinOptions, Keep, SortKey, SqlOptions, Table, sql};
use polars::prelude as pl;
use polars::prelude::{
    DataFrame, JoinType, LazyFrame, SortMultipleOptions, UniqueKeepStrategy, by_name, col, lit,
    when,
};

/// A verb over the table and a smaller one.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) ours: fn(&Table, &Table) -> Table,
    pub(crate) theirs: Theirs,
}

/// How polars does it.
pub(crate) enum Theirs {
    /// In a plan, which either of its engines can compute.
    Planned(fn(LazyFrame, LazyFrame) -> LazyFrame),
    /// At once, where plans do not have it.
    Eager(fn(&DataFrame) -> DataFrame),
}

use Theirs::{Eager, Planned};

/// An aggregate by the key `k`.
macro_rules! aggregate {
    ($name:literal, $ours:literal, $theirs:expr) => {
        Verb {
            name: $name,
            ours: |t, _| t.group_by(&["k"], &[("y", expr($ours))]).unwrap(),
            theirs: Planned(|t, _| t.group_by_stable([col("k")]).agg([$theirs.alias("y")])),
        }
    };
}

/// A join on the key `k`, with rows in the order of the left side.
macro_rules! join {
    ($name:literal, $ours:expr, $theirs:expr) => {
        Verb {
            name: $name,
            ours: |t, other| {
                let on = JoinOptions { limit: None, ..JoinOptions::on(&["k"]).kind($ours) };
                t.join(other, &on, &Control::NONE).unwrap()
            },
            theirs: Planned(|t, other| joined(t, other, $theirs)),
        }
    };
}

pub(crate) const VERBS: &[Verb] = &[
    Verb {
        name: "select",
        ours: |t, _| t.select(&["s", "k"]).unwrap(),
        theirs: Planned(|t, _| t.select([col("s"), col("k")])),
    },
    Verb {
        name: "filter",
        ours: |t, _| t.filter(&expr("x > 0.5 AND k % 2 = 0")).unwrap(),
        theirs: Planned(|t, _| {
            t.filter(col("x").gt(lit(0.5)).and((col("k") % lit(2i64)).eq(lit(0i64))))
        }),
    },
    Verb {
        name: "filter text",
        ours: |t, _| t.filter(&expr("lower(s) LIKE '%7%'")).unwrap(),
        theirs: Planned(|t, _| {
            t.filter(col("s").str().to_lowercase().str().contains_literal(lit("7")))
        }),
    },
    Verb {
        name: "filter list",
        ours: |t, _| t.filter(&expr("v IN (1, 5, 25, 125, 625)")).unwrap(),
        theirs: Planned(|t, _| {
            let list = pl::Series::from_iter([1i64, 5, 25, 125, 625]);
            t.filter(col("v").is_in(lit(list).implode(false), false))
        }),
    },
    Verb {
        name: "with_column integers",
        ours: |t, _| t.with_column("y", &expr("k * 3 + v")).unwrap(),
        theirs: Planned(|t, _| t.with_column((col("k") * lit(3i64) + col("v")).alias("y"))),
    },
    Verb {
        name: "with_column fractions",
        ours: |t, _| t.with_column("y", &expr("sqrt(x) * 2 - x")).unwrap(),
        theirs: Planned(|t, _| t.with_column((col("x").sqrt() * lit(2.0) - col("x")).alias("y"))),
    },
    Verb {
        name: "with_column times",
        ours: |t, _| t.with_column("y", &expr("hour(at) + 24 * weekday(at)")).unwrap(),
        theirs: Planned(|t, _| {
            let hour = col("at").dt().hour().cast(pl::DataType::Int64);
            let day = col("at").dt().weekday().cast(pl::DataType::Int64);
            t.with_column((hour + lit(24i64) * day).alias("y"))
        }),
    },
    Verb {
        name: "case",
        ours: |t, _| {
            t.with_column("y", &expr("CASE WHEN x > 0.5 THEN x / k ELSE 0.0 END")).unwrap()
        },
        theirs: Planned(|t, _| {
            let divisor = when(col("k").neq(lit(0i64))).then(col("k")).otherwise(lit(pl::NULL));
            let of = when(col("x").gt(lit(0.5))).then(col("x") / divisor);
            t.with_column(of.otherwise(lit(0.0)).alias("y"))
        }),
    },
    Verb {
        name: "sort",
        ours: |t, _| t.sort(&[SortKey::ascending("k"), SortKey::descending("x")]).unwrap(),
        theirs: Planned(|t, _| {
            let options = SortMultipleOptions::default()
                .with_order_descending_multi([false, true])
                .with_nulls_last(true)
                .with_maintain_order(true);
            t.sort(["k", "x"], options)
        }),
    },
    Verb {
        name: "sort text",
        ours: |t, _| t.sort(&[SortKey::ascending("s")]).unwrap(),
        theirs: Planned(|t, _| {
            let options =
                SortMultipleOptions::default().with_nulls_last(true).with_maintain_order(true);
            t.sort(["s"], options)
        }),
    },
    Verb {
        name: "top_k",
        ours: |t, _| t.top_k(100, &[SortKey::descending("x")]).unwrap(),
        theirs: Planned(|t, _| {
            let options =
                SortMultipleOptions::default().with_order_descending(true).with_nulls_last(true);
            t.sort(["x"], options.with_maintain_order(true)).limit(100)
        }),
    },
    Verb {
        name: "unique",
        ours: |t, _| t.unique(&["k"], Keep::Any).unwrap(),
        theirs: Planned(|t, _| {
            t.unique(Some(by_name(["k"], true, false)), UniqueKeepStrategy::Any)
        }),
    },
    Verb {
        name: "deduplicate",
        ours: |t, _| t.unique(&["k", "v"], Keep::First).unwrap(),
        theirs: Planned(|t, _| {
            let by = by_name(["k", "v"], true, false);
            t.unique_stable(Some(by), UniqueKeepStrategy::First)
        }),
    },
    aggregate!("group_by count", "count(*)", pl::len()),
    aggregate!("group_by sum", "sum(v)", col("v").sum()),
    aggregate!("group_by sum of fractions", "sum(x)", col("x").sum()),
    aggregate!("group_by mean", "mean(x)", col("x").mean()),
    aggregate!("group_by min", "min(x)", col("x").min()),
    aggregate!("group_by max", "max(v)", col("v").max()),
    aggregate!("group_by std", "std(x)", col("x").std(1)),
    aggregate!("group_by median", "median(x)", col("x").median()),
    aggregate!(
        "group_by quantile",
        "quantile(x, 0.9)",
        col("x").quantile(lit(0.9), pl::QuantileMethod::Linear)
    ),
    aggregate!("group_by first", "first(s)", col("s").first()),
    aggregate!("group_by distinct", "count(DISTINCT v)", col("v").n_unique()),
    Verb {
        name: "group_by four",
        ours: |t, _| {
            let totals =
                [("n", "count(*)"), ("s", "sum(v)"), ("m", "mean(x)"), ("least", "min(x)")];
            t.group_by(&["k"], &totals.map(|(name, text)| (name, expr(text)))).unwrap()
        },
        theirs: Planned(|t, _| {
            t.group_by_stable([col("k")]).agg([
                pl::len().alias("n"),
                col("v").sum().alias("s"),
                col("x").mean().alias("m"),
                col("x").min().alias("least"),
            ])
        }),
    },
    Verb {
        name: "total",
        ours: |t, _| {
            let totals = [("n", "count(*)"), ("s", "sum(v)"), ("m", "mean(x)")];
            let none: [&str; 0] = [];
            t.group_by(&none, &totals.map(|(name, text)| (name, expr(text)))).unwrap()
        },
        theirs: Planned(|t, _| {
            t.select([pl::len().alias("n"), col("v").sum().alias("s"), col("x").mean().alias("m")])
        }),
    },
    join!("join inner", JoinKind::Inner, JoinType::Inner),
    join!("join left", JoinKind::Left, JoinType::Left),
    join!("join full", JoinKind::Full, JoinType::Full),
    join!("join semi", JoinKind::Semi, JoinType::Semi),
    join!("join anti", JoinKind::Anti, JoinType::Anti),
    Verb {
        name: "bin",
        ours: |t, _| t.bin("x", &Bins::Linear(32), "b", &Control::NONE).unwrap().table,
        theirs: Planned(|t, _| t.with_column(bin_of_x().alias("b"))),
    },
    Verb {
        name: "bin by edges",
        ours: |t, _| t.bin("x", &Bins::Edges(edges()), "b", &Control::NONE).unwrap().table,
        theirs: Planned(|t, _| {
            let inner = edges()[1..edges().len() - 1].to_vec();
            let bin = col("x").cut(inner, None::<Vec<pl::PlSmallStr>>, true, false);
            t.with_column(bin.to_physical().alias("b"))
        }),
    },
    Verb {
        name: "bin by time",
        ours: |t, _| t.bin_time("at", "1 day", "b").unwrap(),
        theirs: Planned(|t, _| t.with_column(col("at").dt().truncate(lit("1d")).alias("b"))),
    },
    Verb {
        name: "histogram",
        ours: |t, _| {
            let found = t.histogram("x", &Bins::Linear(32), &Control::NONE).unwrap();
            let counts: ArrayRef = Arc::new(UInt64Array::from(found.counts));
            Table::from_batch(RecordBatch::try_from_iter([("n", counts)]).unwrap()).unwrap()
        },
        theirs: Planned(|t, _| {
            t.select([bin_of_x().alias("b")]).group_by([col("b")]).agg([pl::len()])
        }),
    },
    Verb {
        name: "sample",
        ours: |t, _| t.sample(10_000, 1).unwrap(),
        theirs: Eager(|t| t.sample_n_literal(10_000, false, Some(false), Some(1)).unwrap()),
    },
    Verb {
        name: "concat",
        ours: |t, _| Table::concat(&[t, t], false).unwrap(),
        theirs: Planned(|t, _| pl::concat([t.clone(), t], pl::UnionArgs::default()).unwrap()),
    },
    Verb {
        name: "pivot",
        ours: |t, _| t.pivot(&["v"], "d", &expr("sum(x)"), &Control::NONE).unwrap(),
        theirs: Planned(|t, _| {
            let values = t.clone().select([col("d")]).unique(None, UniqueKeepStrategy::Any);
            let values = values.sort(["d"], SortMultipleOptions::default()).collect().unwrap();
            let by = |name: &str| by_name([name], true, false);
            t.pivot(
                by("d"),
                values.into(),
                by("v"),
                by("x"),
                pl::element().sum(),
                true,
                "_".into(),
                polars::frame::PivotColumnNaming::Auto,
            )
        }),
    },
    Verb {
        name: "unpivot",
        ours: |t, _| t.select(&["k", "v"]).unwrap().unpivot(&["k", "v"], "name", "value").unwrap(),
        theirs: Planned(|t, _| {
            t.select([col("k"), col("v")]).unpivot(pl::UnpivotArgsDSL {
                on: Some(by_name(["k", "v"], true, false)),
                index: by_name(Vec::<&str>::new(), true, false),
                variable_name: Some("name".into()),
                value_name: Some("value".into()),
            })
        }),
    },
    Verb {
        name: "factorize text",
        ours: |t, _| t.factorize("s", "c", &Control::NONE).unwrap().table,
        theirs: Planned(|t, _| t.with_column(codes("s"))),
    },
    Verb {
        name: "factorize integers",
        ours: |t, _| t.factorize("k", "c", &Control::NONE).unwrap().table,
        theirs: Planned(|t, _| {
            let distinct = t.clone().select([col("k")]);
            let distinct = distinct.unique_stable(None, UniqueKeepStrategy::First);
            joined(t, distinct.with_row_index("c", None), JoinType::Left)
        }),
    },
    Verb {
        name: "fill",
        ours: |t, _| t.fill("m", &Fill::With(expr("0"))).unwrap(),
        theirs: Planned(|t, _| t.with_column(col("m").fill_null(lit(0i64)))),
    },
    Verb {
        name: "fill mean",
        ours: |t, _| t.fill("m", &Fill::Mean).unwrap(),
        theirs: Planned(|t, _| t.with_column(col("m").fill_null(col("m").mean()))),
    },
    Verb {
        name: "fill forward",
        ours: |t, _| t.fill("m", &Fill::Forward).unwrap(),
        theirs: Planned(|t, _| {
            let forward = pl::FillNullStrategy::Forward(None);
            t.with_column(col("m").fill_null_with_strategy(forward))
        }),
    },
    Verb {
        name: "drop_nulls",
        ours: |t, _| t.drop_nulls(&["m"]).unwrap(),
        theirs: Planned(|t, _| t.drop_nulls(Some(by_name(["m"], true, false)))),
    },
    Verb {
        name: "sql sum of fractions",
        ours: |t, _| ours(FRACTIONS, &[("t", t.clone())]),
        theirs: Planned(|t, other| asked(FRACTIONS, t, other)),
    },
    Verb {
        name: "sql sum",
        ours: |t, _| ours(WHOLE, &[("t", t.clone())]),
        theirs: Planned(|t, other| asked(WHOLE, t, other)),
    },
    Verb {
        name: "sql join",
        ours: |t, other| ours(JOINED, &[("t", t.clone()), ("u", other.clone())]),
        theirs: Planned(|t, other| asked(JOINED, t, other)),
    },
];

const FRACTIONS: &str = "SELECT k, SUM(x) AS s FROM t GROUP BY k";
const WHOLE: &str = "SELECT k, SUM(v) AS s FROM t GROUP BY k";
const JOINED: &str = "SELECT t.k, t.x FROM t JOIN u ON t.k = u.k WHERE t.x > 0.5";

fn ours(query: &str, tables: &[(&str, Table)]) -> Table {
    sql(query, tables, &SqlOptions::default(), &Control::NONE).unwrap()
}

fn asked(query: &str, t: LazyFrame, other: LazyFrame) -> LazyFrame {
    let mut context = polars::sql::SQLContext::new();
    context.register("t", t);
    context.register("u", other);
    context.execute(query).unwrap()
}

fn joined(t: LazyFrame, other: LazyFrame, how: JoinType) -> LazyFrame {
    let order = match how {
        JoinType::Semi | JoinType::Anti => pl::MaintainOrderJoin::Left,
        _ => pl::MaintainOrderJoin::LeftRight,
    };
    t.join_builder()
        .with(other)
        .how(how)
        .on([col("k")])
        .coalesce(pl::JoinCoalesce::CoalesceColumns)
        .maintain_order(order)
        .finish()
}

/// The codes of a dictionary of a column.
fn codes(name: &str) -> pl::Expr {
    let categories = pl::DataType::from_categories(pl::Categories::random(
        "bench".into(),
        pl::CategoricalPhysical::U32,
    ));
    col(name).cast(categories).to_physical().alias("c")
}

fn bin_of_x() -> pl::Expr {
    let width = col("x").max() - col("x").min();
    let scaled = (col("x") - col("x").min()) / width * lit(32.0);
    let bin = scaled.cast(pl::DataType::UInt32);
    when(bin.clone().gt(lit(31u32))).then(lit(31u32)).otherwise(bin)
}

fn edges() -> Vec<f64> {
    (0..=20u32).map(|edge| (f64::from(edge) / 20.0).powi(2)).collect()
}

fn expr(text: &str) -> Expr {
    text.parse().unwrap()
}
