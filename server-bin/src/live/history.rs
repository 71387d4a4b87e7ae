//! The last places of a layout's nodes, and the frames that viewers get of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::wire::{self, Head};
use crate::error::{ApiError, ApiResult};

/// Most memory for places that viewers may still know, in bytes; two sets of places are held at least.
const MOST_BYTES: usize = 32 << 20;

/// Most sets of places, about two seconds of a layout.
const MOST: usize = 64;

/// Up to so many nodes a frame is written where it is asked for: that takes some hundredths of a millisecond.
const FEW: usize = 4096;

/// Frames of one set of places, by the frame that they change: each is written once, for all who need it.
type Frames = Vec<(Option<u32>, Arc<OnceCell<Bytes>>)>;

/// Where all nodes were at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Head of the key frame.
    head: Head,
    /// Grids that there were before: changes are told within one grid only.
    epoch: u32,
    places: Vec<u32>,
    frames: Mutex<Frames>,
}

impl Snapshot {
    pub(super) fn new(head: Head, epoch: u32, places: Vec<u32>) -> Self {
        Self { head: Head { base: None, ..head }, epoch, places, frames: Mutex::default() }
    }

    pub(super) fn sequence(&self) -> u32 {
        self.head.sequence
    }

    /// Where the nodes were, in layout units.
    pub(super) fn positions(&self) -> [Vec<f32>; 2] {
        wire::positions(self.head.grid, &self.places)
    }

    /// Writes the frame for those who have the one before, of which `changes` is the difference: most have.
    pub(super) fn prepare(&self, before: u32, changes: &[u32]) {
        let head = Head { base: Some(before), ..self.head };
        let frame = wire::encode(&head, changes.iter().copied());
        let frame = Arc::new(OnceCell::new_with(Some(frame)));
        self.lock().push((Some(before), frame));
    }

    /// The frame for those who have `base`; a key frame for the others.
    async fn frame(self: &Arc<Self>, base: Option<&Arc<Self>>) -> ApiResult<Bytes> {
        let number = base.map(|base| base.sequence());
        let cell = {
            let mut frames = self.lock();
            match frames.iter().find(|(of, _)| *of == number) {
                Some((_, cell)) => Arc::clone(cell),
                None => {
                    let cell = Arc::new(OnceCell::new());
                    frames.push((number, Arc::clone(&cell)));
                    cell
                }
            }
        };
        let write = async || {
            if self.places.len() <= FEW {
                return Ok(self.written(base.map(|base| &**base)));
            }
            let (this, base) = (Arc::clone(self), base.cloned());
            let written = tokio::task::spawn_blocking(move || this.written(base.as_deref()));
            written.await.map_err(ApiError::internal)
        };
        cell.get_or_try_init(write).await.cloned()
    }

    fn written(&self, base: Option<&Self>) -> Bytes {
        let head = Head { base: base.map(Self::sequence), ..self.head };
        match base {
            None => wire::encode(&head, self.places.iter().copied()),
            Some(base) => {
                let pairs = base.places.iter().zip(&self.places);
                wire::encode(&head, pairs.map(|(&from, &to)| wire::change(from, to)))
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last snapshots, the newest last.
#[derive(Debug)]
pub(crate) struct History {
    snapshots: Mutex<VecDeque<Arc<Snapshot>>>,
    most: usize,
}

impl History {
    pub(super) fn new(n_nodes: usize) -> Self {
        let most = (MOST_BYTES / (4 * n_nodes).max(1)).clamp(2, MOST);
        Self { snapshots: Mutex::default(), most }
    }

    pub(super) fn push(&self, snapshot: Arc<Snapshot>) {
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = snapshots.back() {
            // Whoever needs one of its frames has it.
            last.lock().clear();
            // What is in another grid, no later frame can change.
            if last.epoch != snapshot.epoch {
                snapshots.clear();
            }
        }
        if snapshots.len() == self.most {
            snapshots.pop_front();
        }
        snapshots.push_back(snapshot);
    }

    /// The frame that takes whoever has `base` to `snapshot`: changes if its places are still known, or else a
    /// key frame.
    pub(super) async fn frame(
        &self,
        snapshot: &Arc<Snapshot>,
        base: Option<u32>,
    ) -> ApiResult<Bytes> {
        let base = base.and_then(|base| self.find(snapshot, base));
        snapshot.frame(base.as_ref()).await
    }

    fn find(&self, snapshot: &Snapshot, base: u32) -> Option<Arc<Snapshot>> {
        let snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let first = snapshots.front()?.sequence();
        let found = snapshots.get(base.checked_sub(first)? as usize)?;
        (found.epoch == snapshot.epoch && base < snapshot.sequence()).then(|| Arc::clone(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::wire::{Frame, Grid, LayoutState, Reader};

    fn snapshot(sequence: u32, epoch: u32, places: &[u32]) -> Arc<Snapshot> {
        let grid = Grid { low: [0.0; 2], scale: 1.0 };
        let state = LayoutState::Running;
        let head = Head { sequence, base: None, grid, iteration: 0, movement: 0.0, state };
        Arc::new(Snapshot::new(head, epoch, places.to_vec()))
    }

    async fn frame(history: &History, of: &Arc<Snapshot>, base: Option<u32>) -> Frame {
        Frame::decode(&history.frame(of, base).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn whoever_has_any_recent_frame_gets_changes() {
        let history = History::new(1 << 20);
        assert_eq!(history.most, 8);
        for sequence in 1..=20 {
            history.push(snapshot(sequence, 0, &[sequence, 7]));
        }
        let last = snapshot(21, 0, &[1000, 2000]);
        history.push(Arc::clone(&last));
        for base in 14..21 {
            let mut reader = Reader::default();
            let before = snapshot(base, 0, &[base, 7]);
            reader.apply(&frame(&history, &before, None).await).unwrap();
            let changes = frame(&history, &last, Some(base)).await;
            assert_eq!(changes.head.base, Some(base));
            reader.apply(&changes).unwrap();
            assert_eq!(reader.places(), [1000, 2000]);
        }
        for base in [0, 13, 21, 22, u32::MAX] {
            assert_eq!(frame(&history, &last, Some(base)).await.head.base, None, "{base}");
        }
    }

    #[tokio::test]
    async fn a_new_grid_begins_with_a_key_frame() {
        let history = History::new(2);
        history.push(snapshot(1, 0, &[5, 6]));
        let last = snapshot(2, 1, &[7, 8]);
        history.push(Arc::clone(&last));
        assert_eq!(frame(&history, &last, Some(1)).await.head.base, None);
    }

    #[tokio::test]
    async fn a_frame_is_written_once_for_all() {
        let history = History::new(2);
        history.push(snapshot(1, 0, &[5, 6]));
        let last = snapshot(2, 0, &[7, 8]);
        last.prepare(1, &[2, 2]);
        history.push(Arc::clone(&last));
        for base in [None, Some(1)] {
            let [one, other] = [
                history.frame(&last, base).await.unwrap(),
                history.frame(&last, base).await.unwrap(),
            ];
            assert_eq!(one.as_ptr(), other.as_ptr());
        }
        assert_eq!(last.lock().len(), 2);
        history.push(snapshot(3, 0, &[7, 8]));
        assert_eq!(last.lock().len(), 0);
    }
}
