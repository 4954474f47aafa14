//! An initializer with its data in a file beside the graph (`external_data` of a TensorProto).

use super::refusal::{invalid, unsupported, within};
use super::schema::Tensor;
use super::schema::numbers::{entry, tensor};
use super::schema::tensor::place;
use super::wire::{Fields, Header, label};
use crate::error::{Error, Result};

/// The initializer without its data, and the place of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalTensor {
    pub name: String,
    /// Its TensorProto without the place of the data.
    pub fields: Vec<u8>,
    /// Name of the file, which lies beside the graph.
    pub file: String,
    pub offset: u64,
    pub length: u64,
}

impl ExternalTensor {
    /// Reads a TensorProto; `None` if its data is in this file.
    ///
    /// # Errors
    /// `invalid_model` for a damaged tensor or a place that is no part of a file. `unsupported_model` for a file
    /// outside the graph's folder. Both name the tensor.
    pub fn read(message: &[u8]) -> Result<Option<Self>> {
        Self::read_fields(message).map_err(|error| within(place(label(message, tensor::NAME)), error))
    }

    fn read_fields(message: &[u8]) -> Result<Option<Self>> {
        let mut is_external = false;
        let (mut file, mut offset, mut length) = ("", 0, None);
        for field in Fields::new(message) {
            let field = field?;
            match field.number {
                tensor::DATA_LOCATION => is_external = field.varint()? as i32 == tensor::EXTERNAL,
                tensor::EXTERNAL_DATA => match key_and_value(field.bytes()?)? {
                    ("location", value) => file = value,
                    ("offset", value) => offset = number("offset", value)?,
                    ("length", value) => length = Some(number("length", value)?),
                    _ => {}
                },
                _ => {}
            }
        }
        if !is_external {
            return Ok(None);
        }
        check_file(file)?;
        let fields = without_place(message)?;
        let tensor = Tensor::read(&fields)?;
        if tensor.has_typed_data() || !tensor.raw_data.is_empty() {
            return Err(invalid(format!("its data is here and in the file {file:?}; it must be in one place")));
        }
        let expected = tensor.raw_bytes()? as u64;
        match length {
            Some(length) if length != expected => Err(invalid(format!(
                "its shape {:?} and data type {} require {expected} bytes; it has {length} in the file {file:?}",
                tensor.dims, tensor.data_type
            ))),
            _ if offset.checked_add(expected).is_none() => {
                Err(invalid(format!("the offset {offset} of its data in the file {file:?} is beyond any file")))
            }
            _ => {
                Ok(Some(Self { name: tensor.name.to_owned(), file: file.to_owned(), offset, length: expected, fields }))
            }
        }
    }

    /// Returns the place behind its last byte.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }

    /// The failure if the file ends before it. `size` is the file's size in bytes.
    pub fn beyond(&self, size: u64) -> Error {
        let Self { file, offset, length, .. } = self;
        within(
            place(&self.name),
            invalid(format!("its data is {length} bytes from byte {offset} on of {file:?}; the file has {size} bytes")),
        )
    }
}

/// Reads a StringStringEntryProto.
fn key_and_value(message: &[u8]) -> Result<(&str, &str)> {
    let (mut key, mut value) = ("", "");
    for field in Fields::new(message) {
        let field = field?;
        match field.number {
            entry::KEY => key = field.text()?,
            entry::VALUE => value = field.text()?,
            _ => {}
        }
    }
    Ok((key, value))
}

fn number(key: &str, value: &str) -> Result<u64> {
    value
        .parse()
        .map_err(|_| invalid(format!("the {key} of its data in another file is {value:?}, which is no number")))
}

/// Refuses everything but the name of a file beside the graph.
fn check_file(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(invalid("its data is in another file, which it does not name".to_owned()));
    }
    let leaves = name == "." || name == ".." || name.contains(['/', '\\', ':']) || name.chars().any(char::is_control);
    if leaves {
        return Err(unsupported(format!(
            "its data is in the file {name:?}; the engine reads only files beside the graph, named without a folder"
        )));
    }
    Ok(())
}

/// Copies the fields of a TensorProto, except those that say where its data is.
fn without_place(message: &[u8]) -> Result<Vec<u8>> {
    let mut fields = Vec::new();
    let mut rest = message;
    while let Some(header) = Header::read(rest)?.filter(|_| !rest.is_empty()) {
        // The caller has read every field, so each is whole.
        let (field, next) = rest.split_at(header.length + header.follows as usize);
        if ![tensor::EXTERNAL_DATA, tensor::DATA_LOCATION].contains(&header.number) {
            fields.extend_from_slice(field);
        }
        rest = next;
    }
    Ok(fields)
}
