//! The protobuf wire format: keys, varints and the fields of a message. The bytes may end anywhere.

use super::refusal::invalid;
use crate::error::Result;

/// The longest header: two varints, the key and a value or length.
pub const MAX_HEADER_BYTES: usize = 2 * MAX_VARINT_BYTES;

const MAX_VARINT_BYTES: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireType {
    Varint,
    Fixed64,
    /// A string, bytes, a message or packed scalars.
    Bytes,
    Fixed32,
}

/// The start of a field: a whole varint field, or the part of any other field before its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub number: u32,
    pub wire_type: WireType,
    /// Length of the header in bytes.
    pub length: usize,
    /// The value of a varint field, 0 for others.
    pub varint: u64,
    /// Length in bytes of the value after the header.
    pub follows: u64,
}

impl Header {
    /// Reads the header at the start of `bytes`. `None` means that they end inside it; [`MAX_HEADER_BYTES`] always
    /// suffice.
    ///
    /// # Errors
    /// `invalid_model` for bytes that no writer of ONNX writes, groups included.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let Some((key, key_length)) = read_varint(bytes)? else { return Ok(None) };
        let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let number = number
            .ok_or_else(|| invalid(format!("a field has the number {}; numbers run from 1 to 2^29 - 1", key >> 3)))?;
        let (wire_type, follows) = match key & 7 {
            0 => (WireType::Varint, 0),
            1 => (WireType::Fixed64, 8),
            2 => (WireType::Bytes, 0),
            5 => (WireType::Fixed32, 4),
            3 | 4 => return Err(invalid(format!("field {number} is a group; ONNX has no groups"))),
            unknown => {
                return Err(invalid(format!("field {number} has the wire type {unknown}; protobuf defines 0 to 5")));
            }
        };
        if matches!(wire_type, WireType::Fixed32 | WireType::Fixed64) {
            return Ok(Some(Self { number, wire_type, length: key_length, varint: 0, follows }));
        }
        let Some((value, value_length)) = read_varint(&bytes[key_length..])? else { return Ok(None) };
        let length = key_length + value_length;
        Ok(Some(match wire_type {
            WireType::Varint => Self { number, wire_type, length, varint: value, follows: 0 },
            _ => Self { number, wire_type, length, varint: 0, follows: value },
        }))
    }
}

/// A field of a message in memory.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    pub number: u32,
    pub wire_type: WireType,
    varint: u64,
    bytes: &'a [u8],
}

impl<'a> Field<'a> {
    /// # Errors
    /// `invalid_model` if the field has another wire type.
    pub fn varint(&self) -> Result<u64> {
        match self.wire_type {
            WireType::Varint => Ok(self.varint),
            _ => Err(self.wrong_type()),
        }
    }

    /// # Errors
    /// `invalid_model` if the field has another wire type.
    pub fn bytes(&self) -> Result<&'a [u8]> {
        match self.wire_type {
            WireType::Bytes => Ok(self.bytes),
            _ => Err(self.wrong_type()),
        }
    }

    /// Returns the bits of a field of 4 bytes.
    ///
    /// # Errors
    /// `invalid_model` if the field has another wire type.
    pub fn fixed32(&self) -> Result<u32> {
        match self.wire_type {
            WireType::Fixed32 => {
                self.bytes.first_chunk().map(|&bits| u32::from_le_bytes(bits)).ok_or_else(|| self.wrong_type())
            }
            _ => Err(self.wrong_type()),
        }
    }

    /// # Errors
    /// `invalid_model` if the field has another wire type or is not UTF-8.
    pub fn text(&self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| invalid(format!("field {} is not UTF-8", self.number)))
    }

    /// Returns the values of a repeated integer field: any number if packed, otherwise one.
    ///
    /// # Errors
    /// `invalid_model` if the field has another wire type; the same for each value that is no varint.
    pub fn varints(&self) -> Result<Varints<'a>> {
        match self.wire_type {
            WireType::Varint => Ok(Varints { single: Some(self.varint), packed: &[] }),
            WireType::Bytes => Ok(Varints { single: None, packed: self.bytes }),
            _ => Err(self.wrong_type()),
        }
    }

    /// Counts the values of `size` bytes, 4 or 8, in a repeated field of fixed size.
    ///
    /// # Errors
    /// `invalid_model` if the field has another wire type or ends inside a value.
    pub fn count_fixed(&self, size: usize) -> Result<usize> {
        match (self.wire_type, size) {
            (WireType::Fixed32, 4) | (WireType::Fixed64, 8) => Ok(1),
            (WireType::Bytes, _) if self.bytes.len().is_multiple_of(size) => Ok(self.bytes.len() / size),
            (WireType::Bytes, _) => Err(invalid(format!("field {} ends inside a value", self.number))),
            _ => Err(self.wrong_type()),
        }
    }

    /// Returns the values of `SIZE` bytes, 4 or 8, in a repeated field of fixed size.
    ///
    /// # Errors
    /// As [`count_fixed`](Self::count_fixed).
    pub fn fixed<const SIZE: usize>(&self) -> Result<&'a [[u8; SIZE]]> {
        self.count_fixed(SIZE)?;
        Ok(self.bytes.as_chunks().0)
    }

    fn wrong_type(&self) -> crate::error::Error {
        invalid(format!("field {} has the wrong wire type {:?}", self.number, self.wire_type))
    }
}

/// The values of one occurrence of a repeated integer field.
#[derive(Debug)]
pub struct Varints<'a> {
    single: Option<u64>,
    packed: &'a [u8],
}

impl Iterator for Varints<'_> {
    type Item = Result<u64>;

    fn next(&mut self) -> Option<Result<u64>> {
        if let Some(value) = self.single.take() {
            return Some(Ok(value));
        }
        if self.packed.is_empty() {
            return None;
        }
        match read_varint(self.packed) {
            Ok(Some((value, length))) => {
                self.packed = &self.packed[length..];
                Some(Ok(value))
            }
            incomplete => {
                self.packed = &[];
                Some(incomplete.and(Err(invalid("a packed field ends inside a value".to_owned()))))
            }
        }
    }
}

/// The fields of a message in memory, in their order. The iterator ends after the first error.
#[derive(Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn read(&mut self) -> Result<Field<'a>> {
        let header = Header::read(self.rest)?.ok_or_else(|| invalid("a message ends inside a field".to_owned()))?;
        let rest = &self.rest[header.length..];
        let (bytes, rest) = usize::try_from(header.follows)
            .ok()
            .and_then(|follows| rest.split_at_checked(follows))
            .ok_or_else(|| beyond_the_message(&header))?;
        self.rest = rest;
        Ok(Field { number: header.number, wire_type: header.wire_type, varint: header.varint, bytes })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>>;

    fn next(&mut self) -> Option<Result<Field<'a>>> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Returns the error for a field that is longer than the message around it.
pub fn beyond_the_message(header: &Header) -> crate::error::Error {
    let Header { number, follows, .. } = header;
    invalid(format!("field {number} claims {follows} bytes, more than the message around it holds"))
}

/// Returns the last text in field `number`, for error messages. The message may be damaged further on.
pub fn label(message: &[u8], number: u32) -> &str {
    Fields::new(message)
        .map_while(Result::ok)
        .filter(|field| field.number == number)
        .filter_map(|field| field.text().ok())
        .last()
        .unwrap_or_default()
}

/// Returns the value and its length in bytes, or `None` if `bytes` end inside it.
fn read_varint(bytes: &[u8]) -> Result<Option<(u64, usize)>> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(MAX_VARINT_BYTES).enumerate() {
        let bits = u64::from(byte & 0x7f);
        if index == MAX_VARINT_BYTES - 1 && byte > 1 {
            return Err(invalid("a number has more than 64 bits".to_owned()));
        }
        value |= bits << (7 * index);
        if byte < 0x80 {
            return Ok(Some((value, index + 1)));
        }
    }
    Ok(None)
}

pub fn write_varint(output: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        output.push(value as u8 | 0x80);
        value >>= 7;
    }
    output.push(value as u8);
}

pub fn write_varint_field(output: &mut Vec<u8>, number: u32, value: u64) {
    write_varint(output, u64::from(number) << 3);
    write_varint(output, value);
}

/// Writes key and length of a field of wire type [`Bytes`](WireType::Bytes).
pub fn write_bytes_header(output: &mut Vec<u8>, number: u32, length: usize) {
    write_varint(output, u64::from(number) << 3 | 2);
    write_varint(output, length as u64);
}

pub fn write_bytes_field(output: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    write_bytes_header(output, number, bytes.len());
    output.extend_from_slice(bytes);
}

/// Returns a message of such fields, each with its number and bytes.
#[cfg(test)]
pub fn message_of(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    fields.iter().for_each(|(number, bytes)| write_bytes_field(&mut message, *number, bytes));
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_and_are_incomplete_at_every_cut() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), 1 << 62, u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            assert_eq!(read_varint(&bytes).unwrap(), Some((value, bytes.len())));
            for cut in 0..bytes.len() {
                assert_eq!(read_varint(&bytes[..cut]).unwrap(), None);
            }
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        assert!(read_varint(&[0xff; 10]).is_err());
        assert!(read_varint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]).is_err());
    }

    #[test]
    fn a_header_of_the_greatest_length_is_complete() {
        let mut bytes = vec![0x8a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
        bytes.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
        assert_eq!(bytes.len(), MAX_HEADER_BYTES);
        assert_eq!(Header::read(&bytes[..19]).unwrap(), None);
        let header = Header::read(&bytes).unwrap().unwrap();
        assert_eq!((header.number, header.length, header.follows), (1, 20, 1 << 63));
    }

    #[test]
    fn groups_and_impossible_fields_are_refused() {
        for bytes in [&[0x0b][..], &[0x0c], &[0x0e], &[0x0f], &[0x00, 0x00], &[0x80, 0x80, 0x80, 0x80, 0x10, 0x00]] {
            assert_eq!(Header::read(bytes).unwrap_err().code(), "invalid_model", "{bytes:?}");
        }
    }

    #[test]
    fn a_message_ends_where_its_fields_end() {
        let fields = |bytes: &[u8]| Fields::new(bytes).map(|field| field.map(|field| field.number)).collect::<Vec<_>>();
        assert!(fields(&[0x0a, 0x02, 1]).pop().unwrap().is_err());
        assert!(fields(&[0x08]).pop().unwrap().is_err());
        let sound: Result<Vec<u32>> = fields(&[0x0a, 0x01, 1, 0x10, 0x05]).into_iter().collect();
        assert_eq!(sound.unwrap(), [1, 2]);
    }
}
