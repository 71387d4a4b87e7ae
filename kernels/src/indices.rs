//! Places in an array, known to be in it.

use crate::reduce::{Reduction, reduce_to_host};
use crate::{Buffer, Device, Error, NONE, Result};

/// Numbers below a limit: what [`gather`](crate::gather) and its likes take for places.
///
/// They are checked once, when this is made; from then on nothing can change them.
#[derive(Debug)]
pub struct Indices {
    numbers: Buffer<u32>,
    below: u32,
}

impl Indices {
    /// A copy of `numbers`, all below `below`, on `device`. O(n), on the host.
    ///
    /// # Errors
    ///
    /// [`Error::BadEntry`] for the first number that is not below, [`Error::OutOfMemory`], and
    /// what opening a device can fail with.
    pub fn upload(device: Device, numbers: &[u32], below: u32) -> Result<Self> {
        check(numbers, below)?;
        Ok(Self { numbers: Buffer::upload(device, numbers)?, below })
    }

    /// The numbers of an array, all below `below`. O(n), on the array's device; the host waits.
    ///
    /// # Errors
    ///
    /// [`Error::BadEntry`] for the first number that is not below, [`Error::TooLong`],
    /// [`Error::OutOfMemory`] for want of a few kilobytes, and [`Error::Driver`].
    pub fn new(numbers: Buffer<u32>, below: u32) -> Result<Self> {
        match numbers.as_slice() {
            Some(numbers) => check(numbers, below)?,
            None if numbers.is_empty() => {}
            None if reduce_to_host(&numbers, Reduction::Max)? < below => {}
            None => check(&numbers.download()?, below)?,
        }
        Ok(Self { numbers, below })
    }

    /// What a kernel wrote, which writes nothing else.
    pub(crate) fn trusted(numbers: Buffer<u32>, below: u32) -> Self {
        Self { numbers, below }
    }

    /// The numbers from 0 to before `n`, in their order. O(n).
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::OutOfMemory`], or [`Error::Driver`].
    pub fn all(device: Device, n: usize) -> Result<Self> {
        crate::buffer::check_count("indices", n)?;
        Ok(Self { numbers: crate::iota(device, 0, n)?, below: n as u32 })
    }

    /// The numbers.
    pub fn numbers(&self) -> &Buffer<u32> {
        &self.numbers
    }

    /// The numbers, to be changed.
    pub fn into_numbers(self) -> Buffer<u32> {
        self.numbers
    }

    /// No number is as large.
    pub fn below(&self) -> u32 {
        self.below
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The device they lie on.
    pub fn device(&self) -> Device {
        self.numbers.device()
    }
}

/// Numbers below a limit, or [`NONE`]: rows of which some may be absent, as lookups and joins make.
#[derive(Debug)]
pub struct Places {
    numbers: Buffer<u32>,
    below: u32,
}

impl Places {
    /// A copy of `numbers`, all below `below` or [`NONE`], on `device`. O(n), on the host.
    ///
    /// # Errors
    ///
    /// [`Error::BadEntry`] for the first number that is neither, [`Error::OutOfMemory`], and what
    /// opening a device can fail with.
    pub fn upload(device: Device, numbers: &[u32], below: u32) -> Result<Self> {
        let is_bad = |&number: &u32| number >= below && number != NONE;
        match numbers.iter().position(is_bad) {
            None => Ok(Self { numbers: Buffer::upload(device, numbers)?, below }),
            Some(index) => Err(Error::BadEntry {
                name: "places",
                index,
                value: numbers[index].into(),
                allowed: format!("below {below}, or {NONE} for none").into(),
            }),
        }
    }

    /// What a kernel wrote, which writes nothing else.
    pub(crate) fn trusted(numbers: Buffer<u32>, below: u32) -> Self {
        Self { numbers, below }
    }

    /// The numbers.
    pub fn numbers(&self) -> &Buffer<u32> {
        &self.numbers
    }

    /// The numbers, to be changed.
    pub fn into_numbers(self) -> Buffer<u32> {
        self.numbers
    }

    /// No number but [`NONE`] is as large.
    pub fn below(&self) -> u32 {
        self.below
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }
}

fn check(numbers: &[u32], below: u32) -> Result<()> {
    match numbers.iter().position(|&number| number >= below) {
        None => Ok(()),
        Some(index) => Err(Error::BadEntry {
            name: "indices",
            index,
            value: numbers[index].into(),
            allowed: format!("below {below}").into(),
        }),
    }
}
