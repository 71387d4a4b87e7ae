//! Arrays that lie on one device.

use std::fmt::Debug;

use crate::launch::Traffic;
use crate::{Device, Error, Result, cuda, opencl};

/// What kernels must know of a type of number.
pub(crate) mod sealed {
    pub trait Sealed: Copy {
        /// Place of the type's kernel in a family's list: `u32`, `u64`, `f32`.
        const TYPE: usize;
        /// No number is less.
        const LOWEST: Self;
        /// No number is more.
        const HIGHEST: Self;
        /// Its bits, in the low places.
        fn bits(self) -> u64;
        /// The number of these bits.
        fn from_bits(bits: u64) -> Self;
        /// The sum; integers wrap around.
        fn plus(self, other: Self) -> Self;
        /// Whether it is one: floats may be none.
        fn is_number(self) -> bool {
            true
        }
    }
    impl Sealed for u32 {
        const TYPE: usize = 0;
        const LOWEST: Self = 0;
        const HIGHEST: Self = u32::MAX;
        fn bits(self) -> u64 {
            self.into()
        }
        fn from_bits(bits: u64) -> Self {
            bits as u32
        }
        fn plus(self, other: Self) -> Self {
            self.wrapping_add(other)
        }
    }
    impl Sealed for u64 {
        const TYPE: usize = 1;
        const LOWEST: Self = 0;
        const HIGHEST: Self = u64::MAX;
        fn bits(self) -> u64 {
            self
        }
        fn from_bits(bits: u64) -> Self {
            bits
        }
        fn plus(self, other: Self) -> Self {
            self.wrapping_add(other)
        }
    }
    impl Sealed for f32 {
        const TYPE: usize = 2;
        const LOWEST: Self = f32::NEG_INFINITY;
        const HIGHEST: Self = f32::INFINITY;
        fn bits(self) -> u64 {
            self.to_bits().into()
        }
        fn from_bits(bits: u64) -> Self {
            f32::from_bits(bits as u32)
        }
        fn plus(self, other: Self) -> Self {
            self + other
        }
        fn is_number(self) -> bool {
            !self.is_nan()
        }
    }
}

/// A number that arrays are made of: `u32`, `u64` or `f32`.
pub trait Element: sealed::Sealed + bytemuck::Pod + Debug + PartialOrd + Send + Sync {}

impl Element for u32 {}
impl Element for u64 {}
impl Element for f32 {}

/// Where the numbers are.
#[derive(Debug)]
pub(crate) enum Storage<T> {
    Cpu(Vec<T>),
    Cuda(cuda::Memory),
    OpenCl(opencl::Memory),
}

/// An array of numbers on one device.
///
/// Its bytes come from the device's pool and go back there when it is dropped. Nothing is copied
/// between devices but by [`upload`](Self::upload), [`download`](Self::download) and their
/// likes.
///
/// ```
/// use graph_kernels::{Buffer, Device};
///
/// let buffer = Buffer::upload(Device::Cpu, &[1.0_f32, 2.0])?;
/// assert_eq!(buffer.download()?, [1.0, 2.0]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
#[derive(Debug)]
pub struct Buffer<T> {
    storage: Storage<T>,
    len: usize,
}

impl<T: Element> Buffer<T> {
    /// An array of `len` zeros.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], and what opening a device can fail with.
    pub fn zeros(device: Device, len: usize) -> Result<Self> {
        let mut buffer = Self::uninit(device, len)?;
        if len == 0 {
            return Ok(buffer);
        }
        match &mut buffer.storage {
            Storage::Cpu(_) => {}
            Storage::Cuda(memory) => memory.clear()?,
            Storage::OpenCl(memory) => memory.clear()?,
        }
        Ok(buffer)
    }

    /// An array of `len` numbers that a kernel is about to write: on a device, whatever was
    /// there before.
    pub(crate) fn uninit(device: Device, len: usize) -> Result<Self> {
        let bytes = (len * size_of::<T>()) as u64;
        let storage = match device {
            Device::Cpu => Storage::Cpu(vec![T::zeroed(); len]),
            Device::Cuda(cuda) => Storage::Cuda(cuda.allocate(bytes)?),
            Device::OpenCl(opencl) => Storage::OpenCl(opencl.allocate(bytes)?),
        };
        Ok(Self { storage, len })
    }

    /// A copy of `values` on `device`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], and what opening a device can fail with.
    pub fn upload(device: Device, values: &[T]) -> Result<Self> {
        let mut buffer = Self::uninit(device, values.len())?;
        buffer.write(0, values)?;
        Ok(buffer)
    }

    /// A copy of the numbers for the host. Waits for the work before it.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] if the copy fails, or a kernel before it did.
    pub fn download(&self) -> Result<Vec<T>> {
        let mut values = vec![T::zeroed(); self.len];
        self.read(0, &mut values)?;
        Ok(values)
    }

    /// Overwrites the numbers from `first` on by `values`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if they do not fit, [`Error::Driver`] if the copy fails.
    pub fn write(&mut self, first: usize, values: &[T]) -> Result<()> {
        self.check(first, values.len())?;
        if values.is_empty() {
            return Ok(());
        }
        let (from, bytes) = ((first * size_of::<T>()) as u64, bytemuck::cast_slice(values));
        if self.device() != Device::Cpu {
            Traffic::count(|all| all.uploaded += bytes.len() as u64);
        }
        match &mut self.storage {
            Storage::Cpu(numbers) => {
                numbers[first..first + values.len()].copy_from_slice(values);
                Ok(())
            }
            Storage::Cuda(memory) => memory.write(from, bytes),
            Storage::OpenCl(memory) => memory.write(from, bytes),
        }
    }

    /// Copies the numbers from `first` on to `values`. Waits for the work before it.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] if there are not as many, [`Error::Driver`] if the copy fails.
    pub fn read(&self, first: usize, values: &mut [T]) -> Result<()> {
        self.check(first, values.len())?;
        if values.is_empty() {
            return Ok(());
        }
        let from = (first * size_of::<T>()) as u64;
        if self.device() != Device::Cpu {
            Traffic::count(|all| all.downloaded += size_of_val(values) as u64);
        }
        match &self.storage {
            Storage::Cpu(numbers) => {
                values.copy_from_slice(&numbers[first..first + values.len()]);
                Ok(())
            }
            Storage::Cuda(memory) => memory.read(from, bytemuck::cast_slice_mut(values)),
            Storage::OpenCl(memory) => memory.read(from, bytemuck::cast_slice_mut(values)),
        }
    }

    fn check(&self, first: usize, len: usize) -> Result<()> {
        match first.checked_add(len) {
            Some(end) if end <= self.len => Ok(()),
            _ => Err(Error::LengthMismatch {
                name: "the range of an array",
                found: first.saturating_add(len),
                expected: self.len,
            }),
        }
    }

    /// The device it lies on.
    pub fn device(&self) -> Device {
        match &self.storage {
            Storage::Cpu(_) => Device::Cpu,
            Storage::Cuda(memory) => Device::Cuda(memory.device()),
            Storage::OpenCl(memory) => Device::OpenCl(memory.device()),
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keeps the first `len` entries, if there are more; the memory stays as it is.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        if let Storage::Cpu(numbers) = &mut self.storage {
            numbers.truncate(len);
        }
    }

    pub(crate) fn storage(&self) -> &Storage<T> {
        &self.storage
    }

    /// The numbers themselves, if they are the CPU's.
    pub fn as_slice(&self) -> Option<&[T]> {
        match &self.storage {
            Storage::Cpu(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// The numbers themselves, if they are the CPU's.
    pub fn as_mut_slice(&mut self) -> Option<&mut [T]> {
        match &mut self.storage {
            Storage::Cpu(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// The numbers of an array that must be the CPU's, since others of the same call are.
    pub(crate) fn host(&self) -> Result<&[T]> {
        match &self.storage {
            Storage::Cpu(numbers) => Ok(numbers),
            _ => Err(not_on_the_cpu(self.device())),
        }
    }

    /// As [`host`](Self::host), to be changed.
    pub(crate) fn host_mut(&mut self) -> Result<&mut [T]> {
        let device = self.device();
        self.as_mut_slice().ok_or_else(|| not_on_the_cpu(device))
    }

    /// Length as kernels count it.
    pub(crate) fn len_u32(&self, name: &'static str) -> Result<u32> {
        check_count(name, self.len)?;
        Ok(self.len as u32)
    }
}

fn not_on_the_cpu(found: Device) -> Error {
    let (found, expected) = (found.to_string().into(), Device::Cpu.to_string().into());
    Error::WrongDevice { found, expected }
}

/// Most entries that kernels can count: strides of the largest grid must not wrap around.
pub const MOST: usize = u32::MAX as usize - (1 << 23);

/// Checks that kernels can count `found` entries.
pub(crate) fn check_count(name: &'static str, found: usize) -> Result<()> {
    if found <= MOST { Ok(()) } else { Err(Error::TooLong { name, found, limit: MOST }) }
}

/// Checks that an array has `expected` entries.
pub(crate) fn check_len(name: &'static str, found: usize, expected: usize) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::LengthMismatch { name, found, expected }) }
}
