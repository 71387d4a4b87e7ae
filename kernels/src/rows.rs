//! Rows of a CSR by length, so that each gets as many threads as it can use.

use crate::{Buffer, Device, Result};

/// Up to this length a row is summed by one thread.
const SHORT: u32 = 32;

/// Up to this length a row is summed by one group of 32.
const MEDIUM: u32 = 4096;

/// Longer rows are cut into chunks of this length, one group of 256 each.
const CHUNK: u32 = 4096;

/// The rows of a CSR that are not empty, by length.
///
/// | array    | shape         | meaning                                                       |
/// |----------|---------------|---------------------------------------------------------------|
/// | `short`  | `[rows]`      | a thread each; neighbors in the list are about equally long   |
/// | `medium` | `[rows]`      | a group of 32 each                                            |
/// | `cut`, `begins`, `ends` | `[chunks]` | which part of which long row a chunk is     |
/// | `long`   | `[rows]`      | rows that were cut                                            |
/// | `firsts` | `[rows + 1]`  | chunks `firsts[i]..firsts[i + 1]` make row `long[i]`          |
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) short: Buffer<u32>,
    pub(crate) medium: Buffer<u32>,
    pub(crate) cut: Buffer<u32>,
    pub(crate) begins: Buffer<u32>,
    pub(crate) ends: Buffer<u32>,
    pub(crate) long: Buffer<u32>,
    pub(crate) firsts: Buffer<u32>,
    /// Edges in short, medium and long rows.
    pub(crate) n_edges: [u64; 3],
}

impl Rows {
    /// Sorts the rows of a CSR with these ascending `offsets`, shape `[rows + 1]`. O(rows).
    pub(crate) fn split(device: Device, offsets: &[u32]) -> Result<Self> {
        // Short rows in classes of up to 1, 2, 4, 8, 16 and 32 edges: lanes that run side by
        // side then end at about the same time.
        let mut short: [Vec<u32>; 6] = Default::default();
        let (mut medium, mut long) = (Vec::new(), Vec::new());
        let (mut cut, mut begins, mut ends, mut firsts) =
            (Vec::new(), Vec::new(), Vec::new(), vec![0]);
        let mut n_edges = [0; 3];
        for (row, range) in offsets.windows(2).enumerate() {
            let (begin, end) = (range[0], range[1]);
            let (row, len) = (row as u32, end - begin);
            match len {
                0 => {}
                1..=SHORT => {
                    short[len.next_power_of_two().trailing_zeros() as usize].push(row);
                    n_edges[0] += u64::from(len);
                }
                _ if len <= MEDIUM => {
                    medium.push(row);
                    n_edges[1] += u64::from(len);
                }
                _ => {
                    for at in (begin..end).step_by(CHUNK as usize) {
                        cut.push(row);
                        begins.push(at);
                        ends.push(end.min(at.saturating_add(CHUNK)));
                    }
                    long.push(row);
                    firsts.push(cut.len() as u32);
                    n_edges[2] += u64::from(len);
                }
            }
        }
        let upload = |values: &[u32]| Buffer::upload(device, values);
        Ok(Self {
            short: upload(&short.concat())?,
            medium: upload(&medium)?,
            cut: upload(&cut)?,
            begins: upload(&begins)?,
            ends: upload(&ends)?,
            long: upload(&long)?,
            firsts: upload(&firsts)?,
            n_edges,
        })
    }

    /// Most bytes that the lists of a CSR of `rows` rows and `edges` edges take.
    pub(crate) fn bytes(rows: u64, edges: u64) -> u64 {
        // A row is in one list; a long one adds a chunk for each 4096 edges, and one more.
        let long = (edges / u64::from(MEDIUM)).min(rows);
        4 * rows + 12 * (edges / u64::from(CHUNK) + long) + 4 * (long + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_is_in_one_list() {
        let lengths = [0, 1, 5, 32, 33, 4096, 4097, 100_000, 2, 0, 8192];
        let mut offsets = vec![0];
        for len in lengths {
            offsets.push(offsets.last().unwrap() + len);
        }
        let rows = Rows::split(Device::Cpu, &offsets).unwrap();
        let list = |buffer: &Buffer<u32>| buffer.as_slice().unwrap().to_vec();
        assert_eq!(list(&rows.short), [1, 8, 2, 3]);
        assert_eq!(list(&rows.medium), [4, 5]);
        assert_eq!(list(&rows.long), [6, 7, 10]);
        assert_eq!(list(&rows.firsts), [0, 2, 27, 29]);
        let (begins, ends) = (list(&rows.begins), list(&rows.ends));
        for (i, row) in list(&rows.long).into_iter().enumerate() {
            let chunks = list(&rows.firsts)[i] as usize..list(&rows.firsts)[i + 1] as usize;
            assert_eq!(begins[chunks.start], offsets[row as usize]);
            assert_eq!(ends[chunks.end - 1], offsets[row as usize + 1]);
            assert!(chunks.clone().skip(1).all(|chunk| begins[chunk] == ends[chunk - 1]));
        }
        assert_eq!(rows.n_edges.iter().sum::<u64>(), u64::from(*offsets.last().unwrap()));
        let edges = u64::from(*offsets.last().unwrap());
        let total = rows.short.len() + rows.medium.len() + rows.long.len();
        let used = 4 * (total + 3 * begins.len() + rows.firsts.len()) as u64;
        assert!(used <= Rows::bytes(lengths.len() as u64, edges));
    }
}
