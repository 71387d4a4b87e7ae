//! The first rows of a table, for people or as JSON.

use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use graphlume::etl::pipeline::Pipeline;

use crate::outcome::Outcome;
use crate::output::{count, print};
use crate::pipeline::Watcher;
use crate::progress::Messages;
use crate::rows::{in_utc, table};

/// Computes the first `n` rows of the last step, and prints them.
pub(super) fn run(
    pipeline: &Pipeline,
    n: usize,
    json: bool,
    messages: Messages,
) -> anyhow::Result<Outcome> {
    // One row more tells whether there are more.
    let head = Watcher::of_command(messages).head(pipeline, n.saturating_add(1))?;
    let Some(head) = head else { return Ok(messages.interrupted()) };
    let more = n < head.num_rows();
    let head = head.slice(0, n.min(head.num_rows()));
    if json {
        // A value that is missing is told, as other values are.
        let builder = WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, JsonArray>(Vec::new());
        writer.write(&in_utc(&head)?)?;
        writer.finish()?;
        let mut text = writer.into_inner();
        if text.is_empty() {
            text.extend_from_slice(b"[]");
        }
        text.push(b'\n');
        print(&text)?;
    } else {
        let note = match more {
            true => "… and more; --rows N prints more, -o FILE writes all".to_owned(),
            false => count(head.num_rows(), "row"),
        };
        print(format!("{}{note}\n", table(&head)?).as_bytes())?;
    }
    Ok(Outcome::Done)
}
