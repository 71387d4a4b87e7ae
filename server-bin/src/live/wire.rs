//! Frames of a live layout as bytes, and what puts them together again.
//!
//! The format is that of `docs/stream.md`. [`Frame`] is one message, [`Reader`] what a viewer makes of many:
//!
//! ```
//! use graphlume_server::stream::{Frame, Grid, Head, LayoutState, Reader};
//!
//! let head = Head {
//!     sequence: 1,
//!     base: None,
//!     grid: Grid { low: [-1.0, -1.0], scale: 32767.5 },
//!     iteration: 10,
//!     movement: 0.25,
//!     state: LayoutState::Running,
//! };
//! let frame = Frame { head, changes: vec![0, 0xffff] };
//! let mut reader = Reader::default();
//! reader.apply(&Frame::decode(&frame.encode())?)?;
//! assert_eq!(reader.position(1), Some([1.0, -1.0]));
//! # Ok::<(), graphlume_server::stream::WireError>(())
//! ```

use bytes::{BufMut, Bytes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use graphlume::layout::Grid;

/// Version of the stream, as said in its greeting.
pub const VERSION: u32 = 1;

/// Bytes before the changes.
const HEADER: usize = 40;

/// What a message of this format begins with.
const KIND: u8 = 1;

/// Flag: the changes are from place (0, 0).
const IS_KEY: u8 = 1;

/// Flag: the changes have as many bytes as they need.
const IS_VARIABLE: u8 = 2;

/// What a layout is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LayoutState {
    /// Its nodes move.
    Running,
    /// It was stopped, and goes on when asked to.
    Paused,
    /// Its nodes have found their places.
    Settled,
    /// It holds no memory; when asked to go on, it begins from where it was.
    Stopped,
}

impl LayoutState {
    fn from_number(number: u32) -> Option<Self> {
        [Self::Running, Self::Paused, Self::Settled, Self::Stopped].get(number as usize).copied()
    }
}

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// Its number, from 1.
    pub sequence: u32,
    /// Number of the frame that it changes; `None` for a key frame, which changes place (0, 0).
    pub base: Option<u32>,
    /// Where places are. That of a key frame holds until the next.
    pub grid: Grid,
    /// Steps that were made.
    pub iteration: u32,
    /// Mean way of a node in the last of them, in layout units.
    pub movement: f32,
    /// What the layout is doing.
    pub state: LayoutState,
}

/// Where all nodes are, as changes since an earlier frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// What it says of itself.
    pub head: Head,
    /// Change of each node's place, shape `[n]`: x in the low 16 bits, y in the high ones, each modulo 65536.
    pub changes: Vec<u32>,
}

/// A frame that cannot be read, or not be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// It ends before its changes begin.
    #[error("a frame of {found} bytes has no room for its {HEADER} bytes of header")]
    TooShort {
        /// Its bytes.
        found: usize,
    },
    /// It is of a kind, or has a flag, that this version does not know.
    #[error(
        "frame of kind {kind} with flags {flags:#04x}; only kind {KIND} with flags up to 0x03 is known"
    )]
    Unknown {
        /// Its kind.
        kind: u8,
        /// Its flags.
        flags: u8,
    },
    /// Numbers of its header exclude one another.
    #[error("the {field} of a frame cannot be {value}")]
    BadHeader {
        /// Which number.
        field: &'static str,
        /// Its value, or the bits of it.
        value: u32,
    },
    /// It has more or fewer bytes of changes than its nodes ask for.
    #[error("{found} bytes of changes are not those of {n_nodes} nodes")]
    BadLength {
        /// Bytes behind the header.
        found: usize,
        /// Nodes, as its header says.
        n_nodes: usize,
    },
    /// A change is no number of 16 bits.
    #[error("the number at byte {at} of the changes has more than 16 bits")]
    BadNumber {
        /// Where it begins.
        at: usize,
    },
    /// It changes a frame that is not the one before. What helps is to ask for a key frame.
    #[error("the frame changes number {base}, but the last one was {found}")]
    MissingBase {
        /// Which it changes.
        base: u32,
        /// Which was applied last; 0 if none was.
        found: u32,
    },
}

/// A place moved by a change, each half modulo 65536.
pub(super) fn moved(place: u32, change: u32) -> u32 {
    let x = (place as u16).wrapping_add(change as u16);
    let y = ((place >> 16) as u16).wrapping_add((change >> 16) as u16);
    u32::from(x) | u32::from(y) << 16
}

/// The change that takes `from` to `to`.
pub(super) fn change(from: u32, to: u32) -> u32 {
    let x = (to as u16).wrapping_sub(from as u16);
    let y = ((to >> 16) as u16).wrapping_sub((from >> 16) as u16);
    u32::from(x) | u32::from(y) << 16
}

/// A change of 16 bits as a number that is small if the change is, whatever its sign.
fn zigzag(change: u16) -> u16 {
    let signed = change as i16;
    ((signed << 1) ^ (signed >> 15)) as u16
}

fn unzigzag(number: u16) -> u16 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Writes a frame in its shorter form. O(n).
pub(super) fn encode(head: &Head, changes: impl ExactSizeIterator<Item = u32> + Clone) -> Bytes {
    let n = changes.len();
    let whole = HEADER + 4 * n;
    // Places of a key frame have no small numbers: their variable form is longer, but for few nodes by chance.
    let variable = if head.base.is_some() { encode_variable(head, changes.clone()) } else { None };
    let bytes = variable.unwrap_or_else(|| {
        let mut bytes = Vec::with_capacity(whole);
        put_header(&mut bytes, head, n, 0);
        for change in changes {
            bytes.put_u32_le(change);
        }
        bytes
    });
    Bytes::from(bytes)
}

/// The variable form, if it is shorter than the fixed one.
fn encode_variable(head: &Head, changes: impl ExactSizeIterator<Item = u32>) -> Option<Vec<u8>> {
    let n = changes.len();
    let most = HEADER + 4 * n;
    // One node may go past the end before it is seen.
    let mut bytes = Vec::with_capacity(most + 6);
    put_header(&mut bytes, head, n, IS_VARIABLE);
    for change in changes {
        for half in [change as u16, (change >> 16) as u16] {
            let mut number = zigzag(half);
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
        }
        if bytes.len() >= most {
            return None;
        }
    }
    bytes.shrink_to_fit();
    Some(bytes)
}

fn put_header(bytes: &mut Vec<u8>, head: &Head, n: usize, form: u8) {
    bytes.put_u8(KIND);
    bytes.put_u8(form | if head.base.is_none() { IS_KEY } else { 0 });
    bytes.put_u16_le(0);
    bytes.put_u32_le(head.sequence);
    bytes.put_u32_le(head.base.unwrap_or(0));
    bytes.put_u32_le(n as u32);
    bytes.put_f32_le(head.grid.low[0]);
    bytes.put_f32_le(head.grid.low[1]);
    bytes.put_f32_le(head.grid.scale);
    bytes.put_u32_le(head.iteration);
    bytes.put_f32_le(head.movement);
    bytes.put_u32_le(head.state as u32);
}

impl Frame {
    /// The frame as a message, in the shorter of its two forms. O(n).
    pub fn encode(&self) -> Bytes {
        encode(&self.head, self.changes.iter().copied())
    }

    /// Reads a message, which may hold anything. O(n) time; memory of at most twice the message.
    ///
    /// # Errors
    ///
    /// All [`WireError`]s but [`WireError::MissingBase`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let Some((header, payload)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(WireError::TooShort { found: bytes.len() });
        };
        let (kind, flags) = (header[0], header[1]);
        if kind != KIND || flags > IS_KEY | IS_VARIABLE {
            return Err(WireError::Unknown { kind, flags });
        }
        let word = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let refused = |field, at| Err(WireError::BadHeader { field, value: word(at) });
        let number = |at: usize| f32::from_bits(word(at));
        let (sequence, base) = (word(4), word(8));
        if sequence == 0 {
            return refused("sequence", 4);
        }
        if (base == 0) != (flags & IS_KEY != 0) || base >= sequence {
            return refused("base", 8);
        }
        let grid = Grid { low: [number(16), number(20)], scale: number(24) };
        for (field, at) in [("low x", 16), ("low y", 20), ("scale", 24)] {
            if !number(at).is_finite() {
                return refused(field, at);
            }
        }
        if grid.scale <= 0.0 {
            return refused("scale", 24);
        }
        let Some(state) = LayoutState::from_number(word(36)) else { return refused("state", 36) };
        let n_nodes = word(12) as usize;
        let changes = match flags & IS_VARIABLE {
            0 => fixed(payload, n_nodes)?,
            _ => variable(payload, n_nodes)?,
        };
        let base = (base > 0).then_some(base);
        let (iteration, movement) = (word(28), number(32));
        Ok(Self { head: Head { sequence, base, grid, iteration, movement, state }, changes })
    }
}

fn fixed(payload: &[u8], n_nodes: usize) -> Result<Vec<u32>, WireError> {
    let (words, rest) = payload.as_chunks::<4>();
    if words.len() != n_nodes || !rest.is_empty() {
        return Err(WireError::BadLength { found: payload.len(), n_nodes });
    }
    Ok(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

fn variable(payload: &[u8], n_nodes: usize) -> Result<Vec<u32>, WireError> {
    let bad_length = WireError::BadLength { found: payload.len(), n_nodes };
    // Each node has two numbers of one to three bytes: more nodes than that get no memory.
    if payload.len() / 2 < n_nodes || payload.len().div_ceil(6) > n_nodes {
        return Err(bad_length);
    }
    let mut at = 0;
    let mut next = || {
        let begin = at;
        let mut number: u32 = 0;
        for shift in [0, 7, 14] {
            let byte = *payload.get(at).ok_or(bad_length)?;
            at += 1;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let number = u16::try_from(number);
                return number.map(unzigzag).map_err(|_| WireError::BadNumber { at: begin });
            }
        }
        Err(WireError::BadNumber { at: begin })
    };
    let mut changes = Vec::with_capacity(n_nodes);
    for _ in 0..n_nodes {
        let (x, y) = (next()?, next()?);
        changes.push(u32::from(x) | u32::from(y) << 16);
    }
    if at == payload.len() { Ok(changes) } else { Err(bad_length) }
}

/// What a viewer knows of a layout: where its nodes are, after all frames so far.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    head: Option<Head>,
    places: Vec<u32>,
}

impl Reader {
    /// Takes in a frame. If it is refused, nothing has changed.
    ///
    /// # Errors
    ///
    /// [`WireError::MissingBase`] if it changes another frame than the last, [`WireError::BadLength`] if it is of
    /// another number of nodes.
    pub fn apply(&mut self, frame: &Frame) -> Result<(), WireError> {
        let n_nodes = frame.changes.len();
        match frame.head.base {
            None => self.places.clone_from(&frame.changes),
            Some(base) if base != self.sequence() => {
                return Err(WireError::MissingBase { base, found: self.sequence() });
            }
            Some(_) if n_nodes != self.places.len() => {
                return Err(WireError::BadLength {
                    found: 4 * n_nodes,
                    n_nodes: self.places.len(),
                });
            }
            Some(_) => {
                for (place, &change) in self.places.iter_mut().zip(&frame.changes) {
                    *place = moved(*place, change);
                }
            }
        }
        self.head = Some(frame.head);
        Ok(())
    }

    /// Number of the last frame; 0 if there was none.
    pub fn sequence(&self) -> u32 {
        self.head.map_or(0, |head| head.sequence)
    }

    /// What the last frame said of itself.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Place of each node, shape `[n]`: x in the low 16 bits, y in the high ones.
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// Where node `u` is, in layout units, if it is there.
    pub fn position(&self, u: usize) -> Option<[f32; 2]> {
        let grid = self.head?.grid;
        self.places.get(u).map(|&place| position(grid, place))
    }

    /// Where all nodes are, in layout units, shape `[n]` each.
    pub fn positions(&self) -> [Vec<f32>; 2] {
        let grid = self.head.map_or(Grid { low: [0.0; 2], scale: 1.0 }, |head| head.grid);
        positions(grid, &self.places)
    }
}

/// The position of a place, in layout units.
fn position(grid: Grid, place: u32) -> [f32; 2] {
    let [x, y] = grid.low;
    [x + (place & 0xffff) as f32 / grid.scale, y + (place >> 16) as f32 / grid.scale]
}

/// The positions of places, in layout units.
pub(super) fn positions(grid: Grid, places: &[u32]) -> [Vec<f32>; 2] {
    places
        .iter()
        .map(|&place| position(grid, place).into())
        .unzip::<f32, f32, Vec<_>, Vec<_>>()
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn state() -> impl Strategy<Value = LayoutState> {
        (0_u32..4).prop_map(|number| LayoutState::from_number(number).unwrap())
    }

    /// Changes of layouts in all phases: wild, slow and at rest.
    fn changes() -> impl Strategy<Value = Vec<u32>> {
        let half = prop_oneof![any::<u16>(), (-3_i16..=3).prop_map(|small| small as u16), Just(0)];
        vec((half.clone(), half).prop_map(|(x, y)| u32::from(x) | u32::from(y) << 16), 0..200)
    }

    prop_compose! {
        fn frame()(
            (before, after) in (0_u32..u32::MAX).prop_flat_map(|before| (Just(before), before + 1..=u32::MAX)),
            low in [-1e6_f32..1e6, -1e6_f32..1e6],
            scale in 1e-6_f32..1e6,
            iteration: u32,
            movement in 0_f32..1e6,
            state in state(),
            changes in changes(),
        ) -> Frame {
            let (grid, base) = (Grid { low, scale }, (before > 0).then_some(before));
            Frame { head: Head { sequence: after, base, grid, iteration, movement, state }, changes }
        }
    }

    fn head(sequence: u32, base: Option<u32>) -> Head {
        let grid = Grid { low: [0.0; 2], scale: 1.0 };
        Head { sequence, base, grid, iteration: 0, movement: 0.0, state: LayoutState::Running }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(frame in frame()) {
            let bytes = frame.encode();
            prop_assert!(bytes.len() <= HEADER + 4 * frame.changes.len());
            prop_assert_eq!(Frame::decode(&bytes), Ok(frame));
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
            let _ = Frame::decode(&bytes);
        }

        #[test]
        fn a_header_before_arbitrary_bytes_is_no_danger(
            frame in frame(), n: u32, flags in 0_u8..4, rest in vec(any::<u8>(), 0..400),
        ) {
            let mut bytes = frame.encode()[..HEADER].to_vec();
            bytes[1] = flags;
            bytes[12..16].copy_from_slice(&n.to_le_bytes());
            bytes.extend(&rest);
            if let Ok(frame) = Frame::decode(&bytes) {
                prop_assert_eq!(frame.changes.len(), n as usize);
            }
        }

        #[test]
        fn a_frame_with_a_byte_more_or_less_is_refused(frame in frame()) {
            let mut bytes = frame.encode().to_vec();
            bytes.push(0);
            prop_assert!(Frame::decode(&bytes).is_err());
            bytes.truncate(bytes.len() - 2);
            prop_assert!(Frame::decode(&bytes).is_err());
        }

        #[test]
        fn a_changed_byte_of_a_frame_is_read_or_refused(frame in frame(), at: usize, xor: u8) {
            let mut bytes = frame.encode().to_vec();
            let at = at % bytes.len();
            bytes[at] ^= xor;
            if let Ok(other) = Frame::decode(&bytes) {
                prop_assert_eq!(other.changes.len(), frame.changes.len());
            }
        }

        #[test]
        fn changes_lead_from_one_place_to_the_other(from: u32, to: u32) {
            prop_assert_eq!(moved(from, change(from, to)), to);
        }

        #[test]
        fn a_zigzag_is_turned_back(half: u16) {
            prop_assert_eq!(unzigzag(zigzag(half)), half);
        }

        #[test]
        fn a_reader_knows_the_last_places(rounds in vec(vec(any::<u32>(), 5), 1..10)) {
            let mut reader = Reader::default();
            for (i, places) in rounds.iter().enumerate() {
                let before = reader.places().to_vec();
                let is_key = i % 4 == 0;
                let from = |u: usize| if is_key { 0 } else { before[u] };
                let changes = (0..5).map(|u| change(from(u), places[u])).collect();
                let base = (!is_key).then_some(i as u32);
                let frame = Frame { head: head(i as u32 + 1, base), changes };
                reader.apply(&Frame::decode(&frame.encode()).unwrap()).unwrap();
                prop_assert_eq!(reader.places(), &places[..]);
            }
        }
    }

    #[test]
    fn small_changes_take_two_bytes_a_node_and_large_ones_four() {
        let small = Frame { head: head(2, Some(1)), changes: vec![0x0001_ffff; 100] };
        assert_eq!(small.encode().len(), HEADER + 200);
        let large = Frame { head: head(2, Some(1)), changes: vec![0x7fff_8000; 100] };
        assert_eq!(large.encode().len(), HEADER + 400);
    }

    #[test]
    fn the_header_is_that_of_the_documentation() {
        let grid = Grid { low: [-2.0, 3.0], scale: 0.5 };
        let state = LayoutState::Settled;
        let head = Head { sequence: 7, base: Some(6), grid, iteration: 9, movement: 0.25, state };
        let bytes = Frame { head, changes: vec![0x0001_ffff, 0x0080_0040] }.encode();
        assert_eq!(bytes[..16], [1, 2, 0, 0, 7, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(bytes[16..28], [0, 0, 0, 0xc0, 0, 0, 0x40, 0x40, 0, 0, 0, 0x3f]);
        assert_eq!(bytes[28..40], [9, 0, 0, 0, 0, 0, 0x80, 0x3e, 2, 0, 0, 0]);
        assert_eq!(bytes[40..], [1, 2, 0x80, 1, 0x80, 2]);
    }

    #[test]
    fn a_frame_on_another_than_the_last_changes_nothing() {
        let mut reader = Reader::default();
        let key = Frame { head: head(4, None), changes: vec![5, 6] };
        let next = |base, n| Frame { head: head(9, Some(base)), changes: vec![1; n] };
        assert_eq!(reader.apply(&next(4, 2)), Err(WireError::MissingBase { base: 4, found: 0 }));
        reader.apply(&key).unwrap();
        assert_eq!(reader.apply(&next(5, 2)), Err(WireError::MissingBase { base: 5, found: 4 }));
        assert_eq!(reader.apply(&next(4, 3)), Err(WireError::BadLength { found: 12, n_nodes: 2 }));
        assert_eq!((reader.sequence(), reader.places()), (4, &[5, 6][..]));
    }

    #[test]
    fn bad_headers_are_told_by_name() {
        let good = Frame { head: head(4, Some(3)), changes: vec![0x1234_5678] }.encode();
        let with = |at: usize, bytes: &[u8]| {
            let mut frame = good.to_vec();
            frame[at..at + bytes.len()].copy_from_slice(bytes);
            Frame::decode(&frame)
        };
        assert!(with(0, &[1]).is_ok());
        assert_eq!(with(0, &[2]), Err(WireError::Unknown { kind: 2, flags: 0 }));
        assert_eq!(with(1, &[4]), Err(WireError::Unknown { kind: 1, flags: 4 }));
        let refused = |field, value| Err(WireError::BadHeader { field, value });
        assert_eq!(with(1, &[1]), refused("base", 3));
        assert_eq!(with(4, &[0]), refused("sequence", 0));
        assert_eq!(with(8, &[4]), refused("base", 4));
        assert_eq!(with(24, &(-1.0_f32).to_le_bytes()), refused("scale", (-1.0_f32).to_bits()));
        assert_eq!(with(16, &f32::NAN.to_le_bytes()), refused("low x", f32::NAN.to_bits()));
        assert_eq!(with(36, &[4]), refused("state", 4));
        assert_eq!(Frame::decode(&good[..39]), Err(WireError::TooShort { found: 39 }));
    }
}
