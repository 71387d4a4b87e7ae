//! Steps that a device does not take run on the processor.

#![cfg(feature = "tables")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use graph_etl::Control;
use graph_etl::pipeline::{Event, Pipeline};
use graph_kernels::Device;

/// What `steps` make of `t.csv` in the folder, on a device or on none, and why the last one ran on the processor. `head` are
/// options of the pipeline, `input` those of the table.
fn made(
    [head, input]: [&str; 2],
    folder: &Path,
    steps: &[&str],
    device: Option<Device>,
) -> (RecordBatch, Option<String>) {
    let mut text = format!("{head}\n[[input]]\nname = 't'\nfrom = 't.csv'\n{input}\n");
    for (number, step) in steps.iter().enumerate() {
        write!(text, "[[step]]\nname = 'step {number}'\n{step}\n").unwrap();
    }
    let pipeline = Pipeline::parse(&text, folder).unwrap();
    let pipeline = match device {
        Some(device) => pipeline.on_device(device),
        None => pipeline,
    };
    let mut reason = None;
    let mut tell = |event: Event| {
        if let Event::Placed(placed) = event {
            reason.clone_from(&placed.reason);
        }
    };
    let rows = pipeline.collect(&Control::NONE, &mut tell).unwrap();
    (rows, reason)
}

/// Each device makes the same of `rows` as the processor; gives why the last step did not run there.
fn agrees(rows: &str, steps: &[&str]) -> Vec<Option<String>> {
    agrees_with(["", ""], rows, steps)
}

/// [`agrees`], with options of the pipeline and of the table.
fn agrees_with(options: [&str; 2], rows: &str, steps: &[&str]) -> Vec<Option<String>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), rows).unwrap();
    let (expected, _) = made(options, folder.path(), steps, None);
    let devices = Device::all().unwrap().into_iter().filter(|device| *device != Device::Cpu);
    let devices: Vec<Device> = devices.collect();
    if devices.is_empty() {
        println!("skipped: there is no device");
    }
    let mut reasons = Vec::new();
    for device in devices {
        let (found, reason) = made(options, folder.path(), steps, Some(device));
        // Types too, but for those of texts.
        let plain = |rows: &RecordBatch| -> Vec<ArrayRef> {
            let plain = |column: &ArrayRef| match column.data_type() {
                DataType::LargeUtf8 | DataType::Utf8View => cast(column, &DataType::Utf8).unwrap(),
                _ => column.clone(),
            };
            rows.columns().iter().map(plain).collect()
        };
        let names = |rows: &RecordBatch| -> Vec<String> {
            rows.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
        };
        assert_eq!(names(&found), names(&expected), "{device}: {steps:?}");
        assert_eq!(plain(&found), plain(&expected), "{device}: {steps:?}");
        reasons.push(reason);
    }
    reasons
}

/// The processor does the step for all devices, for this reason.
fn is_processors(rows: &str, step: &str, reason: &str) {
    for why in agrees(rows, &[step]) {
        assert!(why.as_ref().is_some_and(|why| why.contains(reason)), "{why:?}");
    }
}

#[test]
fn many_columns_of_a_condition_are_the_processors() {
    let names: Vec<String> = (0..20).map(|column| format!("c{column}")).collect();
    let row = |value: &str| vec![value; names.len()].join(",");
    let rows = format!("{}\n{}\n{}\n", names.join(","), row("1"), row("2"));
    is_processors(&rows, &format!("verb = 'filter'\nwhere = '{} > 30'", names.join(" + ")), "16");
}

#[test]
fn the_greatest_of_floats_leaves_out_what_is_no_number() {
    let step = "verb = 'group'\nby = 'k'\naggregate = ['m = max(x)', 'l = min(x)']";
    is_processors("k,x\n1,NaN\n1,2.5\n2,1.5\n", step, "no number");
}

const ROWS: &str = "k,v,x,t\na,1,0.5,p\n,2,,q\nb,,1.5,p\na,4,2.5,\n,5,,q\nb,6,-1.5,p\n";

#[test]
fn devices_have_these_verbs() {
    let on_device = "verb = 'filter'\nwhere = 'x IS NULL OR x < 2'";
    for step in [
        "verb = 'select'\ncolumns = ['x', 'k']",
        "verb = 'select'\ncolumns = ['x', 'twice = v * 2', 'name = t']",
        "verb = 'drop'\ncolumns = ['x', 'k']",
        "verb = 'rename'\ncolumns = ['k = t', 't = k']",
        "verb = 'limit'\nn = 2",
        "verb = 'limit'\nn = 2\noffset = 2",
        "verb = 'limit'\nn = 9\noffset = 4",
        "verb = 'limit'\nn = 9\noffset = 40",
        "verb = 'with'\ncolumns = ['v = v * 2', 'w = v + 1', 'is_p = x > 0']",
        "verb = 'drop_nulls'\ncolumns = ['k']",
        "verb = 'drop_nulls'",
        "verb = 'group'\nby = 'k'\naggregate = ['n = count(*)', 'm = count(x)', 's = sum(v)', 'f = first(t)']",
        "verb = 'group'\nby = ['k', 't']\naggregate = ['n = count(*)']",
        "verb = 'unique'\nby = 'k'",
        "verb = 'sort'\nby = ['-t', 'x']",
        "verb = 'top'\nn = 2\nby = 'v desc'",
    ] {
        for why in agrees(ROWS, &[on_device, step]) {
            assert_eq!(why, None, "{step}");
        }
    }
}

#[test]
fn what_takes_less_than_a_copy_is_not_copied_for() {
    for step in ["verb = 'select'\ncolumns = ['x']", "verb = 'limit'\nn = 2"] {
        is_processors(ROWS, step, "a copy of its table would take longer");
    }
}

#[test]
fn integers_that_need_64_bits_without_a_sign_are_the_processors() {
    let large = ["", "types = { v = 'uint64' }"];
    let rows = "v\n18446744073709551615\n1\n";
    for why in agrees_with(large, rows, &["verb = 'with'\ncolumns = ['w = v > 1']"]) {
        assert!(why.as_ref().is_some_and(|why| why.contains("64 bits")), "{why:?}");
    }
}

#[test]
fn joins_within_a_limit_are_the_processors() {
    let limit = ["memory_limit = '1 GiB'", ""];
    let join = "verb = 'join'\nfrom = 't'\nwith = 't'\non = 'k'";
    for why in agrees_with(limit, ROWS, &[join]) {
        assert!(why.as_ref().is_some_and(|why| why.contains("within a limit")), "{why:?}");
    }
    for why in agrees(ROWS, &[join]) {
        assert_eq!(why, None);
    }
}
