//! A column on a device: numbers of 32 or 64 bits, which of them are there, and what they mean.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, AsArray, BooleanArray, DictionaryArray, StringArray, UInt32Array,
    make_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, take as take_rows};
use arrow::datatypes::{DataType, UInt32Type};
use graph_kernels::{
    Buffer, Column, Device, DeviceStrings, Indices, Key, Meaning, Numbers, Places,
    factorize_strings, gathered, order_keys, take,
};

use super::group::copy_of;
use crate::{Error, Result};

/// Numbers of a column, shared between tables that have it.
#[derive(Debug, Clone)]
pub(super) enum Data {
    Narrow(Arc<Buffer<u32>>),
    Wide(Arc<Buffer<u64>>),
}

/// What the numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// 1 for true, 0 for false, in 32 bits.
    Flags,
    /// Numbers as they are.
    Number(Meaning),
    /// Places in a dictionary, in 32 bits.
    Codes,
}

/// A named column. Where a value is absent, its number is 0.
#[derive(Debug, Clone)]
pub(super) struct DeviceColumn {
    pub(super) name: Arc<str>,
    /// The type that it has outside of the device.
    pub(super) data_type: DataType,
    pub(super) kind: Kind,
    pub(super) data: Data,
    /// 0 where a value is absent; `None` if all are there.
    pub(super) valid: Option<Arc<Buffer<u32>>>,
    /// The distinct strings of codes, on the host.
    pub(super) dictionary: Option<Arc<StringArray>>,
}

/// Keys that ascend as a column's values do.
#[derive(Debug)]
pub(super) enum Keys {
    Narrow(Buffer<u32>),
    Wide(Buffer<u64>),
}

/// How numbers of a type lie on a device: as which type of Arrow, and what they mean.
fn layout(data_type: &DataType) -> Option<(DataType, Meaning)> {
    Some(match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => (DataType::Int32, Meaning::Signed),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
            (DataType::UInt32, Meaning::Unsigned)
        }
        DataType::Date32 | DataType::Time32(_) => (data_type.clone(), Meaning::Signed),
        DataType::Int64
        | DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_) => (data_type.clone(), Meaning::Signed),
        DataType::UInt64 => (data_type.clone(), Meaning::Unsigned),
        DataType::Float16 | DataType::Float32 => (DataType::Float32, Meaning::Float),
        DataType::Float64 => (data_type.clone(), Meaning::Float),
        _ => return None,
    })
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// The numbers of an array without those of absent values, which become 0.
fn numbers<T: Key + arrow::datatypes::ArrowNativeType>(array: &dyn Array) -> Vec<T> {
    let data = array.to_data();
    let mut numbers = data.buffer::<T>(0)[..array.len()].to_vec();
    if let Some(nulls) = array.logical_nulls() {
        for (number, is_there) in numbers.iter_mut().zip(nulls.iter()) {
            if !is_there {
                *number = T::default();
            }
        }
    }
    numbers
}

impl DeviceColumn {
    /// A copy of an array on `device`.
    pub(super) fn upload(name: &str, array: &ArrayRef, device: Device) -> Result<Self> {
        let data_type = array.data_type().clone();
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let valid = match &nulls {
            None => None,
            Some(nulls) => {
                let flags: Vec<u32> = nulls.iter().map(u32::from).collect();
                Some(Arc::new(Buffer::upload(device, &flags)?))
            }
        };
        let narrow = |numbers: &[u32]| -> Result<Data> {
            Ok(Data::Narrow(Arc::new(Buffer::upload(device, numbers)?)))
        };
        let (mut dictionary, mut kind) = (None, Kind::Flags);
        let data = if let Some((stored, meaning)) = layout(&data_type) {
            kind = Kind::Number(meaning);
            let array = cast(array, &stored)?;
            match stored.primitive_width() {
                Some(4) => narrow(&numbers::<u32>(&array))?,
                _ => Data::Wide(Arc::new(Buffer::upload(device, &numbers::<u64>(&array))?)),
            }
        } else if data_type == DataType::Boolean {
            let flags = array.as_boolean();
            let flags = flags.iter().map(|flag| u32::from(flag == Some(true)));
            narrow(&flags.collect::<Vec<_>>())?
        } else if is_text(&data_type) {
            kind = Kind::Codes;
            let (codes, distinct) = encode(array, device)?;
            dictionary = Some(Arc::new(distinct));
            Data::Narrow(Arc::new(codes))
        } else {
            return Err(wrong_type(
                name,
                &data_type,
                "a boolean, an integer, a float, a string, a date or a time to lie on a device",
            ));
        };
        Ok(Self { name: name.into(), data_type, kind, data, valid, dictionary })
    }

    /// A copy for the host, of the type that was uploaded.
    pub(super) fn download(&self) -> Result<ArrayRef> {
        let nulls = match &self.valid {
            None => None,
            Some(valid) => {
                let flags = valid.download()?;
                Some(flags.into_iter().map(|flag| flag != 0).collect::<NullBuffer>())
            }
        };
        let primitive = |data_type: &DataType, len: usize, bytes| -> Result<ArrayRef> {
            let data = ArrayData::builder(data_type.clone()).len(len).nulls(nulls.clone());
            Ok(make_array(data.add_buffer(bytes).build()?))
        };
        let stored = layout(&self.data_type).map(|(stored, _)| stored);
        match (&self.data, self.kind) {
            (Data::Narrow(flags), Kind::Flags) => {
                let flags = flags.download()?.into_iter().map(|flag| flag != 0).collect();
                Ok(Arc::new(BooleanArray::new(flags, nulls)))
            }
            (Data::Narrow(codes), Kind::Codes) => {
                let codes = UInt32Array::new(codes.download()?.into(), nulls);
                let strings = self.strings();
                let array: ArrayRef = match &self.data_type {
                    DataType::Dictionary(..) => {
                        let strings = Arc::clone(strings);
                        Arc::new(DictionaryArray::<UInt32Type>::try_new(codes, strings)?)
                    }
                    _ => take_rows(strings.as_ref(), &codes, None)?,
                };
                Ok(cast(&array, &self.data_type)?)
            }
            (Data::Narrow(numbers), Kind::Number(_)) => {
                let numbers = numbers.download()?;
                let stored = stored.unwrap_or(DataType::UInt32);
                let array = primitive(&stored, numbers.len(), numbers.into())?;
                Ok(cast(&array, &self.data_type)?)
            }
            (Data::Wide(numbers), _) => {
                let numbers = numbers.download()?;
                primitive(&self.data_type, numbers.len(), numbers.into())
            }
        }
    }

    /// A column of numbers of a device.
    pub(super) fn of_numbers(
        name: &str,
        data_type: DataType,
        data: Data,
        valid: Option<Buffer<u32>>,
    ) -> Self {
        let kind = match layout(&data_type) {
            Some((_, meaning)) => Kind::Number(meaning),
            None => Kind::Flags,
        };
        let valid = valid.map(Arc::new);
        Self { name: name.into(), data_type, kind, data, valid, dictionary: None }
    }

    /// The same integers as dates or times, if that is what the type has.
    #[cfg(feature = "expressions")]
    pub(super) fn retype(&mut self, data_type: &DataType) -> Result<()> {
        if !super::calendar::is_time(data_type) {
            return Ok(());
        }
        if let (Data::Wide(numbers), Some(4)) = (&self.data, data_type.primitive_width()) {
            self.data = Data::Narrow(graph_kernels::narrow(numbers)?.into());
        }
        self.data_type = data_type.clone();
        Ok(())
    }

    /// The distinct strings of a column of codes.
    pub(super) fn strings(&self) -> &Arc<StringArray> {
        self.dictionary.as_ref().expect("codes should have a dictionary")
    }

    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Narrow(numbers) => numbers.len(),
            Data::Wide(numbers) => numbers.len(),
        }
    }

    /// Bytes that it holds on its device.
    pub(super) fn bytes(&self) -> u64 {
        let width = match &self.data {
            Data::Narrow(_) => 4,
            Data::Wide(_) => 8,
        };
        (width + if self.valid.is_some() { 4 } else { 0 }) * self.len() as u64
    }

    pub(super) fn valid(&self) -> Option<&Buffer<u32>> {
        self.valid.as_deref()
    }

    /// As expressions see it; codes are integers.
    pub(super) fn for_expressions(&self) -> Column<'_> {
        let numbers = match (&self.data, self.kind) {
            (Data::Narrow(numbers), Kind::Flags) => Numbers::Flags(numbers),
            (Data::Narrow(numbers), Kind::Codes) => Numbers::Narrow(numbers, Meaning::Unsigned),
            (Data::Narrow(numbers), Kind::Number(meaning)) => Numbers::Narrow(numbers, meaning),
            (Data::Wide(numbers), Kind::Number(meaning)) => Numbers::Wide(numbers, meaning),
            (Data::Wide(numbers), _) => Numbers::Wide(numbers, Meaning::Unsigned),
        };
        Column { numbers, valid: self.valid() }
    }

    fn with(&self, data: Data, valid: Option<Buffer<u32>>) -> Self {
        Self { data, valid: valid.map(Arc::new), ..self.clone() }
    }

    /// The rows that `at` names.
    pub(super) fn gather(&self, at: &Indices) -> Result<Self> {
        let valid = self.valid().map(|valid| gathered(valid, at)).transpose()?;
        Ok(match &self.data {
            Data::Narrow(numbers) => self.with(Data::Narrow(gathered(numbers, at)?.into()), valid),
            Data::Wide(numbers) => self.with(Data::Wide(gathered(numbers, at)?.into()), valid),
        })
    }

    /// The rows that `at` names, and absent values where it names none.
    pub(super) fn take(&self, at: &Places) -> Result<Self> {
        Ok(match &self.data {
            Data::Narrow(numbers) => {
                let taken = take(numbers, self.valid(), at)?;
                self.with(Data::Narrow(taken.values.into()), Some(taken.valid))
            }
            Data::Wide(numbers) => {
                let taken = take(numbers, self.valid(), at)?;
                self.with(Data::Wide(taken.values.into()), Some(taken.valid))
            }
        })
    }

    /// Meaning of the numbers themselves.
    pub(super) fn meaning(&self) -> Meaning {
        match self.kind {
            Kind::Number(meaning) => meaning,
            Kind::Flags | Kind::Codes => Meaning::Unsigned,
        }
    }

    /// Keys that are equal where values are.
    pub(super) fn equality_keys(&self) -> Result<Keys> {
        let meaning = match self.meaning() {
            Meaning::Float => Meaning::Float,
            // As they are: only floats have different bits for equal values.
            Meaning::Signed | Meaning::Unsigned => Meaning::Unsigned,
        };
        self.keys(meaning, false)
    }

    /// Keys that ascend, or descend, as values do; strings by their bytes.
    pub(super) fn order_keys(&self, descending: bool) -> Result<Keys> {
        if self.kind == Kind::Codes {
            let ranks = ranks(self.strings());
            let device = self.device();
            // An empty dictionary has absent values alone, whose code is 0.
            let ranks = Buffer::upload(device, if ranks.is_empty() { &[0] } else { &ranks })?;
            let at = copy_of(self.codes()?)?;
            let ranks = gathered(&ranks, &Indices::new(at, ranks.len() as u32)?)?;
            return Ok(Keys::Narrow(order_keys(&ranks, Meaning::Unsigned, descending)?));
        }
        self.keys(self.meaning(), descending)
    }

    /// The code of the string of each rank; one 0 if there are no strings.
    pub(super) fn codes_by_rank(&self) -> Result<Buffer<u32>> {
        let mut codes = order(self.strings());
        if codes.is_empty() {
            codes.push(0);
        }
        Ok(Buffer::upload(self.device(), &codes)?)
    }

    fn keys(&self, meaning: Meaning, descending: bool) -> Result<Keys> {
        Ok(match &self.data {
            Data::Narrow(numbers) => Keys::Narrow(order_keys(numbers, meaning, descending)?),
            Data::Wide(numbers) => Keys::Wide(order_keys(numbers, meaning, descending)?),
        })
    }

    fn codes(&self) -> Result<&Buffer<u32>> {
        match &self.data {
            Data::Narrow(numbers) => Ok(numbers),
            Data::Wide(_) => Err(self.wrong("of 32 bits")),
        }
    }

    /// That it is of another type than is expected, as the end of a sentence.
    pub(super) fn wrong(&self, expected: &'static str) -> Error {
        wrong_type(&self.name, &self.data_type, expected)
    }

    pub(super) fn device(&self) -> Device {
        match &self.data {
            Data::Narrow(numbers) => numbers.device(),
            Data::Wide(numbers) => numbers.device(),
        }
    }
}

fn wrong_type(name: &str, data_type: &DataType, expected: &'static str) -> Error {
    let found = graph_core::type_name(data_type).into();
    Error::WrongType { what: format!("column `{name}`").into(), found, expected }
}

/// The codes of all strings, which ascend by their bytes.
fn order(strings: &StringArray) -> Vec<u32> {
    let mut order: Vec<u32> = (0..strings.len() as u32).collect();
    order.sort_unstable_by_key(|&code| strings.value(code as usize));
    order
}

/// The rank of each string among all.
fn ranks(strings: &StringArray) -> Vec<u32> {
    let order = order(strings);
    let mut ranks = vec![0; order.len()];
    for (rank, &code) in order.iter().enumerate() {
        ranks[code as usize] = rank as u32;
    }
    ranks
}

/// Codes of strings, on `device`, and the distinct strings, which the device finds by hashing.
fn encode(array: &ArrayRef, device: Device) -> Result<(Buffer<u32>, StringArray)> {
    let nulls = array.logical_nulls();
    let is_there = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let codes_of_rows =
        |codes: &[u32]| -> Result<Buffer<u32>> { Ok(Buffer::upload(device, codes)?) };
    if let DataType::Dictionary(_, _) = array.data_type() {
        // Strings that a dictionary has twice become one: only those are hashed.
        let array =
            cast(array, &DataType::Dictionary(DataType::UInt32.into(), DataType::Utf8.into()))?;
        let array = array.as_dictionary::<UInt32Type>();
        let (codes, distinct) = encode(array.values(), device)?;
        let codes = codes.download()?;
        let keys = array.keys().values().iter().enumerate();
        let rows: Vec<u32> =
            keys.map(|(row, &key)| if is_there(row) { codes[key as usize] } else { 0 }).collect();
        return Ok((codes_of_rows(&rows)?, distinct));
    }
    let array = cast(array, &DataType::Utf8)?;
    let array = array.as_string::<i32>();
    // Absent strings are not looked at: they may have bytes all the same.
    let rows: UInt32Array = (0..array.len() as u32).filter(|&row| is_there(row as usize)).collect();
    let filled;
    let present = match rows.len() == array.len() {
        true => array,
        false => {
            filled = take_rows(array, &rows, None)?;
            filled.as_string::<i32>()
        }
    };
    let first = present.value_offsets()[0];
    let offsets: Vec<u32> = present.value_offsets().iter().map(|&at| (at - first) as u32).collect();
    let bytes = &present.value_data()[first as usize..];
    let bytes = &bytes[..offsets[offsets.len() - 1] as usize];
    let factors = factorize_strings(&DeviceStrings::upload(device, &offsets, bytes)?)?;
    let firsts = UInt32Array::from(factors.firsts.numbers().download()?);
    let distinct = take_rows(present, &firsts, None)?.as_string::<i32>().clone();
    let codes = factors.ids.into_numbers();
    if rows.len() == array.len() {
        return Ok((codes, distinct));
    }
    let mut all = vec![0; array.len()];
    for (row, code) in rows.values().iter().zip(codes.download()?) {
        all[*row as usize] = code;
    }
    Ok((codes_of_rows(&all)?, distinct))
}
