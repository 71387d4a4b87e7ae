//! Streams that are followed: formats, checkpoints, stops, and bad lines.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use gad_eval::dataset::Source;
use gad_eval::detectors::configure;
use gad_eval::detectors::stream::{
    Follow, FollowReport, StreamDetector, StreamEdges, StreamFormat, StreamScores, checkpoint_of,
    restore,
};
use graph_core::Control;

/// Edges of a bundled stream, and the scores that a detector gives them in one go.
fn edges() -> (Vec<u64>, Vec<u64>, Vec<i64>) {
    let loaded = Source::find("bundled:attacks").unwrap().load().unwrap();
    let data = loaded.data();
    let n = 5000;
    let times = data.times.as_ref().unwrap()[..n].to_vec();
    (data.sources[..n].to_vec(), data.targets[..n].to_vec(), times)
}

fn detector(name: &str) -> Box<dyn StreamDetector> {
    configure(name, []).unwrap().start().unwrap().unwrap()
}

fn expected(name: &str) -> StreamScores {
    let (sources, targets, times) = edges();
    let mut scores = StreamScores::default();
    let mut detector = detector(name);
    let edges = StreamEdges { sources: &sources, targets: &targets, times: &times };
    detector.push(&edges, &mut scores).unwrap();
    detector.finish(&mut scores);
    scores
}

fn csv(header: bool) -> Vec<u8> {
    let (sources, targets, times) = edges();
    let rows = sources.iter().zip(&targets).zip(&times);
    let lines = rows.map(|((source, target), time)| match header {
        true => format!("{time},x,{source},{target}\n"),
        false => format!("{source},{target},{time}\n"),
    });
    let names = if header { "ts,what,src,dst\n" } else { "" };
    let text: String = std::iter::once(names.to_owned()).chain(lines).collect();
    text.into_bytes()
}

fn arrow(rows: usize) -> Vec<u8> {
    let (sources, targets, times) = edges();
    let ints = |values: Vec<i32>| Arc::new(Int32Array::from(values)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([
        ("src", ints(sources.iter().map(|&id| id as i32).collect())),
        ("dst", ints(targets.iter().map(|&id| id as i32).collect())),
        ("ts", ints(times.iter().map(|&time| time as i32).collect())),
    ])
    .unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    for start in (0..batch.num_rows()).step_by(rows) {
        writer.write(&batch.slice(start, rows.min(batch.num_rows() - start))).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Gives a few bytes at a time, as a pipe may.
struct Drops<'a>(Cursor<&'a [u8]>, usize);

impl Read for Drops<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = into.len().min(self.1);
        self.0.read(&mut into[..n])
    }
}

fn run(
    follow: &Follow,
    detector: &mut dyn StreamDetector,
    input: &[u8],
    drops: usize,
) -> (gad_eval::Result<FollowReport>, Vec<u8>) {
    let mut output = Vec::new();
    let input = Drops(Cursor::new(input), drops);
    (follow.run(detector, input, &mut output, &Control::default()), output)
}

/// The last value of each line but the first `skip`.
fn last_values(output: &[u8], skip: usize) -> Vec<f64> {
    let text = std::str::from_utf8(output).unwrap();
    let values = text.lines().skip(skip).map(|line| line.rsplit_once(',').unwrap().1);
    values.map(|value| value.parse().unwrap()).collect()
}

#[test]
fn lines_come_back_with_their_scores_however_they_are_cut() {
    let expected = expected("midas-r").scores;
    for drops in [7, 1000, 1 << 20] {
        let (report, output) =
            run(&Follow::default(), detector("midas-r").as_mut(), &csv(true), drops);
        assert_eq!(report.unwrap().n_scores, 5000);
        assert_eq!(last_values(&output, 1), expected, "{drops}");
        let text = String::from_utf8(output).unwrap();
        let first = String::from_utf8(csv(true)).unwrap();
        let line = |text: &str, at: usize| text.lines().nth(at).unwrap().to_owned();
        assert_eq!(line(&text, 0), "ts,what,src,dst,score");
        assert!(line(&text, 9).starts_with(&(line(&first, 9) + ",")));
    }
    let follow = Follow { header: false, ..Follow::default() };
    let (_, output) = run(&follow, detector("midas-r").as_mut(), &csv(false), 1000);
    assert_eq!(last_values(&output, 0), expected);
}

#[test]
fn arrow_batches_come_back_with_a_column_of_scores() {
    let expected = expected("midas-r").scores;
    let (report, output) = run(&Follow::default(), detector("midas-r").as_mut(), &arrow(700), 4096);
    assert_eq!(report.unwrap().n_edges, 5000);
    let batches: Vec<_> =
        StreamReader::try_new(Cursor::new(output), None).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 8);
    let scores: Vec<f64> = batches
        .iter()
        .flat_map(|batch| {
            let scores = batch.column_by_name("score").unwrap();
            scores.as_primitive::<Float64Type>().values().to_vec()
        })
        .collect();
    assert_eq!(scores, expected);
    assert_eq!(batches[0].schema().field(0).name(), "src");
}

#[test]
fn another_format_has_the_number_of_each_edge() {
    let follow = Follow { output: Some(StreamFormat::Jsonl), ..Follow::default() };
    let (_, output) = run(&follow, detector("midas").as_mut(), &arrow(700), 4096);
    let text = String::from_utf8(output).unwrap();
    let expected = expected("midas").scores;
    for (edge, line) in text.lines().enumerate() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["edge"], edge);
        assert_eq!(row["score"].as_f64().unwrap(), expected[edge]);
    }
    assert_eq!(text.lines().count(), 5000);
}

#[test]
fn windows_are_scored_when_they_end() {
    let expected = expected("anograph");
    let (report, output) = run(&Follow::default(), detector("anograph").as_mut(), &csv(true), 1000);
    assert_eq!(report.unwrap().n_scores, expected.scores.len() as u64);
    assert_eq!(last_values(&output, 1), expected.scores);
    assert!(output.starts_with(b"window,score\n"));
}

#[test]
fn a_stream_in_two_parts_is_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    for name in ["midas-f", "sedanspot", "anograph"] {
        let whole = csv(false);
        let cut = whole.len() / 3;
        let cut = cut + whole[cut..].iter().position(|&byte| byte == b'\n').unwrap() + 1;
        let follow = Follow {
            header: false,
            checkpoint: Some(path.clone()),
            every: Duration::ZERO,
            ..Follow::default()
        };
        let (report, mut output) = run(&follow, detector(name).as_mut(), &whole[..cut], 10_000);
        assert!(1 < report.unwrap().n_checkpoints);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(checkpoint_of(&bytes).unwrap().0, name);
        let mut second = restore(&bytes).unwrap();
        let (_, rest) = run(&follow, second.as_mut(), &whole[cut..], 10_000);
        output.extend_from_slice(rest.strip_prefix(b"window,score\n").unwrap_or(&rest));
        // The input from its beginning gives the same if what was seen is left out.
        let mut again = restore(&bytes).unwrap();
        let skip = again.n_edges();
        let skipping = Follow { skip, ..follow.clone() };
        let (report, replayed) = run(&skipping, again.as_mut(), &whole, 10_000);
        assert_eq!(report.unwrap().n_skipped, skip);
        assert_eq!(rest, replayed);
        let expected = expected(name).scores;
        let found = last_values(&output, usize::from(name == "anograph"));
        assert_eq!(found, expected[..found.len()], "{name}");
        // The last window stays open.
        assert_eq!(found.len() + usize::from(name == "anograph"), expected.len());
    }
}

#[test]
fn what_is_wrong_is_named_and_what_came_before_is_kept() {
    for (text, expected) in [
        ("src,dst\n1,2\n", "there is no column `ts`"),
        ("src,dst,tz\n1,2,3\n", "there is no column `ts`, did you mean `tz`?"),
        ("src,dst,ts\n1,2,3\n1,2\n", "line 3 has 2 values, but 3 are needed"),
        ("src,dst,ts\n1,2,3\n\n1,x,4\n", "line 4 has `x` as `dst`, but the first was an integer"),
        ("src,dst,ts\n1,2,3\n1,2,noon\n", "line 3 has `noon` as `ts`, which is no number"),
        ("src,dst,ts\n1,2,3\n,2,4\n", "line 3 has no `src`"),
        ("src,dst,ts\n\"a,b\",2,4\n", "line 2 has quotes"),
    ] {
        let (report, _) = run(&Follow::default(), detector("midas").as_mut(), text.as_bytes(), 99);
        let error = report.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let follow = Follow { checkpoint: Some(path.clone()), ..Follow::default() };
    let text = b"src,dst,ts\n1,2,3\n1,2,5\n1,2,4\n1,2,6\n";
    let (report, output) = run(&follow, detector("midas").as_mut(), text, 99);
    let error = report.unwrap_err().to_string();
    assert_eq!(error, "edge 2 is of time 4, but the stream is at 5 already");
    assert_eq!(last_values(&output, 1).len(), 2);
    assert_eq!(restore(&fs::read(&path).unwrap()).unwrap().n_edges(), 2);
    // A line that is no edge takes nothing from those before it, though they came together.
    let path = folder.path().join("other");
    let follow = Follow { checkpoint: Some(path.clone()), ..Follow::default() };
    let text = b"src,dst,ts\n1,2,3\n1,2,5\n1,2,noon\n1,2,6\n";
    let (report, output) = run(&follow, detector("midas").as_mut(), text, 99);
    assert!(report.unwrap_err().to_string().contains("line 4 has `noon`"));
    assert_eq!(last_values(&output, 1).len(), 2);
    assert_eq!(restore(&fs::read(&path).unwrap()).unwrap().n_edges(), 2);
    let whole = arrow(99);
    for (input, expected) in [
        (&whole[..whole.len() - 100], "standard input: the Arrow stream is cut off or broken: "),
        (b"", "standard input: it is empty: edges come as an Arrow stream, or as lines"),
        (b"{\"src\": 1}\n", "input is JSON, but it must be an Arrow stream or lines of values"),
    ] {
        let (report, _) = run(&Follow::default(), detector("midas").as_mut(), input, 99);
        let error = report.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let (report, output) = run(&Follow::default(), detector("midas").as_mut(), b"src,dst,ts\n", 99);
    assert_eq!((report.unwrap().n_scores, output), (0, b"src,dst,ts,score\n".to_vec()));
}

#[test]
fn texts_are_nodes_too() {
    let text = b"src,dst,ts\na,b,1\na,b,1\nb,a,1.5";
    let (report, output) = run(&Follow::default(), detector("midas").as_mut(), text, 5);
    assert_eq!((report.unwrap().n_edges, last_values(&output, 1).len()), (3, 3));
}

/// An input that never ends, which asks to stop after a while.
struct Endless<'a>(&'a AtomicBool, u64);

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1 == 100 {
            self.0.store(true, Ordering::Relaxed);
        }
        let line = b"1,2,3\n";
        into[..line.len()].copy_from_slice(line);
        Ok(line.len())
    }
}

#[test]
fn a_stop_leaves_a_checkpoint_of_what_was_scored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let stop = AtomicBool::new(false);
    let follow = Follow { header: false, checkpoint: Some(path.clone()), ..Follow::default() };
    let control = Control::default().stopped_by(&stop);
    let mut output = Vec::new();
    let report =
        follow.run(detector("midas").as_mut(), Endless(&stop, 0), &mut output, &control).unwrap();
    assert!(report.stopped);
    let n = restore(&fs::read(&path).unwrap()).unwrap().n_edges();
    assert_eq!((n, last_values(&output, 0).len() as u64), (report.n_edges, report.n_edges));
}
