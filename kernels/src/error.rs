//! What a caller, a device or a driver can do wrong.

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A situation that a caller can tell apart and act on.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A device's name is not one of the known forms.
    #[error("`{name}` names no device: use auto, cpu, cuda, cuda:0, opencl or opencl:0")]
    BadDeviceName {
        /// The name given.
        name: Box<str>,
    },
    /// There is no such device.
    #[error("there is no device {name}: {reason}")]
    NoDevice {
        /// The device asked for.
        name: Box<str>,
        /// Why it is absent.
        reason: Box<str>,
    },
    /// An environment variable has a value that cannot be used.
    #[error("{variable} is `{value}`, but it must be {allowed}")]
    BadSetting {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: Box<str>,
        /// What it may be, as the end of a sentence.
        allowed: &'static str,
    },
    /// An array has another length than the rest asks for.
    #[error("{name} has {found} entries, but {expected} were expected")]
    LengthMismatch {
        /// The array.
        name: &'static str,
        /// Its length.
        found: usize,
        /// The length asked for.
        expected: usize,
    },
    /// An entry of an array cannot be what it is.
    #[error("entry {index} of {name} is {value}, but it must be {allowed}")]
    BadEntry {
        /// The array.
        name: &'static str,
        /// Place of the entry, from 0.
        index: usize,
        /// The entry.
        value: u64,
        /// What it may be, as the end of a sentence.
        allowed: Box<str>,
    },
    /// An array has more entries than kernels can count.
    #[error("{name} has {found} entries, but at most {limit} are possible")]
    TooLong {
        /// The array.
        name: &'static str,
        /// Its length.
        found: usize,
        /// The most that is possible.
        limit: usize,
    },
    /// A sum of integers does not fit in 64 bits.
    #[error("the sum of group {group} does not fit in 64 bits")]
    Overflow {
        /// The first such group.
        group: usize,
    },
    /// An integer that an expression computes does not fit in 64 bits.
    #[error("row {row} of an expression does not fit in 64 bits")]
    OverflowInRow {
        /// The first such row.
        row: usize,
    },
    /// An expression has no meaning, or is too much for kernels.
    #[error("an expression cannot be evaluated: {reason}")]
    BadExpression {
        /// Why.
        reason: Box<str>,
    },
    /// Arrays of one call lie on different devices.
    #[error("an array lies on {found}, but the work is on {expected}")]
    WrongDevice {
        /// Where it lies.
        found: Box<str>,
        /// Where it should lie.
        expected: Box<str>,
    },
    /// The device has not enough memory left.
    #[error(
        "{device} is out of memory: {wanted} bytes were wanted, {free} are free{}",
        estimate.map_or_else(String::new, |all| format!("; the whole work is estimated at {all} bytes"))
    )]
    OutOfMemory {
        /// The device.
        device: Box<str>,
        /// Bytes that were wanted.
        wanted: u64,
        /// Bytes that could still be had.
        free: u64,
        /// Bytes that the whole work needs, where this is known.
        estimate: Option<u64>,
    },
    /// A kernel was not accepted by the device's compiler.
    #[error("{device} cannot build the kernels of {family}: {log}")]
    Build {
        /// The device.
        device: Box<str>,
        /// The kernels' family.
        family: &'static str,
        /// What the compiler said.
        log: Box<str>,
    },
    /// The driver refused something else.
    #[error("{device} failed to {action}: {reason}")]
    Driver {
        /// The device.
        device: Box<str>,
        /// What was tried, as in "failed to …".
        action: &'static str,
        /// The driver's name of the error.
        reason: Box<str>,
    },
}

impl Error {
    /// The same error, with the bytes that the whole work needs if it was for want of memory.
    #[must_use]
    pub fn with_estimate(self, bytes: u64) -> Self {
        match self {
            Self::OutOfMemory { device, wanted, free, .. } => {
                Self::OutOfMemory { device, wanted, free, estimate: Some(bytes) }
            }
            other => other,
        }
    }
}

const _: () = assert!(size_of::<Error>() <= 64);
