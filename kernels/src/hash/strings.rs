//! Strings on a device: how they lie there, their hashes, and a table of them.

use super::{FIND_STRINGS, Factors, Keys, NONE, STRINGS, translate_on_device};
use crate::buffer::check_len;
use crate::segments::check_offsets;
use crate::{Buffer, Device, Places, Result, cpu};

/// Strings on a device: the bytes of all, one after the other.
///
/// | array     | shape     | meaning                                          |
/// |-----------|-----------|--------------------------------------------------|
/// | `offsets` | `[n + 1]` | string `i` is bytes `offsets[i]..offsets[i + 1]` |
/// | `words`   | bytes / 4 | the bytes, four to a word, the first lowest      |
#[derive(Debug)]
pub struct DeviceStrings {
    pub(super) offsets: Buffer<u32>,
    pub(super) words: Buffer<u32>,
}

impl DeviceStrings {
    /// A copy on `device` of strings whose bytes stand in `bytes`, one after the other. O(bytes).
    ///
    /// # Errors
    ///
    /// [`Error::BadEntry`](crate::Error::BadEntry) if offsets do not begin with 0 or fall, [`Error::LengthMismatch`](crate::Error::LengthMismatch) if
    /// the last is not the number of bytes, [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn upload(device: Device, offsets: &[u32], bytes: &[u8]) -> Result<Self> {
        check_offsets(offsets)?;
        check_len("bytes", bytes.len(), offsets[offsets.len() - 1] as usize)?;
        let mut words = Buffer::zeros(device, bytes.len().div_ceil(4))?;
        // Pieces, so that no second copy of all is made; each begins at a whole word.
        for (piece, bytes) in bytes.chunks(1 << 24).enumerate() {
            let mut host = vec![0_u32; bytes.len().div_ceil(4)];
            for (word, chunk) in host.iter_mut().zip(bytes.chunks(4)) {
                let mut four = [0; 4];
                four[..chunk.len()].copy_from_slice(chunk);
                *word = u32::from_le_bytes(four);
            }
            words.write(piece << 22, &host)?;
        }
        Ok(Self { offsets: Buffer::upload(device, offsets)?, words })
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no strings.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The device they lie on.
    pub fn device(&self) -> Device {
        self.offsets.device()
    }

    /// Bytes of all strings together.
    pub(super) fn n_bytes(&self) -> u64 {
        4 * self.words.len() as u64
    }

    /// A hash of 64 bits of the bytes of each.
    pub(super) fn hashes(&self) -> Result<Buffer<u64>> {
        let device = self.device();
        let mut hashes = Buffer::uninit(device, self.len())?;
        if let Some(host) = hashes.as_mut_slice() {
            let rows = HostStrings::new(self)?;
            for (row, hash) in host.iter_mut().enumerate() {
                *hash = cpu::hash::mix_bytes(rows.get(row));
            }
            return Ok(hashes);
        }
        let n = hashes.len_u32("strings")?;
        let args = [(&self.offsets).into(), (&self.words).into(), (&mut hashes).into(), n.into()];
        let bytes = 12 * u64::from(n) + self.n_bytes();
        device.launch(&STRINGS, STRINGS.groups_for(n as usize), bytes, &args)?;
        Ok(hashes)
    }
}

/// The bytes of strings that are the CPU's.
pub(super) struct HostStrings<'a> {
    offsets: &'a [u32],
    bytes: &'a [u8],
}

impl<'a> HostStrings<'a> {
    pub(super) fn new(strings: &'a DeviceStrings) -> Result<Self> {
        let bytes = bytemuck::cast_slice(strings.words.host()?);
        Ok(Self { offsets: strings.offsets.host()?, bytes })
    }

    pub(super) fn get(&self, row: usize) -> &'a [u8] {
        &self.bytes[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// Strings in a table, to be looked up.
#[derive(Debug)]
pub struct StringLookup {
    strings: DeviceStrings,
    hashes: Buffer<u64>,
    table: Buffer<u32>,
    factors: Factors,
}

impl StringLookup {
    /// Takes strings, and numbers the distinct ones as [`factorize_strings`](crate::factorize_strings) does.
    ///
    /// # Errors
    ///
    /// Those of [`factorize`](crate::factorize).
    pub fn new(strings: DeviceStrings) -> Result<Self> {
        let hashes = strings.hashes()?;
        let (table, factors) = Keys::<u32>::Strings(&strings, &hashes).factorize()?;
        Ok(Self { strings, hashes, table, factors })
    }

    /// The distinct strings.
    pub fn factors(&self) -> &Factors {
        &self.factors
    }

    /// The number of each query among the distinct strings, or [`NONE`], shape `[queries]`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongDevice`](crate::Error::WrongDevice), [`Error::OutOfMemory`](crate::Error::OutOfMemory), or [`Error::Driver`](crate::Error::Driver).
    pub fn find(&self, queries: &DeviceStrings) -> Result<Places> {
        let device = self.strings.device();
        let hashes = queries.hashes()?;
        let below = self.factors.len() as u32;
        let mut found = Buffer::uninit(device, queries.len())?;
        let ids = self.factors.ids.numbers();
        if let Some(host) = found.as_mut_slice() {
            let (own, other) = (HostStrings::new(&self.strings)?, HostStrings::new(queries)?);
            let hashes = hashes.host()?;
            let same = |row, query| own.get(row) == other.get(query);
            cpu::hash::find(self.table.host()?, host, |query| hashes[query], same);
            let ids = ids.host()?;
            for found in host.iter_mut().filter(|found| **found != NONE) {
                *found = ids[*found as usize];
            }
            return Ok(Places::trusted(found, below));
        }
        let (n, size) = (found.len_u32("queries")?, self.table.len_u32("the table")?);
        let args = [
            (&self.strings.offsets).into(),
            (&self.strings.words).into(),
            (&self.hashes).into(),
            (&self.table).into(),
            (&queries.offsets).into(),
            (&queries.words).into(),
            (&hashes).into(),
            (&mut found).into(),
            n.into(),
            size.into(),
        ];
        let rows = u64::from(n);
        let groups = FIND_STRINGS.groups_for(queries.len());
        let bytes = (16 + 64) * rows + 2 * queries.n_bytes();
        device.launch(&FIND_STRINGS, groups, bytes, &args)?;
        translate_on_device(ids, &mut found)?;
        Ok(Places::trusted(found, below))
    }
}
