//! A view of a tensor, and the checks that must pass before anything slices by its shape.

use std::borrow::Cow;

use super::numbers::data_type::*;
use super::numbers::tensor as field;
use crate::error::Result;
use crate::memory::reserve_exact;
use crate::onnx::refusal::{MODEL, invalid, unsupported, unsupported_form, within};
use crate::onnx::wire::{Field, Fields, label};

/// Most dimensions of a tensor, more than any model has. In memory a shape takes 8 times its bytes in the file.
const MAX_RANK: usize = 64;

/// A TensorProto.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor<'a> {
    pub name: &'a str,
    pub dims: Vec<i64>,
    pub data_type: i32,
    pub raw_data: &'a [u8],
    message: &'a [u8],
    /// Number of values in each field that holds them one by one.
    typed: TypedCounts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct TypedCounts {
    float: usize,
    int32: usize,
    int64: usize,
    double: usize,
    uint64: usize,
}

impl TypedCounts {
    fn total(&self) -> usize {
        self.float + self.int32 + self.int64 + self.double + self.uint64
    }
}

/// Returns true for the fields that hold a tensor's values one by one.
pub fn is_typed_data(number: u32) -> bool {
    [field::FLOAT_DATA, field::INT32_DATA, field::INT64_DATA, field::DOUBLE_DATA, field::UINT64_DATA].contains(&number)
}

impl<'a> Tensor<'a> {
    /// Reads a TensorProto, complete or cut between two fields.
    ///
    /// # Errors
    /// `invalid_model` for bytes that are no TensorProto, `unsupported_model` if it lacks part of its data; both with
    /// the tensor's name.
    pub fn read(message: &'a [u8]) -> Result<Self> {
        Self::read_fields(message).map_err(|error| within(place(label(message, field::NAME)), error))
    }

    fn read_fields(message: &'a [u8]) -> Result<Self> {
        let mut tensor =
            Self { name: "", dims: Vec::new(), data_type: 0, raw_data: &[], message, typed: TypedCounts::default() };
        for field in Fields::new(message) {
            tensor.take(&field?)?;
        }
        Ok(tensor)
    }

    fn take(&mut self, field: &Field<'a>) -> Result<()> {
        match field.number {
            field::DIMS => {
                for dimension in field.varints()? {
                    if self.dims.len() == MAX_RANK {
                        return Err(unsupported(format!(
                            "it has more than {MAX_RANK} dimensions; this engine reads no more"
                        )));
                    }
                    self.dims.push(dimension? as i64);
                }
            }
            // Generated decoders cut enumerations to 32 bits too.
            field::DATA_TYPE => self.data_type = field.varint()? as i32,
            field::SEGMENT => {
                return Err(unsupported(
                    "its data is split into segments; save the model with each tensor in one piece".to_owned(),
                ));
            }
            field::FLOAT_DATA => self.typed.float += field.count_fixed(4)?,
            field::DOUBLE_DATA => self.typed.double += field.count_fixed(8)?,
            field::INT32_DATA => self.typed.int32 += count(field)?,
            field::INT64_DATA => self.typed.int64 += count(field)?,
            field::UINT64_DATA => self.typed.uint64 += count(field)?,
            field::STRING_DATA => {
                return Err(unsupported("it holds strings; this engine reads numbers only".to_owned()));
            }
            field::NAME => self.name = field.text()?,
            field::RAW_DATA => self.raw_data = field.bytes()?,
            field::EXTERNAL_DATA => return Err(external()),
            field::DATA_LOCATION if field.varint()? as i32 == field::EXTERNAL => return Err(external()),
            _ => {}
        }
        Ok(())
    }

    pub fn has_typed_data(&self) -> bool {
        self.typed.total() > 0
    }

    pub fn is_8_bit(&self) -> bool {
        matches!(self.data_type, INT8 | UINT8)
    }

    /// Checks that the tensor holds exactly the data that its shape and type require.
    ///
    /// # Errors
    /// `invalid_model` if it does not, `unsupported_model` for a data type without a size in bytes; both with its name.
    pub fn check(&self) -> Result<()> {
        self.check_sizes().map_err(|error| within(place(self.name), error))
    }

    /// Returns the number of raw bytes that its shape and type require.
    ///
    /// # Errors
    /// `invalid_model` for an impossible shape, `unsupported_model` for a data type without a size in bytes.
    pub fn raw_bytes(&self) -> Result<usize> {
        let (_, bytes, _) = self.required()?;
        Ok(bytes)
    }

    /// Returns the elements and the raw bytes that it requires, and the values in the field of its type.
    fn required(&self) -> Result<(usize, usize, usize)> {
        let impossible = || {
            invalid(format!(
                "its shape {:?} has a negative dimension or more bytes than memory has addresses",
                self.dims
            ))
        };
        // An axis of length 0 must not hide the product of the others.
        let product = |least: usize| {
            self.dims.iter().try_fold(1usize, |all, &size| all.checked_mul(usize::try_from(size).ok()?.max(least)))
        };
        let (elements, _) = product(0).zip(product(1)).ok_or_else(impossible)?;
        let (element_bytes, values) = self.element()?;
        let bytes = elements.checked_mul(element_bytes).ok_or_else(impossible)?;
        Ok((elements, bytes, values))
    }

    fn check_sizes(&self) -> Result<()> {
        let (elements, bytes, values) = self.required()?;
        match (self.raw_data.len(), self.typed.total()) {
            (raw, 0) if raw == bytes => Ok(()),
            (0, typed) if typed == elements && typed == values => Ok(()),
            (raw, typed) => Err(invalid(format!(
                "its shape {:?} and data type {} require {bytes} raw bytes or {elements} values; it holds {raw} raw \
                 bytes and {typed} values, {values} of them in the field of its type",
                self.dims, self.data_type
            ))),
        }
    }

    /// Returns the bytes of one element in raw data, and the number of values in the field for this data type.
    fn element(&self) -> Result<(usize, usize)> {
        let TypedCounts { float, int32, int64, double, uint64 } = self.typed;
        match self.data_type {
            FLOAT => Ok((4, float)),
            UINT8 | INT8 | BOOL => Ok((1, int32)),
            UINT16 | INT16 | FLOAT16 | BFLOAT16 => Ok((2, int32)),
            INT32 => Ok((4, int32)),
            INT64 => Ok((8, int64)),
            DOUBLE => Ok((8, double)),
            UINT32 => Ok((4, uint64)),
            UINT64 => Ok((8, uint64)),
            STRING | COMPLEX64 | COMPLEX128 => {
                Err(unsupported(format!("this engine does not read its data type {}", self.data_type)))
            }
            FLOAT8E4M3FN..=FLOAT4E2M1 => Err(unsupported_form(format!(
                "its data type {} has 4 bits, or is a float of 8 bits; this engine does not read it",
                self.data_type
            ))),
            unknown => Err(invalid(format!("its data type {unknown} is unknown; ONNX defines 1 to {FLOAT4E2M1}"))),
        }
    }

    /// Returns the data in the form of raw data, whether it is raw or in the field of its type.
    ///
    /// # Errors
    /// `unsupported_model` for a data type without a size in bytes, `out_of_memory`.
    pub fn data(&self) -> Result<Cow<'a, [u8]>> {
        if !self.raw_data.is_empty() {
            return Ok(Cow::Borrowed(self.raw_data));
        }
        let (size, values) = self.element()?;
        let mut data = Vec::new();
        reserve_exact(&mut data, values.saturating_mul(size), MODEL)?;
        for value in Fields::new(self.message) {
            let value = value?;
            match (self.data_type, value.number) {
                (FLOAT, field::FLOAT_DATA) => data.extend_from_slice(value.fixed::<4>()?.as_flattened()),
                (DOUBLE, field::DOUBLE_DATA) => data.extend_from_slice(value.fixed::<8>()?.as_flattened()),
                (INT64, field::INT64_DATA) | (UINT32 | UINT64, field::UINT64_DATA) => {
                    push_low(&mut data, &value, size)?
                }
                (FLOAT | DOUBLE | INT64 | UINT32 | UINT64, _) => {}
                // The low bits of a value hold a number narrower than 32 bits, or the bits of a half-precision float.
                (_, field::INT32_DATA) => push_low(&mut data, &value, size)?,
                _ => {}
            }
        }
        Ok(data.into())
    }
}

/// Appends the low `size` bytes of each value.
fn push_low(data: &mut Vec<u8>, values: &Field<'_>, size: usize) -> Result<()> {
    for value in values.varints()? {
        data.extend_from_slice(&value?.to_le_bytes()[..size]);
    }
    Ok(())
}

/// Returns the elements of an int8 or uint8 tensor with its data in `int32_data`, in the form of raw data.
///
/// # Errors
/// `invalid_model` with the tensor's name, for a value outside the data type.
pub fn raw_from_int32(tensor: &Tensor<'_>) -> Result<Vec<u8>> {
    let values = if tensor.data_type == INT8 { -128..=127 } else { 0..=255 };
    let mut raw = Vec::new();
    for field in Fields::new(tensor.message) {
        let field = field?;
        if field.number == field::INT32_DATA {
            for value in field.varints()? {
                let value = value? as i32;
                if !values.contains(&value) {
                    return Err(within(
                        place(tensor.name),
                        invalid(format!("its value {value} does not fit its 8-bit data type")),
                    ));
                }
                raw.push(value as u8);
            }
        }
    }
    Ok(raw)
}

pub fn place(tensor: &str) -> String {
    format!("tensor {tensor:?}")
}

fn count(field: &Field) -> Result<usize> {
    field.varints()?.try_fold(0, |count, value| value.map(|_| count + 1))
}

fn external() -> crate::error::Error {
    unsupported("its data is in another file; save the model with all its data in one file".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::wire::{write_bytes_field, write_varint_field};

    fn tensor(dims: &[u64], data_type: u64, data: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut message = Vec::new();
        for &dimension in dims {
            write_varint_field(&mut message, field::DIMS, dimension);
        }
        write_varint_field(&mut message, field::DATA_TYPE, data_type);
        write_bytes_field(&mut message, field::NAME, b"weight");
        data(&mut message);
        message
    }

    fn check(message: &[u8]) -> Result<()> {
        Tensor::read(message)?.check()
    }

    #[test]
    fn data_in_any_form_is_accepted_where_its_size_is_right() {
        check(&tensor(&[2, 3], 3, |message| write_bytes_field(message, field::RAW_DATA, &[0; 6]))).unwrap();
        check(&tensor(&[2], 1, |message| write_bytes_field(message, field::FLOAT_DATA, &[0; 8]))).unwrap();
        check(&tensor(&[2], 7, |message| write_bytes_field(message, field::INT64_DATA, &[1, 0x80, 1]))).unwrap();
        check(&tensor(&[], 2, |message| write_varint_field(message, field::INT32_DATA, 128))).unwrap();
        check(&tensor(&[0, 9], 1, |_| {})).unwrap();
    }

    #[test]
    fn wrong_shapes_types_and_sizes_are_refused_by_name() {
        let raw =
            |length: usize| move |message: &mut Vec<u8>| write_bytes_field(message, field::RAW_DATA, &vec![0; length]);
        let both = |message: &mut Vec<u8>| {
            write_bytes_field(message, field::RAW_DATA, &[0; 2]);
            write_bytes_field(message, field::INT32_DATA, &[0; 2]);
        };
        let other_field = |message: &mut Vec<u8>| write_bytes_field(message, field::INT64_DATA, &[0; 2]);
        for (message, code) in [
            (tensor(&[2, 3], 3, raw(5)), "invalid_model"),
            (tensor(&[u64::MAX], 3, raw(0)), "invalid_model"),
            (tensor(&[1 << 62, 1 << 62], 3, raw(0)), "invalid_model"),
            (tensor(&[1 << 62], 1, raw(0)), "invalid_model"),
            (tensor(&[2], 3, both), "invalid_model"),
            (tensor(&[2], 3, other_field), "invalid_model"),
            (tensor(&[2], 99, raw(2)), "invalid_model"),
            (tensor(&[2], 8, raw(2)), "unsupported_model"),
            (tensor(&[1; 65], 3, raw(1)), "unsupported_model"),
            (tensor(&[2], 3, |message| write_varint_field(message, field::DATA_LOCATION, 1)), "unsupported_model"),
            (tensor(&[2], 3, |message| write_bytes_field(message, field::EXTERNAL_DATA, &[])), "unsupported_model"),
            (tensor(&[2], 3, |message| write_bytes_field(message, field::SEGMENT, &[])), "unsupported_model"),
        ] {
            let error = check(&message).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains("\"weight\""), "{error}");
        }
    }

    #[test]
    fn data_is_the_same_bytes_in_whichever_field_it_stands() {
        let minus_two = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        for (data_type, number, values, expected) in [
            (FLOAT, field::FLOAT_DATA, &[0, 0, 0x80, 0x3f][..], &[0, 0, 0x80, 0x3f][..]),
            (DOUBLE, field::DOUBLE_DATA, &[1, 2, 3, 4, 5, 6, 7, 8], &[1, 2, 3, 4, 5, 6, 7, 8]),
            (INT8, field::INT32_DATA, &minus_two, &[0xfe]),
            (FLOAT16, field::INT32_DATA, &[0x80, 0x78], &[0, 0x3c]),
            (INT32, field::INT32_DATA, &minus_two, &[0xfe, 0xff, 0xff, 0xff]),
            (INT64, field::INT64_DATA, &minus_two, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            (UINT32, field::UINT64_DATA, &[7], &[7, 0, 0, 0]),
        ] {
            for (number, bytes) in [(number, values), (field::RAW_DATA, expected)] {
                let message = tensor(&[1], data_type as u64, |message| write_bytes_field(message, number, bytes));
                let read = Tensor::read(&message).unwrap();
                read.check().unwrap();
                assert_eq!(*read.data().unwrap(), *expected, "data type {data_type} in field {number}");
            }
        }
    }

    #[test]
    fn int32_data_becomes_raw_data_or_is_refused() {
        let raw = |values: &[u8]| {
            let message = tensor(&[2], 3, |message| write_bytes_field(message, field::INT32_DATA, values));
            raw_from_int32(&Tensor::read(&message).unwrap())
        };
        let minus_one = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(raw(&[&[5][..], &minus_one].concat()).unwrap(), [5, 0xff]);
        assert_eq!(raw(&[5, 0x80, 0x01]).unwrap_err().code(), "invalid_model");
    }
}
