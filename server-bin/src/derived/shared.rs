//! What takes long to compute, as bytes that servers share: measures, and layouts of pictures.
//!
//! A server that cannot read it, or that nobody answers, computes it: nothing is lost but time.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Float32Array, RecordBatch};
use arrow::datatypes::Float32Type;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use graphlume::etl::analytics::measures::Measured;
use ring::digest::{SHA256, digest};

use super::{Held, Key, What};
use crate::states::States;
use crate::store::Dataset;

/// Largest that is shared, in bytes: it has to be sent within the second after which what is shared counts as away.
const LARGEST: usize = 2 << 20;

/// How long it is kept.
const LIFETIME: Duration = Duration::from_hours(1);

/// A place among what servers share for one thing that was computed.
#[derive(Debug)]
pub(super) struct Place {
    states: Arc<dyn States>,
    name: String,
    what: What,
    rows: [usize; 2],
}

impl Place {
    /// The place of a thing that is shared; `None` for what is computed sooner than asked for.
    pub(super) fn of(states: &Arc<dyn States>, dataset: &Dataset, key: &Key) -> Option<Self> {
        let what = match &key.what {
            What::Measure(name) => *name,
            What::Positions => "positions",
            What::Order { .. } | What::Rows { .. } => return None,
        };
        // Another version may compute it in another way.
        let version = env!("CARGO_PKG_VERSION");
        let name = format!("derived:{version}:{}:{}:{what}", key.dataset, key.updated_at);
        let rows = dataset.size?.map(|n| usize::try_from(n).unwrap_or(0));
        Some(Self { states: Arc::clone(states), name, what: key.what.clone(), rows })
    }

    /// What another server left there.
    pub(super) async fn find(self: &Arc<Self>) -> Option<Held> {
        let bytes = self.states.get(&self.name).await.ok()??;
        let place = Arc::clone(self);
        tokio::task::spawn_blocking(move || place.read(&bytes)).await.ok()?
    }

    /// Leaves it there for others. Nobody waits for that.
    pub(super) fn keep(self: Arc<Self>, held: &Held) {
        if LARGEST < held.bytes() {
            return;
        }
        let held = held.clone();
        tokio::spawn(async move {
            let written = tokio::task::spawn_blocking(move || written(&held)).await;
            if let Ok(Some(bytes)) = written
                && bytes.len() <= LARGEST
            {
                // If others cannot have it, they compute it.
                let _ = self.states.exchange(&self.name, None, Some(&bytes), LIFETIME).await;
            }
        });
    }

    /// What bytes say, if they are about as many rows as there are.
    fn read(&self, bytes: &[u8]) -> Option<Held> {
        let [summary, nodes, edges] = parts(whole(bytes)?)?;
        let [nodes, edges] = [table(nodes, self.rows[0])?, table(edges, self.rows[1])?];
        match self.what {
            What::Measure(_) => {
                let summary = serde_json::from_slice(summary).ok()?;
                Some(Held::Measured(Arc::new(Measured { nodes, edges, summary })))
            }
            What::Positions => {
                let [(_, x), (_, y)] = nodes.as_slice() else { return None };
                let column = |values: &ArrayRef| {
                    Some(values.as_primitive_opt::<Float32Type>()?.values().to_vec())
                };
                Some(Held::Positions(Arc::new([column(x)?, column(y)?])))
            }
            What::Order { .. } | What::Rows { .. } => None,
        }
    }
}

/// A summary, columns of nodes and columns of edges, each behind its length, and all behind their hash.
fn written(held: &Held) -> Option<Vec<u8>> {
    let (summary, nodes, edges) = match held {
        Held::Measured(found) => {
            (serde_json::to_vec(&found.summary).ok()?, stream(&found.nodes), stream(&found.edges))
        }
        Held::Positions(positions) => {
            let column = |name: &str, values: &Vec<f32>| {
                (name.to_owned(), Arc::new(Float32Array::from(values.clone())) as ArrayRef)
            };
            let columns = [column("x", &positions[0]), column("y", &positions[1])];
            (Vec::new(), stream(&columns), Ok(Vec::new()))
        }
        Held::Order(_) | Held::Rows(_) => return None,
    };
    let parts = [summary, nodes.ok()?, edges.ok()?];
    let lengths = parts.iter().flat_map(|part| (part.len() as u64).to_le_bytes());
    let content: Vec<u8> = lengths.chain(parts.iter().flatten().copied()).collect();
    Some([digest(&SHA256, &content).as_ref(), &content].concat())
}

/// What is behind a hash, if it is what was hashed: the reader of Arrow may panic at anything else.
fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let (hash, content) = bytes.split_at_checked(SHA256.output_len())?;
    (digest(&SHA256, content).as_ref() == hash).then_some(content)
}

fn parts(bytes: &[u8]) -> Option<[&[u8]; 3]> {
    let (lengths, mut rest) = bytes.split_at_checked(24)?;
    let mut parts = [[].as_slice(); 3];
    for (part, length) in parts.iter_mut().zip(lengths.chunks_exact(8)) {
        let length = u64::from_le_bytes(length.try_into().ok()?);
        (*part, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    }
    rest.is_empty().then_some(parts)
}

/// Columns as a stream of Arrow; nothing for none.
fn stream(columns: &[(String, ArrayRef)]) -> Result<Vec<u8>, ArrowError> {
    let mut bytes = Vec::new();
    if !columns.is_empty() {
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.iter().map(|(name, column)| (name, Arc::clone(column), true)),
        )?;
        let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
        writer.write(&batch)?;
        writer.finish()?;
    }
    Ok(bytes)
}

/// The columns of a stream with so many rows.
fn table(bytes: &[u8], rows: usize) -> Option<Vec<(String, ArrayRef)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut batches = StreamReader::try_new(bytes, None).ok()?;
    let batch = batches.next()?.ok()?;
    let fields = batch.schema();
    let names = fields.fields().iter().map(|field| field.name().clone());
    (batch.num_rows() == rows).then(|| names.zip(batch.columns().iter().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, UInt32Array};
    use serde_json::json;

    use super::*;
    use crate::states::Memory;

    fn place(what: What, rows: [usize; 2]) -> Arc<Place> {
        Arc::new(Place { states: Arc::new(Memory::default()), name: "p".to_owned(), what, rows })
    }

    async fn kept(place: &Arc<Place>, held: &Held) -> Option<Held> {
        Arc::clone(place).keep(held);
        for _ in 0..200 {
            if let Some(found) = place.find().await {
                return Some(found);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    #[tokio::test]
    async fn a_measure_is_found_as_it_was_left() {
        let column = |values: ArrayRef| vec![("a".to_owned(), values)];
        let summary = json!({"iterations": 3, "name": "x"}).as_object().unwrap().clone();
        let measured = Arc::new(Measured {
            nodes: column(Arc::new(Float64Array::from(vec![Some(0.1), None, Some(f64::MAX)]))),
            edges: column(Arc::new(UInt32Array::from(vec![7, 8]))),
            summary,
        });
        let place = place(What::Measure("degree"), [3, 2]);
        let Some(Held::Measured(found)) =
            kept(&place, &Held::Measured(Arc::clone(&measured))).await
        else {
            panic!("nothing was found")
        };
        assert_eq!((&found.nodes, &found.edges), (&measured.nodes, &measured.edges));
        assert_eq!(found.summary, measured.summary);
    }

    #[tokio::test]
    async fn positions_are_found_and_those_of_another_graph_are_not() {
        let positions = Arc::new([vec![1.5, -2.5], vec![f32::MIN, 0.0]]);
        let held = Held::Positions(Arc::clone(&positions));
        let Some(Held::Positions(found)) = kept(&place(What::Positions, [2, 9]), &held).await
        else {
            panic!("nothing was found")
        };
        assert_eq!(found, positions);
        let bytes = written(&held).unwrap();
        assert!(place(What::Positions, [3, 9]).read(&bytes).is_none());
    }

    #[test]
    fn bytes_that_are_cut_or_changed_are_nothing() {
        let held = Held::Positions(Arc::new([vec![1.0, 2.0], vec![3.0, 4.0]]));
        let bytes = written(&held).unwrap();
        let place = place(What::Positions, [2, 0]);
        assert!(place.read(&bytes).is_some());
        for length in 0..bytes.len() {
            assert!(place.read(&bytes[..length]).is_none(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            assert!(place.read(&changed).is_none(), "{at}");
        }
    }
}
